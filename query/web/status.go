package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"prevalence/internal/queue"
	"prevalence/query"
)

// statusPage is how far the crawl is.
type statusPage struct {
	*query.Status
	Progress
}

// Progress is what changes while one looks at the page.
type Progress struct {
	At time.Time `json:"at"`
	// Broker is false where no broker can be asked: what waits is then unknown.
	Broker   bool   `json:"broker"`
	Jobs     uint64 `json:"jobs"`     // waiting for a worker
	JobsOut  uint64 `json:"jobs_out"` // with a worker
	Scans    uint64 `json:"scans"`    // waiting for the aggregator
	Dead     uint64 `json:"dead"`
	Rate     int    `json:"rate"` // scans a minute, since the report before
	Snapshot string `json:"snapshot,omitempty"`
	Taken    string `json:"taken,omitempty"`
	Scanned  []int  `json:"scanned,omitempty"` // by band, of the snapshot
	Sizes    []int  `json:"sizes,omitempty"`
	last     uint64 // sequence of the newest scan
}

// Idle reports whether nothing waits.
func (p Progress) Idle() bool { return p.Jobs+p.JobsOut+p.Scans == 0 }

func (s *Site) status(ctx context.Context, r *query.Reader, _ *http.Request) (view, error) {
	st, err := r.Status(ctx)
	if err != nil {
		return view{}, err
	}
	return view{template: "status", title: "The crawl", tab: "/status", data: statusPage{st, s.live.look(ctx)}, live: true}, nil
}

// live looks at the crawl for everybody who watches it.
type live struct {
	pool    *query.Pool
	backlog func(context.Context) (queue.Backlog, error)
	places  chan struct{} // streams at a time

	mu   sync.Mutex
	seen Progress
}

const (
	watchers   = 64              // at a time
	lookEvery  = 2 * time.Second // and no more often, however many watch
	streamTime = time.Hour       // then a browser asks anew
)

func newLive(o Options) *live {
	return &live{pool: o.Pool, backlog: o.Backlog, places: make(chan struct{}, watchers)}
}

// look returns how far the crawl is, or was at most lookEvery ago.
func (l *live) look(ctx context.Context) Progress {
	l.mu.Lock()
	defer l.mu.Unlock()
	if time.Since(l.seen.At) < lookEvery {
		return l.seen
	}
	p := Progress{At: time.Now().UTC()}
	if l.backlog != nil {
		if b, err := l.backlog(ctx); err == nil {
			p.Broker, p.Jobs, p.JobsOut, p.Scans, p.Dead, p.last = true, b.Jobs, b.JobsOut, b.Scans, b.Dead, b.LastScan
			if since := p.At.Sub(l.seen.At); l.seen.last > 0 && p.last >= l.seen.last && since < time.Minute {
				p.Rate = int(float64(p.last-l.seen.last)/since.Minutes() + 0.5)
			}
		}
	}
	if s, err := l.pool.Newest(ctx); err == nil {
		p.Snapshot, p.Taken = s.Name, moment(s.Taken)
		for _, b := range s.Bands {
			p.Scanned, p.Sizes = append(p.Scanned, b.Scanned), append(p.Sizes, b.Size)
		}
	}
	l.seen = p
	return p
}

// stream sends progress as server-sent events until the client goes.
func (s *Site) stream(w http.ResponseWriter, r *http.Request) {
	select {
	case s.live.places <- struct{}{}:
		defer func() { <-s.live.places }()
	default:
		w.Header().Set("Retry-After", "30")
		http.Error(w, "too many watch already", http.StatusServiceUnavailable)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), streamTime)
	defer cancel()
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store, no-transform")
	h.Set("X-Accel-Buffering", "no") // a proxy in front passes it on at once
	control := http.NewResponseController(w)
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		if err := s.send(ctx, w, control); err != nil {
			return // the client has gone
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func (s *Site) send(ctx context.Context, w http.ResponseWriter, control *http.ResponseController) error {
	b, err := json.Marshal(s.live.look(ctx))
	if err != nil {
		return fmt.Errorf("web: progress: %w", err)
	}
	if err := control.SetWriteDeadline(time.Now().Add(5 * lookEvery)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return fmt.Errorf("web: progress: %w", err)
	}
	if _, err := fmt.Fprintf(w, "data: %s\n\n", b); err != nil {
		return fmt.Errorf("web: progress: %w", err)
	}
	return control.Flush()
}
