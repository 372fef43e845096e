package pysource

import (
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// TestEvasion reads testdata/evasion/*.txtar: ways to hide what code does, each
// followed by what must be seen all the same, "kind name", in any order and
// among anything else.
func TestEvasion(t *testing.T) {
	paths, err := filepath.Glob("testdata/evasion/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatal("no cases", err)
	}
	scanner := NewScanner(NewNames())
	cases := 0
	for _, path := range paths {
		ar, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i+1 < len(ar.Files); i += 2 {
			src, want := ar.Files[i], ar.Files[i+1]
			cases++
			t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar")+"/"+strings.TrimSuffix(src.Name, ".py"), func(t *testing.T) {
				f := File{Module: "pkg.mod", Role: RoleModule}
				if _, role, ok := strings.Cut(strings.TrimSuffix(src.Name, ".py"), ":"); ok {
					f.Role = roles[role]
				}
				got := spell(scanner.names, scanner.Scan(src.Data, f))
				seen := map[string]bool{}
				for _, l := range strings.Split(got, "\n") {
					if fields := strings.Fields(l); len(fields) > 2 {
						seen[fields[1]+" "+fields[2]] = true
					}
				}
				for _, w := range strings.Split(strings.TrimSpace(string(want.Data)), "\n") {
					if absent, ok := strings.CutPrefix(w, "no "); ok {
						if seen[absent] {
							t.Errorf("%q must not be seen in\n%s%s", absent, src.Data, got)
						}
					} else if !seen[w] {
						t.Errorf("%q is not seen in\n%s%s", w, src.Data, got)
					}
				}
			})
		}
	}
	if cases < 120 {
		t.Errorf("%d cases are fewer than 120", cases)
	}
}
