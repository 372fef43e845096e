package annotate

import (
	"math"

	"prevalence/internal/prevalence"
	"prevalence/query/dataset"
	"prevalence/schemas/peers"
)

// Note is what is said of a finding. Where its rule stands for several
// behaviours, label and rarity are those of the rarest: a finding that may be
// a rare thing is not passed off as a common one.
type Note struct {
	Snapshot string           `json:"snapshot"`
	Label    prevalence.Label `json:"label"`
	// Rarity grows from 0, everybody shows it, by 20 for each factor of ten, to
	// 100: one in 100,000, or nobody. Nil: not enough data.
	Rarity    *float64    `json:"rarity"`
	Fit       peers.Fit   `json:"fit,omitempty"`
	Behaviors []Prevalent `json:"behaviors"` // the rarest first
	None      string      `json:"none,omitempty"`
}

// Prevalent is a behaviour with its counts.
type Prevalent struct {
	ID       string           `json:"id"`
	Sentence string           `json:"sentence,omitempty"`
	Label    prevalence.Label `json:"label"`
	Bands    map[string]Count `json:"bands"` // empty: the reference does not know it
	// Lift is that of the behaviour, in all contexts; nil: not enough data.
	Lift *dataset.Lift `json:"lift"`
}

// Count is a number of a band.
type Count struct {
	Count    int      `json:"count"`
	Resolved int      `json:"resolved"`
	Scanned  int      `json:"scanned"`
	Size     int      `json:"size"`
	Share    *float64 `json:"share"`
	Low      *float64 `json:"low"`
	High     *float64 `json:"high"`
}

// Hidable says whether the finding may be left out as common: all that it may
// be is common, and its rule sees no mere part of that.
func (n *Note) Hidable() bool {
	if n.Fit != peers.Same && n.Fit != peers.More {
		return false
	}
	for _, b := range n.Behaviors {
		if b.Label != prevalence.Common {
			return false
		}
	}
	return len(n.Behaviors) > 0
}

// rarity is 20 × −log10 of a share, between 0 and 100.
func rarity(share *float64) *float64 {
	if share == nil {
		return nil
	}
	r := 100.0
	if *share > 0 {
		r = min(100, max(0, -20*math.Log10(*share)))
	}
	r = math.Round(r*10) / 10
	return &r
}

// prevalent is what the reference says of a behaviour.
func (r *Reference) prevalent(id string) Prevalent {
	p := Prevalent{ID: id, Label: prevalence.NotEnoughData, Bands: map[string]Count{}}
	b := r.Behavior(id)
	if b == nil {
		return p
	}
	p.Sentence, p.Label, p.Lift = b.Sentence, b.Label, b.Lift
	for band, n := range b.Bands {
		p.Bands[band] = Count{n.Count, n.Resolved, n.Scanned, n.Size, n.Share, n.Low, n.High}
	}
	return p
}

// community is the share of the community, nil while there is not enough data.
func (p *Prevalent) community() *float64 { return p.Bands[prevalence.Community.String()].Share }
