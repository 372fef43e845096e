package api

import (
	"context"
	"encoding/xml"
	"net/http"
	"net/url"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"prevalence/query"
)

// changesInput asks for a part of the feed.
type changesInput struct {
	Since string `query:"since" maxLength:"300" doc:"\"next\" of the answer before, as it is; without it the beginning"`
	Limit int    `query:"limit" default:"100" minimum:"1" maximum:"1000" doc:"about so many events: those of one snapshot stay together"`
}

func (a *API) feed() {
	const tag = "changes"
	get(a, operation{path: "/changes", id: "changes", tag: tag, live: true, cost: query.Slow, summary: "What changed since",
		about: "Projects that were removed, came back or were quarantined, and behaviours that became Rare or Important, the oldest first. " +
			"Keep \"next\" and ask again with it, today while \"more\" is true, and any later day: nothing is lost in between."},
		func(ctx context.Context, r *query.Reader, in *changesInput) (*query.Changes, error) {
			return r.Changes(ctx, in.Since, in.Limit)
		})
	o := operation{path: "/changes.atom", id: "changes-atom", tag: tag, summary: "What changed last, as an Atom feed", about: "The last 100 events, the newest first (RFC 4287)."}
	op := a.operation(http.MethodGet, o)
	op.Responses = map[string]*huma.Response{"200": {Description: "An Atom feed.", Content: map[string]*huma.MediaType{"application/atom+xml": {Schema: &huma.Schema{Type: "string"}}}}}
	huma.Register(a.huma, op, func(ctx context.Context, _ *struct{}) (*file, error) {
		var events []query.Event
		err := a.pool.Ask(ctx, query.Slow, func(ctx context.Context, r *query.Reader) (err error) {
			events, err = r.LatestChanges(ctx, 100)
			return err
		})
		if err != nil {
			return nil, a.problem(ctx, o.id, err)
		}
		b, err := xml.MarshalIndent(atomOf(events), "", " ")
		if err != nil {
			return nil, a.problem(ctx, o.id, err)
		}
		return &file{ContentType: "application/atom+xml; charset=utf-8", CacheControl: "no-cache", Body: append([]byte(xml.Header), b...)}, nil
	})
}

// file is an answer that is no JSON.
type file struct {
	ContentType  string `header:"Content-Type"`
	CacheControl string `header:"Cache-Control"`
	Body         []byte
}

// An Atom feed (RFC 4287), as far as it is needed.
type (
	atomFeed struct {
		XMLName xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
		ID      string      `xml:"id"`
		Title   string      `xml:"title"`
		Updated string      `xml:"updated"`
		Author  atomAuthor  `xml:"author"`
		Links   []atomLink  `xml:"link"`
		Entries []atomEntry `xml:"entry"`
	}
	atomAuthor struct {
		Name string `xml:"name"`
	}
	atomLink struct {
		Rel  string `xml:"rel,attr,omitempty"`
		Href string `xml:"href,attr"`
	}
	atomEntry struct {
		ID       string       `xml:"id"`
		Title    string       `xml:"title"`
		Updated  string       `xml:"updated"`
		Link     atomLink     `xml:"link"`
		Category atomCategory `xml:"category"`
		Summary  string       `xml:"summary,omitempty"`
	}
	atomCategory struct {
		Term string `xml:"term,attr"`
	}
)

// atomOf makes a feed of events, the newest first.
func atomOf(events []query.Event) atomFeed {
	f := atomFeed{ID: "urn:prevalence:changes", Title: "prevalence: what changed", Updated: time.Time{}.Format(time.RFC3339), Author: atomAuthor{"prevalence"},
		Links: []atomLink{{Rel: "self", Href: prefix + "/changes.atom"}}}
	for i, e := range events {
		at := e.At.UTC().Format(time.RFC3339)
		if i == 0 {
			f.Updated = at
		}
		x := atomEntry{ID: "urn:prevalence:" + (&url.URL{Path: e.ID}).EscapedPath(), Updated: at, Category: atomCategory{e.Kind}, Summary: e.Sentence}
		switch e.Kind {
		case query.EventRare, query.EventImportant:
			x.Title = e.Behavior + " became " + map[string]string{query.EventRare: "Rare", query.EventImportant: "Important"}[e.Kind]
			if e.Before != "" {
				x.Title += ", and was " + e.Before
			}
			x.Link.Href = prefix + "/behaviors/" + e.Behavior
		case query.EventQuarantined:
			x.Title = e.Project + " was quarantined"
			x.Link.Href = prefix + "/projects/" + url.PathEscape(e.Project)
		default:
			x.Title = e.Project + " was " + e.Kind
			x.Link.Href = prefix + "/projects/" + url.PathEscape(e.Project)
		}
		f.Entries = append(f.Entries, x)
	}
	return f
}
