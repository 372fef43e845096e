package query

import (
	"context"
	"fmt"
	"slices"

	"prevalence/internal/prevalence"
	"prevalence/internal/store"
)

// Combo says how often behaviours stand together in a release.
type Combo struct {
	Snapshot *Snapshot `json:"snapshot"`
	// Numbers count projects that show all of them, outside support.
	Numbers
	Behaviors []TopRow `json:"behaviors"` // each by itself
	// Lift is by band, the smallest first: how many times as often they stand
	// together as they would if one knew nothing of the other.
	Lift     []Lift   `json:"lift"`
	Projects []Ranked `json:"projects"` // the most used that show all of them
}

// Lift is P(AB)/(P(A)·P(B)) in one band.
type Lift struct {
	Band string `json:"band"`
	// Lift is 1 for behaviours that are independent; nil while there is not enough
	// data, or where nobody shows one of them. Low and High are the lift at the
	// limits of P(AB), the shares of the parts taken as they are.
	Lift *float64 `json:"lift"`
	Low  *float64 `json:"low"`
	High *float64 `json:"high"`
}

// maxCombo is how many behaviours a combination has at most: bits of a cell.
const maxCombo = 8

// comboCell counts projects that show the same ones of some behaviours.
type comboCell struct {
	cell
	Open uint8 `ch:"open"` // nobody knows whether they show these
}

// Combo says how often two or more behaviours stand together in the newest
// snapshot, with at most limit projects. It returns ErrNotFound for a behaviour
// that neither the snapshot nor the catalogue knows.
func (r *Reader) Combo(ctx context.Context, ids []string, limit int) (*Combo, error) {
	if len(ids) < 2 || len(ids) > maxCombo {
		return nil, fmt.Errorf("query: %w: a combination of %d behaviours; it has 2 to %d", ErrQuestion, len(ids), maxCombo)
	}
	s, err := r.Snapshot(ctx, "")
	if err != nil {
		return nil, err
	}
	type row struct {
		Stratum  uint8  `ch:"stratum"`
		Drawn    bool   `ch:"drawn"`
		Contexts uint8  `ch:"contexts"`
		Resolved uint8  `ch:"resolved"`
		Open     uint8  `ch:"open"`
		Projects uint64 `ch:"projects"`
	}
	rows, err := store.Select[row](ctx, r.db, comboCellsSQL, store.Params{"snapshot": s.Name, "catalogue": s.Catalogue, "ids": ids})
	if err != nil {
		return nil, fmt.Errorf("query: combination: %w", err)
	}
	cells := make([]comboCell, len(rows))
	for i, x := range rows {
		cells[i] = comboCell{cell{Stratum: x.Stratum, Drawn: x.Drawn, Contexts: x.Contexts, Resolved: x.Resolved, Projects: x.Projects}, x.Open}
	}
	every := uint8(1<<len(ids) - 1)
	c := &Combo{Snapshot: s, Numbers: s.measure(together(cells, every)), Behaviors: []TopRow{}, Lift: []Lift{}, Projects: []Ranked{}}
	for i, id := range ids {
		if slices.Contains(ids[:i], id) {
			return nil, fmt.Errorf("query: %w: %s is named twice", ErrQuestion, id)
		}
		if r.catalog.Rule(id) == nil && !slices.ContainsFunc(cells, func(x comboCell) bool { return x.Contexts&(1<<i) != 0 }) {
			return nil, fmt.Errorf("query: behaviour %q: %w", id, ErrNotFound)
		}
		c.Behaviors = append(c.Behaviors, TopRow{Behavior: id, Category: category(id), Sentence: r.sentence(id), Numbers: s.measure(together(cells, 1<<i))})
	}
	for _, b := range prevalence.Bands() {
		c.Lift = append(c.Lift, c.lift(b))
	}
	if limit > 0 {
		if c.Projects, err = r.ranked(ctx, comboHoldersSQL, store.Params{"snapshot": s.Name, "catalogue": s.Catalogue, "ids": ids, "limit": limit}); err != nil {
			return nil, fmt.Errorf("query: projects with the combination: %w", err)
		}
	}
	return c, nil
}

// together adds the cells that show all of mask, all proven for the proven
// ones. Where a rematch left one open and nothing else rules it out, nobody knows.
func together(cells []comboCell, mask uint8) tally {
	var all []cell
	var t tally
	for _, c := range cells {
		switch {
		case c.Contexts&mask == mask:
			x := c.cell
			x.Contexts, x.Resolved = 1, 0
			if c.Resolved&mask == mask {
				x.Resolved = 1
			}
			all = append(all, x)
		case (c.Contexts|c.Open)&mask == mask && int(c.Stratum) < len(t.unknown):
			t.unknown[c.Stratum].All += int(c.Projects)
			if c.Drawn {
				t.unknown[c.Stratum].Drawn += int(c.Projects)
			}
		}
	}
	unknown := t.unknown
	t = total(all, 1)
	t.unknown = unknown
	return t
}

func (c *Combo) lift(b prevalence.Band) Lift {
	l := Lift{Band: b.String()}
	n := c.Band(b)
	expected := 1.0
	for i := range c.Behaviors {
		share := c.Behaviors[i].Numbers.Band(b).Share
		if share == nil {
			return l
		}
		expected *= *share
	}
	if n.Share == nil || expected == 0 {
		return l
	}
	lift, low, high := *n.Share/expected, *n.Low/expected, *n.High/expected
	l.Lift, l.Low, l.High = &lift, &low, &high
	return l
}
