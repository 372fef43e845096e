package query

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"prevalence/internal/store"
)

// Facets count projects by what is no behaviour: how they are packaged, where
// their authors have their addresses, how their scans ended.
type Facets struct {
	Snapshot *Snapshot `json:"snapshot"`
	Facets   []Facet   `json:"facets"`
}

// Facet counts projects by one property.
type Facet struct {
	Kind   string    `json:"kind"`
	Values []Counted `json:"values"` // the most frequent first
	More   bool      `json:"more"`   // there are others
}

// ErrKind is returned for a kind of things that nothing is counted of.
var ErrKind = errors.New("nothing of this kind is counted")

// Facets returns the numbers of kinds of things (see Kinds; none is all but
// behaviours) in the newest snapshot, at most limit values a kind.
func (r *Reader) Facets(ctx context.Context, kinds []string, limit int) (*Facets, error) {
	if len(kinds) == 0 {
		kinds = slices.DeleteFunc(Kinds(), func(k string) bool { return k == "behavior" })
	}
	for _, k := range kinds {
		if !slices.Contains(Kinds(), k) {
			return nil, fmt.Errorf("query: %q: %w; it is one of %v", k, ErrKind, Kinds())
		}
	}
	s, err := r.Snapshot(ctx, "")
	if err != nil {
		return nil, err
	}
	order, of, err := r.numbers(ctx, s.Name, kinds, nil, false)
	if err != nil {
		return nil, err
	}
	f := &Facets{Snapshot: s, Facets: []Facet{}}
	for _, k := range kinds {
		facet := Facet{Kind: k, Values: []Counted{}}
		for _, c := range order {
			if c.kind == k {
				facet.Values = append(facet.Values, Counted{ID: c.id, Numbers: of[c]})
			}
		}
		slices.SortStableFunc(facet.Values, func(a, b Counted) int { return cmp.Compare(b.Community.Count, a.Community.Count) })
		if facet.More = len(facet.Values) > limit; facet.More {
			facet.Values = facet.Values[:limit]
		}
		f.Facets = append(f.Facets, facet)
	}
	return f, nil
}

// ListOptions choose projects of a snapshot; a field that is empty chooses any.
type ListOptions struct {
	Text       string // part of the name, case ignored
	Outcome    string // ok, partial, empty, unanalysed
	State      string // as the index says
	Issue      string // id of an issue that the project has
	EmailClass string // of its author addresses
}

// List is a page of the projects of a snapshot.
type List struct {
	Snapshot *Snapshot `json:"snapshot"`
	Projects []Listed  `json:"projects"`
	Next     string    `json:"next,omitempty"` // cursor of the next page; empty: there is none
}

// List returns a page of the projects that the newest snapshot knows, the most
// used first.
func (r *Reader) List(ctx context.Context, o ListOptions, page Page) (*List, error) {
	s, err := r.Snapshot(ctx, "")
	if err != nil {
		return nil, err
	}
	p, err := page.params(s)
	if err != nil {
		return nil, err
	}
	p["text"], p["outcome"], p["state"], p["issue"], p["class"] = strings.ToLower(o.Text), o.Outcome, o.State, o.Issue, o.EmailClass
	rows, err := store.Select[listedRow](ctx, r.db, listSQL, p)
	if err != nil {
		return nil, fmt.Errorf("query: projects: %w", err)
	}
	rows, next := cut(page, rows, func(x *listedRow) (int, string) { return int(x.Rank), x.Project })
	l := &List{Snapshot: s, Projects: []Listed{}, Next: next}
	for i := range rows {
		l.Projects = append(l.Projects, rows[i].told())
	}
	return l, nil
}
