// Package lockfile reads which projects of a Python index something depends on:
// requirements.txt, pylock.toml (PEP 751), uv.lock, poetry.lock, and software
// bills of materials in CycloneDX JSON.
//
//	list, err := lockfile.Read("requirements.txt")
//
// Nothing is resolved and nothing is asked of an index.
package lockfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/CycloneDX/cyclonedx-go"
	"github.com/pelletier/go-toml/v2"

	"prevalence/internal/pypi"
)

// Dependency is a project that a file names.
type Dependency struct {
	Project string `json:"project"` // normalised (PEP 503)
	Version string `json:"version"` // "" where the file pins none
}

// List is what a file names, in order and each project once a version.
type List struct {
	Dependencies []Dependency
	// Skipped are lines and entries that name no project of an index: paths, URLs
	// without a name, packages of other ecosystems.
	Skipped []string
}

// maxBytes bounds a file; the largest lock files have a few megabytes.
const maxBytes = 64 << 20

// ErrFormat is returned for a file that is none of those that can be read.
var ErrFormat = errors.New("is none of requirements.txt, pylock.toml, uv.lock, poetry.lock and CycloneDX JSON")

// Read reads a file. Its format is told by its name and by what it holds.
func Read(name string) (*List, error) {
	l := new(List)
	if err := l.read(name, nil); err != nil {
		return nil, err
	}
	return l, nil
}

// read reads a file that the files above it include.
func (l *List) read(name string, above []string) error {
	data, err := readFile(name)
	if err != nil {
		return err
	}
	switch trimmed := bytes.TrimSpace(data); {
	case len(trimmed) > 0 && trimmed[0] == '{':
		err = l.cycloneDX(data)
	case strings.HasSuffix(name, ".toml") || strings.HasSuffix(name, ".lock"):
		err = l.toml(data)
	default:
		err = l.requirements(data, append(above, filepath.Clean(name)))
	}
	if err != nil {
		return fmt.Errorf("lockfile: %s %w", name, err)
	}
	return nil
}

func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("lockfile: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("lockfile: %w", err)
	}
	if len(data) > maxBytes {
		return nil, fmt.Errorf("lockfile: %s is larger than %d MiB", name, maxBytes>>20)
	}
	return bytes.TrimPrefix(data, []byte("\ufeff")), nil
}

// add takes a project, once a version.
func (l *List) add(name, version string) {
	d := Dependency{pypi.Normalize(name), version}
	if !pypi.ValidName(d.Project) {
		l.Skipped = append(l.Skipped, name)
		return
	}
	if !slices.Contains(l.Dependencies, d) {
		l.Dependencies = append(l.Dependencies, d)
	}
}

// requirement is the name and, if there is one, the pinned version of a line
// (PEP 508 names, PEP 440 versions).
var requirement = regexp.MustCompile(`^([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?\s*(?:===?\s*([^\s,;#*]+)\s*(?:[;\s#]|$)|[<>=!~;@#,(\s]|$)`)

// requirements reads a requirements file, and those that it includes. Options
// are for installers and are left out.
func (l *List) requirements(data []byte, above []string) error {
	if !isText(data) {
		return ErrFormat
	}
	text := strings.ReplaceAll(strings.ReplaceAll(string(data), "\r\n", "\n"), "\\\n", " ")
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimSpace(line)
		if i := strings.Index(line, " #"); i >= 0 {
			line = strings.TrimSpace(line[:i])
		}
		if line == "" || line[0] == '#' {
			continue
		}
		if included, ok := include(line); ok {
			name := filepath.Clean(filepath.Join(filepath.Dir(above[len(above)-1]), included))
			if slices.Contains(above, name) {
				continue
			}
			if err := l.read(name, above); err != nil {
				return fmt.Errorf("includes a file that cannot be read: %w", err)
			}
			continue
		}
		switch m := requirement.FindStringSubmatch(line); {
		case line[0] == '-' && !strings.HasPrefix(line, "-e") && !strings.HasPrefix(line, "--editable"):
		case m == nil:
			l.Skipped = append(l.Skipped, line)
		default:
			l.add(m[1], m[2])
		}
	}
	return nil
}

// include is the file that a line includes.
func include(line string) (string, bool) {
	for _, option := range []string{"--requirement", "-r"} {
		if rest, ok := strings.CutPrefix(line, option); ok {
			return strings.TrimLeft(rest, " =\t"), true
		}
	}
	return "", false
}

func isText(data []byte) bool { return !bytes.ContainsRune(data, 0) }

// toml reads the lock files, which all list packages with name and version.
func (l *List) toml(data []byte) error {
	type entry struct {
		Name    string         `toml:"name"`
		Version string         `toml:"version"`
		Source  map[string]any `toml:"source"`
	}
	var lock struct {
		Packages []entry `toml:"packages"` // pylock.toml
		Package  []entry `toml:"package"`  // uv.lock, poetry.lock
	}
	if err := toml.Unmarshal(data, &lock); err != nil {
		return fmt.Errorf("is no TOML: %w", err)
	}
	if lock.Packages == nil && lock.Package == nil {
		return ErrFormat
	}
	for _, e := range append(lock.Packages, lock.Package...) {
		if own(e.Source) {
			continue // the project that the file belongs to
		}
		l.add(e.Name, e.Version)
	}
	return nil
}

// own says whether a package of uv.lock is the project itself or a member of
// its workspace.
func own(source map[string]any) bool {
	for _, kind := range []string{"virtual", "editable"} {
		if _, ok := source[kind]; ok {
			return true
		}
	}
	return false
}

// cycloneDX reads a bill of materials: its components with a package URL of
// type pypi, nested ones included.
func (l *List) cycloneDX(data []byte) error {
	bom := new(cyclonedx.BOM)
	if err := cyclonedx.NewBOMDecoder(bytes.NewReader(data), cyclonedx.BOMFileFormatJSON).Decode(bom); err != nil {
		return fmt.Errorf("is no CycloneDX JSON: %w", err)
	}
	if bom.BOMFormat != cyclonedx.BOMFormat {
		return ErrFormat
	}
	l.components(bom.Components)
	return nil
}

func (l *List) components(all *[]cyclonedx.Component) {
	if all == nil {
		return
	}
	for _, c := range *all {
		if rest, ok := strings.CutPrefix(c.PackageURL, "pkg:pypi/"); ok {
			rest, _, _ = strings.Cut(rest, "?")
			rest, _, _ = strings.Cut(rest, "#")
			name, version, _ := strings.Cut(rest, "@")
			if v, err := url.PathUnescape(version); err == nil {
				version = v
			}
			l.add(name, version)
		} else if c.PackageURL != "" {
			l.Skipped = append(l.Skipped, c.PackageURL)
		}
		l.components(c.Components)
	}
}
