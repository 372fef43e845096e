package main

import (
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"prevalence/aggregator"
	"prevalence/schemas/catalog"
	"prevalence/worker/behavior"
)

func (a *app) rematchCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rematch",
		Short: "After a change of rules: match every scan again, without fetching",
		Long: `Computes what every stored scan shows under the rules of this build, from the
facts that are stored, and writes it beside what it showed before. Nothing is
fetched. Rules that did not change keep their observations as they are.

A rule that asks for something that no scan keeps, such as the text of a new
literal, is listed with the reason. It has no number, not even zero, until its
projects are scanned again.

The next snapshot is of the new rules, as soon as they cover as much as the old
ones did. It may be interrupted and run again, and beside "prevalence up".`,
		Example: `  prevalence rematch
  prevalence rematch --format json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := loadConfig(cmd)
			if err != nil {
				return err
			}
			return a.keep(cmd.Context(), c, func(u *aggregator.Upkeep, rules *catalog.Catalog) error {
				report, err := u.Rematch(cmd.Context(), rematchPlan(rules))
				if err != nil {
					return err
				}
				return rematchSheet(report).print(a.out, c.Format)
			})
		},
	}
	addFlags(cmd.Flags(), readerKeys...)
	return cmd
}

// rematchPlan hands the aggregator the matcher, which it does not know.
func rematchPlan(rules *catalog.Catalog) func(old *catalog.Catalog) (*aggregator.Rematching, error) {
	return func(old *catalog.Catalog) (*aggregator.Rematching, error) {
		r, err := behavior.NewRematch(old, rules)
		if err != nil {
			return nil, err
		}
		return &aggregator.Rematching{Rematcher: r, Wants: r.Wants(), Anew: r.Anew(), Rescan: r.Rescan()}, nil
	}
}

func rematchSheet(r *aggregator.RematchReport) sheet {
	s := sheet{value: r, columns: []column{{title: "Needs a rescan", key: "behavior"}, {title: "Because scans do not keep", key: "why"}}}
	for _, id := range slices.Sorted(maps.Keys(r.Rescan)) {
		s.rows = append(s.rows, []string{id, r.Rescan[id]})
	}
	s.notes = []string{fmt.Sprintf("%d scans were matched anew with catalogue %s; %d changed rules were decided by stored facts, %d need a rescan.",
		r.Scans, r.Catalogue, len(r.Anew), len(r.Rescan))}
	return s
}
