package catalog

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
)

// Hash returns 16 hexadecimal digits that change when, and only when, what the
// rules match changes: ids, contexts, matchers and combinations. Sentences,
// confidences, examples and the order of rules and of names do not count.
func (c *Catalog) Hash() string {
	type matching struct {
		ID           string
		Contexts     []string
		Match        Match
		Combinations []Combination
	}
	rules := make([]matching, 0, len(c.Rules))
	for i := range c.Rules {
		r := &c.Rules[i]
		m := matching{ID: r.ID, Contexts: sorted(r.Contexts), Match: r.Match.sorted()}
		for _, co := range r.Combinations {
			m.Combinations = append(m.Combinations, Combination{
				Scope: co.Scope, All: sortedSets(co.All), Any: sortedSets(co.Any), Unless: sortedSets(co.Unless),
			})
		}
		rules = append(rules, m)
	}
	slices.SortFunc(rules, func(a, b matching) int { return strings.Compare(a.ID, b.ID) })
	h := sha256.New()
	// Encoding plain structs of strings and booleans to a hash cannot fail.
	_ = json.NewEncoder(h).Encode(rules)
	return hex.EncodeToString(h.Sum(nil)[:8])
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
