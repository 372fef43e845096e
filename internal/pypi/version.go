package pypi

import (
	"cmp"
	"regexp"
	"slices"

	"deps.dev/util/semver"
)

// version is a release's version with what its place in the order depends on.
type version struct {
	text   string
	parsed *semver.Version // nil for what PEP 440 does not allow
	pre    bool            // a pre-release or a development release
}

// maxVersionBytes bounds what is taken for a PEP 440 version.
const maxVersionBytes = 128

func parseVersion(s string) version {
	v := version{text: s}
	if len(s) == 0 || len(s) > maxVersionBytes {
		return v
	}
	m := pep440.FindStringSubmatch(s)
	if m == nil {
		return v
	}
	parsed, err := semver.PyPI.Parse(s)
	if err != nil {
		return v
	}
	v.parsed = parsed
	// The semver package does not call a development release a pre-release;
	// PEP 440 does.
	v.pre = m[1] != "" || m[2] != ""
	return v
}

// pep440 is the grammar of PEP 440's appendix B; its groups are the
// pre-release and the development segment.
var pep440 = regexp.MustCompile(`(?i)^v?(?:[0-9]+!)?[0-9]+(?:\.[0-9]+)*([-_.]?(?:alpha|a|beta|b|preview|pre|c|rc)[-_.]?[0-9]*)?(?:-[0-9]+|[-_.]?(?:post|rev|r)[-_.]?[0-9]*)?([-_.]?dev[-_.]?[0-9]*)?(?:\+[a-z0-9]+(?:[-_.][a-z0-9]+)*)?$`)

func (v version) valid() bool { return v.parsed != nil }

// compare orders by PEP 440. What it does not allow stands below all that it
// allows, in the order of its text; so does the text decide between spellings
// of the same version, that "1.0" and "1.0.0" come out the same everywhere.
func (v version) compare(w version) int {
	switch {
	case v.valid() && w.valid():
		if c := v.parsed.Compare(w.parsed); c != 0 {
			return c
		}
	case v.valid():
		return 1
	case w.valid():
		return -1
	}
	return cmp.Compare(v.text, w.text)
}

// equal reports whether two spellings mean the same version.
func (v version) equal(w version) bool {
	if v.valid() && w.valid() {
		return v.parsed.Compare(w.parsed) == 0
	}
	return v.text == w.text
}

// Latest returns the version of the project's latest release: the highest by
// PEP 440 that is neither yanked nor a pre-release; if there is none, the
// highest that is not yanked; if there is none, the highest. A release without
// distribution files is considered only when no release has any. A release is
// yanked when all its files are. It reports false for a page without versions.
func (p *Page) Latest() (string, bool) {
	releases := p.releases()
	if len(releases) == 0 {
		return "", false
	}
	best := slices.MaxFunc(releases, func(a, b release) int {
		return cmp.Or(cmp.Compare(a.class(), b.class()), a.version.compare(b.version))
	})
	return best.version.text, true
}

// Releases returns the versions of the page's releases, the latest first, then
// the others as Latest would choose among what remains.
func (p *Page) Releases() []string {
	releases := p.releases()
	slices.SortFunc(releases, func(a, b release) int {
		return cmp.Or(cmp.Compare(b.class(), a.class()), b.version.compare(a.version))
	})
	out := make([]string, len(releases))
	for i, r := range releases {
		out[i] = r.version.text
	}
	return out
}

// Spelling is the page's own spelling of a version, or v when it has none.
func (p *Page) Spelling(v string) string {
	want := parseVersion(v)
	for _, r := range p.releases() {
		if r.version.equal(want) {
			return r.version.text
		}
	}
	return v
}

// Release returns the files of one version, however they spell it, in the
// page's order. Files of KindOther belong to no release.
func (p *Page) Release(v string) []File {
	want := parseVersion(v)
	var out []File
	for _, f := range p.Files {
		if f.Kind != KindOther && parseVersion(f.Version).equal(want) {
			out = append(out, f)
		}
	}
	return out
}

// Yanked reports whether a version is yanked: it has files, and all of them are.
func (p *Page) Yanked(v string) bool {
	files := p.Release(v)
	return len(files) > 0 && !slices.ContainsFunc(files, func(f File) bool { return !f.Yanked })
}

// release is a version with what Latest asks of it.
type release struct {
	version version
	files   int
	yanked  int
}

// class is the release's rank before its version is looked at.
func (r release) class() int {
	c := 0
	if r.files > 0 {
		c += 8
	}
	if r.version.valid() {
		c += 4
	}
	if r.files == 0 || r.yanked < r.files {
		c += 2
		if !r.version.pre {
			c++
		}
	}
	return c
}

// releases groups versions and files that mean the same version.
func (p *Page) releases() []release {
	all := make([]release, 0, len(p.Versions))
	seen := make(map[string]bool, len(p.Versions))
	add := func(text string, files, yanked int) {
		if text == "" {
			return
		}
		all = append(all, release{parseVersion(text), files, yanked})
	}
	for _, v := range p.Versions {
		if !seen[v] {
			seen[v] = true
			add(v, 0, 0)
		}
	}
	listed := len(all) > 0
	for _, f := range p.Files {
		if f.Kind == KindOther {
			continue
		}
		y := 0
		if f.Yanked {
			y = 1
		}
		add(f.Version, 1, y)
	}
	// Entries of the same version become neighbours; a listed spelling, which
	// has no file, names the release rather than a file's.
	slices.SortStableFunc(all, func(a, b release) int {
		if !a.version.equal(b.version) {
			return a.version.compare(b.version)
		}
		if listed {
			if c := cmp.Compare(a.files, b.files); c != 0 {
				return c
			}
		}
		return cmp.Compare(a.version.text, b.version.text)
	})
	out := all[:0]
	for _, r := range all {
		if n := len(out); n > 0 && out[n-1].version.equal(r.version) {
			out[n-1].files += r.files
			out[n-1].yanked += r.yanked
			continue
		}
		out = append(out, r)
	}
	return out
}
