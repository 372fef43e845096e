package query

import (
	"context"
	"fmt"
	"strings"
	"time"

	"prevalence/internal/prevalence"
	"prevalence/internal/store"
)

// Trend is how common a behaviour was in one snapshot after the other.
type Trend struct {
	Behavior string       `json:"behavior"`
	Points   []TrendPoint `json:"points"` // the oldest first
}

// TrendPoint are the numbers of one snapshot.
type TrendPoint struct {
	Snapshot  string    `json:"snapshot"`
	Taken     time.Time `json:"taken"`
	Scanner   string    `json:"scanner"`
	Catalogue string    `json:"catalogue"` // another one may count otherwise
	Numbers
}

// Trend returns the numbers of a behaviour in the last snapshots, at most so
// many. It returns ErrNotFound for one that neither they nor the catalogue know.
func (r *Reader) Trend(ctx context.Context, id string, snapshots int) (*Trend, error) {
	all, err := r.Trends(ctx, []string{id}, snapshots)
	if err != nil {
		return nil, err
	}
	if len(all[0].Points) == 0 && r.catalog.Rule(id) == nil {
		return nil, fmt.Errorf("query: behaviour %q: %w", id, ErrNotFound)
	}
	return &all[0], nil
}

// Trends returns the trends of behaviours in the order of their ids. One that
// nobody knows has no points.
func (r *Reader) Trends(ctx context.Context, ids []string, snapshots int) ([]Trend, error) {
	type row struct {
		numberRow
		Snapshot  string    `ch:"snapshot"`
		Taken     time.Time `ch:"taken"`
		Scanner   string    `ch:"scanner"`
		Catalogue string    `ch:"catalogue"`
	}
	list, at := make([]Trend, len(ids)), make(map[string]*Trend, len(ids))
	for i, id := range ids {
		list[i] = Trend{Behavior: id, Points: []TrendPoint{}}
		at[id] = &list[i]
	}
	rows, err := store.Select[row](ctx, r.db, trendSQL, store.Params{"ids": ids, "limit": snapshots})
	if err != nil {
		return nil, fmt.Errorf("query: trend of %s: %w", strings.Join(ids, ", "), err)
	}
	for i := range rows {
		x := &rows[i]
		band, err := prevalence.ParseBand(x.Band)
		if err != nil {
			continue // of a newer build
		}
		t := at[x.ID]
		last := len(t.Points) - 1
		if last < 0 || t.Points[last].Snapshot != x.Snapshot {
			t.Points = append(t.Points, TrendPoint{Snapshot: x.Snapshot, Taken: x.Taken.UTC(), Scanner: x.Scanner, Catalogue: x.Catalogue, Numbers: none()})
			last++
		}
		n := &t.Points[last].Numbers
		n.Label = prevalence.Label(x.Label)
		*n.Band(band) = x.number()
	}
	return list, nil
}
