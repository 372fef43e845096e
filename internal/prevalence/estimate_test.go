package prevalence

import (
	"math"
	"math/rand/v2"
	"testing"
)

// scannedWhole stands for a stratum in which every project was scanned.
func scannedWhole(n int) Tally { return Tally{Listed: n, Scanned: n, DrawnScanned: n} }

func TestOf(t *testing.T) {
	tests := []struct {
		name    string
		band    Band
		tallies [NumStrata]Tally
		hits    [NumStrata]Hits
		want    Estimate
	}{
		{
			name:    "everything scanned is a point",
			band:    Community,
			tallies: [NumStrata]Tally{scannedWhole(100), scannedWhole(900), scannedWhole(9_000), scannedWhole(90_000)},
			hits:    [NumStrata]Hits{{All: 26, Drawn: 26}, {All: 74}, {All: 400}, {All: 500}},
			want:    Estimate{Count: 1_000, Scanned: 100_000, Size: 100_000, SizeExact: true, Known: true, Share: 0.01, Interval: Interval{0.01, 0.01}},
		},
		{
			name:    "a band leaves the larger strata alone",
			band:    Top1k,
			tallies: [NumStrata]Tally{scannedWhole(100), scannedWhole(900), {Listed: 9_000}, {Listed: 90_000}},
			hits:    [NumStrata]Hits{{All: 26}, {All: 74}, {All: 400}, {All: 500}},
			want:    Estimate{Count: 100, Scanned: 1_000, Size: 1_000, SizeExact: true, Known: true, Share: 0.1, Interval: Interval{0.1, 0.1}},
		},
		{
			name:    "an unvisited stratum leaves the band unknown",
			band:    Community,
			tallies: [NumStrata]Tally{scannedWhole(100), scannedWhole(900), scannedWhole(9_000), {Listed: 90_000}},
			hits:    [NumStrata]Hits{{All: 26}, {All: 74}, {All: 400}, {}},
			want:    Estimate{Count: 500, Scanned: 10_000, Size: 100_000},
		},
		{
			name:    "hand-picked projects are counted and estimate nothing",
			band:    Top100,
			tallies: [NumStrata]Tally{{Listed: 100, Scanned: 60}},
			hits:    [NumStrata]Hits{{All: 12}},
			want:    Estimate{Count: 12, Scanned: 60, Size: 100},
		},
		{
			name:    "without a ranking a top band is empty",
			band:    Top100,
			tallies: [NumStrata]Tally{StratumRest: scannedWhole(356)},
			want:    Estimate{SizeExact: true},
		},
		{
			name:    "projects without files are no part of the size",
			band:    Top100,
			tallies: [NumStrata]Tally{{Listed: 100, Scanned: 80, Empty: 20}},
			hits:    [NumStrata]Hits{{All: 20}},
			want:    Estimate{Count: 20, Scanned: 80, Size: 80, SizeExact: true, Known: true, Share: 0.25, Interval: Interval{0.25, 0.25}},
		},
		{
			// The interval is Wilson's of 10 of 50 of 100, see TestWilson.
			name:    "unanalysed projects keep the interval open",
			band:    Top100,
			tallies: [NumStrata]Tally{{Listed: 100, Scanned: 50, Unanalysed: 50}},
			hits:    [NumStrata]Hits{{All: 10}},
			want:    Estimate{Count: 10, Scanned: 50, Size: 100, SizeExact: true, Known: true, Share: 0.2, Interval: Interval{0.133090, 0.289322}},
		},
		{
			// 4 of 40 drawn ones have no files: of 1,000 listed ones 900 do.
			name: "the share with files is estimated from the drawn ones",
			band: Top1k,
			tallies: [NumStrata]Tally{
				Stratum1k: {Listed: 1_000, Scanned: 46, Empty: 14, DrawnScanned: 36, DrawnEmpty: 4},
			},
			hits: [NumStrata]Hits{Stratum1k: {All: 19, Drawn: 9}},
			want: Estimate{Count: 19, Scanned: 46, Size: 900, Known: true, Share: 0.25, Interval: Wilson(9, 36, 900)},
		},
		{
			name:    "a stratum that could not be analysed is spoken for by the next",
			band:    Community,
			tallies: [NumStrata]Tally{{Listed: 1, Unanalysed: 1}, {}, {}, scannedWhole(99)},
			hits:    [NumStrata]Hits{StratumRest: {All: 33}},
			want:    Estimate{Count: 33, Scanned: 99, Size: 100, SizeExact: true, Known: true, Share: 1.0 / 3, Interval: Wilson(33, 99, 100).within(33, 99, 100)},
		},
		{
			name:    "nobody knows yet what is on the index",
			band:    Community,
			tallies: [NumStrata]Tally{{Open: true, Listed: 10, Scanned: 10, DrawnScanned: 10}},
			hits:    [NumStrata]Hits{{All: 5, Drawn: 5}},
			want:    Estimate{Count: 5, Scanned: 10, Size: 10},
		},
		{
			name:    "what a page says is known of every visited project",
			band:    Top100,
			tallies: [NumStrata]Tally{Tally{Listed: 100, Scanned: 70, Unanalysed: 10, Empty: 20}.Visited()},
			hits:    [NumStrata]Hits{{All: 5}},
			want:    Estimate{Count: 5, Scanned: 100, Size: 100, SizeExact: true, Known: true, Share: 0.05, Interval: Interval{0.05, 0.05}},
		},
		{
			name:    "nothing could be analysed",
			band:    Community,
			tallies: [NumStrata]Tally{{Listed: 3, Unanalysed: 3}},
			want:    Estimate{Size: 3, SizeExact: true},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := Of(tt.band, tt.tallies, tt.hits)
			w := tt.want
			if got.Count != w.Count || got.Scanned != w.Scanned || got.Size != w.Size || got.SizeExact != w.SizeExact || got.Known != w.Known {
				t.Errorf("got %+v\nwant %+v", got, w)
			}
			if w.Known && (!near(got.Share, w.Share, 1e-12) || !near(got.Low, w.Low, 2e-6) || !near(got.High, w.High, 2e-6)) {
				t.Errorf("got %v %v, want %v %v", got.Share, got.Interval, w.Share, w.Interval)
			}
		})
	}
}

// By hand: two strata of equal weight, one closed at 0.5, one of 10 of 50 of 100.
// Share 0.35; low = 0.35 − 0.5·(0.2 − 0.133090), high = 0.35 + 0.5·(0.289322 − 0.2).
func TestOfPutsStrataTogether(t *testing.T) {
	tallies := [NumStrata]Tally{scannedWhole(100), {Listed: 100, Scanned: 50, DrawnScanned: 50}}
	hits := [NumStrata]Hits{{All: 50, Drawn: 50}, {All: 10, Drawn: 10}}
	got := Of(Top1k, tallies, hits)
	if !near(got.Share, 0.35, 1e-12) || !near(got.Low, 0.316545, 2e-6) || !near(got.High, 0.394662, 2e-6) {
		t.Errorf("got %v %v", got.Share, got.Interval)
	}
}

// Random tallies: the estimate lies in its interval, the interval in what is
// certain, and it is a point exactly when all reference projects were scanned.
func TestOfProperties(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range 20_000 {
		var tallies [NumStrata]Tally
		var hits [NumStrata]Hits
		for h := range tallies {
			ta := Tally{DrawnScanned: rng.IntN(30), DrawnUnanalysed: rng.IntN(3), DrawnEmpty: rng.IntN(3)}
			ta.Scanned = ta.DrawnScanned + rng.IntN(4)
			ta.Unanalysed = ta.DrawnUnanalysed + rng.IntN(2)
			ta.Empty = ta.DrawnEmpty + rng.IntN(2)
			ta.Listed = ta.Scanned + ta.Unanalysed + ta.Empty + rng.IntN(2)*rng.IntN(200)
			tallies[h] = ta
			hits[h].Drawn = rng.IntN(ta.DrawnScanned + 1)
			hits[h].All = hits[h].Drawn + rng.IntN(ta.Scanned-ta.DrawnScanned+1)
		}
		for _, b := range Bands() {
			e := Of(b, tallies, hits)
			if !e.Known {
				continue
			}
			if !(0 <= e.Low && e.Low <= e.Share && e.Share <= e.High && e.High <= 1) {
				t.Fatalf("%d %s: %+v", i, b, e)
			}
			if e.SizeExact {
				if e.Low < float64(e.Count)/e.Size-1e-9 {
					t.Fatalf("%d %s: low end below what was seen: %+v", i, b, e)
				}
				if closed := e.High-e.Low < 1e-12; closed != (float64(e.Scanned) == e.Size) {
					t.Fatalf("%d %s: closed %v: %+v", i, b, closed, e)
				}
			}
		}
	}
}

// A synthetic index whose truth is known is crawled in the order of the design:
// half of the visits in the strata of the Top 10k, half in the rest. Over many
// seeds and behaviours the community's interval must hold the truth about
// 95 times in 100.
func TestIntervalsCoverTheTruth(t *testing.T) {
	sizes := [NumStrata]int{100, 900, 9_000, 60_000}
	total := 70_000
	shares := []float64{0.0005, 0.001, 0.002, 0.005, 0.01, 0.03, 0.1, 0.3, 0.6}
	const seeds = 150
	for _, fraction := range []float64{0.01, 0.05, 0.2} {
		covered, tries := 0, 0
		for seed := range uint64(seeds) {
			rng := rand.New(rand.NewPCG(seed, 7))
			for _, share := range shares {
				var tallies [NumStrata]Tally
				var hits [NumStrata]Hits
				truth := 0
				for h, size := range sizes {
					// More frequent among popular projects, as in life.
					k := int(math.Round(share * float64(size) * []float64{1.6, 1.4, 1.2, 1}[h]))
					truth += k
					visits := int(fraction * float64(total) / 2)
					if h != int(StratumRest) {
						visits = visits * size / 10_000
					}
					n := min(visits, size)
					x := drawWithout(rng, size, k, n)
					tallies[h] = Tally{Listed: size, Scanned: n, DrawnScanned: n}
					hits[h] = Hits{All: x, Drawn: x}
				}
				e := Of(Community, tallies, hits)
				tries++
				if p := float64(truth) / float64(total); e.Known && e.Low <= p && p <= e.High {
					covered++
				}
			}
		}
		got := float64(covered) / float64(tries)
		t.Logf("%4.0f %% of the visits: %.1f %% of %d intervals hold the truth", 100*fraction, 100*got, tries)
		if got < 0.93 || got > 0.97 {
			t.Errorf("at %g: coverage %.3f, want 0.93 to 0.97", fraction, got)
		}
	}
}

// drawWithout draws n of size projects, k of which show a thing, without
// replacement and returns how many of the drawn ones show it.
func drawWithout(rng *rand.Rand, size, k, n int) int {
	if k > n { // the hypergeometric distribution is symmetric in the two
		k, n = n, k
	}
	hits := 0
	for i := range k {
		if rng.IntN(size-i) < n-hits {
			hits++
		}
	}
	return hits
}
