package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"prevalence/crawler"
	"prevalence/crawler/ranking"
	"prevalence/internal/pypi"
	"prevalence/internal/queue"
	"prevalence/schemas/message"
)

// crawlKeys are the settings of a sweep.
var crawlKeys = []string{"index", "contact", "rate", "connections", "timeout", "ranking",
	"ranking-base", "ranking-server", "projects", "releases", "top", "limit", "seed", "rescan", "force"}

// followKeys are the settings of sweeps that go on.
var followKeys = []string{"follow", "every", "jitter"}

func (a *app) crawlCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "crawl",
		Short: "Sweep an index and publish a job for every new or changed project",
		Long: `Lists the index with one request, compares the list with the one of the sweep
before, and publishes one job per new or changed project. Names that vanished
become removed, names that came back resurrected. On an index without serials
every project page is read.

A sweep that finds everything as it was publishes nothing. Where the index gives
its list an ETag, that costs one request without an answer to read (304).
--follow goes on sweeping every hour, or as --every says; a sweep that fails is
tried again. A project whose page is older than the index promised is left to a
later sweep. Jobs that killed every worker go to the dead letters.

The latest release of each project is scanned. --releases 3 scans the two before
it as well, of projects that are new or change; --projects NAME==VERSION one
release, whatever changed.

A ranking says who the Top 100 are. It is pinned with its date: what was once
published under its name never changes. "prevalence ranking" keeps others,
counted differently, at its side.

The index is a Simple API in JSON (PEP 691) or HTML (PEP 503), or a folder of
distributions, flat or one folder a project.`,
		Example: `  prevalence crawl --nats nats://broker:4222 --contact you@example.org
  prevalence crawl --data ./data --index ./wheels
  prevalence crawl --nats nats://broker:4222 --follow --every 30m
  prevalence crawl --data ./data --projects requests,urllib3 --rescan
  prevalence crawl --data ./data --projects requests==2.31.0
  prevalence crawl --data ./data --top 1000 --ranking clickhouse:pip-uv`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := loadConfig(cmd)
			if err != nil {
				return err
			}
			if cmd.Flags().Changed("once") && cmd.Flags().Changed("follow") && c.Once && c.Follow {
				return usage(errors.New("once and follow exclude each other: choose one"))
			}
			collectAt(sweepGCPercent)
			debug.SetMemoryLimit(sweepMemory)
			log := c.logger(a.errs)
			metrics, err := newInstruments(cmd.Context(), c)
			if err != nil {
				return err
			}
			defer metrics.close()
			plan, err := planSweep(cmd.Context(), c, metrics, log)
			if err != nil {
				return err
			}
			at, err := reachServices(c)
			if err != nil {
				return err
			}
			conn, err := connectBrokerFor(cmd.Context(), c, at.Broker, metrics.registry, log)
			if err != nil {
				return err
			}
			defer conn.Close()
			if err := conn.Ensure(cmd.Context()); err != nil {
				return err
			}
			p := newProgress(a.errs, c.Progress)
			defer p.close()
			meter := p.meter("crawl")
			show := func(n crawler.Counts) { meter(int64(n.Checked), int64(n.Picked)) }
			var report *crawler.Report
			once := func(ctx context.Context) (err error) {
				report, err = plan.sweep(ctx, c, conn, show, log)
				return err
			}
			err = metrics.during(cmd.Context(), func(ctx context.Context) error {
				if c.following() {
					return crawler.Follow(ctx, c.pace(log), once)
				}
				return once(ctx)
			})
			if err != nil || c.following() {
				return err
			}
			p.close()
			return reportSheet(report).print(a.out, c.Format)
		},
	}
	addFlags(cmd.Flags(), crawlKeys...)
	addFlags(cmd.Flags(), followKeys...)
	addFlags(cmd.Flags(), "once", "metrics", "replicas", "ranking-server-password-file")
	aliasProject(cmd.Flags())
	addFlags(cmd.Flags(), brokerLogin...)
	addFlags(cmd.Flags(), "data", "format", "progress")
	return cmd
}

// A sweep of all of PyPI holds 100 MiB of names, and everything else in it is
// soon garbage: to collect it seldom saves a tenth of the processor time. The
// limit keeps that within the 500 MiB that a crawler may have.
const (
	sweepGCPercent = 300
	sweepMemory    = 400 << 20
)

// collectAt has the garbage collected when the heap has grown by so many per
// cent, unless the environment has a say.
func collectAt(percent int) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(percent)
	}
}

// sweepPlan is what a sweep needs to know beforehand, checked before anything
// is started.
type sweepPlan struct {
	index    pypi.Index
	count    *crawler.Metrics
	names    []string
	versions map[string][]string // of these names, where some were given
	ranking  *message.Ranking    // nil: none, or not fetched yet
	source   string              // of a ranking that is to be fetched; "" for none
	fetched  time.Time           // when it was
}

// planSweep reads what c names on this machine, and counts its requests with
// metrics; a wrong name is a usageError.
func planSweep(ctx context.Context, c *config, metrics *instruments, log *slog.Logger) (*sweepPlan, error) {
	p := &sweepPlan{count: crawler.NewMetrics(metrics.registry)}
	var err error
	if p.index, err = openIndex(c, nil, metrics.index, log); err != nil {
		return nil, err
	}
	if p.names, p.versions, err = projectNames(c.Projects); err != nil {
		return nil, usage(err)
	}
	switch source := rankingSource(c); {
	case source == "" && c.Top > 0:
		return nil, usage(fmt.Errorf("top %d needs a ranking: name one with --ranking", c.Top))
	case source == "":
	case isRemote(source):
		if err := ranking.ValidSource(source); err != nil {
			return nil, usage(err)
		}
		p.source = source
	default:
		if p.ranking, err = loadRanking(ctx, c, source); err != nil {
			return nil, usage(err)
		}
	}
	return p, nil
}

// sweep runs one sweep and tells show how far it is.
func (p *sweepPlan) sweep(ctx context.Context, c *config, conn *queue.Conn, show func(crawler.Counts), log *slog.Logger) (*crawler.Report, error) {
	if err := p.rank(ctx, c, conn, log); err != nil {
		return nil, err
	}
	report, err := crawler.Once(ctx, crawler.Options{
		Index: p.index, Jobs: conn.Jobs(), Store: indexStore{conn}, States: conn, Stale: conn, Reaper: conn, Tombstones: conn,
		Ranking: p.ranking, Projects: p.names, Versions: p.versions, Top: c.Top, Limit: c.Limit,
		Rescan: c.Rescan, Releases: c.Releases, Seed: c.Seed, Force: c.Force, Pages: c.Connections,
		Progress: show, Metrics: p.count, Log: log,
	})
	if errors.Is(err, pypi.ErrNotFound) || errors.Is(err, pypi.ErrPage) {
		return report, fmt.Errorf("%w; no Simple API is there, check --index", err)
	}
	if err != nil {
		return report, err
	}
	if report.Unlisted > 0 {
		log.Info("ranked names that are not on the index", "number", report.Unlisted, "first", report.UnlistedFirst)
	}
	if len(report.Unknown) > 0 {
		log.Warn("projects asked for that are not on the index", "projects", report.Unknown)
	}
	if report.Reaped > 0 {
		log.Error("jobs killed every worker that took them; 'prevalence dead list' shows them", "number", report.Reaped)
	}
	if !report.Published {
		log.Info("nothing changed since the last sweep", "names", report.Names, "not-modified", report.NotModified, "took", report.Took)
		return report, nil
	}
	log.Info("sweep published", "names", report.Names, "jobs", report.Accepted, "unchanged", report.Unchanged,
		"removed", report.Removed, "refused", report.Refused, "failed", report.PagesFailed, "took", report.Took)
	return report, nil
}

// indexStore gives the crawler its own word for "nothing yet".
type indexStore struct{ *queue.Conn }

// LoadIndex implements crawler.IndexStore.
func (s indexStore) LoadIndex(ctx context.Context) (*message.Index, uint64, error) {
	x, revision, err := s.Conn.LoadIndex(ctx)
	if errors.Is(err, queue.ErrNotFound) {
		return nil, 0, crawler.ErrNoIndex
	}
	return x, revision, err
}

// openIndex opens the index that c names; pace shares the rate, nil keeps it for
// this process alone.
func openIndex(c *config, pace pypi.Pace, count *pypi.Metrics, log *slog.Logger) (pypi.Index, error) {
	if !isURL(c.Index) {
		if err := validFolder(c.Index); err != nil {
			return nil, usage(err)
		}
	}
	index, err := pypi.Open(c.Index, pypi.Options{
		Version: buildVersion(), Contact: c.Contact, Rate: c.Rate, Pace: pace, Connections: c.Connections,
		Timeout: c.Timeout, Stall: c.Timeout, Metrics: count, Log: log,
	})
	return index, usage(err)
}

// following reports whether sweeps go on.
func (c *config) following() bool { return c.Follow && !c.Once }

// pace is how often one who follows sweeps.
func (c *config) pace(log *slog.Logger) crawler.Pace {
	return crawler.Pace{Every: c.Every, Jitter: c.Jitter, Log: log}
}

// aliasProject lets --project stand for --projects: one is what most people name.
func aliasProject(flags *pflag.FlagSet) {
	flags.SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		if name == "project" {
			name = "projects"
		}
		return pflag.NormalizedName(name)
	})
}

// reportSheet shows what a sweep did.
func reportSheet(r *crawler.Report) sheet {
	s := sheet{columns: []column{{title: "Sweep", key: "what"}, {title: "Number", key: "number", number: true}}, value: r}
	for _, row := range []struct {
		what string
		n    int
	}{
		{"names on the index", r.Names}, {"looked at", r.Picked}, {"unchanged", r.Unchanged},
		{"new", r.New}, {"changed", r.Changed}, {"resurrected", r.Resurrected}, {"rescans", r.Rescans},
		{"jobs accepted", r.Accepted}, {"jobs still out", r.Refused}, {"removed", r.Removed},
		{"pages that failed", r.PagesFailed}, {"never scanned yet", r.Pending},
		{"jobs that killed their workers", r.Reaped},
	} {
		s.rows = append(s.rows, []string{row.what, fmt.Sprint(row.n)})
	}
	return s
}
