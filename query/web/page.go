package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"strings"

	"prevalence/internal/store"
	"prevalence/query"
)

//go:embed templates/*.html
var templates embed.FS

// view is what a handler shows: the name of a template and what it is filled with.
type view struct {
	template string
	title    string
	tab      string // of the navigation
	data     any
	live     bool // changes while the snapshot does not
	status   int  // 0: 200
}

// frame is what every template is filled with.
type frame struct {
	Title, Tab, Version, Path string
	Query                     string // in the field for searching
	Snapshot                  *query.Snapshot
	Data                      any
}

// pages are the parsed templates by name.
type pages map[string]*template.Template

// parsePages gives each page its own copy of the layout and of the parts.
func parsePages(f *files) (pages, error) {
	base, err := template.New("layout").Funcs(functions(f)).ParseFS(templates, "templates/layout.html", "templates/parts.html")
	if err != nil {
		return nil, fmt.Errorf("web: templates: %w", err)
	}
	names, err := fs.Glob(templates, "templates/*.html")
	if err != nil {
		return nil, fmt.Errorf("web: templates: %w", err)
	}
	p := make(pages)
	for _, path := range names {
		name := strings.TrimSuffix(strings.TrimPrefix(path, "templates/"), ".html")
		if name == "layout" || name == "parts" {
			continue
		}
		own, err := base.Clone()
		if err == nil {
			own, err = own.ParseFS(templates, path)
		}
		if err != nil {
			return nil, fmt.Errorf("web: template %s: %w", name, err)
		}
		p[name] = own
	}
	return p, nil
}

// ask answers one request; its Reader is of the snapshot that the page names.
type ask func(ctx context.Context, r *query.Reader, req *http.Request) (view, error)

// page serves what ask shows, or 304 to a client that has it.
func (s *Site) page(cost query.Cost, ask ask) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		newest, err := s.o.Pool.Newest(req.Context())
		if err != nil && !errors.Is(err, query.ErrNoSnapshot) {
			s.fail(w, req, nil, err)
			return
		}
		if newest != nil && has(req.Header.Get("If-None-Match"), s.tag(newest)) {
			w.Header().Set("ETag", s.tag(newest))
			w.Header().Set("Cache-Control", "no-cache")
			w.WriteHeader(http.StatusNotModified)
			return
		}
		var v view
		shown := newest
		err = s.o.Pool.Ask(req.Context(), cost, func(ctx context.Context, r *query.Reader) (err error) {
			if at, snapshotErr := r.Snapshot(ctx, ""); snapshotErr == nil {
				shown = at
			}
			v, err = ask(ctx, r, req)
			return err
		})
		if err != nil {
			s.fail(w, req, newest, err)
			return
		}
		if shown != nil && !v.live && v.status == 0 {
			w.Header().Set("ETag", s.tag(shown))
		}
		s.show(w, req, shown, v)
	}
}

// tag is the ETag of what this build shows of a snapshot. It is weak, as the
// bytes depend on the encoding.
func (s *Site) tag(at *query.Snapshot) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{at.Name, s.o.Version, s.o.Catalog.Hash(), s.files.version}, "\x00")))
	return `W/"` + hex.EncodeToString(sum[:12]) + `"`
}

// has reports whether a list of tags holds one.
func has(known, tag string) bool {
	for one := range strings.SplitSeq(known, ",") {
		if strings.TrimPrefix(strings.TrimSpace(one), "W/") == strings.TrimPrefix(tag, "W/") {
			return true
		}
	}
	return false
}

// show writes a page. It is rendered whole before the first byte goes out.
func (s *Site) show(w http.ResponseWriter, req *http.Request, at *query.Snapshot, v view) {
	var b bytes.Buffer
	f := frame{Title: v.title, Tab: v.tab, Version: s.o.Version, Path: req.URL.Path, Snapshot: at, Data: v.data}
	if v.template == "search" {
		f.Query = req.FormValue("q")
	}
	if err := s.pages[v.template].ExecuteTemplate(&b, "layout", f); err != nil {
		s.log.Error("a page failed", "template", v.template, "error", err)
		http.Error(w, "This page failed; the server's log says why.", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	if v.status != 0 {
		w.WriteHeader(v.status)
	}
	_, _ = w.Write(b.Bytes()) // the client may have gone
}

var errNoPage = errors.New("there is no such page")

// badRequest is a question that cannot be asked, in words for the one who asked.
type badRequest struct{ text string }

func (e badRequest) Error() string { return e.text }

// trouble is what the page of an error says.
type trouble struct{ Head, Text, Hint string }

// fail shows why there is no page. What is the server's own fault goes to the
// log, and only there.
func (s *Site) fail(w http.ResponseWriter, req *http.Request, at *query.Snapshot, err error) {
	var bad badRequest
	status, t := http.StatusInternalServerError, trouble{"This page failed", "The server's log says why.", "Try again, or tell who runs this server."}
	switch {
	case errors.Is(err, errNoPage):
		status, t = http.StatusNotFound, trouble{"There is no such page", "The address leads nowhere.", "Search above, or start at the prevalence table."}
	case errors.Is(err, query.ErrNoSnapshot):
		status, t = http.StatusOK, trouble{"No prevalence information at this time", "Nothing has been published yet: the first snapshot follows seconds after the first scans.", "The page of the crawl shows how far it is."}
	case errors.Is(err, query.ErrNotFound):
		status, t = http.StatusNotFound, trouble{"Not in this snapshot", said(err), "A project is here once its latest release was looked into."}
	case errors.As(err, &bad), errors.Is(err, query.ErrCursor), errors.Is(err, query.ErrKind), errors.Is(err, query.ErrEverything), errors.Is(err, query.ErrQuestion):
		status, t = http.StatusBadRequest, trouble{"This cannot be asked", said(err), "Go back and change the question."}
	case errors.Is(err, query.ErrBusy), errors.Is(err, query.ErrTooSlow), errors.Is(err, store.ErrTooMuch):
		status, t = http.StatusServiceUnavailable, trouble{"Too much at once", "The database has other questions to answer, or this one took too long.", "Ask again in a moment, or ask for less."}
		w.Header().Set("Retry-After", "2")
	case req.Context().Err() != nil:
		return // nobody reads it
	default:
		s.log.Error("a page failed", "route", req.Pattern, "error", err)
	}
	s.show(w, req, at, view{template: "trouble", title: t.Head, data: t, status: status})
}

// said is an error without the name of the room.
func said(err error) string { return strings.TrimPrefix(err.Error(), "query: ") }
