package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"prevalence/internal/prevalence"
	"prevalence/query"
	"prevalence/query/lockfile"
)

// dependencyReport is what the projects that a file names do.
type dependencyReport struct {
	Snapshot  *query.Snapshot  `json:"snapshot"`
	File      string           `json:"file"`
	Projects  []dependency     `json:"projects"` // that were looked into
	Unknown   []string         `json:"unknown"`  // that were not
	Skipped   []string         `json:"skipped"`  // what names no project of an index
	Issues    []dependentIssue `json:"issues"`
	Behaviors []dependentOn    `json:"behaviors"` // the rarest first
}

// dependency is a project of the file, in the release that was looked into.
type dependency struct {
	Project string `json:"project"`
	Version string `json:"version"`
	Pinned  string `json:"pinned"` // "" where the file pins none
	Outcome string `json:"outcome"`
}

type dependentIssue struct {
	Project string `json:"project"`
	query.Issue
}

// dependentOn is a behaviour and who shows it.
type dependentOn struct {
	query.TopRow
	Projects []string `json:"projects"`
}

func (a *app) reportDependencies(ctx context.Context, c *config, file string) error {
	list, err := lockfile.Read(file)
	if err != nil {
		return usage(err)
	}
	if len(list.Dependencies) == 0 {
		return usage(fmt.Errorf("%s names no project of a package index", file))
	}
	return a.ask(ctx, c, func(r *query.Reader) error {
		report, err := dependenciesOf(ctx, r, file, list)
		if err != nil {
			return err
		}
		return report.sheet().print(a.out, c.Format)
	})
}

func dependenciesOf(ctx context.Context, r *query.Reader, file string, list *lockfile.List) (*dependencyReport, error) {
	s, err := r.Snapshot(ctx, "")
	if err != nil {
		return nil, err
	}
	x := &dependencyReport{Snapshot: s, File: file, Projects: []dependency{}, Unknown: []string{}, Skipped: append([]string{}, list.Skipped...),
		Issues: []dependentIssue{}, Behaviors: []dependentOn{}}
	at := make(map[string]int) // of a behaviour in x.Behaviors
	for i, d := range list.Dependencies {
		if slices.ContainsFunc(list.Dependencies[:i], func(e lockfile.Dependency) bool { return e.Project == d.Project }) {
			continue // pinned differently for another environment
		}
		p, err := r.Project(ctx, d.Project)
		if errors.Is(err, query.ErrNotFound) {
			x.Unknown = append(x.Unknown, d.Project)
			continue
		}
		if err != nil {
			return nil, err
		}
		x.Projects = append(x.Projects, dependency{d.Project, p.Version, d.Version, p.Outcome})
		for _, issue := range p.Issues {
			x.Issues = append(x.Issues, dependentIssue{d.Project, issue})
		}
		for _, b := range p.Behaviors {
			j, ok := at[b.Behavior]
			if !ok {
				j = len(x.Behaviors)
				at[b.Behavior] = j
				x.Behaviors = append(x.Behaviors, dependentOn{TopRow: b.TopRow})
			}
			x.Behaviors[j].Projects = append(x.Behaviors[j].Projects, d.Project)
		}
	}
	if len(x.Projects) == 0 {
		return nil, errNoData{fmt.Sprintf("none of the %d projects that %s names has been looked into; 'prevalence up --projects @FILE' does", len(x.Unknown), file)}
	}
	slices.SortStableFunc(x.Behaviors, func(a, b dependentOn) int {
		return cmp.Or(cmp.Compare(a.Community.Count, b.Community.Count), cmp.Compare(a.Behavior, b.Behavior))
	})
	slices.SortStableFunc(x.Issues, func(a, b dependentIssue) int {
		return cmp.Compare(a.Numbers.Community.Count, b.Numbers.Community.Count)
	})
	return x, nil
}

// maxNamed is how many projects a cell names.
const maxNamed = 3

func (x *dependencyReport) sheet() sheet {
	s := sheet{value: x, columns: []column{
		{title: "Behaviour", key: "behavior"}, {title: "What it does", key: "sentence", width: sentenceWidth}, {title: "Label", key: "label"},
	}}
	for _, b := range prevalence.Bands() {
		s.columns = append(s.columns, column{title: b.Title(), key: b.String(), number: true, csvOnly: emptyBand(x.Snapshot, b)})
	}
	s.columns = append(s.columns, column{title: "Projects", key: "projects"}, column{title: "Who", key: "who", csvOnly: true}, column{title: "Who", eyeOnly: true})
	for _, issue := range x.Issues {
		s.before = append(s.before, fmt.Sprintf("%s: %s (%s)", issue.Project, issue.Title, issue.ID), "  "+flat(issue.Prevalence))
	}
	s.before = append([]string{"Issues"}, s.before...)
	if len(x.Issues) == 0 {
		s.before = append(s.before, "none")
	}
	s.before = append(s.before, "")
	for _, b := range x.Behaviors {
		row := []string{b.Behavior, b.Sentence, string(b.Label)}
		for _, band := range prevalence.Bands() {
			row = append(row, fmt.Sprint(b.Band(band).Count))
		}
		who := strings.Join(b.Projects[:min(maxNamed, len(b.Projects))], ", ")
		if more := len(b.Projects) - maxNamed; more > 0 {
			who += fmt.Sprintf(" and %d more", more)
		}
		s.rows = append(s.rows, append(row, fmt.Sprint(len(b.Projects)), strings.Join(b.Projects, " "), who))
	}
	s.notes = append(s.notes, "", fmt.Sprintf("%d %s looked into", len(x.Projects), plural(len(x.Projects), "project", "projects")))
	var other []string
	for _, p := range x.Projects {
		if p.Pinned != "" && p.Pinned != p.Version {
			other = append(other, fmt.Sprintf("%s %s instead of %s", p.Project, p.Version, p.Pinned))
		}
	}
	for _, n := range []struct {
		what string
		list []string
	}{{"Another release than the file pins was looked into", other}, {"Not looked into yet", x.Unknown}, {"No project of an index", x.Skipped}} {
		if len(n.list) > 0 {
			s.notes = append(s.notes, n.what+": "+join(n.list))
		}
	}
	s.notes = append(s.notes, snapshotNotes(x.Snapshot)...)
	return s
}
