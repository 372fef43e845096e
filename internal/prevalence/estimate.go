package prevalence

import "math"

// Tally says how far the crawl of one stratum is. All fields count projects.
// The zero value is a stratum without projects.
//
// The Drawn fields count those of the same kind whose place in the order of
// the crawl was drawn at random, so that they are a sample of the stratum
// before it is complete. Projects asked for by hand are not among them.
type Tally struct {
	// Open is true while nobody knows which projects are on the index: Listed
	// counts those that are known so far, and nothing can be estimated.
	Open       bool `json:"open,omitempty"`
	Listed     int  `json:"listed"`     // on the index
	Scanned    int  `json:"scanned"`    // looked into: outcome ok or partial
	Unanalysed int  `json:"unanalysed"` // could not be looked into
	Empty      int  `json:"empty"`      // have no files

	DrawnScanned    int `json:"drawn_scanned"`
	DrawnUnanalysed int `json:"drawn_unanalysed"`
	DrawnEmpty      int `json:"drawn_empty"`
}

// Complete reports whether every listed project was visited.
func (t Tally) Complete() bool { return !t.Open && t.Scanned+t.Unanalysed+t.Empty >= t.Listed }

// Visited is the tally for what a project's page on the index says, whatever
// came of its files: every visited project counts as scanned, and the listed
// ones are the size.
func (t Tally) Visited() Tally {
	return Tally{
		Open: t.Open, Listed: t.Listed,
		Scanned:      t.Scanned + t.Unanalysed + t.Empty,
		DrawnScanned: t.DrawnScanned + t.DrawnUnanalysed + t.DrawnEmpty,
	}
}

// Without is the tally for a thing that cannot be told of some scanned
// projects: those count as if they could not have been analysed.
func (t Tally) Without(undecided Hits) Tally {
	t.Scanned, t.Unanalysed = t.Scanned-undecided.All, t.Unanalysed+undecided.All
	t.DrawnScanned, t.DrawnUnanalysed = t.DrawnScanned-undecided.Drawn, t.DrawnUnanalysed+undecided.Drawn
	return t
}

// Size returns the number of reference projects of the stratum: listed, with
// files. It is exact in a complete stratum. Before that it is the listed ones
// times the share with files among the drawn ones, and without any drawn one it
// is the listed ones less those known to be empty.
func (t Tally) Size() (size float64, exact bool) {
	if t.Complete() {
		return float64(t.Listed - t.Empty), true
	}
	if drawn := t.DrawnScanned + t.DrawnUnanalysed + t.DrawnEmpty; drawn > 0 {
		return float64(t.Listed) * float64(drawn-t.DrawnEmpty) / float64(drawn), false
	}
	return float64(t.Listed - t.Empty), false
}

// Hits counts the scanned projects of one stratum that show a thing.
type Hits struct {
	All   int // among Tally.Scanned
	Drawn int // among Tally.DrawnScanned
}

// Estimate is what is known of one thing in one band.
type Estimate struct {
	Count   int     // scanned projects that show it
	Scanned int     // scanned projects
	Size    float64 // reference projects of the band; a whole number when SizeExact
	// SizeExact is false while Size rests on a sample of who has files.
	SizeExact bool
	// Known is false when a stratum of the band was neither completed nor drawn
	// from; Share and Interval say nothing then.
	Known bool
	Share float64 // estimated share of the band that shows it
	Interval
	// leastScanned is the smallest scanned share among the strata.
	leastScanned float64
}

// Of estimates how many projects of band b show a thing, from the tally and the
// hits of each stratum.
//
// A complete stratum enters with everything that was scanned in it, another one
// with its drawn projects alone; one that is neither leaves the band unknown,
// because projects that somebody chose say nothing about those that nobody did.
// The share of the band is Σ Nₕ·pₕ / Σ Nₕ. Its interval puts the strata's
// Wilson intervals together by the method of variance estimates recovery: each
// limit lies √Σ(Wₕ·dₕ)² from the estimate, dₕ being the distance of the
// stratum's limit from its share. That keeps the asymmetry of rare things, is
// Wilson's own interval for a single stratum, and a point when every stratum
// is scanned whole. Projects that could not be analysed are in Nₕ and not in
// the sample: the interval stays open for them.
//
// Newcombe, R. G. (1998), Interval estimation for the difference between
// independent proportions, Statistics in Medicine 17, 873–890, method 10. Zou,
// G. Y., Huang, W., Zhang, X. (2009), A note on confidence interval estimation
// for a linear function of binomial proportions, Computational Statistics &
// Data Analysis 53, 1080–1085.
func Of(b Band, tallies [NumStrata]Tally, hits [NumStrata]Hits) Estimate {
	e := Estimate{SizeExact: true, Known: true, leastScanned: 1}
	parts := make([]part, 0, NumStrata)
	for _, h := range b.Strata() {
		t, x := tallies[h], hits[h]
		e.Count += x.All
		e.Scanned += t.Scanned
		if t.Open {
			e.Known, e.SizeExact = false, false
		}
		if t.Listed == 0 {
			continue
		}
		size, exact := t.Size()
		e.Size += size
		e.SizeExact = e.SizeExact && exact
		p := part{size: size, count: x.Drawn, scanned: t.DrawnScanned, whole: exact}
		if exact {
			p.count, p.scanned = x.All, t.Scanned
		}
		parts = append(parts, p)
	}
	parts, ok := collapse(parts)
	if !ok || !e.Known || e.Size <= 0 {
		e.Known = false
		return e
	}
	var below, above float64
	for _, p := range parts {
		w, share := p.size/e.Size, float64(p.count)/float64(p.scanned)
		iv := Wilson(p.count, p.scanned, p.size)
		e.Share += w * share
		below += sq(w * (share - iv.Low))
		above += sq(w * (iv.High - share))
		e.leastScanned = min(e.leastScanned, float64(p.scanned)/p.size)
	}
	e.Interval = Interval{max(0, e.Share-math.Sqrt(below)), min(1, e.Share+math.Sqrt(above))}
	e.Interval = e.within(e.Count, e.Scanned, e.Size)
	e.Share = clamp(e.Share, e.Low, e.High)
	return e
}

// part is what one stratum brings to an estimate.
type part struct {
	size           float64
	count, scanned int
	whole          bool
}

// collapse joins a complete stratum of which nothing could be analysed to a
// neighbour, which then speaks for it (Cochran 1977, section 5A.12), and drops
// strata without reference projects. It reports false when some stratum was not
// sampled at all, or nothing was scanned anywhere.
func collapse(parts []part) ([]part, bool) {
	var out []part
	var orphans float64 // size that waits for a neighbour below
	for _, p := range parts {
		switch {
		case p.scanned > 0:
			p.size += orphans
			orphans = 0
			out = append(out, p)
		case !p.whole:
			return nil, false
		default:
			orphans += p.size
		}
	}
	if len(out) == 0 {
		return nil, false
	}
	out[len(out)-1].size += orphans
	return out, true
}

func sq(x float64) float64 { return x * x }
