package query

import (
	"context"
	"slices"
	"time"

	"prevalence/internal/store"
	"prevalence/schemas/message"
)

// Return says what is different about a project whose name was gone from the
// index and came back: whoever has the name now need not be who had it before.
// What was never looked into is the zero value, and differs in nothing.
type Return struct {
	Gone time.Time `json:"gone"` // the sweep that missed the name
	Back time.Time `json:"back"` // the sweep that saw it again

	Before string `json:"before"` // the release that was looked into last
	After  string `json:"after"`  // the first one that was since
	// First upload of the project as its page told it, before and after; zero
	// where the index does not say.
	FirstBefore time.Time `json:"first_before,omitzero"`
	FirstAfter  time.Time `json:"first_after,omitzero"`

	Domains   Difference `json:"domains"` // of authors; rare ones read "other"
	Behaviors Difference `json:"behaviors"`
}

// Difference is what one of two sets has and the other has not, each sorted.
type Difference struct {
	New  []string `json:"new"`
	Gone []string `json:"gone"`
}

func difference(before, after []string) Difference {
	minus := func(a, b []string) []string {
		left := slices.DeleteFunc(slices.Clone(a), func(x string) bool { return slices.Contains(b, x) })
		slices.Sort(left)
		return append([]string{}, left...)
	}
	return Difference{New: minus(after, before), Gone: minus(before, after)}
}

// addReturn adds the last return of the project, if it ever came back.
func (r *Reader) addReturn(ctx context.Context, p *projectRow, rep *Report) error {
	ret := lastReturn(rep.History)
	if ret == nil {
		return nil
	}
	type row struct {
		Back      bool      `ch:"back"`
		Version   string    `ch:"version"`
		First     time.Time `ch:"first"`
		Behaviors []string  `ch:"behaviors"`
		Domains   []string  `ch:"domains"`
	}
	rows, err := store.Select[row](ctx, r.db, returnedSQL, store.Params{
		"project_id": p.ID, "catalogue": rep.Snapshot.Catalogue, "gone": ret.Gone, "back": ret.Back})
	if err != nil {
		return err
	}
	var before, after row
	for _, x := range rows {
		if x.First = x.First.UTC(); x.First.Unix() == 0 {
			x.First = time.Time{}
		}
		if x.Back {
			after = x
		} else {
			before = x
		}
	}
	ret.Before, ret.After, ret.FirstBefore, ret.FirstAfter = before.Version, after.Version, before.First, after.First
	if len(rows) < 2 {
		before, after = row{}, row{}
	}
	ret.Domains, ret.Behaviors = difference(before.Domains, after.Domains), difference(before.Behaviors, after.Behaviors)
	rep.Return = ret
	return nil
}

// lastReturn finds the last time that a name came back.
func lastReturn(history []Change) *Return {
	for i := len(history) - 1; i > 0; i-- {
		if history[i].State == string(message.StateResurrected) && history[i-1].State == string(message.StateRemoved) {
			return &Return{Gone: history[i-1].At, Back: history[i].At}
		}
	}
	return nil
}
