package pysource

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "rewrite the want sections of testdata/*.txtar")

var (
	kindNames = map[Kind]string{Import: "import", Call: "call", Ref: "ref", Arg: "arg", Flow: "flow", Method: "method", String: "string", Trait: "trait"}
	ctxNames  = map[Context]string{ContextImport: "", ContextCall: " @call", ContextInstall: " @install", ContextStartup: " @startup", ContextSupport: " @support"}
	roles     = map[string]Role{"module": RoleModule, "script": RoleScript, "install": RoleInstall, "startup": RoleStartup, "support": RoleSupport}
)

// spell writes facts one a line: "line kind name", what is not usual after it.
func spell(n *Names, res Result) string {
	var b strings.Builder
	for _, f := range res.Facts {
		fmt.Fprintf(&b, "%d %s %s", f.Line, kindNames[f.Kind], n.String(f.Name))
		if f.Value != 0 {
			fmt.Fprintf(&b, " %q", n.String(f.Value))
		}
		if f.Certainty == Likely && f.Kind != Method {
			b.WriteString(" ?")
		}
		b.WriteString(ctxNames[f.Context])
		if f.Scope != 0 {
			b.WriteString(" in " + n.String(f.Scope))
		}
		if f.EndLine != f.Line {
			fmt.Fprintf(&b, " to %d", f.EndLine)
		}
		b.WriteByte('\n')
	}
	for _, l := range res.Strings {
		kind := "text"
		if l.Doc {
			kind = "doc"
		}
		fmt.Fprintf(&b, "%d %s %q\n", l.Line, kind, l.Value)
	}
	if res.Cut != "" {
		fmt.Fprintf(&b, "cut %s\n", res.Cut)
	}
	return b.String()
}

// TestFacts reads testdata/*.txtar: sources, each followed by a section
// "want" with its facts. A source's name is its module, with a role after a
// colon when it is none: "pkg.mod.py" or "setup:install.py". A want section
// named "want kinds" lists only facts of the kinds that follow.
func TestFacts(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatal("no testdata", err)
	}
	names := NewNames()
	scanner := NewScanner(names)
	for _, path := range paths {
		ar, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		changed := false
		for i := 0; i+1 < len(ar.Files); i += 2 {
			src, want := ar.Files[i], &ar.Files[i+1]
			if !strings.HasPrefix(want.Name, "want") {
				t.Fatalf("%s: %s is not followed by want", path, src.Name)
			}
			t.Run(filepath.Base(path)+"/"+src.Name, func(t *testing.T) {
				module, role, _ := strings.Cut(strings.TrimSuffix(src.Name, ".py"), ":")
				f := File{Module: module, Role: RoleModule}
				if role != "" {
					f.Role = roles[role]
				}
				got := spell(names, scanner.Scan(src.Data, f))
				if kinds := strings.Fields(want.Name)[1:]; len(kinds) > 0 {
					var kept []string
					for _, l := range strings.SplitAfter(got, "\n") {
						if f := strings.Fields(l); len(f) > 1 && slices.Contains(kinds, f[1]) {
							kept = append(kept, l)
						}
					}
					got = strings.Join(kept, "")
				}
				if *update {
					if string(want.Data) != got {
						want.Data, changed = []byte(got), true
					}
					return
				}
				if d := cmp.Diff(string(want.Data), got); d != "" {
					t.Errorf("facts (-want +got):\n%s", d)
				}
			})
		}
		if changed {
			if err := os.WriteFile(path, txtar.Format(ar), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}
