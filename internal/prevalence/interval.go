package prevalence

import "math"

// z95 is the 97.5 % point of the standard normal distribution.
const z95 = 1.959963984540054

// Interval is a 95 % confidence interval of a share, 0 ≤ Low ≤ High ≤ 1.
type Interval struct {
	Low, High float64
}

// Wilson returns the 95 % score interval of the share of a population of size
// projects that show a thing, when count of scanned ones, drawn without
// replacement, do.
//
// The finite-population correction divides the variance p(1−p)/n of a draw
// with replacement by (N−1)/(N−n); the interval is Wilson's for the effective
// number n·(N−1)/(N−n) of draws. It narrows as the crawl proceeds and is the
// point count/scanned when everything was scanned. A project that is in size
// and was not scanned, for whatever reason, keeps it open.
//
// It is the whole of [0, 1] when nothing was scanned. Size is a float because
// it may itself be an estimate; it is never taken to be less than scanned.
//
// Wilson, E. B. (1927), Probable inference, the law of succession, and
// statistical inference, JASA 22, 209–212. Cochran, W. G. (1977), Sampling
// Techniques, 3rd edition, section 3.2, for the variance in a finite population.
func Wilson(count, scanned int, size float64) Interval {
	if scanned <= 0 {
		return Interval{0, 1}
	}
	n, p := float64(scanned), float64(count)/float64(scanned)
	if n >= size {
		return Interval{p, p}
	}
	eff := n * (size - 1) / (size - n)
	d := 1 + z95*z95/eff
	middle := (p + z95*z95/(2*eff)) / d
	half := z95 / d * math.Sqrt(p*(1-p)/eff+z95*z95/(4*eff*eff))
	iv := Interval{max(0, middle-half), min(1, middle+half)}
	// Rounding must not move the ends that are known exactly.
	if count == 0 {
		iv.Low = 0
	}
	if count == scanned {
		iv.High = 1
	}
	return iv
}

// within narrows iv to what is certain whatever the sample says: the shown
// projects that are known to show the thing do, and the others known do not.
func (iv Interval) within(shown, known int, size float64) Interval {
	if size <= 0 || float64(known) > size {
		return iv
	}
	lo, hi := float64(shown)/size, 1-float64(known-shown)/size
	return Interval{Low: clamp(iv.Low, lo, hi), High: clamp(iv.High, lo, hi)}
}

func clamp(x, lo, hi float64) float64 { return min(max(x, lo), hi) }
