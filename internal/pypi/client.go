package pypi

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/cenkalti/backoff/v5"

	"prevalence/schemas/message"
)

// client speaks the Simple API.
type client struct {
	base *url.URL // with a slash at its end, without credentials
	user *url.Userinfo
	opts Options
	http *http.Client

	mu    sync.Mutex
	hosts map[string]*host
}

func newClient(u *url.URL, o Options) *client {
	base := *u
	base.User = nil
	if !strings.HasSuffix(base.Path, "/") {
		base.Path += "/"
		base.RawPath = ""
	}
	transport := o.Transport
	if transport == nil {
		transport = http.DefaultTransport
		if t, ok := transport.(*http.Transport); ok {
			t = t.Clone()
			t.MaxIdleConnsPerHost = o.Connections
			transport = t
		}
	}
	c := &client{base: &base, user: u.User, opts: o, hosts: make(map[string]*host)}
	c.http = &http.Client{Transport: transport, CheckRedirect: func(req *http.Request, via []*http.Request) error {
		if len(via) >= maxRedirects {
			return fmt.Errorf("more than %d redirects", maxRedirects)
		}
		return c.host(req.URL.Host, req.URL.Hostname()).due(req.Context()) // it is a request like any other
	}}
	return c
}

// maxRedirects of one request are followed.
const maxRedirects = 5

// URL implements Index.
func (c *client) URL() string { return c.base.String() }

// Root implements Index.
func (c *client) Root(ctx context.Context) (*Root, error) { return c.RootSince(ctx, "") }

// RootSince is Root, but returns ErrNotModified when the root is still the one
// that had this validator (If-None-Match, RFC 9110, 13.1.2).
func (c *client) RootSince(ctx context.Context, validator string) (*Root, error) {
	var root *Root
	header := http.Header{"Accept": {acceptPage}}
	if validator != "" {
		header["If-None-Match"] = []string{validator}
	}
	err := c.page(ctx, "root", c.base, header, c.opts.RootBytes, func(a answer) (err error) {
		if a.json {
			root, err = parseRootJSON(a.body)
		} else {
			root, err = parseRootHTML(a.body)
		}
		if err == nil {
			root.Serial = cmp.Or(root.Serial, a.serial)
			root.Validator = a.validator
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("pypi: root of %s: %w", c.URL(), err)
	}
	root.settle()
	return root, nil
}

// Project implements Index.
func (c *client) Project(ctx context.Context, name string) (*Page, error) {
	name = Normalize(name)
	if !ValidName(name) {
		return nil, fmt.Errorf("pypi: project %q: %w: not a project's name", name, ErrNotFound)
	}
	var page *Page
	err := c.page(ctx, name, c.base.JoinPath(name+"/"), http.Header{"Accept": {acceptPage}}, c.opts.PageBytes, func(a answer) (err error) {
		if a.json {
			page, err = parsePageJSON(a.body, name, a.url)
		} else {
			page, err = parsePageHTML(a.body, name, a.url)
		}
		if err == nil && a.serial != "" {
			page.Serial = a.serial
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("pypi: page of %s: %w", name, err)
	}
	page.settle()
	return page, nil
}

// answer is a page as it comes in.
type answer struct {
	body      io.Reader
	json      bool
	url       *url.URL       // after redirects
	serial    message.Serial // of the header X-PyPI-Last-Serial
	validator string         // the header ETag
}

// page asks for a page and has it parsed, again where that can help.
func (c *client) page(ctx context.Context, what string, u *url.URL, header http.Header, limit int64, parse func(answer) error) error {
	return c.again(ctx, what, func() error {
		ctx, cancel := context.WithTimeoutCause(ctx, c.opts.Total, errStalled)
		defer cancel()
		resp, err := c.once(ctx, u.String(), header)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		body := &bounded{r: resp.Body, left: limit}
		buffered := bufio.NewReaderSize(body, 64<<10)
		isJSON, err := sniff(resp.Header.Get("Content-Type"), buffered)
		if err == nil {
			err = parse(answer{buffered, isJSON, resp.Request.URL, headerSerial(resp.Header), resp.Header.Get("ETag")})
		}
		switch {
		case err == nil:
			return nil
		case body.err == nil: // all was read, and it makes no sense
			return backoff.Permanent(fmt.Errorf("%w: %w", ErrPage, err))
		case errors.Is(body.err, errTooLarge):
			return backoff.Permanent(fmt.Errorf("%w: larger than %d bytes", ErrPage, limit))
		case errors.Is(body.err, errStalled) || errors.Is(body.err, errCut):
			return fmt.Errorf("%w: %w", ErrUnavailable, body.err)
		}
		return backoff.Permanent(body.err)
	})
}

func headerSerial(h http.Header) message.Serial {
	s := message.Serial(strings.TrimSpace(h.Get("X-PyPI-Last-Serial")))
	if _, ok := number(s); !ok {
		return ""
	}
	return s
}

// sniff tells JSON from HTML by the content type, or by the first character
// where that says neither.
func sniff(contentType string, r *bufio.Reader) (isJSON bool, err error) {
	if kind, _, err := mime.ParseMediaType(contentType); err == nil {
		switch {
		case strings.HasSuffix(kind, "json"):
			return true, nil
		case strings.HasSuffix(kind, "html"):
			return false, nil
		}
	}
	head, err := r.Peek(512)
	if err != nil && err != io.EOF {
		return false, err
	}
	switch head = bytes.TrimLeft(head, "\ufeff \t\r\n"); {
	case bytes.HasPrefix(head, []byte("{")):
		return true, nil
	case bytes.HasPrefix(head, []byte("<")):
		return false, nil
	}
	return false, fmt.Errorf("neither JSON nor HTML (content type %q)", contentType)
}

var errTooLarge = errors.New("too large")

// bounded reads at most left bytes and remembers the error that it ended in.
type bounded struct {
	r    io.Reader
	left int64
	err  error // other than io.EOF
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		b.err = errTooLarge
		return 0, errTooLarge
	}
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.r.Read(p)
	b.left -= int64(n)
	if err != nil && err != io.EOF {
		b.err = err
	}
	return n, err
}
