package coremeta

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// Limits of pyproject.toml. The TOML reader descends into nested values, so
// their depth is bounded before it sees them.
const (
	maxPyprojectBytes   = 1 << 20
	maxPyprojectNesting = 200
)

// Pyproject is what a pyproject.toml says.
//
// Sources: PEP 518 and 517 (build-system), PEP 621 (project).
type Pyproject struct {
	// BuildBackend is build-system.build-backend, empty when it is not given.
	BuildBackend string
	// BackendPath is build-system.backend-path: folders of an in-tree backend,
	// relative to the file.
	BackendPath []string
	// BuildRequires is build-system.requires.
	BuildRequires []string
	// HasProject is true when there is a [project] table (or Poetry's own).
	HasProject bool
	// Project is the [project] table in terms of core metadata, or Poetry's
	// [tool.poetry] where there is no [project].
	Project Metadata
}

// ParsePyproject reads a pyproject.toml. The error says why it is no TOML, or
// that it is too large or nested too deeply; members of a wrong type are passed
// over.
func ParsePyproject(b []byte) (p Pyproject, err error) {
	if len(b) > maxPyprojectBytes {
		return p, errors.New("coremeta: pyproject.toml: too large")
	}
	depth := 0
	for _, c := range b {
		switch c {
		case '[', '{':
			if depth++; depth > maxPyprojectNesting {
				return p, errors.New("coremeta: pyproject.toml: nested too deeply")
			}
		case ']', '}':
			depth = max(0, depth-1)
		}
	}
	var doc map[string]any
	if err := toml.Unmarshal(b, &doc); err != nil {
		return p, fmt.Errorf("coremeta: pyproject.toml: %w", err)
	}
	build := table(doc["build-system"])
	p.BuildBackend = text(build["build-backend"])
	p.BackendPath = texts(build["backend-path"])
	p.BuildRequires = texts(build["requires"])
	if project, ok := doc["project"].(map[string]any); ok {
		p.HasProject = true
		p.Project = projectTable(project)
	} else if poetry, ok := table(doc["tool"])["poetry"].(map[string]any); ok {
		p.HasProject = true
		p.Project = poetryTable(poetry)
	}
	return p, nil
}

func projectTable(t map[string]any) Metadata {
	m := Metadata{
		Name: text(t["name"]), Version: text(t["version"]), Summary: text(t["description"]),
		RequiresPython: text(t["requires-python"]), RequiresDist: texts(t["dependencies"]), ImportNames: texts(t["import-names"]),
	}
	m.LicenseExpr = text(t["license"])
	m.License = text(table(t["license"])["text"])
	switch readme := t["readme"].(type) {
	case string:
		m.DescriptionBytes = len(readme)
	case map[string]any:
		m.DescriptionBytes = len(text(readme["text"])) + len(text(readme["file"]))
	}
	for label, url := range table(t["urls"]) {
		m.ProjectURLs = append(m.ProjectURLs, Link{label, text(url)})
	}
	m.Author, m.AuthorEmail = people(t["authors"])
	m.Maintainer, m.MaintainerEmail = people(t["maintainers"])
	for i, n := range m.ImportNames {
		n, _, _ = strings.Cut(n, ";")
		m.ImportNames[i] = strings.TrimSpace(n)
	}
	return m
}

// poetryTable reads Poetry's own table, whose authors are "name <address>".
func poetryTable(t map[string]any) Metadata {
	m := Metadata{
		Name: text(t["name"]), Version: text(t["version"]), Summary: text(t["description"]), License: text(t["license"]),
		HomePage: text(t["homepage"]), DescriptionBytes: len(text(t["readme"])),
		AuthorEmail: texts(t["authors"]), MaintainerEmail: texts(t["maintainers"]),
	}
	if r := text(t["repository"]); r != "" {
		m.ProjectURLs = append(m.ProjectURLs, Link{"Repository", r})
	}
	for label, url := range table(t["urls"]) {
		m.ProjectURLs = append(m.ProjectURLs, Link{label, text(url)})
	}
	for name := range table(t["dependencies"]) {
		if name != "python" {
			m.RequiresDist = append(m.RequiresDist, name)
		}
	}
	return m
}

// people splits PEP 621's authors into names and addresses. Authors as Poetry
// writes them, "name <address>", stand there too, against the standard.
func people(v any) (names, addresses []string) {
	list, _ := v.([]any)
	for _, p := range list {
		if s := text(p); s != "" {
			names = append(names, s) // addresses are looked for in names too
			continue
		}
		t := table(p)
		if s := text(t["name"]); s != "" {
			names = append(names, s)
		}
		if s := text(t["email"]); s != "" {
			addresses = append(addresses, s)
		}
	}
	return names, addresses
}

func table(v any) map[string]any {
	t, _ := v.(map[string]any)
	return t
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

func texts(v any) []string {
	list, _ := v.([]any)
	var out []string
	for _, e := range list {
		if s, ok := e.(string); ok && len(out) < maxValues {
			out = append(out, s)
		}
	}
	return out
}
