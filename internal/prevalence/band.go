package prevalence

import "fmt"

// Band is a set of projects that counts are given for. Each band contains the
// smaller ones. The zero value is Top100.
type Band uint8

// The bands, the smallest first.
const (
	Top100    Band = iota // ranks 1 to 100 of the pinned ranking
	Top1k                 // ranks 1 to 1,000
	Top10k                // ranks 1 to 10,000
	Community             // every project on the index
)

// Bands lists all bands, the smallest first.
func Bands() [4]Band { return [4]Band{Top100, Top1k, Top10k, Community} }

// String returns the name that tables, files and flags use: "top100", "top1k",
// "top10k" or "community".
func (b Band) String() string {
	switch b {
	case Top100:
		return "top100"
	case Top1k:
		return "top1k"
	case Top10k:
		return "top10k"
	case Community:
		return "community"
	}
	return fmt.Sprintf("band(%d)", uint8(b))
}

// Title returns the name that a heading uses, for example "Top 1k".
func (b Band) Title() string {
	switch b {
	case Top100:
		return "Top 100"
	case Top1k:
		return "Top 1k"
	case Top10k:
		return "Top 10k"
	case Community:
		return "Community"
	}
	return b.String()
}

// MaxRank returns the highest rank that is in the band, 0 for Community, which
// asks for no rank.
func (b Band) MaxRank() int {
	switch b {
	case Top100:
		return 100
	case Top1k:
		return 1_000
	case Top10k:
		return 10_000
	}
	return 0
}

// Strata returns the strata that make up the band, a prefix of all strata.
func (b Band) Strata() []Stratum {
	all := Strata()
	return all[:min(int(b)+1, len(all))]
}

// ParseBand is the inverse of Band.String.
func ParseBand(s string) (Band, error) {
	for _, b := range Bands() {
		if b.String() == s {
			return b, nil
		}
	}
	return 0, fmt.Errorf("prevalence: no band %q; it is one of top100, top1k, top10k, community", s)
}

// Stratum is a part of the index that is drawn from on its own. Strata do not
// overlap; a band is a union of them. The zero value is Stratum100.
type Stratum uint8

// The strata, in order of rank.
const (
	Stratum100  Stratum = iota // ranks 1 to 100
	Stratum1k                  // ranks 101 to 1,000
	Stratum10k                 // ranks 1,001 to 10,000
	StratumRest                // everything else, ranked or not
)

// NumStrata is the number of strata.
const NumStrata = 4

// Strata lists all strata in order of rank.
func Strata() [NumStrata]Stratum {
	return [NumStrata]Stratum{Stratum100, Stratum1k, Stratum10k, StratumRest}
}

// StratumOf returns the stratum of a rank, 1 being the most used project. Rank
// 0, or a negative one, stands for a project without a rank.
func StratumOf(rank int) Stratum {
	switch {
	case rank <= 0:
		return StratumRest
	case rank <= 100:
		return Stratum100
	case rank <= 1_000:
		return Stratum1k
	case rank <= 10_000:
		return Stratum10k
	}
	return StratumRest
}
