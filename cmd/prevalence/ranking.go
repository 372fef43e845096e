package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"prevalence/crawler/ranking"
	"prevalence/internal/queue"
	"prevalence/schemas/message"
)

func (a *app) rankingCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ranking",
		Short: "Who the Top 100 are: pin rankings, list them, compare them",
		Long: `A ranking puts projects in order, the most used first; its first 100, 1,000 and
10,000 are the bands that every number is about. What it counts is its base: all
downloads, those by pip and uv alone, dependents, or what you count yourself.

A ranking is pinned: it is named by its base, its date and a hash of its order
(all@2026-04-01#1f0c9a2b), and what stands under that name never changes. Each
crawl pins the one that it uses, and every snapshot says which. Others can be
pinned at its side, and used by a later crawl with --ranking pinned:NAME.`,
		Example: `  prevalence ranking list
  prevalence ranking diff all pip-uv`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.rankingListCommand(), a.rankingPinCommand(), a.rankingDiffCommand())
	return cmd
}

// rankingKeys are the settings of commands that may fetch a ranking.
var rankingKeys = []string{"ranking-base", "ranking-server", "timeout"}

func (a *app) rankingPinCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "pin SOURCE",
		Short: "Keep a ranking beside the one that is crawled by",
		Long: `Reads a ranking and keeps it under its name. A source is a file or a URL, with
the JSON of top-pypi-packages or a list (a name a line, "rank,name" or
"name,count"), or clickhouse:all or clickhouse:pip-uv, which counts the last 30
days in the public dataset, or in the server that --ranking-server names.

Say what a list counts with --ranking-base. A ranking by dependents is such a
list: count, from the dependencies of your own dataset, who needs whom.`,
		Example: `  prevalence ranking pin clickhouse:pip-uv
  prevalence ranking pin dependents.csv --ranking-base dependents`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := ranking.ValidSource(args[0]); err != nil {
				return usage(err)
			}
			return a.askBroker(cmd, func(ctx context.Context, c *config, conn *queue.Conn) error {
				r, err := namedRanking(ctx, c, conn, args[0])
				if err != nil {
					return err
				}
				if err := conn.PublishRanking(ctx, *r); err != nil {
					return err
				}
				return rankingSheet([]message.Ranking{*r}, "").print(a.out, c.Format)
			})
		},
	}
	addFlags(cmd.Flags(), brokerKeys...)
	addFlags(cmd.Flags(), rankingKeys...)
	return cmd
}

func (a *app) rankingListCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the pinned rankings",
		Long: `Lists every ranking that was ever pinned, in that order: what it counts, of
which day, how many projects it has and where it came from. The one of the last
crawl is marked.`,
		Example: `  prevalence ranking list
  prevalence ranking list --format json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.askBroker(cmd, func(ctx context.Context, c *config, conn *queue.Conn) error {
				list, err := conn.Rankings(ctx)
				if err != nil {
					return err
				}
				inUse := ""
				if x, _, err := conn.LoadIndex(ctx); err == nil {
					inUse = x.Ranking
				}
				return rankingSheet(list, inUse).print(a.out, c.Format)
			})
		},
	}
	addFlags(cmd.Flags(), brokerKeys...)
	return cmd
}

// rankingView is a pinned ranking without its projects.
type rankingView struct {
	Name     string    `json:"name"`
	Base     string    `json:"base"`
	Date     time.Time `json:"date"`
	Projects int       `json:"projects"`
	Source   string    `json:"source"`
	InUse    bool      `json:"in_use"`
}

func rankingSheet(list []message.Ranking, inUse string) sheet {
	views := make([]rankingView, len(list))
	s := sheet{value: views, columns: []column{
		{title: "Name", key: "name"}, {title: "Base", key: "base"}, {title: "Date", key: "date"},
		{title: "Projects", key: "projects", number: true}, {title: "In use", key: "in_use"}, {title: "Source", key: "source"},
	}}
	for i, r := range list {
		views[i] = rankingView{r.Name, r.Base, r.Date.UTC(), len(r.Projects), r.Source, r.Name == inUse}
		used := ""
		if views[i].InUse {
			used = "yes"
		}
		s.rows = append(s.rows, []string{r.Name, r.Base, r.Date.UTC().Format(time.DateOnly), strconv.Itoa(len(r.Projects)), used, r.Source})
	}
	if len(list) == 0 {
		s.notes = []string{"No ranking is pinned yet."}
	}
	return s
}

func (a *app) rankingDiffCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "diff BEFORE AFTER",
		Short: "What changed from one ranking to another",
		Long: `Compares two rankings: how many projects stayed, entered and left in the Top 100,
1,000 and 10,000, and which. Each is the name of a pinned ranking, a base (its
newest), or anything that "ranking pin" reads; two files need no broker.`,
		Example: `  prevalence ranking diff all@2025-10-01#4b1d06aa all@2026-04-01#1f0c9a2b
  prevalence ranking diff all pip-uv --show 50
  prevalence ranking diff old.json new.json --format csv`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			show, err := cmd.Flags().GetInt("show")
			if err != nil {
				return err
			}
			c, err := loadConfig(cmd)
			if err != nil {
				return err
			}
			if isFile(args[0]) && isFile(args[1]) {
				return a.rankingDiff(cmd.Context(), c, nil, args, show)
			}
			return a.askBroker(cmd, func(ctx context.Context, c *config, conn *queue.Conn) error {
				return a.rankingDiff(ctx, c, conn, args, show)
			})
		},
	}
	addFlags(cmd.Flags(), brokerKeys...)
	addFlags(cmd.Flags(), rankingKeys...)
	cmd.Flags().Int("show", 20, "list at most `n` projects that entered or left")
	return cmd
}

func (a *app) rankingDiff(ctx context.Context, c *config, conn *queue.Conn, names []string, show int) error {
	var both [2]*message.Ranking
	for i, name := range names {
		r, err := namedRanking(ctx, c, conn, name)
		if err != nil {
			return err
		}
		both[i] = r
	}
	d := ranking.Compare(both[0], both[1])
	moves := sheet{value: d, columns: []column{
		{title: "Project", key: "project"}, {title: "Before", key: "before", number: true}, {title: "After", key: "after", number: true},
	}}
	for i, m := range d.Moves {
		if i < show || c.Format != "table" {
			moves.rows = append(moves.rows, []string{m.Project, rankText(m.Before), rankText(m.After)})
		}
	}
	if c.Format != "table" {
		return moves.print(a.out, c.Format)
	}
	bands := sheet{columns: []column{
		{title: "Band", key: "band"}, {title: "Stayed", key: "stayed", number: true},
		{title: "Entered", key: "entered", number: true}, {title: "Left", key: "left", number: true},
	}}
	for _, b := range d.Bands {
		bands.rows = append(bands.rows, []string{fmt.Sprintf("Top %d", b.Top), strconv.Itoa(b.Stayed), strconv.Itoa(b.Entered), strconv.Itoa(b.Left)})
	}
	bands.notes = []string{"", fmt.Sprintf("From %s to %s.", d.Before, d.After)}
	if err := bands.print(a.out, c.Format); err != nil {
		return err
	}
	if len(moves.rows) == 0 {
		return nil
	}
	if rest := len(d.Moves) - len(moves.rows); rest > 0 {
		moves.notes = []string{"", fmt.Sprintf("and %d more; --show N lists more, --format csv all.", rest)}
	}
	_, _ = fmt.Fprintln(a.out)
	return moves.print(a.out, c.Format)
}

// namedRanking finds a pinned ranking by name or base, or else reads a source.
// conn may be nil where both are files.
func namedRanking(ctx context.Context, c *config, conn *queue.Conn, name string) (*message.Ranking, error) {
	if isRemote(name) {
		return findRanking(ctx, c, conn, name)
	}
	if !isFile(name) && conn != nil {
		list, err := conn.Rankings(ctx)
		if err != nil {
			return nil, err
		}
		if r := pinnedRanking(list, name); r != nil {
			return r, nil
		}
		return nil, usage(fmt.Errorf("%q is neither a file nor the name or base of a pinned ranking; 'prevalence ranking list' shows those", name))
	}
	r, err := ranking.Load(ctx, name, ranking.Options{Base: c.RankingBase})
	return r, usage(err)
}
