package main

import (
	"context"
	"errors"
	"strconv"

	"github.com/spf13/cobra"

	"prevalence/internal/prevalence"
	"prevalence/query"
)

func (a *app) queryNewCommand() *cobra.Command {
	var id string
	cmd := a.asking(&cobra.Command{
		Use:   "new [PROJECT]",
		Short: "What the latest release does that the one before did not",
		Long: `Compares the latest release of a project with the one that was looked into
before, and lists the behaviours that came and went, by context, with how common
each is. With --behavior it says instead how often an update brings it: the
share of all updates that are stored, with a 95 % interval.

A project keeps its last two releases, so there is something to compare once it
has been updated since the first crawl.`,
		Example: `  prevalence query new requests
  prevalence query new --behavior execution/install-hook`,
		Args: cobra.MaximumNArgs(1),
	}, false, func(ctx context.Context, r *query.Reader, args []string, _ int) (answer, error) {
		if (len(args) == 1) == (id != "") {
			return answer{}, usage(errors.New("name either a project or a --behavior"))
		}
		if id != "" {
			u, err := r.Updates(ctx, id)
			if err != nil {
				return answer{}, err
			}
			return answer{value: u, head: u.Behavior + "\n" + u.Sentence, snapshot: u.Snapshot, sheets: []sheet{updateSheet(u)}}, nil
		}
		n, err := r.News(ctx, args[0])
		if err != nil {
			return answer{}, err
		}
		x := answer{value: n, head: n.Project + " " + n.Before + " → " + n.Version, snapshot: n.Snapshot, sheets: []sheet{newsSheet(n)}}
		switch {
		case n.Before == "":
			x.head = n.Project + " " + n.Version
			x.notes = []string{"No release before this one has been looked into."}
		case len(n.New)+len(n.Gone) == 0:
			x.notes = []string{"It does what the one before did."}
		}
		return x, nil
	})
	cmd.Flags().StringVar(&id, "behavior", "", "how often updates bring this behaviour, by `id`")
	return cmd
}

func newsSheet(n *query.News) sheet {
	s := sheet{columns: append([]column{{title: "Change", key: "change"}, {title: "Behaviour", key: "behavior"}, {key: "sentence", csvOnly: true},
		{title: "Where", key: "contexts"}}, numberColumns(n.Snapshot)...)}
	add := func(whole, part string, list []query.Novelty) {
		for i := range list {
			x := &list[i]
			change := part
			if x.Whole {
				change = whole
			}
			s.rows = append(s.rows, append([]string{change, x.Behavior, x.Sentence, join(x.Contexts)}, numberCells(&x.Numbers)...))
		}
	}
	add("new", "new there", n.New)
	add("gone", "gone there", n.Gone)
	return s
}

func updateSheet(u *query.Updates) sheet {
	s := sheet{columns: []column{{title: "Band", key: "band"}, {title: "Updates", key: "updates", number: true}, {title: "Added", key: "added", number: true},
		{title: "Kept", key: "kept", number: true}, {title: "Dropped", key: "dropped", number: true},
		{title: "Share that added it", number: true, eyeOnly: true}, {title: "95 % interval", number: true, eyeOnly: true},
		{key: "share", csvOnly: true}, {key: "low", csvOnly: true}, {key: "high", csvOnly: true}}}
	for i, b := range prevalence.Bands() {
		n := u.Bands[i]
		s.rows = append(s.rows, []string{b.Title(), strconv.Itoa(n.Updates), strconv.Itoa(n.Added), strconv.Itoa(n.Kept), strconv.Itoa(n.Dropped),
			percent(n.Share), interval(query.Number{Low: n.Low, High: n.High}), fraction(n.Share), fraction(n.Low), fraction(n.High)})
	}
	return s
}
