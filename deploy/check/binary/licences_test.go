package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestThirdParty: every module of the binary is on the page of licences, and no
// licence there is unknown or asks for more than naming it and its text.
func TestThirdParty(t *testing.T) {
	b, err := os.ReadFile("../../../docs/third-party.md")
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	for line := range strings.Lines(string(b)) {
		cells := strings.Split(line, "|")
		if len(cells) != 4 || strings.HasPrefix(cells[1], "--") || strings.TrimSpace(cells[1]) == "module" {
			continue
		}
		listed = append(listed, strings.TrimSpace(cells[1]))
		switch licence := strings.TrimSpace(cells[2]); licence {
		case "Apache-2.0", "MIT", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MPL-2.0", "CC0-1.0", "Unlicense", "MIT-0", "FTL":
		default:
			t.Errorf("%s has the licence %q: read it, and say here whether it will do", listed[len(listed)-1], licence)
		}
	}
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}}{{end}}{{end}}", "prevalence/cmd/prevalence").Output()
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]bool)
	for _, module := range strings.Fields(string(out)) {
		if seen[module] {
			continue
		}
		seen[module] = true
		found := false
		for _, l := range listed { // a module's packages may have licences of their own
			found = found || l == module || strings.HasPrefix(l, module+"/")
		}
		if !found {
			t.Errorf("%s is not in docs/third-party.md: run make licences", module)
		}
	}
	if len(seen) < 20 {
		t.Errorf("only %d modules were found", len(seen))
	}
}
