package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"prevalence/internal/prevalence"
	"prevalence/query"
	"prevalence/schemas/message"
)

// Rows of a page, and snapshots of a sparkline or a chart.
const (
	tableRows    = 40
	listRows     = 50
	sparkPoints  = 30
	chartPoints  = 200
	besideRows   = 10
	proofRows    = 20
	userRows     = 20
	facetRows    = 25
	findRows     = 40
	eventRows    = 30
	statementMax = 200
)

// tablePage is the prevalence table.
type tablePage struct {
	choice
	Categories, Labels, Contexts, Sorts []option
	Rows                                []tableRow
	Total, From, To, Hidden             int
	Before, Next                        string // addresses of other pages; empty: there is none
	Active                              []option
}

// tableRow is a behaviour with its trend; Group begins a category.
type tableRow struct {
	query.TopRow
	Group string
	Trend []query.TrendPoint
}

// option is one of a list, with the address that chooses it or leaves it out.
type option struct {
	Value, Title, URL string
	Chosen            bool
}

// choice is what of the table is asked for.
type choice struct {
	Text, Category, Label, Context, Sort, Band string
	All                                        bool // those that nobody shows as well
	Page                                       int
}

// choose reads a choice; what means nothing is refused by the reader or ignored.
func choose(q url.Values) choice {
	c := choice{Text: cut(q.Get("q"), 200), Category: q.Get("category"), Label: q.Get("label"), Context: q.Get("context"),
		Sort: q.Get("sort"), Band: q.Get("band"), All: q.Get("all") != "", Page: 1}
	if _, err := prevalence.ParseBand(c.Band); err != nil {
		c.Band = prevalence.Community.String()
	}
	if c.Sort == "" {
		c.Sort = string(query.ByCount)
	}
	if n, err := strconv.Atoi(q.Get("page")); err == nil && n > 1 {
		c.Page = n
	}
	return c
}

// URL is the address of a choice.
func (c choice) URL() string {
	q := url.Values{}
	set := func(key, value, usual string) {
		if value != usual {
			q.Set(key, value)
		}
	}
	set("q", c.Text, "")
	set("category", c.Category, "")
	set("label", c.Label, "")
	set("context", c.Context, "")
	set("sort", c.Sort, string(query.ByCount))
	set("band", c.Band, prevalence.Community.String())
	if c.All {
		q.Set("all", "1")
	}
	if c.Page > 1 {
		q.Set("page", strconv.Itoa(c.Page))
	}
	if len(q) == 0 {
		return "/"
	}
	return "/?" + q.Encode()
}

// By is the address of the same rows, the most frequent in a band first.
func (c choice) By(b prevalence.Band) string {
	c.Sort, c.Band, c.Page = string(query.ByCount), b.String(), 1
	return c.URL()
}

// SortedBy reports whether the rows are in the order of a band's counts.
func (c choice) SortedBy(b prevalence.Band) bool {
	return c.Sort == string(query.ByCount) && c.Band == b.String()
}

func (s *Site) table(ctx context.Context, r *query.Reader, req *http.Request) (view, error) {
	c := choose(req.URL.Query())
	band, _ := prevalence.ParseBand(c.Band)
	o := query.TopOptions{Sort: query.Sort(c.Sort), Band: band, Category: c.Category, Label: prevalence.Label(c.Label), Context: c.Context, Text: c.Text}
	if err := o.Validate(); err != nil {
		return view{}, badRequest{said(err)}
	}
	t, err := r.Top(ctx, o)
	if err != nil {
		return view{}, err
	}
	p := &tablePage{choice: c, Sorts: []option{}}
	rows := t.Rows
	if !c.All && c.Label == "" {
		rows = slices.DeleteFunc(rows, func(x query.TopRow) bool { return x.Community.Count == 0 && x.Community.Scanned > 0 })
		p.Hidden = len(t.Rows) - len(rows)
	}
	p.Total = len(rows)
	from := min((c.Page-1)*tableRows, max(0, p.Total-1)/tableRows*tableRows)
	to := min(from+tableRows, p.Total)
	p.Page = from/tableRows + 1
	if p.From, p.To = from+1, to; p.Total == 0 {
		p.From = 0
	}
	turn := func(by int) string { c := p.choice; c.Page += by; return c.URL() }
	if from > 0 {
		p.Before = turn(-1)
	}
	if to < p.Total {
		p.Next = turn(1)
	}
	if err := p.fill(ctx, r, rows[from:to]); err != nil {
		return view{}, err
	}
	s.offer(p)
	return view{template: "table", title: "How common is it?", tab: "/", data: p}, nil
}

// fill adds rows with their trends.
func (p *tablePage) fill(ctx context.Context, r *query.Reader, rows []query.TopRow) error {
	ids := make([]string, len(rows))
	for i := range rows {
		ids[i] = rows[i].Behavior
	}
	trends, err := r.Trends(ctx, ids, sparkPoints)
	if err != nil {
		return err
	}
	for i := range rows {
		x := tableRow{TopRow: rows[i]}
		if p.Context == "" { // trends are of all contexts
			x.Trend = trends[i].Points
		}
		if p.Sort == string(query.ByCategory) && (i == 0 || rows[i-1].Category != rows[i].Category) {
			x.Group = rows[i].Category
		}
		p.Rows = append(p.Rows, x)
	}
	return nil
}

// offer lists what can be chosen, and what was.
func (s *Site) offer(p *tablePage) {
	var categories []string
	for i := range s.o.Catalog.Rules {
		categories = append(categories, s.o.Catalog.Rules[i].Category())
	}
	slices.Sort(categories)
	p.Categories = options(slices.Compact(categories), p.Category)
	var labels []string
	for _, l := range prevalence.Labels() {
		labels = append(labels, string(l))
	}
	p.Labels = options(labels, p.Label)
	p.Contexts = options(contexts(), p.Context)
	for _, o := range []option{{Value: string(query.ByCount), Title: "Most frequent first"}, {Value: string(query.ByCategory), Title: "By category"}, {Value: string(query.ByID), Title: "By name"}} {
		o.Chosen = o.Value == p.Sort
		p.Sorts = append(p.Sorts, o)
	}
	without := func(title, value string, drop func(*choice)) {
		if value == "" {
			return
		}
		c := p.choice
		c.Page = 1
		drop(&c)
		p.Active = append(p.Active, option{Title: title, Value: value, URL: c.URL()})
	}
	without("text", p.Text, func(c *choice) { c.Text = "" })
	without("category", p.Category, func(c *choice) { c.Category = "" })
	without("label", p.Label, func(c *choice) { c.Label = "" })
	without("context", p.Context, func(c *choice) { c.Context = "" })
}

func options(values []string, chosen string) []option {
	list := make([]option, len(values))
	for i, v := range values {
		list[i] = option{Value: v, Title: v, Chosen: v == chosen}
	}
	return list
}

// contexts are those in which a behaviour counts, and support.
func contexts() []string {
	return []string{string(message.ContextInstall), string(message.ContextStartup), string(message.ContextImport), string(message.ContextCall), string(message.ContextPackage), string(message.ContextSupport)}
}

// cut keeps the beginning of a text that somebody typed.
func cut(text string, bytes int) string {
	if len(text) > bytes {
		text = text[:bytes]
	}
	return text
}
