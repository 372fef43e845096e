package pypitest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"path"
	"strconv"
	"sync"
	"time"

	"github.com/cespare/xxhash/v2"
)

// Front stands before a handler, spoils answers by plan and keeps a log of the
// requests. It is an http.Handler, safe for concurrent use.
type Front struct {
	handler http.Handler

	mu       sync.Mutex
	faults   []*Fault
	asked    map[string]int // requests of each path since the last Plan
	requests []*Request
}

// proxyConnections to the server behind a proxy, at most: such a server may
// have one thread and little room for those that wait.
const proxyConnections = 4

// NewProxy makes the front of another index server. Older is no fault that it
// can have.
func NewProxy(to *url.URL) *Front {
	transport := &http.Transport{MaxConnsPerHost: proxyConnections, DisableCompression: true}
	return &Front{handler: &httputil.ReverseProxy{Transport: transport, Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(&url.URL{Scheme: to.Scheme, Host: to.Host})
		r.Out.Host = r.In.Host // absolute links lead here, too
	}}}
}

// Start listens on an address ("127.0.0.1:0" for any port) and serves until
// stop is called. The URL is that of the index's root.
func (f *Front) Start(ctx context.Context, address string) (url string, stop func(), err error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		return "", nil, fmt.Errorf("pypitest: listen: %w", err)
	}
	h := &http.Server{Handler: f, ReadHeaderTimeout: 10 * time.Second}
	done := make(chan error, 1)
	go func() { done <- h.Serve(l) }()
	stop = func() {
		_ = h.Close() // the listener's own error is of no use to anyone
		if err := <-done; err != nil && !errors.Is(err, http.ErrServerClosed) {
			return
		}
	}
	return "http://" + l.Addr().String() + "/simple/", stop, nil
}

// Plan sets the faults to come and forgets the earlier ones. Of several that
// match a request the first counts that is not used up.
func (f *Front) Plan(faults ...Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults, f.asked = nil, make(map[string]int)
	for _, fault := range faults {
		if fault.Times == 0 {
			fault.Times = -1
		}
		f.faults = append(f.faults, &fault)
	}
}

func (f *Front) nextFault(p string) *Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.faults) == 0 {
		return nil
	}
	f.asked[p]++
	at := float64(xxhash.Sum64String(p+"#"+strconv.Itoa(f.asked[p]))>>11) / (1 << 53)
	for _, fault := range f.faults {
		if ok, err := path.Match(fault.Path, p); err != nil || !ok || fault.Times == 0 {
			continue
		}
		if fault.Share > 0 {
			if at -= fault.Share; at >= 0 {
				continue
			}
		}
		if fault.Times > 0 {
			fault.Times--
		}
		copied := *fault
		return &copied
	}
	return nil
}

// Requests returns the log of requests so far, in order of arrival, and empties it.
func (f *Front) Requests() []Request {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := make([]Request, len(f.requests))
	for i, r := range f.requests {
		out[i] = *r
	}
	f.requests = nil
	return out
}

// ServeHTTP implements http.Handler.
func (f *Front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rec := &recorder{ResponseWriter: w}
	fault := f.nextFault(r.URL.Path)
	entry := &Request{At: time.Now(), Host: r.Host, Path: r.URL.Path, Accept: r.Header.Get("Accept"), UserAgent: r.UserAgent(), Range: r.Header.Get("Range"), Spoiled: fault != nil}
	f.mu.Lock()
	f.requests = append(f.requests, entry)
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		entry.Status, entry.Bytes = rec.status, rec.bytes
	}()
	if fault != nil {
		fault.serve(rec, r, f.handler)
		return
	}
	f.handler.ServeHTTP(rec, r)
}

// recorder notes the status and the size of an answer.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(b)
	r.bytes += int64(n)
	return n, err
}

// Unwrap serves http.ResponseController.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
