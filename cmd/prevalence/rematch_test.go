package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"prevalence/aggregator"
	"prevalence/internal/engine"
	"prevalence/internal/engine/enginetest"
	"prevalence/internal/store"
	"prevalence/schemas/catalog"
	"prevalence/schemas/message"
	"prevalence/worker/behavior"
	"prevalence/worker/pysource"
)

// freshDataset is a fresh database that an aggregator with these rules writes.
func freshDataset(t *testing.T, rules *catalog.Catalog) (*store.DB, *aggregator.Aggregator) {
	t.Helper()
	return datasetIn(t, enginetest.ClickHouse(t), rules)
}

func datasetIn(t *testing.T, ch *engine.ClickHouse, rules *catalog.Catalog) (*store.DB, *aggregator.Aggregator) {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{Addr: ch.Addr(), Database: engine.Database, Views: engine.ViewsDatabase,
		User: ch.Owner().User, Password: ch.Owner().Password})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return db, count(t, db, rules)
}

func count(t *testing.T, db *store.DB, rules *catalog.Catalog) *aggregator.Aggregator {
	t.Helper()
	a, err := aggregator.New(t.Context(), db, aggregator.Options{Catalog: rules})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// scansOf are scans of one project an example of a rule, matched with rules.
func scansOf(t *testing.T, examples []catalog.Example, rules *catalog.Catalog) ([]aggregator.Scan, *message.Index) {
	t.Helper()
	m, err := behavior.Compile(rules)
	if err != nil {
		t.Fatal(err)
	}
	index := &message.Index{Complete: true, Sweep: time.Unix(1_790_000_000, 0), Projects: map[string]message.Serial{}}
	names := pysource.NewNames(m.Seeds()...)
	scanner := pysource.NewScanner(names)
	var scans []aggregator.Scan
	for i, e := range examples {
		release := m.Release()
		role := pysource.RoleModule
		if i%4 == 0 {
			role = pysource.RoleInstall
		}
		release.Source("pkg/m.py", names, scanner.Scan([]byte(e.Source), pysource.File{Module: "pkg.m", Role: role}))
		s := &message.Scan{Project: fmt.Sprintf("project-%d", i), Version: "1.0", PageLatest: true, Scanner: "2", Catalogue: m.Hash(),
			JobSeq: uint64(i + 1), At: index.Sweep, Outcome: message.OutcomeOK, State: message.StateActive, EmailClass: "none"}
		s.Observations, s.Symbols, s.Indicators = release.Result()
		names.Reset()
		scans = append(scans, aggregator.Scan{Seq: uint64(i + 1), Scan: s})
		index.Projects[s.Project] = "1"
	}
	return scans, index
}

// published reads the counts of behaviours of the newest snapshot.
func published(t *testing.T, db *store.DB, catalogue string) []string {
	t.Helper()
	type row struct {
		Line string `ch:"line"`
	}
	rows, err := store.Select[row](t.Context(), db,
		`SELECT concat(id, ' ', context, ' ', band, ' ', toString(count), ' ', toString(resolved), ' of ', toString(scanned), ' of ', toString(size), ' ', label) AS line
		 FROM prevalence FINAL WHERE kind = 'behavior' AND snapshot =
		 (SELECT snapshot FROM snapshots WHERE catalogue = {catalogue:String} ORDER BY taken DESC LIMIT 1) ORDER BY line`,
		store.Params{"catalogue": catalogue})
	if err != nil || len(rows) == 0 {
		t.Fatalf("%d numbers of catalogue %s, %v", len(rows), catalogue, err)
	}
	lines := make([]string, len(rows))
	for i, r := range rows {
		lines[i] = r.Line
	}
	return lines
}

// After a change of rules a rematch gives the numbers that a crawl with the new
// rules gives, for every rule whose facts are stored; the others have none.
func TestRematchEqualsCrawl(t *testing.T) {
	rules, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	// The old catalogue lacks a rule, and of every third the contexts differ.
	old := &catalog.Catalog{Rules: slices.Clone(rules.Rules), Issues: rules.Issues}
	for i := range old.Rules {
		if i%3 == 0 {
			old.Rules[i].Contexts = []string{"startup"}
		}
	}
	old.Rules = slices.DeleteFunc(old.Rules, func(r catalog.Rule) bool { return r.ID == "file/delete" })
	var examples []catalog.Example
	for i := range rules.Rules {
		for _, e := range rules.Rules[i].Positive {
			if strings.HasSuffix(e.Path, ".py") || e.Path == "" {
				examples = append(examples, e)
			}
		}
	}
	snapshot := func(a *aggregator.Aggregator, index *message.Index) {
		if err := a.UseIndex(t.Context(), index, 1); err != nil {
			t.Fatal(err)
		}
		if ok, err := a.Snapshot(t.Context()); err != nil || !ok {
			t.Fatalf("snapshot: %v, %v", ok, err)
		}
	}
	// As it was crawled with the old rules, and matched again.
	db, a := freshDataset(t, old)
	scans, index := scansOf(t, examples, old)
	if err := a.Add(t.Context(), scans); err != nil {
		t.Fatal(err)
	}
	snapshot(a, index)
	u, err := aggregator.NewUpkeep(t.Context(), db, aggregator.UpkeepOptions{Catalog: rules})
	if err != nil {
		t.Fatal(err)
	}
	report, err := u.Rematch(t.Context(), rematchPlan(rules))
	if err != nil {
		t.Fatal(err)
	}
	if report.Scans != len(scans) || !slices.Contains(report.Anew, "file/delete") || len(report.Rescan) == 0 || report.Rescan["file/delete"] != "" {
		t.Fatalf("report: %d of %d scans, anew %d, rescan %v", report.Scans, len(scans), len(report.Anew), report.Rescan)
	}
	again, err := u.Rematch(t.Context(), rematchPlan(rules))
	if err != nil || again.Scans != 0 {
		t.Errorf("a second rematch: %d scans, %v", again.Scans, err)
	}
	snapshot(count(t, db, rules), index)
	// As it would have been crawled with the new ones.
	fresh, b := freshDataset(t, rules)
	scans, index = scansOf(t, examples, rules)
	if err := b.Add(t.Context(), scans); err != nil {
		t.Fatal(err)
	}
	snapshot(b, index)
	want := slices.DeleteFunc(published(t, fresh, rules.Hash()), func(line string) bool {
		id, _, _ := strings.Cut(line, " ")
		return report.Rescan[id] != ""
	})
	if diff := cmp.Diff(want, published(t, db, rules.Hash())); diff != "" {
		t.Errorf("(-crawl +rematch):\n%s", diff)
	}
	before := published(t, db, old.Hash())
	if slices.ContainsFunc(before, func(line string) bool { return strings.HasPrefix(line, "file/delete ") }) {
		t.Error("the old snapshot has a number of the new rule")
	}
}
