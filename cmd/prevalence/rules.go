package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"prevalence/query"
	"prevalence/schemas/catalog"
)

func (a *app) rulesCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rules",
		Short: "The rules that say what code does: read, test, write them",
		Long: `Rules say which facts of a package make which behaviour. Beside those that are
built in stand rules of your own: YAML files of the same form, in a folder that
you name by --rules, here and with scan, up, work, aggregate and every question.
To write one: a template, an editor, lint, test, a look at real code, and try, which
says how common it is.`,
		Example: `  prevalence rules list --category file
  prevalence rules show file/delete
  prevalence rules new mine/reads-config --rules my-rules
  prevalence rules lint my-rules
  prevalence rules test my-rules
  prevalence rules try my-rules
  prevalence scan --rules my-rules --evidence all src/`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.rulesListCommand(), a.rulesShowCommand(), a.rulesTestCommand(), a.rulesLintCommand(), a.rulesNewCommand(), a.rulesTryCommand())
	return cmd
}

func (a *app) rulesListCommand() *cobra.Command {
	var category string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "All rules, with what they see and how far they can be trusted",
		Long: `Lists the rules by id: what a rule sees, how often it is wrong (confidence), the
ATT&CK technique where one fits, and the contexts in which a hit counts.`,
		Example: `  prevalence rules list
  prevalence rules list --category network
  prevalence rules list --rules my-rules --format csv`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := loadConfig(cmd)
			if err != nil {
				return err
			}
			rules, err := c.catalogue()
			if err != nil {
				return err
			}
			chosen, err := ofCategory(rules, category)
			if err != nil {
				return err
			}
			return ruleSheet(chosen).print(a.out, c.Format)
		},
	}
	addFlags(cmd.Flags(), "rules", "format")
	cmd.Flags().StringVar(&category, "category", "", "list only the rules of this `category`")
	return cmd
}

// ofCategory are the rules of a category, all of them for "".
func ofCategory(rules *catalog.Catalog, category string) ([]catalog.Rule, error) {
	var chosen []catalog.Rule
	var categories []string
	for _, r := range rules.Rules {
		categories = append(categories, r.Category())
		if category == "" || r.Category() == category {
			chosen = append(chosen, r)
		}
	}
	if len(chosen) == 0 {
		return nil, usage(fmt.Errorf("no rule has the category %q; there are %s", category, join(slices.Compact(categories))))
	}
	return chosen, nil
}

// ruleView is a rule as --format json shows it.
type ruleView struct {
	query.Rule
	BuiltIn bool   `json:"built_in"`
	File    string `json:"file"`
	Line    int    `json:"line"`
}

func viewOf(r *catalog.Rule) ruleView {
	return ruleView{Rule: query.DescribeRule(r), BuiltIn: builtIn(r), File: r.File, Line: r.Line}
}

// builtIn reports whether a rule is one of this build's.
func builtIn(r *catalog.Rule) bool {
	rules, err := builtInRules()
	if err != nil {
		return false
	}
	own := rules.Rule(r.ID)
	return own != nil && own.File == r.File && own.YAML == r.YAML
}

func ruleSheet(rules []catalog.Rule) sheet {
	views := make([]ruleView, len(rules))
	s := sheet{columns: []column{
		{title: "Rule", key: "id"}, {title: "What it sees", key: "sentence"}, {title: "Confidence", key: "confidence"},
		{title: "ATT&CK", key: "attack"}, {title: "Contexts", key: "contexts"}, {key: "examples", csvOnly: true}, {key: "file", csvOnly: true},
	}}
	for i := range rules {
		r := &rules[i]
		views[i] = viewOf(r)
		s.rows = append(s.rows, []string{r.ID, r.Sentence, string(r.Confidence), r.Attack, contextText(r),
			fmt.Sprint(len(r.Positive) + len(r.Negative)), fmt.Sprintf("%s:%d", r.File, r.Line)})
	}
	s.value = views
	s.notes = []string{fmt.Sprintf("\n%d %s; 'prevalence rules show RULE' explains one.", len(rules), plural(len(rules), "rule", "rules"))}
	return s
}

func contextText(r *catalog.Rule) string {
	if len(r.Contexts) == 0 {
		return "all"
	}
	return join(r.Contexts)
}

func (a *app) rulesShowCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "show RULE",
		Short: "One rule: what counts as a hit, in words and as YAML, with its examples",
		Long: `Prints one rule: what it sees, how often it is wrong, the ATT&CK technique with
its address, what counts as a hit in sentences, the examples that its test runs,
and the YAML as it is written. With --format json the same as one object.`,
		Example: `  prevalence rules show file/delete
  prevalence rules show mine/reads-config --rules my-rules --format json`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := loadConfig(cmd)
			if err != nil {
				return err
			}
			rules, err := c.catalogue()
			if err != nil {
				return err
			}
			rule := rules.Rule(args[0])
			if rule == nil {
				return errNoData{fmt.Sprintf("no rule is called %q%s", args[0], nearestRule(rules, args[0]))}
			}
			switch c.Format {
			case "json":
				return printJSON(a.out, viewOf(rule))
			case "csv":
				return ruleSheet([]catalog.Rule{*rule}).print(a.out, c.Format)
			}
			return printRule(a.out, rule)
		},
	}
	addFlags(cmd.Flags(), "rules", "format")
	return cmd
}

// nearestRule ends an error line about a rule that is not there.
func nearestRule(rules *catalog.Catalog, id string) string {
	best, distance := "", len(id)/2+1
	for _, r := range rules.Rules {
		_, slug, _ := strings.Cut(r.ID, "/")
		if d := min(levenshtein.ComputeDistance(id, r.ID), levenshtein.ComputeDistance(id, slug)); d < distance {
			best, distance = r.ID, d
		}
	}
	if best == "" {
		return "; 'prevalence rules list' has them all"
	}
	return fmt.Sprintf("; did you mean %s?", best)
}

// pageWidth is how wide a page of text is set.
const pageWidth = 100

// printRule prints a rule for a person.
func printRule(w io.Writer, r *catalog.Rule) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n\n", r.ID, r.Sentence)
	fmt.Fprintf(&b, "Confidence  %s: %s\n", r.Confidence, r.Confidence.Words())
	if r.Attack != "" {
		fmt.Fprintf(&b, "ATT&CK      %s  %s\n", r.Attack, catalog.AttackURL(r.Attack))
	}
	fmt.Fprintf(&b, "Contexts    %s\n", contextText(r))
	fmt.Fprintf(&b, "From        %s:%d\n\nWhat counts as a hit\n", r.File, r.Line)
	for _, sentence := range r.Words() {
		fmt.Fprintf(&b, "  - %s\n", hanging(sentence, 4))
	}
	for _, part := range []struct {
		title    string
		examples []catalog.Example
	}{{"Examples that show it", r.Positive}, {"Examples that do not", r.Negative}} {
		fmt.Fprintf(&b, "\n%s\n", part.title)
		for _, e := range part.examples {
			fmt.Fprintf(&b, "  %-10s  %s\n", e.Path, strings.ReplaceAll(strings.TrimRight(exampleText(&e), "\n"), "\n", "\n              "))
		}
	}
	fmt.Fprintf(&b, "\nAs YAML\n  %s\n", strings.ReplaceAll(strings.TrimRight(r.YAML, "\n"), "\n", "\n  "))
	_, err := io.WriteString(w, b.String())
	return err
}

// exampleText is an example's source and what stands beside it.
func exampleText(e *catalog.Example) string {
	parts := []string{}
	if e.Source != "" {
		parts = append(parts, strings.TrimRight(e.Source, "\n"))
	}
	if len(e.Package) > 0 {
		parts = append(parts, "a release with "+join(e.Package))
	}
	if len(e.Native) > 0 {
		parts = append(parts, "a binary that imports "+join(e.Native))
	}
	return strings.Join(parts, "\n")
}

// hanging wraps a paragraph to the page, its further lines indented.
func hanging(s string, indent int) string {
	lines := strings.Split(text.WrapSoft(s, pageWidth-indent), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n"+strings.Repeat(" ", indent))
}
