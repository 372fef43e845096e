package main

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// commands are all commands of the binary that a user may call.
func commands() []*cobra.Command {
	var all []*cobra.Command
	var add func(*cobra.Command)
	add = func(c *cobra.Command) {
		all = append(all, c)
		for _, child := range c.Commands() {
			if !child.Hidden && child.Name() != "help" && child.Name() != "completion" {
				add(child)
			}
		}
	}
	add((&app{}).rootCommand())
	return all
}

// TestHelpPages: every command says what it does, at length, with examples
// that it would accept, in lines that fit a terminal.
func TestHelpPages(t *testing.T) {
	for _, c := range commands() {
		t.Run(c.CommandPath(), func(t *testing.T) {
			if c.Short == "" || c.Long == "" {
				t.Error("no description")
			}
			if c.Example == "" && c.HasParent() {
				t.Error("no example")
			}
			for line := range strings.Lines(c.Long + "\n" + c.Example) {
				if n := len([]rune(strings.TrimRight(line, "\n"))); n > 90 {
					t.Errorf("%d characters: %s", n, line)
				}
			}
			checkCommandLines(t, c.Example)
		})
	}
}

// TestCommandLinesOfDocuments: what README and guides tell to type is accepted.
func TestCommandLinesOfDocuments(t *testing.T) {
	documents, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, name := range append(documents, "../../README.md") {
		checked += checkCommandLines(t, readFile(t, name))
	}
	if checked < 10 {
		t.Errorf("only %d command lines were found: the test looks at the wrong places", checked)
	}
}

var commandLine = regexp.MustCompile(`(?m)^(?:\s*\$ | {2,})(?:[A-Z_]+=\S+ )*(?:bin/)?prevalence ([a-z].*)$`)

// checkCommandLines tries the flags and arguments of the command lines in text.
func checkCommandLines(t *testing.T, text string) (checked int) {
	t.Helper()
	for _, match := range commandLine.FindAllStringSubmatch(text, -1) {
		line, _, _ := strings.Cut(match[1], "  ") // what it does, in words
		for _, end := range []string{" #", " | ", " > ", " &"} {
			line, _, _ = strings.Cut(line, end)
		}
		c, args, err := (&app{}).rootCommand().Find(words(line))
		if err != nil {
			t.Errorf("%s: %v", line, err)
			continue
		}
		if err := c.ParseFlags(args); err != nil {
			t.Errorf("%s: %v", line, err)
			continue
		}
		if err := c.ValidateArgs(c.Flags().Args()); err != nil {
			t.Errorf("%s: %v", line, err)
		}
		checked++
	}
	return checked
}

var word = regexp.MustCompile(`"[^"]*"|'[^']*'|\S+`)

// words are the arguments of a command line, as a shell tells them apart.
func words(line string) []string {
	list := word.FindAllString(line, -1)
	for i, w := range list {
		if first := w[:1]; first == `"` || first == "'" {
			list[i] = strings.Trim(w, first)
		}
	}
	return list
}

// TestExitCodesAreDocumented: the root's page lists each with what the code means.
func TestExitCodesAreDocumented(t *testing.T) {
	for _, code := range []int{exitOK, exitFailed, exitUsage, exitUnreachable, exitNoData, exitOver, exitPolicy, exitInterrupted} {
		if !regexp.MustCompile(`(?m)^  ` + strconv.Itoa(code) + ` +\S`).MatchString(rootHelp) {
			t.Errorf("%d is not on the page", code)
		}
	}
}

// TestSettings: a setting is one thing in three places, described once.
func TestSettings(t *testing.T) {
	var tags, keys, flags []string
	for field := range reflect.TypeFor[config]().Fields() {
		tags = append(tags, field.Tag.Get("mapstructure"))
	}
	for _, c := range commands() {
		for _, s := range settings() {
			if c.Flags().Lookup(s.key) != nil || c.PersistentFlags().Lookup(s.key) != nil {
				flags = append(flags, s.key)
				if s.secret {
					t.Errorf("%s: the secret %s is a flag", c.CommandPath(), s.key)
				}
			}
		}
	}
	for _, s := range settings() {
		keys = append(keys, s.key)
		if !s.secret && !slices.Contains(flags, s.key) {
			t.Errorf("%s is no flag of any command", s.key)
		}
		if s.usage == "" {
			t.Errorf("%s is not described", s.key)
		}
	}
	if !slices.Equal(keys, tags) {
		t.Errorf("settings and fields differ:\n%v\n%v", keys, tags)
	}
	for _, list := range [][]string{crawlKeys, workKeys, readerKeys} {
		for _, key := range list {
			if !slices.Contains(keys, key) {
				t.Errorf("%s is no setting", key)
			}
		}
	}
}

// TestPrecedence: file, environment, flag, each over the one before; a secret
// is never shown.
func TestPrecedence(t *testing.T) {
	home := ownHome(t)
	folder := filepath.Join(home, "prevalence")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	file := "slots: 3\nworkers: 3\nformat: csv\nnats-password: hidden-one\n"
	if err := os.WriteFile(filepath.Join(folder, "config.yaml"), []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PREVALENCE_WORKERS", "4")
	t.Setenv("PREVALENCE_FORMAT", "table")
	t.Setenv("PREVALENCE_EMAIL_KEY", "hidden-two")
	e := runHere(t, "config", "--format", "csv")
	if e.code != exitOK {
		t.Fatal(e.errs)
	}
	for _, want := range []string{"\nslots,3,", "\nworkers,4,", "\nformat,csv,", "\nnats-password,(set),", "\nemail-key,(set),", "\ntop,0,"} {
		if !strings.Contains(e.out, want) {
			t.Errorf("no %q in\n%s", want, e.out)
		}
	}
	if strings.Contains(e.out, "hidden") {
		t.Error("a secret is shown")
	}
}
