package query

import (
	"context"
	"fmt"

	"prevalence/internal/store"
	"prevalence/schemas/message"
)

// Listed is a project of a snapshot with the outcome of its scan.
type Listed struct {
	Project string `json:"project"`
	Version string `json:"version"`
	Rank    int    `json:"rank,omitempty"` // 0: unranked
	OnIndex bool   `json:"on_index"`
	Outcome string `json:"outcome"`
	Why     string `json:"why,omitempty"`
	State   string `json:"state,omitempty"` // as the index says; empty: active
}

type listedRow struct {
	Project string `ch:"project"`
	Version string `ch:"version"`
	Rank    uint32 `ch:"rank"`
	Listed  bool   `ch:"listed"`
	Outcome string `ch:"outcome"`
	Why     string `ch:"why"`
	State   string `ch:"state"`
}

// told is the row as it is told.
func (x *listedRow) told() Listed {
	l := Listed{Project: x.Project, Version: x.Version, Rank: int(x.Rank), OnIndex: x.Listed, Outcome: x.Outcome, Why: x.Why, State: x.State}
	if l.State == string(message.StateActive) {
		l.State = ""
	}
	return l
}

// Projects lists all scanned projects of the named snapshot ("" is the newest)
// by name.
func (r *Reader) Projects(ctx context.Context, snapshot string) ([]Listed, error) {
	s, err := r.Snapshot(ctx, snapshot)
	if err != nil {
		return nil, err
	}
	rows, err := store.Select[listedRow](ctx, r.db, listedSQL, store.Params{"snapshot": s.Name})
	if err != nil {
		return nil, fmt.Errorf("query: projects: %w", err)
	}
	list := make([]Listed, len(rows))
	for i := range rows {
		list[i] = rows[i].told()
	}
	return list, nil
}
