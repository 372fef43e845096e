package query

import (
	"context"
	"fmt"
	"strings"

	"prevalence/internal/prevalence"
	"prevalence/internal/store"
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

// One reports whether the pattern is a name, without a wildcard.
func (a *Symbols) One() bool { return !strings.Contains(a.Pattern, wildcard) }
