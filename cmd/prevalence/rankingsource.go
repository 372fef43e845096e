package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"prevalence/crawler/ranking"
	"prevalence/internal/pypi"
	"prevalence/internal/queue"
	"prevalence/schemas/message"
)

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

// rankingAge is how old a fetched ranking grows before one who follows asks
// for it again.
const rankingAge = 24 * time.Hour

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
