package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"prevalence/internal/queue"
	"prevalence/query"
	"prevalence/schemas/catalog"
)

// Options say whom the API asks and whom it answers. Pool and Catalog are
// needed; the zero value of the others is an API for everybody without a limit
// for each client.
type Options struct {
	Pool    *query.Pool
	Catalog *catalog.Catalog
	Version string // of the program, as the document states it
	// Backlog says how much waits at the broker; nil: nobody knows.
	Backlog func(context.Context) (queue.Backlog, error)
	// Tokens are the bearer tokens of which a request has to bring one; empty:
	// everybody may ask. /healthz and /readyz never need one.
	Tokens []string
	// Rate is how many requests a second one client may make on average, twice
	// that at once; 0: no limit. A client is a token, else an address.
	Rate float64
	// BehindProxy says that the last address in X-Forwarded-For is the client.
	BehindProxy bool
	Log         *slog.Logger // nil: silent
}

// Validate reports what is missing.
func (o *Options) Validate() error {
	if o.Pool == nil || o.Catalog == nil {
		return errors.New("api: Pool and Catalog are needed")
	}
	if o.Rate < 0 {
		return fmt.Errorf("api: rate %v is negative", o.Rate)
	}
	return nil
}

// API answers requests. It is safe for concurrent use.
type API struct {
	o       Options
	log     *slog.Logger
	pool    *query.Pool
	guard   *guard
	metrics *metrics
	huma    huma.API
	page    []byte // the page of the documentation
}

// prefix is where this version of the API stands.
const prefix = "/api/v1"

// New returns an API, which Register puts on a mux.
func New(o Options) (*API, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	a := &API{o: o, log: o.Log, pool: o.Pool, guard: newGuard(o), metrics: newMetrics(o.Pool)}
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	return a, nil
}

const about = `How common is it, really? Counts of what the packages of a Python index do, by band: Top 100, Top 1k, Top 10k, community.

Every answer is about the newest snapshot and names it, unless another one is asked for. Answers that come from a snapshot alone carry an
ETag; send it back as If-None-Match, and 304 says that nothing changed. Lists are paged: send back "next" as "after". A client that asks
too fast is answered 429, one whose question finds no place or takes too long 503, both with Retry-After. Errors are problems (RFC 9457).
Answers are compressed with zstd or gzip for whoever accepts that.

Names, paths and indicators are whatever a package contains: treat them as text.`

// Register adds the API's own addresses to mux.
func (a *API) Register(mux *http.ServeMux) error {
	c := huma.DefaultConfig("prevalence", a.o.Version)
	c.Info.Description = about
	c.Info.License = &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"}
	c.OpenAPIPath, c.DocsPath, c.SchemasPath = prefix+"/openapi", "", "" // the page of the library loads a script from elsewhere
	c.CreateHooks = nil                                                  // no $schema in answers
	c.RejectUnknownQueryParameters = true
	if len(a.o.Tokens) > 0 {
		c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{"token": {Type: "http", Scheme: "bearer"}}
		c.Security = []map[string][]string{{"token": {}}}
	}
	a.huma = humago.New(mux, c)
	for _, register := range []func(){a.snapshots, a.behaviors, a.projects, a.facts, a.emails, a.rules, a.statements, a.feed, a.sets} {
		register()
	}
	if err := describe(a.huma.OpenAPI()); err != nil {
		return err
	}
	var err error
	if a.page, err = documentation(a.huma.OpenAPI()); err != nil {
		return err
	}
	mux.HandleFunc("GET /docs", a.docs)
	mux.HandleFunc("GET /docs/style.css", style)
	mux.HandleFunc("GET /healthz", a.health)
	mux.HandleFunc("GET /readyz", a.ready)
	mux.Handle("GET /metrics", a.metrics.handler())
	mux.HandleFunc(prefix+"/", func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, http.StatusNotFound, "there is nothing here; /docs lists what there is")
	})
	return nil
}
