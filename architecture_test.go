// Package prevalence_test holds the tests that are about the tree as a whole.
package prevalence_test

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/go/packages"
)

// rooms are the top-level folders that may not know each other.
var rooms = []string{"crawler", "worker", "aggregator", "query"}

// onlyImporter names the one package that may import a library.
var onlyImporter = map[string]string{
	"github.com/nats-io/nats.go":            "internal/queue",
	"github.com/nats-io/nats-server":        "internal/engine",
	"github.com/ClickHouse/clickhouse-go":   "internal/store",
	"github.com/ClickHouse/ch-go":           "internal/store",
	"github.com/pressly/goose":              "internal/store",
	"github.com/spf13/viper":                "cmd/prevalence",
	"github.com/spf13/cobra":                "cmd/prevalence",
	"github.com/ebitengine/purego":          "internal/engine",
	"github.com/hashicorp/go-retryablehttp": "internal/pypi",
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
