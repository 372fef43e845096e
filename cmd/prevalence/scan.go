package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"prevalence/schemas/message"
	"prevalence/worker"
)

func (a *app) scanCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "scan PATH…",
		Short: "Look at files of your own, without any server",
		Long: `Scans sdists, wheels, eggs, Python files and source trees, and prints what they
do and where. Nothing is executed. A folder that holds distributions stands for
them; any other folder is a source tree. Several paths end with a table of how
many of them show each behaviour; --summary prints that table alone.

With --format json every path is one object on a line of its own: path,
outcome, observations with evidence, symbols, indicators. Evidence is the first
three hits; --evidence all lists every one, in each format. Its path is relative
to what was scanned, and its fingerprint stays the same when lines move or local
names change, so that a list of known ones can be kept.

With --reference each behaviour is shown with its label and counts, the rarest first.
--since EARLIER compares with an earlier release, --baseline FILE with hits that are
known: what scan printed as SARIF, as JSON, or a fingerprint a line. --fail-on ends with
exit code 6 when a new hit outside tests, docs and examples is Important or has one of
the labels named, or is new at all. --format sarif is for code hosts: one result a hit,
with its fingerprint. docs/checking-your-own.md has the snippets.

Author addresses never leave the scan: only their domains and classes do.

--label malicious makes a profile of samples that you have: how many of them show
each behaviour, equal code counted once. The counts, and nothing else, go into the
dataset, where they help to say which behaviours are Important; a profile that is
made again replaces itself.`,
		Example: `  prevalence scan dist/
  prevalence scan example_project-1.2.0-py3-none-any.whl --evidence all
  prevalence scan --format json src/ | jq .observations
  prevalence scan --summary ~/wheelhouse
  prevalence scan --rules my-rules src/
  prevalence scan dist/ --reference reference.json --since demo-1.0.tar.gz
  prevalence scan dist/ --reference reference.json --fail-on rare,important --format sarif
  prevalence scan --label malicious --source lab --data ./data ./samples`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := loadConfig(cmd)
			if err != nil {
				return err
			}
			label, err := sampleFlags(cmd)
			switch {
			case err != nil:
				return usage(err)
			case label != nil:
				return a.profile(cmd.Context(), c, label, args)
			}
			return a.scan(cmd.Context(), c, args)
		},
	}
	addFlags(cmd.Flags(), "format", "evidence", "summary", "rules", "threads", "reference", "fail-on", "baseline", "since")
	addSampleFlags(cmd)
	return cmd
}

// scanGCPercent lets the heap grow to four times what is live before it is
// collected: a scan holds little, and ends.
const scanGCPercent = 300

// scan looks at every path and prints the results in the order of the paths.
func (a *app) scan(ctx context.Context, c *config, args []string) error {
	paths, err := expandPaths(args)
	if err != nil {
		return err
	}
	check, err := a.newScanCheck(ctx, c)
	if err != nil {
		return err
	}
	report := newScanReport(a.out, c, len(paths), check)
	if c.Format == "sarif" {
		rules, err := c.catalogue()
		if err != nil {
			return err
		}
		report.sarif = newScanSARIF(rules, check)
	}
	if err := a.scanEach(ctx, c, paths, report.add); err != nil {
		return err
	}
	return report.end()
}

// scanEach looks at every path and has the scans taken in the order of the paths,
// one after the other.
func (a *app) scanEach(ctx context.Context, c *config, paths []string, take func(string, *message.Scan) error) error {
	collectAt(scanGCPercent)
	matcher, err := c.matcher()
	if err != nil {
		return err
	}
	options := c.workerOptions(matcher)
	options.Log = c.logger(a.errs)
	options.AllEvidence = c.Evidence == "all" || c.checks()
	analyzer, err := worker.NewAnalyzer(options)
	if err != nil {
		return usage(err)
	}
	threads := c.Threads
	if threads == 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	results := make([]chan *message.Scan, len(paths))
	for i := range results {
		results[i] = make(chan *message.Scan, 1)
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(threads + 1) // and the taker
	g.Go(func() error {
		for i, result := range results {
			select {
			case s := <-result:
				if err := take(paths[i], s); err != nil {
					return err
				}
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	for i, path := range paths {
		g.Go(func() error {
			s, err := analyzer.Path(ctx, path)
			if errors.Is(err, worker.ErrNothing) {
				return usage(fmt.Errorf("%s: %w", path, worker.ErrNothing))
			}
			if err != nil {
				return err
			}
			results[i] <- s
			return nil
		})
	}
	return g.Wait()
}

// expandPaths replaces folders of distributions by what they hold.
func expandPaths(args []string) ([]string, error) {
	var paths []string
	for _, arg := range args {
		expanded, err := worker.Expand(arg)
		if errors.Is(err, worker.ErrNothing) {
			return nil, usage(fmt.Errorf("%s: %w", arg, err))
		}
		if err != nil {
			return nil, usage(fmt.Errorf("%s cannot be read: %w", arg, causeOf(err)))
		}
		paths = append(paths, expanded...)
	}
	return paths, nil
}
