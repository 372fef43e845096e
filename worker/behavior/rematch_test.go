package behavior

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"prevalence/schemas/catalog"
	"prevalence/schemas/message"
)

func defaultCatalog(t *testing.T) *catalog.Catalog {
	t.Helper()
	c, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Nine rules in ten can be matched from what a scan keeps.
func TestMostRulesAreStored(t *testing.T) {
	c := defaultCatalog(t)
	stored := 0
	for i := range c.Rules {
		if why := Unstored(&c.Rules[i], nil); why == "" {
			stored++
		} else {
			t.Logf("%s: %s", c.Rules[i].ID, why)
		}
	}
	t.Logf("%d of %d rules", stored, len(c.Rules))
	if 10*stored < 9*len(c.Rules) {
		t.Errorf("only %d of %d rules can be matched from stored facts", stored, len(c.Rules))
	}
}

// count is an observation without its evidence, which a rematch has of the
// first hits alone.
type count struct {
	Behavior  string
	Context   message.Context
	Certainty message.Certainty
	Hits      int
}

func counts(obs []message.Observation, keep func(id string) bool) []count {
	var out []count
	for _, o := range obs {
		if keep(o.Behavior) {
			out = append(out, count{o.Behavior, o.Context, o.Certainty, o.Hits})
		}
	}
	return out
}

// Whatever rules changed: a rematch of the old scan equals a scan with the new
// rules, for every rule that it decides, over the positive examples of all rules. The
// old catalogue has every rule, so that its literals were looked for, but with
// another choice of contexts.
func TestRematchEqualsScan(t *testing.T) {
	rules := defaultCatalog(t)
	old := &catalog.Catalog{Rules: slices.Clone(rules.Rules)}
	for i := range old.Rules {
		if i%3 > 0 {
			old.Rules[i].Contexts = []string{"startup"}
			if rules.Rules[i].Contexts != nil {
				old.Rules[i].Contexts = nil
			}
		}
	}
	r, err := NewRematch(old, rules)
	if err != nil {
		t.Fatal(err)
	}
	before, err := Compile(old)
	if err != nil {
		t.Fatal(err)
	}
	after, err := Compile(rules)
	if err != nil {
		t.Fatal(err)
	}
	wants := wanted(r.Wants())
	compared := map[string]bool{}
	for i := range rules.Rules {
		rule := &rules.Rules[i]
		for _, e := range rule.Positive {
			s := &message.Scan{Outcome: message.OutcomeOK, Catalogue: old.Hash()}
			s.Observations, s.Symbols, s.Indicators = before.example(e).Result()
			s.Symbols = slices.DeleteFunc(s.Symbols, func(x message.Symbol) bool { return !wants(x.Name) })
			got, undecided := r.Scan(s)
			decided := func(id string) bool { return !slices.Contains(undecided, id) }
			scanned, _, _ := after.example(e).Result()
			want := counts(scanned, decided)
			if diff := cmp.Diff(want, counts(got, decided)); diff != "" {
				t.Errorf("%s:%d %s (-scan +rematch):\n%s", rule.File, e.Line, rule.ID, diff)
			}
			for _, o := range want {
				compared[o.Behavior] = true
			}
			if !slices.Equal(undecided, slices.Sorted(maps.Keys(r.Rescan()))) {
				t.Errorf("%s:%d: undecided %v", rule.File, e.Line, undecided)
			}
		}
	}
	if len(compared) < len(rules.Rules)*9/10 {
		t.Errorf("only %d of %d rules were seen in a rematch", len(compared), len(rules.Rules))
	}
}

// wanted reports whether a symbol is among what Wants lists.
func wanted(names []string) func(string) bool {
	return func(name string) bool {
		return slices.ContainsFunc(names, func(w string) bool {
			prefix, wild := w, false
			if len(w) > 0 && w[len(w)-1] == '*' {
				prefix, wild = w[:len(w)-1], true
			}
			return name == w || wild && len(name) >= len(prefix) && name[:len(prefix)] == prefix
		})
	}
}

// What a scan does not tell stays undecided, and is never taken for "no".
func TestRematchUndecided(t *testing.T) {
	rule := func(id string, m catalog.Match) catalog.Rule { return catalog.Rule{ID: id, Match: m} }
	old := &catalog.Catalog{Rules: []catalog.Rule{rule("a/kept", catalog.Match{Literals: []catalog.LiteralMatch{{Text: "old"}}})}}
	rules := &catalog.Catalog{Rules: []catalog.Rule{
		rule("a/kept", catalog.Match{Literals: []catalog.LiteralMatch{{Text: "old"}}}),
		rule("a/literal", catalog.Match{Literals: []catalog.LiteralMatch{{Text: "new"}}}),
		rule("a/same-literal", catalog.Match{Literals: []catalog.LiteralMatch{{Text: "old"}}}),
		rule("a/other-module", catalog.Match{Calls: []string{"other.call"}}),
		rule("a/text", catalog.Match{Text: []catalog.TextMatch{{Kinds: []string{"shell"}, Regex: "x", Literals: []string{"x"}}}}),
	}}
	r, err := NewRematch(old, rules)
	if err != nil {
		t.Fatal(err)
	}
	all := func(string) bool { return true }
	scan := func() *message.Scan {
		return &message.Scan{Outcome: message.OutcomeOK,
			Observations: []message.Observation{{Behavior: "a/kept", Context: message.ContextCall, Certainty: message.Resolved, Hits: 2}},
			Symbols: []message.Symbol{
				{Name: "literal:old", Kind: message.SymbolString, Context: message.ContextCall, Certainty: message.Resolved, Hits: 2},
				{Name: "other.call", Kind: message.SymbolCall, Context: message.ContextImport, Certainty: message.Resolved, Hits: 3},
			}}
	}
	both := []count{{"a/kept", "call", "resolved", 2}, {"a/other-module", "import", "resolved", 3}, {"a/same-literal", "call", "resolved", 2}}
	tests := []struct {
		name      string
		change    func(s *message.Scan)
		want      []count
		undecided []string
	}{
		{"plain", func(*message.Scan) {}, both, []string{"a/literal", "a/text"}},
		{"its own module", func(s *message.Scan) { s.Metadata.Modules = []string{"other"} },
			[]count{both[0], both[2]}, []string{"a/literal", "a/other-module", "a/text"}},
		{"cut short", func(s *message.Scan) { s.Dropped = map[string]int{"symbols": 1} },
			both[:1], []string{"a/literal", "a/other-module", "a/same-literal", "a/text"}},
		{"not analysed", func(s *message.Scan) { s.Outcome = message.OutcomeUnanalysed; s.Observations, s.Symbols = nil, nil }, nil, nil},
	}
	for _, tt := range tests {
		s := scan()
		tt.change(s)
		obs, undecided := r.Scan(s)
		if diff := cmp.Diff(tt.want, counts(obs, all)); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
		if diff := cmp.Diff(tt.undecided, undecided); diff != "" {
			t.Errorf("%s: undecided %s", tt.name, diff)
		}
	}
	if _, err := NewRematch(nil, rules); err != nil {
		t.Errorf("of an unknown catalogue: %v", err)
	}
}
