package pypitest

import (
	"context"
	"net"
	"net/http"
	"strconv"
	"time"
)

// FaultKind is what goes wrong with an answer.
type FaultKind int

// The kinds of faults.
const (
	Status   FaultKind = iota // Fault.Code instead of the answer
	Latency                   // the answer after Fault.Delay
	Hang                      // nothing, until the client leaves or Fault.Delay is over
	Reset                     // the connection is cut before a byte
	HalfBody                  // the connection is cut in the middle of the body
	Corrupt                   // the body with some of its bytes changed, the length kept
	Stall                     // half a body, then nothing for Fault.Delay
	Drip                      // the body one byte at a time, each in a packet of its own
	Short                     // a body that is one byte shorter than the answer's head says it is
	Longer                    // a body with a byte more than the index says
	Older                     // a page as it was one serial before, as behind a cache
)

// Fault spoils answers.
type Fault struct {
	// Path is a pattern of path.Match over the request's path: "/simple/" is the
	// root, "/simple/*/" all pages, "/files/*/*" all files.
	Path string
	Kind FaultKind
	// Times is how many requests it spoils; 0 means every one.
	Times int
	// Share is which share of the requests it spoils, drawn by path and number of
	// the request of that path; 0 means all. The shares of several faults add up.
	Share float64
	Code  int
	// RetryAfter is sent with a Status, in whole seconds, if positive.
	RetryAfter time.Duration
	Delay      time.Duration
}

func (f *Fault) serve(w *recorder, r *http.Request, next http.Handler) {
	switch f.Kind {
	case Status:
		if f.RetryAfter > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int(f.RetryAfter/time.Second)))
		}
		http.Error(w, http.StatusText(f.Code), f.Code)
	case Latency:
		wait(r, f.Delay)
		next.ServeHTTP(w, r)
	case Hang:
		wait(r, f.Delay)
	case Older:
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), olderKey{}, true)))
	case Reset:
		cut(w)
	default:
		f.spoil(w, r, next)
	}
}

// olderKey marks a request whose page is to be one serial old.
type olderKey struct{}

// spoil has the answer made and lets part of it through.
func (f *Fault) spoil(w *recorder, r *http.Request, next http.Handler) {
	held := &holding{header: make(http.Header)}
	next.ServeHTTP(held, r)
	for k, v := range held.header {
		w.Header()[k] = v
	}
	body := held.body
	if f.Kind == Longer {
		body = append(body, 'x')
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	if f.Kind == Corrupt {
		for i := len(body) / 3; i < len(body); i += 97 {
			body[i] ^= 0x55
		}
		w.WriteHeader(held.status())
		_, _ = w.Write(body) // the client may be gone
		return
	}
	w.WriteHeader(held.status())
	switch f.Kind {
	case Longer:
		_, _ = w.Write(body)
		return
	case Drip:
		for i := range body {
			if _, err := w.Write(body[i : i+1]); err != nil {
				return
			}
			_ = http.NewResponseController(w).Flush()
		}
		return
	case Short:
		_, _ = w.Write(body[:max(0, len(body)-1)])
	default:
		_, _ = w.Write(body[:len(body)/2])
	}
	_ = http.NewResponseController(w).Flush() // cutting drops what is not sent
	if f.Kind == Stall {
		wait(r, f.Delay)
	}
	cut(w)
}

func wait(r *http.Request, d time.Duration) {
	if d <= 0 {
		d = time.Hour
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-r.Context().Done():
	}
}

// cut closes the connection without ceremony.
func cut(w *recorder) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	if w.status == 0 {
		if t, ok := conn.(*net.TCPConn); ok {
			_ = t.SetLinger(0) // a reset rather than an orderly end
		}
	}
	_ = conn.Close()
}

// holding keeps an answer in memory.
type holding struct {
	header http.Header
	code   int
	body   []byte
}

func (h *holding) Header() http.Header { return h.header }

func (h *holding) WriteHeader(code int) {
	if h.code == 0 {
		h.code = code
	}
}

func (h *holding) Write(b []byte) (int, error) {
	h.body = append(h.body, b...)
	return len(b), nil
}

func (h *holding) status() int {
	if h.code == 0 {
		return http.StatusOK
	}
	return h.code
}
