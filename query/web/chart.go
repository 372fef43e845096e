package web

import (
	"fmt"
	"html/template"
	"math"
	"strings"
	"time"

	"prevalence/internal/prevalence"
	"prevalence/query"
)

// Charts are SVG without text: words and numbers stand beside them as HTML, so
// that they are read aloud, copied, and of one size on every screen. Colours
// come from the style sheet by class. Only numbers are put in.

// spark draws the share of the community through the snapshots in 88×24; a
// single one is a point.
func spark(points []query.TrendPoint) template.HTML {
	shares := make([]float64, 0, len(points))
	for _, p := range points {
		if p.Community.Share != nil {
			shares = append(shares, *p.Community.Share)
		}
	}
	if len(shares) == 0 {
		return `<span class="soft">–</span>`
	}
	const width, height, edge = 88.0, 24.0, 3.0
	low, high := shares[0], shares[0]
	for _, s := range shares {
		low, high = min(low, s), max(high, s)
	}
	// A quarter of the largest share fills the height at least: noise stays flat.
	if span := high / 4; high-low < span {
		middle := (high + low) / 2
		low, high = middle-span/2, middle+span/2
	}
	x := func(i int) float64 {
		if len(shares) == 1 {
			return width - edge
		}
		return edge + float64(i)*(width-2*edge)/float64(len(shares)-1)
	}
	y := func(s float64) float64 {
		if high == low {
			return height / 2
		}
		return height - edge - (s-low)/(high-low)*(height-2*edge)
	}
	var b strings.Builder
	first, last := shares[0], shares[len(shares)-1]
	class := "line"
	if len(shares) == 1 {
		class = "line alone"
	}
	fmt.Fprintf(&b, `<svg class="spark" width="88" height="24" viewBox="0 0 88 24" role="img" aria-label="%s"><path class="%s" d="`,
		fmt.Sprintf("%s, before %s, in %d snapshots", percent(&last), percent(&first), len(shares)), class)
	if len(shares) == 1 {
		fmt.Fprintf(&b, "M%.1f %.1fH%.1f", edge, y(last), width-edge)
	}
	for i, s := range shares {
		if len(shares) > 1 {
			fmt.Fprintf(&b, "%c%.1f %.1f", pen(i), x(i), y(s))
		}
	}
	fmt.Fprintf(&b, `"/><circle class="dot" cx="%.1f" cy="%.1f" r="2.5"/></svg>`, x(len(shares)-1), y(last))
	return template.HTML(b.String()) //nolint:gosec // numbers and words of this file alone
}

func pen(i int) byte {
	if i == 0 {
		return 'M'
	}
	return 'L'
}

// bar draws a share of a band: what is proven full, what is likely light, and
// the interval as a line; to is the share at its right end.
func bar(n query.Number, to float64) template.HTML {
	if n.Share == nil || to <= 0 {
		return `<svg class="bar" viewBox="0 0 100 12" preserveAspectRatio="none" aria-hidden="true"></svg>`
	}
	at := func(share float64) float64 { return math.Min(100, 100*share/to) }
	proven := 0.0
	if n.Count > 0 {
		proven = *n.Share * float64(n.Resolved) / float64(n.Count)
	}
	var b strings.Builder
	b.WriteString(`<svg class="bar" viewBox="0 0 100 12" preserveAspectRatio="none" aria-hidden="true">`)
	fmt.Fprintf(&b, `<rect class="likely" width="%.2f" height="12"/><rect class="proven" width="%.2f" height="12"/>`, at(*n.Share), at(proven))
	if n.Low != nil && n.High != nil && *n.High > *n.Low {
		fmt.Fprintf(&b, `<path class="whisker" d="M%.2f 6H%.2fM%.2f 3V9M%.2f 3V9"/>`, at(*n.Low), at(*n.High), at(*n.Low), at(*n.High))
	}
	b.WriteString(`</svg>`)
	return template.HTML(b.String()) //nolint:gosec // numbers alone
}

// meter draws part of whole.
func meter(part, whole int) template.HTML {
	width := 0.0
	if whole > 0 {
		width = math.Min(100, 100*float64(part)/float64(whole))
	}
	return template.HTML(fmt.Sprintf(`<svg class="meter" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true"><rect class="proven" width="%.2f" height="4"/></svg>`, width)) //nolint:gosec // a number alone
}

// Trend is a chart of a behaviour through the snapshots.
type Trend struct {
	SVG         template.HTML
	Top         float64 // share at the upper edge
	First, Last time.Time
	Points      []query.TrendPoint // the newest first
}

// Half is the share half way up.
func (t Trend) Half() *float64 { half := t.Top / 2; return &half }

// Full is the share at the upper edge.
func (t Trend) Full() *float64 { return &t.Top }

// trendChart draws the community with its interval, and the Top 1k as a dashed
// line. It has no chart for less than two points.
func trendChart(points []query.TrendPoint) Trend {
	t := Trend{}
	var kept []query.TrendPoint
	high := 0.0
	for _, p := range points {
		if p.Community.Share == nil {
			continue
		}
		kept = append(kept, p)
		high = max(high, *p.Community.High)
		if p.Top1k.Share != nil {
			high = max(high, *p.Top1k.Share)
		}
	}
	for i := range kept {
		t.Points = append(t.Points, kept[len(kept)-1-i])
	}
	if len(kept) == 0 {
		return t
	}
	t.First, t.Last, t.Top = kept[0].Taken, kept[len(kept)-1].Taken, round(high)
	span := t.Last.Sub(t.First).Seconds()
	if len(kept) < 2 || span <= 0 {
		return t
	}
	x := func(p *query.TrendPoint) float64 { return 100 * p.Taken.Sub(t.First).Seconds() / span }
	y := func(share float64) float64 { return 40 - 40*share/t.Top }
	var upper, lower, community, top1k strings.Builder
	for i := range kept {
		p := &kept[i]
		fmt.Fprintf(&upper, "%c%.2f %.2f", pen(i), x(p), y(*p.Community.High))
		fmt.Fprintf(&community, "%c%.2f %.2f", pen(i), x(p), y(*p.Community.Share))
		if p.Top1k.Share != nil {
			fmt.Fprintf(&top1k, "%c%.2f %.2f", pen(top1k.Len()), x(p), y(*p.Top1k.Share))
		}
	}
	for i := len(kept) - 1; i >= 0; i-- {
		fmt.Fprintf(&lower, "L%.2f %.2f", x(&kept[i]), y(*kept[i].Community.Low))
	}
	t.SVG = template.HTML(fmt.Sprintf(`<svg class="trend" viewBox="0 0 100 40" preserveAspectRatio="none" aria-hidden="true">`+ //nolint:gosec // numbers alone
		`<path class="grid" d="M0 0H100M0 20H100M0 40H100"/><path class="area" d="%s%sZ"/><path class="dashed" d="%s"/><path class="line" d="%s"/></svg>`,
		upper.String(), lower.String(), top1k.String(), community.String()))
	return t
}

// round is the next share that reads well above one.
func round(share float64) float64 {
	for _, edge := range []float64{0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8} {
		if share <= edge {
			return edge
		}
	}
	return 1
}

// rightEdge is the share at the right end of a behaviour's bars.
func rightEdge(n *query.Numbers) float64 {
	high := 0.0
	for _, b := range prevalence.Bands() {
		if x := n.Band(b); x.High != nil {
			high = max(high, *x.High)
		}
	}
	return round(high)
}
