package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"prevalence/schemas/message"
)

// headerEncoding marks a message whose data are compressed.
const headerEncoding = "Content-Encoding"

const maxRankingBytes = 256 << 20 // unpacked

// PublishState publishes one change of a project's state and returns when the
// broker has stored it. The same change published again within two minutes is
// stored once.
func (c *Conn) PublishState(ctx context.Context, s message.State) error {
	fail := func(err error) error { return fmt.Errorf("queue: publish state of %s: %w", s.Project, err) }
	if s.Project == "" {
		return fail(errors.New("no project"))
	}
	if s.Schema == 0 {
		s.Schema = message.StateSchema
	}
	b, err := json.Marshal(s)
	if err != nil {
		return fail(err)
	}
	m := nats.NewMsg("states.project." + Token(s.Project))
	m.Data = b
	m.Header.Set(jetstream.MsgIDHeader, Token(s.Project)+"/"+string(s.State)+"@"+s.At.UTC().Format(time.RFC3339Nano))
	if err := c.checkSize(m); err != nil {
		return fail(err)
	}
	if _, err := c.js.PublishMsg(ctx, m, jetstream.WithRetryAttempts(publishRetries), jetstream.WithRetryWait(publishWait)); err != nil {
		return fail(err)
	}
	return nil
}

// PublishRanking publishes a ranking and returns when the broker has stored
// it. A ranking of that name that is there already stays as it is. It returns
// ErrTooLarge for a ranking that does not fit into a message: some 200,000
// names do.
func (c *Conn) PublishRanking(ctx context.Context, r message.Ranking) error {
	fail := func(err error) error { return fmt.Errorf("queue: publish ranking %s: %w", r.Name, err) }
	if r.Name == "" {
		return fail(errors.New("no name"))
	}
	if r.Schema == 0 {
		r.Schema = message.StateSchema
	}
	b, err := json.Marshal(r)
	if err != nil {
		return fail(err)
	}
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return fail(err)
	}
	m := nats.NewMsg("states.ranking." + Token(r.Name))
	m.Data = enc.EncodeAll(b, nil)
	m.Header.Set(headerEncoding, "zstd")
	if err := c.checkSize(m); err != nil {
		return fail(err)
	}
	_, err = c.js.PublishMsg(ctx, m, jetstream.WithExpectLastSequencePerSubject(0),
		jetstream.WithRetryAttempts(publishRetries), jetstream.WithRetryWait(publishWait))
	if err != nil && !isWrongLastSequence(err) {
		return fail(err)
	}
	return nil
}

// SeqState is a message of the states with its sequence: a State, a Ranking or a
// Tombstone, the others being nil.
type SeqState struct {
	Seq       uint64
	State     *message.State
	Ranking   *message.Ranking
	Tombstone *message.Tombstone
}

// States gives states, rankings and tombstones in order, from sequence from on (0: all),
// and ends at the last that is there when it starts. After an error there is
// nothing more. The next call's from is the last Seq + 1. Messages that cannot
// be decoded are an error: the crawler alone writes here.
func (c *Conn) States(ctx context.Context, from uint64) iter.Seq2[SeqState, error] {
	return func(yield func(SeqState, error) bool) {
		for msg, err := range c.replay(ctx, streamStates, from) {
			var s SeqState
			if err == nil {
				s, err = decodeState(msg)
			}
			if err != nil {
				yield(SeqState{}, fmt.Errorf("queue: states: %w", err))
				return
			}
			if !yield(s, nil) {
				return
			}
		}
	}
}

// Rankings returns the pinned rankings, in the order in which they were pinned.
func (c *Conn) Rankings(ctx context.Context) ([]message.Ranking, error) {
	var list []message.Ranking
	for msg, err := range c.replay(ctx, streamStates, 0, "states.ranking.*") {
		var s SeqState
		if err == nil {
			s, err = decodeState(msg)
		}
		if err != nil {
			return nil, fmt.Errorf("queue: rankings: %w", err)
		}
		list = append(list, *s.Ranking)
	}
	return list, nil
}

func decodeState(msg jetstream.Msg) (SeqState, error) {
	meta, err := msg.Metadata()
	if err != nil {
		return SeqState{}, err
	}
	data := msg.Data()
	if msg.Headers().Get(headerEncoding) == "zstd" {
		dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxRankingBytes))
		if err != nil {
			return SeqState{}, err
		}
		defer dec.Close()
		if data, err = dec.DecodeAll(data, nil); err != nil {
			return SeqState{}, fmt.Errorf("%s: %w", msg.Subject(), err)
		}
	}
	s := SeqState{Seq: meta.Sequence.Stream}
	var schema int
	switch {
	case strings.HasPrefix(msg.Subject(), "states.ranking."):
		s.Ranking = new(message.Ranking)
		err = json.Unmarshal(data, s.Ranking)
		schema = s.Ranking.Schema
	case strings.HasPrefix(msg.Subject(), subjectForgotten):
		s.Tombstone = new(message.Tombstone)
		err = json.Unmarshal(data, s.Tombstone)
		schema = s.Tombstone.Schema
	default:
		s.State = new(message.State)
		err = json.Unmarshal(data, s.State)
		schema = s.State.Schema
	}
	switch {
	case err != nil:
		return SeqState{}, fmt.Errorf("%s: %w", msg.Subject(), err)
	case schema > message.StateSchema:
		return SeqState{}, message.ErrSchema
	}
	return s, nil
}
