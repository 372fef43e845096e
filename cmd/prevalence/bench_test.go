package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// benched runs a bench and returns its figures by name. The bench itself fails
// when a count is not the known one.
func benched(t *testing.T, args ...string) map[string]figure {
	t.Helper()
	var r results
	out := output(t, prevalenceCommand(t, append([]string{"bench", "--format", "json"}, args...)...))
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatalf("%v: %v\n%s", args, err, out)
	}
	if r.Bench != args[0] || r.Machine.Cores == 0 || r.Machine.Go == "" {
		t.Errorf("bench %q on %+v", r.Bench, r.Machine)
	}
	figures := make(map[string]figure)
	for _, f := range r.Figures {
		figures[f.What] = f
	}
	return figures
}

// met fails the test for each figure that misses its goal or is missing. How
// fast a machine is, no test can demand.
func met(t *testing.T, figures map[string]figure, names ...string) {
	t.Helper()
	for _, name := range names {
		if f, there := figures[name]; !there || f.Met == nil || !*f.Met {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

func TestBenchSweep(t *testing.T) {
	figures := benched(t, "sweep", "--projects", "4000")
	met(t, figures, "first sweep: crawler's memory", "unchanged sweep: crawler's memory")
	for name, want := range map[string]float64{
		"first sweep: jobs": 4000, "unchanged sweep: jobs": 0, "first sweep: requests": 1, "unchanged sweep: requests": 1,
	} {
		if f := figures[name]; f.Value != want {
			t.Errorf("%s: %v, want %v", name, f.Value, want)
		}
	}
}

func TestBenchPipeline(t *testing.T) {
	figures := benched(t, "pipeline", "--projects", "90")
	if f := figures["large sdists: memory of a worker"]; f.Value <= 0 || f.Most == nil { // the race detector weighs more than the goal
		t.Errorf("memory of a worker: %+v", f)
	}
	if f := figures["small projects"]; f.Value <= 0 || f.Least == nil || *f.Least != goalProjects {
		t.Errorf("small projects: %+v", f)
	}
	for _, role := range stages {
		if f := figures["small projects: processor time of "+role]; f.Value <= 0 {
			t.Errorf("%s: %+v", role, f)
		}
	}
}

func TestBenchFaults(t *testing.T) {
	figures := benched(t, "faults", "--projects", "120")
	met(t, figures, "requests more")
	if f := figures["faults met"]; f.Value < 5 {
		t.Errorf("faults met: %+v", f)
	}
}

// TestBenchEstimates checks the goal itself: orders and truth are drawn from
// seeds, so that the figures are the same on every machine.
// TestBenchPoliteness holds a bound that no machine is too slow for.
func TestBenchPoliteness(t *testing.T) {
	figures := benched(t, "politeness", "--rate", "20", "--duration", "12s")
	met(t, figures, "most requests in any 10 s", "that is, of the rate")
	if f := figures["requests seen by the index"]; f.Value < 20 {
		t.Errorf("requests: %+v", f)
	}
}

func TestBenchEstimates(t *testing.T) {
	svg := filepath.Join(t.TempDir(), "estimates.svg")
	figures := benched(t, "estimates", "--projects", "30000", "--seeds", "40", "--check", "--figure", svg)
	met(t, figures, "behaviours", "intervals that hold the truth at 1 %", "intervals that hold the truth at 5 %", "intervals that hold the truth at 20 %")
	b, err := os.ReadFile(svg)
	if err != nil || !strings.HasPrefix(string(b), "<svg") {
		t.Errorf("figure: %.60q, %v", b, err)
	}
}

// TestBenchCheck: a missed goal is an exit code, and only when it is asked for.
func TestBenchCheck(t *testing.T) {
	// With two orders of a small index some fraction misses.
	args := []string{"bench", "estimates", "--projects", "120", "--seeds", "2"}
	output(t, prevalenceCommand(t, args...))
	out, err := prevalenceCommand(t, append(args, "--check")...).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "goals of bench estimates are missed") || !strings.Contains(string(out), "NO") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestBenchRanges(t *testing.T) {
	figures := benched(t, "ranges")
	if n := figures["generated wheels: number"]; n.Value < 3 {
		t.Errorf("wheels: %+v", n)
	}
	if ratio := figures["generated wheels: fetched of what is needed"]; ratio.Value < 1 || ratio.Value > 2 {
		t.Errorf("fetched of what is needed: %+v", ratio)
	}
	if share := figures["generated wheels: share of the files"]; share.Value <= 0 || share.Value > 5 {
		t.Errorf("share of wheels that are mostly data: %+v", share)
	}
}
