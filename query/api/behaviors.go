package api

import (
	"context"
	"strconv"

	"prevalence/internal/prevalence"
	"prevalence/query"
)

// topInput chooses and orders the rows of the prevalence table.
type topInput struct {
	Paged
	InContext
	Snapshot string `query:"snapshot" maxLength:"200" doc:"name of a snapshot; without one the newest"`
	Sort     string `query:"sort" enum:"category,count,id" default:"category" doc:"order of the rows"`
	Band     string `query:"band" enum:"top100,top1k,top10k,community" default:"top100" doc:"band that the order goes by"`
	Category string `query:"category" maxLength:"60" doc:"only behaviours of this category"`
	Label    string `query:"label" enum:"Common,Uncommon,Rare,Unseen,Not enough data" doc:"only behaviours with this label"`
	Text     string `query:"text" maxLength:"200" doc:"only behaviours whose id or sentence contains this"`
}

// topPage is a page of the prevalence table.
type topPage struct {
	query.Table
	Total int    `json:"total"`          // rows on all pages
	Next  string `json:"next,omitempty"` // cursor of the next page; empty: there is none
}

func (a *API) behaviors() {
	const tag = "behaviours"
	get(a, operation{path: "/behaviors", id: "behaviors", tag: tag, summary: "The prevalence table",
		about: "How many projects of each band show each behaviour in their latest release, outside tests and documentation."},
		func(ctx context.Context, r *query.Reader, in *topInput) (*topPage, error) {
			band, err := prevalence.ParseBand(in.Band)
			if err != nil {
				return nil, err
			}
			from := 0
			if in.After != "" {
				if from, err = strconv.Atoi(in.After); err != nil || from < 0 {
					return nil, query.ErrCursor
				}
			}
			t, err := r.Top(ctx, query.TopOptions{Snapshot: in.Snapshot, Sort: query.Sort(in.Sort), Band: band, Category: in.Category,
				Label: prevalence.Label(in.Label), Context: in.Context, Text: in.Text})
			if err != nil {
				return nil, err
			}
			p := &topPage{Table: *t, Total: len(t.Rows)}
			from = min(from, p.Total)
			to := min(from+in.Limit, p.Total)
			if p.Rows = t.Rows[from:to]; to < p.Total {
				p.Next = strconv.Itoa(to)
			}
			return p, nil
		})
	get(a, operation{path: "/behaviors/{category}/{slug}", id: "behavior", tag: tag, summary: "One behaviour",
		about: "Its numbers by band and context. With limit above 0 the most used projects that show it are listed, which takes longer."},
		func(ctx context.Context, r *query.Reader, in *behaviorInput) (*query.Behavior, error) {
			return r.Behavior(ctx, in.name(), in.Snapshot, in.Limit)
		})
	type shown struct {
		BehaviorID
		InContext
		Paged
	}
	get(a, operation{path: "/behaviors/{category}/{slug}/projects", id: "behavior-projects", tag: tag, cost: query.Slow,
		summary: "Projects that show a behaviour", about: "The most used first, page by page."},
		func(ctx context.Context, r *query.Reader, in *shown) (*query.ShownBy, error) {
			return r.ShownBy(ctx, in.name(), in.Context, in.page())
		})
	get(a, operation{path: "/behaviors/{category}/{slug}/evidence", id: "behavior-evidence", tag: tag, cost: query.Slow,
		summary: "Where projects show a behaviour", about: "Path and line, project by project, the most used first."},
		func(ctx context.Context, r *query.Reader, in *shown) (*query.Proof, error) {
			return r.Proof(ctx, in.name(), in.Context, in.page())
		})
	type trend struct {
		BehaviorID
		Snapshots int `query:"snapshots" default:"100" minimum:"1" maximum:"1000" doc:"look at most so far back"`
	}
	get(a, operation{path: "/behaviors/{category}/{slug}/trend", id: "behavior-trend", tag: tag, cost: query.Slow,
		summary: "A behaviour through the snapshots", about: "Its numbers in one snapshot after the other, the oldest first."},
		func(ctx context.Context, r *query.Reader, in *trend) (*query.Trend, error) {
			return r.Trend(ctx, in.name(), in.Snapshots)
		})
	get(a, operation{path: "/behaviors/{category}/{slug}/updates", id: "behavior-updates", tag: tag, cost: query.Slow,
		summary: "How often an update brings a behaviour", about: "Of the projects of which two releases were looked into, by band."},
		func(ctx context.Context, r *query.Reader, in *BehaviorID) (*query.Updates, error) {
			return r.Updates(ctx, in.name())
		})
	type combination struct {
		First
		Behaviors []string `query:"behavior" required:"true" minItems:"2" maxItems:"8" uniqueItems:"true" doc:"ids of behaviours, comma-separated" example:"network/http-client,execution/dynamic-code"`
	}
	get(a, operation{path: "/combinations", id: "combination", tag: tag, cost: query.Slow,
		summary: "How often behaviours stand together", about: "In one release, with the lift: how many times as often as if one knew nothing of the other."},
		func(ctx context.Context, r *query.Reader, in *combination) (*query.Combo, error) {
			return r.Combo(ctx, in.Behaviors, in.Limit)
		})
}

// behaviorInput asks for one behaviour.
type behaviorInput struct {
	BehaviorID
	Limit    int    `query:"limit" default:"0" minimum:"0" maximum:"1000" doc:"list at most so many projects that show it"`
	Snapshot string `query:"snapshot" maxLength:"200" doc:"name of a snapshot; without one the newest"`
}

func (in *behaviorInput) cost() query.Cost {
	if in.Limit > 0 {
		return query.Slow
	}
	return query.Quick
}
