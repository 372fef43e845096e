package query_test

import (
	"fmt"
	"testing"

	"prevalence/aggregator"
	"prevalence/schemas/message"
)

// TestProjectsOfEverySnapshot shows that a snapshot's list of projects stays
// whole when a later snapshot lists the same projects.
func TestProjectsOfEverySnapshot(t *testing.T) {
	owner, reader := open(t)
	a, err := aggregator.New(t.Context(), owner, aggregator.Options{Catalog: words})
	if err != nil {
		t.Fatal(err)
	}
	const projects = 40
	index := &message.Index{URL: "https://index.example.org/simple/", Sweep: at, Complete: true, Projects: map[string]message.Serial{}}
	for i := range projects {
		index.Projects[fmt.Sprintf("project-%02d", i)] = "1"
	}
	if err := a.UseIndex(t.Context(), index, 1); err != nil {
		t.Fatal(err)
	}
	want := map[string]int{} // snapshot → projects
	for through := 10; through <= projects; through += 10 {
		var scans []aggregator.Scan
		for i := through - 10; i < through; i++ {
			seq := uint64(i + 1)
			scans = append(scans, aggregator.Scan{Seq: seq, Scan: &message.Scan{
				Project: fmt.Sprintf("project-%02d", i), Version: "1.0", PageLatest: true, Scanner: "1",
				Catalogue: words.Hash(), JobSeq: seq, At: at, Outcome: message.OutcomeOK, State: message.StateActive,
			}})
		}
		if err := a.Add(t.Context(), scans); err != nil {
			t.Fatal(err)
		}
		if published, err := a.Snapshot(t.Context()); err != nil || !published {
			t.Fatalf("snapshot through %d: published %v, %v", through, published, err)
		}
		want[a.Coverage().Snapshot] = through
	}
	for snapshot, n := range want {
		list, err := reader.Projects(t.Context(), snapshot)
		if err != nil {
			t.Fatal(err)
		}
		if len(list) != n {
			t.Errorf("%s lists %d projects, want %d", snapshot, len(list), n)
		}
	}
	if len(want) != projects/10 {
		t.Errorf("%d snapshots have different names, want %d", len(want), projects/10)
	}
}
