package query

import (
	"context"
	"fmt"
	"slices"

	"prevalence/internal/prevalence"
	"prevalence/internal/store"
)

// News is what the latest release of a project does that the one before did not.
type News struct {
	Snapshot *Snapshot `json:"snapshot"`
	Project  string    `json:"project"`
	Version  string    `json:"version"`
	// Before is the release before, as far as one was looked into with the same
	// catalogue; empty: nothing can be said, and New and Gone are empty.
	Before string    `json:"before"`
	New    []Novelty `json:"new"`
	Gone   []Novelty `json:"gone"` // what it did no more, or not there
}

// Novelty is a behaviour in contexts in which one of two releases lacks it.
type Novelty struct {
	TopRow
	Contexts []string `json:"contexts"`
	Whole    bool     `json:"whole"` // the other release does not show it anywhere
}

// News compares the release of a project that speaks in the newest snapshot
// with the one before. It returns ErrNotFound for a project whose latest release
// could not be looked into.
func (r *Reader) News(ctx context.Context, project string) (*News, error) {
	s, err := r.Snapshot(ctx, "")
	if err != nil {
		return nil, err
	}
	project = normalised(project)
	type row struct {
		Version   string   `ch:"version"`
		Current   bool     `ch:"current"`
		Behavior  []string `ch:"behavior"`
		Contexts  []uint8  `ch:"contexts"`
		Undecided []string `ch:"undecided"`
	}
	rows, err := store.Select[row](ctx, r.db, releasesSQL, store.Params{"snapshot": s.Name, "catalogue": s.Catalogue, "project": project})
	if err != nil {
		return nil, fmt.Errorf("query: releases of %s: %w", project, err)
	}
	if len(rows) == 0 || !rows[0].Current {
		return nil, fmt.Errorf("query: a release of %q that was looked into, in snapshot %s: %w", project, s.Name, ErrNotFound)
	}
	n := &News{Snapshot: s, Project: project, Version: rows[0].Version, New: []Novelty{}, Gone: []Novelty{}}
	if len(rows) < 2 {
		return n, nil
	}
	n.Before = rows[1].Version
	_, numbers, err := r.numbers(ctx, s.Name, []string{"behavior"}, nil, false)
	if err != nil {
		return nil, err
	}
	minus := func(a, b row) []Novelty {
		list := []Novelty{}
		for i, id := range a.Behavior {
			other := uint8(0)
			if at := slices.Index(b.Behavior, id); at >= 0 {
				other = b.Contexts[at]
			}
			bits := a.Contexts[i] &^ other
			if bits == 0 || slices.Contains(a.Undecided, id) || slices.Contains(b.Undecided, id) {
				continue
			}
			x, ok := numbers[counted{kind: "behavior", id: id}]
			if !ok {
				x = none()
			}
			list = append(list, Novelty{TopRow{Behavior: id, Category: category(id), Sentence: r.sentence(id), Numbers: x}, contextsOf(bits), other == 0})
		}
		slices.SortFunc(list, func(x, y Novelty) int { return TopOptions{Sort: ByID}.compare(x.TopRow, y.TopRow) })
		return list
	}
	n.New, n.Gone = minus(rows[0], rows[1]), minus(rows[1], rows[0])
	return n, nil
}

// Updates says how often an update brings a behaviour.
type Updates struct {
	Snapshot *Snapshot      `json:"snapshot"`
	Behavior string         `json:"behavior"`
	Sentence string         `json:"sentence,omitempty"`
	Bands    []UpdateNumber `json:"bands"`
}

// UpdateNumber counts the updates of one band: projects of which the latest
// release and one before it were looked into with the same catalogue.
type UpdateNumber struct {
	Band    string `json:"band"`
	Updates int    `json:"updates"`
	Kept    int    `json:"kept"`    // both releases show it
	Added   int    `json:"added"`   // the latest shows it, the one before did not
	Dropped int    `json:"dropped"` // the other way round
	// Share is Added of Updates, Low and High its 95 % interval, these updates being
	// a sample of all that there are; nil without any.
	Share *float64 `json:"share"`
	Low   *float64 `json:"low"`
	High  *float64 `json:"high"`
}

// Updates says in which share of the updates that the newest snapshot knows a
// behaviour came or went. It returns ErrNotFound for one that the catalogue does
// not know.
func (r *Reader) Updates(ctx context.Context, id string) (*Updates, error) {
	if r.catalog.Rule(id) == nil {
		return nil, fmt.Errorf("query: behaviour %q: %w", id, ErrNotFound)
	}
	s, err := r.Snapshot(ctx, "")
	if err != nil {
		return nil, err
	}
	type row struct {
		Stratum  uint8  `ch:"stratum"`
		Earlier  bool   `ch:"earlier"`
		Latest   bool   `ch:"latest"`
		Projects uint64 `ch:"projects"`
	}
	rows, err := store.Select[row](ctx, r.db, updatesSQL, store.Params{"snapshot": s.Name, "catalogue": s.Catalogue, "id": id})
	if err != nil {
		return nil, fmt.Errorf("query: updates: %w", err)
	}
	u := &Updates{Snapshot: s, Behavior: id, Sentence: r.sentence(id), Bands: []UpdateNumber{}}
	for _, b := range prevalence.Bands() {
		n := UpdateNumber{Band: b.String()}
		for _, x := range rows {
			if !slices.Contains(b.Strata(), prevalence.Stratum(x.Stratum)) {
				continue
			}
			projects := int(x.Projects)
			n.Updates += projects
			switch {
			case x.Earlier && x.Latest:
				n.Kept += projects
			case x.Latest:
				n.Added += projects
			case x.Earlier:
				n.Dropped += projects
			}
		}
		if n.Updates > 0 {
			const endless = 1e15 // nobody knows how many updates there are
			share, iv := float64(n.Added)/float64(n.Updates), prevalence.Wilson(n.Added, n.Updates, endless)
			n.Share, n.Low, n.High = &share, &iv.Low, &iv.High
		}
		u.Bands = append(u.Bands, n)
	}
	return u, nil
}
