package prevalence

import "testing"

func TestStratumOf(t *testing.T) {
	tests := []struct {
		rank int
		want Stratum
	}{
		{-1, StratumRest}, {0, StratumRest}, {1, Stratum100}, {100, Stratum100}, {101, Stratum1k},
		{1_000, Stratum1k}, {1_001, Stratum10k}, {10_000, Stratum10k}, {10_001, StratumRest}, {886_323, StratumRest},
	}
	for _, tt := range tests {
		if got := StratumOf(tt.rank); got != tt.want {
			t.Errorf("StratumOf(%d) = %d, want %d", tt.rank, got, tt.want)
		}
	}
}

// A rank is in a band exactly if the band contains its stratum.
func TestBandsAreUnionsOfStrata(t *testing.T) {
	for _, b := range Bands() {
		in := make(map[Stratum]bool)
		for _, h := range b.Strata() {
			in[h] = true
		}
		for _, rank := range []int{0, 1, 99, 100, 101, 999, 1_000, 1_001, 9_999, 10_000, 10_001, 500_000} {
			want := b == Community || rank > 0 && rank <= b.MaxRank()
			if got := in[StratumOf(rank)]; got != want {
				t.Errorf("rank %d in %s: %v, want %v", rank, b, got, want)
			}
		}
	}
}

func TestParseBand(t *testing.T) {
	for _, b := range Bands() {
		if got, err := ParseBand(b.String()); err != nil || got != b {
			t.Errorf("ParseBand(%q) = %v, %v", b, got, err)
		}
		if b.Title() == b.String() {
			t.Errorf("band %s has no title", b)
		}
	}
	for _, s := range []string{"", "Top100", "top 100", "band(9)"} {
		if _, err := ParseBand(s); err == nil {
			t.Errorf("ParseBand(%q) succeeded", s)
		}
	}
}
