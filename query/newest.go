package query

import (
	"context"
	"fmt"

	"prevalence/internal/store"
)

// ScanFilter picks projects by their newest scan. Conditions that are empty
// hold for any.
type ScanFilter struct {
	Scanner    string   // its scanner version is this one
	NotScanner string   // is another than this one
	Outcomes   []string // its outcome is one of these
	Reasons    []string // the reason of its outcome is one of these
}

// Newest lists the projects whose newest scan of their latest release passes f,
// by name, whether a snapshot was taken of it or not.
func (r *Reader) Newest(ctx context.Context, f ScanFilter) ([]string, error) {
	type row struct {
		Project string `ch:"project"`
	}
	rows, err := store.Select[row](ctx, r.db, newestScansSQL, store.Params{
		"scanner": f.Scanner, "not_scanner": f.NotScanner, "outcomes": f.Outcomes, "reasons": f.Reasons,
	})
	if err != nil {
		return nil, fmt.Errorf("query: newest scans: %w", err)
	}
	names := make([]string, len(rows))
	for i, x := range rows {
		names[i] = x.Project
	}
	return names, nil
}
