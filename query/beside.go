package query

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"prevalence/internal/prevalence"
	"prevalence/internal/store"
)

// Beside says which behaviours stand beside one in the same release.
type Beside struct {
	Snapshot  *Snapshot   `json:"snapshot"`
	Behavior  string      `json:"behavior"`
	Behaviors []Companion `json:"behaviors"` // the highest lift first
}

// Companion is a behaviour that projects show beside another one.
type Companion struct {
	TopRow            // the behaviour by itself
	Together Numbers  `json:"together"` // projects that show both, outside support
	Lift     *float64 `json:"lift"`     // in the community; nil while there is not enough data
	Share    *float64 `json:"share"`    // of the projects that show the one, in the community; likewise
}

// leastTogether is how many projects show both behaviours before their lift
// says anything.
const leastTogether = 5

// Beside returns the behaviours that stand beside one in the newest snapshot,
// at most limit, in at least five projects of the community. It returns
// ErrNotFound for a behaviour that neither the snapshot nor the catalogue knows.
func (r *Reader) Beside(ctx context.Context, id string, limit int) (*Beside, error) {
	one, err := r.Behavior(ctx, id, "", 0)
	if err != nil {
		return nil, err
	}
	type row struct {
		cell
		Behavior string `ch:"behavior"`
	}
	s := one.Snapshot
	rows, err := store.Select[row](ctx, r.db, besideSQL, store.Params{"snapshot": s.Name, "catalogue": s.Catalogue, "id": id})
	if err != nil {
		return nil, fmt.Errorf("query: behaviours beside %s: %w", id, err)
	}
	cells := make(map[string][]cell)
	for _, x := range rows {
		cells[x.Behavior] = append(cells[x.Behavior], x.cell)
	}
	b := &Beside{Snapshot: s, Behavior: id, Behaviors: []Companion{}}
	ids := make([]string, 0, len(cells))
	for other := range cells {
		ids = append(ids, other)
	}
	if len(ids) == 0 {
		return b, nil
	}
	_, numbers, err := r.numbers(ctx, s.Name, []string{"behavior"}, ids, false)
	if err != nil {
		return nil, err
	}
	for _, other := range ids {
		both := s.measure(total(cells[other], 1))
		alone, ok := numbers[counted{kind: "behavior", id: other}]
		if both.Community.Count < leastTogether || !ok {
			continue
		}
		c := Companion{TopRow: TopRow{Behavior: other, Category: category(other), Sentence: r.sentence(other), Numbers: alone}, Together: both}
		c.Lift, c.Share = lift(&one.Numbers, &alone, &both)
		b.Behaviors = append(b.Behaviors, c)
	}
	slices.SortFunc(b.Behaviors, func(x, y Companion) int {
		return cmp.Or(cmp.Compare(orZero(y.Lift), orZero(x.Lift)), cmp.Compare(y.Together.Community.Count, x.Together.Community.Count), cmp.Compare(x.Behavior, y.Behavior))
	})
	b.Behaviors = b.Behaviors[:min(limit, len(b.Behaviors))]
	return b, nil
}

// lift is P(AB)/(P(A)·P(B)) and P(AB)/P(A) in the community.
func lift(a, b, both *Numbers) (lift, share *float64) {
	of := func(n *Numbers) float64 { return orZero(n.Band(prevalence.Community).Share) }
	if of(a) == 0 || of(b) == 0 || both.Community.Share == nil {
		return nil, nil
	}
	s := of(both) / of(a)
	l := s / of(b)
	return &l, &s
}

func orZero(x *float64) float64 {
	if x == nil {
		return 0
	}
	return *x
}
