package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"prevalence/query"
)

// viewList are the columns of the views.
type viewList struct {
	Views []query.View `json:"views"`
}

// statement is SQL of somebody's own.
type statement struct {
	Body struct {
		Statement string `json:"statement" minLength:"1" maxLength:"20000" doc:"one SELECT of ClickHouse's SQL" example:"SELECT snapshot, taken, projects FROM snapshots"`
		Limit     int    `json:"limit,omitempty" default:"1000" minimum:"1" maximum:"10000" doc:"rows at most"`
	}
}

func (a *API) statements() {
	const tag = "SQL"
	get(a, operation{path: "/views", id: "views", tag: tag, summary: "The views that a statement may read", about: "With their columns, types and what they hold."},
		func(ctx context.Context, r *query.Reader, _ *struct{}) (*viewList, error) {
			list, err := r.Views(ctx)
			return &viewList{list}, err
		})
	o := operation{path: "/sql", id: "sql", tag: tag, summary: "Ask in SQL, against the views",
		about: "Runs one statement as a user who may read views and do nothing else, within limits of time and memory. Most views hold several snapshots: choose one, or count twice."}
	op := a.operation(http.MethodPost, o)
	op.MaxBodyBytes = 64 << 10
	huma.Register(a.huma, op, func(ctx context.Context, in *statement) (*answer[*query.Answer], error) {
		out := &answer[*query.Answer]{CacheControl: "no-store"}
		err := a.pool.Ask(ctx, query.Slow, func(ctx context.Context, r *query.Reader) (err error) {
			out.Body, err = r.SQL(ctx, in.Body.Statement, in.Body.Limit)
			return err
		})
		if err != nil {
			return nil, a.problem(ctx, o.id, err)
		}
		return out, nil
	})
}
