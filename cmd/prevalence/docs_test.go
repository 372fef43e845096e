package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestWritingRules follows docs/writing-rules.md as a newcomer would: a block
// that names a file becomes that file, a block of sh is run line by line, and
// the block of text after it is what that prints.
func TestWritingRules(t *testing.T) {
	page, err := os.ReadFile("../../docs/writing-rules.md")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	printed, commands, compared := "", 0, 0
	for i, block := range strings.Split("\n"+string(page), "\n```") {
		if i%2 == 0 {
			continue // prose
		}
		info, body, _ := strings.Cut(block, "\n")
		language, name, _ := strings.Cut(info, " ")
		switch {
		case name != "":
			file := filepath.Join(dir, filepath.FromSlash(name))
			if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o777), os.WriteFile(file, []byte(body+"\n"), 0o600)); err != nil {
				t.Fatal(err)
			}
		case language == "sh":
			printed = ""
			for line := range strings.SplitSeq(body, "\n") {
				args := strings.Fields(line)
				if len(args) == 0 || args[0] != "prevalence" {
					t.Fatalf("%q is no command of ours", line)
				}
				cmd := prevalenceCommand(t, args[1:]...)
				cmd.Dir = dir
				printed += output(t, cmd)
				commands++
			}
		case language == "text":
			compared++
			if diff := cmp.Diff(trimmed(body), trimmed(printed)); diff != "" {
				t.Errorf("the page and the command differ: %s", diff)
			}
		}
	}
	if commands < 4 || compared < 3 {
		t.Errorf("%d commands, %d outputs compared", commands, compared)
	}
}

// trimmed is text without blanks at the ends of its lines and blank lines at
// its end.
func trimmed(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n")
}
