package query_test

import (
	"math"
	"testing"

	"prevalence/query"
)

// checkBeside compares what stands beside a behaviour with each combination, and
// trends with what was published.
func checkBeside(t *testing.T, r *query.Reader, _ *crowd) {
	const id = "file/delete"
	got, err := r.Beside(t.Context(), id, everyone)
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string]query.Companion)
	for i, c := range got.Behaviors {
		found[c.Behavior] = c
		if i > 0 && *c.Lift > *got.Behaviors[i-1].Lift {
			t.Errorf("%s stands behind what has a smaller lift", c.Behavior)
		}
	}
	ids := []string{id}
	for _, rule := range words.Rules {
		if rule.ID == id {
			continue
		}
		ids = append(ids, rule.ID)
		both, err := r.Combo(t.Context(), []string{id, rule.ID}, 0)
		if err != nil {
			t.Fatal(err)
		}
		c, there := found[rule.ID]
		if there != (both.Community.Count >= 5) {
			t.Errorf("%s is told %v, and %d projects show both", rule.ID, there, both.Community.Count)
		}
		if !there {
			continue
		}
		same(t, id+" with "+rule.ID, both.Numbers, c.Together)
		same(t, rule.ID+" alone", both.Behaviors[1].Numbers, c.Numbers)
		if want := *both.Lift[3].Lift; math.Abs(*c.Lift-want) > 1e-9 || math.Abs(*c.Share - *both.Community.Share / *both.Behaviors[0].Community.Share) > 1e-9 {
			t.Errorf("%s: lift %v, share %v, want %v", rule.ID, *c.Lift, *c.Share, want)
		}
	}
	if len(found) == 0 {
		t.Error("nothing stands beside")
	}
	trends, err := r.Trends(t.Context(), append(ids, "file/absent"), 10)
	if err != nil || len(trends) != len(ids)+1 || len(trends[len(ids)].Points) != 0 {
		t.Fatalf("%d trends, %v", len(trends), err)
	}
	for i, id := range ids {
		b, err := r.Behavior(t.Context(), id, "", 0)
		if err != nil {
			t.Fatal(err)
		}
		if trends[i].Behavior != id || len(trends[i].Points) != 1 {
			t.Errorf("trend %+v", trends[i])
			continue
		}
		same(t, "trend of "+id, b.Numbers, trends[i].Points[0].Numbers)
	}
	if _, err := r.Beside(t.Context(), "file/absent", 1); err == nil {
		t.Error("an unknown behaviour was accepted")
	}
}
