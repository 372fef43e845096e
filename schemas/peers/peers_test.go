package peers_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"prevalence/schemas/catalog"
	"prevalence/schemas/peers"
)

// TestMapping: each rule that a tool has is listed, and none that it has not;
// each behaviour that is named is in the catalogue.
func TestMapping(t *testing.T) {
	rules, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	all, err := peers.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		lists, err := filepath.Glob(filepath.Join("testdata", p.Tool+"-*.txt"))
		if err != nil || len(lists) == 0 {
			t.Fatalf("no list of the rules of %s: %v", p.Tool, err)
		}
		var want, got []string
		for _, list := range lists {
			text, err := os.ReadFile(list)
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, strings.Fields(string(text))...)
		}
		for _, r := range p.Rules {
			got = append(got, r.ID)
			for _, id := range r.Behaviors {
				if rules.Rule(id) == nil {
					t.Errorf("%s %s: no behaviour %s in the catalogue", p.Tool, r.ID, id)
				}
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: rules of the tool (-) and of the mapping (+): %s", p.Tool, diff)
		}
	}
	if len(all) != 3 {
		t.Errorf("%d tools", len(all))
	}
}

// TestParseRefuses: each mistake is named in one line.
func TestParseRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                              "empty",
		"tool: Bandit\n":                "lower case",
		"tool: x\nrule: []\n":           "field rule not found",
		"tool: x\nrules: [{}]\n":        "no id",
		"tool: x\nrules: [{rule: a}]\n": "either behaviors or none",
		"tool: x\nrules: [{rule: a, none: no, behaviors: [b/c], fit: same}]\n":            "either behaviors or none",
		"tool: x\nrules: [{rule: a, behaviors: [b/c], fit: all}]\n":                       "must be one of",
		"tool: x\nrules: [{rule: a, none: no, fit: same}]\n":                              "without behaviors",
		"tool: x\nrules: [{rule: a, none: no}, {rule: a, behaviors: [b/c], fit: same}]\n": "stands twice",
	} {
		if _, err := peers.Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}
