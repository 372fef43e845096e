package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"prevalence/internal/prevalence"
	"prevalence/query"
)

func (a *app) queryTopCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "top",
		Short: "The prevalence table: every behaviour by band",
		Long: `Prints how many projects of each band show each behaviour in their latest
release, out of those that were scanned. The counts hold every context but
support (tests, docs, examples), resolved or likely; the column Proven counts
the resolved ones of the community alone.`,
		Example: `  prevalence query top --by category
  prevalence query top --by count --band top1k --category network
  prevalence query top --context install --format csv`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := loadConfig(cmd)
			if err != nil {
				return err
			}
			options, all, err := topOptions(cmd)
			if err != nil {
				return usage(err)
			}
			return a.ask(cmd.Context(), c, func(r *query.Reader) error {
				table, err := r.Top(cmd.Context(), options)
				if errors.Is(err, query.ErrNoSnapshot) && options.Snapshot != "" {
					return errNoData{fmt.Sprintf("there is no snapshot %q; every table names its own", options.Snapshot)}
				}
				if err != nil {
					return err
				}
				return topSheet(table, topView{all: all, groups: options.Sort == query.ByCategory}).print(a.out, c.Format)
			})
		},
	}
	addFlags(cmd.Flags(), readerKeys...)
	f := cmd.Flags()
	f.String("by", "category", "`order`: category, count or id")
	f.String("band", "top100", "`band` that the order goes by: top100, top1k, top10k or community")
	f.String("category", "", "only behaviours of this `category`")
	f.String("label", "", "only behaviours with this `label`: Common, Uncommon, Rare, Unseen or 'Not enough data'")
	f.String("context", "", "count this `context` alone: install, startup, import, call, package or support")
	f.String("text", "", "only behaviours whose id or sentence contains this `text`")
	f.String("snapshot", "", "`name` of an older snapshot")
	f.Bool("all", false, "list behaviours that nobody shows as well")
	f.Int("first", 0, "list at most `n` behaviours")
	return cmd
}

// topOptions reads the flags of "query top".
func topOptions(cmd *cobra.Command) (o query.TopOptions, all bool, err error) {
	text := func(name string) string {
		s, flagErr := cmd.Flags().GetString(name)
		if flagErr != nil {
			err = flagErr
		}
		return s
	}
	o = query.TopOptions{
		Snapshot: text("snapshot"), Sort: query.Sort(text("by")), Category: text("category"),
		Label: prevalence.Label(text("label")), Context: text("context"), Text: text("text"),
	}
	if o.Band, err = prevalence.ParseBand(text("band")); err != nil {
		return o, false, err
	}
	if o.Limit, err = cmd.Flags().GetInt("first"); err != nil {
		return o, false, err
	}
	if all, err = cmd.Flags().GetBool("all"); err != nil {
		return o, false, err
	}
	return o, all, o.Validate()
}

// topView says how the table is laid out.
type topView struct {
	all      bool // rows of zeros as well
	groups   bool // an empty line between categories
	contexts bool // name contexts instead of behaviours and sentences
}

// sentenceWidth keeps a row on a line of an ordinary terminal.
const sentenceWidth = 46

func topSheet(t *query.Table, view topView) sheet {
	s := sheet{value: t, columns: []column{
		{title: "Behaviour", key: "behavior"}, {title: "What it does", key: "sentence", width: sentenceWidth}, {key: "context", csvOnly: true},
	}}
	if view.contexts {
		s.columns = []column{{key: "behavior", csvOnly: true}, {key: "sentence", csvOnly: true}, {title: "Context", key: "context"}}
	}
	s.columns = append(s.columns, numberColumns(t.Snapshot)...)
	hidden := 0
	category := ""
	for _, row := range t.Rows {
		if !view.all && !view.contexts && row.Community.Count == 0 {
			hidden++
			continue
		}
		if view.groups && category != "" && category != row.Category {
			s.rows = append(s.rows, nil)
		}
		category = row.Category
		s.rows = append(s.rows, topCells(row, view))
	}
	s.notes = snapshotNotes(t.Snapshot)
	if hidden > 0 {
		s.notes = append(s.notes, fmt.Sprintf("%d behaviours of the catalogue that nobody shows are left out; --all lists them.", hidden))
	}
	return s
}

func topCells(row query.TopRow, view topView) []string {
	context := row.Context
	if view.contexts && context == "" {
		context = "all but support"
	}
	return append([]string{row.Behavior, row.Sentence, context}, numberCells(&row.Numbers)...)
}

// numberColumns are the columns of a thing's numbers, which numberCells fills.
func numberColumns(s *query.Snapshot) []column {
	var columns []column
	for _, b := range prevalence.Bands() {
		columns = append(columns, column{title: b.Title(), key: b.String(), number: true, csvOnly: emptyBand(s, b)},
			column{key: b.String() + "_resolved", csvOnly: true}, column{key: b.String() + "_scanned", csvOnly: true},
			column{key: b.String() + "_size", csvOnly: true})
	}
	return append(columns, column{title: "Share", number: true, eyeOnly: true}, column{title: "95 % interval", number: true, eyeOnly: true},
		column{key: "share", csvOnly: true}, column{key: "low", csvOnly: true}, column{key: "high", csvOnly: true},
		column{title: "Proven", number: true, eyeOnly: true}, column{title: "Label", key: "label"})
}

func numberCells(n *query.Numbers) []string {
	var cells []string
	for _, b := range prevalence.Bands() {
		x := n.Band(b)
		cells = append(cells, strconv.Itoa(x.Count), strconv.Itoa(x.Resolved), strconv.Itoa(x.Scanned), strconv.Itoa(x.Size))
	}
	community := n.Community
	return append(cells, percent(community.Share), interval(community), fraction(community.Share), fraction(community.Low), fraction(community.High),
		strconv.Itoa(community.Resolved), string(n.Label))
}

// percent prints a share; nothing where there is not enough data for one.
func percent(share *float64) string {
	if share == nil {
		return ""
	}
	p := *share * 100
	if p != 0 && p < 0.1 {
		return fmt.Sprintf("%.3f %%", p)
	}
	return fmt.Sprintf("%.1f %%", p)
}

// fraction prints a share for programs, 1 being everything.
func fraction(share *float64) string {
	if share == nil {
		return ""
	}
	return strconv.FormatFloat(*share, 'g', 6, 64)
}

func interval(n query.Number) string {
	if n.Low == nil || n.High == nil {
		return ""
	}
	if *n.Low == *n.High {
		return "exact"
	}
	return fmt.Sprintf("%s–%s", strings.TrimSuffix(percent(n.Low), " %"), percent(n.High))
}

// emptyBand reports whether a snapshot has no project in a band, as without a
// ranking, so that a table need not show it.
func emptyBand(s *query.Snapshot, b prevalence.Band) bool {
	if s == nil || b == prevalence.Community {
		return false
	}
	i := slices.IndexFunc(s.Bands, func(covered query.Coverage) bool { return covered.Band == b.String() })
	return i < 0 || s.Bands[i].Size+s.Bands[i].Empty+s.Bands[i].Missing == 0
}

// snapshotNotes say what the numbers stand for.
func snapshotNotes(s *query.Snapshot) []string {
	if s == nil {
		return nil
	}
	notes := []string{""}
	for _, b := range s.Bands {
		band, err := prevalence.ParseBand(b.Band)
		if err != nil || emptyBand(s, band) {
			continue
		}
		title := band.Title()
		about := ""
		if !b.SizeExact {
			about = "about "
		}
		line := fmt.Sprintf("%-10s %d of %s%d projects scanned", title, b.Scanned, about, b.Size)
		for _, extra := range []struct {
			n    int
			text string
		}{{b.Unanalysed, "could not be analysed"}, {b.Empty, "without files left out"}, {b.Missing, "ranked but not on the index"}} {
			if extra.n > 0 {
				line += fmt.Sprintf("; %d %s", extra.n, extra.text)
			}
		}
		notes = append(notes, line)
	}
	if s.Partial {
		notes = append(notes, "Not all of them could be looked into: shares are estimates, with their 95 % interval.")
	}
	return append(notes, "Snapshot "+s.Name)
}

func rankText(rank int) string {
	if rank == 0 {
		return ""
	}
	return strconv.Itoa(rank)
}

func join(list []string) string { return strings.Join(list, ", ") }
