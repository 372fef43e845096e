package web

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"prevalence/internal/queue"
	"prevalence/query"
	"prevalence/schemas/catalog"
)

// Options say whom the pages ask. Pool and Catalog are needed.
type Options struct {
	Pool    *query.Pool
	Catalog *catalog.Catalog
	Version string // of the program, as the foot of each page states it
	// Backlog says how much waits at the broker; nil: nobody knows.
	Backlog func(context.Context) (queue.Backlog, error)
	Log     *slog.Logger // nil: silent
}

// Validate reports what is missing.
func (o *Options) Validate() error {
	if o.Pool == nil || o.Catalog == nil {
		return errors.New("web: Pool and Catalog are needed")
	}
	return nil
}

// Site answers with pages. It is safe for concurrent use.
type Site struct {
	o     Options
	log   *slog.Logger
	pages pages
	files *files
	live  *live
}

// New returns a Site, which Register puts on a mux.
func New(o Options) (*Site, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	s := &Site{o: o, log: o.Log, live: newLive(o)}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	var err error
	if s.files, err = readFiles(); err != nil {
		return nil, err
	}
	if s.pages, err = parsePages(s.files); err != nil {
		return nil, err
	}
	return s, nil
}

// Register adds the pages to mux. What is not found elsewhere is answered with
// a page as well.
func (s *Site) Register(mux *http.ServeMux) {
	mux.HandleFunc("GET /static/{version}/{file}", s.files.serve)
	mux.HandleFunc("GET /favicon.ico", s.files.icon)
	mux.HandleFunc("GET /{$}", s.page(query.Quick, s.table))
	mux.HandleFunc("GET /behaviors/{category}/{slug}", s.page(query.Slow, s.behavior))
	mux.HandleFunc("GET /projects", s.page(query.Slow, s.projects))
	mux.HandleFunc("GET /projects/{project}", s.page(query.Slow, s.project))
	mux.HandleFunc("GET /search", s.page(query.Slow, s.search))
	mux.HandleFunc("GET /symbols", s.page(query.Slow, s.symbols))
	mux.HandleFunc("GET /indicators", s.page(query.Slow, s.indicators))
	mux.HandleFunc("GET /changes", s.page(query.Slow, s.changes))
	mux.HandleFunc("GET /authors", s.page(query.Slow, s.authors))
	mux.HandleFunc("GET /packaging", s.page(query.Quick, s.packaging))
	mux.HandleFunc("GET /words", s.page(query.Quick, s.words))
	mux.HandleFunc("GET /status", s.page(query.Quick, s.status))
	mux.HandleFunc("GET /status/live", s.stream)
	mux.HandleFunc("GET /sql", s.statement)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.fail(w, r, nil, errNoPage)
	})
}
