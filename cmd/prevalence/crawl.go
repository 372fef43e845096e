package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"prevalence/crawler"
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
			meter := p.meter("crawl")
			show := func(n crawler.Counts) { meter(int64(n.Checked), int64(n.Picked)) }
			if c.following() {
				return crawler.Follow(cmd.Context(), c.pace(log), func(ctx context.Context) error {
					_, err := plan.sweep(ctx, c, conn, show, log)
					return err
				})
			}
			report, err := plan.sweep(cmd.Context(), c, conn, show, log)
			if err != nil {
				return err
			}
			p.close()
			return reportSheet(report).print(a.out, c.Format)
		},
	}
	addFlags(cmd.Flags(), crawlKeys...)
	addFlags(cmd.Flags(), followKeys...)
	addFlags(cmd.Flags(), "once")
	cmd.MarkFlagsMutuallyExclusive("once", "follow")
	aliasProject(cmd.Flags())
	addFlags(cmd.Flags(), "nats", "nats-user", "nats-creds", "data", "format", "progress")
	return cmd
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
