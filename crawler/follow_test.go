package crawler_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"prevalence/crawler"
	"prevalence/internal/pypi"
)

// TestFollow follows for a day of synthetic time and looks at when it sweeps.
func TestFollow(t *testing.T) {
	down := errors.New("down")
	pause := &pypi.PauseError{Host: "index.example.org", Status: 429, RetryAfter: 3 * time.Hour}
	for name, test := range map[string]struct {
		pace   crawler.Pace
		errors []error // of the sweeps, the rest being fine
		took   time.Duration
		want   []time.Duration // starts, since the first
		slack  float64         // share of the interval
	}{
		"default":         {want: []time.Duration{0, time.Hour, 2 * time.Hour, 3 * time.Hour}},
		"a sweep counts":  {took: 20 * time.Minute, want: []time.Duration{0, time.Hour, 2 * time.Hour}},
		"slower than due": {took: 90 * time.Minute, want: []time.Duration{0, 90 * time.Minute, 180 * time.Minute}},
		"jitter":          {pace: crawler.Pace{Jitter: 0.2}, want: []time.Duration{0, time.Hour}, slack: 0.2},
		"failures": {
			errors: []error{nil, down, down, down},
			want:   []time.Duration{0, 60 * time.Minute, 61 * time.Minute, 63 * time.Minute, 67 * time.Minute, 127 * time.Minute},
		},
		"asked for a pause": {errors: []error{nil, pause}, want: []time.Duration{0, time.Hour, 4 * time.Hour, 5 * time.Hour}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				begin := time.Now()
				var starts []time.Duration
				err := crawler.Follow(ctx, test.pace, func(context.Context) error {
					starts = append(starts, time.Since(begin))
					time.Sleep(test.took)
					if len(starts) == len(test.want) {
						cancel()
					}
					if n := len(starts); n <= len(test.errors) {
						return test.errors[n-1]
					}
					return nil
				})
				if err != nil {
					t.Error(err)
				}
				for i, want := range test.want {
					off := (starts[i] - want).Abs().Hours()
					if off > test.slack {
						t.Errorf("sweep %d starts after %s, want %s", i, starts[i], want)
					}
				}
				if test.slack > 0 && starts[1] == test.want[1] {
					t.Error("no jitter")
				}
			})
		})
	}
	if err := crawler.Follow(t.Context(), crawler.Pace{}, func(context.Context) error { return down }); !errors.Is(err, down) {
		t.Errorf("the first sweep failed: %v", err)
	}
}
