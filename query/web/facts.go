package web

import (
	"context"
	"net/http"
	"strings"

	"prevalence/query"
)

// factPage is a search for a symbol or an indicator.
type factPage struct {
	Query      string // as typed; empty: nothing was asked
	Symbols    *query.Symbols
	Indicators *query.Indicators
}

func (s *Site) symbols(ctx context.Context, r *query.Reader, req *http.Request) (view, error) {
	p := &factPage{Query: cut(strings.TrimSpace(req.FormValue("q")), 500)}
	v := view{template: "symbols", title: "Symbols", tab: "/symbols", data: p}
	if p.Query == "" {
		return v, nil
	}
	var err error
	p.Symbols, err = r.Symbol(ctx, p.Query, findRows)
	v.title = "Symbol " + p.Query
	return v, err
}

func (s *Site) indicators(ctx context.Context, r *query.Reader, req *http.Request) (view, error) {
	p := &factPage{Query: cut(strings.TrimSpace(req.FormValue("q")), 500)}
	v := view{template: "indicators", title: "Indicators", tab: "/indicators", data: p}
	if p.Query == "" {
		return v, nil
	}
	var err error
	p.Indicators, err = r.Indicator(ctx, p.Query, findRows)
	v.title = "Indicator " + p.Query
	return v, err
}

// searchPage is what the field at the top of every page finds.
type searchPage struct {
	Query     string
	Behaviors []query.TopRow
	Projects  []query.Listed
	More      bool // there are other projects
}

const searchRows = 15

func (s *Site) search(ctx context.Context, r *query.Reader, req *http.Request) (view, error) {
	p := &searchPage{Query: cut(strings.TrimSpace(req.FormValue("q")), 200)}
	v := view{template: "search", title: "Search", data: p}
	if p.Query == "" {
		return v, nil
	}
	t, err := r.Top(ctx, query.TopOptions{Text: p.Query, Sort: query.ByCount, Limit: searchRows})
	if err != nil {
		return v, err
	}
	list, err := r.List(ctx, query.ListOptions{Text: p.Query}, query.Page{Limit: searchRows})
	if err != nil {
		return v, err
	}
	p.Behaviors, p.Projects, p.More = t.Rows, list.Projects, list.Next != ""
	return v, nil
}
