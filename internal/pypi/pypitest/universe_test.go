package pypitest

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"prevalence/internal/pypi"
	"prevalence/schemas/message"
)

func universe(t *testing.T, c Config) *Universe {
	t.Helper()
	u, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestDeterministic(t *testing.T) {
	a, b := universe(t, Config{}), universe(t, Config{})
	if !reflect.DeepEqual(a, b) {
		t.Fatal("the same seed gives another universe")
	}
	if c := universe(t, Config{Seed: 2}); bytes.Equal(a.RankingJSON(), c.RankingJSON()) {
		t.Error("another seed gives the same names")
	}
}

// TestPlan checks that the default universe holds what it is made for.
func TestPlan(t *testing.T) {
	u := universe(t, Config{})
	truth := u.Truth()
	if len(u.Projects) != 300 || len(truth.Projects) != 300 || len(truth.Unlisted) != 4 || len(u.Ranked) != 254 {
		t.Fatalf("%d projects, %d truths, %d unlisted, %d ranked", len(u.Projects), len(truth.Projects), len(truth.Unlisted), len(u.Ranked))
	}
	if len(Behaviors()) < 25 {
		t.Errorf("only %d behaviours", len(Behaviors()))
	}
	endings := map[string]int{}
	for _, p := range u.Projects {
		seen := map[string]bool{}
		for _, f := range p.Files {
			if seen[f.Name] {
				t.Errorf("%s has %s twice", p.Name, f.Name)
			}
			seen[f.Name] = true
			if kind, version := pypi.ParseFileName(f.Name, p.Name); kind == pypi.KindOther || version != f.Version {
				t.Errorf("%s: %s is read as %q %q", p.Name, f.Name, kind, version)
			}
			for _, e := range []string{".tar.gz", ".tar.bz2", ".tar.xz", ".zip", ".whl", ".egg"} {
				if len(f.Name) > len(e) && f.Name[len(f.Name)-len(e):] == e {
					endings[e]++
				}
			}
		}
	}
	if len(endings) != 6 {
		t.Errorf("forms of files: %v", endings)
	}
	community := truth.Bands[3]
	for _, b := range Behaviors() {
		if community.Counts[b] == 0 {
			t.Errorf("no project shows %s", b)
		}
	}
	for i, b := range truth.Bands {
		if b.Size != b.Scanned+b.Unanalysed || i > 0 && b.Size < truth.Bands[i-1].Size {
			t.Errorf("band %s: %d of %d scanned, %d unanalysed", b.Band, b.Scanned, b.Size, b.Unanalysed)
		}
	}
	if community.Size+community.Empty != 300 || community.Empty != 6 || community.Unanalysed != 6 {
		t.Errorf("community %+v", community)
	}
	want := map[message.Outcome]int{message.OutcomeOK: 288, message.OutcomeEmpty: 6, message.OutcomeUnanalysed: 6}
	if diff := cmp.Diff(want, truth.Outcomes); diff != "" {
		t.Error(diff)
	}
	if got := u.TruthWithoutHashes().Outcomes[message.OutcomeUnanalysed]; got != 3 {
		t.Errorf("without hashes %d projects are unanalysed, want the 3 broken ones", got)
	}
}

// TestCounts counts one behaviour by hand, so that a mistake in the truth's
// own arithmetic shows.
func TestCounts(t *testing.T) {
	u := universe(t, Config{Projects: 250, Gap: 900})
	truth := u.Truth()
	in := func(name string, end int) bool {
		i := slices.Index(u.Ranked, name)
		return i >= 0 && i < end
	}
	for i, end := range []int{100, 1000, 10000, 1 << 30} {
		headline, support := 0, 0
		for _, p := range u.Projects {
			if !in(p.Name, end) && i < 3 || p.Truth.Outcome != message.OutcomeOK {
				continue
			}
			contexts := p.Truth.Behaviors["file/delete"]
			if slices.Contains(contexts, message.ContextSupport) {
				support++
			}
			if len(contexts) > 1 || len(contexts) == 1 && contexts[0] != message.ContextSupport {
				headline++
			}
		}
		if b := truth.Bands[i]; b.Counts["file/delete"] != headline || b.Support["file/delete"] != support || headline == 0 {
			t.Errorf("%s: %d and %d, want %d and %d", b.Band, b.Counts["file/delete"], b.Support["file/delete"], headline, support)
		}
	}
	if a, b := truth.Bands[1].Size, truth.Bands[2].Size; a >= b {
		t.Errorf("with a gap the Top 10k (%d) must be larger than the Top 1k (%d)", b, a)
	}
}

func TestRankingJSON(t *testing.T) {
	u := universe(t, Config{Projects: 40})
	var in struct {
		LastUpdate string `json:"last_update"`
		Rows       []struct {
			Count   int    `json:"download_count"`
			Project string `json:"project"`
		} `json:"rows"`
	}
	if err := json.Unmarshal(u.RankingJSON(), &in); err != nil || len(in.Rows) != len(u.Ranked) || in.LastUpdate == "" {
		t.Fatalf("%d rows of %d, %v", len(in.Rows), len(u.Ranked), err)
	}
	for i, r := range in.Rows {
		if r.Project != u.Ranked[i] || i > 0 && r.Count > in.Rows[i-1].Count {
			t.Errorf("row %d: %+v", i, r)
		}
	}
}
