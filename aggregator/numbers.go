package aggregator

import (
	"context"
	"math"
	"slices"

	"prevalence/internal/prevalence"
	"prevalence/internal/store"
	"prevalence/schemas/message"
)

// prevalenceRows are rows of table prevalence, by column.
type prevalenceRows struct {
	Snapshot  []string   `ch:"snapshot"`
	Kind      []string   `ch:"kind"`
	ID        []string   `ch:"id"`
	Context   []string   `ch:"context"`
	Band      []string   `ch:"band"`
	Count     []uint32   `ch:"count"`
	Resolved  []uint32   `ch:"resolved"`
	Scanned   []uint32   `ch:"scanned"`
	Size      []uint32   `ch:"size"`
	SizeExact []bool     `ch:"size_exact"`
	Share     []*float64 `ch:"share"`
	Low       []*float64 `ch:"low"`
	High      []*float64 `ch:"high"`
	Label     []string   `ch:"label"`

	CountBefore []*uint32  `ch:"count_before"`
	ShareBefore []*float64 `ch:"share_before"`
}

// rows computes the estimates of everything counted, in order. What no scan
// can tell, as a rematch left it undecided everywhere, has no row.
func (c *counts) rows(snapshot string, before map[numberKey]earlier) *prevalenceRows {
	r := new(prevalenceRows)
	for _, t := range c.things() {
		x := c.of[t]
		strata, known := c.strataOf(t, x)
		if !known {
			continue
		}
		label := prevalence.LabelOf(prevalence.Of(prevalence.Community, strata, x.seen))
		for _, b := range prevalence.Bands() {
			r.add(snapshot, t, b, prevalence.Of(b, strata, x.seen), x.provenIn(b), label)
			r.addBefore(before, numberKey{t, b.String()})
		}
	}
	return r
}

// things lists what was counted, in order.
func (c *counts) things() []thing {
	things := make([]thing, 0, len(c.of))
	for t := range c.of {
		things = append(things, t)
	}
	slices.SortFunc(things, thing.compare)
	return things
}

// strataOf is what the counts of t are out of. Scanned projects of which nobody
// knows count as if they could not have been analysed; known is false when
// that is all of them.
func (c *counts) strataOf(t thing, x *count) (strata [prevalence.NumStrata]prevalence.Tally, known bool) {
	strata = c.tallies.strata
	if t.kind == kindOutcome || t.kind == kindReason || t.kind == kindIssue && ofPage(t.id) {
		for h := range strata {
			strata[h] = strata[h].Visited()
		}
	}
	open, scanned := 0, 0
	for h, u := range x.undecided {
		strata[h] = strata[h].Without(u)
		open += u.All
		scanned += strata[h].Scanned
	}
	return strata, open == 0 || scanned > 0
}

// numberKey is a published number.
type numberKey struct {
	thing
	band string
}

// earlier is what a snapshot before said of it.
type earlier struct {
	count uint32
	share *float64
}

// numbersOf returns the numbers of a published snapshot; none for "".
func (a *Aggregator) numbersOf(ctx context.Context, snapshot string) (map[numberKey]earlier, error) {
	if snapshot == "" {
		return nil, nil //nolint:nilnil // no numbers
	}
	type row struct {
		Kind    string   `ch:"kind"`
		ID      string   `ch:"id"`
		Context string   `ch:"context"`
		Band    string   `ch:"band"`
		Count   uint32   `ch:"count"`
		Share   *float64 `ch:"share"`
	}
	rows, err := store.Select[row](ctx, a.db,
		"SELECT kind, id, context, band, count, share FROM prevalence FINAL WHERE snapshot = {snapshot:String}", store.Params{"snapshot": snapshot})
	if err != nil {
		return nil, err
	}
	numbers := make(map[numberKey]earlier, len(rows))
	for _, r := range rows {
		numbers[numberKey{thing{r.Kind, r.ID, message.Context(r.Context)}, r.Band}] = earlier{r.Count, r.Share}
	}
	return numbers, nil
}

func (r *prevalenceRows) addBefore(before map[numberKey]earlier, key numberKey) {
	var count *uint32
	n, ok := before[key]
	if ok {
		count = &n.count
	}
	r.CountBefore = append(r.CountBefore, count)
	r.ShareBefore = append(r.ShareBefore, n.share)
}

func (x *count) provenIn(b prevalence.Band) int {
	n := 0
	for _, h := range b.Strata() {
		n += x.proven[h]
	}
	return n
}

func (r *prevalenceRows) add(snapshot string, t thing, b prevalence.Band, e prevalence.Estimate, resolved int, label prevalence.Label) {
	r.Snapshot = append(r.Snapshot, snapshot)
	r.Kind = append(r.Kind, t.kind)
	r.ID = append(r.ID, t.id)
	r.Context = append(r.Context, string(t.context))
	r.Band = append(r.Band, b.String())
	r.Count = append(r.Count, count32(e.Count))
	r.Resolved = append(r.Resolved, count32(resolved))
	r.Scanned = append(r.Scanned, count32(e.Scanned))
	r.Size = append(r.Size, count32(int(math.Round(e.Size))))
	r.SizeExact = append(r.SizeExact, e.SizeExact)
	var share, low, high *float64
	if e.Known {
		share, low, high = &e.Share, &e.Low, &e.High
	}
	r.Share = append(r.Share, share)
	r.Low = append(r.Low, low)
	r.High = append(r.High, high)
	r.Label = append(r.Label, string(label))
}
