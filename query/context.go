package query

import (
	"context"
	"fmt"

	"prevalence/internal/store"
	"prevalence/schemas/message"
)

// contexts lists all contexts, in the order in which a reader should worry,
// which is also the order of their bits in the views.
func contexts() []string {
	return []string{
		string(message.ContextInstall), string(message.ContextStartup), string(message.ContextImport),
		string(message.ContextCall), string(message.ContextPackage), string(message.ContextSupport),
	}
}

// contextsOf lists the contexts of a bit set.
func contextsOf(bits uint8) []string {
	names := []string{}
	for i, name := range contexts() {
		if bits&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return names
}

// shownBy returns the most used projects that show a behaviour.
func (r *Reader) shownBy(ctx context.Context, s *Snapshot, id string, limit int) ([]Shown, error) {
	shown := []Shown{}
	if limit <= 0 {
		return shown, nil
	}
	type row struct {
		Project  string `ch:"project"`
		Version  string `ch:"version"`
		Rank     uint32 `ch:"rank"`
		Contexts uint8  `ch:"contexts"`
		Resolved uint8  `ch:"resolved"`
	}
	rows, err := store.Select[row](ctx, r.db, shownBySQL, store.Params{
		"snapshot": s.Name, "catalogue": s.Catalogue, "id": id, "limit": limit})
	if err != nil {
		return nil, fmt.Errorf("query: projects with %s: %w", id, err)
	}
	for _, x := range rows {
		shown = append(shown, Shown{Project: x.Project, Version: x.Version, Rank: int(x.Rank),
			Contexts: contextsOf(x.Contexts), Resolved: x.Resolved&31 != 0})
	}
	return shown, nil
}
