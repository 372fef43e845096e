package worker

import (
	"context"

	"golang.org/x/sync/semaphore"
)

// MemoryLimit is the soft memory limit (debug.SetMemoryLimit) with which a
// worker of two slots and default Options stayed below 256 MiB resident
// over all archives that TestMemory makes.
const MemoryLimit = 144 << 20

// budget bounds the bytes that all scans of a process hold in memory of
// distributions. What is larger than all of it is admitted alone.
type budget struct {
	all *semaphore.Weighted
	max int64
}

func newBudget(bytes int64) *budget {
	return &budget{all: semaphore.NewWeighted(bytes), max: bytes}
}

// take waits until bytes are free; the function returned gives them back.
func (b *budget) take(ctx context.Context, bytes int64) (free func(), err error) {
	n := min(max(bytes, 1), b.max)
	if err := b.all.Acquire(ctx, n); err != nil {
		return nil, err
	}
	return func() { b.all.Release(n) }, nil
}
