package query

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"prevalence/internal/prevalence"
	"prevalence/internal/store"
)

// Bits of the contexts in the views.
const (
	headline = 31 // all contexts but support
	support  = 32
)

// cell counts the projects of one stratum that have a thing in the same
// contexts. Queries over facts return cells, and Snapshot.total adds them up.
type cell struct {
	Stratum  uint8  `ch:"stratum"`
	Drawn    bool   `ch:"drawn"`    // the crawl drew them at random
	Contexts uint8  `ch:"contexts"` // bits of the contexts that have it
	Resolved uint8  `ch:"resolved"` // those in which it is proven
	Projects uint64 `ch:"projects"`
}

// tally is how many projects have a thing, by stratum.
type tally struct {
	hits   [prevalence.NumStrata]prevalence.Hits
	proven [prevalence.NumStrata]int
	// unknown are scanned projects of which nobody can tell.
	unknown [prevalence.NumStrata]prevalence.Hits
}

// total adds the cells that have one of the contexts in mask.
func total(cells []cell, mask uint8) tally {
	var t tally
	for _, c := range cells {
		if c.Contexts&mask == 0 || int(c.Stratum) >= len(t.hits) {
			continue
		}
		n := int(c.Projects)
		t.hits[c.Stratum].All += n
		if c.Drawn {
			t.hits[c.Stratum].Drawn += n
		}
		if c.Resolved&mask != 0 {
			t.proven[c.Stratum] += n
		}
	}
	return t
}

// measure turns a tally into the four numbers, as a publication does.
func (s *Snapshot) measure(t tally) Numbers {
	strata := s.strata
	for h, u := range t.unknown {
		strata[h] = strata[h].Without(u)
	}
	n := Numbers{Label: prevalence.LabelOf(prevalence.Of(prevalence.Community, strata, t.hits))}
	for _, b := range prevalence.Bands() {
		e := prevalence.Of(b, strata, t.hits)
		x := Number{Band: b.String(), Count: e.Count, Scanned: e.Scanned, Size: int(e.Size + 0.5), SizeExact: e.SizeExact}
		for _, h := range b.Strata() {
			x.Resolved += t.proven[h]
		}
		if e.Known {
			x.Share, x.Low, x.High = &e.Share, &e.Low, &e.High
		}
		*n.Band(b) = x
	}
	return n
}

// ContextNumbers are the numbers of a thing in one context.
type ContextNumbers struct {
	Context string `json:"context"`
	Numbers
}

// byContext measures the contexts that any cell has.
func (s *Snapshot) byContext(cells []cell) []ContextNumbers {
	list := []ContextNumbers{}
	for i, name := range contexts() {
		t := total(cells, 1<<i)
		if t.hits != [prevalence.NumStrata]prevalence.Hits{} {
			list = append(list, ContextNumbers{name, s.measure(t)})
		}
	}
	return list
}

// supportOnly counts the projects that have a thing in support alone.
func supportOnly(cells []cell) (n int) {
	for _, c := range cells {
		if c.Contexts == support {
			n += int(c.Projects)
		}
	}
	return n
}

// Holder is a project that has a thing, with the first place where it stands.
type Holder struct {
	Shown
	What string `json:"what"` // the symbol or the value that was found
	Evidence
}

type holderRow struct {
	ID       uint32 `ch:"project_id"`
	Rank     uint32 `ch:"rank"`
	Contexts uint8  `ch:"contexts"`
	Resolved uint8  `ch:"resolved"`
	What     string `ch:"what"`
	Path     string `ch:"path"`
	Line     uint32 `ch:"line"`
}

// holders runs a query for holders and gives them their names.
func (r *Reader) holders(ctx context.Context, s *Snapshot, query string, p store.Params) ([]Holder, error) {
	rows, err := store.Select[holderRow](ctx, r.db, query, p)
	if err != nil {
		return nil, err
	}
	return r.named(ctx, s, rows)
}

// named gives holders their names.
func (r *Reader) named(ctx context.Context, s *Snapshot, rows []holderRow) ([]Holder, error) {
	ids := make([]uint32, len(rows))
	for i, x := range rows {
		ids[i] = x.ID
	}
	names, err := r.names(ctx, s, ids)
	if err != nil {
		return nil, err
	}
	list := []Holder{}
	for _, x := range rows {
		name, ok := names[x.ID]
		if !ok {
			continue // a newer snapshot was published in between
		}
		list = append(list, Holder{What: x.What, Evidence: Evidence{Path: x.Path, Line: int(x.Line)},
			Shown: Shown{Project: name.Project, Version: name.Version, Rank: int(x.Rank),
				Contexts: contextsOf(x.Contexts), Resolved: x.Resolved&headline != 0}})
	}
	return list, nil
}

// named is a project of a snapshot.
type named struct {
	ID      uint32 `ch:"project_id"`
	Project string `ch:"project"`
	Version string `ch:"version"`
	Rank    uint32 `ch:"rank"`
}

// names looks up projects of a snapshot by id.
func (r *Reader) names(ctx context.Context, s *Snapshot, ids []uint32) (map[uint32]named, error) {
	of := make(map[uint32]named, len(ids))
	if len(ids) == 0 {
		return of, nil
	}
	rows, err := store.Select[named](ctx, r.db, namesSQL, store.Params{"snapshot": s.Name, "ids": ids})
	if err != nil {
		return nil, err
	}
	for _, x := range rows {
		of[x.ID] = x
	}
	return of, nil
}

// wildcard is what stands for any text in a pattern.
const wildcard = "*"

// ErrEverything is returned for a pattern that stands for everything there is.
var ErrEverything = errors.New("the pattern stands for everything")

// like turns a pattern into the right side of LIKE. A pattern of nothing but
// wildcards asks for everything, which is refused.
func like(pattern string) (string, error) {
	if strings.Trim(pattern, wildcard) == "" {
		return "", fmt.Errorf("query: %w: %q; write at least one other character", ErrEverything, pattern)
	}
	return strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`, wildcard, "%").Replace(pattern), nil
}
