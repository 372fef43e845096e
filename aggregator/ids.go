package aggregator

import (
	"context"
	"fmt"

	"prevalence/internal/store"
)

// ids are the dense project ids: 0, 1, 2 … in the order in which names were
// first seen. They are in memory whole (about 100 bytes a project).
type ids struct {
	db    *store.DB
	known map[string]uint32
	drawn map[uint32]bool // the drawn projects
}

func loadIDs(ctx context.Context, db *store.DB) (*ids, error) {
	x := &ids{db: db, known: make(map[string]uint32), drawn: make(map[uint32]bool)}
	type row struct {
		Project string `ch:"project"`
		ID      uint32 `ch:"project_id"`
	}
	rows, err := store.Select[row](ctx, db, "SELECT project, project_id FROM projects FINAL", nil)
	if err != nil {
		return nil, fmt.Errorf("aggregator: load project ids: %w", err)
	}
	taken := make(map[uint32]string, len(rows))
	for _, r := range rows {
		if other, ok := taken[r.ID]; ok {
			return nil, fmt.Errorf("aggregator: projects %q and %q have the same id %d: two aggregators wrote at once; rebuild the dataset from the streams", r.Project, other, r.ID)
		}
		taken[r.ID] = r.Project
		x.known[r.Project] = r.ID
	}
	type id struct {
		ID uint32 `ch:"project_id"`
	}
	drawn, err := store.Select[id](ctx, db, "SELECT project_id FROM drawn_projects FINAL", nil)
	if err != nil {
		return nil, fmt.Errorf("aggregator: load drawn projects: %w", err)
	}
	for _, d := range drawn {
		x.drawn[d.ID] = true
	}
	return x, nil
}

// assign gives an id to each name that has none yet. The ids are in the table
// before assign returns, so that no fact can refer to one that a crash forgets.
func (x *ids) assign(ctx context.Context, names func(yield func(string) bool)) error {
	var fresh []string
	var numbers []uint32
	pending := make(map[string]bool)
	for name := range names {
		if _, ok := x.known[name]; ok || pending[name] {
			continue
		}
		pending[name] = true
		numbers = append(numbers, uint32(len(x.known)+len(fresh)))
		fresh = append(fresh, name)
	}
	if len(fresh) == 0 {
		return nil
	}
	if err := x.db.Insert(ctx, "projects",
		store.Column{Name: "project", Values: fresh}, store.Column{Name: "project_id", Values: numbers}); err != nil {
		return err
	}
	for i, name := range fresh {
		x.known[name] = numbers[i]
	}
	return nil
}

// draw notes that the projects were drawn.
func (x *ids) draw(ctx context.Context, projects []uint32) error {
	var fresh []uint32
	for _, id := range projects {
		if !x.drawn[id] {
			fresh = append(fresh, id)
		}
	}
	if err := x.db.Insert(ctx, "drawn_projects", store.Column{Name: "project_id", Values: fresh}); err != nil {
		return err
	}
	for _, id := range fresh {
		x.drawn[id] = true
	}
	return nil
}
