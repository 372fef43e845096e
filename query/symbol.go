package query

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"prevalence/internal/prevalence"
	"prevalence/internal/store"
	"prevalence/schemas/message"
)

// Symbols says who uses the symbols that a pattern stands for.
type Symbols struct {
	Snapshot *Snapshot `json:"snapshot"`
	Pattern  string    `json:"pattern"`
	// Numbers count projects that have any of the symbols in any way.
	Numbers
	SupportOnly int              `json:"support_only"` // projects that have them in support alone
	Contexts    []ContextNumbers `json:"contexts"`
	// Symbols are the most used ones, a row a name and kind; More says that
	// there are others.
	Symbols  []Symbol `json:"symbols"`
	More     bool     `json:"more"`
	Projects []Holder `json:"projects"` // the most used that have one
}

// Symbol is one symbol in one kind of use.
type Symbol struct {
	Name string `json:"name"`
	Kind string `json:"kind"` // import, call, ref, arg, flow, method, string, trait or native
	Numbers
	SupportOnly int `json:"support_only"`
}

// symbolRows is how many symbols an answer lists at most.
const symbolRows = 50

// Symbol says who uses a symbol in the newest snapshot, with at most limit
// examples: requests.get, subprocess.run#shell=True, c:ptrace. "*" in the
// pattern stands for any text. A symbol that nobody uses is an answer as well.
func (r *Reader) Symbol(ctx context.Context, pattern string, limit int) (*Symbols, error) {
	text, err := like(pattern)
	if err != nil {
		return nil, err
	}
	s, err := r.Snapshot(ctx, "")
	if err != nil {
		return nil, err
	}
	a := &Symbols{Snapshot: s, Pattern: pattern, Symbols: []Symbol{}, Projects: []Holder{}}
	if a.One() {
		switch done, err := r.oneSymbol(ctx, a, limit); {
		case err != nil:
			return nil, fmt.Errorf("query: symbol %s: %w", pattern, err)
		case done:
			return a, nil
		}
	}
	p := store.Params{"snapshot": s.Name, "like": text, "limit": symbolRows + 1}
	type row struct {
		Name        string   `ch:"name"`
		Kind        string   `ch:"kind"`
		SupportOnly uint32   `ch:"support_only"`
		Seen        []uint32 `ch:"seen"`
		Drawn       []uint32 `ch:"drawn"`
		Proven      []uint32 `ch:"proven"`
	}
	rows, err := store.Select[row](ctx, r.db, symbolsSQL, p)
	if err != nil {
		return nil, fmt.Errorf("query: symbol %s: %w", pattern, err)
	}
	if a.More = len(rows) > symbolRows; a.More {
		rows = rows[:symbolRows]
	}
	for _, x := range rows {
		var t tally
		for h := range min(len(t.hits), len(x.Seen)) {
			t.hits[h] = prevalence.Hits{All: int(x.Seen[h]), Drawn: int(x.Drawn[h])}
			t.proven[h] = int(x.Proven[h])
		}
		a.Symbols = append(a.Symbols, Symbol{Name: x.Name, Kind: x.Kind, Numbers: s.measure(t), SupportOnly: int(x.SupportOnly)})
	}
	cells, err := store.Select[cell](ctx, r.db, symbolCellsSQL, p)
	if err != nil {
		return nil, fmt.Errorf("query: projects with %s: %w", pattern, err)
	}
	a.Numbers, a.Contexts, a.SupportOnly = s.measure(total(cells, headline)), s.byContext(cells), supportOnly(cells)
	if limit > 0 {
		p["limit"] = limit
		if a.Projects, err = r.holders(ctx, s, symbolHoldersSQL, p); err != nil {
			return nil, fmt.Errorf("query: examples of %s: %w", pattern, err)
		}
	}
	return a, nil
}

// fewRows is how many rows of a symbol are added up here; more are left to the
// database. Nearly all symbols have fewer.
const fewRows = 4000

// symbolRow is one use of a symbol in a project.
type symbolRow struct {
	Kind     string `ch:"kind"`
	ID       uint32 `ch:"project_id"`
	Stratum  uint8  `ch:"stratum"`
	Drawn    bool   `ch:"drawn"`
	Rank     uint32 `ch:"rank"`
	Context  string `ch:"context"`
	Path     string `ch:"path"`
	Line     uint32 `ch:"line"`
	Contexts uint8  `ch:"contexts"`
	Resolved uint8  `ch:"resolved"`
}

// oneSymbol answers for a name without a wildcard from one reading of its rows.
// done is false where there are too many of them.
func (r *Reader) oneSymbol(ctx context.Context, a *Symbols, limit int) (done bool, err error) {
	rows, err := store.Select[symbolRow](ctx, r.db, symbolRowsSQL, store.Params{"name": a.Pattern, "limit": fewRows + 1})
	if err != nil || len(rows) > fewRows {
		return false, err
	}
	s := a.Snapshot
	all, byKind := make(map[uint32]*symbolRow), make(map[string]map[uint32]*symbolRow)
	for i := range rows {
		x := rows[i]
		if byKind[x.Kind] == nil {
			byKind[x.Kind] = make(map[uint32]*symbolRow)
		}
		join(byKind[x.Kind], x)
		join(all, x)
	}
	cells := cellsOf(all)
	a.Numbers, a.Contexts, a.SupportOnly = s.measure(total(cells, headline)), s.byContext(cells), supportOnly(cells)
	for kind, of := range byKind {
		cells := cellsOf(of)
		a.Symbols = append(a.Symbols, Symbol{Name: a.Pattern, Kind: kind, Numbers: s.measure(total(cells, headline)), SupportOnly: supportOnly(cells)})
	}
	slices.SortFunc(a.Symbols, func(x, y Symbol) int {
		return cmp.Or(cmp.Compare(y.Community.Count, x.Community.Count), cmp.Compare(y.SupportOnly, x.SupportOnly), cmp.Compare(x.Kind, y.Kind))
	})
	var holding []holderRow
	for _, x := range all {
		holding = append(holding, holderRow{ID: x.ID, Rank: x.Rank, Contexts: x.Contexts, Resolved: x.Resolved, What: a.Pattern, Path: x.Path, Line: x.Line})
	}
	slices.SortFunc(holding, func(x, y holderRow) int {
		last := func(h holderRow) int { // support alone, then without a rank
			n := 0
			if h.Contexts == support {
				n += 2
			}
			if h.Rank == 0 {
				n++
			}
			return n
		}
		return cmp.Or(cmp.Compare(last(x), last(y)), cmp.Compare(x.Rank, y.Rank), cmp.Compare(x.ID, y.ID))
	})
	a.Projects, err = r.named(ctx, s, holding[:min(limit, len(holding))])
	return true, err
}

// join adds a row to the one of its project: all contexts, and the first place
// outside support where there is one.
func join(of map[uint32]*symbolRow, x symbolRow) {
	y := of[x.ID]
	if y == nil {
		of[x.ID] = &x
		return
	}
	y.Contexts |= x.Contexts
	y.Resolved |= x.Resolved
	inSupport := func(r *symbolRow) int {
		if r.Context == string(message.ContextSupport) {
			return 1
		}
		return 0
	}
	if cmp.Or(cmp.Compare(inSupport(&x), inSupport(y)), cmp.Compare(x.Path, y.Path), cmp.Compare(x.Line, y.Line)) < 0 {
		y.Context, y.Path, y.Line = x.Context, x.Path, x.Line
	}
}

// cellsOf counts projects with the same contexts.
func cellsOf(of map[uint32]*symbolRow) []cell {
	n := make(map[cell]uint64)
	for _, x := range of {
		n[cell{Stratum: x.Stratum, Drawn: x.Drawn, Contexts: x.Contexts, Resolved: x.Resolved}]++
	}
	cells := make([]cell, 0, len(n))
	for c, projects := range n {
		c.Projects = projects
		cells = append(cells, c)
	}
	return cells
}

// One reports whether the pattern is a name, without a wildcard.
func (a *Symbols) One() bool { return !strings.Contains(a.Pattern, wildcard) }
