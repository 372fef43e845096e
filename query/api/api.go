package api

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

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
	o     Options
	log   *slog.Logger
	pool  *query.Pool
	guard *guard
}

// prefix is where this version of the API stands.
const prefix = "/api/v1"

// New returns an API, which Register puts on a mux.
func New(o Options) (*API, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	a := &API{o: o, log: o.Log, pool: o.Pool, guard: newGuard(o)}
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	return a, nil
}

// Register adds the API's own addresses to mux.
func (a *API) Register(mux *http.ServeMux) {
	mux.HandleFunc("GET /healthz", a.health)
	mux.HandleFunc("GET /readyz", a.ready)
	c := huma.DefaultConfig("prevalence", a.o.Version)
	c.OpenAPIPath, c.DocsPath, c.SchemasPath = prefix+"/openapi", "", "" // the page of the library loads a script from elsewhere
	c.CreateHooks = nil                                                  // no $schema in answers
	c.RejectUnknownQueryParameters = true
	humago.New(mux, c)
}
