package query

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
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
	Slow              // reads much: a pattern, a combination, a statement
	Long              // streams a whole set, for minutes
)

func (c Cost) String() string { return [...]string{"quick", "slow", "long"}[c] }

// PoolOptions bound what many clients may ask at a time. A zero field takes the
// default beside it.
type PoolOptions struct {
	Quick     int           // quick questions at a time; default 8
	Slow      int           // slow ones at a time; default 2
	Long      int           // sets streamed at a time; default 1
	Wait      time.Duration // for a place, then ErrBusy; default 2 s
	QuickTime time.Duration // of one quick question, then ErrTooSlow; default 5 s
	SlowTime  time.Duration // of one slow question; default 30 s
	LongTime  time.Duration // of one set; default 10 min
	Fresh     time.Duration // how old the knowledge of the newest snapshot may be; default 1 s
}

// Pool asks for many clients at once, within bounds: quick and slow questions
// have places of their own, so that slow ones never keep quick ones waiting. It
// knows the newest snapshot, so that a question does not have to look for it. It
// is safe for concurrent use.
type Pool struct {
	o      PoolOptions
	reader [3]*Reader
	places [3]chan struct{}
	limits [3]time.Duration

	looking sync.Mutex // held by whoever looks for the newest snapshot
	newest  atomic.Pointer[looked]
}

// looked is the newest snapshot, and when that was known.
type looked struct {
	*Snapshot
	at time.Time
}

// NewPool returns a Pool that puts quick questions to one reader and all others
// to another. Each needs as many connections as its questions have places, quick
// one more.
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
	set(&o.Long, 1)
	last(&o.Wait, 2*time.Second)
	last(&o.QuickTime, 5*time.Second)
	last(&o.SlowTime, 30*time.Second)
	last(&o.LongTime, 10*time.Minute)
	last(&o.Fresh, time.Second)
	places := func(n int) chan struct{} { return make(chan struct{}, n) }
	return &Pool{o: o, reader: [3]*Reader{quick, slow, slow}, places: [3]chan struct{}{places(o.Quick), places(o.Slow), places(o.Long)},
		limits: [3]time.Duration{o.QuickTime, o.SlowTime, o.LongTime}}
}

// Asked is how many questions of a cost are being asked.
func (p *Pool) Asked(c Cost) int { return len(p.places[c]) }

// Ask runs a question with a Reader for which the snapshot that was the newest
// when it was asked stays the newest. It returns ErrBusy without having asked
// where no place came free, and ErrTooSlow where time ran out.
func (p *Pool) Ask(ctx context.Context, c Cost, question func(ctx context.Context, r *Reader) error) error {
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
	timed, cancel := context.WithTimeout(ctx, p.limits[c])
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

// Newest is the newest snapshot, or what it was at most PoolOptions.Fresh ago;
// while one question looks for it, others go on with what was known before.
func (p *Pool) Newest(ctx context.Context) (*Snapshot, error) {
	known := p.newest.Load()
	if known != nil && time.Since(known.at) < p.o.Fresh {
		return known.Snapshot, nil
	}
	if known != nil && time.Since(known.at) < lookFor {
		if !p.looking.TryLock() {
			return known.Snapshot, nil
		}
	} else {
		p.looking.Lock()
	}
	defer p.looking.Unlock()
	if now := p.newest.Load(); now != known && now != nil {
		return now.Snapshot, nil // somebody else has looked
	}
	s, err := p.reader[Quick].Snapshot(ctx, "")
	if err != nil {
		return nil, err
	}
	if known != nil && known.Name == s.Name {
		s.headlines = known.headlines
	} else {
		numbers, importance, err := p.reader[Quick].headlines(ctx, s, nil)
		if err != nil {
			return nil, err
		}
		s.headlines = &headlines{numbers, importance}
	}
	p.newest.Store(&looked{s, time.Now()})
	return s, nil
}

// lookFor is how long a look for the newest snapshot may take before questions
// wait for it.
const lookFor = 5 * time.Second
