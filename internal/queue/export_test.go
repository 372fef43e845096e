package queue

import (
	"context"
	"time"

	"prevalence/schemas/message"
)

// PublishAgain offers a job as Publish does whose first attempt had no answer.
func (c *Conn) PublishAgain(ctx context.Context, j message.Job) (accepted bool, err error) {
	msg, err := jobMsg(j)
	if err != nil {
		return false, err
	}
	return c.jobs.await(published{ctx: ctx, msg: msg})
}

// JobConsumerUntil is JobConsumer with another limit of deliveries.
func (c *Conn) JobConsumerUntil(ctx context.Context, ackWait time.Duration, deliveries int) (*JobConsumer, error) {
	return c.jobConsumer(ctx, ackWait, deliveries)
}
