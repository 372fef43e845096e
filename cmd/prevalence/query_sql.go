package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/spf13/cobra"

	"prevalence/internal/store"
	"prevalence/query"
)

func (a *app) querySQLCommand() *cobra.Command {
	var rows int
	cmd := a.asking(&cobra.Command{
		Use:   "sql STATEMENT",
		Short: "Ask in SQL, against the views",
		Long: `Runs one SELECT of ClickHouse's SQL as a user who may read views and nothing
else, within 30 seconds and the memory that is set for readers, and prints at
most --rows rows. 'prevalence query views' lists views, columns and their units.

The views projects, prevalence and symbol_counts hold several snapshots: choose
one, or count twice. An estimate is a matter of strata, which prevalence has
done already; a count of your own is of those that were scanned.`,
		Example: `  prevalence query sql "SELECT snapshot, taken, projects FROM snapshots"
  prevalence query sql "SELECT name, community FROM symbol_counts LIMIT 5" --format csv`,
		Args: cobra.ExactArgs(1),
	}, false, func(ctx context.Context, r *query.Reader, args []string, _ int) (answer, error) {
		if rows <= 0 {
			return answer{}, usage(fmt.Errorf("--rows %d: want 1 or more", rows))
		}
		x, err := r.SQL(ctx, args[0], rows)
		if refused, ok := errors.AsType[*store.RefusedError](err); ok {
			return answer{}, usage(fmt.Errorf("the database refused: %s", refused.Line))
		}
		if err != nil {
			return answer{}, err
		}
		s := sheet{}
		for _, name := range x.Columns {
			s.columns = append(s.columns, column{title: name, key: name})
		}
		for _, row := range x.Rows {
			cells := make([]string, len(row))
			for i, v := range row {
				cells[i] = cellText(v)
			}
			s.rows = append(s.rows, cells)
		}
		notes := []string{"Newest snapshot: " + x.Snapshot.Name}
		if x.Snapshot.Partial {
			notes = append(notes, "Not every project could be looked into: counts are of those that were.")
		}
		if x.Cut {
			notes = append(notes, fmt.Sprintf("There are more than %d rows; --rows prints more.", rows))
		}
		return answer{value: x, sheets: []sheet{s}, notes: notes}, nil
	})
	cmd.Flags().IntVar(&rows, "rows", 1000, "print at most `n` rows")
	return cmd
}

// cellText prints a value of any type.
func cellText(v any) string {
	switch x := v.(type) {
	case nil:
		return ""
	case string:
		return x
	case time.Time:
		return x.UTC().Format(time.RFC3339)
	}
	switch reflect.TypeOf(v).Kind() {
	case reflect.Slice, reflect.Map, reflect.Struct:
		if text, err := json.Marshal(v); err == nil {
			return string(text)
		}
	}
	return fmt.Sprint(v)
}

func (a *app) queryViewsCommand() *cobra.Command {
	return a.asking(&cobra.Command{
		Use:   "views",
		Short: "The views that 'query sql' may read: columns, types, what they mean",
		Long: `Lists every view with its columns, their types and what they hold. The views are
the interface to the dataset; tables behind them may change.`,
		Example: `  prevalence query views
  prevalence query views --format csv | grep current_symbols`,
		Args: cobra.NoArgs,
	}, false, func(ctx context.Context, r *query.Reader, _ []string, _ int) (answer, error) {
		views, err := r.Views(ctx)
		if err != nil {
			return answer{}, err
		}
		s := sheet{columns: []column{{title: "View", key: "view"}, {title: "Column", key: "column"}, {title: "Type", key: "type", width: 30}, {title: "What it is", key: "about"}}}
		for _, v := range views {
			s.rows = append(s.rows, []string{v.View, v.Column, v.Type, v.About})
		}
		return answer{value: views, sheets: []sheet{s}}, nil
	})
}
