package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"prevalence/crawler"
	"prevalence/internal/queue"
)

func (a *app) upCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Run everything on this machine: crawl, look inside, count",
		Long: `Starts the broker (in this process), the database engine and the workers (as
child processes), sweeps the index once, and keeps counting until interrupted,
or with --until-idle until a published snapshot covers every job. With --follow
the index is swept again every hour, or as --every says.

It may be stopped or killed at any moment: started again on the same data
folder, it goes on where it was. A second run over an unchanged index does
nothing.`,
		Example: `  prevalence up --index ~/wheelhouse --until-idle
  prevalence up --top 1000 --contact you@example.org --until-idle
  prevalence up --index https://mirror.example/simple/ --follow
  prevalence up --nats nats://broker:4222 --clickhouse db:9000 --clickhouse-user owner`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := loadConfig(cmd)
			if err != nil {
				return err
			}
			return a.pipeline(cmd.Context(), c, func(ctx context.Context, reader account) error {
				return a.summary(ctx, c, reader, a.out)
			})
		},
	}
	addFlags(cmd.Flags(), crawlKeys...)
	addFlags(cmd.Flags(), followKeys...)
	addFlags(cmd.Flags(), brokerLogin...)
	addFlags(cmd.Flags(), databaseLogin...)
	aliasProject(cmd.Flags())
	addFlags(cmd.Flags(), "rules", "files", "workers", "slots", "memory", "ack-wait", "email-key-id",
		"memory-limit", "require-sandbox", "no-sandbox", "sandbox-ports",
		"data", "engine", "broker-listen", "metrics", "email-key-file",
		"complete-index", "snapshot-every", "until-idle", "format", "progress")
	return cmd
}

// errIdle ends a run that was asked to stop when there is nothing left to do.
var errIdle = errors.New("idle")

// pipeline runs every role until ctx is done, or until everything is counted,
// and then has the result told while the database is still there.
func (a *app) pipeline(ctx context.Context, c *config, tell func(context.Context, account) error) error {
	if _, err := c.catalogue(); err != nil {
		return err // before anything is started
	}
	p := newProgress(a.errs, c.Progress)
	defer p.close()
	log := c.logger(p)
	metrics, err := newInstruments(ctx, c)
	if err != nil {
		return err
	}
	defer metrics.close()
	plan, err := planSweep(ctx, c, metrics, log)
	if err != nil {
		return err
	}
	s, err := startServices(ctx, c, log)
	if err != nil {
		return err
	}
	defer s.close()
	conn, err := connectBrokerFor(ctx, c, s.Broker, metrics.registry, log)
	if err != nil {
		return err
	}
	defer conn.Close()
	if s.embedded != nil {
		// Whatever job is out belongs to a worker of a run that is over.
		if err := conn.ReleaseJobs(ctx); err != nil {
			return err
		}
	}
	counter, err := newAggregator(ctx, c, s.Owner, metrics.registry, log)
	if err != nil {
		return err
	}
	defer counter.close()
	run := &upRun{app: a, config: c, plan: plan, conn: conn, counter: counter, services: s.services, log: log,
		swept: make(chan struct{}), progress: p, crawled: p.meter("crawled"), scanned: p.meter("scanned"), stored: p.meter("stored")}

	parent := ctx
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return counter.Run(ctx, conn) })
	g.Go(func() error { return run.workers(ctx, p) })
	g.Go(func() error { return run.sweep(ctx) })
	g.Go(func() error { return run.watch(ctx) })
	g.Go(func() error { return run.reap(ctx) })
	g.Go(func() error { return metrics.serve(ctx) })
	g.Go(func() error { return conn.Watch(ctx, watchBroker) })
	g.Go(func() error {
		select {
		case <-ctx.Done():
			return nil
		case err := <-s.died():
			return fmt.Errorf("the database engine ended: %w", err)
		}
	})
	err = g.Wait()
	if err != nil && !errors.Is(err, errIdle) {
		return err
	}
	p.close()
	if interrupted := parent.Err(); interrupted != nil {
		return interrupted
	}
	return tell(parent, s.Reader)
}

// upRun is one run of up.
type upRun struct {
	app      *app
	config   *config
	plan     *sweepPlan
	conn     *queue.Conn
	counter  *counter
	services services
	log      *slog.Logger

	swept    chan struct{} // closed when the sweep is published, or will not be
	revision atomic.Uint64 // of the index that the last sweep published
	failed   error         // why nothing was published; set likewise
	jobs     atomic.Int64  // accepted so far
	most     int64         // jobs that are or were there in this run; watch's own

	progress                 *progress
	crawled, scanned, stored func(done, total int64)
}

// The pause after a sweep that failed by the index's fault; it is doubled
// after each further one.
const (
	sweepAgain     = 15 * time.Second
	sweepAgainMost = 10 * time.Minute
)

// sweep crawls, once or at intervals.
func (r *upRun) sweep(ctx context.Context) error {
	if !r.config.following() {
		return r.firstSweep(ctx)
	}
	return crawler.Follow(ctx, r.config.pace(r.log), func(ctx context.Context) error {
		select {
		case <-r.swept:
			return r.sweepOnce(ctx)
		default:
			return r.firstSweep(ctx)
		}
	})
}

// sweepOnce crawls once.
func (r *upRun) sweepOnce(ctx context.Context) error {
	show := func(n crawler.Counts) {
		r.jobs.Store(int64(n.Accepted))
		r.crawled(int64(n.Checked), int64(n.Picked))
	}
	report, err := r.plan.sweep(ctx, r.config, r.conn, show, r.log)
	if err != nil {
		return err
	}
	show(report.Counts)
	revision, err := r.conn.IndexRevision(ctx)
	r.revision.Store(revision)
	return err
}

// firstSweep crawls once. An index that does not answer is no reason to give up
// what is in the broker already: the sweep is tried again for as long as the
// run lasts, or, where the run ends by itself, given up when the rest is done.
func (r *upRun) firstSweep(ctx context.Context) error {
	for wait := sweepAgain; ; wait = min(2*wait, sweepAgainMost) {
		err := r.sweepOnce(ctx)
		if err == nil {
			break
		}
		if ctx.Err() != nil || exitCode(ctx, err) != exitUnreachable {
			return err
		}
		if r.config.UntilIdle {
			r.failed = err
			break
		}
		r.log.Warn("the index cannot be swept, trying again", "wait", wait, "reason", err)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
	}
	close(r.swept)
	return nil
}

// reapEvery is how often the run looks for jobs that nobody will get.
const reapEvery = time.Minute

// reap buries the jobs that killed every worker, so that none of them keeps
// the run from coming to an end.
func (r *upRun) reap(ctx context.Context) error {
	tick := time.NewTicker(reapEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		switch n, err := r.conn.Reap(ctx); {
		case err != nil && ctx.Err() == nil:
			r.log.Warn("undeliverable jobs are not buried", "error", err)
		case n > 0:
			r.log.Error("jobs killed every worker that took them; 'prevalence dead list' shows them", "number", n)
		}
	}
}

// workers runs the worker processes. They are given the broker's worker
// account and nothing of the database.
func (r *upRun) workers(ctx context.Context, logs *progress) error {
	pool := &workerPool{
		args: []string{"work", "--config", os.DevNull}, env: workerEnv(r.config, r.services.Worker), number: r.config.Workers,
		metrics: r.config.Metrics, log: r.log, logsTo: logs, pause: time.Second, patient: 10 * time.Second,
	}
	return pool.run(ctx)
}

// watchEvery is how often the run looks at itself.
const watchEvery = 250 * time.Millisecond

// watch shows how far the run is, prints the first table, and returns errIdle
// when everything is counted and the run was asked to stop then.
func (r *upRun) watch(ctx context.Context) error {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	table, told := false, false
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		waiting, err := r.conn.Backlog(ctx)
		if err != nil {
			if ctx.Err() == nil {
				r.log.Debug("backlog unknown", "reason", err)
			}
			continue
		}
		r.show(waiting)
		if !r.covered(waiting) {
			told = false
			if !table && r.counter.Coverage().Snapshot != "" && r.config.Progress != "none" {
				table = true
				if err := r.firstTable(ctx); err != nil {
					return err
				}
			}
			continue
		}
		if r.config.UntilIdle {
			return cmp.Or(r.failed, errIdle)
		}
		if !told {
			told = true
			r.log.Info("everything is counted; waiting for more, stop with Ctrl-C", "snapshot", r.counter.Coverage().Snapshot)
		}
	}
}

// show updates the progress. Jobs of an earlier run may be under way as well.
func (r *upRun) show(waiting queue.Backlog) {
	open := int64(waiting.Jobs + waiting.JobsOut)
	r.most = max(r.most, r.jobs.Load(), open)
	done := r.most - open
	r.scanned(done, r.most)
	r.stored(max(0, done-int64(waiting.Scans)), r.most)
}

// covered reports whether a published snapshot stands for every job.
func (r *upRun) covered(waiting queue.Backlog) bool {
	select {
	case <-r.swept:
	default:
		return false
	}
	if !waiting.Idle() {
		return false
	}
	if waiting.LastScan == 0 {
		return true // nothing was ever scanned
	}
	at := r.counter.Coverage()
	if at.ScansThrough >= waiting.LastScan && at.IndexRevision >= r.revision.Load() {
		return true
	}
	r.counter.RequestSnapshot()
	return false
}
