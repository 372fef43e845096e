package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"

	"github.com/spf13/cobra"

	"prevalence/internal/pypi"
	"prevalence/internal/pypi/pypitest"
)

// benchFlags are the flags of "bench" that are no settings.
type benchFlags struct {
	names    string
	projects int
	seeds    int
	seed     uint64
	figure   string
	check    bool
}

func (a *app) benchCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure this build on this machine against a stand-in index",
		Long: `Measures what a crawl costs, against an index of generated packages on loopback
whose right answers are known: nothing of a real index is asked for. Each
subcommand starts the real roles as processes of their own in a folder that is
thrown away, prints a table of figures with their goals and the machine, and
with --check exits 1 where a goal is missed. The goals hold for the whole
index (--names, one name a line: name, month of the last release, rank) on a
machine with two cores; smaller sizes are for a quick look.`,
		Example: `  prevalence bench dataset --share 0.01
  prevalence bench estimates --check`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.benchSweepCommand(), a.benchPipelineCommand(), a.benchRangesCommand(), a.benchFaultsCommand(),
		a.benchPolitenessCommand(), a.benchEstimatesCommand(),
		a.benchDatasetCommand(), a.benchAPICommand(), a.benchSoakCommand(), a.benchChaosCommand(), a.chaosServerCommand())
	return cmd
}

// benchFlag adds the flags that all benches have, and those that are named.
func benchFlag(cmd *cobra.Command, f *benchFlags, projects int, keys ...string) {
	flags := cmd.Flags()
	flags.StringVar(&f.names, "names", "", "`file` of names, months and ranks; without one they are generated")
	flags.IntVar(&f.projects, "projects", projects, "`number` of projects on the index, drawn from the names; 0: all of them, or 886,323 generated ones")
	flags.Uint64Var(&f.seed, "bench-seed", 1, "`seed` of the stand-in index")
	flags.BoolVar(&f.check, "check", false, "exit 1 where a goal is missed")
	addFlags(flags, append([]string{"format"}, keys...)...)
}

// wholeIndex is the number of names on the public index in November 2026.
const wholeIndex = 886_323

// population makes the stand-in's names.
func (f *benchFlags) population(c pypitest.PopulationConfig, top int) (*pypitest.Population, error) {
	c.Seed = f.seed
	if f.projects < 0 {
		return nil, usage(fmt.Errorf("projects %d is negative", f.projects))
	}
	if f.names == "" {
		n := f.projects
		if n == 0 {
			n = wholeIndex
		}
		c.Names = pypitest.GenerateNames(f.seed, n)
		return pypitest.NewPopulation(c)
	}
	names, err := pypitest.ReadNames(f.names)
	if err != nil {
		return nil, usage(fmt.Errorf("names: %w", err))
	}
	for i, n := range names {
		if !pypi.ValidName(n.Name) || pypi.Normalize(n.Name) != n.Name {
			return nil, usage(fmt.Errorf("names: %s, line %d: %q is no normalised project name", f.names, i+1, n.Name))
		}
	}
	c.Names = names
	if f.projects > 0 {
		c.Names = pypitest.Sample(names, f.projects, top, f.seed)
	}
	return pypitest.NewPopulation(c)
}

// figure is one measured number, with its goal where it has one.
type figure struct {
	What  string   `json:"what"`
	Value float64  `json:"value"`
	Unit  string   `json:"unit"`
	Least *float64 `json:"least,omitempty"` // the goal: at least so much
	Most  *float64 `json:"most,omitempty"`  // or at most
	Met   *bool    `json:"met,omitempty"`   // absent without a goal
}

// results are what a bench found.
type results struct {
	Bench   string   `json:"bench"`
	Machine machine  `json:"machine"`
	Figures []figure `json:"figures"`
}

// machine is where a bench ran.
type machine struct {
	Processor string  `json:"processor"`
	Cores     int     `json:"cores"`
	MemoryGiB float64 `json:"memory_gib"`
	System    string  `json:"system"`
	Go        string  `json:"go"`
	// Load is the number of processes that wanted a core before the bench began.
	Load  float64 `json:"load"`
	Build string  `json:"build"`
}

func newResults(bench string) *results {
	m := describeMachine()
	m.Cores, m.Go, m.Build = runtime.GOMAXPROCS(0), runtime.Version(), buildVersion()
	m.System = runtime.GOOS + "/" + runtime.GOARCH + m.System
	return &results{Bench: bench, Machine: m}
}

// add adds a figure without a goal.
func (r *results) add(what string, value float64, unit string) {
	r.Figures = append(r.Figures, figure{What: what, Value: value, Unit: unit})
}

// atMost adds a figure whose goal is an upper bound, atLeast a lower, within both.
func (r *results) atMost(what string, value float64, unit string, most float64) {
	r.goal(what, value, unit, nil, &most)
}

func (r *results) atLeast(what string, value float64, unit string, least float64) {
	r.goal(what, value, unit, &least, nil)
}

func (r *results) within(what string, value float64, unit string, least, most float64) {
	r.goal(what, value, unit, &least, &most)
}

func (r *results) goal(what string, value float64, unit string, least, most *float64) {
	met := (least == nil || value >= *least) && (most == nil || value <= *most)
	r.Figures = append(r.Figures, figure{what, value, unit, least, most, &met})
}

// finishBench prints the results and fails where a goal was to be met and was not.
func (a *app) finishBench(r *results, c *config, check bool) error {
	if err := r.sheet().print(a.out, c.Format); err != nil {
		return err
	}
	missed := 0
	for _, f := range r.Figures {
		if f.Met != nil && !*f.Met {
			missed++
		}
	}
	if check && missed > 0 {
		return fmt.Errorf("%d of the goals of bench %s are missed", missed, r.Bench)
	}
	return nil
}

func (r *results) sheet() sheet {
	s := sheet{value: r, columns: []column{
		{title: "Figure", key: "figure"}, {title: "Measured", key: "measured", number: true}, {title: "Unit", key: "unit"},
		{title: "Goal", key: "goal", number: true}, {title: "Met", key: "met"},
	}}
	for _, f := range r.Figures {
		goal, met := "", ""
		switch {
		case f.Least != nil && f.Most != nil:
			goal = number(*f.Least) + "–" + number(*f.Most)
		case f.Least != nil:
			goal = "≥ " + number(*f.Least)
		case f.Most != nil:
			goal = "≤ " + number(*f.Most)
		}
		if f.Met != nil {
			met = map[bool]string{true: "yes", false: "NO"}[*f.Met]
		}
		s.rows = append(s.rows, []string{f.What, number(f.Value), f.Unit, goal, met})
	}
	m := r.Machine
	s.notes = []string{"", fmt.Sprintf("%s, %d cores, %.0f GiB, %s, %s, load %.1f before, prevalence %s",
		m.Processor, m.Cores, m.MemoryGiB, m.System, m.Go, m.Load, m.Build)}
	return s
}

// number writes a figure with as many digits as mean something.
func number(x float64) string {
	switch {
	case x == float64(int64(x)):
		return strconv.FormatInt(int64(x), 10)
	case x >= 1000 || x <= -1000:
		return strconv.FormatFloat(x, 'f', 0, 64)
	case x >= 100:
		return strconv.FormatFloat(x, 'f', 1, 64)
	case x >= 1:
		return strconv.FormatFloat(x, 'f', 2, 64)
	}
	return strconv.FormatFloat(x, 'f', 4, 64)
}

// writeFile writes what a bench draws.
func writeFigure(file string, b []byte) error {
	if err := os.WriteFile(file, b, 0o644); err != nil {
		return usage(fmt.Errorf("figure: %w", err))
	}
	return nil
}
