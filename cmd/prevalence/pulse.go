package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/metrics"
	"time"
)

// pulseEnv has a worker tell once a second, on its standard output, how many
// goroutines it has and how many bytes were in use after the last collection.
const pulseEnv = envPrefix + "CHILD_PULSE"

// pulse is one such line.
type pulse struct {
	goroutines int
	live       int64 // bytes
}

// tellPulse writes pulses until ctx is done, if that was asked for.
func tellPulse(ctx context.Context, out io.Writer) error {
	if os.Getenv(pulseEnv) == "" {
		return nil
	}
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	for {
		if err := pauseFor(ctx, time.Second); err != nil {
			return nil //nolint:nilerr // it was stopped
		}
		metrics.Read(live)
		if _, err := fmt.Fprintln(out, runtime.NumGoroutine(), live[0].Value.Uint64()); err != nil {
			return nil //nolint:nilerr // nobody listens any more
		}
	}
}
