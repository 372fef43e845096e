package aggregator

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/cespare/xxhash/v2"

	"prevalence/internal/store"
	"prevalence/schemas/message"
)

// Scan is a scan with its sequence in the broker, which orders the scans of a job.
type Scan struct {
	Seq  uint64
	Scan *message.Scan
}

// batchRows are the rows of a batch. Their room is kept from one to the next:
// growing it anew costs as much as filling it.
type batchRows struct {
	scans scanRows
	facts factRows
	pages pageRows
}

func (r *batchRows) reset() {
	for _, columns := range []any{&r.scans, &r.facts.symbols, &r.facts.indicators, &r.facts.emails, &r.facts.dependencies, &r.facts.modules, &r.pages} {
		store.Reset(columns)
	}
}

// Add inserts scans, in one insert a table. It may be called again with the
// same scans, or in any other order: rows replace themselves. The facts come
// before the scan that they belong to, so that what a crash cuts off is seen by
// nobody.
func (a *Aggregator) Add(ctx context.Context, scans []Scan) error {
	if len(scans) == 0 {
		return nil
	}
	through := a.scans
	for _, s := range scans {
		through = max(through, s.Seq)
	}
	scans = a.remembered(scans)
	err := a.ids.assign(ctx, func(yield func(string) bool) {
		for _, s := range scans {
			if !yield(s.Scan.Project) {
				return
			}
		}
	})
	if err != nil {
		return fmt.Errorf("aggregator: project ids: %w", err)
	}
	rows, facts, pages := &a.rows.scans, &a.rows.facts, &a.rows.pages
	a.rows.reset()
	defer a.rows.reset()
	var drawn []uint32
	for _, s := range scans {
		id := a.ids.known[s.Scan.Project]
		code, symbols := facts.add(id, s.Seq, s.Scan)
		rows.add(id, s.Seq, code, symbols, s.Scan)
		pages.add(id, s.Seq, s.Scan)
		if s.Scan.Drawn {
			drawn = append(drawn, id)
		}
	}
	for _, t := range []struct {
		table   string
		columns any
	}{
		{"symbols", &facts.symbols}, {"indicators", &facts.indicators}, {"emails", &facts.emails},
		{"dependencies", &facts.dependencies}, {"provided_modules", &facts.modules}, {"page_states", pages},
	} {
		if err := a.db.Insert(ctx, t.table, store.Columns(t.columns)...); err != nil {
			return fmt.Errorf("aggregator: facts: %w", err)
		}
	}
	if err := a.ids.draw(ctx, drawn); err != nil {
		return fmt.Errorf("aggregator: drawn projects: %w", err)
	}
	if err := a.db.Insert(ctx, "scans", store.Columns(rows)...); err != nil {
		return fmt.Errorf("aggregator: scans: %w", err)
	}
	a.scans, a.stored = through, true
	return nil
}

// remembered are the scans without those of forgotten projects, and without
// forgotten domains.
func (a *Aggregator) remembered(scans []Scan) []Scan {
	kept := make([]Scan, 0, len(scans))
	for _, s := range scans {
		if a.forgotten.Project(s.Scan.Project) {
			a.metrics.forgotten.Inc()
			continue
		}
		a.forgotten.Redact(s.Scan)
		kept = append(kept, s)
	}
	return kept
}

// State is a message of STATES with its sequence: one of the three is set.
type State struct {
	Seq       uint64
	State     *message.State
	Ranking   *message.Ranking
	Tombstone *message.Tombstone
}

// AddStates inserts states and rankings, and then notes that everything of the
// stream up to the sequence through is in the tables.
func (a *Aggregator) AddStates(ctx context.Context, states []State, through uint64) error {
	var rows struct {
		Project []string    `ch:"project"`
		Seq     []uint64    `ch:"state_seq"`
		State   []string    `ch:"state"`
		Serial  []string    `ch:"serial"`
		At      []time.Time `ch:"at"`
	}
	for _, s := range states { // first: what they name is not stored
		if s.Tombstone != nil {
			if err := a.forget(ctx, *s.Tombstone); err != nil {
				return err
			}
		}
	}
	for _, s := range states {
		if s.Ranking != nil {
			if err := a.addRanking(ctx, s.Seq, s.Ranking); err != nil {
				return err
			}
		}
		if s.State != nil && !a.forgotten.Project(s.State.Project) {
			rows.Project = append(rows.Project, s.State.Project)
			rows.Seq = append(rows.Seq, s.Seq)
			rows.State = append(rows.State, string(s.State.State))
			rows.Serial = append(rows.Serial, string(s.State.Serial))
			rows.At = append(rows.At, second(s.State.At))
		}
	}
	if err := a.db.Insert(ctx, "project_states", store.Columns(&rows)...); err != nil {
		return fmt.Errorf("aggregator: states: %w", err)
	}
	if err := a.db.Insert(ctx, "positions", store.Column{Name: "stream", Values: []string{"STATES"}},
		store.Column{Name: "seq", Values: []uint64{through}}); err != nil {
		return fmt.Errorf("aggregator: position: %w", err)
	}
	a.states = through
	return nil
}

func (a *Aggregator) addRanking(ctx context.Context, seq uint64, r *message.Ranking) error {
	var names []string
	var ranks []uint32
	for i, name := range r.Projects {
		if !a.forgotten.Project(name) {
			names, ranks = append(names, name), append(ranks, uint32(i+1))
		}
	}
	n := len(names)
	if err := a.db.Insert(ctx, "rankings",
		store.Column{Name: "ranking", Values: slices.Repeat([]string{r.Name}, n)},
		store.Column{Name: "rank", Values: ranks},
		store.Column{Name: "project", Values: names},
		store.Column{Name: "base", Values: slices.Repeat([]string{r.Base}, n)},
		store.Column{Name: "date", Values: slices.Repeat([]time.Time{second(r.Date)}, n)},
		store.Column{Name: "source", Values: slices.Repeat([]string{r.Source}, n)},
		store.Column{Name: "state_seq", Values: slices.Repeat([]uint64{seq}, n)}); err != nil {
		return fmt.Errorf("aggregator: ranking %s: %w", r.Name, err)
	}
	return nil
}

// indexState is the index that snapshots are taken against.
type indexState struct {
	revision uint64
	names    uint64 // hash of the names, which partition index_names
	index    message.Index
}

// UseIndex takes snapshots from now on against x. The list of names is loaded
// once for each list that differs.
func (a *Aggregator) UseIndex(ctx context.Context, x *message.Index, revision uint64) error {
	all := slices.AppendSeq(slices.Clone(x.Pending), maps.Keys(x.Projects))
	all = slices.DeleteFunc(all, a.forgotten.Project)
	slices.Sort(all)
	all = slices.Compact(all)
	h := xxhash.New()
	for _, name := range all {
		_, _ = h.WriteString(name)
		_, _ = h.Write([]byte{0})
	}
	names := h.Sum64()
	if a.index == nil || a.index.names != names {
		if err := a.loadNames(ctx, names, all); err != nil {
			return fmt.Errorf("aggregator: names of the index: %w", err)
		}
	}
	state := &indexState{revision: revision, names: names, index: *x}
	state.index.Projects, state.index.Pending, state.index.Removed = nil, nil, nil
	a.index = state
	return nil
}

// loadNames fills the partition names of index_names and drops the others.
func (a *Aggregator) loadNames(ctx context.Context, names uint64, all []string) error {
	if err := a.ids.assign(ctx, slices.Values(all)); err != nil {
		return err
	}
	type part struct {
		Names uint64 `ch:"names"`
		Rows  uint64 `ch:"rows"`
	}
	parts, err := store.Select[part](ctx, a.db, "SELECT names, count() AS rows FROM index_names FINAL GROUP BY names", nil)
	if err != nil {
		return err
	}
	loaded := len(all) == 0
	for _, p := range parts {
		if p.Names == names && p.Rows == uint64(len(all)) {
			loaded = true
			continue
		}
		if err := a.db.Exec(ctx, fmt.Sprintf("ALTER TABLE index_names DROP PARTITION %d", p.Names), nil); err != nil {
			return err
		}
	}
	if loaded {
		return nil
	}
	numbers := make([]uint32, len(all))
	for i, name := range all {
		numbers[i] = a.ids.known[name]
	}
	return a.db.Insert(ctx, "index_names", store.Column{Name: "names", Values: slices.Repeat([]uint64{names}, len(all))},
		store.Column{Name: "project_id", Values: numbers})
}
