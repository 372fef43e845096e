package query

import (
	"context"
	"fmt"

	"prevalence/internal/store"
)

// Listed is a project of a snapshot with the outcome of its scan.
type Listed struct {
	Project string `json:"project"`
	Version string `json:"version"`
	Rank    int    `json:"rank,omitempty"` // 0: unranked
	OnIndex bool   `json:"on_index"`
	Outcome string `json:"outcome"`
	Why     string `json:"why,omitempty"`
}

// Projects lists all scanned projects of the named snapshot ("" is the newest)
// by name.
func (r *Reader) Projects(ctx context.Context, snapshot string) ([]Listed, error) {
	s, err := r.Snapshot(ctx, snapshot)
	if err != nil {
		return nil, err
	}
	type row struct {
		Project string `ch:"project"`
		Version string `ch:"version"`
		Rank    uint32 `ch:"rank"`
		Listed  bool   `ch:"listed"`
		Outcome string `ch:"outcome"`
		Why     string `ch:"why"`
	}
	rows, err := store.Select[row](ctx, r.db, listedSQL, store.Params{"snapshot": s.Name})
	if err != nil {
		return nil, fmt.Errorf("query: projects: %w", err)
	}
	list := make([]Listed, len(rows))
	for i, x := range rows {
		list[i] = Listed{Project: x.Project, Version: x.Version, Rank: int(x.Rank), OnIndex: x.Listed, Outcome: x.Outcome, Why: x.Why}
	}
	return list, nil
}
