package queue

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"prevalence/schemas/message"
)

// publishAttempts is how often a job is offered whose acknowledgement was lost.
const publishAttempts = 5

// codeStoreFailed is the broker's error code JSStreamStoreFailedF.
const codeStoreFailed jetstream.ErrorCode = 10077

// JobPublisher publishes jobs without waiting for each one. At most 4096 are
// in flight, so that a first crawl of the whole index takes a few MiB. It is
// safe for concurrent use.
type JobPublisher struct {
	conn  *Conn
	slots chan struct{} // one per job in flight

	mu    sync.Mutex
	queue []published   // in the order of publishing
	idle  chan struct{} // closed when the queue is empty and every done was called; nil while idle
}

// published is a job whose acknowledgement is awaited.
type published struct {
	ctx    context.Context // of the Publish call
	msg    *nats.Msg
	future jetstream.PubAckFuture
	done   func(accepted bool, err error)
}

func newJobPublisher(c *Conn) *JobPublisher {
	return &JobPublisher{conn: c, slots: make(chan struct{}, publishWindow)}
}

// Jobs is the connection's publisher of jobs.
func (c *Conn) Jobs() *JobPublisher { return c.jobs }

// Publish publishes j and returns as soon as there is room for it; an error
// means that it was not published and done will not be called. Otherwise done
// is called once: with true when the broker has stored the job; with false and
// no error when the project's earlier job is still out; with an error when
// neither is known, after some attempts. Calls of done never overlap, are in the order of
// publishing, and must not call Publish or Flush.
func (p *JobPublisher) Publish(ctx context.Context, j message.Job, done func(accepted bool, err error)) error {
	msg, err := jobMsg(j)
	if err == nil {
		err = p.conn.checkSize(msg)
	}
	if err != nil {
		return fmt.Errorf("queue: job of %s: %w", j.Project, err)
	}
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return fmt.Errorf("queue: job of %s: %w", j.Project, context.Cause(ctx))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	future, err := p.conn.js.PublishMsgAsync(msg)
	if err != nil && !errors.Is(err, nats.ErrReconnectBufExceeded) {
		<-p.slots
		return fmt.Errorf("queue: job of %s: %w", j.Project, err)
	}
	p.queue = append(p.queue, published{ctx, msg, future, done})
	if p.idle == nil {
		p.idle = make(chan struct{})
		go p.settle(p.idle)
	}
	return nil
}

// Flush waits until done was called for every job published before, and
// returns early only when ctx ends.
func (p *JobPublisher) Flush(ctx context.Context) error {
	p.mu.Lock()
	idle := p.idle
	p.mu.Unlock()
	if idle == nil {
		return nil
	}
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("queue: flush jobs: %w", context.Cause(ctx))
	}
}

// settle waits for the acknowledgements one after the other and returns when
// there are none left.
func (p *JobPublisher) settle(idle chan struct{}) {
	for {
		p.mu.Lock()
		if len(p.queue) == 0 {
			p.idle, p.queue = nil, nil
			close(idle)
			p.mu.Unlock()
			return
		}
		batch := p.queue
		p.queue = nil
		p.mu.Unlock()
		for i := range batch {
			accepted, err := p.await(batch[i])
			result := "stored"
			switch {
			case err != nil:
				result = "failed"
			case !accepted:
				result = "refused"
			}
			p.conn.metrics.published.WithLabelValues(streamJobs, result).Inc()
			batch[i].done(accepted, err)
			batch[i] = published{}
			<-p.slots
		}
	}
}

// await waits for the broker's answer to one job, and offers it again when the
// answer was lost. It may meet its own first attempt, which the stored job
// tells; when a worker has done that in between, the project is scanned twice.
// A message id would prevent that, but costs the broker a sixth of its work.
func (p *JobPublisher) await(j published) (accepted bool, err error) {
	err = nats.ErrReconnectBufExceeded
	if j.future != nil {
		select {
		case <-j.future.Ok():
			return true, nil
		case err = <-j.future.Err():
		case <-j.ctx.Done():
			return false, fmt.Errorf("queue: publish %s: %w", j.msg.Subject, context.Cause(j.ctx))
		}
	}
	for attempt := 1; ; attempt++ {
		switch {
		case err == nil:
			return true, nil
		case isSubjectFull(err) && attempt > 1:
			return p.isStored(j)
		case isSubjectFull(err):
			return false, nil
		case apiCode(err) != 0, attempt == publishAttempts, errors.Is(err, nats.ErrConnectionClosed):
			return false, fmt.Errorf("queue: publish %s: %w", j.msg.Subject, err)
		}
		if err := sleep(j.ctx, time.Duration(attempt)*200*time.Millisecond); err != nil {
			return false, fmt.Errorf("queue: publish %s: %w", j.msg.Subject, err)
		}
		_, err = p.conn.js.PublishMsg(j.ctx, j.msg)
	}
}

// isStored reports whether the job that is out is this very one.
func (p *JobPublisher) isStored(j published) (bool, error) {
	stream, err := p.conn.js.Stream(j.ctx, streamJobs)
	if err != nil {
		return false, fmt.Errorf("queue: look for %s: %w", j.msg.Subject, err)
	}
	out, err := stream.GetLastMsgForSubject(j.ctx, j.msg.Subject)
	switch {
	case errors.Is(err, jetstream.ErrMsgNotFound): // it was done just now
		return false, nil
	case err != nil:
		return false, fmt.Errorf("queue: look for %s: %w", j.msg.Subject, err)
	}
	return bytes.Equal(out.Data, j.msg.Data), nil
}

// isSubjectFull reports whether a publish was refused because the subject holds
// as many messages as its stream allows. The code is the broker's general one
// for "could not store"; only the text tells. (Asking for an expected last sequence
// would give a code of its own, but a look-up more for each job.)
func isSubjectFull(err error) bool {
	e, ok := errors.AsType[jetstream.JetStreamError](err)
	return ok && e.APIError() != nil && e.APIError().ErrorCode == codeStoreFailed &&
		strings.Contains(e.APIError().Description, "maximum messages per subject")
}

// jobMsg is the message of a job.
func jobMsg(j message.Job) (*nats.Msg, error) {
	if j.Project == "" {
		return nil, errors.New("no project")
	}
	if j.Schema == 0 {
		j.Schema = message.JobSchema
	}
	return &nats.Msg{Subject: "jobs." + Token(j.Project), Data: message.EncodeJob(&j)}, nil
}
