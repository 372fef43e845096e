package query

import (
	"context"
	"fmt"
	"strings"
	"time"

	"prevalence/internal/store"
)

// Answer is what a statement of SQL returned.
type Answer struct {
	Snapshot *Snapshot `json:"snapshot"` // the newest while it ran
	Columns  []string  `json:"columns"`
	Types    []string  `json:"types"` // as ClickHouse writes them
	Rows     [][]any   `json:"rows"`
	Cut      bool      `json:"cut"` // there are more rows
}

// Limits of a statement. The reader's profile of the embedded engine has its own.
const (
	statementSeconds = 30
	statementBytes   = 1 << 30
)

// SQL runs a statement of somebody else's, in the database of the views, which
// may read and do nothing else. Of its rows at most limit are returned. What
// the server refuses is a store.RefusedError.
func (r *Reader) SQL(ctx context.Context, statement string, limit int) (*Answer, error) {
	s, err := r.Snapshot(ctx, "")
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, statementSeconds*time.Second)
	defer cancel()
	t, err := r.db.Query(ctx, strings.TrimSuffix(strings.TrimSpace(statement), ";"),
		store.Limits{Rows: limit, MemoryBytes: statementBytes, Seconds: statementSeconds})
	if err != nil {
		return nil, fmt.Errorf("query: %w", err)
	}
	return &Answer{Snapshot: s, Columns: t.Columns, Types: t.Types, Rows: t.Rows, Cut: t.Cut}, nil
}

// View is a column of a view that a statement may read.
type View struct {
	View   string `json:"view"`
	Column string `json:"column"`
	Type   string `json:"type"`
	About  string `json:"about,omitempty"`
}

// Views lists the columns of all views.
func (r *Reader) Views(ctx context.Context) ([]View, error) {
	type row struct {
		View   string `ch:"view"`
		Column string `ch:"column"`
		Type   string `ch:"type"`
		About  string `ch:"about"`
	}
	rows, err := store.Select[row](ctx, r.db, `SELECT table AS view, name AS column, type, comment AS about
		FROM system.columns WHERE database = currentDatabase() ORDER BY table, position`, nil)
	if err != nil {
		return nil, fmt.Errorf("query: views: %w", err)
	}
	list := make([]View, len(rows))
	for i, x := range rows {
		list[i] = View(x)
	}
	return list, nil
}
