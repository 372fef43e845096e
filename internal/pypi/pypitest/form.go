package pypitest

import (
	"archive/zip"
	"bytes"
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

	"prevalence/internal/pypi"
	"prevalence/schemas/message"
)

const jsonType = "application/vnd.pypi.simple.v1+json"

// wantsJSON reports whether a request is answered by JSON.
func (s *Server) wantsJSON(r *http.Request) bool {
	return s.style.JSON && strings.Contains(r.Header.Get("Accept"), jsonType)
}

func (s *Server) serveRoot(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	serial := s.serial
	var listed []*served
	for _, p := range s.projects {
		if !p.removed {
			copied := *p
			listed = append(listed, &copied)
		}
	}
	s.mu.Unlock()
	slices.SortFunc(listed, func(a, b *served) int { return strings.Compare(a.Name, b.Name) })
	if s.wantsJSON(r) {
		type entry struct {
			Serial uint64 `json:"_last-serial,omitempty"`
			Name   string `json:"name"`
		}
		entries := make([]entry, len(listed))
		for i, p := range listed {
			entries[i].Name = p.Display
			if s.style.Serials {
				entries[i].Serial = p.Serial
			}
		}
		s.send(w, r, serial, jsonType, map[string]any{"meta": s.meta(serial), "projects": entries})
		return
	}
	var b strings.Builder
	b.WriteString("<!DOCTYPE html>\n<html><head><meta name=\"pypi:repository-version\" content=\"1.0\"><title>Simple index</title></head><body>\n")
	for _, p := range listed {
		fmt.Fprintf(&b, "<a href=\"/simple/%s/\">%s</a><br>\n", p.Name, html.EscapeString(p.Display))
	}
	b.WriteString("</body></html>\n")
	s.send(w, r, serial, "text/html; charset=utf-8", b.String())
}

func (s *Server) meta(serial uint64) map[string]any {
	m := map[string]any{"api-version": "1.4"}
	if s.style.Serials {
		m["_last-serial"] = serial
	}
	return m
}

// page returns a project as its page shows it now.
func (s *Server) page(name string) (served, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.projects[name]
	if !ok || p.removed {
		return served{}, false
	}
	if p.stale != nil {
		return *p.stale, true
	}
	return *p, true
}

func (s *Server) servePage(w http.ResponseWriter, r *http.Request, name string) {
	p, ok := s.page(name)
	if !ok {
		http.NotFound(w, r)
		return
	}
	if p.State == message.StateQuarantined {
		p.Files = nil
	}
	if s.wantsJSON(r) {
		s.send(w, r, p.Serial, jsonType, s.pageJSON(p))
		return
	}
	s.send(w, r, p.Serial, "text/html; charset=utf-8", s.pageHTML(p))
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
			files[i]["size"] = len(f.Data)
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

// send writes a page, a string as it is and anything else as JSON.
func (s *Server) send(w http.ResponseWriter, r *http.Request, serial uint64, kind string, page any) {
	var body []byte
	if text, ok := page.(string); ok {
		body = []byte(text)
	} else {
		var err error
		if body, err = json.Marshal(page); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
	}
	w.Header().Set("Content-Type", kind)
	if s.style.Serials {
		w.Header().Set("X-PyPI-Last-Serial", strconv.FormatUint(serial, 10))
	}
	serveBytes(w, r, body)
}

func (s *Server) serveFile(w http.ResponseWriter, r *http.Request, project, name string) {
	p, ok := s.page(project)
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
	serveBytes(w, r, data)
}

// serveBytes answers with ranges and an ETag.
func serveBytes(w http.ResponseWriter, r *http.Request, b []byte) {
	w.Header().Set("ETag", `"`+hash(b)[:16]+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(b))
}

// coreMetadata reads the METADATA of a wheel.
func coreMetadata(f File) ([]byte, bool) {
	if kind, _ := pypi.ParseFileName(f.Name, ""); kind != pypi.KindWheel {
		return nil, false
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
