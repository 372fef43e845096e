package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"prevalence/query"
	"prevalence/query/dataset"
)

// setList are the sets that can be had whole.
type setList struct {
	Sets    []dataset.Set `json:"sets"`
	Formats []string      `json:"formats"`
}

// setInput asks for a whole set.
type setInput struct {
	Set      string `path:"set" enum:"prevalence,projects,behaviors,population,symbols" doc:"name of the set"`
	Format   string `query:"format" enum:"jsonl,parquet,csv" default:"jsonl" doc:"how it is written"`
	Snapshot string `query:"snapshot" maxLength:"200" doc:"name of a snapshot; without one the newest"`
}

func (a *API) sets() {
	const tag = "sets"
	get(a, operation{path: "/sets", id: "sets", tag: tag, summary: "The sets that can be had whole", about: "With their columns. `prevalence export` writes all of them as one dataset."},
		func(context.Context, *query.Reader, *struct{}) (*setList, error) {
			l := &setList{Sets: dataset.Sets()}
			for _, f := range dataset.Formats() {
				l.Formats = append(l.Formats, f.Name)
			}
			return l, nil
		})
	o := operation{path: "/sets/{set}", id: "set", tag: tag, cost: query.Long, summary: "A whole set, as a stream",
		about: "Rows as the database gives them, as JSON Lines, Parquet or CSV. An answer that breaks off is of no use: its connection is cut, so that no client takes it for whole."}
	op := a.operation(http.MethodGet, o)
	op.Middlewares = huma.Middlewares{a.unchanged}
	content := make(map[string]*huma.MediaType)
	for _, f := range dataset.Formats() {
		content[f.MediaType] = &huma.MediaType{Schema: &huma.Schema{Type: "string", Format: "binary"}}
	}
	op.Responses = map[string]*huma.Response{"200": {Description: "The rows.", Content: content}, "304": {Description: "Nothing changed since the answer with that ETag."}}
	huma.Register(a.huma, op, func(_ context.Context, in *setInput) (*huma.StreamResponse, error) {
		return &huma.StreamResponse{Body: func(ctx huma.Context) { a.stream(ctx, in, o.id) }}, nil //nolint:contextcheck // it is in the library's own
	})
}

// stream writes a set. What goes wrong before the first byte is a problem as
// any other; later the connection is cut.
func (a *API) stream(ctx huma.Context, in *setInput, id string) {
	w := &begun{ctx: ctx}
	err := a.pool.Ask(ctx.Context(), query.Long, func(c context.Context, r *query.Reader) error {
		newest, err := r.Snapshot(c, "")
		if err != nil {
			return err
		}
		s, err := r.Snapshot(c, in.Snapshot)
		if err != nil {
			return err
		}
		for _, f := range dataset.Formats() {
			if f.Name == in.Format {
				ctx.SetHeader("Content-Type", f.MediaType)
			}
		}
		ctx.SetHeader("Content-Disposition", `attachment; filename="`+in.Set+"-"+s.Taken.UTC().Format("20060102T150405Z")+"."+in.Format+`"`)
		ctx.SetHeader("ETag", a.tag(newest))
		ctx.SetHeader("Cache-Control", "no-cache")
		return dataset.Stream(c, r, s, w, in.Set, in.Format)
	})
	switch {
	case err == nil && !w.yes:
		ctx.SetStatus(http.StatusOK) // a set without rows
	case err == nil:
	case w.yes:
		a.log.Warn("a set broke off", "set", in.Set, "error", err)
		panic(http.ErrAbortHandler)
	default:
		for _, h := range []string{"Content-Disposition", "ETag"} {
			ctx.SetHeader(h, "")
		}
		a.fail(ctx, a.problem(ctx.Context(), id, err))
	}
}

// fail writes a problem where the library does not.
func (a *API) fail(ctx huma.Context, err error) {
	var headers huma.HeadersError
	if errors.As(err, &headers) {
		for name, values := range headers.GetHeaders() {
			ctx.SetHeader(name, values[0])
		}
	}
	status := http.StatusInternalServerError
	var known huma.StatusError
	if errors.As(err, &known) {
		status = known.GetStatus()
	}
	_ = huma.WriteErr(a.huma, ctx, status, err.Error())
}

// begun is the body of an answer that knows whether it has begun.
type begun struct {
	ctx huma.Context
	yes bool
}

func (b *begun) Write(p []byte) (int, error) {
	if !b.yes && len(p) > 0 {
		b.yes = true
		b.ctx.SetStatus(http.StatusOK)
	}
	return b.ctx.BodyWriter().Write(p)
}
