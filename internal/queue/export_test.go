package queue

import (
	"context"
	"time"
)

// JobConsumerUntil is JobConsumer with another limit of deliveries.
func (c *Conn) JobConsumerUntil(ctx context.Context, ackWait time.Duration, deliveries int) (*JobConsumer, error) {
	return c.jobConsumer(ctx, ackWait, deliveries)
}
