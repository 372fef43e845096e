package main

import (
	"context"
	"errors"
	"strconv"

	"github.com/spf13/cobra"

	"prevalence/internal/prevalence"
	"prevalence/query"
)

func (a *app) querySnapshotsCommand() *cobra.Command {
	return a.asking(&cobra.Command{
		Use:   "snapshots",
		Short: "Every snapshot that is kept, the newest first",
		Long: `Lists the published snapshots with what they were taken of. Everything that is
shown or exported names its snapshot, and "query diff" compares two of them.`,
		Example: `  prevalence query snapshots
  prevalence query snapshots --format json`,
		Args: cobra.NoArgs,
	}, false, func(ctx context.Context, r *query.Reader, _ []string, _ int) (answer, error) {
		list, err := r.Snapshots(ctx)
		if err != nil {
			return answer{}, err
		}
		if len(list) == 0 {
			return answer{}, query.ErrNoSnapshot
		}
		s := sheet{columns: []column{
			{title: "Snapshot", key: "snapshot"}, {title: "Projects", key: "projects", number: true}, {key: "taken", csvOnly: true},
			{key: "ranking", csvOnly: true}, {key: "scanner", csvOnly: true}, {key: "catalogue", csvOnly: true},
			{key: "serial", csvOnly: true}, {key: "previous", csvOnly: true},
		}}
		for _, p := range list {
			s.rows = append(s.rows, []string{p.Name, strconv.Itoa(p.Projects), p.Taken.Format("2006-01-02T15:04:05Z"), p.Ranking, p.Scanner, p.Catalogue, p.Serial, p.Previous})
		}
		return answer{value: list, sheets: []sheet{s}}, nil
	})
}

func (a *app) queryDiffCommand() *cobra.Command {
	var kind string
	cmd := a.asking(&cobra.Command{
		Use:   "diff OLDER NEWER",
		Short: "What changed between two snapshots",
		Long: `Compares the numbers of two snapshots and lists what changed: counts by band,
share of the community before and after. A snapshot is given by its name, or by
as much of its beginning as tells it from the others.

While a crawl is under way counts grow because more was scanned. So look at the
shares: a change is marked "clear" when the two 95 % intervals lie apart.`,
		Example: `  prevalence query diff 20261101 20261124
  prevalence query diff 20261101 20261124 --kind license --format csv`,
		Args: cobra.ExactArgs(2),
	}, false, func(ctx context.Context, r *query.Reader, args []string, _ int) (answer, error) {
		kinds := []string{kind}
		if kind == "all" {
			kinds = query.Kinds()
		}
		d, err := r.Diff(ctx, args[0], args[1], kinds)
		if unknown, ok := errors.AsType[*query.UnknownSnapshotError](err); ok {
			return answer{}, errNoData{unknown.Error() + "; 'prevalence query snapshots' lists them"}
		}
		if err != nil {
			return answer{}, err
		}
		x := answer{value: d, sheets: []sheet{diffSheet(d)}}
		x.notes = append(x.notes, strconv.Itoa(len(d.Rows))+" changed. Before:")
		x.notes = append(x.notes, snapshotNotes(d.From)...)
		x.notes = append(x.notes, "", "After:")
		x.notes = append(x.notes, snapshotNotes(d.To)...)
		if len(d.Incomparable) > 0 {
			x.notes = append(x.notes, "Not only packages changed in between: also "+join(d.Incomparable)+".")
		}
		return x, nil
	})
	cmd.Flags().StringVar(&kind, "kind", "behavior", "compare this `kind`: behavior, issue, email-class, outcome, reason, build-backend,\ndistribution, requires-python, license, typed, attested, or all")
	return cmd
}

func diffSheet(d *query.Diff) sheet {
	s := sheet{columns: []column{{title: "Kind", key: "kind"}, {title: "What", key: "id", width: sentenceWidth}}}
	for _, b := range prevalence.Bands() {
		s.columns = append(s.columns, column{title: b.Title(), number: true, eyeOnly: true, csvOnly: emptyBand(d.From, b) && emptyBand(d.To, b)},
			column{key: b.String() + "_before", csvOnly: true}, column{key: b.String() + "_after", csvOnly: true})
	}
	s.columns = append(s.columns, column{title: "Share", eyeOnly: true, number: true}, column{title: "95 % interval after", eyeOnly: true, number: true},
		column{key: "share_before", csvOnly: true}, column{key: "low_before", csvOnly: true}, column{key: "high_before", csvOnly: true},
		column{key: "share_after", csvOnly: true}, column{key: "low_after", csvOnly: true}, column{key: "high_after", csvOnly: true},
		column{title: "Label", key: "label_after"}, column{key: "label_before", csvOnly: true}, column{title: "Change", key: "clear"},
		column{key: "snapshot_before", csvOnly: true}, column{key: "snapshot_after", csvOnly: true})
	for _, x := range d.Rows {
		row := []string{x.Kind, x.ID}
		for _, b := range prevalence.Bands() {
			before, after := sideCount(x.Before, b), sideCount(x.After, b)
			text := after
			if before != after {
				text = orDash(before) + " → " + orDash(after)
			}
			row = append(row, text, before, after)
		}
		var before, after query.Numbers
		if x.Before != nil {
			before = *x.Before
		}
		if x.After != nil {
			after = *x.After
		}
		p, q := before.Community, after.Community
		clear := ""
		if x.Clear {
			clear = "clear"
		}
		s.rows = append(s.rows, append(row, orDash(percent(p.Share))+" → "+orDash(percent(q.Share)), interval(q),
			fraction(p.Share), fraction(p.Low), fraction(p.High), fraction(q.Share), fraction(q.Low), fraction(q.High),
			string(after.Label), string(before.Label), clear, d.From.Name, d.To.Name))
	}
	return s
}

// sideCount is the count of a band; empty where a snapshot has no numbers.
func sideCount(n *query.Numbers, b prevalence.Band) string {
	if n == nil {
		return ""
	}
	return strconv.Itoa(n.Band(b).Count)
}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}
