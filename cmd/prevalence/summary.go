package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"prevalence/internal/prevalence"
	"prevalence/query"
)

// summaryRows is how many behaviours the short table of "up" shows.
const summaryRows = 15

// firstTable shows the first snapshot of a run above the progress.
func (r *upRun) firstTable(ctx context.Context) error {
	if r.config.Format != "table" {
		return nil
	}
	return r.app.summary(ctx, r.config, r.services.Reader, r.progress)
}

// summary prints the most frequent behaviours of the newest snapshot to w.
func (a *app) summary(ctx context.Context, c *config, reader account, w io.Writer) error {
	err := askAt(ctx, c, reader, func(r *query.Reader) error {
		table, err := r.Top(ctx, query.TopOptions{Sort: query.ByCount, Band: prevalence.Community, Limit: summaryRows})
		if err != nil {
			return err
		}
		s := topSheet(table, topView{})
		s.notes = append(s.notes, "'prevalence query top --by category' prints all of it, 'prevalence report NAME' one project.")
		return s.print(w, c.Format)
	})
	var none errNoData
	if errors.As(err, &none) {
		_, err = fmt.Fprintln(w, "Nothing was scanned: nothing that was asked for is on the index, or none of it could be read.")
	}
	return err
}
