package synthetic

import (
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The scans have the sizes that the package states, and are the same again.
func TestSizes(t *testing.T) {
	const n = 2000
	c := Config{Seed: 1, Share: n / 886_323.0}
	for i := range n {
		c.Names = append(c.Names, "project-"+strconv.Itoa(i))
	}
	for i := range 290 {
		c.Behaviors = append(c.Behaviors, "a/b"+strconv.Itoa(i))
	}
	g, again := New(c), New(c)
	symbols, behaviors, indicators := 0, 0, 0
	for i := range n {
		s := g.Scan(i)
		symbols += len(s.Symbols)
		behaviors += len(s.Observations)
		indicators += len(s.Indicators)
		if i%500 == 0 {
			if diff := cmp.Diff(s, again.Scan(i)); diff != "" {
				t.Errorf("project %d: %s", i, diff)
			}
		}
	}
	for _, x := range []struct {
		what      string
		got, want int
	}{{"symbols", symbols / n, Symbols}, {"behaviours", behaviors / n, Behaviors}, {"indicators", indicators / n, Indicators}} {
		if 5*x.got < 4*x.want || 5*x.got > 6*x.want {
			t.Errorf("%d %s a project, want about %d", x.got, x.what, x.want)
		}
	}
}
