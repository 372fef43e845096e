package pypitest

import (
	"archive/zip"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/klauspost/compress/gzip"

	"prevalence/internal/pypi"
	"prevalence/schemas/message"
)

const jsonType = "application/vnd.pypi.simple.v1+json"

// wantsJSON reports whether a request is answered by JSON.
func (s *Server) wantsJSON(r *http.Request) bool {
	return s.style.JSON && strings.Contains(r.Header.Get("Accept"), jsonType)
}

// root is the list of all names as it was made last.
type root struct {
	serial uint64
	json   bool
	page   page
}

// page is a page ready to be sent.
type page struct {
	kind string
	body []byte
	gzip []byte // empty for a small one
	etag string
}

// gzipFrom is from which size on pages are sent packed.
const gzipFrom = 64 << 10

func newPage(kind string, body []byte) (page, error) {
	p := page{kind: kind, body: body, etag: `"` + strconv.FormatUint(xxhash.Sum64(body), 16) + `"`}
	if len(body) < gzipFrom {
		return p, nil
	}
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(body); err != nil {
		return page{}, err
	}
	err := w.Close()
	p.gzip = b.Bytes()
	return p, err
}

func (s *Server) serveRoot(w http.ResponseWriter, r *http.Request) {
	p, serial, err := s.root(s.wantsJSON(r))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	s.send(w, r, serial, p)
}

// Prepare makes the list of all names ready, which takes seconds when it is
// long, so that the next request for it does not wait.
func (s *Server) Prepare() error {
	_, _, err := s.root(s.style.JSON)
	return err
}

// root returns the list of all names, made once a serial and form.
func (s *Server) root(asJSON bool) (page, uint64, error) {
	s.rootMu.Lock()
	defer s.rootMu.Unlock()
	s.mu.Lock()
	serial := s.serial
	if s.made.page.body != nil && s.made.serial == serial && s.made.json == asJSON {
		s.mu.Unlock()
		return s.made.page, serial, nil
	}
	type entry struct {
		name, display string
		serial        uint64
	}
	listed := make([]entry, 0, len(s.projects))
	for _, p := range s.projects {
		if !p.removed {
			listed = append(listed, entry{p.Name, p.Display, p.Serial})
		}
	}
	s.mu.Unlock()
	slices.SortFunc(listed, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	var body []byte
	kind := "text/html; charset=utf-8"
	if asJSON {
		kind = jsonType
		meta, err := json.Marshal(s.meta(serial))
		if err != nil {
			return page{}, 0, err
		}
		body = append(append(append(body, `{"meta":`...), meta...), `,"projects":[`...)
		for i, p := range listed {
			if i > 0 {
				body = append(body, ',')
			}
			body = append(body, '{')
			if s.style.Serials {
				body = append(strconv.AppendUint(append(body, `"_last-serial":`...), p.serial, 10), ',')
			}
			name, err := json.Marshal(p.display)
			if err != nil {
				return page{}, 0, err
			}
			body = append(append(append(body, `"name":`...), name...), '}')
		}
		body = append(body, "]}"...)
	} else {
		body = append(body, "<!DOCTYPE html>\n<html><head><meta name=\"pypi:repository-version\" content=\"1.0\"><title>Simple index</title></head><body>\n"...)
		for _, p := range listed {
			body = fmt.Appendf(body, "<a href=\"/simple/%s/\">%s</a><br>\n", p.name, html.EscapeString(p.display))
		}
		body = append(body, "</body></html>\n"...)
	}
	made, err := newPage(kind, body)
	if err == nil {
		s.made = root{serial, asJSON, made}
	}
	return made, serial, err
}

func (s *Server) meta(serial uint64) map[string]any {
	m := map[string]any{"api-version": "1.4"}
	if s.style.Serials {
		m["_last-serial"] = serial
	}
	return m
}

// page returns a project as its page shows it now, with its files made.
func (s *Server) page(name string) (served, bool, error) {
	s.mu.Lock()
	p, ok := s.projects[name]
	if !ok || p.removed {
		s.mu.Unlock()
		return served{}, false, nil
	}
	shown := *p
	if p.stale != nil {
		shown = *p.stale
	}
	s.mu.Unlock()
	return shown, true, shown.fill(s.population)
}

func (s *Server) servePage(w http.ResponseWriter, r *http.Request, name string) {
	p, ok, err := s.page(name)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if !ok {
		http.NotFound(w, r)
		return
	}
	if p.State == message.StateQuarantined {
		p.Files = nil
	}
	if r.Context().Value(olderKey{}) != nil {
		p.Serial--
	}
	kind := "text/html; charset=utf-8"
	var body []byte
	if s.wantsJSON(r) {
		kind = jsonType
		body, err = json.Marshal(s.pageJSON(p))
	} else {
		body = []byte(s.pageHTML(p))
	}
	var made page
	if err == nil {
		made, err = newPage(kind, body)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	s.send(w, r, p.Serial, made)
}

func (s *Server) address(p served, f File) string {
	if s.style.Relative {
		return "../../files/" + p.Name + "/" + f.Name
	}
	return "/files/" + p.Name + "/" + f.Name
}

func (s *Server) pageJSON(p served) map[string]any {
	files := make([]map[string]any, len(p.Files))
	var versions []string
	for i, f := range p.Files {
		hashes := map[string]string{}
		if s.style.Hashes {
			hashes["sha256"] = f.SHA256
		}
		files[i] = map[string]any{
			"filename": f.Name, "url": s.address(p, f), "hashes": hashes,
			"requires-python": ">=3.8", "yanked": false,
		}
		if f.Yanked {
			files[i]["yanked"] = f.Reason
		}
		if s.style.Sizes {
			files[i]["size"] = cmp.Or(f.Size, int64(len(f.Data)))
			files[i]["upload-time"] = f.Uploaded.Format(time.RFC3339Nano)
		}
		if m, ok := coreMetadata(f); ok && s.style.CoreMetadata {
			files[i]["core-metadata"] = map[string]string{"sha256": hash(m)}
		}
		if !slices.Contains(versions, f.Version) {
			versions = append(versions, f.Version)
		}
	}
	page := map[string]any{"meta": s.meta(p.Serial), "name": p.Name, "files": files}
	if s.style.Sizes {
		page["versions"] = versions
	}
	if p.State != message.StateActive {
		page["project-status"] = map[string]string{"status": string(p.State)}
	}
	return page
}

func (s *Server) pageHTML(p served) string {
	var b strings.Builder
	b.WriteString("<!DOCTYPE html>\n<html><head><meta name=\"pypi:repository-version\" content=\"1.4\">")
	if p.State != message.StateActive {
		fmt.Fprintf(&b, "<meta name=\"pypi:project-status\" content=\"%s\">", p.State)
	}
	fmt.Fprintf(&b, "<title>Links for %s</title></head><body>\n", html.EscapeString(p.Display))
	for _, f := range p.Files {
		href := s.address(p, f)
		if s.style.Hashes {
			href += "#sha256=" + f.SHA256
		}
		fmt.Fprintf(&b, "<a href=\"%s\" data-requires-python=\"&gt;=3.8\"", html.EscapeString(href))
		if f.Yanked {
			fmt.Fprintf(&b, " data-yanked=\"%s\"", html.EscapeString(f.Reason))
		}
		if m, ok := coreMetadata(f); ok && s.style.CoreMetadata {
			fmt.Fprintf(&b, " data-core-metadata=\"sha256=%s\"", hash(m))
		}
		fmt.Fprintf(&b, ">%s</a><br>\n", html.EscapeString(f.Name))
	}
	if s.style.Serials {
		fmt.Fprintf(&b, "<!--SERIAL %d-->\n", p.Serial)
	}
	b.WriteString("</body></html>\n")
	return b.String()
}

// send answers with a page, packed for who takes that and whole for others.
func (s *Server) send(w http.ResponseWriter, r *http.Request, serial uint64, p page) {
	w.Header().Set("Content-Type", p.kind)
	w.Header().Set("Vary", "Accept, Accept-Encoding")
	if s.style.Serials {
		w.Header().Set("X-PyPI-Last-Serial", strconv.FormatUint(serial, 10))
	}
	body := p.body
	if len(p.gzip) > 0 && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.Header().Set("Content-Encoding", "gzip")
		body = p.gzip
	}
	serveBytes(w, r, body, p.etag)
}

func (s *Server) serveFile(w http.ResponseWriter, r *http.Request, project, name string) {
	p, ok, err := s.page(project)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	want := strings.TrimSuffix(name, ".metadata")
	i := slices.IndexFunc(p.Files, func(f File) bool { return f.Name == want })
	if !ok || i < 0 || p.State == message.StateQuarantined {
		http.NotFound(w, r)
		return
	}
	data := p.Files[i].Data
	if want != name {
		m, ok := coreMetadata(p.Files[i])
		if !ok || !s.style.CoreMetadata {
			http.NotFound(w, r)
			return
		}
		data = m
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	if !s.style.Ranges {
		w.Header().Set("Content-Length", strconv.Itoa(len(data)))
		_, _ = w.Write(data) // the client may be gone
		return
	}
	if strings.HasPrefix(r.Header.Get("Range"), "bytes=-") { // as PyPI's files do
		http.Error(w, "suffix ranges are not supported", http.StatusNotImplemented)
		return
	}
	serveBytes(w, r, data, `"`+strconv.FormatUint(xxhash.Sum64(data), 16)+`"`)
}

// serveBytes answers with ranges, and with 304 to who has the same ETag.
func serveBytes(w http.ResponseWriter, r *http.Request, b []byte, etag string) {
	w.Header().Set("ETag", etag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(b))
}

// coreMetadata reads the METADATA of a wheel.
func coreMetadata(f File) ([]byte, bool) {
	if kind, _ := pypi.ParseFileName(f.Name, ""); kind != pypi.KindWheel {
		return nil, false
	}
	if len(f.metadata) > 0 {
		return f.metadata, true
	}
	z, err := zip.NewReader(bytes.NewReader(f.Data), int64(len(f.Data)))
	if err != nil {
		return nil, false
	}
	for _, m := range z.File {
		if path.Base(m.Name) != "METADATA" {
			continue
		}
		r, err := m.Open()
		if err != nil {
			return nil, false
		}
		b, err := io.ReadAll(r)
		return b, err == nil
	}
	return nil, false
}
