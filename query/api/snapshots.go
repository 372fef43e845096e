package api

import (
	"context"

	"prevalence/internal/queue"
	"prevalence/query"
)

// newest is what stands for the newest snapshot where one is named.
const newest = "newest"

// snapshotList are all published snapshots.
type snapshotList struct {
	Snapshots []query.Published `json:"snapshots"` // the newest first
}

// statusAnswer is where dataset and crawl stand.
type statusAnswer struct {
	*query.Status
	Backlog *queue.Backlog `json:"backlog"` // what waits at the broker; null where nobody knows
}

func (a *API) snapshots() {
	const tag = "snapshots"
	get(a, operation{path: "/snapshots", id: "snapshots", tag: tag, live: true, summary: "All published snapshots", about: "The newest first."},
		func(ctx context.Context, r *query.Reader, _ *struct{}) (*snapshotList, error) {
			list, err := r.Snapshots(ctx)
			return &snapshotList{list}, err
		})
	type one struct {
		Snapshot string `path:"snapshot" maxLength:"200" example:"newest" doc:"name of a snapshot, or newest"`
	}
	get(a, operation{path: "/snapshots/{snapshot}", id: "snapshot", tag: tag, summary: "One snapshot", about: "What it was taken of, and how far the crawl of each band was."},
		func(ctx context.Context, r *query.Reader, in *one) (*query.Snapshot, error) {
			if in.Snapshot == newest {
				in.Snapshot = ""
			}
			return r.Snapshot(ctx, in.Snapshot)
		})
	type two struct {
		From  string   `query:"from" required:"true" minLength:"1" maxLength:"200" doc:"name of the earlier snapshot, or a beginning that no other has"`
		To    string   `query:"to" required:"true" minLength:"1" maxLength:"200" doc:"name of the later one, likewise"`
		Kinds []string `query:"kind" maxItems:"20" enum:"behavior,issue,email-class,outcome,reason,build-backend,distribution,requires-python,license,typed,attested" default:"behavior" doc:"kinds of things to compare, comma-separated"`
	}
	get(a, operation{path: "/diff", id: "diff", tag: tag, cost: query.Slow, summary: "What changed from one snapshot to another", about: "Things whose numbers differ, with both."},
		func(ctx context.Context, r *query.Reader, in *two) (*query.Diff, error) {
			return r.Diff(ctx, in.From, in.To, in.Kinds)
		})
	type facets struct {
		Kinds []string `query:"kind" maxItems:"20" enum:"behavior,issue,email-class,outcome,reason,build-backend,distribution,requires-python,license,typed,attested" doc:"kinds of things, comma-separated; without any all but behaviours"`
		Limit int      `query:"limit" default:"50" minimum:"1" maximum:"1000" doc:"values of a kind at most"`
	}
	get(a, operation{path: "/facets", id: "facets", tag: tag, summary: "Numbers of what is no behaviour",
		about: "How projects are packaged, licensed and typed, which issues they have, how their scans ended."},
		func(ctx context.Context, r *query.Reader, in *facets) (*query.Facets, error) {
			return r.Facets(ctx, in.Kinds, in.Limit)
		})
	get(a, operation{path: "/status", id: "status", tag: tag, live: true, summary: "Where dataset and crawl stand",
		about: "The newest snapshot with its coverage, how scans ended, what waits where, what each table takes."},
		func(ctx context.Context, r *query.Reader, _ *struct{}) (*statusAnswer, error) {
			st, err := r.Status(ctx)
			if err != nil {
				return nil, err
			}
			s := &statusAnswer{Status: st}
			if a.o.Backlog != nil {
				if b, err := a.o.Backlog(ctx); err == nil {
					s.Backlog = &b
				}
			}
			return s, nil
		})
}
