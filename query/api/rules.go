package api

import (
	"context"
	"fmt"

	"prevalence/query"
	"prevalence/schemas/catalog"
)

// ruleList are the rules of the catalogue that counted the snapshot.
type ruleList struct {
	Catalogue string       `json:"catalogue"` // hash of the rules
	Rules     []query.Rule `json:"rules"`     // by id
}

// issueList are the issues of the catalogue.
type issueList struct {
	Issues []catalogIssue `json:"issues"`
}

// catalogIssue is a judgement that a person acts on.
type catalogIssue struct {
	ID        string   `json:"id"`
	Title     string   `json:"title"`
	Problem   string   `json:"problem"`
	NextSteps []string `json:"next_steps"`
}

func (a *API) rules() {
	const tag = "rules"
	type chosen struct {
		Category string `query:"category" maxLength:"60" doc:"only rules of this category"`
	}
	get(a, operation{path: "/rules", id: "rules", tag: tag, live: true, summary: "All rules", about: "What counts as a hit, in words and as YAML, with examples."},
		func(_ context.Context, _ *query.Reader, in *chosen) (*ruleList, error) {
			list := &ruleList{Catalogue: a.o.Catalog.Hash(), Rules: []query.Rule{}}
			for i := range a.o.Catalog.Rules {
				if rule := &a.o.Catalog.Rules[i]; in.Category == "" || rule.Category() == in.Category {
					list.Rules = append(list.Rules, query.DescribeRule(rule))
				}
			}
			return list, nil
		})
	get(a, operation{path: "/rules/{category}/{slug}", id: "rule", tag: tag, live: true, summary: "One rule", about: "What counts as a hit of one behaviour."},
		func(_ context.Context, _ *query.Reader, in *BehaviorID) (*query.Rule, error) {
			rule := a.o.Catalog.Rule(in.name())
			if rule == nil {
				return nil, fmt.Errorf("query: rule %q: %w", in.name(), query.ErrNotFound)
			}
			described := query.DescribeRule(rule)
			return &described, nil
		})
	get(a, operation{path: "/issues", id: "issues", tag: tag, live: true, summary: "All issues", about: "What is said of each, and what to do. Their numbers are a facet."},
		func(context.Context, *query.Reader, *struct{}) (*issueList, error) {
			list := &issueList{Issues: []catalogIssue{}}
			for _, x := range a.o.Catalog.Issues {
				list.Issues = append(list.Issues, issueOf(x))
			}
			return list, nil
		})
}

func issueOf(x catalog.Issue) catalogIssue {
	return catalogIssue{ID: x.ID, Title: x.Title, Problem: x.Problem, NextSteps: append([]string{}, x.NextSteps...)}
}
