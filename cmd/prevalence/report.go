package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"prevalence/internal/prevalence"
	"prevalence/query"
)

func (a *app) reportCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "report [NAME]",
		Short: "One project's page, or that of all of one's dependencies",
		Long: `Prints what the latest release of a project does: issues with Problem,
Prevalence and Next steps, then behaviours with their category, label, the four
counts, and the first evidence as path:line inside the distribution.

With --requirements FILE it is about all projects that a file names: issues on top, then
what they do, the rarest first, and who does it. FILE is a requirements.txt, pylock.toml,
uv.lock, poetry.lock or CycloneDX JSON. Numbers are of the latest release of each; where
the file pins another one, or nobody has looked into a project yet, it says so.`,
		Example: `  prevalence report requests
  prevalence report requests --format json | jq .behaviors
  prevalence report -r requirements.txt
  prevalence report -r uv.lock --format csv`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := loadConfig(cmd)
			if err != nil {
				return err
			}
			file, err := cmd.Flags().GetString("requirements")
			switch {
			case err != nil:
				return err
			case (file == "") == (len(args) == 0):
				return usage(errors.New("report takes NAME, a project, or --requirements FILE; see 'prevalence report --help'"))
			case file != "":
				return a.reportDependencies(cmd.Context(), c, file)
			}
			return a.ask(cmd.Context(), c, func(r *query.Reader) error { return a.report(cmd.Context(), c, r, args[0]) })
		},
	}
	addFlags(cmd.Flags(), readerKeys...)
	cmd.Flags().StringP("requirements", "r", "", "`file` whose projects the report is about")
	return cmd
}

// report prints one project's page.
func (a *app) report(ctx context.Context, c *config, r *query.Reader, name string) error {
	report, err := r.Project(ctx, name)
	if err != nil {
		return err
	}
	if c.Format != "table" {
		return behavingSheet(report).print(a.out, c.Format)
	}
	return printReport(a.out, report)
}

// behavingSheet is a report's behaviours; as JSON the whole report.
func behavingSheet(r *query.Report) sheet {
	s := sheet{value: r, columns: []column{
		{title: "Behaviour", key: "behavior"}, {title: "What it does", key: "sentence", width: sentenceWidth}, {title: "Label", key: "label"},
	}}
	for _, b := range prevalence.Bands() {
		s.columns = append(s.columns, column{title: b.Title(), key: b.String(), number: true, csvOnly: emptyBand(r.Snapshot, b)})
	}
	s.columns = append(s.columns, column{title: "Where", key: "contexts"}, column{title: "First seen", key: "evidence"})
	for _, b := range r.Behaviors {
		row := []string{b.Behavior, b.Sentence, string(b.Label)}
		for _, band := range prevalence.Bands() {
			row = append(row, fmt.Sprint(b.Numbers.Band(band).Count))
		}
		var where []string
		first := ""
		for _, seen := range b.Seen {
			where = append(where, seen.Context)
			if first == "" && len(seen.Evidence) > 0 {
				first = seen.Evidence[0].String()
			}
		}
		certainty := ""
		if b.Certainty != "resolved" {
			certainty = " (likely)"
		}
		s.rows = append(s.rows, append(row, join(where)+certainty, first))
	}
	return s
}

func printReport(w io.Writer, r *query.Report) error {
	var b strings.Builder
	title := r.Project + " " + r.Version
	if r.Rank > 0 {
		title += fmt.Sprintf("  ·  rank %d", r.Rank)
	}
	fmt.Fprintf(&b, "%s\n%s\n", title, strings.Repeat("─", len([]rune(title))))
	fmt.Fprintf(&b, "Scan       %s\n", outcomeText(r))
	fmt.Fprintf(&b, "Index      %s\n", stateText(r))
	if r.Return != nil {
		fmt.Fprintf(&b, "Returned   %s\n", returnText(r.Return))
	}
	for _, f := range r.Files {
		check := "hash verified"
		if !f.Verified {
			check = "hash unverified" // none was given, or the file was read by ranges
		}
		fmt.Fprintf(&b, "File       %s  %d members, %s\n", f.Name, f.Members, check)
	}
	fmt.Fprintf(&b, "Authors    %s\n", emailText(r))
	fmt.Fprintf(&b, "\nIssues\n")
	if len(r.Issues) == 0 {
		fmt.Fprintf(&b, "  none\n")
	}
	for _, issue := range r.Issues {
		fmt.Fprintf(&b, "  %s (%s)\n    Problem     %s\n    Prevalence  %s\n", issue.Title, issue.ID, flat(issue.Problem), flat(issue.Prevalence))
		for i, step := range issue.NextSteps {
			label := "            "
			if i == 0 {
				label = "Next steps  "
			}
			fmt.Fprintf(&b, "    %s%s\n", label, flat(step))
		}
	}
	fmt.Fprintf(&b, "\nBehaviours\n")
	if _, err := io.WriteString(w, b.String()); err != nil {
		return err
	}
	s := behavingSheet(r)
	if len(s.rows) == 0 {
		s = sheet{notes: []string{"  none of the catalogue was seen"}}
	}
	s.notes = append(s.notes, snapshotNotes(r.Snapshot)...)
	return s.print(w, "table")
}

func outcomeText(r *query.Report) string {
	parts := []string{r.Outcome}
	if r.Why != "" {
		parts = append(parts, r.Why)
	}
	if r.Detail != "" {
		parts = append(parts, r.Detail)
	}
	if n := len(r.Cuts); n > 0 {
		parts = append(parts, fmt.Sprintf("%d left unread, first %s (%s)", n, r.Cuts[0].File+" "+r.Cuts[0].Member, r.Cuts[0].Why))
	}
	return strings.Join(parts, " · ")
}

func stateText(r *query.Report) string {
	text := r.State
	if !r.Listed {
		text += ", no longer on the index"
	}
	if r.Yanked {
		text += ", this release is yanked"
	}
	for _, change := range r.History {
		text += fmt.Sprintf("; %s on %s", change.State, change.At.Format("2006-01-02"))
	}
	return text
}

// returnText tells what is different since the name came back.
func returnText(r *query.Return) string {
	text := fmt.Sprintf("gone on %s, back on %s", r.Gone.Format(time.DateOnly), r.Back.Format(time.DateOnly))
	if r.Before == "" || r.After == "" {
		return text + "; it was not looked into both before and after, so what changed is not known"
	}
	text += fmt.Sprintf("; from %s to %s", r.Before, r.After)
	if !r.FirstBefore.Equal(r.FirstAfter) && !r.FirstAfter.IsZero() {
		text += fmt.Sprintf("; first upload on %s", r.FirstAfter.Format(time.DateOnly))
		if !r.FirstBefore.IsZero() {
			text += fmt.Sprintf(" instead of %s", r.FirstBefore.Format(time.DateOnly))
		}
	}
	for _, d := range []struct {
		what string
		query.Difference
	}{{"author domains", r.Domains}, {"behaviours", r.Behaviors}} {
		if len(d.New) > 0 {
			text += fmt.Sprintf("; new %s %s", d.what, join(d.New))
		}
		if len(d.Gone) > 0 {
			text += fmt.Sprintf("; no more %s %s", d.what, join(d.Gone))
		}
	}
	return text
}

func emailText(r *query.Report) string {
	if len(r.Emails) == 0 {
		return r.EmailClass
	}
	var parts []string
	for _, e := range r.Emails {
		domain := ""
		if e.Domain != "" {
			domain = " at " + e.Domain
		}
		parts = append(parts, fmt.Sprintf("%d %s%s", e.Addresses, e.Class, domain))
	}
	return strings.Join(parts, ", ")
}

// flat is text on one line.
func flat(s string) string { return strings.Join(strings.Fields(s), " ") }
