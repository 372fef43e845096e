package query

import (
	"context"
	"fmt"
	"slices"

	"prevalence/internal/store"
)

// ShownBy is a page of the projects that show a behaviour.
type ShownBy struct {
	Snapshot *Snapshot `json:"snapshot"`
	Behavior string    `json:"behavior"`
	Projects []Shown   `json:"projects"`
	Next     string    `json:"next,omitempty"` // cursor of the next page; empty: there is none
}

// shownRow is a project that shows a behaviour, with the scan that says so.
type shownRow struct {
	Project  string `ch:"project"`
	Version  string `ch:"version"`
	Rank     uint32 `ch:"rank"`
	ID       uint32 `ch:"project_id"`
	Seq      uint64 `ch:"scan_seq"`
	Contexts uint8  `ch:"contexts"`
	Resolved uint8  `ch:"resolved"`
}

// shown is the row as it is told.
func (x *shownRow) shown() Shown {
	return Shown{Project: x.Project, Version: x.Version, Rank: int(x.Rank), Contexts: contextsOf(x.Contexts), Resolved: x.Resolved&headline != 0}
}

// shownRows reads a page of projects that show a behaviour in a context; "" is
// any but support.
func (r *Reader) shownRows(ctx context.Context, s *Snapshot, id, in string, page Page) ([]shownRow, string, error) {
	mask := uint8(headline)
	if in != "" {
		i := slices.Index(contexts(), in)
		if i < 0 {
			return nil, "", fmt.Errorf("query: no context %q; it is one of %v", in, contexts())
		}
		mask = 1 << i
	}
	if page.Limit <= 0 {
		return nil, "", nil
	}
	p, err := page.params(s)
	if err != nil {
		return nil, "", err
	}
	p["catalogue"], p["id"], p["mask"] = s.Catalogue, id, mask
	rows, err := store.Select[shownRow](ctx, r.db, shownBySQL, p)
	if err != nil {
		return nil, "", fmt.Errorf("query: projects with %s: %w", id, err)
	}
	rows, next := cut(page, rows, func(x *shownRow) (int, string) { return int(x.Rank), x.Project })
	return rows, next, nil
}

// ShownBy returns a page of the projects of the newest snapshot that show a
// behaviour, in one context ("" is any but support), the most used first. It
// returns ErrNotFound for a behaviour that the catalogue does not know.
func (r *Reader) ShownBy(ctx context.Context, id, in string, page Page) (*ShownBy, error) {
	s, err := r.known(ctx, id)
	if err != nil {
		return nil, err
	}
	rows, next, err := r.shownRows(ctx, s, id, in, page)
	if err != nil {
		return nil, err
	}
	list := &ShownBy{Snapshot: s, Behavior: id, Projects: []Shown{}, Next: next}
	for i := range rows {
		list.Projects = append(list.Projects, rows[i].shown())
	}
	return list, nil
}

// known is the newest snapshot, for a behaviour that the catalogue knows.
func (r *Reader) known(ctx context.Context, id string) (*Snapshot, error) {
	if r.catalog.Rule(id) == nil {
		return nil, fmt.Errorf("query: behaviour %q: %w", id, ErrNotFound)
	}
	return r.Snapshot(ctx, "")
}

// Proof is where projects show a behaviour: a page of them.
type Proof struct {
	Snapshot *Snapshot `json:"snapshot"`
	Behavior string    `json:"behavior"`
	Projects []Proven  `json:"projects"`
	Next     string    `json:"next,omitempty"` // cursor of the next page; empty: there is none
}

// Proven is a project with the places where it shows a behaviour.
type Proven struct {
	Ranked
	Seen []Seen `json:"seen"` // by context, the most worrying first
}

// Proof returns the evidence for a behaviour in the newest snapshot, project by
// project as ShownBy lists them.
func (r *Reader) Proof(ctx context.Context, id, in string, page Page) (*Proof, error) {
	s, err := r.known(ctx, id)
	if err != nil {
		return nil, err
	}
	rows, next, err := r.shownRows(ctx, s, id, in, page)
	if err != nil {
		return nil, err
	}
	proof := &Proof{Snapshot: s, Behavior: id, Projects: []Proven{}, Next: next}
	if len(rows) == 0 {
		return proof, nil
	}
	ids, seqs, at := make([]uint32, len(rows)), make([]uint64, len(rows)), make(map[uint32]int, len(rows))
	for i, x := range rows {
		ids[i], seqs[i], at[x.ID] = x.ID, x.Seq, i
		proof.Projects = append(proof.Projects, Proven{Ranked{x.Project, x.Version, int(x.Rank)}, []Seen{}})
	}
	seen, err := store.Select[seenRow](ctx, r.db, proofSQL, store.Params{"ids": ids, "seqs": seqs, "catalogue": s.Catalogue, "id": id})
	if err != nil {
		return nil, fmt.Errorf("query: evidence for %s: %w", id, err)
	}
	for i := range seen {
		if in == "" || seen[i].Context == in {
			p := &proof.Projects[at[seen[i].ID]]
			p.Seen = append(p.Seen, seen[i].seen())
		}
	}
	for _, p := range proof.Projects {
		sortSeen(p.Seen)
	}
	return proof, nil
}
