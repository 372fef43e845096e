package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"prevalence/schemas/catalog"
	"prevalence/worker/behavior"
)

func (a *app) rulesNewCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "new RULE",
		Short: "Write the template of a rule",
		Long: `Writes the template of a rule CATEGORY/SLUG to CATEGORY.yaml in the folder of
--rules (default: here), or adds it to that file. What has to be replaced reads
` + behavior.Placeholder + `; "prevalence rules lint" lists what is left of it. A rule that is there
already, or is built in, is not touched.

docs/writing-rules.md takes you from there to a working rule.`,
		Example: `  prevalence rules new mine/reads-config --rules my-rules`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := loadConfig(cmd)
			if err != nil {
				return err
			}
			return usage(a.newRule(c, args[0]))
		},
	}
	addFlags(cmd.Flags(), "rules")
	return cmd
}

const templateHead = `category: CATEGORY
about: EDIT_ME what the rules of this file have in common.
rules:
`

const templateRule = `  - id: RULE
    # What the code does, in the present tense, without a verdict.
    sentence: EDIT_ME reads the settings of another program.
    # How often the rule is wrong: high (at least 95 of 100 hits are what the
    # sentence says), medium or low.
    confidence: medium
    # The technique of MITRE ATT&CK, where one fits:
    # attack: T1005
    match:
      # Functions that are called or handed on, by their full names. The page
      # docs/writing-rules.md lists the other matchers.
      uses: [EDIT_ME.function]
    examples:
      positive:
        - 'import EDIT_ME; EDIT_ME.function()'
        - 'from EDIT_ME import function as f; f()'
      negative: # what looks like it and is not
        - '# EDIT_ME.function()'
        - 'EDIT_ME = []; EDIT_ME.function()'
`

// newRule writes the template of a rule.
func (a *app) newRule(c *config, id string) error {
	folder := c.Rules
	if folder == "" {
		folder = "."
	}
	if info, err := os.Stat(folder); err == nil && !info.IsDir() {
		return fmt.Errorf("rules %s is a file; name the folder that it lies in", folder)
	}
	category, _, _ := strings.Cut(id, "/")
	fill := strings.NewReplacer("CATEGORY", category, "RULE", id).Replace
	if _, err := catalog.ParseRules(category+".yaml", []byte(fill(templateHead+templateRule))); err != nil {
		return fmt.Errorf("%q cannot be a rule's id: write category/slug, lower case with hyphens", id)
	}
	name := filepath.Join(folder, category+".yaml")
	text, err := os.ReadFile(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		text = []byte(fill(templateHead))
	case err != nil:
		return fmt.Errorf("%s cannot be read: %w", name, err)
	}
	if taken := whereIs(id, folder); taken != nil {
		return fmt.Errorf("rule %s is already at %s:%d; nothing was written", id, taken.File, taken.Line)
	}
	whole := strings.TrimRight(string(text), "\n") + "\n" + fill(templateRule)
	if err == nil {
		whole = strings.TrimRight(string(text), "\n") + "\n\n" + fill(templateRule)
	}
	if _, err := catalog.ParseRules(filepath.ToSlash(name), []byte(whole)); err != nil {
		return fmt.Errorf("the rule cannot be added to %s, nothing was written: %w", name, firstFault(err, name))
	}
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return fmt.Errorf("folder %s cannot be made: %w", folder, err)
	}
	if err := os.WriteFile(name, []byte(whole), 0o666); err != nil {
		return fmt.Errorf("%s cannot be written: %w", name, err)
	}
	_, err = fmt.Fprintf(a.out, "%s: replace every %s, then\n  prevalence rules lint %s\n  prevalence rules test %s\n", name, behavior.Placeholder, name, name)
	return err
}

// whereIs finds a rule among those that are built in and those of a folder, as
// far as that can be read.
func whereIs(id, folder string) *catalog.Rule {
	rules, err := builtInRules()
	if err != nil {
		return nil
	}
	if own, err := extend(rules, folder); err == nil {
		rules = own
	}
	return rules.Rule(id)
}
