package worker

import (
	"context"
	"errors"

	"prevalence/internal/pypi"
)

// giantDelays is for how many RetryDelays a giant is put off.
const giantDelays = 15

// errGiants says that one giant is under way and one waits already.
var errGiants = errors.New("worker: no place for another giant")

// bigSlot is the one place that a worker has for giants, with one that waits
// for it, so that they never take all slots from the small.
type bigSlot struct{ running, waiting chan struct{} }

func newBigSlot() *bigSlot {
	return &bigSlot{running: make(chan struct{}, 1), waiting: make(chan struct{}, 1)}
}

// bigPlace is what one job holds of the big slot.
type bigPlace struct {
	w    *Worker
	held bool
}

// take gets the big slot. While it waits for that, its own slot is given up,
// and the job's lease goes on being extended. It returns errGiants when another
// one waits already.
func (p *bigPlace) take(ctx context.Context) error {
	if p.held {
		return nil
	}
	big := p.w.big
	select {
	case big.running <- struct{}{}:
		p.held = true
		return nil
	default:
	}
	select {
	case big.waiting <- struct{}{}:
		defer func() { <-big.waiting }()
	default:
		return errGiants
	}
	p.w.slots.Release(1)
	err := error(nil)
	select {
	case big.running <- struct{}{}:
		p.held = true
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	// With a context that ends, too: who gave a slot up gives it up only once.
	if slotErr := p.w.slots.Acquire(context.WithoutCancel(ctx), 1); slotErr != nil {
		return slotErr
	}
	return err
}

func (p *bigPlace) leave() {
	if p.held {
		<-p.w.big.running
		p.held = false
	}
}

// weigh returns the packed size of the files that will be read, as far as the
// index says it.
func (a *Analyzer) weigh(page *pypi.Page, versions []string) (bytes int64) {
	for _, v := range versions {
		for _, f := range choose(page.Release(v), a.o.Files) {
			bytes += f.Size
		}
	}
	return bytes
}
