package prevalence

import "math"

// Importance says how much more often malicious code shows a thing than the
// community does.
type Importance struct {
	// Known is false without a cluster, or while nothing is known of the
	// community; the numbers say nothing then.
	Known     bool
	Ratio     float64 // of the two shares, 0.5 added to each cell
	Low, High float64 // its 95 % interval
	// Important is nil when there is not enough data for either answer.
	Important *bool
}

// What Important asks for.
const (
	importantRatio    = 3 // that the lower limit reaches
	importantClusters = 5 // of malicious code, at least
)

// ImportanceOf compares clusters of malicious code, of which shown show a
// thing, with the community. A cluster is equal code: a campaign that is
// published under a hundred names is one. The community's share enters as if
// it had been counted in the scanned projects, so that a partial crawl is as
// uncertain as its sample.
//
// The interval is Katz's for the ratio of two proportions, on the log scale,
// with 0.5 added to each cell of the table, so that zeros do no harm. The thing
// is important when the lower limit is at least 3 and there are at least 5
// clusters of which one shows it at all, unimportant when the upper limit is below 3 and there are as many.
//
// Katz, D., Baptista, J., Azen, S. P., Pike, M. C. (1978), Obtaining confidence
// intervals for the risk ratio in cohort studies, Biometrics 34, 469–474.
// Walter, S. D. (1975), The distribution of Levin's measure of attributable
// risk, Biometrika 62, 371–374, for the 0.5.
func ImportanceOf(shown, clusters int, community Estimate) Importance {
	if clusters <= 0 || !community.Known || community.Scanned <= 0 {
		return Importance{}
	}
	a, n := float64(shown)+0.5, float64(clusters)+1
	b, m := community.Share*float64(community.Scanned)+0.5, float64(community.Scanned)+1
	ratio := a / n / (b / m)
	spread := math.Exp(z95 * math.Sqrt(1/a-1/n+1/b-1/m))
	x := Importance{Known: true, Ratio: ratio, Low: ratio / spread, High: ratio * spread}
	if clusters >= importantClusters {
		switch yes := x.Low >= importantRatio; {
		case yes && shown > 0, x.High < importantRatio:
			x.Important = &yes
		}
	}
	return x
}
