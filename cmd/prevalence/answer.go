package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"prevalence/query"
)

// answer is what a question is answered with: a heading, and sheets one below
// the other. The first sheet is what --format csv prints.
type answer struct {
	value    any    // what --format json prints
	head     string // lines above a table; empty: none
	sheets   []sheet
	notes    []string        // lines below the tables, above those about the snapshot
	snapshot *query.Snapshot // what the numbers come from; nil: notes and sheets tell
}

func (x answer) print(w io.Writer, format string) error {
	switch format {
	case "json":
		return printJSON(w, x.value)
	case "csv":
		s := x.sheets[0]
		if x.snapshot != nil {
			s.columns = append(s.columns, column{key: "snapshot"})
			for i := range s.rows {
				s.rows[i] = append(s.rows[i], x.snapshot.Name)
			}
		}
		return s.print(w, format)
	}
	if x.head != "" {
		if _, err := fmt.Fprintln(w, x.head+"\n"); err != nil {
			return err
		}
	}
	printed := false
	for i, s := range x.sheets {
		if i > 0 && len(s.rows) == 0 {
			continue
		}
		if printed {
			if _, err := fmt.Fprintln(w); err != nil {
				return err
			}
		}
		if err := s.print(w, format); err != nil {
			return err
		}
		printed = true
	}
	if len(x.notes) > 0 {
		x.notes = append([]string{""}, x.notes...)
	}
	for _, note := range append(x.notes, snapshotNotes(x.snapshot)...) {
		if _, err := fmt.Fprintln(w, note); err != nil {
			return err
		}
	}
	return nil
}

// asking completes a command that asks the dataset one thing. With show it has
// the flag --show, for how many projects are listed.
func (a *app) asking(cmd *cobra.Command, show bool, ask func(ctx context.Context, r *query.Reader, args []string, show int) (answer, error)) *cobra.Command {
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, err := loadConfig(cmd)
		if err != nil {
			return err
		}
		n := 0
		if show {
			if n, err = cmd.Flags().GetInt("show"); err != nil {
				return err
			}
		}
		return a.ask(cmd.Context(), c, func(r *query.Reader) error {
			x, err := ask(cmd.Context(), r, args, n)
			if err != nil {
				return err
			}
			return x.print(a.out, c.Format)
		})
	}
	addFlags(cmd.Flags(), readerKeys...)
	if show {
		cmd.Flags().Int("show", 20, "list at most `n` projects")
	}
	return cmd
}

// contextSheet has the numbers of a thing, and those of each context.
func contextSheet(s *query.Snapshot, n *query.Numbers, of []query.ContextNumbers) sheet {
	x := sheet{columns: append([]column{{title: "Context", key: "context"}}, numberColumns(s)...)}
	x.rows = append(x.rows, append([]string{"all but support"}, numberCells(n)...))
	for i := range of {
		x.rows = append(x.rows, append([]string{of[i].Context}, numberCells(&of[i].Numbers)...))
	}
	return x
}

// holderSheet lists projects with the place where they have a thing. what is
// the title of the column that says which thing; empty: there is only one.
func holderSheet(holders []query.Holder, what string) sheet {
	x := sheet{columns: []column{
		{title: "Rank", key: "rank", number: true}, {title: "Project", key: "project"}, {title: "Version", key: "version"},
		{title: what, key: "what", csvOnly: what == "", width: sentenceWidth}, {title: "Where", key: "contexts"}, {title: "First seen at", key: "place"},
	}}
	for _, h := range holders {
		x.rows = append(x.rows, []string{rankText(h.Rank), h.Project, h.Version, h.What, join(h.Contexts), h.Evidence.String()})
	}
	return x
}

// supportNote says how many projects have a thing in support code alone.
func supportNote(n int) []string {
	if n == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%d more have it in tests, docs or examples alone.", n)}
}

// mayUsage makes a question that cannot be answered an error of whoever asked.
func mayUsage(err error) error {
	if errors.Is(err, query.ErrEverything) {
		return usage(err)
	}
	return err
}
