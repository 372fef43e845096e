package main

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"math/bits"
	"runtime"
	"slices"
	"sync/atomic"

	"github.com/spf13/cobra"
	chart "github.com/wcharczuk/go-chart/v2"
	"golang.org/x/sync/errgroup"

	"prevalence/crawler"
	"prevalence/internal/prevalence"
	"prevalence/internal/pypi"
	"prevalence/internal/pypi/pypitest"
	"prevalence/schemas/message"
)

func (a *app) benchEstimatesCommand() *cobra.Command {
	var f benchFlags
	cmd := &cobra.Command{
		Use:   "estimates",
		Short: "How often the 95 % intervals of a partial crawl hold the truth",
		Long: `Fetches nothing. Draws the head of a first crawl with the crawler's own order,
looks up in the stand-in's known truth what those projects show, computes the
community's estimate as a snapshot would, and compares with the share among all
projects: for every behaviour, every seed, and 1, 5 and 20 % of the index.`,
		Example: `  prevalence bench estimates --names pypi-names.tsv.gz --figure estimates.svg
  prevalence bench estimates --projects 30000 --seeds 40 --check`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := loadConfig(cmd)
			if err != nil {
				return err
			}
			if f.seeds < 1 {
				return usage(fmt.Errorf("seeds %d: at least 1", f.seeds))
			}
			p, err := f.population(pypitest.PopulationConfig{}, 10_000)
			if err != nil {
				return err
			}
			e := newEstimates(p)
			if err := e.run(cmd.Context(), f.seeds); err != nil {
				return err
			}
			if f.figure != "" {
				svg, err := e.figure()
				if err != nil {
					return err
				}
				if err := writeFigure(f.figure, svg); err != nil {
					return err
				}
			}
			return a.finishBench(e.results(f.seeds), c, f.check)
		},
	}
	benchFlag(cmd, &f, 0)
	cmd.Flags().IntVar(&f.seeds, "seeds", 200, "`number` of orders to draw")
	cmd.Flags().StringVar(&f.figure, "figure", "", "write a figure of the intervals' widths to this `file` (SVG)")
	return cmd
}

// estimateFractions are how much of the index is visited.
var estimateFractions = [...]float64{0.01, 0.05, 0.20}

// The shares of the behaviours that count.
const leastEstimated, mostEstimated = 0.0005, 0.60

// estimates is the stand-in's truth and what samples of it say.
type estimates struct {
	root    *pypi.Root
	ranking *message.Ranking
	stratum []prevalence.Stratum
	shown   []pypitest.Shown
	listed  [prevalence.NumStrata]int
	ids     []string
	shares  []float64 // of the community, by behaviour

	tries, held, labels, wrong [len(estimateFractions)]atomic.Int64
	width                      [len(estimateFractions)][]atomicFloat // sums, by behaviour
}

// atomicFloat is a sum that several goroutines add to, in units of 1e-12.
type atomicFloat struct{ atomic.Int64 }

func (f *atomicFloat) add(x float64)  { f.Add(int64(x * 1e12)) }
func (f *atomicFloat) value() float64 { return float64(f.Load()) / 1e12 }

func newEstimates(p *pypitest.Population) *estimates {
	e := &estimates{root: new(pypi.Root), ranking: &message.Ranking{Name: "stand-in", Projects: p.Ranking()}, ids: pypitest.PopulationBehaviors()}
	for i := range e.width {
		e.width[i] = make([]atomicFloat, len(e.ids))
	}
	order := make([]int, p.Len())
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return bytes.Compare([]byte(p.Name(a).Name), []byte(p.Name(b).Name)) })
	with, counts := 0, make([]int, len(e.ids))
	for _, i := range order {
		n := p.Name(i)
		s := p.Shown(n, 0)
		h := prevalence.StratumOf(n.Rank)
		e.root.Projects = append(e.root.Projects, pypi.RootProject{Name: n.Name, Serial: "1"})
		e.stratum, e.shown = append(e.stratum, h), append(e.shown, s)
		e.listed[h]++
		if s.Outcome == message.OutcomeEmpty {
			continue
		}
		with++
		for b := s.Bits; b != 0; b &= b - 1 {
			counts[bits.TrailingZeros64(b)]++
		}
	}
	for _, n := range counts {
		e.shares = append(e.shares, float64(n)/float64(max(with, 1)))
	}
	return e
}

// run draws with every seed.
func (e *estimates) run(ctx context.Context, seeds int) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for seed := range seeds {
		g.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			e.crawl(crawler.Draw(e.root, e.ranking, uint64(seed)+1))
			return nil
		})
	}
	return g.Wait()
}

// crawl visits the head of an order and compares at each fraction.
func (e *estimates) crawl(order []int32) {
	var tallies [prevalence.NumStrata]prevalence.Tally
	for h, n := range e.listed {
		tallies[h].Listed = n
	}
	hits := make([][prevalence.NumStrata]int, len(e.ids))
	at := 0
	for i, fraction := range estimateFractions {
		for end := int(fraction * float64(len(order))); at < end; at++ {
			project := order[at]
			s, t := e.shown[project], &tallies[e.stratum[project]]
			switch s.Outcome {
			case message.OutcomeEmpty:
				t.Empty++
				t.DrawnEmpty++
				continue
			case message.OutcomeUnanalysed:
				t.Unanalysed++
				t.DrawnUnanalysed++
				continue
			}
			t.Scanned++
			t.DrawnScanned++
			for b := s.Bits; b != 0; b &= b - 1 {
				hits[bits.TrailingZeros64(b)][e.stratum[project]]++
			}
		}
		e.compare(i, tallies, hits)
	}
}

func (e *estimates) counted(behavior int) bool {
	return e.shares[behavior] >= leastEstimated && e.shares[behavior] <= mostEstimated
}

func (e *estimates) compare(fraction int, tallies [prevalence.NumStrata]prevalence.Tally, hits [][prevalence.NumStrata]int) {
	for behavior := range e.ids {
		var of [prevalence.NumStrata]prevalence.Hits
		for h, n := range hits[behavior] {
			of[h] = prevalence.Hits{All: n, Drawn: n}
		}
		got := prevalence.Of(prevalence.Community, tallies, of)
		truth := e.shares[behavior]
		e.width[fraction][behavior].add(got.High - got.Low)
		if !e.counted(behavior) {
			continue
		}
		e.tries[fraction].Add(1)
		if got.Known && got.Low <= truth && truth <= got.High {
			e.held[fraction].Add(1)
		}
		if label := prevalence.LabelOf(got); label != prevalence.NotEnoughData {
			e.labels[fraction].Add(1)
			if right := map[bool]prevalence.Label{true: prevalence.Common, false: prevalence.Uncommon}[truth >= 0.01]; truth >= 0.001 && label != right || truth < 0.001 && label != prevalence.Rare {
				e.wrong[fraction].Add(1)
			}
		}
	}
}

func (e *estimates) results(seeds int) *results {
	r := newResults("estimates")
	counted, least, most := 0, 1.0, 0.0
	for b, share := range e.shares {
		if e.counted(b) {
			counted++
			least, most = min(least, share), max(most, share)
		}
	}
	r.add("projects on the index", float64(len(e.shown)), "")
	r.add("seeds", float64(seeds), "")
	r.atLeast("behaviours", float64(counted), "", 40)
	r.add("share of the rarest", 100*least, "%")
	r.add("share of the commonest", 100*most, "%")
	for i, fraction := range estimateFractions {
		at := fmt.Sprintf(" at %g %%", 100*fraction)
		r.within("intervals that hold the truth"+at, 100*float64(e.held[i].Load())/float64(max(e.tries[i].Load(), 1)), "%", 93, 97)
		sum := 0.0
		for b := range e.ids {
			if e.counted(b) {
				sum += e.width[i][b].value()
			}
		}
		r.add("mean width"+at, 100*sum/float64(max(e.tries[i].Load(), 1)), "percentage points")
		r.add("labels given"+at, 100*float64(e.labels[i].Load())/float64(max(e.tries[i].Load(), 1)), "%")
		r.add("of these wrong"+at, 100*float64(e.wrong[i].Load())/float64(max(e.labels[i].Load(), 1)), "%")
	}
	return r
}

// figure draws the mean width of the intervals over the true share, both on
// logarithmic scales, a line for each fraction.
func (e *estimates) figure() ([]byte, error) {
	order := make([]int, 0, len(e.ids))
	for b := range e.ids {
		if e.counted(b) {
			order = append(order, b)
		}
	}
	slices.SortFunc(order, func(a, b int) int { return int(math.Copysign(1, e.shares[a]-e.shares[b])) })
	graph := chart.Chart{
		Title:  "Width of the 95 % interval of a share, by how much of the index was visited",
		Width:  900,
		Height: 520,
		XAxis:  chart.XAxis{Name: "true share among all projects", Ticks: percentTicks(0.05, 0.1, 0.3, 1, 3, 10, 30, 60)},
		YAxis:  chart.YAxis{Name: "mean width, percentage points"},
	}
	graph.TitleStyle.FontSize = 12
	graph.Background.Padding = chart.Box{Top: 80, Left: 20, Right: 20, Bottom: 10}
	least, most := math.Inf(1), math.Inf(-1)
	for i, fraction := range estimateFractions {
		line := chart.ContinuousSeries{
			Name: fmt.Sprintf("%g %% visited, %.1f %% hold the truth", 100*fraction,
				100*float64(e.held[i].Load())/float64(max(e.tries[i].Load(), 1))),
			Style: chart.Style{StrokeWidth: 2, StrokeColor: chart.GetDefaultColor(i), DotWidth: 3, DotColor: chart.GetDefaultColor(i)},
		}
		seeds := float64(e.tries[i].Load()) / float64(max(len(order), 1))
		for _, b := range order {
			line.XValues = append(line.XValues, math.Log10(100*e.shares[b]))
			width := 100 * e.width[i][b].value() / seeds
			least, most = min(least, width), max(most, width)
			line.YValues = append(line.YValues, math.Log10(width))
		}
		graph.Series = append(graph.Series, line)
	}
	marks := []float64{0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100}
	for len(marks) > 2 && marks[1] <= least {
		marks = marks[1:]
	}
	for len(marks) > 2 && marks[len(marks)-2] >= most {
		marks = marks[:len(marks)-1]
	}
	graph.YAxis.Ticks = percentTicks(marks...)
	graph.Elements = []chart.Renderable{chart.LegendThin(&graph)}
	var b bytes.Buffer
	if err := graph.Render(chart.SVG, &b); err != nil {
		return nil, fmt.Errorf("figure: %w", err)
	}
	return b.Bytes(), nil
}

// percentTicks are marks of a logarithmic axis of percentages.
func percentTicks(marks ...float64) []chart.Tick {
	ticks := make([]chart.Tick, len(marks))
	for i, m := range marks {
		ticks[i] = chart.Tick{Value: math.Log10(m), Label: fmt.Sprintf("%g %%", m)}
	}
	return ticks
}
