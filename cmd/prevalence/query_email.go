package main

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"prevalence/query"
)

func (a *app) queryEmailCommand() *cobra.Command {
	var class string
	cmd := a.asking(&cobra.Command{
		Use:   "email",
		Short: "Where authors have their addresses: by class, with domains and projects",
		Long: `Says how many projects of each band have author addresses of each class: at a
free provider, one that promises privacy, a disposable one, a domain of their
own. With --class it lists the domains of that class and the most used projects.

Addresses are never stored. A domain of fewer than 5 projects reads "other",
unless it is a known provider's.`,
		Example: `  prevalence query email
  prevalence query email --class privacy --show 50`,
		Args: cobra.NoArgs,
	}, true, func(ctx context.Context, r *query.Reader, _ []string, show int) (answer, error) {
		e, err := r.Emails(ctx, class, show)
		if err != nil {
			return answer{}, err
		}
		classes := sheet{columns: append([]column{{title: "Class", key: "class"}}, numberColumns(e.Snapshot)...)}
		for i := range e.Classes {
			classes.rows = append(classes.rows, append([]string{e.Classes[i].ID}, numberCells(&e.Classes[i].Numbers)...))
		}
		domains := sheet{columns: []column{{title: "Domain", key: "domain"}, {title: "Projects", key: "projects", number: true}}}
		for _, d := range e.Domains {
			domains.rows = append(domains.rows, []string{d.Domain, strconv.Itoa(d.Projects)})
		}
		return answer{value: e, snapshot: e.Snapshot, sheets: []sheet{classes, domains, rankedSheet(e.Projects)}}, nil
	})
	cmd.Flags().StringVar(&class, "class", "", "only addresses of this `class`, as the command lists them without it")
	return cmd
}

// rankedSheet lists projects by rank.
func rankedSheet(projects []query.Ranked) sheet {
	s := sheet{columns: []column{{title: "Rank", key: "rank", number: true}, {title: "Project", key: "project"}, {title: "Version", key: "version"}}}
	for _, p := range projects {
		s.rows = append(s.rows, []string{rankText(p.Rank), p.Project, p.Version})
	}
	return s
}

func (a *app) queryDomainCommand() *cobra.Command {
	return a.asking(&cobra.Command{
		Use:   "domain NAME",
		Short: "Who has a domain: in author addresses, and in code",
		Long: `Says how many projects of each band have an author address at a domain, and how
many have it in their code: by itself, in a URL, in an e-mail address. Ask for
one name; 'prevalence query indicator' takes wildcards.

A domain with author addresses of fewer than 5 projects is not shown, unless it
is a known provider's.`,
		Example: `  prevalence query domain proton.me
  prevalence query domain pastebin.com --show 50`,
		Args: cobra.ExactArgs(1),
	}, true, func(ctx context.Context, r *query.Reader, args []string, show int) (answer, error) {
		d, err := r.Domain(ctx, args[0], show)
		if err != nil {
			return answer{}, err
		}
		s := sheet{columns: append([]column{{title: "Where", key: "where"}}, numberColumns(d.Snapshot)...)}
		notes := supportNote(d.SupportOnly)
		if d.Authors != nil {
			s.rows = append(s.rows, append([]string{"author addresses"}, numberCells(d.Authors)...))
		} else {
			notes = append(notes, "Author addresses there have so few projects that they are not shown, or none.")
		}
		s.rows = append(s.rows, append([]string{"code"}, numberCells(&d.Code)...))
		for i := range d.Contexts {
			s.rows = append(s.rows, append([]string{"code: " + d.Contexts[i].Context}, numberCells(&d.Contexts[i].Numbers)...))
		}
		return answer{value: d, head: d.Domain, snapshot: d.Snapshot, notes: notes,
			sheets: []sheet{s, rankedSheet(d.AuthorProjects), holderSheet(d.CodeProjects, "Value")}}, nil
	})
}
