package queue

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const deferKey = "defer."

// Defer gives the job back like Retry, for no fault of it: the delivery will
// not count in Attempt.
func (d *JobDelivery) Defer(ctx context.Context, delay time.Duration) error {
	n, kv, err := d.conn.deferred(ctx, d.Seq)
	if err == nil {
		_, err = kv.Put(ctx, deferKey+strconv.FormatUint(d.Seq, 10), []byte(strconv.Itoa(n+1)))
	}
	if err != nil {
		return fmt.Errorf("queue: defer job of %s: %w", d.Job.Project, err)
	}
	return d.Retry(delay)
}

// deferred returns how often a job was deferred.
func (c *Conn) deferred(ctx context.Context, seq uint64) (n int, kv jetstream.KeyValue, err error) {
	if kv, err = c.js.KeyValue(ctx, bucketManners); err != nil {
		return 0, nil, err
	}
	e, err := kv.Get(ctx, deferKey+strconv.FormatUint(seq, 10))
	if err != nil {
		if errors.Is(err, jetstream.ErrKeyNotFound) {
			err = nil
		}
		return 0, kv, err
	}
	n, err = strconv.Atoi(string(e.Value()))
	return n, kv, err
}
