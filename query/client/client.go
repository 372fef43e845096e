// Package client asks a prevalence server's HTTP API. Answers are the structs of
// package query, as the server has them.
//
//	c := client.New("http://127.0.0.1:8080", client.Options{})
//	b, err := c.Behavior(ctx, "file/delete")
//	for event, err := range c.Changes(ctx, "") { … }
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"prevalence/query"
)

// Options say how a server is asked. The zero value asks without a token.
type Options struct {
	Token string       // bearer token; empty: none
	HTTP  *http.Client // default: one of its own
	// Retries is how often a question is asked again after 429 and 503, having
	// waited as the server said; default 3, negative: never.
	Retries int
}

// Client asks one server. It is safe for concurrent use.
type Client struct {
	base string
	o    Options
}

// New returns a client of the server at base, the address without /api/v1.
func New(base string, o Options) *Client {
	if o.HTTP == nil {
		o.HTTP = new(http.Client)
	}
	if o.Retries == 0 {
		o.Retries = 3
	}
	return &Client{base: strings.TrimSuffix(base, "/") + "/api/v1", o: o}
}

// Error is what a server answers when it does not answer: a problem (RFC 9457).
type Error struct {
	Status int    `json:"status"` // of HTTP
	Title  string `json:"title"`
	Detail string `json:"detail"`
}

func (e *Error) Error() string { return fmt.Sprintf("client: %d %s: %s", e.Status, e.Title, e.Detail) }

// NotFound reports whether err says that the server knows no such thing.
func NotFound(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Status == http.StatusNotFound
}

// answerTime is how long an answer may take; a set may take longer.
const answerTime = time.Minute

// Get asks for any path of the API, "/facets", and reads the answer into a T.
func Get[T any](ctx context.Context, c *Client, path string, q url.Values) (*T, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	resp, err := c.send(ctx, http.MethodGet, path, q, nil)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return read[T](resp.Body)
}

func read[T any](body io.Reader) (*T, error) {
	v := new(T)
	if err := json.NewDecoder(body).Decode(v); err != nil {
		return nil, fmt.Errorf("client: answer: %w", err)
	}
	return v, nil
}

// send asks, again after a pause where the server says so, and returns an
// answer with status 200.
func (c *Client) send(ctx context.Context, method, path string, q url.Values, body []byte) (*http.Response, error) {
	address := c.base + path
	if len(q) > 0 {
		address += "?" + q.Encode()
	}
	for try := 0; ; try++ {
		r, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
		if err != nil {
			return nil, fmt.Errorf("client: %w", err)
		}
		if body != nil {
			r.Header.Set("Content-Type", "application/json")
		}
		if c.o.Token != "" {
			r.Header.Set("Authorization", "Bearer "+c.o.Token)
		}
		resp, err := c.o.HTTP.Do(r)
		if err != nil {
			return nil, fmt.Errorf("client: %w", err)
		}
		if resp.StatusCode == http.StatusOK {
			return resp, nil
		}
		refused := problem(resp)
		wait, err := strconv.Atoi(resp.Header.Get("Retry-After"))
		if err != nil || try >= c.o.Retries {
			return nil, refused
		}
		select {
		case <-ctx.Done():
			return nil, refused
		case <-time.After(time.Duration(wait) * time.Second):
		}
	}
}

// problem reads what the server says instead of an answer.
func problem(resp *http.Response) *Error {
	defer resp.Body.Close()
	e := &Error{}
	b, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if err != nil || json.Unmarshal(b, e) != nil {
		e.Detail = "no answer of this API; is this the right address?"
	}
	e.Status, e.Title = resp.StatusCode, http.StatusText(resp.StatusCode)
	return e
}

// Snapshot returns the newest snapshot.
func (c *Client) Snapshot(ctx context.Context) (*query.Snapshot, error) {
	return Get[query.Snapshot](ctx, c, "/snapshots/newest", nil)
}

// Behavior returns the numbers of a behaviour.
func (c *Client) Behavior(ctx context.Context, id string) (*query.Behavior, error) {
	return Get[query.Behavior](ctx, c, "/behaviors/"+segments(id), nil)
}

// ShownBy goes through the projects that show a behaviour, the most used first,
// page by page. It ends after the first error.
func (c *Client) ShownBy(ctx context.Context, id string) iter.Seq2[query.Shown, error] {
	return func(yield func(query.Shown, error) bool) {
		q := url.Values{"limit": {"500"}}
		for {
			page, err := Get[query.ShownBy](ctx, c, "/behaviors/"+segments(id)+"/projects", q)
			if err != nil {
				yield(query.Shown{}, err)
				return
			}
			for _, p := range page.Projects {
				if !yield(p, nil) {
					return
				}
			}
			if page.Next == "" {
				return
			}
			q.Set("after", page.Next)
		}
	}
}

// Project returns what is known of a project.
func (c *Client) Project(ctx context.Context, name string) (*query.Report, error) {
	return Get[query.Report](ctx, c, "/projects/"+url.PathEscape(name), nil)
}

// Symbol says who uses a symbol, with at most limit projects.
func (c *Client) Symbol(ctx context.Context, name string, limit int) (*query.Symbols, error) {
	return Get[query.Symbols](ctx, c, "/symbols", url.Values{"name": {name}, "limit": {strconv.Itoa(limit)}})
}

// Indicator says who has a value, with at most limit projects.
func (c *Client) Indicator(ctx context.Context, value string, limit int) (*query.Indicators, error) {
	return Get[query.Indicators](ctx, c, "/indicators", url.Values{"value": {value}, "limit": {strconv.Itoa(limit)}})
}

// SQL runs a statement against the views.
func (c *Client) SQL(ctx context.Context, statement string, limit int) (*query.Answer, error) {
	body, err := json.Marshal(map[string]any{"statement": statement, "limit": limit})
	if err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	resp, err := c.send(ctx, http.MethodPost, "/sql", nil, body)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return read[query.Answer](resp.Body)
}

// Changes goes through what changed behind a cursor ("" is the beginning), and
// ends where nothing newer is known. The cursor that comes with each event is
// where to begin the next time: events of one part of the feed share it, so keep
// it when all of them are done.
func (c *Client) Changes(ctx context.Context, since string) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		for more := true; more; {
			part, err := Get[query.Changes](ctx, c, "/changes", url.Values{"since": {since}})
			if err != nil {
				yield(Change{}, err)
				return
			}
			since, more = part.Next, part.More
			for _, e := range part.Events {
				if !yield(Change{Event: e, Next: since}, nil) {
					return
				}
			}
		}
	}
}

// Change is an event of the feed.
type Change struct {
	query.Event
	Next string // cursor behind the part of the feed that it stands in
}

// Set opens a whole set of the newest snapshot: prevalence, projects, behaviors,
// population or symbols, as jsonl, csv or parquet. The caller closes it. A read
// that fails means that what was read is of no use.
func (c *Client) Set(ctx context.Context, name, format string) (io.ReadCloser, error) {
	resp, err := c.send(ctx, http.MethodGet, "/sets/"+url.PathEscape(name), url.Values{"format": {format}}, nil)
	if err != nil {
		return nil, err
	}
	return resp.Body, nil
}

// segments escapes the parts of an id.
func segments(id string) string {
	parts := strings.Split(id, "/")
	for i := range parts {
		parts[i] = url.PathEscape(parts[i])
	}
	return strings.Join(parts, "/")
}
