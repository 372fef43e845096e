package worker

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"prevalence/internal/pypi"
)

func TestJudge(t *testing.T) {
	wrap := func(err error) error { return fmt.Errorf("worker: page: %w", err) }
	for _, tc := range []struct {
		name    string
		err     error
		attempt int
		alone   bool
		want    verdict
	}{
		{"done", nil, 9, false, publish},
		{"stopping", wrap(context.Canceled), 9, false, release},
		{"lease", errLeaseLost, 9, false, release},
		{"stale", wrap(&pypi.StaleError{}), 9, false, stale},
		{"asked to wait", wrap(&pypi.PauseError{}), 9, false, pause},
		{"index down", wrap(pypi.ErrUnavailable), 5, true, pause},
		{"index down for this one", wrap(pypi.ErrUnavailable), 1, false, retry},
		{"the last time", wrap(pypi.ErrUnavailable), 5, false, giveUp},
		{"anything", errors.New("x"), 4, true, retry},
		{"anything, the last time", errors.New("x"), 5, true, giveUp},
		{"crash loop", errAttempts, 6, true, giveUp},
	} {
		if got := judge(tc.err, tc.attempt, 5, tc.alone); got != tc.want {
			t.Errorf("%s: %d, want %d", tc.name, got, tc.want)
		}
	}
}

func TestRetryDelay(t *testing.T) {
	for attempt, want := range map[int]time.Duration{0: 2 * time.Second, 1: 2 * time.Second, 3: 8 * time.Second, 9: time.Minute, 1 << 30: time.Minute} {
		if got := retryDelay(2*time.Second, attempt); got != want {
			t.Errorf("attempt %d: %s, want %s", attempt, got, want)
		}
	}
}

func TestGate(t *testing.T) {
	g := newGate()
	if d, longer := g.pause(50 * time.Millisecond); d != 50*time.Millisecond || !longer {
		t.Errorf("pause: %s, %v", d, longer)
	}
	if _, longer := g.pause(time.Millisecond); longer {
		t.Error("a shorter pause makes it longer")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
	defer cancel()
	if err := g.pass(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("pass: %v", err)
	}
	start := time.Now()
	if err := g.pass(t.Context()); err != nil || time.Since(start) > 5*time.Second {
		t.Errorf("pass: %v after %s", err, time.Since(start))
	}
	g.answered()
	if n, _ := g.state(); n != 1 {
		t.Errorf("%d answers", n)
	}
}

func TestBudgetAdmitsOneGiant(t *testing.T) {
	b := newBudget(10)
	free, err := b.take(t.Context(), 1000)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
	defer cancel()
	if _, err := b.take(ctx, 1); err == nil {
		t.Error("a second one beside the giant")
	}
	free()
	if free, err := b.take(t.Context(), 10); err != nil {
		t.Error(err)
	} else {
		free()
	}
}
