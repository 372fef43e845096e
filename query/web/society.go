package web

import (
	"context"
	"net/http"

	"prevalence/query"
	"prevalence/schemas/message"
)

// changesPage is what the index lost and got back, and what became notable.
type changesPage struct {
	State  string // removed or resurrected
	States []option
	Gone   *query.Gone
	Events []query.Event
	More   string
	First  string
}

func (s *Site) changes(ctx context.Context, r *query.Reader, req *http.Request) (view, error) {
	q := req.URL.Query()
	p := &changesPage{State: q.Get("state")}
	if p.State != string(message.StateResurrected) {
		p.State = string(message.StateRemoved)
	}
	p.States = []option{
		{Title: "Removed", URL: "/changes", Chosen: p.State == string(message.StateRemoved)},
		{Title: "Resurrected", URL: "/changes?state=resurrected", Chosen: p.State == string(message.StateResurrected)},
	}
	var err error
	if p.Gone, err = r.Gone(ctx, p.State, q.Get("after"), listRows); err != nil {
		return view{}, err
	}
	if p.Events, err = r.LatestChanges(ctx, eventRows); err != nil {
		return view{}, err
	}
	p.More, p.First = pageAfter("/changes", q, p.Gone.Next)
	return view{template: "changes", title: "Removed and resurrected", tab: "/changes", data: p, live: true}, nil
}

// authorsPage says where authors have their addresses.
type authorsPage struct {
	Class string // asked for; empty: none
	All   *query.Emails
	One   *query.Emails // nil without a class
}

func (s *Site) authors(ctx context.Context, r *query.Reader, req *http.Request) (view, error) {
	p := &authorsPage{Class: req.FormValue("class")}
	var err error
	if p.All, err = r.Emails(ctx, "", 0); err != nil {
		return view{}, err
	}
	v := view{template: "authors", title: "Authors' e-mail providers", tab: "/authors", data: p}
	if p.Class != "" {
		p.One, err = r.Emails(ctx, p.Class, listRows)
	}
	return v, err
}

// facetWords say what is counted of a kind.
var facetWords = map[string][2]string{
	"distribution":    {"Distributions", "Kinds of files that the index offers of the latest release."},
	"requires-python": {"Requires-Python", "The oldest Python that the metadata admit."},
	"reason":          {"Why scans ended so", "Outcome and reason, where there is one."},
	"build-backend":   {"Build backend", "What builds the sdist, by its pyproject.toml."},
	"license":         {"Licence", "As the metadata states it."},
	"typed":           {"Typed", "A py.typed marker is inside (PEP 561)."},
	"attested":        {"Attested", "A file has a provenance (PEP 740)."},
	"outcome":         {"How scans ended", "Every project that was visited, by outcome."},
	"email-class":     {"Authors' addresses", "By class of provider."},
	"issue":           {"Issues", "Projects with each issue."},
}

// facet is one box of the page.
type facet struct {
	query.Facet
	Title, About string
}

func (s *Site) packaging(ctx context.Context, r *query.Reader, _ *http.Request) (view, error) {
	all, err := r.Facets(ctx, nil, facetRows)
	if err != nil {
		return view{}, err
	}
	var list []facet
	for _, f := range all.Facets {
		x := facet{Facet: f, Title: f.Kind}
		if w, ok := facetWords[f.Kind]; ok {
			x.Title, x.About = w[0], w[1]
		}
		if len(f.Values) > 0 {
			list = append(list, x)
		}
	}
	return view{template: "packaging", title: "Packaging", tab: "/packaging", data: list}, nil
}

func (s *Site) words(context.Context, *query.Reader, *http.Request) (view, error) {
	return view{template: "words", title: "What the numbers mean"}, nil
}
