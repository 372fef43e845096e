package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"prevalence/schemas/catalog"
	"prevalence/schemas/message"
	"prevalence/worker/behavior"
)

func (a *app) rulesTestCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "test [PATH…]",
		Short: "Run the examples of rules",
		Long: `Runs the examples that stand in rules: each positive one must show its rule, each
negative one must not. PATH is a file of rules or a folder of them; without one
all rules run, those that are built in and those of --rules.

For an example that fails, the facts are listed that the scanner found in it:
what a rule can match. Exits 1 if one fails.`,
		Example: `  prevalence rules test my-rules
  prevalence rules test my-rules/mine.yaml --format json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := loadConfig(cmd)
			if err != nil {
				return err
			}
			set, err := loadRules(c, args)
			if err != nil {
				return usage(firstFault(err, args...))
			}
			return a.testRules(c, set)
		},
	}
	addFlags(cmd.Flags(), "rules", "format")
	return cmd
}

// ruleSet is a catalogue and those of its rules that a command is about.
type ruleSet struct {
	all   *catalog.Catalog
	about []*catalog.Rule
}

// loadRules reads the files and folders beside the built-in rules and those of
// --rules; with none it is about the whole catalogue.
func loadRules(c *config, paths []string) (*ruleSet, error) {
	load := c.allRules
	if slices.ContainsFunc(paths, func(p string) bool { return liesIn(p, c.Rules) }) {
		load = builtInRules // what is named is not read twice
	}
	all, err := load()
	if err != nil {
		return nil, err
	}
	base := all
	for i, p := range paths {
		if i == 0 && standsAlone(p) {
			all, base = new(catalog.Catalog), new(catalog.Catalog)
		}
		if all, err = extend(all, p); err != nil {
			return nil, err
		}
	}
	set := &ruleSet{all: all}
	for i := range all.Rules {
		if r := &all.Rules[i]; len(paths) == 0 || base.Rule(r.ID) == nil {
			set.about = append(set.about, r)
		}
	}
	return set, nil
}

// tryView is the outcome of one example as --format json shows it.
type tryView struct {
	Rule   string   `json:"rule"`
	File   string   `json:"file"`
	Line   int      `json:"line"`
	Kind   string   `json:"kind"` // positive, negative
	Passed bool     `json:"passed"`
	Source string   `json:"source"`
	Seen   []string `json:"seen"`  // behaviours of any rule
	Facts  []string `json:"facts"` // what was there to match
}

// testRules runs the examples of a set and prints what came of them.
func (a *app) testRules(c *config, set *ruleSet) error {
	m, err := behavior.Compile(set.all)
	if err != nil {
		return err
	}
	s := sheet{columns: []column{{key: "rule"}, {key: "file"}, {key: "line"}, {key: "kind"}, {key: "passed"}}}
	views := []tryView{}
	failed := 0
	for _, rule := range set.about {
		var bad []tryView
		for _, t := range m.Try(rule) {
			v := viewOfTry(rule, &t)
			views = append(views, v)
			s.rows = append(s.rows, []string{v.Rule, v.File, fmt.Sprint(v.Line), v.Kind, fmt.Sprint(v.Passed)})
			if !v.Passed {
				bad = append(bad, v)
			}
		}
		failed += len(bad)
		if c.Format == "table" {
			if err := printTries(a.out, rule, bad); err != nil {
				return err
			}
		}
	}
	if c.Format == "table" {
		if _, err := fmt.Fprintf(a.out, "\n%d %s, %d examples, %d failed\n",
			len(set.about), plural(len(set.about), "rule", "rules"), len(views), failed); err != nil {
			return err
		}
	} else {
		s.value = views
		if err := s.print(a.out, c.Format); err != nil {
			return err
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d examples failed", failed, len(views))
	}
	return nil
}

func viewOfTry(rule *catalog.Rule, t *behavior.Try) tryView {
	v := tryView{
		Rule: rule.ID, File: rule.File, Line: t.Example.Line, Kind: "negative", Passed: t.Shows(rule.ID) == t.Positive,
		Source: exampleText(&t.Example), Seen: []string{}, Facts: []string{},
	}
	if t.Positive {
		v.Kind = "positive"
	}
	for _, o := range t.Seen {
		v.Seen = append(v.Seen, o.Behavior+" ("+string(o.Context)+")")
	}
	for _, f := range t.Facts {
		v.Facts = append(v.Facts, factText(f))
	}
	return v
}

// factText spells a fact as a rule would name it.
func factText(f message.Symbol) string {
	return string(f.Kind) + " " + strings.TrimPrefix(f.Name, "c:")
}

func printTries(w io.Writer, rule *catalog.Rule, bad []tryView) error {
	var b strings.Builder
	verdict := "ok    "
	if len(bad) > 0 {
		verdict = "FAILED"
	}
	fmt.Fprintf(&b, "%s  %-32s  %d positive, %d negative\n", verdict, rule.ID, len(rule.Positive), len(rule.Negative))
	for _, v := range bad {
		what := "a positive example does not show it"
		if v.Kind == "negative" {
			what = "a negative example shows it"
		}
		fmt.Fprintf(&b, "  %s:%d: %s\n      %s\n", v.File, v.Line, what, strings.ReplaceAll(v.Source, "\n", "\n      "))
		fmt.Fprintf(&b, "    facts in it: %s\n", hanging(orNone(v.Facts), 6))
		fmt.Fprintf(&b, "    rules seen:  %s\n", hanging(orNone(v.Seen), 6))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func orNone(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return join(list)
}

func (a *app) rulesLintCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "lint [PATH…]",
		Short: "Say what is wrong with rules, as file:line: what",
		Long: `Reads files of rules, or folders of them, and prints a line for each fault: YAML
that is none, unknown fields, ids that stand twice or are built in, too few
examples, patterns that do not compile; names that the scanner spells otherwise,
arguments, flows and traits that are no facts, symbols that are not kept, method
names that mean many things. Without a PATH it looks at all rules in force.

A folder that has this project's form (an issues.yaml beside rules/) is looked
at by itself, everything else together with the built-in rules.

Exits 1 if there is a fault.`,
		Example: `  prevalence rules lint my-rules
  prevalence rules lint schemas/catalog`,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := loadConfig(cmd)
			if err != nil {
				return err
			}
			set, err := loadRules(c, args)
			faults := catalog.Faults(err)
			if err != nil && len(faults) == 0 {
				return usage(err)
			}
			if err == nil {
				for _, rule := range set.about {
					for _, err := range behavior.Lint(rule) {
						faults = append(faults, catalog.Faults(err)...)
					}
				}
			}
			return a.printFaults(c, faults)
		},
	}
	addFlags(cmd.Flags(), "rules", "format")
	return cmd
}

// printFaults prints faults a line each and fails if there are any.
func (a *app) printFaults(c *config, faults []*catalog.Fault) error {
	slices.SortStableFunc(faults, func(a, b *catalog.Fault) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	s := sheet{value: append([]*catalog.Fault{}, faults...), columns: []column{{key: "file"}, {key: "line"}, {key: "what"}}}
	for _, f := range faults {
		s.rows = append(s.rows, []string{f.File, fmt.Sprint(f.Line), f.What})
		if c.Format == "table" {
			if _, err := fmt.Fprintln(a.out, f); err != nil {
				return err
			}
		}
	}
	if c.Format != "table" {
		if err := s.print(a.out, c.Format); err != nil {
			return err
		}
	}
	if n := len(faults); n > 0 {
		return fmt.Errorf("%d %s", n, plural(n, "fault", "faults"))
	}
	return nil
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
