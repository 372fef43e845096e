package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"prevalence/internal/pypi/pypitest"
)

func (a *app) benchSweepCommand() *cobra.Command {
	var f benchFlags
	cmd := &cobra.Command{
		Use:   "sweep",
		Short: "Sweep the whole index: first, unchanged, 1 % changed",
		Long: `Sweeps a stand-in index three times by a crawler in a process of its own, over a
broker in another: a first time, when every name becomes a job; unchanged; and
with one project in a hundred new, released anew or removed. The time is that of
the crawler's process from start to end, every job acknowledged by the broker
and the list published.`,
		Example: `  prevalence bench sweep --names pypi-names.tsv.gz --check
  prevalence bench sweep --projects 20000`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := loadConfig(cmd)
			if err != nil {
				return err
			}
			p, err := f.population(pypitest.PopulationConfig{}, 10_000)
			if err != nil {
				return err
			}
			r, err := benchSweep(cmd.Context(), c, p)
			if err != nil {
				return err
			}
			return a.finishBench(r, c, f.check)
		},
	}
	benchFlag(cmd, &f, 0, "engine")
	return cmd
}

// benchSweep sweeps a population three times.
func benchSweep(ctx context.Context, c *config, p *pypitest.Population) (*results, error) {
	r := newResults("sweep")
	g, err := newRig(ctx, c, p, pypitest.LikePyPI)
	if err != nil {
		return nil, err
	}
	defer g.close()
	n := p.Len()
	r.add("names", float64(n), "")
	released, appeared, vanished := n*8/1000, max(n/1000, 1), max(n/1000, 1)
	for _, sweep := range []struct {
		what          string
		seconds       float64
		change        func() error
		jobs, removed int
	}{
		{"first", 12, func() error { return nil }, n, 0},
		{"unchanged", 2, func() error { return nil }, 0, 0},
		{"1 % changed", 3, func() error {
			// A project whose job is still out is refused another, so those that
			// change are some whose job is done.
			broker, began := g.use()[roleBroker], time.Now()
			done, err := g.drain(ctx, released)
			if err != nil {
				return err
			}
			r.atLeast("jobs taken and given back as done, of a full queue", float64(released)/time.Since(began).Seconds(), "jobs/s", 4*goalProjects)
			r.add("broker's processor time for one of them", 1000*(g.use()[roleBroker].cpuSeconds-broker.cpuSeconds)/float64(max(released, 1)), "ms")
			for _, project := range done {
				g.server.Release(project)
			}
			g.server.Change(1, pypitest.Changes{New: appeared, Removed: vanished})
			return g.server.Prepare()
		}, released + appeared, vanished},
	} {
		if err := sweep.change(); err != nil {
			return nil, err
		}
		before := g.use()
		g.server.Requests()
		got, err := g.crawl(ctx)
		if err != nil {
			return nil, err
		}
		after := g.use()
		// Of those with a new release a few may be among the removed ones.
		if off := sweep.jobs - got.Accepted; off < 0 || off > got.Removed || got.Removed != sweep.removed {
			return nil, fmt.Errorf("bench sweep: the %s sweep published %d jobs and found %d removed names instead of %d and %d",
				sweep.what, got.Accepted, got.Removed, sweep.jobs, sweep.removed)
		}
		r.atMost(sweep.what+" sweep", got.took.Seconds(), "s", sweep.seconds)
		r.add(sweep.what+" sweep: jobs", float64(got.Accepted), "")
		r.atMost(sweep.what+" sweep: crawler's memory", float64(got.use.peakBytes)/(1<<20), "MiB", 500)
		r.add(sweep.what+" sweep: crawler's processor time", got.use.cpuSeconds, "s")
		r.add(sweep.what+" sweep: broker's processor time", after[roleBroker].cpuSeconds-before[roleBroker].cpuSeconds, "s")
		usage := pypitest.Usage{}
		for _, u := range pypitest.UsageOf(g.server.Requests(), c.Timeout) {
			usage.Requests += u.Requests
			usage.Bytes += u.Bytes
		}
		r.add(sweep.what+" sweep: requests", float64(usage.Requests), "")
		r.add(sweep.what+" sweep: fetched", float64(usage.Bytes)/1e6, "MB")
	}
	return r, nil
}

// drainers is how many jobs are taken at a time.
const drainers = 16

// drain takes so many jobs, gives them back as done, as workers would, and
// returns their projects.
func (r *rig) drain(ctx context.Context, jobs int) ([]string, error) {
	consumer, err := r.conn.JobConsumer(ctx, time.Minute)
	if err != nil {
		return nil, err
	}
	done := make([]string, jobs)
	var taken atomic.Int64
	g, ctx := errgroup.WithContext(ctx)
	for range min(drainers, jobs) {
		g.Go(func() error {
			for i := taken.Add(1); i <= int64(jobs); i = taken.Add(1) {
				d, err := consumer.Next(ctx)
				if err != nil {
					return err
				}
				if err := d.Ack(ctx); err != nil {
					return err
				}
				done[i-1] = d.Job.Project
			}
			return nil
		})
	}
	return done, g.Wait()
}
