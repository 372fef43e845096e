package catalog

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Hash returns 16 hexadecimal digits that change when, and only when, what the
// rules match changes: ids, contexts, matchers and combinations. Sentences,
// confidences, examples and the order of rules and of names do not count.
func (c *Catalog) Hash() string {
	h := sha256.New()
	// Encoding plain structs of strings and booleans to a hash cannot fail.
	_ = json.NewEncoder(h).Encode(c.matching())
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// matching is what Hash sees of a rule.
type matching struct {
	ID           string
	Contexts     []string
	Match        Match
	Combinations []Combination
}

func (r *Rule) matching() matching {
	m := matching{ID: r.ID, Contexts: sorted(r.Contexts), Match: r.Match.sorted()}
	for _, co := range r.Combinations {
		m.Combinations = append(m.Combinations, Combination{
			Scope: co.Scope, All: sortedSets(co.All), Any: sortedSets(co.Any), Unless: sortedSets(co.Unless),
		})
	}
	return m
}

func (c *Catalog) matching() []matching {
	rules := make([]matching, 0, len(c.Rules))
	for i := range c.Rules {
		rules = append(rules, c.Rules[i].matching())
	}
	slices.SortFunc(rules, func(a, b matching) int { return strings.Compare(a.ID, b.ID) })
	return rules
}

// Matchers encodes what the rules match, and nothing else of them, so that a
// dataset can keep it beside the Hash. ParseMatchers is the inverse.
func (c *Catalog) Matchers() ([]byte, error) {
	b, err := json.Marshal(c.matching())
	if err != nil {
		return nil, fmt.Errorf("catalog: encode matchers: %w", err)
	}
	return b, nil
}

// ParseMatchers decodes what Matchers wrote: a catalogue with the same Hash,
// whose rules have no sentences and no examples, and that has no issues.
func ParseMatchers(b []byte) (*Catalog, error) {
	var rules []matching
	if err := json.Unmarshal(b, &rules); err != nil {
		return nil, fmt.Errorf("catalog: decode matchers: %w", err)
	}
	c := new(Catalog)
	for _, m := range rules {
		c.Rules = append(c.Rules, Rule{ID: m.ID, Contexts: m.Contexts, Match: m.Match, Combinations: m.Combinations})
	}
	return c, nil
}

// SameMatchers reports whether two rules match the same facts in the same contexts.
func (r *Rule) SameMatchers(other *Rule) bool {
	a, errA := json.Marshal(r.matching())
	b, errB := json.Marshal(other.matching())
	return errA == nil && errB == nil && bytes.Equal(a, b)
}

func sortedSets(sets []Match) []Match {
	out := make([]Match, len(sets))
	for i := range sets {
		out[i] = sets[i].sorted()
	}
	return out
}

func (m *Match) sorted() Match {
	s := *m
	for _, list := range []*[]string{&s.Uses, &s.Calls, &s.Refs, &s.Imports, &s.Args, &s.Flows, &s.Methods, &s.Traits, &s.Native, &s.Package} {
		*list = sorted(*list)
	}
	return s
}

func sorted(list []string) []string { return slices.Sorted(slices.Values(list)) }
