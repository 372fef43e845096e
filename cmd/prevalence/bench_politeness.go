package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"prevalence/internal/pypi/pypitest"
)

func (a *app) benchPolitenessCommand() *cobra.Command {
	var f benchFlags
	var duration time.Duration
	cmd := &cobra.Command{
		Use:   "politeness",
		Short: "Requests a second of a fleet that loses and gains workers",
		Long: `Has four worker processes crawl a stand-in index at a rate, kills one of them
(which says goodbye to nobody), and starts another. The index server's own log
must never show more than the rate, and a tenth, in any ten seconds.`,
		Example: `  prevalence bench politeness --check
  prevalence bench politeness --rate 30 --duration 15s`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := loadConfig(cmd)
			if err != nil {
				return err
			}
			if duration < rateWindow {
				return usage(fmt.Errorf("duration %s: at least %s", duration, rateWindow))
			}
			if c.Rate == 0 {
				c.Rate = 40
			}
			if f.projects == 0 {
				f.projects = int(c.Rate*duration.Seconds()) + 100 // more than there is time for
			}
			p, err := f.population(pypitest.PopulationConfig{}, 100)
			if err != nil {
				return err
			}
			r, err := benchPoliteness(cmd.Context(), c, p, duration)
			if err != nil {
				return err
			}
			return a.finishBench(r, c, f.check)
		},
	}
	benchFlag(cmd, &f, 0, "engine", "rate", "slots", "memory")
	cmd.Flags().DurationVar(&duration, "duration", time.Minute, "`time` to watch the fleet for")
	return cmd
}

// The fleet of "bench politeness", and what is looked at.
const (
	fleetWorkers = 4
	rateWindow   = 10 * time.Second
	rateSlack    = 1.1
)

func benchPoliteness(ctx context.Context, c *config, p *pypitest.Population, duration time.Duration) (*results, error) {
	r := newResults("politeness")
	g, err := newRig(ctx, c, p, pypitest.LikePyPI)
	if err != nil {
		return nil, err
	}
	defer g.close()
	if _, err := g.crawl(ctx); err != nil {
		return nil, err
	}
	g.server.Requests()
	if err := g.startWorkers(ctx, fleetWorkers); err != nil {
		return nil, err
	}
	for _, step := range []func() error{
		func() error { g.end(g.roles[len(g.roles)-1], true); return nil },
		func() error { return g.startWorkers(ctx, 1) },
		func() error { return nil },
	} {
		if err := pauseFor(ctx, duration/3); err != nil {
			return nil, err
		}
		if err := step(); err != nil {
			return nil, err
		}
	}
	log := g.server.Requests()
	busiest, total := 0, 0
	for _, u := range pypitest.UsageOf(log, rateWindow) {
		busiest, total = max(busiest, u.MostRequests), max(total, u.Requests)
	}
	r.add("rate of the fleet", c.Rate, "requests/s")
	r.add("workers, one killed, one added", fleetWorkers, "")
	r.add("watched for", duration.Seconds(), "s")
	r.add("requests seen by the index", float64(total), "")
	r.add("mean rate", float64(total)/duration.Seconds(), "requests/s")
	r.atMost("most requests in any 10 s", float64(busiest), "", rateSlack*c.Rate*rateWindow.Seconds())
	r.atMost("that is, of the rate", 100*float64(busiest)/(c.Rate*rateWindow.Seconds()), "%", 100*rateSlack)
	return r, nil
}
