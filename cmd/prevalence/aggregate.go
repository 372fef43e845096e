package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"prevalence/aggregator"
	"prevalence/internal/engine"
	"prevalence/internal/store"
)

// watchBroker is how often the aggregator asks for the metrics how much waits.
const watchBroker = 5 * time.Second

func (a *app) aggregateCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "aggregate",
		Short: "Write scans to the database and publish snapshots",
		Long: `Takes scans from the broker in batches, writes each batch to ClickHouse, and
gives it back as done only then. Publishes a snapshot of all prevalences now
and then, when nothing is left to do, and never one that says the same as the
one before. One aggregator at a time writes to a dataset; it may be killed at
any moment.`,
		Example: `  prevalence aggregate --nats nats://broker:4222 --clickhouse db:9000
  prevalence aggregate --data ./data`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := loadConfig(cmd)
			if err != nil {
				return err
			}
			log := c.logger(a.errs)
			at, err := reachServices(c)
			if err != nil {
				return err
			}
			metrics, err := newInstruments(cmd.Context(), c)
			if err != nil {
				return err
			}
			defer metrics.close()
			conn, err := connectBrokerFor(cmd.Context(), c, at.Broker, metrics.registry, log)
			if err != nil {
				return err
			}
			defer conn.Close()
			counter, err := newAggregator(cmd.Context(), c, at.Owner, metrics.registry, log)
			if err != nil {
				return err
			}
			defer counter.close()
			g, ctx := errgroup.WithContext(cmd.Context())
			g.Go(func() error { return metrics.serve(ctx) })
			g.Go(func() error { return conn.Watch(ctx, watchBroker) })
			g.Go(func() error { return counter.Run(ctx, conn) })
			return g.Wait()
		},
	}
	addFlags(cmd.Flags(), brokerLogin...)
	addFlags(cmd.Flags(), databaseLogin...)
	addFlags(cmd.Flags(), "data", "metrics", "rules", "complete-index", "snapshot-every", "ack-wait")
	return cmd
}

func (a *app) migrateCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Bring the database's tables up to date",
		Long: `Creates or updates the tables and views of the database. "up" and "engine run"
do this by themselves; a ClickHouse of your own wants it before the first
aggregate and after every upgrade. It may be interrupted and run again.`,
		Example: `  prevalence migrate --clickhouse db:9000 --clickhouse-user owner`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := loadConfig(cmd)
			if err != nil {
				return err
			}
			return a.migrate(cmd.Context(), c)
		},
	}
	addFlags(cmd.Flags(), databaseLogin...)
	addFlags(cmd.Flags(), "data", "format")
	return cmd
}

// migrate brings the tables up to date and says what it did.
func (a *app) migrate(ctx context.Context, c *config) error {
	at, err := reachServices(c)
	if err != nil {
		return err
	}
	db, err := openDatabase(ctx, c, at.Owner, engine.Database)
	if err != nil {
		return err
	}
	defer db.Close()
	done, err := db.Migrate(ctx)
	if err != nil {
		return err
	}
	return sheet{
		columns: []column{{title: "Before", key: "from", number: true}, {title: "Now", key: "to", number: true}},
		rows:    [][]string{{fmt.Sprint(done.From), fmt.Sprint(done.To)}},
		value:   map[string]int64{"from": done.From, "to": done.To},
	}.print(a.out, c.Format)
}

// counter is an aggregator with its database connection.
type counter struct {
	*aggregator.Aggregator
	db *store.DB
}

// newAggregator logs in at the database and reads where the dataset stands.
func newAggregator(ctx context.Context, c *config, owner account, metrics prometheus.Registerer, log *slog.Logger) (*counter, error) {
	rules, err := c.catalogue()
	if err != nil {
		return nil, err
	}
	db, err := openDatabase(ctx, c, owner, engine.Database)
	if err != nil {
		return nil, err
	}
	g, err := aggregator.New(ctx, db, aggregator.Options{Catalog: rules, SnapshotEvery: c.SnapshotEvery,
		CompleteIndexes: c.CompleteIndex, Metrics: metrics, Log: log})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &counter{g, db}, nil
}

func (c *counter) close() { _ = c.db.Close() }
