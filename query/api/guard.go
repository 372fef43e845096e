package api

import (
	"cmp"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/klauspost/compress/gzhttp"
	"golang.org/x/time/rate"
)

// ContentPolicy is the Content-Security-Policy of everything that is served: no
// script but files of this server, nothing from elsewhere, nothing inline.
const ContentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// guard decides who is let in, and how fast.
type guard struct {
	tokens  [][sha256.Size]byte
	limit   rate.Limit
	proxied bool

	mu      sync.Mutex
	clients map[string]*client
	swept   time.Time
}

// client is one token or address with what it may still ask.
type client struct {
	*rate.Limiter
	seen time.Time
}

func newGuard(o Options) *guard {
	g := &guard{limit: rate.Limit(o.Rate), proxied: o.BehindProxy, clients: make(map[string]*client)}
	for _, t := range o.Tokens {
		g.tokens = append(g.tokens, sha256.Sum256([]byte(t)))
	}
	return g
}

// Guard stands before everything that is served, pages included: it asks for a
// token where there are any, bounds each client's rate, sets the headers that
// keep a hostile name from being anything but text, compresses, and answers
// where a handler fails.
func (a *API) Guard(next http.Handler) (http.Handler, error) {
	compress, err := gzhttp.NewWrapper(gzhttp.MinSize(1024))
	if err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	inner := compress(next)
	return http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		w, began := &watched{ResponseWriter: out}, time.Now()
		h := w.Header()
		h.Set("Content-Security-Policy", ContentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		defer func() {
			failed := recover()
			if failed != nil && failed != http.ErrAbortHandler { //nolint:errorlint // it is the value itself
				a.log.Error("a handler failed", "route", r.Pattern, "panic", failed)
				if w.status == 0 {
					refuse(w, http.StatusInternalServerError, "this answer failed; the server's log says why")
				}
			}
			a.metrics.answered(r.Pattern, cmp.Or(w.status, http.StatusOK), time.Since(began))
			if failed != nil && w.status != http.StatusInternalServerError {
				panic(http.ErrAbortHandler) // what was written is of no use
			}
		}()
		if r.URL.Path != "/healthz" && r.URL.Path != "/readyz" {
			who, ok := a.guard.identify(r)
			if !ok {
				h["Www-Authenticate"] = []string{`Bearer realm="prevalence"`, `Basic realm="prevalence: any name, a token as password"`}
				refuse(w, http.StatusUnauthorized, "bring a token: Authorization: Bearer …")
				return
			}
			if wait := a.guard.wait(who); wait > 0 {
				h.Set("Retry-After", strconv.Itoa(int(wait/time.Second)+1))
				refuse(w, http.StatusTooManyRequests, "too many requests; wait as Retry-After says")
				return
			}
		}
		inner.ServeHTTP(w, r)
	}), nil
}

// watched knows which status went out.
type watched struct {
	http.ResponseWriter
	status int
}

func (w *watched) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *watched) Write(p []byte) (int, error) {
	w.status = cmp.Or(w.status, http.StatusOK)
	return w.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach what is below.
func (w *watched) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Flush sends what is held back, for pages that go on.
func (w *watched) Flush() {
	_ = http.NewResponseController(w.ResponseWriter).Flush() // one that cannot flush sends it later
}

// identify says who asks, and whether that one may. A browser sends the token
// as a password.
func (g *guard) identify(r *http.Request) (who string, ok bool) {
	if len(g.tokens) > 0 {
		token, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !bearer {
			_, token, _ = r.BasicAuth()
		}
		sum, found := sha256.Sum256([]byte(token)), 0
		for i := range g.tokens {
			found |= subtle.ConstantTimeCompare(sum[:], g.tokens[i][:])
		}
		return string(sum[:]), found == 1
	}
	if g.proxied {
		list := strings.Split(r.Header.Get("X-Forwarded-For"), ",")
		if last := strings.TrimSpace(list[len(list)-1]); last != "" {
			return last, true
		}
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	return host, true
}

// clientsKept is how long a client that asks nothing is remembered; by then it
// may ask as if it were new.
const clientsKept = time.Minute

// wait is how long a client has to wait before it may ask; 0: it may now.
func (g *guard) wait(who string) time.Duration {
	if g.limit == 0 {
		return 0
	}
	now := time.Now()
	g.mu.Lock()
	defer g.mu.Unlock()
	if now.Sub(g.swept) > clientsKept {
		for name, c := range g.clients {
			if now.Sub(c.seen) > clientsKept {
				delete(g.clients, name)
			}
		}
		g.swept = now
	}
	c := g.clients[who]
	if c == nil {
		c = &client{Limiter: rate.NewLimiter(g.limit, max(1, int(2*g.limit)))}
		g.clients[who] = c
	}
	c.seen = now
	r := c.ReserveN(now, 1)
	if wait := r.DelayFrom(now); wait > 0 {
		r.CancelAt(now)
		return wait
	}
	return 0
}

// refuse writes a problem (RFC 9457) outside the API's own operations.
func refuse(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(huma.ErrorModel{Title: http.StatusText(status), Status: status, Detail: detail})
}
