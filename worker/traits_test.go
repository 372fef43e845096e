package worker

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"prevalence/schemas/catalog"
)

// TestPackageTraits compares what the worker tells of a release with what
// rules may name, in both directions.
func TestPackageTraits(t *testing.T) {
	var told []string
	for pattern, find := range map[string]struct{ re, prefix string }{
		"*.go":               {`(?:suspect\{|rel\.Package\()"([a-z-]+)"`, ""},
		"email/class.go":     {`return "([a-z-]+-email)"`, ""},
		"archive/anomaly.go": {`Anomaly\w+\s+= "([a-z-]+)"`, "archive-anomaly:"},
	} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range regexp.MustCompile(find.re).FindAllSubmatch(text, -1) {
				told = append(told, find.prefix+string(m[1]))
			}
		}
	}
	slices.Sort(told)
	told = slices.Compact(told)
	known := catalog.PackageTraits()
	for _, name := range told {
		if !slices.Contains(known, name) {
			t.Errorf("%s is told, and no rule may name it", name)
		}
	}
	for _, name := range known {
		if !slices.Contains(told, name) {
			t.Errorf("rules may name %s, and nothing tells it", name)
		}
	}
}
