package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// spent is what this member knows of a day's budget, and what it holds of it.
// Requests are taken from the count before they are made, some at a time.
type spent struct {
	day      string
	requests int64 // in hand: counted, not made
	bytes    int64 // read, not counted yet
	all      spentNote
}

// spentNote is the value of a key "spent.<day>": what all members spent.
type spentNote struct {
	Requests int64 `json:"requests"`
	Bytes    int64 `json:"bytes"`
}

func (s *spent) heard(day string, value []byte) {
	var n spentNote
	if day == s.day && json.Unmarshal(value, &n) == nil {
		s.all = n
	}
}

// turn begins a new day when it is one.
func (s *spent) turn(now time.Time) {
	if day := now.UTC().Format(time.DateOnly); day != s.day {
		*s = spent{day: day}
	}
}

// pay takes one request from the day's budget. When there is none left it
// returns how long it is until midnight UTC.
func (f *Fleet) pay(ctx context.Context) (pause time.Duration, why string, err error) {
	if f.o.Requests <= 0 && f.o.Bytes <= 0 {
		return 0, "", nil
	}
	for {
		f.mu.Lock()
		now := time.Now()
		s := &f.spent
		s.turn(now)
		bytesLeft := f.o.Bytes <= 0 || s.all.Bytes+s.bytes < f.o.Bytes
		switch {
		case bytesLeft && f.o.Requests <= 0:
			f.mu.Unlock()
			return 0, "", nil
		case bytesLeft && s.requests > 0:
			s.requests--
			f.mu.Unlock()
			return 0, "", nil
		case !bytesLeft, s.all.Requests >= f.o.Requests:
			f.mu.Unlock()
			midnight := now.UTC().Truncate(24 * time.Hour).Add(24 * time.Hour)
			return midnight.Sub(now), f.budgetText() + " is spent; it is new at midnight UTC", nil
		}
		f.mu.Unlock()
		if err := f.count(ctx, f.portion()); err != nil {
			f.o.Log.Warn("budget cannot be counted", "error", err)
			if err := sleep(ctx, reconnectWait); err != nil {
				return 0, "", err
			}
		}
	}
}

// refund gives back a request that was paid and not made.
func (f *Fleet) refund() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.o.Requests > 0 {
		f.spent.requests++
	}
}

func (f *Fleet) budgetText() string {
	switch {
	case f.o.Bytes <= 0:
		return fmt.Sprintf("the day's budget of %d requests", f.o.Requests)
	case f.o.Requests <= 0:
		return fmt.Sprintf("the day's budget of %d bytes", f.o.Bytes)
	}
	return fmt.Sprintf("the day's budget of %d requests and %d bytes", f.o.Requests, f.o.Bytes)
}

// portion is how many requests are taken at a time: few enough that what a
// crash loses does not matter.
func (f *Fleet) portion() int64 { return min(max(f.o.Requests/200, 1), 100) }

// Read counts bytes of answers. It returns at once.
func (f *Fleet) Read(bytes int) {
	if f.o.Bytes <= 0 {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.spent.turn(time.Now())
	f.spent.bytes += int64(bytes)
}

// countBytes adds what was read to the day's count.
func (f *Fleet) countBytes(ctx context.Context) {
	f.mu.Lock()
	due := f.spent.bytes > 0
	f.mu.Unlock()
	if due {
		if err := f.count(ctx, 0); err != nil && ctx.Err() == nil {
			f.o.Log.Warn("budget cannot be counted", "error", err)
		}
	}
}

// giveBack returns what is in hand when the member leaves.
func (f *Fleet) giveBack(ctx context.Context) {
	f.mu.Lock()
	held := f.spent.requests
	f.spent.requests = 0
	due := held > 0 || f.spent.bytes > 0
	f.mu.Unlock()
	if due {
		_ = f.count(ctx, -held) // what is lost was counted as made
	}
}

// count takes n requests into hand, or gives -n back, and adds what was read.
func (f *Fleet) count(ctx context.Context, n int64) error {
	f.mu.Lock()
	f.spent.turn(time.Now())
	day, bytes := f.spent.day, f.spent.bytes
	f.spent.bytes = 0
	f.mu.Unlock()
	got, all, err := f.update(ctx, day, n, bytes)
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.spent.day != day: // it was for yesterday
	case err != nil:
		f.spent.bytes += bytes
	default:
		f.spent.requests += max(got, 0)
		f.spent.all = all
	}
	return err
}

// update changes the count of a day.
func (f *Fleet) update(ctx context.Context, day string, n, bytes int64) (got int64, all spentNote, err error) {
	key := spentKey + day
	for range 50 {
		all = spentNote{}
		var revision uint64
		e, err := f.notes.Get(ctx, key)
		switch {
		case errors.Is(err, jetstream.ErrKeyNotFound):
		case err != nil:
			return 0, all, err
		default:
			revision = e.Revision()
			if err := json.Unmarshal(e.Value(), &all); err != nil {
				return 0, all, err
			}
		}
		if got = n; n > 0 {
			got = max(0, min(n, f.o.Requests-all.Requests))
		}
		all.Requests += got
		all.Bytes += bytes
		if got == 0 && bytes == 0 {
			return 0, all, nil
		}
		b, err := json.Marshal(all)
		if err != nil {
			return 0, all, err
		}
		if revision == 0 {
			_, err = f.notes.Create(ctx, key, b)
		} else {
			_, err = f.notes.Update(ctx, key, b, revision)
		}
		if err == nil {
			return got, all, nil
		}
		if !errors.Is(err, jetstream.ErrKeyExists) && !isWrongLastSequence(err) {
			return 0, all, err
		}
	}
	return 0, all, errBusy
}
