package prevalence

import "testing"

func TestLabelOf(t *testing.T) {
	community := func(count, scanned, size int) Estimate {
		return Of(Community,
			[NumStrata]Tally{StratumRest: {Listed: size, Scanned: scanned, DrawnScanned: scanned}},
			[NumStrata]Hits{StratumRest: {All: count, Drawn: count}})
	}
	tests := []struct {
		name string
		e    Estimate
		want Label
	}{
		{"one in a hundred", community(10, 1_000, 1_000), Common},
		{"just below one in a hundred", community(99, 10_000, 10_000), Uncommon},
		{"one in a thousand", community(1, 1_000, 1_000), Uncommon},
		{"just below one in a thousand", community(9, 10_000, 10_000), Rare},
		{"one of very many", community(1, 886_323, 886_323), Rare},
		{"none", community(0, 1_000, 1_000), Unseen},
		{"a sample that is clear", community(300, 1_000, 100_000), Common},
		{"a sample on the border", community(10, 1_000, 100_000), NotEnoughData},
		{"none in a sample", community(0, 1_000, 100_000), NotEnoughData},
		{"none in four fifths", community(0, 80_000, 100_000), NotEnoughData},
		{"none in nearly all", community(0, 96_000, 100_000), Unseen},
		{"a small sample that is clear", community(1, 3, 300), Common},
		{"unknown", Estimate{Count: 3, Scanned: 3, Size: 10}, NotEnoughData},
		{"nothing at all", Estimate{}, NotEnoughData},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := LabelOf(tt.e); got != tt.want {
				t.Errorf("LabelOf(%+v) = %s, want %s", tt.e, got, tt.want)
			}
		})
	}
}

// With everything scanned there is always a label, whatever the count.
func TestLabelOfCompleteCrawl(t *testing.T) {
	for _, size := range []int{1, 9, 356, 1_000, 2_503} {
		for count := 0; count <= size; count++ {
			e := Of(Community,
				[NumStrata]Tally{scannedWhole(size / 2), {}, {}, scannedWhole(size - size/2)},
				[NumStrata]Hits{{All: min(count, size/2)}, {}, {}, {All: count - min(count, size/2)}})
			if got, want := LabelOf(e), labelOf(float64(count)/float64(size)); got != want {
				t.Fatalf("%d of %d: %s, want %s", count, size, got, want)
			}
		}
	}
}
