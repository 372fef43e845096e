package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"prevalence/internal/pypi/pypitest"
)

// chaosFlags are the flags of "bench chaos" that are no settings.
type chaosFlags struct {
	benchFlags
	from    uint64
	faults  int
	planted bool
}

func (a *app) benchChaosCommand() *cobra.Command {
	var f chaosFlags
	cmd := &cobra.Command{
		Use:   "chaos",
		Short: "Crawl while processes are killed and the network is cut; compare the counts",
		Long: `Crawls the same stand-in index again and again by separate processes: crawler,
worker, aggregator, broker and database, each started again when it ends. First
undisturbed, and then once for each seed with faults drawn from it: a process
is killed (SIGKILL) or stopped for a while (SIGSTOP), the connections of two
processes are cut or fall silent, the database's disk is full. In the end every
count, every project's outcome and every band must be as without faults, and
nothing may be left in the queues or among the dead letters.

One line a seed: its verdict, how long it took, and its faults, each with the time
since the one before. The same seed gives the same faults; the moments at which
they meet the processes are this machine's. Exits 1 when a seed ends otherwise.

The disk is a small file system in memory, which Linux gives to root alone. For
others that fault does nothing, and the first line says so.`,
		Example: `  prevalence bench chaos --seeds 5
  prevalence bench chaos --seeds 60 --from-seed 41
  prevalence bench chaos --seeds 1 --from-seed 17 --faults 9`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := loadConfig(cmd)
			if err != nil {
				return err
			}
			if f.seeds < 1 || f.faults < 0 {
				return usage(errors.New("chaos: --seeds is at least 1, --faults at least 0"))
			}
			p, err := f.population(pypitest.PopulationConfig{}, 100)
			if err != nil {
				return err
			}
			return a.benchChaos(cmd.Context(), c, p, &f)
		},
	}
	flags := cmd.Flags()
	flags.IntVar(&f.projects, "projects", 300, "`number` of projects on the index")
	flags.IntVar(&f.seeds, "seeds", 5, "`number` of seeds")
	flags.Uint64Var(&f.from, "from-seed", 1, "the first `seed`")
	flags.IntVar(&f.faults, "faults", 5, "`number` of faults a seed")
	flags.BoolVar(&f.planted, "planted", false, "stop at the first seed with other counts, and exit 1 where none has")
	_ = flags.MarkHidden("planted")
	addFlags(flags, "engine", "slots")
	return cmd
}

// chaosDelay is what the index takes for a file, so that faults find work under way.
const chaosDelay = 40 * time.Millisecond

// benchChaos runs every seed and compares it with a run without faults.
func (a *app) benchChaos(ctx context.Context, c *config, p *pypitest.Population, f *chaosFlags) error {
	index, err := newIndexRig(ctx, c, p, pypitest.LikePyPI)
	if err != nil {
		return err
	}
	defer index.close()
	index.server.Plan(pypitest.Fault{Path: "/files/*/*", Kind: pypitest.Latency, Delay: chaosDelay})
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(a.out, format+"\n", args...) }

	calm := runChaos(ctx, index, p.Len(), nil, func(x *chaosAnswer) string {
		return strings.Join(compareTruth(x.table, index.server.Truth()), "\n")
	})
	if calm.err != nil {
		return fmt.Errorf("without faults: %w", calm.err)
	}
	say("undisturbed: %d projects, %.1f s, %d lines to compare%s", p.Len(), calm.took.Seconds(), len(calm.answer.lines), calm.disk)

	var failed []uint64
	var slowest time.Duration
	for seed := f.from; seed < f.from+uint64(f.seeds); seed++ {
		faults := drawFaults(seed, f.faults)
		run := runChaos(ctx, index, p.Len(), faults, calm.answer.differ)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		verdict := "equal"
		if run.err != nil {
			verdict = "WRONG"
			failed = append(failed, seed)
		}
		slowest = max(slowest, run.took)
		say("seed %d: %s, %.1f s, %s", seed, verdict, run.took.Seconds(), describeFaults(faults))
		if run.err != nil {
			say("%v", run.err)
			if _, other := errors.AsType[chaosDiffers](run.err); f.planted && other {
				say("the planted fault was caught by seed %d, number %d", seed, seed-f.from+1)
				return nil
			}
		}
	}
	say("%d of %d seeds equal, the slowest took %.1f s", f.seeds-len(failed), f.seeds, slowest.Seconds())
	switch {
	case f.planted:
		return fmt.Errorf("the planted fault was not caught by %d seeds", f.seeds)
	case len(failed) > 0:
		return fmt.Errorf("seeds %v ended otherwise than without faults", failed)
	}
	return nil
}

func describeFaults(faults []chaosFault) string {
	texts := make([]string, 0, len(faults))
	for _, f := range faults {
		texts = append(texts, f.String())
	}
	return strings.Join(texts, ", ")
}

// chaosEnd is how a run ended.
type chaosEnd struct {
	answer *chaosAnswer
	took   time.Duration
	disk   string // why there is no disk that fills up, or ""
	err    error
}

// runChaos crawls the index with these faults. wrong says what an answer says
// wrongly, "" for nothing.
func runChaos(ctx context.Context, index *rig, projects int, faults []chaosFault, wrong func(*chaosAnswer) string) chaosEnd {
	began := time.Now()
	var end chaosEnd
	g, err := newChaosRun(ctx, index, projects)
	if err != nil {
		end.err = err
		return end
	}
	defer g.close()
	if !g.disk.there() {
		end.disk = "; no disk here can be full"
	}
	bounded, cancel := context.WithTimeoutCause(ctx, chaosStuck, errors.New("it is stuck"))
	defer cancel()
	g.disturb(bounded, faults)
	if end.err = g.await(bounded); end.err == nil {
		end.answer, end.err = g.agree(bounded, wrong)
	}
	end.took = time.Since(began)
	if last := g.lastErrors(); end.err != nil && last != "" {
		end.err = fmt.Errorf("%w\nlast errors: %s", end.err, last)
	}
	return end
}

// chaosDiffers is how an answer differs from what it should be.
type chaosDiffers struct{ lines string }

func (d chaosDiffers) Error() string { return d.lines }

// agree waits for a snapshot that stands for everything and says nothing wrong.
func (g *chaosRun) agree(ctx context.Context, wrong func(*chaosAnswer) string) (*chaosAnswer, error) {
	var first time.Time // when there was an answer
	var last string     // what it said wrongly
	for {
		x, err := g.answer(ctx)
		if err == nil && x != nil {
			if last = wrong(x); last == "" {
				return x, nil
			}
			if first.IsZero() {
				first = time.Now()
			}
			if time.Since(first) > chaosSettle {
				return x, chaosDiffers{last}
			}
		}
		if err := pauseFor(ctx, chaosLook); err != nil {
			return nil, fmt.Errorf("%w: no snapshot that stands for everything\n%s", err, last)
		}
	}
}
