package prevalence

import "math"

// Label is the word for how frequent a thing is in the community.
type Label string

// The labels.
const (
	Common        Label = "Common"          // at least 1 %
	Uncommon      Label = "Uncommon"        // at least 0.1 %
	Rare          Label = "Rare"            // below, but there
	Unseen        Label = "Unseen"          // nobody shows it
	NotEnoughData Label = "Not enough data" // the interval spans more than one of the others
)

// Labels lists all labels, the most frequent first.
func Labels() [5]Label { return [5]Label{Common, Uncommon, Rare, Unseen, NotEnoughData} }

// Shares from which a label holds.
const (
	commonShare   = 0.01
	uncommonShare = 0.001
)

// unseenScanned is the scanned share from which nothing found means Unseen: one
// project that shows the thing would have been found with at least this
// probability. Below it the normal approximation under Wilson's interval rules
// out a single project too early (from 79 % on, where one in five is missed).
const unseenScanned = 0.95

// LabelOf names the frequency that community, an estimate for the band
// Community, stands for. Projects come in whole numbers, so the interval spans
// the labels of the whole numbers of projects in it and of the estimate itself.
func LabelOf(community Estimate) Label {
	if !community.Known {
		return NotEnoughData
	}
	n := community.Size
	lo, hi := math.Ceil(community.Low*n-rounding), math.Floor(community.High*n+rounding)
	if community.Count == 0 && community.leastScanned < unseenScanned {
		hi = max(hi, 1)
	}
	at := labelOf(whole(community.Share*n) / n)
	if labelOf(lo/n) != at || labelOf(hi/n) != at {
		return NotEnoughData
	}
	return at
}

// rounding is the part of a project below which a count is taken to be whole.
const rounding = 1e-6

// whole undoes the rounding error of a product that should be a whole number.
func whole(count float64) float64 {
	if r := math.Round(count); math.Abs(r-count) < rounding {
		return r
	}
	return count
}

func labelOf(share float64) Label {
	switch {
	case share >= commonShare:
		return Common
	case share >= uncommonShare:
		return Uncommon
	case share > 0:
		return Rare
	}
	return Unseen
}
