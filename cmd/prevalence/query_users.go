package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"prevalence/query"
)

func (a *app) queryUsersOfCommand() *cobra.Command {
	return a.asking(&cobra.Command{
		Use:   "users-of PROJECT",
		Short: "Who declares a project as a dependency, and who really imports it",
		Long: `Compares two things by band: which projects declare another one as a dependency
(Requires-Dist), and which import one of the modules that it brings.

"declared, not imported" may be a plug-in, a command or a pin for something
further down; "imported, not declared" may come with something else, or be tried
and done without. A module that several projects bring is named below.`,
		Example: `  prevalence query users-of requests
  prevalence query users-of typing-extensions --show 50 --format json`,
		Args: cobra.ExactArgs(1),
	}, true, func(ctx context.Context, r *query.Reader, args []string, show int) (answer, error) {
		u, err := r.UsersOf(ctx, args[0], show)
		if err != nil {
			return answer{}, err
		}
		s := sheet{columns: append([]column{{title: "Use", key: "use"}}, numberColumns(u.Snapshot)...)}
		for i := range u.Uses {
			s.rows = append(s.rows, append([]string{u.Uses[i].Use}, numberCells(&u.Uses[i].Numbers)...))
		}
		projects := sheet{columns: []column{{title: "Rank", number: true}, {title: "Project"}, {title: "Version"}, {title: "Declared"}, {title: "Imported"}}}
		for _, p := range u.Projects {
			declared, imported := "", ""
			switch {
			case p.Declared:
				declared = "yes"
			case p.Extra:
				declared = "for an extra"
			}
			switch {
			case p.Imported:
				imported = "yes"
			case p.Support:
				imported = "in support"
			}
			projects.rows = append(projects.rows, []string{rankText(p.Rank), p.Project, p.Version, declared, imported})
		}
		return answer{value: u, head: u.Project, snapshot: u.Snapshot, notes: moduleNotes(u), sheets: []sheet{s, projects}}, nil
	})
}

// moduleNotes say which imports were counted.
func moduleNotes(u *query.Users) []string {
	var names, shared []string
	for _, m := range u.Modules {
		names = append(names, m.Name)
		if m.Projects > 1 {
			shared = append(shared, fmt.Sprintf("%s (%d projects)", m.Name, m.Projects))
		}
	}
	notes := []string{"Imports of " + strings.Join(names, ", ") + "."}
	if u.Assumed {
		notes[0] = "No scan tells what it brings; counted are imports of " + names[0] + "."
	}
	if len(shared) > 0 {
		notes = append(notes, "Others bring the same: "+strings.Join(shared, ", ")+".")
	}
	return notes
}

func (a *app) queryProvidesCommand() *cobra.Command {
	return a.asking(&cobra.Command{
		Use:   "provides MODULE",
		Short: "Which projects bring a module to import",
		Long: `Lists the projects whose latest release brings a top-level module, the most used
first: by its files, RECORD, top_level.txt or Import-Name. Names of projects and
of modules differ (PyYAML brings yaml), and several projects may bring the same.`,
		Example: `  prevalence query provides yaml
  prevalence query provides google --show 100`,
		Args: cobra.ExactArgs(1),
	}, true, func(ctx context.Context, r *query.Reader, args []string, show int) (answer, error) {
		p, err := r.Provides(ctx, args[0], show)
		if err != nil {
			return answer{}, err
		}
		var notes []string
		switch {
		case len(p.Projects) == 0:
			notes = append(notes, "No project that was scanned brings the module "+p.Module+".")
		case p.More:
			notes = append(notes, "There are more; --show lists them.")
		}
		return answer{value: p, head: p.Module, snapshot: p.Snapshot, notes: notes, sheets: []sheet{rankedSheet(p.Projects)}}, nil
	})
}
