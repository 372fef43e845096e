package api

import (
	"context"

	"prevalence/query"
)

// ProjectName names a project.
type ProjectName struct {
	Project string `path:"project" maxLength:"200" example:"requests" doc:"name, in any spelling that PEP 503 holds for equal"`
}

func (a *API) projects() {
	const tag = "projects"
	type list struct {
		Paged
		Text       string `query:"text" maxLength:"200" doc:"only projects whose name contains this"`
		Outcome    string `query:"outcome" enum:"ok,partial,empty,unanalysed" doc:"only those whose scan ended so"`
		State      string `query:"state" maxLength:"40" doc:"only those of which the index says this: archived, quarantined, deprecated"`
		Issue      string `query:"issue" maxLength:"60" doc:"only those with this issue"`
		EmailClass string `query:"email_class" maxLength:"40" doc:"only those whose authors have addresses of this class"`
	}
	get(a, operation{path: "/projects", id: "projects", tag: tag, cost: query.Slow, summary: "Projects of the snapshot", about: "The most used first, page by page."},
		func(ctx context.Context, r *query.Reader, in *list) (*query.List, error) {
			return r.List(ctx, query.ListOptions{Text: in.Text, Outcome: in.Outcome, State: in.State, Issue: in.Issue, EmailClass: in.EmailClass}, in.page())
		})
	get(a, operation{path: "/projects/{project}", id: "project", tag: tag, summary: "One project",
		about: "Everything that is known of the latest release: issues with next steps, behaviours with how common they are and where they stand, " +
			"e-mail classes, dependencies, vulnerabilities, history. \"vulnerabilities\" is null where the index gives no such information."},
		func(ctx context.Context, r *query.Reader, in *ProjectName) (*query.Report, error) {
			return r.Project(ctx, in.Project)
		})
	get(a, operation{path: "/projects/{project}/new", id: "project-new", tag: tag, summary: "What the latest release of a project brought",
		about: "Behaviours that the release before did not show, and those that are gone."},
		func(ctx context.Context, r *query.Reader, in *ProjectName) (*query.News, error) {
			return r.News(ctx, in.Project)
		})
	type users struct {
		ProjectName
		First
	}
	get(a, operation{path: "/projects/{project}/users", id: "project-users", tag: tag, cost: query.Slow, summary: "Who leans on a project",
		about: "Who declares it as a dependency, and who really imports it."},
		func(ctx context.Context, r *query.Reader, in *users) (*query.Users, error) {
			return r.UsersOf(ctx, in.Project, in.Limit)
		})
	type module struct {
		First
		Module string `path:"module" maxLength:"200" example:"yaml" doc:"module; of a dotted name the first part counts"`
	}
	get(a, operation{path: "/modules/{module}", id: "module", tag: tag, cost: query.Slow, summary: "Which projects bring a module", about: "The most used first."},
		func(ctx context.Context, r *query.Reader, in *module) (*query.Providers, error) {
			return r.Provides(ctx, in.Module, in.Limit)
		})
	type gone struct {
		State string `path:"state" enum:"removed,resurrected" doc:"removed from the index, or back under the same name"`
		Paged
	}
	get(a, operation{path: "/gone/{state}", id: "gone", tag: tag, live: true, cost: query.Slow, summary: "Projects that were removed or came back",
		about: "The last ones first. A freed name can be taken by somebody else."},
		func(ctx context.Context, r *query.Reader, in *gone) (*query.Gone, error) {
			return r.Gone(ctx, in.State, in.After, in.Limit)
		})
}
