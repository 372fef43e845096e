package main

import (
	"fmt"
	"maps"
	"slices"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"prevalence/aggregator"
	"prevalence/schemas/catalog"
)

func (a *app) gcCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "gc",
		Short: "Delete scans that nobody needs any more",
		Long: `Deletes scans, with their facts, that no kept snapshot names and that a newer
scan of the same release has replaced, or whose release is not among the last
ones that a project keeps. Every published number stays, and so does the history
of every project's state.

It may run beside "prevalence up". "prevalence status --storage" says what each
table takes.`,
		Example: `  prevalence gc
  prevalence gc --keep-releases 5`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := loadConfig(cmd)
			if err != nil {
				return err
			}
			return a.keep(cmd.Context(), c, func(u *aggregator.Upkeep, _ *catalog.Catalog) error {
				done, err := u.GC(cmd.Context())
				if err != nil {
					return err
				}
				return collectedSheet(done).print(a.out, c.Format)
			})
		},
	}
	addFlags(cmd.Flags(), readerKeys...)
	addFlags(cmd.Flags(), "keep-releases")
	return cmd
}

func collectedSheet(c *aggregator.Collected) sheet {
	s := sheet{value: c, columns: []column{{title: "Table", key: "table"}, {title: "Deleted", key: "deleted", number: true}}}
	s.rows = append(s.rows, []string{"scans", fmt.Sprint(c.Scans)})
	for _, table := range slices.Sorted(maps.Keys(c.Facts)) {
		s.rows = append(s.rows, []string{table, fmt.Sprint(c.Facts[table])})
	}
	s.notes = []string{fmt.Sprintf("%s on disk before, %s now.", humanize.IBytes(c.Before), humanize.IBytes(c.After))}
	return s
}
