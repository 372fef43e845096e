package pysource

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/tools/txtar"
)

// FuzzScan looks for texts that crash the scanner or make it give facts that
// do not hold together.
func FuzzScan(f *testing.F) {
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	evasion, err := filepath.Glob("testdata/evasion/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, p := range append(paths, evasion...) {
		b, err := os.ReadFile(p)
		if err != nil {
			f.Fatal(err)
		}
		for i, file := range txtar.Parse(b).Files {
			if i%2 == 0 {
				f.Add(file.Data, byte(i/2))
			}
		}
	}
	names := NewNames(".unlink", "os.system")
	s := NewScanner(names)
	f.Fuzz(func(t *testing.T, src []byte, role byte) {
		if names.Len() > 1<<16 {
			names.Reset()
		}
		start := time.Now()
		res := s.Scan(src, File{Module: "pkg.sub.mod", Role: Role(role%5) + RoleModule})
		if took := time.Since(start); took > 5*time.Second {
			t.Fatalf("took %v for %d bytes", took, len(src))
		}
		for _, fact := range res.Facts {
			switch {
			case fact.Kind == 0 || fact.Kind > Trait:
				t.Fatalf("kind %d", fact.Kind)
			case fact.Name == 0 || int(fact.Name) >= names.Len() || int(fact.Scope) >= names.Len():
				t.Fatalf("name %d", fact.Name)
			case fact.Context == 0 || fact.Certainty == 0:
				t.Fatalf("%v lacks context or certainty", fact)
			case fact.Line == 0 || int(fact.EndLine) > res.Lines+1 || fact.EndLine < fact.Line:
				t.Fatalf("%s: lines %d to %d of %d", names.String(fact.Name), fact.Line, fact.EndLine, res.Lines)
			}
		}
		n := len(res.Facts)
		if again := s.Scan(src, File{Module: "pkg.sub.mod", Role: Role(role%5) + RoleModule}); len(again.Facts) != n {
			t.Fatalf("%d facts, then %d", n, len(again.Facts))
		}
	})
}
