package web

import (
	"context"
	"net/http"
	"net/url"

	"prevalence/query"
)

// behaviorPage is one behaviour.
type behaviorPage struct {
	*query.Behavior
	Rule   *query.Rule // nil for a behaviour of another catalogue
	Edge   float64     // share at the right end of the bars
	Trend  Trend
	Beside []query.Companion
	Proof  *query.Proof
	In     string // context of the list of projects
	Ins    []option
	More   string // address of the list's next page
	First  bool   // the list is at its beginning
}

func (s *Site) behavior(ctx context.Context, r *query.Reader, req *http.Request) (view, error) {
	id := req.PathValue("category") + "/" + req.PathValue("slug")
	b, err := r.Behavior(ctx, id, "", 0)
	if err != nil {
		return view{}, err
	}
	q := req.URL.Query()
	p := &behaviorPage{Behavior: b, Edge: rightEdge(&b.Numbers), In: q.Get("context"), First: q.Get("after") == ""}
	if rule := s.o.Catalog.Rule(id); rule != nil {
		d := query.DescribeRule(rule)
		p.Rule = &d
		if p.Proof, err = r.Proof(ctx, id, p.In, query.Page{Limit: proofRows, After: q.Get("after")}); err != nil {
			return view{}, err
		}
	}
	trend, err := r.Trend(ctx, id, chartPoints)
	if err != nil {
		return view{}, err
	}
	p.Trend = trendChart(trend.Points)
	beside, err := r.Beside(ctx, id, besideRows)
	if err != nil {
		return view{}, err
	}
	p.Beside = beside.Behaviors
	at := func(in, after string) string {
		v := url.Values{}
		if in != "" {
			v.Set("context", in)
		}
		if after != "" {
			v.Set("after", after)
		}
		if len(v) == 0 {
			return behaviorURL(id) + "#projects"
		}
		return behaviorURL(id) + "?" + v.Encode() + "#projects"
	}
	if p.Proof != nil && p.Proof.Next != "" {
		p.More = at(p.In, p.Proof.Next)
	}
	p.Ins = append(p.Ins, option{Title: "any but support", URL: at("", ""), Chosen: p.In == ""})
	for i := range b.Contexts {
		c := b.Contexts[i].Context
		p.Ins = append(p.Ins, option{Title: c, URL: at(c, ""), Chosen: p.In == c})
	}
	return view{template: "behavior", title: id, tab: "/", data: p}, nil
}
