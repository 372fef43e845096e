package worker

import (
	"context"
	"sync"
	"time"
)

// gate keeps all slots of a worker from the index while it asks for a pause,
// and knows whether the index answers anybody.
type gate struct {
	mu      sync.Mutex
	until   time.Time
	answers uint64    // how often the index has answered
	since   time.Time // of the last answer, or of the start
	waits   int       // pauses since the last answer
}

func newGate() *gate { return &gate{since: time.Now()} }

// answered notes that the index gave everything that a job asked for.
func (g *gate) answered() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.answers++
	g.waits = 0
	g.since = time.Now()
}

// state returns the number of answers so far, and for how long there was none.
func (g *gate) state() (answers uint64, silent time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.answers, time.Since(g.since)
}

// pause closes the gate for d; for zero, longer each time while nothing is
// answered, from one second to a minute. It returns how long it is closed, and
// false when it was closed for as long already.
func (g *gate) pause(d time.Duration) (time.Duration, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	if d <= 0 {
		if now.Before(g.until) {
			return time.Until(g.until), false
		}
		d = min(time.Second<<min(g.waits, 6), time.Minute)
	}
	g.waits++
	until := now.Add(d)
	if !until.After(g.until) {
		return time.Until(g.until), false
	}
	longer := until.Sub(g.until) > d/2
	g.until = until
	return d, longer
}

// pass waits until the gate is open, or ctx ends.
func (g *gate) pass(ctx context.Context) error {
	for {
		g.mu.Lock()
		wait := time.Until(g.until)
		g.mu.Unlock()
		if wait <= 0 {
			return nil
		}
		if err := sleep(ctx, wait); err != nil {
			return err
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
