package web

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"

	"prevalence/internal/prevalence"
	"prevalence/query"
)

// projectPage is one project.
type projectPage struct {
	*query.Report
	Top       []query.Behaving // what is most worth knowing first
	Inspector string           // address where its files can be read; may be empty
	News      *query.News      // nil where the release could not be looked into
	Users     *query.Users
	Declared  query.Numbers // of Users: who declares it
	Imported  query.Numbers
}

func (s *Site) project(ctx context.Context, r *query.Reader, req *http.Request) (view, error) {
	report, err := r.Project(ctx, req.PathValue("project"))
	if err != nil {
		return view{}, err
	}
	p := &projectPage{Report: report, Top: slices.Clone(report.Behaviors), Inspector: inspector(report)}
	slices.SortStableFunc(p.Top, func(a, b query.Behaving) int { return cmp.Compare(weight(&a), weight(&b)) })
	p.News, err = r.News(ctx, report.Project)
	if err != nil && !errors.Is(err, query.ErrNotFound) {
		return view{}, err
	}
	if p.Users, err = r.UsersOf(ctx, report.Project, userRows); err != nil {
		return view{}, err
	}
	for _, u := range p.Users.Uses {
		switch u.Use {
		case "declared":
			p.Declared = u.Numbers
		case "imported":
			p.Imported = u.Numbers
		}
	}
	return view{template: "project", title: report.Project + " " + report.Version, tab: "/projects", data: p}, nil
}

// weight orders behaviours: Important ones, then the rarest, support alone last.
func weight(b *query.Behaving) float64 {
	w := float64(b.Community.Count)
	switch {
	case b.Important:
		w -= 3e9
	case b.Label == prevalence.Rare || b.Label == prevalence.Unseen:
		w -= 2e9
	case b.Label == prevalence.Uncommon:
		w -= 1e9
	}
	if !slices.ContainsFunc(b.Seen, func(s query.Seen) bool { return s.Context != "support" }) {
		w += 6e9
	}
	return w
}

// projectsPage lists projects.
type projectsPage struct {
	query.ListOptions
	Outcomes, States, Issues, Classes []option
	List                              *query.List
	More                              string // address of the next page
	First                             string // address of the first page, unless it is this one
}

func (s *Site) projects(ctx context.Context, r *query.Reader, req *http.Request) (view, error) {
	q := req.URL.Query()
	o := query.ListOptions{Text: cut(q.Get("q"), 200), Outcome: q.Get("outcome"), State: q.Get("state"), Issue: q.Get("issue"), EmailClass: q.Get("author")}
	list, err := r.List(ctx, o, query.Page{Limit: listRows, After: q.Get("after")})
	if err != nil {
		return view{}, err
	}
	p := &projectsPage{ListOptions: o, List: list,
		Outcomes: options([]string{"ok", "partial", "empty", "unanalysed"}, o.Outcome),
		States:   options([]string{"active", "archived", "deprecated", "quarantined", "removed", "resurrected"}, o.State)}
	for i := range s.o.Catalog.Issues {
		x := &s.o.Catalog.Issues[i]
		p.Issues = append(p.Issues, option{Value: x.ID, Title: x.Title, Chosen: x.ID == o.Issue})
	}
	p.More, p.First = pageAfter("/projects", q, list.Next)
	return view{template: "projects", title: "Projects", tab: "/projects", data: p}, nil
}

// pageAfter are the addresses of the page behind a cursor and of the first one;
// each is empty where it leads nowhere else.
func pageAfter(path string, q url.Values, next string) (more, first string) {
	kept := url.Values{}
	for key, values := range q {
		if key != "after" && len(values) > 0 && values[0] != "" {
			kept.Set(key, values[0])
		}
	}
	if q.Get("after") != "" {
		first = path
		if len(kept) > 0 {
			first += "?" + kept.Encode()
		}
	}
	if next != "" {
		kept.Set("after", next)
		more = path + "?" + kept.Encode()
	}
	return more, first
}
