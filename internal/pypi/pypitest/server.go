package pypitest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"prevalence/internal/pypi"
	"prevalence/schemas/message"
)

// Style says what form of index server to be. The zero value is the poorest:
// HTML without hashes, sizes or serials.
type Style struct {
	JSON         bool // answer JSON to who accepts it (PEP 691)
	Serials      bool // `_last-serial` and X-PyPI-Last-Serial
	Hashes       bool
	Sizes        bool // JSON alone (PEP 700), with versions and upload times
	Relative     bool // URLs of files
	Ranges       bool
	CoreMetadata bool // of wheels (PEP 658)
}

// The styles of known servers.
var (
	// LikePyPI is the public index.
	LikePyPI = Style{JSON: true, Serials: true, Hashes: true, Sizes: true, Ranges: true, CoreMetadata: true}
	// LikeHTMLServer speaks PEP 503 alone, with hashes in fragments.
	LikeHTMLServer = Style{Hashes: true, Ranges: true}
	// LikeJSONServer speaks JSON with empty hashes and relative URLs, without serials.
	LikeJSONServer = Style{JSON: true, Sizes: true, Relative: true, CoreMetadata: true}
)

// Server serves a universe as an index, below /simple/. It is an
// http.Handler, safe for concurrent use; the universe itself is not changed.
type Server struct {
	Front

	style Style

	population *Population // makes the projects of which only the name is known; nil without one

	mu       sync.Mutex
	serial   uint64
	projects map[string]*served

	rootMu sync.Mutex
	made   root
}

// served is a project as the server offers it now.
type served struct {
	Project
	removed bool
	// lazy: the files are the population's, of name and revision.
	lazy     bool
	name     Name
	revision int
	// stale: the page is still that of the serial before.
	stale *served
}

// NewServer makes a server of a universe.
func NewServer(u *Universe, style Style) *Server {
	s := &Server{style: style, projects: make(map[string]*served, len(u.Projects))}
	s.handler = http.HandlerFunc(s.serve)
	for _, p := range u.Projects {
		s.projects[p.Name] = &served{Project: *p}
		s.serial = max(s.serial, p.Serial)
	}
	return s
}

// NewPopulationServer makes a server of a population, whose projects it makes
// when they are asked for.
func NewPopulationServer(p *Population, style Style) *Server {
	s := &Server{style: style, population: p, projects: make(map[string]*served, p.Len()), serial: firstSerial}
	s.handler = http.HandlerFunc(s.serve)
	for _, n := range p.config.Names {
		s.serial++
		s.projects[n.Name] = &served{Project: Project{Name: n.Name, Display: n.Name, Serial: s.serial}, lazy: true, name: n}
	}
	return s
}

// firstSerial is of the order of the public index's.
const firstSerial = 30_000_000

// fill makes the files of a project of which only the name is known.
func (p *served) fill(from *Population) error {
	if !p.lazy {
		return nil
	}
	made, err := from.Project(p.name, p.revision)
	if err != nil {
		return err
	}
	p.lazy, p.Files, p.Latest, p.Truth = false, made.Files, made.Latest, made.Truth
	if p.State == "" {
		p.State = made.State
	}
	return nil
}

// Names lists the projects on the index now, sorted.
func (s *Server) Names() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var names []string
	for name, p := range s.projects {
		if !p.removed {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// change runs fn on a project, under its next serial.
func (s *Server) change(name string, fn func(p *served)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name = pypi.Normalize(name)
	p := s.projects[name]
	if p == nil {
		p = &served{Project: Project{Name: name, Display: name, State: message.StateActive}}
		s.projects[name] = p
	}
	s.serial++
	p.Serial = s.serial
	fn(p)
}

// own makes a lazy project's files this server's own, before they change. Of a
// population that cannot be made nothing is changed.
func (s *Server) own(p *served) { _ = p.fill(s.population) }

// Add puts a file of a project up, the project, too, if it is new.
func (s *Server) Add(project string, f File) {
	s.change(project, func(p *served) {
		if f.SHA256 == "" {
			f.SHA256 = hash(f.Data)
		}
		if f.Uploaded.IsZero() {
			f.Uploaded = epoch
		}
		s.own(p)
		p.removed = false
		p.Files = append(p.Files[:len(p.Files):len(p.Files)], f)
	})
}

// AddRelease puts up an sdist whose package shows nothing but what the code of
// its one module does when it is imported. It returns the file's name.
func (s *Server) AddRelease(project, version, code string) (string, error) {
	p := &Project{Name: pypi.Normalize(project), Display: project}
	rel := members(p, version, plan{email: "team@packages.example.org"})
	rel.code = append(rel.code, member{rel.pkg + "/extra.py", code})
	data, err := rel.sdist(p, version, ".tar.gz")
	if err != nil {
		return "", fmt.Errorf("pypitest: project %s: %w", project, err)
	}
	name := sdistName(p.Name, version, ".tar.gz")
	s.Add(project, File{Name: name, Version: version, Data: data})
	return name, nil
}

// Remove takes a project off the index.
func (s *Server) Remove(project string) { s.change(project, func(p *served) { p.removed = true }) }

// Resurrect brings a removed project back.
func (s *Server) Resurrect(project string) {
	s.change(project, func(p *served) { p.removed = false })
}

// Yank marks all files of a version.
func (s *Server) Yank(project, version, reason string) {
	s.change(project, func(p *served) {
		s.own(p)
		p.Files = slices.Clone(p.Files)
		for i := range p.Files {
			if p.Files[i].Version == version {
				p.Files[i].Yanked, p.Files[i].Reason = true, reason
			}
		}
	})
}

// SetState gives a project a state of PEP 792. A quarantined page offers no files.
func (s *Server) SetState(project string, state message.ProjectState) {
	s.change(project, func(p *served) { p.State = state })
}

// Touch gives a project a new serial and nothing else.
func (s *Server) Touch(project string) { s.change(project, func(*served) {}) }

// Freeze makes the page of a project stay as it is while the root moves on, as
// behind a cache; Thaw ends it.
func (s *Server) Freeze(project string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.projects[pypi.Normalize(project)]; p != nil {
		old := *p
		p.stale = &old
	}
}

// Thaw serves a frozen page as it is now.
func (s *Server) Thaw(project string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.projects[pypi.Normalize(project)]; p != nil {
		p.stale = nil
	}
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		http.Error(w, "read only", http.StatusMethodNotAllowed)
		return
	}
	if rest, ok := strings.CutPrefix(r.URL.Path, "/files/"); ok {
		project, name, _ := strings.Cut(rest, "/")
		s.serveFile(w, r, project, name)
		return
	}
	rest, ok := strings.CutPrefix(r.URL.Path, "/simple/")
	switch {
	case !ok:
		http.NotFound(w, r)
	case rest == "":
		s.serveRoot(w, r)
	default:
		s.servePage(w, r, strings.TrimSuffix(rest, "/"))
	}
}
