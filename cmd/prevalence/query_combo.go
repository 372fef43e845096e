package main

import (
	"context"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"prevalence/internal/prevalence"
	"prevalence/query"
)

func (a *app) queryComboCommand() *cobra.Command {
	return a.asking(&cobra.Command{
		Use:   "combo ID ID [ID...]",
		Short: "How often behaviours stand together in one release",
		Long: `Says how many projects of each band show all of the behaviours in their latest
release, support code aside, and how that compares with chance.

Lift is P(AB)/(P(A)·P(B)): 1 when one behaviour says nothing about the other, 3
when they stand together three times as often as that, below 1 when they avoid
each other. Its limits follow those of P(AB).`,
		Example: `  prevalence query combo network/http-client execution/dynamic-code
  prevalence query combo file/read packer/encode-base64-hex network/http-client --show 50`,
		Args: cobra.MinimumNArgs(2),
	}, true, func(ctx context.Context, r *query.Reader, args []string, show int) (answer, error) {
		x, err := r.Combo(ctx, args, show)
		if err != nil {
			return answer{}, err
		}
		numbers := sheet{columns: append([]column{{title: "Behaviour", key: "behavior"}}, numberColumns(x.Snapshot)...)}
		lift := sheet{columns: []column{{title: "Band"}, {title: "Together", number: true}, {title: "Lift", number: true}, {title: "95 % interval", number: true}}}
		together := append([]string{strings.Join(args, " + ")}, numberCells(&x.Numbers)...)
		for i, band := range prevalence.Bands() {
			l, n := x.Lift[i], x.Numbers.Band(band)
			for _, part := range []string{"lift", "lift_low", "lift_high"} {
				numbers.columns = append(numbers.columns, column{key: band.String() + "_" + part, csvOnly: true})
			}
			together = append(together, fraction(l.Lift), fraction(l.Low), fraction(l.High))
			if emptyBand(x.Snapshot, band) {
				continue
			}
			lift.rows = append(lift.rows, []string{band.Title(), strconv.Itoa(n.Count) + " of " + strconv.Itoa(n.Scanned), times(l.Lift), liftLimits(l)})
		}
		numbers.rows = append(numbers.rows, together)
		for i := range x.Behaviors {
			b := &x.Behaviors[i]
			row := append([]string{b.Behavior}, numberCells(&b.Numbers)...)
			numbers.rows = append(numbers.rows, append(row, make([]string, len(numbers.columns)-len(row))...))
		}
		return answer{value: x, snapshot: x.Snapshot, sheets: []sheet{numbers, lift, rankedSheet(x.Projects)}}, nil
	})
}

// times prints a lift.
func times(lift *float64) string {
	if lift == nil {
		return "not enough data"
	}
	return "×" + strconv.FormatFloat(*lift, 'f', 2, 64)
}

func liftLimits(l query.Lift) string {
	if l.Lift == nil {
		return ""
	}
	if *l.Low == *l.High {
		return "exact"
	}
	return strconv.FormatFloat(*l.Low, 'f', 2, 64) + "–" + strconv.FormatFloat(*l.High, 'f', 2, 64)
}
