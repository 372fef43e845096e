package query_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"prevalence/aggregator"
	"prevalence/query"
	"prevalence/schemas/message"
)

// TestReturn looks at a project whose name was gone and came back with another
// owner, twice: first when only the time since is known, then with a scan from
// before.
func TestReturn(t *testing.T) {
	db, r := open(t)
	fill(t, db)
	ctx := deadline(t)
	report := func() *query.Return {
		t.Helper()
		rep, err := r.Project(ctx, "alpha")
		if err != nil {
			t.Fatal(err)
		}
		return rep.Return
	}
	none := query.Difference{New: []string{}, Gone: []string{}}
	want := &query.Return{Gone: at.Add(-time.Hour), Back: at, After: "1.0", Domains: none, Behaviors: none}
	if diff := cmp.Diff(want, report()); diff != "" {
		t.Error(diff)
	}

	a, err := aggregator.New(ctx, db, aggregator.Options{Catalog: words})
	if err != nil {
		t.Fatal(err)
	}
	first := at.Add(-9000 * time.Hour).Truncate(time.Second)
	before := &message.Scan{Project: "alpha", Version: "0.9", PageLatest: true, Scanner: "1", Catalogue: words.Hash(), At: at.Add(-2 * time.Hour), First: first,
		Outcome: message.OutcomeOK, State: message.StateActive, EmailClass: "free",
		Emails:       []message.Email{{Domain: "gmail.com", Class: "free", Key: "secret", KeyID: "k"}},
		Observations: []message.Observation{observation("file/delete", message.ContextCall, message.Resolved, "alpha/x.py", 1), observation("network/socket", message.ContextCall, message.Resolved, "alpha/x.py", 2)}}
	if err := a.Add(ctx, []aggregator.Scan{{Seq: 20, Scan: before}}); err != nil {
		t.Fatal(err)
	}
	want.Before, want.FirstBefore = "0.9", first
	want.Domains = query.Difference{New: []string{"other", "proton.me"}, Gone: []string{"gmail.com"}}
	want.Behaviors = query.Difference{New: []string{"file/rename"}, Gone: []string{"network/socket"}}
	if diff := cmp.Diff(want, report()); diff != "" {
		t.Error(diff)
	}
	rep, err := r.Project(ctx, "beta")
	if err != nil || rep.Return != nil {
		t.Errorf("a project that never left: %+v, %v", rep.Return, err)
	}
}
