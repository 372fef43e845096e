package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"prevalence/aggregator"
	"prevalence/aggregator/synthetic"
	"prevalence/internal/pypi/pypitest"
	"prevalence/internal/queue"
	"prevalence/internal/store"
	"prevalence/schemas/catalog"
	"prevalence/schemas/message"
)

func (a *app) benchDatasetCommand() *cobra.Command {
	var f benchFlags
	share := 0.01
	cmd := &cobra.Command{
		Use:   "dataset",
		Short: "How fast scans are stored, snapshots published and questions answered",
		Long: fmt.Sprintf(`Puts synthetic scans into the broker, has an aggregator of its own process store
them, publishes snapshots, and asks the database. The whole index (--share 1)
is %d projects with about 15 M behaviours, 150 M symbols of more than 2 M
names, and 20 M indicators; how often a name occurs follows Zipf's law with
exponent %.1f. Everything stands in a folder that is thrown away; the whole
index needs about 12 GB there while it runs.`, wholeIndex, synthetic.SymbolExponent),
		Example: `  prevalence bench dataset
  prevalence bench dataset --share 1 --names pypi-names.tsv.gz --format json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := loadConfig(cmd)
			if err != nil {
				return err
			}
			if share <= 0 || share > 1 {
				return usage(fmt.Errorf("share %g: want more than 0 and at most 1", share))
			}
			r, err := a.benchDataset(cmd.Context(), c, &f, share)
			if err != nil {
				return err
			}
			return a.finishBench(r, c, f.check)
		},
	}
	cmd.Flags().StringVar(&f.names, "names", "", "`file` of names, months and ranks; without one they are generated")
	cmd.Flags().Float64Var(&share, "share", share, "`share` of the whole index, from 0 to 1")
	cmd.Flags().Uint64Var(&f.seed, "bench-seed", 1, "`seed` of the scans")
	cmd.Flags().BoolVar(&f.check, "check", false, "exit 1 where a goal is missed")
	addFlags(cmd.Flags(), "format", "engine", "log-level")
	return cmd
}

// datasetBench is one run of the bench.
type datasetBench struct {
	app     *app
	config  config // of this run: where everything is
	results *results
	scans   *synthetic.Generator
	names   []pypitest.Name
	rules   *catalog.Catalog
}

func (a *app) benchDataset(ctx context.Context, c *config, f *benchFlags, share float64) (*results, error) {
	rules, err := catalog.Default()
	if err != nil {
		return nil, err
	}
	names, err := f.namesOf(share)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "prevalence-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	b := newDatasetBench(a, c, f, "dataset", dir, names, rules, share)
	s, err := startServices(ctx, &b.config, b.config.logger(a.errs))
	if err != nil {
		return nil, err
	}
	defer s.close()
	if err := b.load(ctx, s); err != nil {
		return nil, err
	}
	return b.results, b.ask(ctx, s)
}

// newDatasetBench prepares a run in a folder.
func newDatasetBench(a *app, c *config, f *benchFlags, what, dir string, names []pypitest.Name, rules *catalog.Catalog, share float64) *datasetBench {
	b := &datasetBench{app: a, config: *c, results: newResults(what), names: names, rules: rules}
	b.config.Data, b.config.NATS, b.config.ClickHouse = dir, "", ""
	b.scans = synthetic.New(synthetic.Config{Seed: f.seed, Names: plainNames(names), Behaviors: behaviorIDs(rules), Catalogue: rules.Hash(), Share: share})
	return b
}

// namesOf reads or generates the names of a share of the index.
func (f *benchFlags) namesOf(share float64) ([]pypitest.Name, error) {
	n := int(math.Round(wholeIndex * share))
	if f.names == "" {
		return pypitest.GenerateNames(f.seed, n), nil
	}
	names, err := pypitest.ReadNames(f.names)
	if err != nil {
		return nil, usage(fmt.Errorf("names: %w", err))
	}
	if share < 1 {
		names = pypitest.Sample(names, min(n, len(names)), min(n/2, 10_000), f.seed)
	}
	return names, nil
}

func plainNames(names []pypitest.Name) []string {
	plain := make([]string, len(names))
	for i, n := range names {
		plain[i] = n.Name
	}
	return plain
}

func behaviorIDs(rules *catalog.Catalog) []string {
	ids := make([]string, len(rules.Rules))
	for i := range rules.Rules {
		ids[i] = rules.Rules[i].ID
	}
	return ids
}

// load stores the scans and publishes snapshots of them.
func (b *datasetBench) load(ctx context.Context, s *running) error {
	conn, err := connectBroker(ctx, &b.config, s.Broker, nil)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := b.publish(ctx, conn); err != nil {
		return fmt.Errorf("put scans into the broker: %w", err)
	}
	if err := b.store(ctx, conn, s); err != nil {
		return fmt.Errorf("store scans: %w", err)
	}
	if err := b.snapshot(ctx, conn, s); err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	return nil
}

// publish puts everything into the broker that an aggregator reads.
func (b *datasetBench) publish(ctx context.Context, conn *queue.Conn) error {
	ranked := slices.DeleteFunc(slices.Clone(b.names), func(n pypitest.Name) bool { return n.Rank == 0 })
	slices.SortFunc(ranked, func(x, y pypitest.Name) int { return x.Rank - y.Rank })
	ranking := message.Ranking{Name: "all@2026-11-01#00000000", Base: "all", Date: time.Unix(1_790_000_000, 0).UTC(), Source: "synthetic", Projects: plainNames(ranked)}
	if err := conn.PublishRanking(ctx, ranking); err != nil {
		return err
	}
	if _, err := conn.SaveIndex(ctx, b.scans.Index(ranking.Name), 0); err != nil {
		return err
	}
	g, within := errgroup.WithContext(ctx)
	g.SetLimit(32)
	for i := range b.names {
		if within.Err() != nil {
			break
		}
		g.Go(func() error { return conn.PublishScan(within, b.scans.Scan(i)) })
	}
	return g.Wait()
}

// store runs an aggregator, as a process of its own, until it has stored everything.
func (b *datasetBench) store(ctx context.Context, conn *queue.Conn, s *running) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	var errs bytes.Buffer
	cmd := exec.CommandContext(ctx, self, "aggregate", "--config", os.DevNull, "--data", b.config.Data, "--snapshot-every", "24h", "--log-level", "warn")
	cmd.Env, cmd.Stderr = os.Environ(), &errs
	before, began := useOf(s.database.Pid()), time.Now()
	if err := cmd.Start(); err != nil {
		return err
	}
	use, err := b.untilStored(ctx, conn, cmd.Process.Pid)
	took, after := time.Since(began), useOf(s.database.Pid())
	_ = cmd.Process.Signal(os.Interrupt)
	if ended := cmd.Wait(); err != nil {
		return fmt.Errorf("%w (%w): %s", err, ended, errs.String())
	}
	n := float64(len(b.names))
	b.results.atLeast("scans stored", n/took.Seconds(), "scans/s", 2000)
	b.results.atMost("the whole load", took.Seconds(), "s", 600)
	b.results.add("processor time of the aggregator", 1e3*use.cpuSeconds/n, "ms/scan")
	b.results.add("processor time of the database", 1e3*(after.cpuSeconds-before.cpuSeconds)/n, "ms/scan")
	b.results.atMost("resident in the aggregator, at most", float64(use.peakBytes)/(1<<20), "MiB", 512)
	return nil
}

// untilStored waits until the broker has no scan left, and returns what the
// aggregator used.
func (b *datasetBench) untilStored(ctx context.Context, conn *queue.Conn, aggregator int) (use processUse, err error) {
	for {
		waiting, err := conn.Backlog(ctx)
		if err != nil {
			return use, err
		}
		now := useOf(aggregator)
		if now == (processUse{}) || now.peakBytes == 0 {
			return use, errors.New("the aggregator ended")
		}
		if use = now; waiting.Scans == 0 {
			return use, nil
		}
		select {
		case <-ctx.Done():
			return use, ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// publications is how many snapshots are published, for their median.
const publications = 3

// snapshot publishes snapshots and says how large everything is.
func (b *datasetBench) snapshot(ctx context.Context, conn *queue.Conn, s *running) error {
	g, err := newAggregator(ctx, &b.config, s.Owner, nil, b.config.logger(b.app.errs))
	if err != nil {
		return err
	}
	defer g.close()
	var states []aggregator.State
	for state, err := range conn.States(ctx, 0) {
		if err != nil {
			return err
		}
		states = append(states, aggregator.State(state))
	}
	if err := g.AddStates(ctx, states, states[len(states)-1].Seq); err != nil {
		return err
	}
	index, revision, err := conn.LoadIndex(ctx)
	if err != nil {
		return err
	}
	var prevalence, all []float64
	for i := range publications {
		index.Serial = message.Serial(fmt.Sprint(2 + i)) // else an equal snapshot is not published
		if err := g.UseIndex(ctx, index, revision); err != nil {
			return err
		}
		if ok, err := g.Snapshot(ctx); err != nil || !ok {
			return errors.Join(err, errors.New("no snapshot was published"))
		}
		p := g.Publication()
		prevalence, all = append(prevalence, p.Prevalence.Seconds()), append(all, p.Took.Seconds())
	}
	b.results.atMost(fmt.Sprintf("publication of all prevalences, median of %d", publications), median(prevalence), "s", 5)
	b.results.atMost("publication with the counts of symbols, likewise", median(all), "s", 20)
	return b.sizes(ctx, g.db)
}

// sizes says what the largest tables take on disk.
func (b *datasetBench) sizes(ctx context.Context, db *store.DB) error {
	type row struct {
		Table string `ch:"table"`
		Rows  uint64 `ch:"rows"`
		Bytes uint64 `ch:"bytes"`
	}
	rows, err := store.Select[row](ctx, db, "SELECT table, rows, bytes FROM "+db.Views()+".storage ORDER BY bytes DESC", nil)
	if err != nil {
		return err
	}
	total := 0.0
	for i, r := range rows {
		total += float64(r.Bytes)
		if i < 4 {
			b.results.add("rows of "+r.Table, float64(r.Rows)/1e6, "M")
			b.results.add("on disk: "+r.Table, float64(r.Bytes)/1e6, "MB")
		}
	}
	b.results.atMost("on disk: everything", total/1e9, "GB", 6)
	return nil
}

func median(values []float64) float64 {
	return slices.Sorted(slices.Values(values))[len(values)/2]
}
