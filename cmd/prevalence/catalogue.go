package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"prevalence/schemas/catalog"
	"prevalence/worker/behavior"
)

// builtInRules are the rules of this build. Whoever has them must not change
// them.
var builtInRules = sync.OnceValues(catalog.Default)

// catalogue is the rules that are built in and those of --rules. An error of
// the latter is one line.
func (c *config) catalogue() (*catalog.Catalog, error) {
	rules, err := c.allRules()
	return rules, usage(firstFault(err, c.Rules))
}

// allRules is the catalogue with all faults of it.
func (c *config) allRules() (*catalog.Catalog, error) {
	rules, err := builtInRules()
	if err != nil || c.Rules == "" {
		return rules, err
	}
	return extend(rules, c.Rules)
}

// firstFault is the first fault of err, with a hint how to see the others.
func firstFault(err error, paths ...string) error {
	if faults := catalog.Faults(err); len(faults) > 1 {
		return fmt.Errorf("%w (and %d more: 'prevalence rules lint %s' lists them)", faults[0], len(faults)-1, strings.Join(paths, " "))
	}
	return err
}

// matcher compiles the catalogue.
func (c *config) matcher() (*behavior.Matcher, error) {
	rules, err := c.catalogue()
	if err != nil {
		return nil, err
	}
	return behavior.Compile(rules)
}

// extend adds the rules of a folder or a file.
func extend(rules *catalog.Catalog, name string) (*catalog.Catalog, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("rules %s cannot be read: %w", name, causeOf(err))
	}
	if info.IsDir() {
		return rules.Extend(os.DirFS(name), filepath.ToSlash(name))
	}
	folder, base := filepath.Split(name)
	return rules.Extend(os.DirFS(filepath.Clean(folder)), filepath.ToSlash(folder), base)
}

// causeOf is what is wrong with a path, without the path.
func causeOf(err error) error {
	var cause *fs.PathError
	if errors.As(err, &cause) {
		return cause.Err
	}
	return err
}

// liesIn reports whether a path is, or lies in, a folder.
func liesIn(name, folder string) bool {
	rel, err := filepath.Rel(folder, name)
	return folder != "" && err == nil && filepath.IsLocal(rel)
}

// standsAlone reports whether a path is, or is part of, a catalogue in this
// project's form, which has an issues.yaml beside its folder of rules: that is
// not joined with what is built in, since it holds the same rules.
func standsAlone(name string) bool {
	if info, err := os.Stat(name); err == nil && !info.IsDir() {
		name = filepath.Dir(name)
	}
	full, err := filepath.Abs(name)
	if err != nil {
		return false
	}
	if filepath.Base(full) == "rules" {
		full = filepath.Dir(full)
	}
	_, err = os.Stat(filepath.Join(full, "issues.yaml"))
	return err == nil
}
