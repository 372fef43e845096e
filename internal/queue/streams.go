package queue

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// The names of streams, buckets and consumers.
const (
	streamJobs   = "JOBS"
	streamScans  = "SCANS"
	streamStates = "STATES"
	streamDead   = "DEAD"
	streamReap   = "REAP"

	bucketState = "prevalence"
	bucketStale = "prevalence_stale"
	bucketIndex = "prevalence_index"

	bucketFleet   = "prevalence_fleet"
	bucketManners = "prevalence_manners"

	consumerWorkers    = "workers"
	consumerAggregator = "aggregator"
)

// streams are the configurations of the streams, without FirstSeq.
func streams() []jetstream.StreamConfig {
	return []jetstream.StreamConfig{{
		Name:                 streamJobs,
		Description:          "one job a project, until a worker has acknowledged it",
		Subjects:             []string{"jobs.*"},
		Retention:            jetstream.WorkQueuePolicy,
		Discard:              jetstream.DiscardNew,
		DiscardNewPerSubject: true,
		MaxMsgsPerSubject:    1,
	}, {
		Name:              streamScans,
		Description:       "scans: the newest of each release",
		Subjects:          []string{"scans.*.*"},
		Retention:         jetstream.LimitsPolicy,
		Discard:           jetstream.DiscardOld,
		MaxMsgsPerSubject: 2,
		Duplicates:        10 * time.Minute,
	}, {
		Name:        streamStates,
		Description: "changes of projects' states, pinned rankings, and what is forgotten",
		Subjects:    []string{"states.project.*", "states.ranking.*", subjectForgotten + "*"},
		Retention:   jetstream.LimitsPolicy,
		Discard:     jetstream.DiscardOld,
		Duplicates:  2 * time.Minute,
	}, {
		Name:              streamDead,
		Description:       "what could not be processed, with the reason",
		Subjects:          []string{"dead.>"},
		Retention:         jetstream.LimitsPolicy,
		Discard:           jetstream.DiscardOld,
		MaxMsgsPerSubject: 3,
		MaxMsgs:           100_000,
		MaxBytes:          2 << 30,
		Duplicates:        2 * time.Minute,
	}, {
		Name:        streamReap,
		Description: "the broker's advisories of jobs that it gave up delivering",
		Subjects:    []string{"$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES." + streamJobs + "." + consumerWorkers},
		Retention:   jetstream.LimitsPolicy,
		Discard:     jetstream.DiscardOld,
		MaxMsgs:     100_000,
	}}
}

// Ensure creates what is missing of streams, buckets and the object store, and
// brings the streams' limits to what this build wants. It may be called by
// several processes, at any time. A stream that is created starts at the
// present time in microseconds since 1970, so that its sequences are above
// those of any stream that was here before.
//
// It needs the rights of an owner; a worker finds everything in place.
func (c *Conn) Ensure(ctx context.Context) (err error) {
	for _, config := range streams() {
		if err := c.ensureStream(ctx, config); err != nil {
			if errors.Is(err, jetstream.ErrJetStreamNotEnabled) || errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount) {
				return fmt.Errorf("queue: the NATS server has no JetStream; start it with -js: %w", err)
			}
			return fmt.Errorf("queue: stream %s: %w", config.Name, err)
		}
	}
	for _, config := range []jetstream.KeyValueConfig{
		{Bucket: bucketState, Description: "pointers: which index object is the published one", History: 5},
		{Bucket: bucketStale, Description: "projects whose page was older than the index promised", History: 1},
		{Bucket: bucketFleet, Description: "who fetches: a lease each, see Fleet", History: 1, TTL: leaseTTL},
		{Bucket: bucketManners, Description: "pauses that hosts asked for, and what was spent of a day's budget", History: 1, TTL: mannersTTL},
	} {
		if config.Replicas, err = c.copies(ctx, "KV_"+config.Bucket); err != nil {
			return fmt.Errorf("queue: bucket %s: %w", config.Bucket, err)
		}
		if _, err := c.js.CreateOrUpdateKeyValue(ctx, config); err != nil {
			return fmt.Errorf("queue: bucket %s: %w", config.Bucket, err)
		}
	}
	copies, err := c.copies(ctx, "OBJ_"+bucketIndex)
	if err != nil {
		return fmt.Errorf("queue: object store %s: %w", bucketIndex, err)
	}
	object := jetstream.ObjectStoreConfig{Bucket: bucketIndex, Replicas: copies,
		Description: "the list of all names, as the last sweep published it"}
	if _, err := c.js.CreateOrUpdateObjectStore(ctx, object); err != nil {
		return fmt.Errorf("queue: object store %s: %w", bucketIndex, err)
	}
	return nil
}

// ensureStream creates or updates one stream.
func (c *Conn) ensureStream(ctx context.Context, config jetstream.StreamConfig) error {
	config.Storage = jetstream.FileStorage
	config.AllowDirect = true
	for {
		stream, err := c.js.Stream(ctx, config.Name)
		if errors.Is(err, jetstream.ErrStreamNotFound) {
			config.FirstSeq = uint64(time.Now().UnixMicro())
			config.Replicas = c.replicas
			_, err = c.js.CreateStream(ctx, config)
			if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
				continue // somebody else was faster
			}
			return err
		}
		if err != nil {
			return err
		}
		config.FirstSeq = stream.CachedInfo().Config.FirstSeq
		config.Replicas = cmp.Or(c.replicas, stream.CachedInfo().Config.Replicas)
		_, err = c.js.UpdateStream(ctx, config)
		return err
	}
}

// copies is how many copies a stream is to have: as many as are wanted, or as
// it has.
func (c *Conn) copies(ctx context.Context, stream string) (int, error) {
	if c.replicas > 0 {
		return c.replicas, nil
	}
	s, err := c.js.Stream(ctx, stream)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return 1, nil
	}
	if err != nil {
		return 0, err
	}
	return s.CachedInfo().Config.Replicas, nil
}

// Backlog says how much waits where.
type Backlog struct {
	Jobs     uint64 // waiting for a worker
	JobsOut  uint64 // with a worker, or waiting to be delivered again
	Scans    uint64 // not yet acknowledged by the aggregator
	Dead     uint64
	LastScan uint64 // the sequence of the newest scan, 0 without any
	// OldestJob is when the oldest job was published; of no meaning without any.
	OldestJob time.Time
}

// Idle reports whether nothing waits for a worker or the aggregator.
func (b Backlog) Idle() bool { return b.Jobs == 0 && b.JobsOut == 0 && b.Scans == 0 }

// Backlog asks the broker how much waits where. The numbers are of slightly
// different moments; jobs are counted before scans, so that a job that ends
// meanwhile is counted twice rather than not at all.
func (c *Conn) Backlog(ctx context.Context) (Backlog, error) {
	var b Backlog
	fail := func(err error) (Backlog, error) { return Backlog{}, fmt.Errorf("queue: backlog: %w", err) }
	jobs, err := c.streamState(ctx, streamJobs)
	if err != nil {
		return fail(err)
	}
	b.Jobs, b.OldestJob = jobs.Msgs, jobs.FirstTime
	switch info, err := c.consumerInfo(ctx, streamJobs, consumerWorkers); {
	case errors.Is(err, jetstream.ErrConsumerNotFound):
	case err != nil:
		return fail(err)
	default:
		b.JobsOut = min(uint64(info.NumAckPending), jobs.Msgs)
		b.Jobs = jobs.Msgs - b.JobsOut
	}
	scans, err := c.streamState(ctx, streamScans)
	if err != nil {
		return fail(err)
	}
	b.Scans = scans.Msgs
	if scans.Msgs > 0 {
		b.LastScan = scans.LastSeq
	}
	switch info, err := c.consumerInfo(ctx, streamScans, consumerAggregator); {
	case errors.Is(err, jetstream.ErrConsumerNotFound):
	case err != nil:
		return fail(err)
	default:
		b.Scans = info.NumPending + uint64(info.NumAckPending)
	}
	dead, err := c.streamState(ctx, streamDead)
	if err != nil {
		return fail(err)
	}
	b.Dead = dead.Msgs
	return b, nil
}

func (c *Conn) streamState(ctx context.Context, name string) (jetstream.StreamState, error) {
	stream, err := c.js.Stream(ctx, name)
	if err != nil {
		return jetstream.StreamState{}, fmt.Errorf("stream %s: %w", name, err)
	}
	return stream.CachedInfo().State, nil
}

func (c *Conn) consumerInfo(ctx context.Context, stream, name string) (*jetstream.ConsumerInfo, error) {
	consumer, err := c.js.Consumer(ctx, stream, name)
	if err != nil {
		return nil, fmt.Errorf("consumer %s: %w", name, err)
	}
	return consumer.CachedInfo(), nil
}
