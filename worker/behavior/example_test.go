package behavior

import (
	"slices"
	"strings"
	"testing"

	"prevalence/schemas/catalog"
	"prevalence/worker/pysource"
)

// TestExamples runs every example of every rule.
func TestExamples(t *testing.T) {
	c, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	m, err := Compile(c)
	if err != nil {
		t.Fatal(err)
	}
	for i := range c.Rules {
		for _, err := range m.Check(&c.Rules[i]) {
			t.Error(err)
		}
	}
}

// TestNamesAreCanonical refuses names that no fact can have: the scanner
// spells them otherwise.
func TestNamesAreCanonical(t *testing.T) {
	c, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	for i := range c.Rules {
		r := &c.Rules[i]
		sets := []catalog.Match{r.Match}
		for _, co := range r.Combinations {
			sets = slices.Concat(sets, co.All, co.Any, co.Unless)
		}
		for _, m := range sets {
			for _, name := range slices.Concat(m.Uses, m.Calls, m.Refs, m.Args) {
				callee, _, _ := strings.Cut(name, "#")
				callee = strings.TrimSuffix(callee, ".*")
				if want := pysource.Canonical(callee); want != callee {
					t.Errorf("%s:%d: rule %s names %s, which the scanner spells %s", r.File, r.Line, r.ID, callee, want)
				}
			}
		}
	}
}
