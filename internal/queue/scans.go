package queue

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"prevalence/schemas/message"
)

const (
	// scanAckWait is also how long scans are missing that were under way to a fetch
	// which had given up meanwhile. One that is stored for longer than this comes a second time
	// and replaces itself.
	scanAckWait    = 20 * time.Second
	maxScansOut    = 20_000
	fetchScans     = 100      // messages of one request
	maxBatchBytes  = 32 << 20 // compressed
	resetTimeout   = 3 * time.Second
	ackTimeout     = time.Minute // of a batch, the broker's absence included
	ackOnceTimeout = 5 * time.Second
	ackRetryWait   = 500 * time.Millisecond
	publishRetries = 10
	publishWait    = 500 * time.Millisecond
)

// PublishScan publishes s and returns when the broker has stored it. A scan of
// the same project, version and job that was published within the last ten
// minutes is the same scan, and not stored again. It may cut s to size, see
// message.EncodeScan. While the broker is away it tries for some seconds; an
// error means that the scan may or may not be stored.
func (c *Conn) PublishScan(ctx context.Context, s *message.Scan) error {
	fail := func(err error) error {
		return fmt.Errorf("queue: publish scan of %s %s: %w", s.Project, s.Version, err)
	}
	if s.Project == "" {
		return fail(errors.New("no project"))
	}
	b, err := message.EncodeScan(s)
	if err != nil {
		return fail(err)
	}
	project, version := Token(s.Project), Token(s.Version)
	m := nats.NewMsg("scans." + project + "." + version)
	m.Data = b
	m.Header.Set(jetstream.MsgIDHeader, project+"/"+version+"/"+strconv.FormatUint(s.JobSeq, 10))
	if err := c.checkSize(m); err != nil {
		return fail(err)
	}
	if _, err := c.js.PublishMsg(ctx, m, jetstream.WithRetryAttempts(publishRetries), jetstream.WithRetryWait(publishWait)); err != nil {
		c.metrics.published.WithLabelValues(streamScans, "failed").Inc()
		return fail(err)
	}
	c.metrics.published.WithLabelValues(streamScans, "stored").Inc()
	return nil
}

// ackBody is what acknowledges a message.
var ackBody = []byte("+ACK")

// ScanConsumer takes scans for the one aggregator that holds the lease.
type ScanConsumer struct {
	conn     *Conn
	consumer jetstream.Consumer
}

// ScanConsumer becomes the aggregator: scans are delivered in order, from the
// oldest that was never acknowledged. Scans that a predecessor had fetched and
// not acknowledged come at once, not after a wait.
func (c *Conn) ScanConsumer(ctx context.Context) (*ScanConsumer, error) {
	consumer, err := c.js.CreateOrUpdateConsumer(ctx, streamScans, jetstream.ConsumerConfig{
		Durable: consumerAggregator,
		// Not AckAll: after a crash newer scans may come before the ones that
		// are delivered again, and their acknowledgement would cover those.
		AckPolicy:     jetstream.AckExplicitPolicy,
		AckWait:       scanAckWait,
		MaxDeliver:    -1,
		MaxAckPending: maxScansOut,
	})
	if err != nil {
		return nil, fmt.Errorf("queue: become the aggregator: %w", err)
	}
	if consumer.CachedInfo().NumAckPending > 0 {
		// An older broker does not know this request; there they come after scanAckWait.
		resetCtx, cancel := context.WithTimeout(ctx, resetTimeout)
		defer cancel()
		_, _ = c.js.ResetConsumer(resetCtx, streamScans, consumerAggregator)
	}
	return &ScanConsumer{conn: c, consumer: consumer}, nil
}

// ReplayScans has every scan that the stream holds delivered again, from the
// oldest on, to the next ScanConsumer. It is for an aggregator whose tables are
// empty: scans that others acknowledged are not in them.
func (c *Conn) ReplayScans(ctx context.Context) error {
	err := c.js.DeleteConsumer(ctx, streamScans, consumerAggregator)
	if err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) {
		return fmt.Errorf("queue: replay scans: %w", err)
	}
	return nil
}

// SeqScan is a scan with its sequence in the stream.
type SeqScan struct {
	Seq  uint64
	Scan *message.Scan
}

// ScanBatch is what one Fetch gave. Its zero value is an empty batch.
type ScanBatch struct {
	Scans []SeqScan

	nc    *nats.Conn      // that msgs came by
	msgs  []jetstream.Msg // of Scans, in the same order
	bytes int             // of msgs, compressed
}

// Full reports whether Fill adds no more to the batch.
func (b *ScanBatch) Full(limit int) bool { return len(b.Scans) >= limit || b.bytes >= maxBatchBytes }

// Fetch waits for scans and returns when limit are there, or 32 MiB of them, or
// wait is over, whichever is first; the batch is empty when none came. What
// cannot be decoded goes to the dead and is not in the batch. It returns ctx's
// error when ctx ends, ErrClosed when the connection is closed, and
// message.ErrSchema when a scan is newer than this build (it stays in the
// stream: upgrade). While the broker is away it waits.
func (k *ScanConsumer) Fetch(ctx context.Context, limit int, wait time.Duration) (*ScanBatch, error) {
	b := new(ScanBatch)
	if err := k.Fill(ctx, b, limit, wait); err != nil {
		return nil, err
	}
	return b, nil
}

// Fill adds to a batch what Fetch would put into a new one. After an error the
// batch is of no use.
func (k *ScanConsumer) Fill(ctx context.Context, b *ScanBatch, limit int, wait time.Duration) error {
	ends, had := time.Now().Add(wait), len(b.Scans)
	for !b.Full(limit) {
		rest := time.Until(ends)
		if rest < 5*time.Millisecond {
			if len(b.Scans) > had || rest <= 0 {
				break
			}
			rest = 5 * time.Millisecond
		}
		err := k.fetch(ctx, b, min(limit-len(b.Scans), fetchScans), rest)
		switch {
		case ctx.Err() != nil:
			return fmt.Errorf("queue: fetch scans: %w", context.Cause(ctx))
		case err == nil, errors.Is(err, nats.ErrTimeout), errors.Is(err, context.DeadlineExceeded):
		case errors.Is(err, nats.ErrConnectionClosed):
			return ErrClosed
		case errors.Is(err, message.ErrSchema), errors.Is(err, jetstream.ErrConsumerDeleted), errors.Is(err, jetstream.ErrConsumerNotFound):
			return fmt.Errorf("queue: fetch scans: %w", err)
		default: // the broker is away
			if err := sleep(ctx, min(reconnectWait, rest)); err != nil {
				return fmt.Errorf("queue: fetch scans: %w", err)
			}
		}
	}
	return nil
}

// fetch adds at most n scans to b, those that come within wait. It leaves the
// end of the wait to the broker: a request that we gave up ourselves could
// still be answered, and those scans would be away until scanAckWait.
func (k *ScanConsumer) fetch(ctx context.Context, b *ScanBatch, n int, wait time.Duration) error {
	batch, err := k.consumer.Fetch(n, jetstream.FetchMaxWait(wait))
	if err != nil {
		return err
	}
	msgs := batch.Messages()
	for {
		select {
		case msg, ok := <-msgs:
			if !ok {
				return batch.Error()
			}
			b.bytes += len(msg.Data())
			if err := k.add(ctx, b, msg); err != nil {
				return err
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// add decodes msg into b, or moves it to the dead.
func (k *ScanConsumer) add(ctx context.Context, b *ScanBatch, msg jetstream.Msg) error {
	meta, err := msg.Metadata()
	if err != nil {
		return err
	}
	k.conn.metrics.delivered.WithLabelValues(streamScans, again(meta.NumDelivered)).Inc()
	scan, err := message.DecodeScan(msg.Data())
	if err == nil && scan.Project == "" {
		err = errors.New("no project")
	}
	switch {
	case errors.Is(err, message.ErrSchema):
		return err
	case err != nil:
		ctx, cancel := context.WithTimeout(ctx, requestTimeout)
		defer cancel()
		return k.conn.bury(ctx, msg, "cannot be decoded: "+err.Error())
	}
	b.Scans = append(b.Scans, SeqScan{Seq: meta.Sequence.Stream, Scan: scan})
	b.msgs, b.nc = append(b.msgs, msg), k.conn.nc
	return nil
}

// Ack tells the broker that every scan of the batch is stored elsewhere, and
// returns when it has confirmed that. A broker that dies or is cut off meanwhile
// is told again when it is back: what it missed would come again only after
// scanAckWait. After an error some may be delivered again.
func (b *ScanBatch) Ack(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, ackTimeout)
	defer cancel()
	for len(b.msgs) > 0 {
		whole, err := b.ackOnce(ctx)
		if err == nil && whole {
			return nil
		}
		if err := sleep(ctx, ackRetryWait); err != nil {
			return fmt.Errorf("queue: acknowledge scans: %w", err)
		}
	}
	return nil
}

// ackOnce acknowledges the batch. whole is false when the connection was
// another one in the end: acknowledgements may have gone down with the first.
func (b *ScanBatch) ackOnce(ctx context.Context) (whole bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, ackOnceTimeout)
	defer cancel()
	connection := b.nc.Stats().Reconnects
	// Not msg.Ack, which acknowledges once and never again.
	last := len(b.msgs) - 1
	for _, msg := range b.msgs[:last] {
		if err := b.nc.Publish(msg.Reply(), ackBody); err != nil {
			return false, err
		}
	}
	// The broker handles acknowledgements of a connection in order: when it
	// confirms the last, it has all.
	if _, err := b.nc.RequestWithContext(ctx, b.msgs[last].Reply(), ackBody); err != nil {
		return false, err
	}
	return b.nc.Stats().Reconnects == connection, nil
}
