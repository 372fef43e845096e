package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"prevalence/internal/pypi/pypitest"
)

func (a *app) benchSoakCommand() *cobra.Command {
	var f benchFlags
	lasts := time.Hour
	cmd := &cobra.Command{
		Use:   "soak",
		Short: "Keep the pipeline at full speed and watch whether anything grows",
		Long: `Has a stand-in index scanned again and again by the real roles, each a process of
its own, for as long as --for says, with the queue never empty. Prints a line a
minute: what was scanned, and memory and goroutines of the workers and the
aggregator. After a fifth of the time for warming up, the middle of the first
half of what is left is compared with that of the second half: memory must be
flat within 5 %, and goroutines must not become more. With --check it exits 1
where they do.`,
		Example: `  prevalence bench soak --for 20m --check
  prevalence bench soak --for 2m --projects 200`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := loadConfig(cmd)
			if err != nil {
				return err
			}
			if lasts < 30*time.Second {
				return usage(fmt.Errorf("for is %s, and must be at least 30s: nothing can be seen in less", lasts))
			}
			p, err := f.population(pypitest.PopulationConfig{}, 100)
			if err != nil {
				return err
			}
			r, err := benchSoak(cmd.Context(), c, p, lasts, a.errs)
			if err != nil {
				return err
			}
			return a.finishBench(r, c, f.check)
		},
	}
	benchFlag(cmd, &f, 1000, "engine", "workers", "slots", "memory")
	cmd.Flags().DurationVar(&lasts, "for", lasts, "`time` to keep it up")
	return cmd
}

// goalFlat is by how much memory may be more in the second half.
const goalFlat = 5 // percent

// soakSample is one look at the processes.
type soakSample struct {
	worker, aggregate int64 // resident bytes, of the largest of each
	live              int64 // bytes in use in the largest worker, after its last collection
	goroutines        int   // of all workers
}

// soakWatch gathers the pulses of the workers.
type soakWatch struct {
	mu    sync.Mutex
	beats map[int]pulse // by worker
}

// listen reads a worker's pulses until it ends.
func (w *soakWatch) listen(worker int, lines io.Reader) {
	for s := bufio.NewScanner(lines); s.Scan(); {
		var p pulse
		if _, err := fmt.Sscan(s.Text(), &p.goroutines, &p.live); err == nil {
			w.mu.Lock()
			w.beats[worker] = p
			w.mu.Unlock()
		}
	}
}

// sample looks at every process of a rig.
func (w *soakWatch) sample(r *rig) soakSample {
	var s soakSample
	for _, p := range r.roles {
		switch resident := residentBytes(p.cmd.Process.Pid); p.role {
		case roleWorkers:
			s.worker = max(s.worker, resident)
		case roleAggregate:
			s.aggregate = max(s.aggregate, resident)
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, b := range w.beats {
		s.goroutines += b.goroutines
		s.live = max(s.live, b.live)
	}
	return s
}

func benchSoak(ctx context.Context, c *config, p *pypitest.Population, lasts time.Duration, out io.Writer) (*results, error) {
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
	watch := &soakWatch{beats: make(map[int]pulse)}
	var listeners errgroup.Group
	for i := range max(c.Workers, 1) {
		lines, err := g.startTelling(ctx)
		if err != nil {
			return nil, err
		}
		listeners.Go(func() error { watch.listen(i, lines); return nil })
	}
	ctx, cancel := context.WithTimeoutCause(ctx, lasts, errSoaked)
	defer cancel()
	var samples []soakSample
	scanned := 0
	work, inner := errgroup.WithContext(ctx)
	work.Go(func() error { return g.feed(inner, p.Len()) })
	work.Go(func() error {
		began := time.Now()
		minute := began
		for {
			if err := pauseFor(inner, time.Second); err != nil {
				return err
			}
			samples = append(samples, watch.sample(g))
			if time.Since(minute) < time.Minute {
				continue
			}
			minute = minute.Add(time.Minute)
			n := pagesOf(g.server.Requests())
			scanned += n
			last := middle(samples[max(0, len(samples)-60):])
			_, _ = fmt.Fprintf(out, "%3.0f min  %6.0f projects/min  worker %5.1f MiB, %5.1f MiB of it in use, %3d goroutines  aggregator %5.1f MiB\n",
				time.Since(began).Minutes(), float64(n), mib(last.worker), mib(last.live), last.goroutines, mib(last.aggregate))
		}
	})
	if err := work.Wait(); err != nil && !errors.Is(err, errSoaked) {
		return nil, err
	}
	scanned += pagesOf(g.server.Requests())
	return soakResults(samples, scanned, lasts), nil
}

// errSoaked ends a soak when its time is over.
var errSoaked = errors.New("soaked")

// feed has every project scanned again whenever less than half of them wait.
func (r *rig) feed(ctx context.Context, projects int) error {
	for {
		b, err := r.conn.Backlog(ctx)
		if err == nil && int(b.Jobs) < projects/2 {
			_, err = r.crawl(ctx, "--rescan")
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			return err
		}
		if err := pauseFor(ctx, 200*time.Millisecond); err != nil {
			return err
		}
	}
}

// soakResults compares the halves of what comes after warming up.
func soakResults(samples []soakSample, scanned int, lasts time.Duration) *results {
	r := newResults("soak")
	rest := samples[len(samples)/5:]
	first, second := middle(rest[:len(rest)/2]), middle(rest[len(rest)/2:])
	more := func(a, b int64) float64 { return 100 * (float64(b)/float64(max(a, 1)) - 1) }
	r.add("time", lasts.Minutes(), "min")
	r.add("scanned", float64(scanned)/lasts.Seconds(), "projects/s")
	r.add("worker, first half", mib(first.worker), "MiB")
	r.add("worker, second half", mib(second.worker), "MiB")
	r.atMost("worker: more memory in the second half", more(first.worker, second.worker), "%", goalFlat)
	r.add("worker: more memory in use", more(first.live, second.live), "%")
	r.add("worker: goroutines in the first half", float64(first.goroutines), "")
	r.atMost("worker: more goroutines in the second half", float64(second.goroutines-first.goroutines), "", 0)
	r.add("aggregator, first half", mib(first.aggregate), "MiB")
	r.add("aggregator: more memory in the second half", more(first.aggregate, second.aggregate), "%")
	return r
}

// middle is the median of each figure.
func middle(samples []soakSample) soakSample {
	if len(samples) == 0 {
		return soakSample{}
	}
	of := func(get func(soakSample) int64) int64 {
		all := make([]int64, len(samples))
		for i, s := range samples {
			all[i] = get(s)
		}
		slices.Sort(all)
		return all[len(all)/2]
	}
	return soakSample{
		worker:     of(func(s soakSample) int64 { return s.worker }),
		aggregate:  of(func(s soakSample) int64 { return s.aggregate }),
		live:       of(func(s soakSample) int64 { return s.live }),
		goroutines: int(of(func(s soakSample) int64 { return int64(s.goroutines) })),
	}
}

// pagesOf counts the pages of projects that were asked for.
func pagesOf(requests []pypitest.Request) (n int) {
	for _, q := range requests {
		if strings.HasPrefix(q.Path, "/simple/") && len(q.Path) > len("/simple/") {
			n++
		}
	}
	return n
}

func mib(bytes int64) float64 { return float64(bytes) / (1 << 20) }
