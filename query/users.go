package query

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"prevalence/internal/store"
)

// Users says who leans on a project.
type Users struct {
	Snapshot *Snapshot `json:"snapshot"`
	Project  string    `json:"project"`
	// Modules are what it brings to import.
	Modules []Module `json:"modules"`
	// Assumed is true when no scan tells what it brings: Modules is then made of
	// its name.
	Assumed  bool   `json:"assumed,omitempty"`
	Uses     []Use  `json:"uses"`
	Projects []User `json:"projects"`
}

// Module is a top-level module.
type Module struct {
	Name     string `json:"name"`
	Projects int    `json:"projects"` // that bring it: where it is more than one, an import may mean another
}

// Use counts projects by how they lean on another one.
type Use struct {
	Use string `json:"use"`
	Numbers
}

// User is a project that leans on another one.
type User struct {
	Ranked
	Declared bool `json:"declared"`     // always needed, by Requires-Dist
	Extra    bool `json:"extra"`        // needed for an extra
	Imported bool `json:"imported"`     // outside support code
	Support  bool `json:"support_only"` // imported in tests, docs and examples alone
}

// Bits of a user.
const (
	declaredBit = 1
	extraBit    = 2
	importBit   = 4
	supportBit  = 8
)

// uses are the kinds of use, some of which hold of a project at once.
var uses = []struct {
	name string
	is   func(bits uint8) bool
}{
	{"declared", func(b uint8) bool { return b&declaredBit != 0 }},
	{"declared-for-an-extra-only", func(b uint8) bool { return b&(declaredBit|extraBit) == extraBit }},
	{"imported", func(b uint8) bool { return b&importBit != 0 }},
	{"imported-in-support-only", func(b uint8) bool { return b&(importBit|supportBit) == supportBit }},
	{"declared-and-imported", func(b uint8) bool { return b&declaredBit != 0 && b&importBit != 0 }},
	{"declared-not-imported", func(b uint8) bool { return b&declaredBit != 0 && b&(importBit|supportBit) == 0 }},
	{"imported-not-declared", func(b uint8) bool { return b&importBit != 0 && b&(declaredBit|extraBit) == 0 }},
}

var separators = regexp.MustCompile(`[-_.]+`)

// normalised is a project's name by PEP 503.
func normalised(name string) string {
	return strings.ToLower(separators.ReplaceAllString(strings.TrimSpace(name), "-"))
}

// UsersOf says which projects of the newest snapshot declare a project as a
// dependency, and which really import it, with at most limit of them. The
// project itself may be one that no scan knows.
func (r *Reader) UsersOf(ctx context.Context, project string, limit int) (*Users, error) {
	s, err := r.Snapshot(ctx, "")
	if err != nil {
		return nil, err
	}
	u := &Users{Snapshot: s, Project: normalised(project), Modules: []Module{}, Uses: []Use{}, Projects: []User{}}
	type moduleRow struct {
		Module   string `ch:"module"`
		Projects uint64 `ch:"projects"`
	}
	p := store.Params{"snapshot": s.Name, "project": u.Project, "limit": limit}
	modules, err := store.Select[moduleRow](ctx, r.db, modulesOfSQL, p)
	if err != nil {
		return nil, fmt.Errorf("query: modules of %s: %w", project, err)
	}
	for _, m := range modules {
		u.Modules = append(u.Modules, Module{m.Module, int(m.Projects)})
	}
	if u.Assumed = len(modules) == 0; u.Assumed {
		u.Modules = append(u.Modules, Module{Name: strings.ReplaceAll(u.Project, "-", "_")})
	}
	names := make([]string, len(u.Modules))
	for i, m := range u.Modules {
		names[i] = m.Name
	}
	p["modules"] = names
	cells, err := store.Select[cell](ctx, r.db, userCellsSQL, p)
	if err != nil {
		return nil, fmt.Errorf("query: users of %s: %w", project, err)
	}
	for _, use := range uses {
		var of []cell
		for _, c := range cells {
			if use.is(c.Contexts) {
				c.Contexts, c.Resolved = 1, 1
				of = append(of, c)
			}
		}
		u.Uses = append(u.Uses, Use{use.name, s.measure(total(of, 1))})
	}
	if limit <= 0 {
		return u, nil
	}
	type row struct {
		Project string `ch:"project"`
		Version string `ch:"version"`
		Rank    uint32 `ch:"rank"`
		Bits    uint8  `ch:"bits"`
	}
	rows, err := store.Select[row](ctx, r.db, userHoldersSQL, p)
	if err != nil {
		return nil, fmt.Errorf("query: users of %s: %w", project, err)
	}
	for _, x := range rows {
		u.Projects = append(u.Projects, User{Ranked{x.Project, x.Version, int(x.Rank)}, x.Bits&declaredBit != 0, x.Bits&extraBit != 0,
			x.Bits&importBit != 0, x.Bits&(importBit|supportBit) == supportBit})
	}
	return u, nil
}

// Providers says which projects bring a module.
type Providers struct {
	Snapshot *Snapshot `json:"snapshot"`
	Module   string    `json:"module"` // top-level
	Projects []Ranked  `json:"projects"`
	More     bool      `json:"more"` // there are others
}

// Provides says which projects of the newest snapshot bring a module, the most
// used first, at most limit. Of a dotted name the first part is looked up.
func (r *Reader) Provides(ctx context.Context, module string, limit int) (*Providers, error) {
	s, err := r.Snapshot(ctx, "")
	if err != nil {
		return nil, err
	}
	module, _, _ = strings.Cut(strings.TrimSpace(module), ".")
	p := &Providers{Snapshot: s, Module: module}
	if p.Projects, err = r.ranked(ctx, providersSQL, store.Params{"snapshot": s.Name, "module": module, "limit": limit + 1}); err != nil {
		return nil, fmt.Errorf("query: providers of %s: %w", module, err)
	}
	if p.More = len(p.Projects) > limit; p.More {
		p.Projects = slices.Clip(p.Projects[:limit])
	}
	return p, nil
}
