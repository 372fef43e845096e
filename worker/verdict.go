package worker

import (
	"context"
	"errors"
	"time"

	"prevalence/internal/pypi"
)

// verdict is what becomes of a job.
type verdict uint8

const (
	publish verdict = iota // its scans are published, then it is acknowledged
	stale                  // noted and acknowledged; a later sweep asks again
	pause                  // the index is left alone for a while, then the same delivery is worked on
	retry                  // given back, delivered again after a delay
	giveUp                 // published as unanalysed, then moved to the dead letters
	later                  // given back, delivered again after a delay, with no attempt spent
	release                // given back untouched: we are stopping, or another worker has it
)

// String is how the metrics name a verdict.
func (v verdict) String() string {
	return [...]string{"published", "stale", "paused", "retried", "given-up", "later", "released"}[v]
}

// judge is the one place where retry, outcome or dead is decided. err is what
// working on a job ended with, attempt counts from 1, and alone is true while
// the index has answered nobody since the work began.
func judge(err error, attempt, attempts int, alone bool) verdict {
	var older *pypi.StaleError
	var wait *pypi.PauseError
	switch {
	case err == nil:
		return publish
	case errors.Is(err, context.Canceled), errors.Is(err, errLeaseLost):
		return release
	case errors.Is(err, errGiants):
		return later
	case errors.As(err, &older):
		return stale
	case errors.As(err, &wait), errors.Is(err, pypi.ErrUnavailable) && alone:
		return pause
	case attempt >= attempts:
		return giveUp
	}
	return retry
}

// retryDelay is the wait before the next attempt: base, doubled for each
// attempt made, at most a minute, since a job that waits holds its place among
// those that the broker lets be out.
func retryDelay(base time.Duration, attempt int) time.Duration {
	return min(base<<min(max(attempt-1, 0), 10), time.Minute)
}
