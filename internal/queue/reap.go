package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
)

// advisory is what Reap reads of the broker's advisory that a message was
// delivered as often as it may be
// (schema io.nats.jetstream.advisory.v1.max_deliver).
type advisory struct {
	Seq        uint64 `json:"stream_seq"`
	Deliveries int    `json:"deliveries"`
}

// Reap moves the jobs that the broker gave up delivering to the dead, so that
// their projects are free for new jobs, and returns how many. Two that reap at
// once do no harm. It needs the rights of an owner.
func (c *Conn) Reap(ctx context.Context) (int, error) {
	n, err := c.reap(ctx)
	if err != nil {
		return n, fmt.Errorf("queue: reap: %w", err)
	}
	return n, nil
}

func (c *Conn) reap(ctx context.Context) (reaped int, err error) {
	advisories, err := c.js.Stream(ctx, streamReap)
	if err != nil || advisories.CachedInfo().State.Msgs == 0 {
		return 0, err
	}
	jobs, err := c.js.Stream(ctx, streamJobs)
	if err != nil {
		return 0, err
	}
	for msg, err := range c.replay(ctx, streamReap, 0) {
		if err != nil {
			return reaped, err
		}
		meta, err := msg.Metadata()
		if err != nil {
			return reaped, err
		}
		var a advisory
		if err := json.Unmarshal(msg.Data(), &a); err != nil {
			return reaped, fmt.Errorf("advisory %d: %w", meta.Sequence.Stream, err)
		}
		buried, err := c.buryJob(ctx, jobs, a)
		if err != nil {
			return reaped, err
		}
		if buried {
			reaped++
		}
		if err := deleteMsg(ctx, advisories, meta.Sequence.Stream); err != nil {
			return reaped, err
		}
	}
	return reaped, nil
}

// buryJob moves a job to the dead; it reports false when it is gone already.
func (c *Conn) buryJob(ctx context.Context, jobs jetstream.Stream, a advisory) (bool, error) {
	raw, err := jobs.GetMsg(ctx, a.Seq)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	err = c.publishDead(ctx, Dead{
		Reason: fmt.Sprintf("delivered %d times and never answered: a worker may have died of it each time", a.Deliveries),
		Stream: streamJobs, Subject: raw.Subject, FromSeq: raw.Sequence, Attempts: a.Deliveries, Data: raw.Data,
	})
	if err != nil {
		return false, err
	}
	c.metrics.buried.WithLabelValues(streamJobs).Inc()
	err = deleteMsg(ctx, jobs, a.Seq)
	return err == nil, err
}
