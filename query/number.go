package query

import (
	"context"
	"fmt"
	"strings"

	"prevalence/internal/prevalence"
	"prevalence/internal/store"
)

// Number is how common a thing is in one band.
type Number struct {
	Band    string `json:"band"`
	Count   int    `json:"count"`   // scanned projects that show it
	Scanned int    `json:"scanned"` // scanned projects of the band
	Size    int    `json:"size"`    // reference projects of the band
	// Resolved counts those of Count in which it is proven; the others are likely.
	Resolved  int  `json:"resolved"`
	SizeExact bool `json:"size_exact"`
	// Share is the estimated share of the band, Low and High its 95 % interval;
	// nil while there is not enough data.
	Share *float64 `json:"share"`
	Low   *float64 `json:"low"`
	High  *float64 `json:"high"`
}

// Numbers are a thing's four numbers and its label.
type Numbers struct {
	Top100    Number           `json:"top100"`
	Top1k     Number           `json:"top1k"`
	Top10k    Number           `json:"top10k"`
	Community Number           `json:"community"`
	Label     prevalence.Label `json:"label"`
}

// Band returns the number for a band.
func (n *Numbers) Band(b prevalence.Band) *Number {
	switch b {
	case prevalence.Top100:
		return &n.Top100
	case prevalence.Top1k:
		return &n.Top1k
	case prevalence.Top10k:
		return &n.Top10k
	}
	return &n.Community
}

// none is what is said of a thing that a snapshot has no numbers for.
func none() Numbers {
	var n Numbers
	for _, b := range prevalence.Bands() {
		n.Band(b).Band = b.String()
	}
	n.Label = prevalence.NotEnoughData
	return n
}

// numberRow is one number as it is published.
type numberRow struct {
	Kind      string   `ch:"kind"`
	ID        string   `ch:"id"`
	Context   string   `ch:"context"`
	Band      string   `ch:"band"`
	Count     uint32   `ch:"count"`
	Resolved  uint32   `ch:"resolved"`
	Scanned   uint32   `ch:"scanned"`
	Size      uint32   `ch:"size"`
	SizeExact bool     `ch:"size_exact"`
	Share     *float64 `ch:"share"`
	Low       *float64 `ch:"low"`
	High      *float64 `ch:"high"`
	Label     string   `ch:"label"`
}

func (x *numberRow) number() Number {
	return Number{Band: x.Band, Count: int(x.Count), Scanned: int(x.Scanned), Size: int(x.Size), Resolved: int(x.Resolved),
		SizeExact: x.SizeExact, Share: x.Share, Low: x.Low, High: x.High}
}

// counted is what numbers are about.
type counted struct {
	kind, id, context string
}

// numbers reads the numbers of kinds of things, in order, of some ids; none is
// all of them.
func (r *Reader) numbers(ctx context.Context, snapshot string, kinds, ids []string, contexts bool) ([]counted, map[counted]Numbers, error) {
	rows, err := store.Select[numberRow](ctx, r.db, prevalenceSQL, store.Params{"snapshot": snapshot, "kinds": kinds, "ids": ids, "contexts": contexts})
	if err != nil {
		return nil, nil, fmt.Errorf("query: prevalence: %w", err)
	}
	var order []counted
	of := make(map[counted]Numbers)
	for i := range rows {
		x := &rows[i]
		band, err := prevalence.ParseBand(x.Band)
		if err != nil {
			continue // of a newer build
		}
		c := counted{x.Kind, x.ID, x.Context}
		n, ok := of[c]
		if !ok {
			order = append(order, c)
			n = none()
		}
		n.Label = prevalence.Label(x.Label)
		*n.Band(band) = x.number()
		of[c] = n
	}
	return order, of, nil
}

// category is the part of a behaviour's id before the slash.
func category(id string) string { c, _, _ := strings.Cut(id, "/"); return c }

// sentence says what a behaviour does, "" for one of another catalogue.
func (r *Reader) sentence(id string) string {
	if rule := r.catalog.Rule(id); rule != nil {
		return rule.Sentence
	}
	return ""
}
