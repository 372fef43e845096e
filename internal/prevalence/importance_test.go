package prevalence

import (
	"math"
	"testing"
)

func TestImportanceOf(t *testing.T) {
	community := func(count, scanned int) Estimate {
		return Estimate{Known: true, Count: count, Scanned: scanned, Share: float64(count) / float64(scanned)}
	}
	yes, no := true, false
	tests := []struct {
		name            string
		shown, clusters int
		community       Estimate
		known           bool
		important       *bool
	}{
		{"far more", 15, 30, community(100, 100_000), true, &yes},
		{"as often", 30, 60, community(50_000, 100_000), true, &no},
		{"never, and many look", 0, 400, community(50_000, 100_000), true, &no},
		{"few clusters", 4, 4, community(1, 100_000), true, nil},
		{"five of five", 5, 5, community(100, 100_000), true, &yes},
		{"three times, roughly", 6, 20, community(10_000, 100_000), true, nil},
		{"nobody in the community", 8, 10, community(0, 1_000), true, &yes},
		{"nobody anywhere", 0, 10, community(0, 1_000), true, nil},
		{"nobody anywhere, and a large community", 0, 10, community(0, 100_000), true, nil},
		{"no cluster", 0, 0, community(1, 10), false, nil},
		{"no community", 5, 5, Estimate{}, false, nil},
	}
	for _, tt := range tests {
		x := ImportanceOf(tt.shown, tt.clusters, tt.community)
		if x.Known != tt.known || (x.Important == nil) != (tt.important == nil) || x.Important != nil && *x.Important != *tt.important {
			t.Errorf("%s: %+v", tt.name, x)
		}
		if x.Known && !(x.Low < x.Ratio && x.Ratio < x.High && x.Low > 0 && !math.IsInf(x.High, 0)) {
			t.Errorf("%s: no interval: %+v", tt.name, x)
		}
	}
	// By hand: (10.5/21) / (100.5/1001), and the standard error of its logarithm.
	x := ImportanceOf(10, 20, community(100, 1_000))
	se := math.Sqrt(1/10.5 - 1/21.0 + 1/100.5 - 1/1001.0)
	if r := 10.5 / 21 / (100.5 / 1001); math.Abs(x.Ratio-r) > 1e-12 || math.Abs(x.Low-r*math.Exp(-z95*se)) > 1e-12 {
		t.Errorf("%+v, want ratio %v", x, r)
	}
}
