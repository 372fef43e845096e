package worker

import (
	"path"
	"slices"
	"strings"

	"deps.dev/util/semver"

	"prevalence/internal/pypi"
	"prevalence/schemas/message"
	"prevalence/worker/coremeta"
	"prevalence/worker/email"
)

// Limits of what is kept of metadata.
const (
	maxFieldBytes    = 200
	maxModules       = 2000
	maxRequires      = 2000
	maxRequirement   = 300
	maxAddressFields = 100
)

// said gathers what a release says of itself over all of its files.
type said struct {
	best     coremeta.Metadata // of the most trustworthy source
	rank     int               // of best: 1 is a wheel's METADATA; 0 when there is none
	member   string            // that best was read from
	core     []coremeta.Metadata
	members  []string // of core, in its order
	mismatch string   // the first of them whose name or version is another's
	fallback []coremeta.Metadata
	stated   []string // the members of fallback, in its order
	requires []string // requires.txt
	builder  string
	modules  []string
	typed    bool
}

// metadata takes a member that says what the distribution is.
func (s *said) metadata(kind pypi.Kind, name string, data []byte, l *layout, project string) {
	inner := l.inner(name)
	dir, base := path.Split(inner)
	dir = strings.TrimSuffix(dir, "/")
	switch base {
	case "METADATA", "PKG-INFO":
		rank := metadataRank(kind, dir, base, project)
		if rank == 0 {
			return
		}
		m := coremeta.Parse(data)
		s.core, s.members = append(s.core, m), append(s.members, name)
		if s.rank == 0 || rank < s.rank {
			s.best, s.rank, s.member = m, rank, name
		}
		for _, n := range m.ImportNames {
			s.module(n)
		}
	case "top_level.txt":
		if kind != pypi.KindSdist && strings.Contains(dir, "/") || strings.Count(dir, "/") > 1 || supportFolder(strings.SplitN(dir, "/", 2)[0]) {
			return // a vendored distribution's
		}
		tops := coremeta.ParseTopLevel(data)
		if kind == pypi.KindSdist {
			l.setTops(tops)
		}
		for _, t := range tops {
			s.module(t)
		}
	case "requires.txt":
		if len(s.requires) == 0 && strings.Count(dir, "/") <= 1 {
			s.requires = coremeta.ParseRequires(data)
		}
	case "pyproject.toml":
		if dir != "" || kind != pypi.KindSdist {
			return
		}
		p, err := coremeta.ParsePyproject(data)
		if err != nil {
			return // what pip says to it is not ours to judge; it is no fact
		}
		s.builder = clip(p.BuildBackend, maxFieldBytes)
		for _, b := range p.BackendPath {
			if b = strings.Trim(path.Clean("/"+b), "/"); b != "" {
				b += "/"
			}
			l.backend = append(l.backend, b)
		}
		l.backendModule, _, _ = strings.Cut(p.BuildBackend, ":")
		if p.HasProject {
			s.fallback, s.stated = append(s.fallback, p.Project), append(s.stated, name)
		}
	case "setup.cfg":
		if dir == "" && kind == pypi.KindSdist {
			if m := coremeta.ParseSetupCfg(data); m.Name != "" {
				s.fallback, s.stated = append(s.fallback, m), append(s.stated, name)
			}
		}
	}
}

// project is the normalised name that the release gives itself, "" for none.
func (s *said) project() string {
	name := s.best.Name
	if name == "" && len(s.fallback) > 0 {
		name = s.fallback[0].Name
	}
	return pypi.Normalize(name)
}

// metadataRank orders sources of core metadata, the best first; 0 is none of
// this distribution's, such as that of a vendored one.
func metadataRank(kind pypi.Kind, dir, base, project string) int {
	switch {
	case kind == pypi.KindWheel && base == "METADATA" && !strings.Contains(dir, "/"):
		name, _, _ := strings.Cut(dir, "-")
		if pypi.Normalize(name) == project || project == "" {
			return 1
		}
		return 5
	case kind == pypi.KindEgg && dir == "EGG-INFO" && base == "PKG-INFO":
		return 2
	case kind == pypi.KindSdist && dir == "" && base == "PKG-INFO":
		return 3
	case kind == pypi.KindSdist && strings.HasSuffix(dir, ".egg-info") && base == "PKG-INFO" && strings.Count(dir, "/") <= 1 && !supportFolder(strings.SplitN(dir, "/", 2)[0]):
		return 4
	}
	return 0
}

// module adds a top-level module.
func (s *said) module(name string) {
	name, _, _ = strings.Cut(name, ".")
	if name == "" || strings.ContainsRune(name, '-') || len(name) > maxFieldBytes || len(s.modules) >= maxModules || slices.Contains(s.modules, name) {
		return
	}
	s.modules = append(s.modules, name)
}

// finish turns what was said into the scan's metadata, addresses and traits.
func (s *said) finish(r *reading) {
	known := s.rank > 0
	if !known && len(s.fallback) > 0 {
		s.best, s.member, known = s.fallback[0], s.stated[0], true
	}
	m := s.best
	if len(m.RequiresDist) == 0 {
		m.RequiresDist = s.requires
	}
	slices.Sort(s.modules)
	out := &r.scan.Metadata
	*out = message.Metadata{
		Name: clip(m.Name, maxFieldBytes), Version: clip(m.Version, maxFieldBytes),
		Summary: m.Summary != "", Description: m.DescriptionBytes > 0, License: license(m),
		RequiresPython: clip(m.RequiresPython, maxFieldBytes), SourceRepository: m.SourceRepository(),
		BuildBackend: s.builder, Typed: s.typed, Modules: s.modules,
	}
	for _, d := range m.RequiresDist[:min(len(m.RequiresDist), maxRequires)] {
		out.RequiresDist = append(out.RequiresDist, withoutAddress(clip(d, maxRequirement)))
	}
	if n := len(m.RequiresDist) - maxRequires; n > 0 {
		r.scan.Dropped = map[string]int{"requires_dist": n}
	}
	if !known {
		if len(r.scan.Files) > 0 {
			r.rel.Package("no-metadata", "", 1)
		}
		return
	}
	if !out.Description {
		r.rel.Package("no-description", s.member, 1)
	}
	if !out.SourceRepository {
		r.rel.Package("no-source-repository", s.member, 1)
	}
	if s.differs(r.scan) {
		r.rel.Package("metadata-mismatch", s.mismatch, 1)
	}
	s.emails(r)
}

// differs reports whether core metadata names another project or version than
// the index does.
func (s *said) differs(scan *message.Scan) bool {
	for i, m := range s.core {
		s.mismatch = s.members[i]
		if scan.Project != "" && m.Name != "" && pypi.Normalize(m.Name) != scan.Project {
			return true
		}
		if scan.Version != "" && m.Version != "" && !sameVersion(m.Version, scan.Version) {
			return true
		}
	}
	return false
}

// sameVersion compares by PEP 440, or letter by letter what it does not allow.
func sameVersion(a, b string) bool {
	if a == b {
		return true
	}
	if len(a) > maxFieldBytes || len(b) > maxFieldBytes {
		return false
	}
	v, err1 := semver.PyPI.Parse(a)
	w, err2 := semver.PyPI.Parse(b)
	return err1 == nil && err2 == nil && v.Compare(w) == 0
}

// emails reduces the author addresses to what may be kept.
func (s *said) emails(r *reading) {
	var f email.Fields
	for _, m := range slices.Concat(s.core, s.fallback) {
		f.Addresses = addNew(f.Addresses, m.AuthorEmail, m.MaintainerEmail)
		f.Names = addNew(f.Names, m.Author, m.Maintainer)
	}
	r.scan.Emails, r.scan.EmailClass = email.Read(f, email.Key{ID: r.a.o.KeyID, Secret: r.a.o.Key})
	traits := []string{email.Trait(r.scan.EmailClass)}
	for _, e := range r.scan.Emails {
		if t := email.Trait(e.Class); !slices.Contains(traits, t) {
			traits = append(traits, t)
		}
	}
	for _, t := range traits {
		if t != "" {
			r.rel.Package(t, s.member, 1)
		}
	}
}

// addNew adds the values that are not there yet: sdist and wheel say the same.
func addNew(to []string, values ...[]string) []string {
	for _, list := range values {
		for _, v := range list {
			if len(to) < maxAddressFields && !slices.Contains(to, v) {
				to = append(to, v)
			}
		}
	}
	return to
}

// license returns one line that names the licence.
func license(m coremeta.Metadata) string {
	text := m.LicenseExpr
	if text == "" {
		text = m.License
	}
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return withoutAddress(clip(strings.TrimSpace(line), maxFieldBytes))
}

// withoutAddress empties text that may hold an e-mail address; requirements
// with direct references keep theirs, which is a URL's user part at most.
func withoutAddress(s string) string {
	if i := strings.IndexByte(s, '@'); i > 0 && i+1 < len(s) && s[i-1] != ' ' && s[i+1] != ' ' {
		name, _, _ := strings.Cut(s, "@")
		if j := strings.IndexAny(name, " ;("); j >= 0 {
			return strings.TrimSpace(name[:j])
		}
		return ""
	}
	return s
}

// clip cuts a text to n bytes, and to whole runes.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}
