package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"prevalence/crawler"
	"prevalence/crawler/ranking"
	"prevalence/internal/pypi"
	"prevalence/internal/queue"
	"prevalence/schemas/message"
)

// crawlKeys are the settings of a sweep.
var crawlKeys = []string{"index", "contact", "rate", "connections", "timeout", "ranking",
	"projects", "top", "limit", "seed", "rescan", "force"}

func (a *app) crawlCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "crawl",
		Short: "Sweep an index once and publish a job for every new or changed project",
		Long: `Lists the index with one request, compares the list with the one of the sweep
before, and publishes one job per new or changed project. Names that vanished
become removed, names that came back resurrected. On an index without serials
every project page is read.

The index is a Simple API in JSON (PEP 691) or HTML (PEP 503), or a folder of
distributions, flat or one folder a project.`,
		Example: `  prevalence crawl --nats nats://broker:4222 --contact you@example.org
  prevalence crawl --data ./data --index ./wheels
  prevalence crawl --data ./data --projects requests,urllib3 --rescan`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := loadConfig(cmd)
			if err != nil {
				return err
			}
			log := c.logger(a.errs)
			plan, err := planSweep(cmd.Context(), c, log)
			if err != nil {
				return err
			}
			at, err := reachServices(c)
			if err != nil {
				return err
			}
			conn, err := connectBroker(cmd.Context(), c, at.Broker, log)
			if err != nil {
				return err
			}
			defer conn.Close()
			if err := conn.Ensure(cmd.Context()); err != nil {
				return err
			}
			p := newProgress(a.errs, c.Progress)
			defer p.close()
			show := p.meter("crawl")
			report, err := plan.sweep(cmd.Context(), c, conn, func(n crawler.Counts) { show(int64(n.Checked), int64(n.Picked)) }, log)
			if err != nil {
				return err
			}
			p.close()
			return reportSheet(report).print(a.out, c.Format)
		},
	}
	addFlags(cmd.Flags(), crawlKeys...)
	addFlags(cmd.Flags(), "nats", "nats-user", "nats-creds", "data", "format", "progress")
	return cmd
}

// sweepPlan is what a sweep needs to know beforehand, checked before anything
// is started.
type sweepPlan struct {
	index   pypi.Index
	names   []string
	ranking *message.Ranking // nil: none, or not fetched yet
	source  string           // of a ranking that is to be fetched; "" for none
}

// planSweep reads what c names on this machine; a wrong name is a usageError.
func planSweep(ctx context.Context, c *config, log *slog.Logger) (*sweepPlan, error) {
	p := new(sweepPlan)
	var err error
	if p.index, err = openIndex(c, nil, log); err != nil {
		return nil, err
	}
	if p.names, err = projectNames(c.Projects); err != nil {
		return nil, usage(err)
	}
	switch source := rankingSource(c); {
	case source == "" && c.Top > 0:
		return nil, usage(fmt.Errorf("top %d needs a ranking: name one with --ranking", c.Top))
	case source == "":
	case isURL(source):
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
	if p.ranking == nil && p.source != "" {
		r, err := loadRanking(ctx, c, p.source)
		if err != nil {
			return nil, unreachable{err}
		}
		p.ranking = r
	}
	report, err := crawler.Once(ctx, crawler.Options{
		Index: p.index, Jobs: conn.Jobs(), Store: indexStore{conn}, States: conn, Stale: conn,
		Ranking: p.ranking, Projects: p.names, Top: c.Top, Limit: c.Limit,
		Rescan: c.Rescan, Seed: c.Seed, Force: c.Force, Pages: c.Connections,
		Progress: show, Log: log,
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
func openIndex(c *config, pace pypi.Pace, log *slog.Logger) (pypi.Index, error) {
	if !isURL(c.Index) {
		if err := validFolder(c.Index); err != nil {
			return nil, usage(err)
		}
	}
	index, err := pypi.Open(c.Index, pypi.Options{
		Version: buildVersion(), Contact: c.Contact, Rate: c.Rate, Pace: pace, Connections: c.Connections,
		Timeout: c.Timeout, Stall: c.Timeout, Log: log,
	})
	return index, usage(err)
}

// rankingSource is where c's ranking comes from, "" for nowhere: by default
// the public one, and only where the default index is crawled, so that a crawl
// of one's own index asks nobody else.
func rankingSource(c *config) string {
	switch {
	case c.Ranking == "none":
		return ""
	case c.Ranking == "" && c.Index == pypi.DefaultIndex:
		return ranking.DefaultSource
	}
	return c.Ranking
}

// loadRanking reads a ranking from a file or a URL.
func loadRanking(ctx context.Context, c *config, source string) (*message.Ranking, error) {
	r, err := ranking.Load(ctx, source, ranking.Options{UserAgent: "prevalence/" + buildVersion(), Timeout: c.Timeout})
	if err != nil {
		return nil, fmt.Errorf("%w; name another with --ranking, or 'none'", err)
	}
	return r, nil
}

// projectNames is a list of names in which @FILE stands for the lines of a file.
func projectNames(list []string) ([]string, error) {
	var names []string
	for _, entry := range list {
		file, isFile := strings.CutPrefix(entry, "@")
		if !isFile {
			if !pypi.ValidName(pypi.Normalize(entry)) {
				return nil, fmt.Errorf("projects: %q is no project name", entry)
			}
			names = append(names, pypi.Normalize(entry))
			continue
		}
		f, err := os.Open(file)
		if err != nil {
			return nil, fmt.Errorf("projects: %w", err)
		}
		defer f.Close()
		for lines := bufio.NewScanner(f); lines.Scan(); {
			if name := strings.TrimSpace(lines.Text()); name != "" && !strings.HasPrefix(name, "#") {
				names = append(names, pypi.Normalize(name))
			}
		}
	}
	return names, nil
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
	} {
		s.rows = append(s.rows, []string{row.what, fmt.Sprint(row.n)})
	}
	return s
}
