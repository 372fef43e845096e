package pypi

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// DefaultRate is how many requests a second one host gets unless told otherwise.
const DefaultRate = 10

// Pace decides, for all processes that fetch, when a request may be made.
type Pace interface {
	// Wait returns when a request to host may be made, of perSecond (+Inf: any
	// number) that all processes together may make. Of a pause that is too long to
	// be waited for it returns at once how long that is, and why.
	Wait(ctx context.Context, host string, perSecond float64) (pause time.Duration, why string, err error)
	// Pause keeps everyone from a host for d, and slows everyone down after it.
	Pause(host string, d time.Duration)
	// Read counts bytes of an answer's body.
	Read(bytes int)
}

// Options says how an index over HTTP is spoken to. The zero value is polite
// and right for a public index; a folder heeds Log alone.
type Options struct {
	// Version of this program and Contact (a URL or an address that the operator
	// answers at) make the User-Agent "prevalence/<Version> (+<Contact>)".
	Version string // default "devel"
	Contact string // default none
	// Connections is the number of requests under way at one host, streams of
	// files that are being read included; default 8. A host that answers in
	// HTTP/1.0 has one at a time.
	Connections int
	// Rate is the number of requests a second to one host; default DefaultRate,
	// without limit on a loopback address; negative for no limit anywhere.
	Rate float64
	// Pace shares Rate with other processes; nil: Rate is for this one alone.
	Pace Pace
	// Timeout bounds the wait for the head of an answer, Stall the wait for the
	// next bytes of its body, Total a whole page or root; defaults 30 s, 30 s, 10 min.
	// A file has no Total: its size is not known beforehand, the caller's context is.
	Timeout, Stall, Total time.Duration
	// Tries is how often something is asked for in all, before it counts as
	// unavailable; default 5. A stream of a file is taken up again as often.
	Tries int
	// Backoff is the wait before the second try, doubled with jitter for each
	// further one up to MaxWait; defaults 500 ms and 30 s. An index that asks for
	// a longer pause than MaxWait ends in a PauseError at once.
	Backoff, MaxWait time.Duration
	// RootBytes and PageBytes bound what is read of a root and of a page,
	// uncompressed; defaults 512 MiB and 64 MiB.
	RootBytes, PageBytes int64
	// Transport replaces the network; nil for the ordinary one (proxies from the
	// environment).
	Transport http.RoundTripper
	// Metrics count the requests; nil: nobody sees them.
	Metrics *Metrics
	// Log gets what was coped with; nil discards it.
	Log *slog.Logger
}

func (o Options) withDefaults() Options {
	def := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	def(&o.Timeout, 30*time.Second)
	def(&o.Stall, 30*time.Second)
	def(&o.Total, 10*time.Minute)
	def(&o.Backoff, 500*time.Millisecond)
	def(&o.MaxWait, 30*time.Second)
	if o.Version == "" {
		o.Version = "devel"
	}
	if o.Connections <= 0 {
		o.Connections = 8
	}
	if o.Tries <= 0 {
		o.Tries = 5
	}
	if o.RootBytes <= 0 {
		o.RootBytes = 512 << 20
	}
	if o.PageBytes <= 0 {
		o.PageBytes = 64 << 20
	}
	if o.Metrics == nil {
		o.Metrics = NewMetrics(nil)
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

func (o Options) userAgent() string {
	agent := "prevalence/" + o.Version
	if o.Contact != "" {
		agent += " (+" + o.Contact + ")"
	}
	return agent
}

// Validate reports what cannot work in o.
func (o Options) Validate() error {
	for _, s := range []string{o.Version, o.Contact} {
		if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' || r == '(' || r == ')' }) {
			return fmt.Errorf("pypi: %q cannot stand in a User-Agent: use printable ASCII without parentheses", s)
		}
	}
	return nil
}

// Open opens an index: an http or https URL of a Simple API root, or a folder
// of distributions (a path, or a file URL). An empty address is DefaultIndex.
// Credentials in the URL are sent to that host alone and shown nowhere. Open
// makes no request.
func Open(address string, o Options) (Index, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	if address == "" {
		address = DefaultIndex
	}
	o = o.withDefaults()
	switch scheme, rest, ok := strings.Cut(address, "://"); {
	case ok && (scheme == "http" || scheme == "https"):
		u, err := url.Parse(address)
		if err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
			return nil, fmt.Errorf("pypi: index %q is no URL of a Simple API root, which looks like %s", redact(address), DefaultIndex)
		}
		return newClient(u, o), nil
	case ok && scheme == "file":
		p, err := url.PathUnescape(rest)
		if err != nil {
			return nil, fmt.Errorf("pypi: index %q is no file URL", address)
		}
		return openDir(p)
	case ok:
		return nil, fmt.Errorf("pypi: index %q: scheme %s is not supported, use http, https or a folder", redact(address), scheme)
	}
	if info, err := os.Stat(address); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("pypi: index %q is neither an http(s) URL nor a folder that exists", address)
	}
	return openDir(address)
}

// redact takes what may be credentials out of an address that does not parse.
func redact(address string) string {
	scheme, rest, ok := strings.Cut(address, "://")
	if i := strings.LastIndexByte(rest, '@'); ok && i >= 0 {
		return scheme + "://" + rest[i+1:]
	}
	return address
}
