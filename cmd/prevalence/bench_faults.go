package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"prevalence/internal/pypi/pypitest"
)

func (a *app) benchFaultsCommand() *cobra.Command {
	var f benchFlags
	cmd := &cobra.Command{
		Use:   "faults",
		Short: "Crawl an index that fails one request in twenty, in every way",
		Long: `Crawls the same stand-in index twice, by separate processes: undisturbed, and
with one request in twenty spoiled in one of many ways: late, refused for a
while (429 with Retry-After, 503), cut before the first byte, in the middle and
for good, with wrong bytes, and pages older than the index promised. The counts
must be the known ones both times, and the requests hardly more.`,
		Example: `  prevalence bench faults --names pypi-names.tsv.gz --check
  prevalence bench faults --projects 150`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := loadConfig(cmd)
			if err != nil {
				return err
			}
			p, err := f.population(pypitest.PopulationConfig{}, 100)
			if err != nil {
				return err
			}
			r, err := benchFaults(cmd.Context(), c, p)
			if err != nil {
				return err
			}
			return a.finishBench(r, c, f.check)
		},
	}
	benchFlag(cmd, &f, 2000, "engine", "workers", "slots", "memory")
	return cmd
}

// faultShare is the share of requests that are spoiled, by all faults together.
const faultShare = 0.05

// everyFault spoils a share of the requests for each of these paths, each kind
// of fault as often as the others; the path's own kinds are more of them.
func everyFault(share float64, paths map[string][]pypitest.FaultKind) []pypitest.Fault {
	kinds := []pypitest.Fault{
		{Kind: pypitest.Latency, Delay: 400 * time.Millisecond},
		{Kind: pypitest.Status, Code: 429, RetryAfter: time.Second},
		{Kind: pypitest.Status, Code: 503},
		{Kind: pypitest.Status, Code: 502},
		{Kind: pypitest.Reset},
		{Kind: pypitest.HalfBody},
		{Kind: pypitest.Stall, Delay: time.Second},
	}
	var all []pypitest.Fault
	for path, more := range paths {
		own := slices.Clone(kinds)
		for _, kind := range more {
			own = append(own, pypitest.Fault{Kind: kind})
		}
		for _, f := range own {
			f.Path, f.Share = path, share/float64(len(own))
			all = append(all, f)
		}
	}
	return all
}

func benchFaults(ctx context.Context, c *config, p *pypitest.Population) (*results, error) {
	r := newResults("faults")
	calm, err := runPipeline(ctx, c, p, c.Workers, nil)
	if err != nil {
		return nil, fmt.Errorf("without faults: %w", err)
	}
	rough, err := runPipeline(ctx, c, p, c.Workers, everyFault(faultShare, map[string][]pypitest.FaultKind{
		"/simple/*/": {pypitest.Older}, "/files/*/*": {pypitest.Corrupt},
	}))
	if err != nil {
		return nil, fmt.Errorf("with faults: %w", err)
	}
	r.add("projects", float64(p.Len()), "")
	r.add("counts compared, each time", float64(4*(4+len(pypitest.PopulationBehaviors()))), "")
	r.add("requests without faults", float64(calm.usage.Requests), "")
	r.add("requests with faults", float64(rough.usage.Requests), "")
	r.add("faults met", float64(rough.spoiled), "")
	r.atMost("requests more", 100*float64(rough.usage.Requests-calm.usage.Requests)/float64(calm.usage.Requests), "%", 20)
	r.add("sweeps with faults", float64(rough.sweeps), "")
	r.add("time without faults", calm.took.Seconds(), "s")
	r.add("time with faults", rough.took.Seconds(), "s")
	return r, nil
}
