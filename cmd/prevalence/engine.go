package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"prevalence/internal/engine"
)

func (a *app) engineCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "engine",
		Short: "Fetch, find or run the embedded broker and database",
		Long: `prevalence brings its broker (NATS with JetStream) along. Its database is the
ClickHouse engine, as a library that "engine fetch" downloads once into the
cache folder (about 180 MB, by the npm client, pinned and checked by hash) or
as a "clickhouse" binary on PATH. "prevalence up" starts both by itself.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.Example = `  prevalence engine fetch
  prevalence engine run --data ./data`
	cmd.AddCommand(a.engineFetchCommand(), a.enginePathCommand(), a.engineRunCommand())
	return cmd
}

func (a *app) engineFetchCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "fetch",
		Short: "Download the database engine, once",
		Long: `Downloads version ` + engine.Version + ` of the engine by the npm client, checks its
sha512 and puts the library into the cache folder. Does nothing when it is
there already.`,
		Example: `  prevalence engine fetch`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := loadConfig(cmd)
			if err != nil {
				return err
			}
			return a.fetchEngine(cmd.Context(), c)
		},
	}
	addFlags(cmd.Flags(), "format", "progress")
	return cmd
}

// engineMB is the engine's size, for the progress alone.
const engineMB = 566

// fetchEngine downloads the engine, unless it is there, and prints its path.
func (a *app) fetchEngine(ctx context.Context, c *config) error {
	p := newProgress(a.errs, c.Progress)
	defer p.close()
	show := p.meter("MB unpacked")
	path, err := engine.Fetch(ctx, func(bytes int64) { show(bytes/1e6, engineMB) })
	if err != nil {
		return err
	}
	p.close()
	return a.printLocation(c, engine.Location{Kind: engine.KindLibrary, Path: path})
}

// printLocation prints where an engine is: as a table the bare path, which is
// what a script wants.
func (a *app) printLocation(c *config, l engine.Location) error {
	if c.Format == "table" {
		_, err := fmt.Fprintln(a.out, l.Path)
		return err
	}
	return sheet{
		columns: []column{{key: "kind"}, {key: "path"}},
		rows:    [][]string{{string(l.Kind), l.Path}},
		value:   map[string]string{"kind": string(l.Kind), "path": l.Path},
	}.print(a.out, c.Format)
}

func (a *app) enginePathCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "path",
		Short: "Print which database engine would be used",
		Long: `Prints the path of the engine that "up" would start: the one in the setting
engine, else the library in the cache folder, else "clickhouse" on PATH.`,
		Example: `  prevalence engine path`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := loadConfig(cmd)
			if err != nil {
				return err
			}
			location, err := c.engineLocation()
			if err != nil {
				return err
			}
			return a.printLocation(c, location)
		},
	}
	addFlags(cmd.Flags(), "engine", "format")
	return cmd
}

func (a *app) engineRunCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Run the embedded broker and database alone",
		Long: `Runs the embedded broker and database of a data folder in the foreground, on
loopback, until interrupted. Roles that are started with the same --data find
them by themselves: crawl, work, aggregate, query, report, status.`,
		Example: `  prevalence engine run --data ./data &
  prevalence work --data ./data --index ./wheels &
  prevalence aggregate --data ./data &
  prevalence crawl --data ./data --index ./wheels`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := loadConfig(cmd)
			if err != nil {
				return err
			}
			return a.runEngine(cmd.Context(), c)
		},
	}
	addFlags(cmd.Flags(), "data", "engine", "broker-listen")
	return cmd
}

// runEngine serves the data folder until ctx is done.
func (a *app) runEngine(ctx context.Context, c *config) error {
	collectAt(brokerGCPercent)
	s, err := startServices(ctx, c, c.logger(a.errs))
	if err != nil {
		return err
	}
	defer s.close()
	_, _ = fmt.Fprintf(a.out, "broker %s, database %s, data folder %s\n", s.Broker.Address, s.Owner.Address, c.Data)
	select {
	case <-ctx.Done():
		return nil
	case err := <-s.died():
		return fmt.Errorf("the database engine ended: %w", err)
	}
}

// brokerGCPercent is for a process that is nothing but a broker: it keeps a
// subject in memory for each job, and marking them was a fifth of its work.
const brokerGCPercent = 200

// engineLocation is the engine that c names, or the one that is found.
func (c *config) engineLocation() (engine.Location, error) {
	if c.Engine != "" {
		location, err := engine.Locate(c.Engine)
		return location, usage(err)
	}
	return engine.Find()
}
