package crawler

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"prevalence/internal/pypi"
)

// Pace says how often Follow sweeps. The zero value is useful.
type Pace struct {
	// Every is the time between the starts of two sweeps; default 1 h. A sweep that
	// takes longer is followed by the next one at once.
	Every time.Duration
	// Jitter is the share of Every by which each wait is longer or shorter at
	// random, so that many crawlers do not ask at the same moment; between 0 and 1.
	Jitter float64
	// Again is the wait after the first failed sweep, doubled for each further one
	// up to Every; default 1 min. An index that asks for a longer pause gets it.
	Again time.Duration
	Log   *slog.Logger // nil discards
}

// Follow calls once, which sweeps, again and again until ctx ends, and then
// returns nil. The error of the very first sweep is returned, because what is
// wrong with it is likely a setting; later ones are logged, and tried again.
func Follow(ctx context.Context, p Pace, once func(context.Context) error) error {
	p.Every, p.Again = cmp.Or(p.Every, time.Hour), cmp.Or(p.Again, time.Minute)
	if p.Log == nil {
		p.Log = slog.New(slog.DiscardHandler)
	}
	failures := 0
	for first := true; ; first = false {
		start := time.Now()
		err := once(ctx)
		switch {
		case ctx.Err() != nil:
			return nil //nolint:nilerr // it was stopped
		case err == nil:
			failures = 0
		case first:
			return err
		default:
			failures++
		}
		wait := max(0, p.wait(err, failures)-time.Since(start))
		if err != nil {
			p.Log.Warn("sweep failed, will be tried again", "wait", wait.Round(time.Second), "error", err)
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil
		}
	}
}

// wait is the time from the start of a sweep that ended in err to the next one.
func (p Pace) wait(err error, failures int) time.Duration {
	wait := time.Duration(float64(p.Every) * (1 + p.Jitter*(2*rand.Float64()-1)))
	if err == nil {
		return wait
	}
	wait = min(wait, p.Again<<min(failures-1, 20))
	var pause *pypi.PauseError
	if errors.As(err, &pause) {
		wait = max(wait, pause.RetryAfter)
	}
	return wait
}
