package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"prevalence/internal/pypi/pypitest"
	"prevalence/query"
)

func (a *app) benchPipelineCommand() *cobra.Command {
	var f benchFlags
	cmd := &cobra.Command{
		Use:   "pipeline",
		Short: "Projects and megabytes a second through every role on this machine",
		Long: `Crawls stand-in indexes with every role as a process of its own on this one
machine, the index server included: projects of the public index's median size,
sdists of megabytes, and, with an answer that takes as long as one from afar,
by one worker process and by two. The time is from the start of the workers
until every scan is stored. Each run's counts are compared with the known ones;
a difference fails the bench. Prints which role used how much of the processors.`,
		Example: `  prevalence bench pipeline --names pypi-names.tsv.gz --workers 2 --check
  prevalence bench pipeline --projects 400`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := loadConfig(cmd)
			if err != nil {
				return err
			}
			r, err := benchPipeline(cmd.Context(), c, &f)
			if err != nil {
				return err
			}
			return a.finishBench(r, c, f.check)
		},
	}
	benchFlag(cmd, &f, 6000, "engine", "workers", "slots", "memory")
	return cmd
}

// pipelineKinds are the indexes that "bench pipeline" crawls, as shares of the
// number of projects asked for.
var pipelineKinds = []struct {
	what      string
	of        int // one project in so many of those asked for
	sdist     int // median packed bytes
	sdistOnly bool
	latency   time.Duration
	workers   int // 0: as asked for
}{
	{what: "small projects", of: 1, sdist: 20_000},
	{what: "large sdists", of: 20, sdist: 1_000_000, sdistOnly: true},
	{what: "small projects from afar, 1 worker process", of: 6, sdist: 20_000, latency: 60 * time.Millisecond, workers: 1},
	{what: "small projects from afar, 2 worker processes", of: 6, sdist: 20_000, latency: 60 * time.Millisecond, workers: 2},
}

// The goals of the pipeline.
const (
	goalProjects  = 250 // a second
	goalMegabytes = 25  // of packed sdists a second
	goalMiB       = 256 // resident in a worker at two scans at a time
)

func benchPipeline(ctx context.Context, c *config, f *benchFlags) (*results, error) {
	r := newResults("pipeline")
	var speed []float64
	for _, kind := range pipelineKinds {
		some := *f
		some.projects = max(f.projects/kind.of, 60)
		p, err := some.population(pypitest.PopulationConfig{PackedBytes: kind.sdist, SdistOnly: kind.sdistOnly}, 100)
		if err != nil {
			return nil, err
		}
		workers := c.Workers
		if kind.workers > 0 {
			workers = kind.workers
		}
		var faults []pypitest.Fault
		if kind.latency > 0 {
			faults = []pypitest.Fault{
				{Path: "/simple/*/", Kind: pypitest.Latency, Delay: kind.latency},
				{Path: "/files/*/*", Kind: pypitest.Latency, Delay: kind.latency},
			}
		}
		run, err := runPipeline(ctx, c, p, workers, faults)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", kind.what, err)
		}
		run.report(r, kind.what, p.Len(), kind.sdistOnly, kind.latency > 0)
		speed = append(speed, float64(p.Len())/run.took.Seconds())
	}
	r.add("from afar: 2 worker processes against 1", speed[3]/speed[2], "times")
	return r, nil
}

// pipelineRun is one crawl of a population by separate processes.
type pipelineRun struct {
	took    time.Duration // from the start of the workers until everything was stored
	use     map[string]processUse
	usage   pypitest.Usage
	spoiled int // requests that met a fault
	sweeps  int
	table   *query.Table
}

// stages are the roles in the order of the data's way.
var stages = []string{roleIndex, roleWorkers, roleBroker, roleAggregate, roleDatabase}

// report adds what a run showed.
func (run *pipelineRun) report(r *results, what string, projects int, bySize, afar bool) {
	seconds := run.took.Seconds()
	perSecond, megabytes := float64(projects)/seconds, float64(run.usage.Bytes)/1e6/seconds
	r.add(what+": projects", float64(projects), "")
	r.add(what+": time", seconds, "s")
	switch {
	case afar:
		r.add(what, perSecond, "projects/s")
	case bySize:
		r.atLeast(what, megabytes, "MB/s", goalMegabytes)
		r.add(what+": projects a second", perSecond, "projects/s")
	default:
		r.atLeast(what, perSecond, "projects/s", goalProjects)
		r.add(what+": fetched", megabytes, "MB/s")
	}
	r.add(what+": requests a project", float64(run.usage.Requests)/float64(projects), "")
	r.add(what+": bytes a request", float64(run.usage.Bytes)/float64(max(run.usage.Requests, 1)), "")
	total := 0.0
	for _, role := range stages {
		total += run.use[role].cpuSeconds
	}
	for _, role := range stages {
		r.add(what+": processor time of "+role, 1000*run.use[role].cpuSeconds/float64(projects), "ms/project")
	}
	r.add(what+": processors busy with it", 100*total/(seconds*float64(runtime.GOMAXPROCS(0))), "%")
	if !afar {
		r.add(what+": if all processors were busy with it", float64(projects*runtime.GOMAXPROCS(0))/total, "projects/s")
	}
	r.atMost(what+": memory of a worker", float64(run.use[roleWorkers].peakBytes)/(1<<20), "MiB", goalMiB)
}

// runPipeline crawls a population and checks the counts. An index with faults
// is swept until nothing is left to ask for again.
func runPipeline(ctx context.Context, c *config, p *pypitest.Population, workers int, faults []pypitest.Fault) (*pipelineRun, error) {
	g, err := newRig(ctx, c, p, pypitest.LikePyPI)
	if err != nil {
		return nil, err
	}
	defer g.close()
	if _, err := g.crawl(ctx); err != nil {
		return nil, err
	}
	if err := g.startAggregator(ctx); err != nil {
		return nil, err
	}
	g.server.Requests()
	g.server.Plan(faults...)
	before, began := g.use(), time.Now()
	if err := g.startWorkers(ctx, workers); err != nil {
		return nil, err
	}
	run := &pipelineRun{sweeps: 1}
	for {
		stored, err := g.awaitStored(ctx)
		if err != nil {
			return nil, err
		}
		run.took = stored.Sub(began)
		run.use = usedSince(before, g.use())
		// Pages that were older than the index promised are asked for again by a later sweep.
		again, err := g.crawl(ctx)
		if err != nil {
			return nil, err
		}
		if again.Accepted == 0 {
			break
		}
		if run.sweeps++; run.sweeps > maxSweeps {
			return nil, fmt.Errorf("after %d sweeps there is still work", maxSweeps)
		}
	}
	log := g.server.Requests()
	for _, q := range log {
		if q.Spoiled {
			run.spoiled++
		}
	}
	for _, u := range pypitest.UsageOf(log, 10*time.Second) {
		run.usage.Requests += u.Requests
		run.usage.Bytes += u.Bytes
	}
	run.table, err = g.awaitTable(ctx)
	if err != nil {
		return nil, err
	}
	if wrong := compareTruth(run.table, g.server.Truth()); len(wrong) > 0 {
		return nil, fmt.Errorf("%d counts are not the known ones: %s", len(wrong), strings.Join(wrong[:min(len(wrong), 5)], "; "))
	}
	return run, nil
}

// maxSweeps bounds the sweeps that a run takes.
const maxSweeps = 12

// usedSince is what was used between two looks.
func usedSince(before, after map[string]processUse) map[string]processUse {
	used := make(map[string]processUse, len(after))
	for role, u := range after {
		used[role] = processUse{u.cpuSeconds - before[role].cpuSeconds, u.peakBytes}
	}
	return used
}

// awaitTable waits for a snapshot that stands for everything, and reads it.
func (r *rig) awaitTable(ctx context.Context) (*query.Table, error) {
	at, err := findServices(r.config.Data)
	if err != nil {
		return nil, err
	}
	deadline := time.Now().Add(2 * time.Minute)
	for {
		var table *query.Table
		err := askAt(ctx, &r.config, at.Reader, func(reader *query.Reader) error {
			status, err := reader.Status(ctx)
			if err != nil {
				return err
			}
			b, err := r.conn.Backlog(ctx)
			if err != nil || !b.Idle() || status.Covered.ScansThrough < b.LastScan {
				return err
			}
			table, err = reader.Top(ctx, query.TopOptions{})
			return err
		})
		var noData errNoData
		if table != nil || err != nil && !errors.As(err, &noData) {
			return table, err
		}
		if time.Now().After(deadline) {
			return nil, errors.New("no snapshot that stands for everything was published within two minutes")
		}
		if err := pauseFor(ctx, 300*time.Millisecond); err != nil {
			return nil, err
		}
	}
}
