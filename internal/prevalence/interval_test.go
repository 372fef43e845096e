package prevalence

import (
	"math"
	"testing"
)

func near(a, b, tolerance float64) bool { return math.Abs(a-b) <= tolerance }

func TestWilson(t *testing.T) {
	tests := []struct {
		name           string
		count, scanned int
		size           float64
		low, high      float64
		tolerance      float64
	}{
		// Without a finite population: Newcombe (1998), Two-sided confidence
		// intervals for the single proportion, table I, method 3.
		{"newcombe 81/263", 81, 263, 1e15, 0.2553, 0.3662, 5e-5},
		{"newcombe 15/148", 15, 148, 1e15, 0.0624, 0.1605, 5e-5},
		{"newcombe 0/20", 0, 20, 1e15, 0, 0.1611, 5e-5},
		{"newcombe 1/29", 1, 29, 1e15, 0.0061, 0.1718, 5e-5},
		// By hand: n=50 of N=100 is worth 50·99/50 = 99 draws; z² = 3.8415.
		// middle = (0.2 + 3.8415/198)/(1 + 3.8415/99) = 0.219402/1.038803 = 0.211207
		// half = 1.95996/1.038803·√(0.16/99 + 3.8415/(4·9801)) = 1.886752·√0.00171415 = 0.078116
		{"half of a hundred", 10, 50, 100, 0.133090, 0.289322, 2e-6},
		// By hand: 0 of 50 of 100: high = (3.8415/99)/(1 + 3.8415/99) = 0.037353.
		{"none of half", 0, 50, 100, 0, 0.037353, 1e-6},
		{"all of half", 50, 50, 100, 1 - 0.037353, 1, 1e-6},
		{"closed", 37, 100, 100, 0.37, 0.37, 0},
		{"closed at nothing", 0, 100, 100, 0, 0, 0},
		{"one project", 1, 1, 1, 1, 1, 0},
		{"size below scanned", 1, 4, 3, 0.25, 0.25, 0},
		{"nothing scanned", 0, 0, 100, 0, 1, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := Wilson(tt.count, tt.scanned, tt.size)
			if !near(got.Low, tt.low, tt.tolerance) || !near(got.High, tt.high, tt.tolerance) {
				t.Errorf("Wilson(%d, %d, %g) = %.6f–%.6f, want %.6f–%.6f",
					tt.count, tt.scanned, tt.size, got.Low, got.High, tt.low, tt.high)
			}
		})
	}
}

// Whatever the counts: ends in order and in [0, 1], the share between them,
// mirrored for the opposite count, narrower with more of the population
// scanned, open until the last project.
func TestWilsonProperties(t *testing.T) {
	for _, size := range []int{1, 2, 3, 7, 50, 400} {
		for n := 1; n <= size; n++ {
			for count := 0; count <= n; count++ {
				iv := Wilson(count, n, float64(size))
				p := float64(count) / float64(n)
				if !(0 <= iv.Low && iv.Low <= p+1e-12 && p-1e-12 <= iv.High && iv.High <= 1) {
					t.Fatalf("Wilson(%d, %d, %d) = %v does not hold %g", count, n, size, iv, p)
				}
				mirror := Wilson(n-count, n, float64(size))
				if !near(iv.Low, 1-mirror.High, 1e-12) || !near(iv.High, 1-mirror.Low, 1e-12) {
					t.Fatalf("Wilson(%d, %d, %d) = %v is not the mirror of %v", count, n, size, iv, mirror)
				}
				if open := iv.Low < iv.High; open != (n < size) {
					t.Fatalf("Wilson(%d, %d, %d) = %v: open %v", count, n, size, iv, open)
				}
				if larger := Wilson(count, n, float64(size+1)); larger.Low > iv.Low || larger.High < iv.High {
					t.Fatalf("Wilson(%d, %d, %d) = %v is not inside %v of a larger population", count, n, size, iv, larger)
				}
			}
		}
	}
}
