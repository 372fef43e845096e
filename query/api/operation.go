package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"prevalence/internal/store"
	"prevalence/query"
)

// operation is one question of the API.
type operation struct {
	path    string // below the prefix
	id      string
	tag     string
	summary string
	about   string
	cost    query.Cost
	// live says that the answer may change while the snapshot does not.
	live bool
}

// answer is a body with the headers that let a client keep it.
type answer[T any] struct {
	ETag         string `header:"ETag"`
	CacheControl string `header:"Cache-Control"`
	Body         T
}

// costly is an input that tells itself what its question costs.
type costly interface{ cost() query.Cost }

// get registers a question. ask returns the answer as it goes out.
func get[I, O any](a *API, o operation, ask func(ctx context.Context, r *query.Reader, in *I) (O, error)) {
	op := a.operation(http.MethodGet, o)
	if !o.live {
		op.Middlewares = huma.Middlewares{a.unchanged}
		op.Responses = map[string]*huma.Response{"304": {Description: "Nothing changed since the answer with that ETag."}}
	}
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*answer[O], error) {
		cost := o.cost
		if c, ok := any(in).(costly); ok {
			cost = c.cost()
		}
		out := &answer[O]{CacheControl: "no-cache"}
		err := a.pool.Ask(ctx, cost, func(ctx context.Context, r *query.Reader) (err error) {
			if s, snapshotErr := r.Snapshot(ctx, ""); snapshotErr == nil && !o.live {
				out.ETag = a.tag(s)
			}
			out.Body, err = ask(ctx, r, in)
			return err
		})
		if err != nil {
			return nil, a.problem(ctx, o.id, err)
		}
		return out, nil
	})
}

// operation describes a question for the document.
func (a *API) operation(method string, o operation) huma.Operation {
	return huma.Operation{
		OperationID: o.id, Method: method, Path: prefix + o.path, Summary: o.summary, Description: o.about, Tags: []string{o.tag},
		Errors: []int{http.StatusBadRequest, http.StatusNotFound, http.StatusTooManyRequests, http.StatusServiceUnavailable},
	}
}

// tag is the ETag of what this build says of a snapshot. It is weak, as the
// bytes depend on the encoding.
func (a *API) tag(s *query.Snapshot) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{s.Name, a.o.Version, a.o.Catalog.Hash()}, "\x00")))
	return `W/"` + hex.EncodeToString(sum[:12]) + `"`
}

// unchanged answers 304 where a client has what the newest snapshot says.
func (a *API) unchanged(ctx huma.Context, next func(huma.Context)) {
	if known := ctx.Header("If-None-Match"); known != "" {
		if s, err := a.pool.Newest(ctx.Context()); err == nil {
			tag := a.tag(s)
			for one := range strings.SplitSeq(known, ",") {
				if strings.TrimPrefix(strings.TrimSpace(one), "W/") == strings.TrimPrefix(tag, "W/") {
					ctx.SetHeader("ETag", tag)
					ctx.SetHeader("Cache-Control", "no-cache")
					ctx.SetStatus(http.StatusNotModified)
					return
				}
			}
		}
	}
	next(ctx)
}

// retryAfter is how many seconds a client is asked to wait.
const retryAfter = "2"

// problem turns an error into what a client is told. What is the server's own
// fault goes to the log, and only there.
func (a *API) problem(ctx context.Context, id string, err error) error {
	var unknown *query.UnknownSnapshotError
	var refused *store.RefusedError
	switch {
	case errors.Is(err, query.ErrBusy), errors.Is(err, query.ErrTooSlow), errors.Is(err, store.ErrTooMuch):
		a.metrics.refused(err)
		text := query.ErrBusy.Error()
		if !errors.Is(err, query.ErrBusy) {
			text = query.ErrTooSlow.Error()
		}
		return huma.ErrorWithHeaders(huma.Error503ServiceUnavailable(text), http.Header{"Retry-After": {retryAfter}})
	case errors.As(err, &refused):
		return huma.Error400BadRequest("the database refused: " + refused.Line)
	case errors.As(err, &unknown):
		return huma.Error404NotFound(unknown.Error())
	case errors.Is(err, query.ErrNoSnapshot):
		return huma.Error404NotFound("No prevalence information at this time.")
	case errors.Is(err, query.ErrNotFound):
		return huma.Error404NotFound(said(err))
	case errors.Is(err, query.ErrCursor), errors.Is(err, query.ErrKind), errors.Is(err, query.ErrEverything), errors.Is(err, query.ErrQuestion):
		return huma.Error400BadRequest(said(err))
	case ctx.Err() != nil:
		return huma.NewError(499, "the client has gone") // nobody reads it
	}
	a.log.Error("a question failed", "operation", id, "error", err)
	return huma.Error500InternalServerError("the question failed; the server's log says why")
}

// said is an error without the name of the room.
func said(err error) string { return strings.TrimPrefix(err.Error(), "query: ") }

// Parts of inputs, which the library finds where they are exported.
type (
	// First asks for the beginning of a list.
	First struct {
		Limit int `query:"limit" default:"20" minimum:"0" maximum:"1000" doc:"list at most so many"`
	}
	// Paged asks for a page of a list.
	Paged struct {
		Limit int    `query:"limit" default:"50" minimum:"1" maximum:"1000" doc:"list at most so many"`
		After string `query:"after" maxLength:"300" doc:"\"next\" of the page before, as it is"`
	}
	// BehaviorID names a behaviour.
	BehaviorID struct {
		Category string `path:"category" maxLength:"60" example:"file" doc:"first half of the behaviour's id"`
		Slug     string `path:"slug" maxLength:"120" example:"delete" doc:"second half of the behaviour's id"`
	}
	// InContext keeps what was seen in one context.
	InContext struct {
		Context string `query:"context" enum:"install,startup,import,call,package,support" doc:"when the code runs; without it any context but support"`
	}
)

func (p Paged) page() query.Page  { return query.Page{Limit: p.Limit, After: p.After} }
func (b BehaviorID) name() string { return b.Category + "/" + b.Slug }
