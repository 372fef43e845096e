// Package prevalence_test holds the tests that are about the tree as a whole.
package prevalence_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/go/packages"
)

// rooms are the top-level folders that may not know each other.
var rooms = []string{"crawler", "worker", "aggregator", "query"}

// onlyImporter names the one package that may import a library.
var onlyImporter = map[string]string{
	"github.com/nats-io/nats.go":          "internal/queue",
	"github.com/nats-io/nats-server":      "internal/engine",
	"github.com/ClickHouse/clickhouse-go": "internal/store",
	"github.com/pressly/goose":            "internal/store",
	"github.com/spf13/viper":              "cmd/prevalence",
	"github.com/spf13/cobra":              "cmd/prevalence",
	"github.com/ebitengine/purego":        "internal/engine",
	"github.com/landlock-lsm/go-landlock": "internal/sandbox",
	"github.com/elastic/go-seccomp-bpf":   "internal/sandbox",
}

// TestImports enforces the import table of ARCHITECTURE.md: cmd → rooms →
// internal → schemas, rooms apart from each other, worker's leaves apart from
// each other but for behavior, and each big library behind one door.
func TestImports(t *testing.T) {
	loaded, err := packages.Load(&packages.Config{
		Mode: packages.NeedName | packages.NeedImports | packages.NeedModule,
	}, "./...")
	if err != nil {
		t.Fatal(err)
	}
	if len(loaded) < 15 {
		t.Fatalf("only %d packages were found: the test looks at the wrong tree", len(loaded))
	}
	for _, p := range loaded {
		from, ours := strings.CutPrefix(p.PkgPath, "prevalence/")
		if !ours {
			continue
		}
		for path := range p.Imports {
			if why := forbidden(from, path); why != "" {
				t.Errorf("%s imports %s: %s", from, path, why)
			}
		}
	}
}

// forbidden says why package from may not import path, or "".
func forbidden(from, path string) string {
	to, ours := strings.CutPrefix(path, "prevalence/")
	if !ours {
		for library, door := range onlyImporter {
			if (path == library || strings.HasPrefix(path, library+"/")) && !within(from, door) {
				return "only " + door + " may"
			}
		}
		return ""
	}
	fromRoom, toRoom := top(from), top(to)
	switch {
	case toRoom == "cmd":
		return "cmd stands at the top"
	case fromRoom == "schemas":
		return "schemas imports nothing of ours"
	case fromRoom == "internal" && slices.Contains(rooms, toRoom):
		return "internal is below the rooms"
	case fromRoom == "internal" && toRoom == "internal" && !within(from, to):
		return "internal packages stand apart, but for a test package and its subject"
	case slices.Contains(rooms, fromRoom) && slices.Contains(rooms, toRoom) && fromRoom != toRoom:
		return "rooms stand apart"
	case isLeaf(from) && isLeaf(to) && !behaviorMay(from, to):
		return "worker's leaves stand apart"
	case isLeaf(from) && to == "worker":
		return "a leaf does not know the worker"
	}
	return ""
}

func top(path string) string {
	room, _, _ := strings.Cut(path, "/")
	return room
}

func within(path, folder string) bool {
	return path == folder || strings.HasPrefix(path, folder+"/")
}

func isLeaf(path string) bool { return strings.HasPrefix(path, "worker/") }

func behaviorMay(from, to string) bool {
	return from == "worker/behavior" && (to == "worker/pysource" || to == "worker/native")
}

// TestForbidden shows that the table refuses what it should.
func TestForbidden(t *testing.T) {
	for _, c := range []struct {
		from, path string
		refused    bool
	}{
		{"crawler", "prevalence/worker", true},
		{"crawler", "prevalence/internal/pypi", false},
		{"crawler/ranking", "prevalence/internal/pypi", false},
		{"internal/queue", "prevalence/crawler", true},
		{"internal/queue", "prevalence/schemas/message", false},
		{"internal/queue", "prevalence/internal/store", true},
		{"internal/pypi/pypitest", "prevalence/internal/pypi", false},
		{"schemas/catalog", "prevalence/internal/pypi", true},
		{"worker/archive", "prevalence/worker/coremeta", true},
		{"worker/behavior", "prevalence/worker/pysource", false},
		{"worker/pysource", "prevalence/worker/behavior", true},
		{"worker/email", "prevalence/worker", true},
		{"worker", "github.com/nats-io/nats.go/jetstream", true},
		{"internal/queue", "github.com/nats-io/nats.go/jetstream", false},
		{"query", "prevalence/cmd/prevalence", true},
		{"cmd/prevalence", "prevalence/query", false},
	} {
		if got := forbidden(c.from, c.path); (got != "") != c.refused {
			t.Errorf("%s → %s: refused %q, want refused %v", c.from, c.path, got, c.refused)
		}
	}
}

// TestMapNamesWhatIsThere follows ARCHITECTURE.md: every room, file and link
// that it names exists, and every package has a line but for those that
// serve another one.
func TestMapNamesWhatIsThere(t *testing.T) {
	b, err := os.ReadFile("ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	quoted := regexp.MustCompile("`([^`]+)`")
	named := make(map[string]bool)
	rows := 0
	for row := range strings.Lines(text) {
		cells := strings.Split(strings.Trim(row, "|\n"), "|")
		if len(cells) != 3 || !strings.HasPrefix(row, "| ") || strings.Contains(row, "I want to") {
			continue
		}
		rows++
		var folders []string
		for _, m := range quoted.FindAllStringSubmatch(cells[1], -1) {
			named[strings.TrimSuffix(m[1], "/")] = true
			if !exists(m[1]) {
				t.Errorf("%s is not there", m[1])
			}
			folders = append(folders, filepath.Dir(m[1]), m[1])
		}
		for _, m := range quoted.FindAllStringSubmatch(cells[2], -1) {
			if !exists(m[1]) && !slices.ContainsFunc(folders, func(folder string) bool { return exists(filepath.Join(folder, m[1])) }) {
				t.Errorf("%s is in none of %v", m[1], folders)
			}
		}
	}
	if rows < 15 {
		t.Errorf("only %d lines of the table were found", rows)
	}
	for _, m := range quoted.FindAllStringSubmatch(text, -1) {
		if strings.HasSuffix(m[1], ".go") && strings.Contains(m[1], "/") && !exists(m[1]) {
			t.Errorf("%s is not there", m[1])
		}
	}
	for _, m := range regexp.MustCompile(`\]\(([^):#]+)\)`).FindAllStringSubmatch(text, -1) {
		if !exists(m[1]) {
			t.Errorf("the link to %s leads nowhere", m[1])
		}
	}
	loaded, err := packages.Load(&packages.Config{Mode: packages.NeedName | packages.NeedFiles}, "./...")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range loaded {
		room, ours := strings.CutPrefix(p.PkgPath, "prevalence/")
		helper := strings.HasSuffix(room, "test") || strings.HasSuffix(room, "/refresh")
		if ours && len(p.GoFiles) > 0 && !helper && !named[room] {
			t.Errorf("%s has no line in the table", room)
		}
	}
}

// exists reports whether a path, or a pattern, names something.
func exists(path string) bool {
	found, err := filepath.Glob(path)
	return err == nil && len(found) > 0
}
