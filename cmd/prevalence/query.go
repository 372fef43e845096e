package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"prevalence/internal/engine"
	"prevalence/query"
)

// readerKeys are the settings of commands that ask the dataset.
var readerKeys = append([]string{"data", "engine", "rules", "format"}, databaseLogin...)

func (a *app) queryCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "query",
		Short: "Ask how common something is",
		Long: `Asks the newest snapshot of the dataset, as a user who can read views and
nothing else. When no "prevalence up" runs on the data folder, the database is
started for the question and stopped again.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.Example = `  prevalence query top --by category
  prevalence query behavior file/delete
  prevalence query symbol 'subprocess.run#shell=True'
  prevalence query indicator '*.workers.dev'
  prevalence query users-of requests
  prevalence query projects --format csv`
	cmd.AddCommand(a.queryTopCommand(), a.queryBehaviorCommand(), a.queryProjectsCommand(),
		a.querySymbolCommand(), a.queryIndicatorCommand(), a.queryComboCommand(),
		a.querySnapshotsCommand(), a.queryDiffCommand(), a.queryEmailCommand(), a.queryDomainCommand(),
		a.queryUsersOfCommand(), a.queryProvidesCommand(), a.queryNewCommand(), a.querySQLCommand(), a.queryViewsCommand())
	return cmd
}

// ask opens the dataset for reading, asks, and closes it again.
func (a *app) ask(ctx context.Context, c *config, question func(*query.Reader) error) error {
	at, stop, err := reachReader(ctx, c)
	if err != nil {
		return err
	}
	defer stop()
	return askAt(ctx, c, at, question)
}

// askAt asks the database at a given address.
func askAt(ctx context.Context, c *config, at account, question func(*query.Reader) error) error {
	rules, err := c.catalogue()
	if err != nil {
		return err
	}
	db, err := openDatabase(ctx, c, at, engine.ViewsDatabase)
	if err != nil {
		return err
	}
	defer db.Close()
	err = question(query.New(db, rules))
	switch {
	case errors.Is(err, query.ErrNoSnapshot):
		return errNoData{"no snapshot has been published yet; run 'prevalence up', or wait until it has scanned something"}
	case errors.Is(err, query.ErrNotFound):
		return errNoData{err.Error()}
	}
	return err
}

// reachReader finds the database to ask, with the account that may read.
func reachReader(ctx context.Context, c *config) (at account, stop func(), err error) {
	found, stop, err := reachDatabase(ctx, c)
	return found.Reader, stop, err
}

// database is where a database listens.
type database struct {
	Owner, Reader account
}

// reachDatabase finds the database: an external one, that of the process which
// holds the data folder, or one that is started for the occasion.
func reachDatabase(ctx context.Context, c *config) (at database, stop func(), err error) {
	if c.ClickHouse != "" {
		external := account{c.ClickHouse, c.ClickHouseUser, c.ClickHousePassword}
		return database{Owner: external, Reader: external}, func() {}, nil
	}
	dir, err := lookInDataDir(c.Data)
	if errors.Is(err, errDataInUse) {
		found, err := reachServices(c)
		return database{Owner: found.Owner, Reader: found.Reader}, func() {}, err
	}
	if err != nil {
		return database{}, nil, err
	}
	location, err := c.engineLocation()
	if err != nil {
		return database{}, nil, errors.Join(err, dir.close())
	}
	r := &running{dir: dir}
	if err := r.startDatabase(ctx, c, location, slog.New(slog.DiscardHandler)); err != nil {
		r.close()
		return database{}, nil, err
	}
	return database{Owner: r.Owner, Reader: r.Reader}, r.close, nil
}

func (a *app) queryBehaviorCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "behavior ID",
		Short: "One behaviour: its numbers by band and context, and who shows it",
		Long: `Prints one behaviour of the catalogue: what it means, how many projects of each
band show it in which context, and the highest ranked projects that do.`,
		Example: `  prevalence query behavior file/delete
  prevalence query behavior execution/install-hook --show 50`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := loadConfig(cmd)
			if err != nil {
				return err
			}
			limit, err := cmd.Flags().GetInt("show")
			if err != nil {
				return err
			}
			return a.ask(cmd.Context(), c, func(r *query.Reader) error {
				b, err := r.Behavior(cmd.Context(), args[0], "", limit)
				if err != nil {
					return err
				}
				return a.printBehavior(c, b)
			})
		},
	}
	addFlags(cmd.Flags(), readerKeys...)
	cmd.Flags().Int("show", 20, "list at most `n` projects")
	return cmd
}

// printBehavior prints one behaviour: its numbers by context, then projects.
func (a *app) printBehavior(c *config, b *query.Behavior) error {
	if c.Format == "json" {
		return printJSON(a.out, b)
	}
	numbers := topSheet(&query.Table{Snapshot: b.Snapshot, Rows: append([]query.TopRow{b.TopRow}, b.Contexts...)}, topView{contexts: true})
	if c.Format == "csv" {
		return numbers.print(a.out, c.Format)
	}
	technique := ""
	if b.Attack != "" {
		technique = "  (ATT&CK " + b.Attack + ")"
	}
	if _, err := fmt.Fprintf(a.out, "%s%s\n%s\n\n", b.TopRow.Behavior, technique, b.Sentence); err != nil {
		return err
	}
	if err := numbers.print(a.out, c.Format); err != nil {
		return err
	}
	if len(b.Projects) == 0 {
		return nil
	}
	_, _ = fmt.Fprintln(a.out)
	return shownSheet(b.Projects).print(a.out, c.Format)
}

// shownSheet lists projects that show a behaviour.
func shownSheet(projects []query.Shown) sheet {
	s := sheet{value: projects, columns: []column{
		{title: "Rank", key: "rank", number: true}, {title: "Project", key: "project"}, {title: "Version", key: "version"},
		{title: "Where", key: "contexts"}, {title: "Certainty", key: "certainty"},
	}}
	for _, p := range projects {
		certainty := "likely"
		if p.Resolved {
			certainty = "resolved"
		}
		s.rows = append(s.rows, []string{rankText(p.Rank), p.Project, p.Version, join(p.Contexts), certainty})
	}
	return s
}

func (a *app) queryProjectsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "projects",
		Short: "Every project of the snapshot with its rank and outcome",
		Long: `Lists every project that the snapshot stands for: its rank, the release that
was looked at, how its scan ended (ok, partial, empty, unanalysed), and why.`,
		Example: `  prevalence query projects
  prevalence query projects --format csv | grep unanalysed`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := loadConfig(cmd)
			if err != nil {
				return err
			}
			return a.ask(cmd.Context(), c, func(r *query.Reader) error {
				projects, err := r.Projects(cmd.Context(), "")
				if err != nil {
					return err
				}
				return projectsSheet(projects).print(a.out, c.Format)
			})
		},
	}
	addFlags(cmd.Flags(), readerKeys...)
	return cmd
}

func projectsSheet(projects []query.Listed) sheet {
	s := sheet{value: projects, columns: []column{
		{title: "Project", key: "project"}, {title: "Rank", key: "rank", number: true}, {title: "Version", key: "version"},
		{title: "Outcome", key: "outcome"}, {title: "Why", key: "why"},
	}}
	for _, p := range projects {
		s.rows = append(s.rows, []string{p.Project, rankText(p.Rank), p.Version, p.Outcome, p.Why})
	}
	return s
}
