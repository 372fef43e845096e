package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"prevalence/crawler"
	"prevalence/crawler/ranking"
	"prevalence/internal/pypi"
	"prevalence/internal/queue"
	"prevalence/schemas/message"
)

// sweepPlan is what a sweep needs to know beforehand, checked before anything
// is started.
type sweepPlan struct {
	index    pypi.Index
	names    []string
	versions map[string][]string // of these names, where some were given
	ranking  *message.Ranking    // nil: none, or not fetched yet
	source   string              // of a ranking that is to be fetched; "" for none
	fetched  time.Time           // when it was
}

// rankingAge is how old a fetched ranking grows before one who follows asks
// for it again.
const rankingAge = 24 * time.Hour

// planSweep reads what c names on this machine; a wrong name is a usageError.
func planSweep(ctx context.Context, c *config, log *slog.Logger) (*sweepPlan, error) {
	p := new(sweepPlan)
	var err error
	if p.index, err = openIndex(c, log); err != nil {
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

// rank fetches the ranking if there is one to be fetched, and again when it
// has grown old. An older one is better than none.
func (p *sweepPlan) rank(ctx context.Context, c *config, conn *queue.Conn, log *slog.Logger) error {
	if p.source == "" || p.ranking != nil && time.Since(p.fetched) < rankingAge {
		return nil
	}
	r, err := findRanking(ctx, c, conn, p.source)
	switch {
	case err == nil:
		p.ranking, p.fetched = r, time.Now()
	case p.ranking == nil:
		return err
	default:
		log.Warn("ranking not fetched again, the last one stays", "ranking", p.ranking.Name, "error", err)
		p.fetched = time.Now()
	}
	return nil
}

// sweep runs one sweep and tells show how far it is.
func (p *sweepPlan) sweep(ctx context.Context, c *config, conn *queue.Conn, show func(crawler.Counts), log *slog.Logger) (*crawler.Report, error) {
	if err := p.rank(ctx, c, conn, log); err != nil {
		return nil, err
	}
	report, err := crawler.Once(ctx, crawler.Options{
		Index: p.index, Jobs: conn.Jobs(), Store: indexStore{conn}, States: conn, Stale: conn, Reaper: conn,
		Ranking: p.ranking, Projects: p.names, Versions: p.versions, Top: c.Top, Limit: c.Limit,
		Rescan: c.Rescan, Releases: c.Releases, Seed: c.Seed, Force: c.Force, Pages: c.Connections,
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

// following reports whether sweeps go on.
func (c *config) following() bool { return c.Follow && !c.Once }

// pace is how often one who follows sweeps.
func (c *config) pace(log *slog.Logger) crawler.Pace {
	return crawler.Pace{Every: c.Every, Jitter: c.Jitter, Log: log}
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

// openIndex opens the index that c names.
func openIndex(c *config, log *slog.Logger) (pypi.Index, error) {
	if !isURL(c.Index) {
		if err := validFolder(c.Index); err != nil {
			return nil, usage(err)
		}
	}
	index, err := pypi.Open(c.Index, pypi.Options{
		Version: buildVersion(), Contact: c.Contact, Rate: c.Rate, Connections: c.Connections,
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

// pinnedPrefix opens the name of a ranking that was pinned before.
const pinnedPrefix = "pinned:"

// isRemote reports whether a ranking's source is none of a file.
func isRemote(source string) bool {
	return isURL(source) || strings.HasPrefix(source, pinnedPrefix) || strings.HasPrefix(source, "clickhouse:")
}

// loadRanking reads a ranking from a file, a URL or a ClickHouse.
func loadRanking(ctx context.Context, c *config, source string) (*message.Ranking, error) {
	r, err := ranking.Load(ctx, source, ranking.Options{
		Base: c.RankingBase, Server: c.RankingServer, Password: c.RankingPassword,
		UserAgent: "prevalence/" + buildVersion(), Timeout: c.Timeout,
	})
	if err != nil {
		return nil, fmt.Errorf("%w; name another with --ranking, or 'none'", err)
	}
	return r, nil
}

// findRanking is loadRanking, and finds pinned ones as well: by name, or the
// newest of a base.
func findRanking(ctx context.Context, c *config, conn *queue.Conn, source string) (*message.Ranking, error) {
	name, pinned := strings.CutPrefix(source, pinnedPrefix)
	if !pinned {
		r, err := loadRanking(ctx, c, source)
		if err != nil {
			return nil, unreachable{err}
		}
		return r, nil
	}
	list, err := conn.Rankings(ctx)
	if err != nil {
		return nil, err
	}
	r := pinnedRanking(list, name)
	if r == nil {
		return nil, usage(fmt.Errorf("no ranking %q is pinned; 'prevalence ranking list' shows those that are", name))
	}
	return r, nil
}

// pinnedRanking is the ranking of that name, or the newest of that base, or nil.
func pinnedRanking(list []message.Ranking, name string) *message.Ranking {
	var newest *message.Ranking
	for i := range list {
		switch r := &list[i]; {
		case r.Name == name:
			return r
		case r.Base == name && (newest == nil || !r.Date.Before(newest.Date)):
			newest = r
		}
	}
	return newest
}

// projectNames is a list of names, normalised, in which @FILE stands for the
// lines of a file and NAME==VERSION asks for one release.
func projectNames(list []string) (names []string, versions map[string][]string, err error) {
	versions = make(map[string][]string)
	add := func(entry string) error {
		name, version, one := strings.Cut(entry, "==")
		name, version = pypi.Normalize(strings.TrimSpace(name)), strings.TrimSpace(version)
		switch {
		case !pypi.ValidName(name):
			return fmt.Errorf("projects: %q is no project name", cmp.Or(strings.TrimSpace(entry), name))
		case one && version == "":
			return fmt.Errorf("projects: %q names no version", entry)
		}
		names = append(names, name)
		if one {
			versions[name] = append(versions[name], version)
		}
		return nil
	}
	for _, entry := range list {
		file, isFile := strings.CutPrefix(entry, "@")
		if !isFile {
			if err := add(entry); err != nil {
				return nil, nil, err
			}
			continue
		}
		f, err := os.Open(file)
		if err != nil {
			return nil, nil, fmt.Errorf("projects: %w", err)
		}
		defer f.Close()
		lines := bufio.NewScanner(f)
		for lines.Scan() {
			if line := strings.TrimSpace(lines.Text()); line != "" && !strings.HasPrefix(line, "#") {
				if err := add(line); err != nil {
					return nil, nil, fmt.Errorf("%w, in %s", err, file)
				}
			}
		}
		if err := lines.Err(); err != nil {
			return nil, nil, fmt.Errorf("projects: %s: %w", file, err)
		}
	}
	return names, versions, nil
}
