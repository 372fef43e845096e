package query

import (
	"context"
	"fmt"
	"strings"

	"prevalence/internal/store"
)

// Emails says where the authors of packages have their addresses.
type Emails struct {
	Snapshot *Snapshot `json:"snapshot"`
	Classes  []Counted `json:"classes"` // all of them, or the one that was asked for
	// Domains and Projects are those of the class that was asked for; domains of
	// few projects read "other".
	Domains  []Domain `json:"domains"`
	Projects []Ranked `json:"projects"`
}

// Domain is a domain of author addresses with its projects.
type Domain struct {
	Domain   string `json:"domain"`
	Projects int    `json:"projects"`
}

// Ranked is a project with its place.
type Ranked struct {
	Project string `json:"project"`
	Version string `json:"version"`
	Rank    int    `json:"rank,omitempty"` // 0: unranked
}

// ranked runs a query for projects.
func (r *Reader) ranked(ctx context.Context, query string, p store.Params) ([]Ranked, error) {
	type row struct {
		Project string `ch:"project"`
		Version string `ch:"version"`
		Rank    uint32 `ch:"rank"`
	}
	rows, err := store.Select[row](ctx, r.db, query, p)
	if err != nil {
		return nil, err
	}
	list := make([]Ranked, len(rows))
	for i, x := range rows {
		list[i] = Ranked{x.Project, x.Version, int(x.Rank)}
	}
	return list, nil
}

// Emails counts projects by class of their author addresses, in the newest
// snapshot. With a class it has the domains and at most limit projects of that
// class alone, and returns ErrNotFound for one that nobody has.
func (r *Reader) Emails(ctx context.Context, class string, limit int) (*Emails, error) {
	s, err := r.Snapshot(ctx, "")
	if err != nil {
		return nil, err
	}
	var classes []string // all of them
	if class != "" {
		classes = []string{class}
	}
	order, of, err := r.numbers(ctx, s.Name, []string{"email-class"}, classes, false)
	if err != nil {
		return nil, err
	}
	e := &Emails{Snapshot: s, Classes: []Counted{}, Domains: []Domain{}, Projects: []Ranked{}}
	for _, c := range order {
		e.Classes = append(e.Classes, Counted{ID: c.id, Numbers: of[c]})
	}
	if class == "" {
		return e, nil
	}
	if len(order) == 0 {
		return nil, fmt.Errorf("query: no project has addresses of class %q: %w", class, ErrNotFound)
	}
	type row struct {
		Domain   string `ch:"domain"`
		Projects uint64 `ch:"projects"`
	}
	p := store.Params{"snapshot": s.Name, "class": class, "limit": symbolRows}
	rows, err := store.Select[row](ctx, r.db, emailDomainsSQL, p)
	if err != nil {
		return nil, fmt.Errorf("query: domains of class %s: %w", class, err)
	}
	for _, x := range rows {
		e.Domains = append(e.Domains, Domain{x.Domain, int(x.Projects)})
	}
	if limit > 0 {
		p["limit"] = limit
		if e.Projects, err = r.ranked(ctx, emailProjectsSQL, p); err != nil {
			return nil, fmt.Errorf("query: projects of class %s: %w", class, err)
		}
	}
	return e, nil
}

// DomainUse says who has a domain: in the addresses of authors, and in code.
type DomainUse struct {
	Snapshot *Snapshot `json:"snapshot"`
	Domain   string    `json:"domain"`
	// Authors counts projects with an author address there. It is nil for a domain
	// that so few have that it is not shown, or nobody.
	Authors        *Numbers `json:"authors"`
	AuthorProjects []Ranked `json:"author_projects"`
	// Code counts projects with the domain in their code: by itself, in the
	// address of a URL, in an e-mail address.
	Code         Numbers          `json:"code"`
	SupportOnly  int              `json:"support_only"`
	Contexts     []ContextNumbers `json:"contexts"`
	CodeProjects []Holder         `json:"code_projects"`
}

// Domain says who has a domain in the newest snapshot, with at most limit
// projects each way.
func (r *Reader) Domain(ctx context.Context, domain string, limit int) (*DomainUse, error) {
	domain = strings.ToLower(strings.TrimSuffix(strings.TrimSpace(domain), "."))
	if !strings.Contains(domain, ".") || strings.ContainsAny(domain, "/@:* ") {
		return nil, fmt.Errorf("query: %q is no domain; want a name like proton.me: %w", domain, ErrNotFound)
	}
	text, err := like(domain)
	if err != nil {
		return nil, err
	}
	s, err := r.Snapshot(ctx, "")
	if err != nil {
		return nil, err
	}
	d := &DomainUse{Snapshot: s, Domain: domain, AuthorProjects: []Ranked{}, CodeProjects: []Holder{}}
	p := store.Params{"snapshot": s.Name, "domain": domain, "like": text, "limit": limit}
	authors, err := store.Select[cell](ctx, r.db, authorCellsSQL, p)
	if err != nil {
		return nil, fmt.Errorf("query: authors at %s: %w", domain, err)
	}
	if len(authors) > 0 {
		n := s.measure(total(authors, headline))
		d.Authors = &n
	}
	cells, err := store.Select[cell](ctx, r.db, domainCellsSQL, p)
	if err != nil {
		return nil, fmt.Errorf("query: projects with %s: %w", domain, err)
	}
	d.Code, d.Contexts, d.SupportOnly = s.measure(total(cells, headline)), s.byContext(cells), supportOnly(cells)
	if limit <= 0 {
		return d, nil
	}
	if d.AuthorProjects, err = r.ranked(ctx, authorHoldersSQL, p); err == nil {
		d.CodeProjects, err = r.holders(ctx, s, domainHoldersSQL, p)
	}
	if err != nil {
		return nil, fmt.Errorf("query: examples of %s: %w", domain, err)
	}
	return d, nil
}
