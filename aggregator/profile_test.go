package aggregator_test

import (
	"fmt"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"prevalence/aggregator"
	"prevalence/internal/engine/enginetest"
	"prevalence/internal/store"
	"prevalence/schemas/message"
)

// sample is a scan that shows one behaviour and calls one function.
func sample(project, behavior, symbol string) *message.Scan {
	s := &message.Scan{Project: project, Version: "1.0", PageLatest: true, Scanner: "1", Catalogue: rules().Hash(),
		At: time.Unix(1_790_000_000, 0), Outcome: message.OutcomeOK, State: message.StateActive, EmailClass: "none",
		Symbols: []message.Symbol{{Name: symbol, Kind: message.SymbolCall, Context: message.ContextCall, Certainty: message.Resolved, Hits: 1}}}
	if behavior != "" {
		s.Observations = []message.Observation{{Behavior: behavior, Context: message.ContextCall, Certainty: message.Resolved, Hits: 1}}
	}
	return s
}

// A profile of nine samples, of which three are the same code and one could not
// be read, makes a behaviour Important without any label, is left out as a
// source, and is replaced by a profile that shows something else.
func TestProfile(t *testing.T) {
	db := connect(t, enginetest.ClickHouse(t))
	a, u := newAggregator(t, db), upkeep(t, db)
	index := &message.Index{Complete: true, Sweep: time.Unix(1_790_000_000, 0), Projects: map[string]message.Serial{}}
	var scans []aggregator.Scan
	for i := range 300 {
		behavior := ""
		if i == 200 {
			behavior = "memory/raw-memory"
		}
		s := sample(fmt.Sprintf("project-%d", i), behavior, fmt.Sprintf("os.f%d", i))
		s.JobSeq = uint64(i + 1)
		index.Projects[s.Project] = "1"
		scans = append(scans, aggregator.Scan{Seq: uint64(i + 1), Scan: s})
	}
	if err := a.Add(t.Context(), scans); err != nil {
		t.Fatal(err)
	}
	if err := a.UseIndex(t.Context(), index, 1); err != nil {
		t.Fatal(err)
	}
	profile := func(behavior string) {
		t.Helper()
		p := aggregator.Profile{Source: "lab"}
		for i := range 9 {
			s := sample("x", behavior, fmt.Sprintf("os.g%d", max(i, 2)))
			if i == 8 {
				s.Outcome = message.OutcomeUnanalysed
			}
			if err := p.Add(s); err != nil {
				t.Fatal(err)
			}
		}
		if p.Clusters() != 6 || p.Skipped != 1 {
			t.Errorf("%d clusters, %d skipped", p.Clusters(), p.Skipped)
		}
		if err := u.ImportProfile(t.Context(), &p, rules()); err != nil {
			t.Fatal(err)
		}
		if ok, err := a.Snapshot(t.Context()); err != nil || !ok {
			t.Fatal(ok, err)
		}
	}
	type importance struct {
		LeftOut   string `ch:"left_out"`
		Clusters  uint32 `ch:"clusters"`
		Shown     uint32 `ch:"shown"`
		Important *bool  `ch:"important"`
	}
	check := func(want ...importance) {
		t.Helper()
		got, err := store.Select[importance](t.Context(), db, `SELECT left_out, clusters, shown, important FROM `+db.Views()+`.importance
			WHERE snapshot = (SELECT max(snapshot) FROM snapshots) AND behavior = 'memory/raw-memory' ORDER BY left_out`, nil)
		if err != nil {
			t.Fatal(err)
		}
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	yes := true
	profile("memory/raw-memory")
	check(importance{"", 6, 6, &yes}, importance{"lab", 0, 0, nil})
	profile("file/delete")
	check(importance{"", 6, 0, nil}, importance{"lab", 0, 0, nil})

	var p aggregator.Profile
	other := sample("y", "", "os.h")
	other.Catalogue = "another"
	if err := p.Add(sample("x", "", "os.h")); err != nil {
		t.Fatal(err)
	}
	if err := p.Add(other); err == nil {
		t.Error("samples of two catalogues were taken together")
	}
}
