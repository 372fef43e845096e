package aggregator

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"

	"prevalence/internal/queue"
)

// Times of Run.
const (
	firstLook    = 5 * time.Second // a dataset without a snapshot gets its first one soon
	earlyEvery   = 15 * time.Second
	earlyPhase   = 5 * time.Minute
	lateEvery    = time.Hour
	earlyIdle    = time.Second // between snapshots for want of work
	lateIdle     = time.Minute
	sourcesEvery = time.Second     // between looks for a new index or state
	giveUpAfter  = 5 * time.Minute // of a database that takes no insert
)

// Run stores what the broker delivers and publishes snapshots until ctx ends;
// it then returns nil. With empty tables it begins with the oldest scan that the
// broker keeps, whatever was acknowledged before: so a dataset is built again. It returns an error when the database takes nothing for
// minutes, or when a message comes from a newer build. All goroutines that it
// starts have stopped when it returns.
func (a *Aggregator) Run(ctx context.Context, c *queue.Conn) error {
	if err := a.run(ctx, c); ctx.Err() == nil {
		return err
	}
	return nil
}

func (a *Aggregator) run(ctx context.Context, c *queue.Conn) error {
	if a.scans == 0 { // the tables are new, or are built again
		if err := c.ReplayScans(ctx); err != nil {
			return fmt.Errorf("aggregator: %w", err)
		}
	}
	consumer, err := c.ScanConsumer(ctx)
	if err != nil {
		return fmt.Errorf("aggregator: %w", err)
	}
	// Before the first scan: in a rebuild the scans come before the states.
	forgotten, err := c.Forgotten(ctx)
	if err != nil {
		return fmt.Errorf("aggregator: %w", err)
	}
	a.forgotten = *forgotten
	clock := newSchedule(a.o.SnapshotEvery, time.Now(), a.Coverage().Snapshot == "")
	var looked time.Time // for a new index or state
	batches, stop := a.fetch(ctx, consumer)
	defer stop()
	for {
		var next fetched
		select {
		case next = <-batches:
		case <-ctx.Done():
			return ctx.Err()
		}
		batch, err := next.batch, next.err
		if err != nil {
			return fmt.Errorf("aggregator: %w", err)
		}
		if err := a.take(ctx, batch); err != nil {
			return err
		}
		now := time.Now()
		look := a.requested() || clock.due(now)
		if !look && len(batch.Scans) == 0 && now.Sub(looked) >= sourcesEvery {
			looked = now
			if look, err = a.idle(ctx, c, clock.idleDue(now)); err != nil {
				a.o.Log.Warn("cannot look for work", "error", err)
			}
		}
		if !look {
			continue
		}
		if err := a.look(ctx, c); err != nil {
			return err
		}
		clock.looked(time.Now())
	}
}

// fetched is a batch, possibly empty, or why there is none.
type fetched struct {
	batch *queue.ScanBatch
	err   error
}

// fetch fetches and decodes the next batch while one is stored: at most two are
// in memory, and the slower the database, the larger they are, up to the limit. stop ends it and returns when it has ended.
func (a *Aggregator) fetch(ctx context.Context, consumer *queue.ScanConsumer) (batches <-chan fetched, stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	out, done := make(chan fetched), make(chan struct{})
	go func() {
		defer close(done)
		for batch := new(queue.ScanBatch); ; {
			err := consumer.Fill(ctx, batch, a.o.BatchScans, a.o.BatchWait)
			if err == nil && !batch.Full(a.o.BatchScans) {
				select { // the batch grows as long as the one before is being stored
				case out <- fetched{batch, nil}:
					batch = new(queue.ScanBatch)
				case <-ctx.Done():
					return
				default:
				}
				continue
			}
			select {
			case out <- fetched{batch, err}:
				batch = new(queue.ScanBatch)
			case <-ctx.Done():
				return
			}
			if err != nil {
				return
			}
		}
	}()
	return out, func() { cancel(); <-done }
}

// requested reports whether a snapshot was asked for since the last call.
func (a *Aggregator) requested() bool {
	select {
	case <-a.want:
		return true
	default:
		return false
	}
}

// take stores a batch and acknowledges it, in this order.
func (a *Aggregator) take(ctx context.Context, batch *queue.ScanBatch) error {
	if len(batch.Scans) == 0 {
		return nil
	}
	began := time.Now()
	if ackBeforeInsert {
		if err := batch.Ack(ctx); err != nil {
			return fmt.Errorf("aggregator: %w", err)
		}
		time.Sleep(plantedPause)
	}
	scans := make([]Scan, len(batch.Scans))
	for i, s := range batch.Scans {
		scans[i] = Scan(s)
	}
	if err := a.retry(ctx, tryStore, func() error { return a.Add(ctx, scans) }); err != nil {
		return err
	}
	a.metrics.batches.Inc()
	a.metrics.scans.Add(float64(len(scans)))
	a.metrics.seconds.Observe(time.Since(began).Seconds())
	a.o.Log.Info("scans stored", "scans", len(scans), "through", a.scans, "took", time.Since(began).Round(time.Millisecond))
	if ackBeforeInsert {
		return nil
	}
	if err := batch.Ack(ctx); err != nil {
		// They come again and replace themselves.
		a.metrics.unacked.Inc()
		a.o.Log.Warn("stored scans could not be acknowledged", "error", err)
	}
	return nil
}

// idle reports whether the broker has nothing left to do and the newest
// snapshot does not say all that is known, and whether it is time to say so.
func (a *Aggregator) idle(ctx context.Context, c *queue.Conn, due bool) (bool, error) {
	if !due {
		return false, nil
	}
	backlog, err := c.Backlog(ctx)
	if err != nil || !backlog.Idle() {
		return false, err
	}
	if err := a.refresh(ctx, c); err != nil {
		return false, err
	}
	return !a.current(), nil
}

// look reads what is new of index and states, and publishes a snapshot if there
// is anything new to say.
func (a *Aggregator) look(ctx context.Context, c *queue.Conn) error {
	return a.retry(ctx, trySnapshot, func() error {
		if err := a.refresh(ctx, c); err != nil {
			return err
		}
		if a.current() {
			return nil
		}
		_, err := a.Snapshot(ctx)
		if errors.Is(err, ErrNothing) {
			return nil
		}
		return err
	})
}

// refresh brings states, rankings and the index up to date with the broker.
func (a *Aggregator) refresh(ctx context.Context, c *queue.Conn) error {
	if err := a.refreshStates(ctx, c); err != nil {
		return err
	}
	if err := a.refreshOthers(ctx); err != nil {
		return err
	}
	revision, err := c.IndexRevision(ctx)
	if err != nil {
		return fmt.Errorf("aggregator: %w", err)
	}
	if revision == 0 || a.index != nil && a.index.revision == revision {
		return nil
	}
	x, revision, err := c.LoadIndex(ctx)
	if err != nil {
		return fmt.Errorf("aggregator: %w", err)
	}
	return a.UseIndex(ctx, x, revision)
}

// maxStates is how many states an insert holds at most.
const maxStates = 50_000

func (a *Aggregator) refreshStates(ctx context.Context, c *queue.Conn) error {
	var states []State
	for s, err := range c.States(ctx, a.states+1) {
		if err != nil {
			return fmt.Errorf("aggregator: %w", err)
		}
		states = append(states, State(s))
		if len(states) == maxStates {
			if err := a.AddStates(ctx, states, s.Seq); err != nil {
				return err
			}
			states = nil
		}
	}
	if len(states) == 0 {
		return nil
	}
	return a.AddStates(ctx, states, states[len(states)-1].Seq)
}

// retry calls f until it succeeds: a database that is away comes back.
func (a *Aggregator) retry(ctx context.Context, what string, f func() error) error {
	_, err := backoff.Retry(ctx, func() (struct{}, error) { return struct{}{}, f() },
		backoff.WithBackOff(&backoff.ExponentialBackOff{InitialInterval: 200 * time.Millisecond, RandomizationFactor: 0.3, Multiplier: 2, MaxInterval: 15 * time.Second}),
		backoff.WithMaxElapsedTime(giveUpAfter),
		backoff.WithNotify(func(err error, wait time.Duration) {
			a.metrics.retries.WithLabelValues(what).Inc()
			a.o.Log.Warn("trying again", "what", what, "in", wait.Round(time.Millisecond), "error", err)
		}))
	return err
}

// schedule says when snapshots are due.
type schedule struct {
	every time.Duration // 0: the default
	began time.Time
	last  time.Time // the last look
	fresh bool      // there is no snapshot yet
}

func newSchedule(every time.Duration, now time.Time, fresh bool) *schedule {
	return &schedule{every: every, began: now, last: now, fresh: fresh}
}

// interval is the time between snapshots, and between those for want of work.
func (s *schedule) interval(now time.Time) (every, idle time.Duration) {
	every, idle = earlyEvery, earlyIdle
	if now.Sub(s.began) >= earlyPhase {
		every, idle = lateEvery, lateIdle
	}
	if s.every > 0 {
		every = s.every
	}
	if s.fresh {
		every = min(every, firstLook)
	}
	return every, min(idle, every)
}

// due reports whether the interval since the last look is over.
func (s *schedule) due(now time.Time) bool {
	every, _ := s.interval(now)
	return now.Sub(s.last) >= every
}

// idleDue reports whether a snapshot may be taken for want of other work.
func (s *schedule) idleDue(now time.Time) bool {
	_, idle := s.interval(now)
	return now.Sub(s.last) >= idle
}

// looked notes that a snapshot was taken, or found not to be needed.
func (s *schedule) looked(now time.Time) { s.last, s.fresh = now, false }
