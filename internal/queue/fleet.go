package queue

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"
)

// How members of a fleet know of each other.
const (
	beatEvery = 2 * time.Second
	// leaseFor is how long after its last beat a member is counted. One that could
	// not beat stops asking a beat earlier, so that the others never divide a rate
	// that is still in use.
	leaseFor = 8 * time.Second
	// leaseTTL clears away what the dead leave in the bucket.
	leaseTTL = time.Minute
	// mannersTTL is how long pauses, and what was spent on a day, are remembered.
	mannersTTL = 48 * time.Hour
	// rateWindow and rateSlack say what a rate promises: no more than rateSlack
	// of it in any window.
	rateWindow = 10 * time.Second
	rateSlack  = 1.1
	// waitStep is how long a member that waits for its turn goes without looking at
	// how many share the rate.
	waitStep = 250 * time.Millisecond
)

// Pauses and slow-downs.
const (
	inlinePause  = 30 * time.Second // a longer pause is reported, not waited for
	slowEvery    = 5 * time.Second  // two complaints within it are one
	slowLeast    = 1.0 / 32
	slowDoubling = time.Minute // after which half of a slow-down is forgotten
)

// FleetOptions bounds what all members fetch together. Every member should
// be given the same.
type FleetOptions struct {
	// Requests and Bytes are what may be fetched on one day, UTC; 0: any number.
	// Bytes are counted as they are read: a member goes over by what it has open.
	Requests, Bytes int64
	Log             *slog.Logger // nil discards
}

// Fleet is this process's membership among those that fetch: it divides the
// rate of requests by the number of living members, keeps all of them away
// from a host that asked for a pause, and counts what a day's budget allows.
// It is safe for concurrent use, and does nothing before Run.
type Fleet struct {
	o      FleetOptions
	id     string
	leases jetstream.KeyValue
	notes  jetstream.KeyValue
	dirty  chan struct{} // a pause waits to be told

	mu      sync.Mutex
	leased  time.Time            // of the last beat that the broker confirmed
	usable  time.Time            // when a new member may begin
	seen    map[string]time.Time // last beat of each other member
	hosts   map[string]*fleetHost
	unsaved []string // hosts with a pause that waits to be told
	spent   spent
}

// fleetHost is what is known of one host.
type fleetHost struct {
	turn   chan struct{} // held by who waits for the bucket
	bucket *rate.Limiter

	until    time.Time // no request before
	slow     float64   // share of the rate that is used, 1 for all of it
	slowedAt time.Time
}

// pauseNote is the value of a key "pause.<host>".
type pauseNote struct {
	Host string        `json:"host"`
	For  time.Duration `json:"for"` // from when it was written
	Slow float64       `json:"slow"`
	By   string        `json:"by"`
}

// JoinFleet makes a member. It counts, and may fetch, while Run runs.
func (c *Conn) JoinFleet(ctx context.Context, o FleetOptions) (*Fleet, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	f := &Fleet{
		o: o, id: rand.Text(), dirty: make(chan struct{}, 1), seen: make(map[string]time.Time), hosts: make(map[string]*fleetHost),
	}
	var err error
	if f.leases, err = c.js.KeyValue(ctx, bucketFleet); err == nil {
		f.notes, err = c.js.KeyValue(ctx, bucketManners)
	}
	if err != nil {
		return nil, fmt.Errorf("queue: join the fleet: %w", err)
	}
	return f, nil
}

// Run keeps the membership until ctx ends, and then gives it up. While the
// broker is away nothing may be fetched.
func (f *Fleet) Run(ctx context.Context) error {
	g, inner := errgroup.WithContext(ctx)
	g.Go(func() error { return f.watch(inner, f.leases, f.heard) })
	g.Go(func() error { return f.watch(inner, f.notes, f.noted) })
	g.Go(func() error { return f.beat(inner) })
	err := g.Wait()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), requestTimeout/10)
	defer cancel()
	f.giveBack(last)
	_ = f.leases.Delete(last, leaseKey+f.id) // else it runs out
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("queue: fleet: %w", err)
}

const (
	leaseKey = "lease."
	pauseKey = "pause."
	spentKey = "spent."
)

// watch hands every change of a bucket to fn, first what is there; old says so.
func (f *Fleet) watch(ctx context.Context, kv jetstream.KeyValue, fn func(e jetstream.KeyValueEntry, old bool)) error {
	w, err := kv.WatchAll(ctx)
	if err != nil {
		return fmt.Errorf("watch %s: %w", kv.Bucket(), err)
	}
	defer w.Stop()
	old := true
	for {
		select {
		case e, ok := <-w.Updates():
			switch {
			case !ok && ctx.Err() == nil:
				return ErrClosed
			case e != nil:
				fn(e, old)
			default:
				old = false
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// heard notes a beat of another member, or that it left.
func (f *Fleet) heard(e jetstream.KeyValueEntry, old bool) {
	id, ok := strings.CutPrefix(e.Key(), leaseKey)
	if !ok || id == f.id || old && time.Since(e.Created()) > leaseTTL/2 {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if e.Operation() != jetstream.KeyValuePut {
		delete(f.seen, id)
		return
	}
	f.seen[id] = time.Now()
}

// beat renews the lease, tells pauses and counts bytes.
func (f *Fleet) beat(ctx context.Context) error {
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	for {
		f.renew(ctx)
		f.tellPauses(ctx)
		f.countBytes(ctx)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-f.dirty:
		case <-tick.C:
		}
	}
}

func (f *Fleet) renew(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, leaseFor/2)
	defer cancel()
	asked := time.Now()
	if _, err := f.leases.Put(ctx, leaseKey+f.id, nil); err != nil {
		if ctx.Err() == nil {
			f.o.Log.Warn("fleet membership not renewed", "error", err)
		}
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if asked.Sub(f.leased) > leaseFor-beatEvery { // new, or long away: the others must hear of it first
		f.usable = asked.Add(beatEvery)
	}
	f.leased = asked
}

// members counts who is alive, this one included. f.mu is held.
func (f *Fleet) members(now time.Time) int {
	n := 1
	for id, at := range f.seen {
		if now.Sub(at) > leaseFor {
			delete(f.seen, id)
			continue
		}
		n++
	}
	return n
}

// shareOf is one of n members' share of a rate, such that all together stay
// within the promise although each bucket may hold one request.
func shareOf(perSecond float64, n int) float64 {
	if math.IsInf(perSecond, 1) {
		return perSecond
	}
	members := float64(n)
	all := min(perSecond, rateSlack*perSecond-members/rateWindow.Seconds())
	return max(all, perSecond/8) / members
}

// Wait returns when this member may make a request to the host, of perSecond
// that all members together may make (math.Inf for any number). It waits out
// short pauses; of a long one it returns at once how long it is and why.
func (f *Fleet) Wait(ctx context.Context, host string, perSecond float64) (pause time.Duration, why string, err error) {
	h := f.host(host)
	select {
	case h.turn <- struct{}{}:
		defer func() { <-h.turn }()
	case <-ctx.Done():
		return 0, "", context.Cause(ctx)
	}
	paid := false
	for {
		if !paid {
			if pause, why, err = f.pay(ctx); pause > 0 || err != nil {
				return pause, why, err
			}
			paid = true
		}
		wait, pause := f.due(h, perSecond)
		switch {
		case pause:
			f.refund()
			return wait, "another worker was asked for it", nil
		case wait <= 0:
			return 0, "", nil
		}
		if err := sleep(ctx, min(wait, waitStep)); err != nil {
			f.refund()
			return 0, "", err
		}
	}
}

// due says how long to wait at least; pause is true when that is a pause
// which is too long to be waited for.
func (f *Fleet) due(h *fleetHost, perSecond float64) (wait time.Duration, pause bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	if wait := h.until.Sub(now); wait > 0 {
		return wait, wait > inlinePause
	}
	n := f.members(now)
	if now.Sub(f.leased) > leaseFor-beatEvery || n > 1 && now.Before(f.usable) {
		return waitStep, false
	}
	share := shareOf(perSecond, n)
	if math.IsInf(share, 1) {
		return 0, false
	}
	share *= h.slowness(now)
	h.bucket.SetLimitAt(now, rate.Limit(share))
	if h.bucket.AllowN(now, 1) {
		return 0, false
	}
	return time.Duration((1 - h.bucket.TokensAt(now)) / share * float64(time.Second)), false
}

// slowness is the share of the rate that is used: a slow-down is forgotten by
// and by after the pause.
func (h *fleetHost) slowness(now time.Time) float64 {
	if h.slow >= 1 {
		return 1
	}
	since := max(0, now.Sub(later(h.until, h.slowedAt)))
	return min(1, h.slow*math.Exp2(since.Seconds()/slowDoubling.Seconds()))
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (f *Fleet) host(name string) *fleetHost {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.hostLocked(name)
}

func (f *Fleet) hostLocked(name string) *fleetHost {
	h, ok := f.hosts[name]
	if !ok {
		h = &fleetHost{turn: make(chan struct{}, 1), bucket: rate.NewLimiter(0, 1), slow: 1}
		f.hosts[name] = h
	}
	return h
}

// Pause keeps every member from a host for d, and halves the rate from then
// on, which recovers by and by. It returns at once.
func (f *Fleet) Pause(host string, d time.Duration) {
	f.mu.Lock()
	h := f.hostLocked(host)
	now := time.Now()
	h.until = later(h.until, now.Add(d))
	if now.Sub(h.slowedAt) > slowEvery {
		h.slow, h.slowedAt = max(h.slowness(now)/2, slowLeast), now
	}
	f.unsaved = append(f.unsaved, host)
	f.mu.Unlock()
	select {
	case f.dirty <- struct{}{}:
	default: // it will be told with the others
	}
}

// tellPauses writes what the other members have to know.
func (f *Fleet) tellPauses(ctx context.Context) {
	f.mu.Lock()
	hosts := f.unsaved
	f.unsaved = nil
	notes := make(map[string]pauseNote, len(hosts))
	for _, name := range hosts {
		h := f.hosts[name]
		notes[name] = pauseNote{Host: name, For: max(0, time.Until(h.until)), Slow: h.slow, By: f.id}
	}
	f.mu.Unlock()
	for name, note := range notes {
		b, err := json.Marshal(note)
		if err == nil {
			_, err = f.notes.Put(ctx, pauseKey+Token(name), b)
		}
		if err != nil && ctx.Err() == nil {
			f.o.Log.Warn("pause not told to the other workers", "host", name, "error", err)
			f.mu.Lock()
			f.unsaved = append(f.unsaved, name)
			f.mu.Unlock()
		}
	}
}

// noted takes a pause that another member told, or what was spent.
func (f *Fleet) noted(e jetstream.KeyValueEntry, old bool) {
	if e.Operation() != jetstream.KeyValuePut {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if day, ok := strings.CutPrefix(e.Key(), spentKey); ok {
		f.spent.heard(day, e.Value())
		return
	}
	var note pauseNote
	if !strings.HasPrefix(e.Key(), pauseKey) || json.Unmarshal(e.Value(), &note) != nil || note.By == f.id {
		return
	}
	at := time.Now()
	if old { // by the broker's clock, which is near enough for what is past
		at = e.Created()
	}
	h := f.hostLocked(note.Host)
	h.until = later(h.until, at.Add(min(note.For, 7*24*time.Hour)))
	if note.Slow > 0 && note.Slow < h.slow {
		h.slow, h.slowedAt = note.Slow, at
	}
}

// errBusy: too many members count at the same time.
var errBusy = errors.New("queue: the day's count is changed by others all the time")
