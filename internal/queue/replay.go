package queue

import (
	"context"
	"iter"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	replayBatch = 500
	replayWait  = 5 * time.Second
)

// replay gives the messages of a stream from sequence from on (0: from the
// first), up to the last that is there when it starts; only those of a subject
// filter, if one is given. The pair's error is the last one given.
func (c *Conn) replay(ctx context.Context, stream string, from uint64, filter ...string) iter.Seq2[jetstream.Msg, error] {
	return func(yield func(jetstream.Msg, error) bool) {
		config := jetstream.ConsumerConfig{
			AckPolicy:         jetstream.AckNonePolicy,
			DeliverPolicy:     jetstream.DeliverAllPolicy,
			InactiveThreshold: time.Minute,
			MemoryStorage:     true,
			FilterSubjects:    filter,
		}
		if from > 0 {
			config.DeliverPolicy, config.OptStartSeq = jetstream.DeliverByStartSequencePolicy, from
		}
		consumer, err := c.js.CreateConsumer(ctx, stream, config)
		if err != nil {
			yield(nil, err)
			return
		}
		name := consumer.CachedInfo().Name
		defer func() {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), replayWait)
			defer cancel()
			_ = c.js.DeleteConsumer(ctx, stream, name) // else the broker forgets it in a minute
		}()
		for left := consumer.CachedInfo().NumPending; left > 0; {
			batch, err := consumer.Fetch(int(min(left, replayBatch)), jetstream.FetchMaxWait(replayWait))
			if err != nil {
				yield(nil, err)
				return
			}
			got := uint64(0)
			for msg := range batch.Messages() {
				got++
				if !yield(msg, nil) {
					return
				}
			}
			switch {
			case ctx.Err() != nil:
				yield(nil, context.Cause(ctx))
				return
			case batch.Error() != nil:
				yield(nil, batch.Error())
				return
			case got == 0: // what was pending has been replaced or deleted meanwhile
				return
			}
			left -= min(left, got)
		}
	}
}
