package query

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Errors of a Pool that a client should hear of; both pass by themselves.
var (
	ErrBusy    = errors.New("too many questions at a time; ask again in a moment")
	ErrTooSlow = errors.New("the question took too long and was given up; ask for less")
)

// Cost says which places of a Pool a question takes.
type Cost int

// The costs of questions.
const (
	Quick Cost = iota // found by a key: milliseconds
	Slow              // reads much: a pattern, a combination, a set, a statement
)

// PoolOptions bound what many clients may ask at a time. A zero field takes the
// default beside it.
type PoolOptions struct {
	Quick     int           // quick questions at a time; default 8
	Slow      int           // slow ones at a time; default 2
	Wait      time.Duration // for a place, then ErrBusy; default 2 s
	QuickTime time.Duration // of one quick question, then ErrTooSlow; default 5 s
	SlowTime  time.Duration // of one slow question; default 30 s
	Fresh     time.Duration // how old the knowledge of the newest snapshot may be; default 1 s
}

// Pool asks for many clients at once, within bounds: quick and slow questions
// have places of their own, so that slow ones never keep quick ones waiting. It
// knows the newest snapshot, so that a question does not have to look for it. It
// is safe for concurrent use.
type Pool struct {
	o      PoolOptions
	reader [2]*Reader
	places [2]chan struct{}

	mu     sync.Mutex
	newest *Snapshot // nil: none yet, or not looked
	looked time.Time
}

// NewPool returns a Pool that puts quick and slow questions to two readers, each
// of which has as many connections as its questions have places.
func NewPool(quick, slow *Reader, o PoolOptions) *Pool {
	set := func(n *int, def int) {
		if *n <= 0 {
			*n = def
		}
	}
	last := func(d *time.Duration, def time.Duration) {
		if *d <= 0 {
			*d = def
		}
	}
	set(&o.Quick, 8)
	set(&o.Slow, 2)
	last(&o.Wait, 2*time.Second)
	last(&o.QuickTime, 5*time.Second)
	last(&o.SlowTime, 30*time.Second)
	last(&o.Fresh, time.Second)
	return &Pool{o: o, reader: [2]*Reader{quick, slow}, places: [2]chan struct{}{make(chan struct{}, o.Quick), make(chan struct{}, o.Slow)}}
}

// Ask runs a question with a Reader for which the snapshot that was the newest
// when it was asked stays the newest. It returns ErrBusy without having asked
// where no place came free, and ErrTooSlow where time ran out.
func (p *Pool) Ask(ctx context.Context, c Cost, question func(ctx context.Context, r *Reader) error) error {
	limit := []time.Duration{p.o.QuickTime, p.o.SlowTime}[c]
	wait := time.NewTimer(p.o.Wait)
	defer wait.Stop()
	select {
	case p.places[c] <- struct{}{}:
	default:
		select {
		case p.places[c] <- struct{}{}:
		case <-wait.C:
			return fmt.Errorf("query: %w", ErrBusy)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	defer func() { <-p.places[c] }()
	timed, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	r := p.reader[c]
	s, err := p.Newest(timed)
	if err == nil {
		err = question(timed, r.At(s))
	} else if errors.Is(err, ErrNoSnapshot) {
		err = question(timed, r) // whose methods say so, but for Status
	}
	if err != nil && timed.Err() != nil && ctx.Err() == nil {
		return fmt.Errorf("query: %w", ErrTooSlow)
	}
	return err
}

// Newest is the newest snapshot, or what it was at most PoolOptions.Fresh ago.
func (p *Pool) Newest(ctx context.Context) (*Snapshot, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.newest != nil && time.Since(p.looked) < p.o.Fresh {
		return p.newest, nil
	}
	s, err := p.reader[Quick].Snapshot(ctx, "")
	if err != nil {
		return nil, err
	}
	p.newest, p.looked = s, time.Now()
	return s, nil
}
