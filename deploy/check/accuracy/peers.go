package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// groups are the behaviours that other scanners look for too, with the codes
// under which they report them.
var groups = []struct {
	name      string
	behaviors []string
	bandit    []string
	ruff      []string
}{
	{"process spawning", []string{"execution/process-spawn"}, []string{"B602", "B603", "B605", "B606", "B607"}, []string{"S602", "S603", "S605", "S606", "S607"}},
	{"shell use", []string{"execution/shell-command"}, []string{"B602", "B605", "B609"}, []string{"S602", "S605", "S609"}},
	{"dynamic code", []string{"execution/dynamic-code"}, []string{"B102", "B307"}, []string{"S102", "S307"}},
	{"deserialisation", []string{"execution/deserialization"}, []string{"B301", "B302", "B506", "B614"}, []string{"S301", "S302", "S506"}},
	{"temporary files", []string{"file/insecure-temporary-name"}, []string{"B306"}, []string{"S306"}},
	{"permissions", []string{"permissions/world-writable", "permissions/make-executable"}, []string{"B103"}, []string{"S103"}},
	{"TLS verification", []string{"network/unverified-tls"}, []string{"B323", "B501"}, []string{"S323", "S501"}},
}

// finding is one line that another scanner reports.
type finding struct {
	file        string
	first, last int
	code        string
}

// peers compares line by line with other scanners, both ways: of theirs, what
// was seen; of ours, what they see, and how much of the rest stands in files that
// they cannot parse.
func peers(out io.Writer, scan, tree, bandit, ruff, dir string) error {
	s, err := readSeen(scan)
	if err != nil {
		return err
	}
	if tree, err = filepath.Abs(tree); err != nil {
		return err
	}
	for _, peer := range []struct {
		name, file string
		read       func(string, string) ([]finding, map[string]bool, error)
	}{{"bandit", bandit, readBandit}, {"ruff", ruff, readRuff}} {
		if peer.file == "" {
			continue
		}
		findings, unparsed, err := peer.read(peer.file, tree)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%-6s %-20s %7s %7s %7s %9s %9s %9s\n", peer.name, "", "both", "theirs", "ours", "of theirs", "of ours", "unparsed")
		var list strings.Builder
		for _, g := range groups {
			codes := g.bandit
			if peer.name == "ruff" {
				codes = g.ruff
			}
			both, theirs, ours := compare(s, findings, codes, g.behaviors)
			for _, f := range theirs {
				fmt.Fprintf(&list, "%s\ttheirs\t%s:%d\t%s\t\n", g.name, f.file, f.first, f.code)
			}
			blind := 0
			for _, f := range ours {
				why := ""
				if unparsed[f.file] {
					why = "unparsed"
					blind++
				}
				fmt.Fprintf(&list, "%s\tours\t%s:%d\t%s\t%s\n", g.name, f.file, f.first, f.code, why)
			}
			fmt.Fprintf(out, "%-6s %-20s %7d %7d %7d %8.1f%% %8.1f%% %9d\n", peer.name, g.name, both, len(theirs), len(ours),
				100*share(both, len(theirs)), 100*share(both, len(ours)), blind)
		}
		if dir != "" {
			if err := os.WriteFile(filepath.Join(dir, peer.name+".tsv"), []byte(list.String()), 0o666); err != nil {
				return err
			}
		}
	}
	return nil
}

// compare returns how many of a peer's findings were seen, which were not, and
// what was seen where the peer has nothing.
func compare(s *seen, findings []finding, codes, behaviors []string) (both int, theirs, ours []finding) {
	type line struct {
		file string
		n    int
	}
	covered := map[line]bool{}
	counted := map[line]bool{}
	for _, f := range findings {
		if !slices.Contains(codes, f.code) {
			continue
		}
		for n := f.first; n <= f.last && n < f.first+200; n++ {
			covered[line{f.file, n}] = true
		}
		if counted[line{f.file, f.first}] {
			continue
		}
		counted[line{f.file, f.first}] = true
		if slices.ContainsFunc(behaviors, func(b string) bool { return s.near(place{f.file, b}, f.first, f.last) != "" }) {
			both++
		} else {
			theirs = append(theirs, f)
		}
	}
	told := map[line]bool{}
	for at, hits := range s.hits {
		if !slices.Contains(behaviors, at.behavior) {
			continue
		}
		for _, h := range hits {
			found := false
			for n := h.line; n <= h.end && n < h.line+200; n++ {
				found = found || covered[line{at.file, n}]
			}
			if !found && !told[line{at.file, h.line}] {
				told[line{at.file, h.line}] = true
				ours = append(ours, finding{at.file, h.line, h.end, h.symbol})
			}
		}
	}
	slices.SortFunc(ours, func(a, b finding) int { return strings.Compare(a.file, b.file)*2 + sign(a.first-b.first) })
	return both, theirs, ours
}

func share(both, other int) float64 { return float64(both) / float64(max(1, both+other)) }

func sign(n int) int { return max(-1, min(1, n)) }

func readJSON(name string, into any) error {
	data, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// readBandit and readRuff return what was found, and the files that could not
// be parsed.
func readBandit(name, tree string) ([]finding, map[string]bool, error) {
	var report struct {
		Results []struct {
			File  string `json:"filename"`
			Line  int    `json:"line_number"`
			Lines []int  `json:"line_range"`
			Test  string `json:"test_id"`
		} `json:"results"`
		Errors []struct {
			File string `json:"filename"`
		} `json:"errors"`
	}
	if err := readJSON(name, &report); err != nil {
		return nil, nil, err
	}
	var findings []finding
	for _, r := range report.Results {
		last := r.Line
		for _, n := range r.Lines {
			last = max(last, n)
		}
		findings = append(findings, finding{file: below(r.File, tree), first: r.Line, last: last, code: r.Test})
	}
	unparsed := map[string]bool{}
	for _, e := range report.Errors {
		unparsed[below(e.File, tree)] = true
	}
	return findings, unparsed, nil
}

func readRuff(name, tree string) ([]finding, map[string]bool, error) {
	var report []struct {
		File     string            `json:"filename"`
		Location struct{ Row int } `json:"location"`
		End      struct{ Row int } `json:"end_location"`
		Code     string            `json:"code"`
	}
	if err := readJSON(name, &report); err != nil {
		return nil, nil, err
	}
	var findings []finding
	unparsed := map[string]bool{}
	for _, r := range report {
		if r.Code == "" || r.Code == "invalid-syntax" {
			unparsed[below(r.File, tree)] = true
			continue
		}
		findings = append(findings, finding{file: below(r.File, tree), first: r.Location.Row, last: r.End.Row, code: r.Code})
	}
	return findings, unparsed, nil
}

// below makes a path relative to the tree, in which the peer was run.
func below(file, tree string) string {
	file = strings.TrimPrefix(filepath.ToSlash(file), filepath.ToSlash(tree)+"/")
	return strings.TrimPrefix(file, "./")
}
