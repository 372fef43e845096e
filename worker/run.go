package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"prevalence/internal/pypi"
	"prevalence/internal/queue"
	"prevalence/schemas/message"
)

// Jobs is where a Worker takes its jobs from: *queue.JobConsumer, made with the
// same ackWait as Options.AckWait.
type Jobs interface {
	Next(ctx context.Context) (*queue.JobDelivery, error)
}

// Scans is where a Worker publishes: *queue.Conn. PublishScan returns when the
// broker has stored the scan.
type Scans interface {
	PublishScan(ctx context.Context, s *message.Scan) error
}

// Notes is where a Worker notes pages that are older than the index promised:
// *queue.Conn.
type Notes interface {
	NoteStale(ctx context.Context, project string, awaited message.Serial) error
}

// Worker works on jobs until it is stopped.
type Worker struct {
	a     *Analyzer
	jobs  Jobs
	scans Scans
	notes Notes
	gate  *gate
	slots *semaphore.Weighted
	big   *bigSlot
	count *metrics
}

// errLeaseLost cancels the work on a job that could not be extended: another
// worker will get it.
var errLeaseLost = errors.New("worker: the job's lease could not be extended")

// settleTimeout bounds publishing and acknowledging, also while stopping.
const settleTimeout = 30 * time.Second

// New returns a Worker. Options.Index is required.
func New(o Options, jobs Jobs, scans Scans, notes Notes) (*Worker, error) {
	if o.Index == nil {
		return nil, errors.New("worker: no index")
	}
	a, err := NewAnalyzer(o)
	if err != nil {
		return nil, err
	}
	return &Worker{
		a: a, jobs: jobs, scans: scans, notes: notes, gate: newGate(),
		slots: semaphore.NewWeighted(int64(a.o.Slots)), big: newBigSlot(), count: newMetrics(o.Metrics),
	}, nil
}

// Run works on Options.Slots jobs at a time until ctx ends, and returns when
// all of them are finished or given back. It returns nil when ctx ended it, and
// otherwise the broker's error.
func (w *Worker) Run(ctx context.Context) error {
	g, inner := errgroup.WithContext(ctx)
	for range w.a.o.Slots {
		g.Go(func() error {
			for {
				if err := w.slots.Acquire(inner, 1); err != nil {
					return err
				}
				d, err := w.next(inner)
				if err != nil {
					w.slots.Release(1)
					return err
				}
				// Not in this goroutine, because a giant may give its slot up and go on later.
				g.Go(func() error {
					defer w.slots.Release(1)
					w.handle(inner, d)
					return nil
				})
			}
		})
	}
	if err := g.Wait(); err != nil && ctx.Err() == nil {
		return err
	}
	return nil
}

// next waits for a job.
func (w *Worker) next(ctx context.Context) (*queue.JobDelivery, error) {
	for {
		if err := w.gate.pass(ctx); err != nil {
			return nil, err
		}
		d, err := w.jobs.Next(ctx)
		switch {
		case ctx.Err() != nil:
			if d != nil {
				w.giveBack(d)
			}
			return nil, ctx.Err()
		case errors.Is(err, message.ErrSchema):
			w.a.o.Log.WarnContext(ctx, "job given back", slog.Any("error", err))
			if err := sleep(ctx, w.a.o.RetryDelay); err != nil {
				return nil, err
			}
		case err != nil:
			return nil, fmt.Errorf("worker: %w", err)
		default:
			return d, nil
		}
	}
}

// giveBack returns a job untouched.
func (w *Worker) giveBack(d *queue.JobDelivery) {
	if err := d.Retry(0); err != nil {
		w.a.o.Log.Warn("job not given back; its lease will run out", slog.String("project", d.Job.Project), slog.Any("error", err))
	}
}

// handle works on one job and settles it. While it works, the job's lease is
// extended; when that fails, the work is cancelled.
func (w *Worker) handle(ctx context.Context, d *queue.JobDelivery) {
	work, cancel := context.WithCancelCause(ctx)
	var beats sync.WaitGroup
	beats.Go(func() {
		tick := time.NewTicker(w.a.o.AckWait / 3)
		defer tick.Stop()
		for {
			select {
			case <-work.Done():
				return
			case <-tick.C:
				if err := d.Extend(); err != nil {
					w.count.lost.Inc()
					cancel(errLeaseLost)
					return
				}
			}
		}
	})
	defer beats.Wait()
	defer cancel(nil)
	w.count.flight.Inc()
	defer w.count.flight.Dec()
	began := time.Now()
	v := w.settle(work, d)
	w.count.settled(v, time.Since(began))
}

// settle works on a job until its verdict is one that ends the delivery, and
// carries that out. It returns the verdict.
func (w *Worker) settle(ctx context.Context, d *queue.JobDelivery) verdict {
	o, log := w.a.o, w.a.o.Log.With(slog.String("project", d.Job.Project), slog.Int("attempt", d.Attempt))
	var held int // pauses of this job while the index answered others
	big := &bigPlace{w: w}
	defer big.leave()
	for {
		answers, _ := w.gate.state()
		var found []*message.Scan
		err := errAttempts
		if d.Attempt <= o.Attempts {
			found, err = w.work(ctx, d.Job, big)
		}
		if cause := context.Cause(ctx); cause != nil && err != nil {
			err = cause
		}
		now, silent := w.gate.state()
		alone := now == answers && silent < o.Patience
		v := judge(err, d.Attempt, o.Attempts, alone)
		var asked *pypi.PauseError
		if v == pause && !errors.As(err, &asked) && silent >= o.Patience {
			v = judge(errPauses, d.Attempt, o.Attempts, false)
		}
		if v == pause && now != answers && (asked == nil || asked.Why == "" && asked.Status != http.StatusTooManyRequests) {
			if held++; held >= maxHeld {
				v = judge(errPauses, d.Attempt, o.Attempts, false)
			}
		}
		if v == pause {
			var how time.Duration
			if asked != nil {
				how = asked.RetryAfter
			}
			if closed, longer := w.gate.pause(how); longer {
				w.count.pauses.Inc()
				log.WarnContext(ctx, "fetching pauses", slog.Duration("for", closed.Round(time.Second)), slog.Any("reason", err))
			}
			if err := w.gate.pass(ctx); err != nil {
				v = release
			} else {
				continue
			}
		}
		// Stopping must not lose what is done: settling has a time of its own.
		settling, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
		defer cancel()
		w.carryOut(settling, d, v, found, err, log)
		return v
	}
}

// maxHeld is how often one job may make everybody wait while the index answers
// others: then it is that job's fault.
const maxHeld = 5

var (
	errAttempts = errors.New("worker: delivered too often; a worker may have died of it")
	errPauses   = errors.New("worker: the index answers others, not this")
)

// carryOut does what a verdict says. What fails here is left to the job's
// lease: it is delivered again.
func (w *Worker) carryOut(ctx context.Context, d *queue.JobDelivery, v verdict, found []*message.Scan, cause error, log *slog.Logger) {
	o := w.a.o
	failed := func(what string, err error) {
		log.WarnContext(ctx, what, slog.Any("error", err))
		if !errors.Is(err, queue.ErrClosed) {
			w.giveBack(d)
		}
	}
	switch v {
	case publish:
		if ackFirst {
			if err := d.Ack(ctx); err != nil {
				failed("job not acknowledged", err)
				return
			}
			time.Sleep(plantedPause)
		}
		for _, s := range found {
			if err := w.publish(ctx, d, s); err != nil {
				failed("scan not published", err)
				return
			}
		}
		if !ackFirst {
			if err := d.Ack(ctx); err != nil {
				failed("job not acknowledged", err)
			}
		}
	case stale:
		var older *pypi.StaleError
		errors.As(cause, &older)
		if err := w.notes.NoteStale(ctx, d.Job.Project, older.Awaited); err != nil {
			failed("stale page not noted", err)
			return
		}
		log.InfoContext(ctx, "page is older than the index promised", slog.String("have", string(older.Have)), slog.String("awaited", string(older.Awaited)))
		if err := d.Ack(ctx); err != nil {
			failed("job not acknowledged", err)
		}
	case later:
		log.DebugContext(ctx, "giant put off: one is under way and one waits")
		if err := d.Defer(ctx, giantDelays*o.RetryDelay); err != nil {
			log.WarnContext(ctx, "job not given back; its lease will run out", slog.Any("error", err))
		}
	case retry:
		delay := retryDelay(o.RetryDelay, d.Attempt)
		log.WarnContext(ctx, "job failed, will be tried again", slog.Duration("delay", delay), slog.Any("error", cause))
		if err := d.Retry(delay); err != nil {
			log.WarnContext(ctx, "job not given back; its lease will run out", slog.Any("error", err))
		}
	case giveUp:
		log.ErrorContext(ctx, "job given up", slog.Any("error", cause))
		s := w.a.end(w.a.newScan(d.Job.Project, ""), message.OutcomeUnanalysed, WhyGaveUp)
		s.Serial, s.PageLatest = d.Job.Serial, true
		if err := w.publish(ctx, d, s); err != nil {
			failed("scan not published", err)
			return
		}
		if err := d.Discard(ctx, cause.Error()); err != nil {
			failed("job not discarded", err)
		}
	default:
		w.giveBack(d)
	}
}

// publish stamps a scan with what its job says and publishes it.
func (w *Worker) publish(ctx context.Context, d *queue.JobDelivery, s *message.Scan) error {
	s.JobSeq, s.Drawn, s.Reason = d.Seq, d.Job.Drawn, d.Job.Reason
	if err := w.scans.PublishScan(ctx, s); err != nil {
		return err
	}
	w.count.scanned(s)
	return nil
}

// work resolves a job's releases and scans them, a giant in the big slot. A page that is gone, refused
// or broken is an outcome of the project: a scan without a version.
func (w *Worker) work(ctx context.Context, j message.Job, p *bigPlace) ([]*message.Scan, error) {
	if err := w.gate.pass(ctx); err != nil {
		return nil, err
	}
	page, err := w.a.o.Index.Project(ctx, j.Project)
	if err != nil {
		s := w.a.newScan(j.Project, "")
		s.Serial, s.PageLatest = j.Serial, true
		switch {
		case errors.Is(err, pypi.ErrNotFound):
			// On the root and without a page: as good as without files.
			s = w.a.end(s, message.OutcomeEmpty, WhyNoProject)
		case errors.Is(err, pypi.ErrPage):
			s = w.a.end(s, message.OutcomeUnanalysed, WhyBadPage)
		case errors.Is(err, pypi.ErrRefused):
			s = w.a.end(s, message.OutcomeUnanalysed, WhyPageRefused)
		default:
			return nil, fmt.Errorf("worker: page of %s: %w", j.Project, err)
		}
		w.gate.answered()
		return []*message.Scan{s}, nil
	}
	if err := page.Await(j.Serial); err != nil {
		return nil, fmt.Errorf("worker: %w", err)
	}
	versions := j.Versions
	if len(versions) == 0 {
		versions = page.Releases()
		versions = versions[:min(len(versions), max(j.Releases, 1))]
	}
	if len(versions) == 0 {
		versions = []string{""}
	}
	versions = slices.Clone(versions)
	for i, v := range versions {
		versions[i] = page.Spelling(v)
	}
	found := make([]*message.Scan, 0, len(versions))
	if !reasonAsked(j.Reason) {
		if versions, err = w.known(ctx, page, versions, &found); err != nil {
			return nil, err
		}
	}
	if w.a.weigh(page, versions) >= w.a.o.GiantBytes {
		if err := p.take(ctx); err != nil {
			return nil, err
		}
	}
	read, err := w.a.Releases(ctx, page, versions)
	if err != nil {
		return nil, err
	}
	found = append(found, read...)
	w.gate.answered()
	return found, nil
}

// known adds the scans of releases that need not be read to found, and returns
// the other releases.
func (w *Worker) known(ctx context.Context, page *pypi.Page, versions []string, found *[]*message.Scan) (unknown []string, err error) {
	for _, v := range versions {
		s, err := w.a.reuse(ctx, page, v)
		switch {
		case err != nil:
			return nil, err
		case s == nil:
			unknown = append(unknown, v)
		default:
			*found = append(*found, s)
		}
	}
	return unknown, nil
}
