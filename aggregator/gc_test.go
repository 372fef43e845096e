package aggregator_test

import (
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"prevalence/internal/engine/enginetest"
)

// Collecting garbage deletes scans with all their facts, and changes no number:
// neither of what is published nor of a snapshot that is taken afterwards.
func TestGC(t *testing.T) {
	w := randomWorld(3, 400)
	db := connect(t, enginetest.ClickHouse(t))
	a, u := newAggregator(t, db), upkeep(t, db)
	if err := a.UseIndex(t.Context(), &w.index, 3); err != nil {
		t.Fatal(err)
	}
	if err := a.AddStates(t.Context(), w.states, w.states[len(w.states)-1].Seq); err != nil {
		t.Fatal(err)
	}
	if err := a.Add(t.Context(), w.scans); err != nil {
		t.Fatal(err)
	}
	if ok, err := a.Snapshot(t.Context()); err != nil || !ok {
		t.Fatal(ok, err)
	}
	before, symbols := published(t, db), publishedSymbols(t, db)
	done, err := u.GC(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if done.Scans == 0 || done.Facts["symbols"] == 0 || done.Scans > uint64(len(w.scans))/2 {
		t.Errorf("of %d scans: %+v", len(w.scans), done)
	}
	if again, err := u.GC(t.Context()); err != nil || again.Scans != 0 {
		t.Errorf("a second time: %+v, %v", again, err)
	}
	type row struct {
		N uint64 `ch:"n"`
	}
	for what, query := range map[string]string{
		"scans of members are gone":    "SELECT count() AS n FROM snapshot_projects WHERE (project_id, scan_seq) NOT IN (SELECT project_id, scan_seq FROM scans)",
		"symbols are without a scan":   "SELECT count() AS n FROM symbols WHERE (project_id, scan_seq) NOT IN (SELECT project_id, scan_seq FROM scans)",
		"projects have three releases": "SELECT count() AS n FROM (SELECT project_id FROM scans WHERE (project_id, scan_seq) NOT IN (SELECT project_id, scan_seq FROM snapshot_projects) GROUP BY project_id HAVING uniqExact(version) > 2)",
	} {
		if n := one[row](t, db, query).N; n != 0 {
			t.Errorf("%d %s", n, what)
		}
	}
	w.index.Serial += "1" // else an equal snapshot is not published
	if err := a.UseIndex(t.Context(), &w.index, 4); err != nil {
		t.Fatal(err)
	}
	if ok, err := a.Snapshot(t.Context()); err != nil || !ok {
		t.Fatal(ok, err)
	}
	if diff := gocmp.Diff(before, published(t, db)); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
	if diff := gocmp.Diff(symbols, publishedSymbols(t, db)); diff != "" {
		t.Errorf("symbols (-before +after):\n%s", diff)
	}
}
