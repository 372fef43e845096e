package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"prevalence/schemas/message"
)

// maxJobsOut bounds the jobs that are with workers or wait for a retry. A
// delayed retry counts, so the number is far above any fleet's slots.
const maxJobsOut = 20_000

// maxDeliveries is far above what a worker allows a job before it gives it up
// (worker.Options.Attempts), and above how often a job is given back that has to
// wait for its turn. A job comes to it only if every worker dies before it can
// look at the attempt; Reap buries it then, after a day or so.
const maxDeliveries = 2000

// JobConsumer takes jobs for one worker process. All consumers share the jobs.
// It is safe for concurrent use.
type JobConsumer struct {
	conn     *Conn
	consumer jetstream.Consumer
}

// JobConsumer joins the workers. A job that is neither acknowledged, nor
// retried, nor extended within ackWait is delivered again, to any worker;
// ackWait holds for the whole fleet and the last caller's value wins. Who takes
// a job looks at its Attempt and calls Discard when it is one too many. After
// maxDeliveries the broker delivers it no more, and it would block its project
// for ever: Reap looks for such jobs.
func (c *Conn) JobConsumer(ctx context.Context, ackWait time.Duration) (*JobConsumer, error) {
	return c.jobConsumer(ctx, ackWait, maxDeliveries)
}

func (c *Conn) jobConsumer(ctx context.Context, ackWait time.Duration, deliveries int) (*JobConsumer, error) {
	// No filter, which would say the same: with one the broker looks through
	// all subjects of the stream for each job that it hands out.
	consumer, err := c.js.CreateOrUpdateConsumer(ctx, streamJobs, jetstream.ConsumerConfig{
		Durable:       consumerWorkers,
		AckPolicy:     jetstream.AckExplicitPolicy,
		AckWait:       ackWait,
		MaxDeliver:    deliveries,
		MaxAckPending: maxJobsOut,
	})
	if err != nil {
		return nil, fmt.Errorf("queue: join the workers: %w", err)
	}
	return &JobConsumer{conn: c, consumer: consumer}, nil
}

// ReleaseJobs makes every job that is out deliverable again at once, instead
// of after its ackWait. It is for whoever knows that no worker is alive, as
// `up` does before it starts its own.
func (c *Conn) ReleaseJobs(ctx context.Context) error {
	// The broker does not answer a reset of a consumer that it does not have.
	_, err := c.js.Consumer(ctx, streamJobs, consumerWorkers)
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		return nil
	}
	if err == nil {
		_, err = c.js.ResetConsumer(ctx, streamJobs, consumerWorkers)
	}
	if err != nil {
		return fmt.Errorf("queue: release jobs: %w", err)
	}
	return nil
}

// Next waits for a job. N goroutines that call it keep at most N jobs in
// flight: nothing is fetched ahead. It returns ctx's error when ctx ends,
// ErrClosed when the connection is closed, and message.ErrSchema (the job goes
// back) when the job is newer than this build. A job that cannot be decoded
// goes to the dead and is not returned. While the broker is away it waits.
//
// A job that the broker hands out in the moment in which ctx ends is away for
// its ackWait: end ctx when the worker stops, not to poll.
func (k *JobConsumer) Next(ctx context.Context) (*JobDelivery, error) {
	for {
		msg, err := k.consumer.Next(jetstream.FetchContext(ctx))
		if err == nil {
			d, err := k.conn.decodeJob(ctx, msg)
			if errors.Is(err, errBuried) {
				continue
			}
			return d, err
		}
		switch {
		case ctx.Err() != nil:
			return nil, fmt.Errorf("queue: next job: %w", context.Cause(ctx))
		case errors.Is(err, nats.ErrConnectionClosed):
			return nil, ErrClosed
		case errors.Is(err, nats.ErrTimeout), errors.Is(err, context.DeadlineExceeded):
		case errors.Is(err, jetstream.ErrConsumerDeleted), errors.Is(err, jetstream.ErrConsumerNotFound):
			return nil, fmt.Errorf("queue: next job: %w", err)
		default: // no responders, a lost connection: the broker is away
			if err := sleep(ctx, reconnectWait); err != nil {
				return nil, fmt.Errorf("queue: next job: %w", err)
			}
		}
	}
}

// errBuried says that a message went to the dead.
var errBuried = errors.New("queue: message went to the dead")

// decodeJob makes a delivery of msg, or returns errBuried.
func (c *Conn) decodeJob(ctx context.Context, msg jetstream.Msg) (*JobDelivery, error) {
	meta, err := msg.Metadata()
	if err != nil {
		return nil, fmt.Errorf("queue: next job: %w", err)
	}
	c.metrics.delivered.WithLabelValues(streamJobs, again(meta.NumDelivered)).Inc()
	d := &JobDelivery{Seq: meta.Sequence.Stream, Attempt: int(meta.NumDelivered), msg: msg, conn: c}
	if d.Attempt > 1 {
		// Without an answer a job that was deferred counts as tried.
		if n, _, err := c.deferred(ctx, d.Seq); err == nil {
			d.Attempt = max(1, d.Attempt-n)
		}
	}
	err = json.Unmarshal(msg.Data(), &d.Job)
	if err == nil && d.Job.Project == "" {
		err = errors.New("no project")
	}
	if err == nil && d.Job.Schema > message.JobSchema {
		_ = msg.NakWithDelay(time.Minute)
		return nil, fmt.Errorf("queue: job %d: %w", d.Seq, message.ErrSchema)
	}
	if err == nil {
		return d, nil
	}
	if err := d.Discard(ctx, "cannot be decoded: "+err.Error()); err != nil {
		return nil, err
	}
	return nil, errBuried
}

// JobDelivery is one job in the hands of a worker, until one of Ack, Retry and
// Discard is called.
type JobDelivery struct {
	Job     message.Job
	Seq     uint64 // of the job in its stream: the same at every delivery
	Attempt int    // 1 at the first delivery; deferred ones do not count

	msg  jetstream.Msg
	conn *Conn
}

// Ack removes the job and returns when the broker has confirmed it.
func (d *JobDelivery) Ack(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	if err := d.msg.DoubleAck(ctx); err != nil {
		return fmt.Errorf("queue: acknowledge job of %s: %w", d.Job.Project, err)
	}
	return nil
}

// Retry gives the job back, to be delivered again after delay to any worker.
// A delay of zero or less is a second: a plain refusal would be a hot loop.
func (d *JobDelivery) Retry(delay time.Duration) error {
	if delay <= 0 {
		delay = time.Second
	}
	if err := d.msg.NakWithDelay(delay); err != nil {
		return fmt.Errorf("queue: give back job of %s: %w", d.Job.Project, err)
	}
	return nil
}

// Extend starts the job's ackWait anew. Call it every third of ackWait; when
// it fails, stop working on the job: another worker will get it.
func (d *JobDelivery) Extend() error {
	if err := d.msg.InProgress(); err != nil {
		return fmt.Errorf("queue: extend job of %s: %w", d.Job.Project, err)
	}
	return nil
}

// Discard moves the job to the dead, with the reason, and frees its project
// for new jobs.
func (d *JobDelivery) Discard(ctx context.Context, reason string) error {
	return d.conn.bury(ctx, d.msg, reason)
}
