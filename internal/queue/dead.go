package queue

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// The headers of a dead message.
const (
	headerReason   = "Prevalence-Reason"
	headerStream   = "Prevalence-Stream"
	headerSubject  = "Prevalence-Subject"
	headerSeq      = "Prevalence-Seq"
	headerAttempts = "Prevalence-Attempts"
)

const maxReasonBytes = 500

// Dead is a message that could not be processed.
type Dead struct {
	Seq      uint64    // in the stream of the dead
	At       time.Time // when it was given up
	Reason   string    // one line
	Stream   string    // where it came from: JOBS or SCANS
	Subject  string    // there
	FromSeq  uint64    // there
	Attempts int
	Data     []byte // as it was; empty when it was too large to keep
}

// bury publishes msg to the dead and, when that is confirmed, removes it from
// its own consumer.
func (c *Conn) bury(ctx context.Context, msg jetstream.Msg, reason string) error {
	meta, err := msg.Metadata()
	if err != nil {
		return fmt.Errorf("queue: discard: %w", err)
	}
	reason = oneLine(reason)
	d := Dead{
		Reason: reason, Stream: meta.Stream, Subject: msg.Subject(), FromSeq: meta.Sequence.Stream,
		Attempts: int(meta.NumDelivered), Data: msg.Data(),
	}
	if err := c.publishDead(ctx, d); err != nil {
		return fmt.Errorf("queue: discard %s: %w", msg.Subject(), err)
	}
	c.metrics.buried.WithLabelValues(d.Stream).Inc()
	if err := msg.TermWithReason(reason); err != nil {
		return fmt.Errorf("queue: discard %s: %w", msg.Subject(), err)
	}
	return nil
}

// publishDead publishes d and returns when the broker has stored it.
func (c *Conn) publishDead(ctx context.Context, d Dead) error {
	m := nats.NewMsg("dead." + d.Subject)
	m.Header.Set(headerReason, d.Reason)
	m.Header.Set(headerStream, d.Stream)
	m.Header.Set(headerSubject, d.Subject)
	m.Header.Set(headerSeq, strconv.FormatUint(d.FromSeq, 10))
	m.Header.Set(headerAttempts, strconv.Itoa(d.Attempts))
	m.Header.Set(jetstream.MsgIDHeader, d.Stream+"/"+strconv.FormatUint(d.FromSeq, 10))
	m.Data = d.Data
	if c.checkSize(m) != nil {
		m.Data = nil
	}
	_, err := c.js.PublishMsg(ctx, m)
	return err
}

// oneLine makes text fit for a header: printable, one line, bounded.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	if len(s) > maxReasonBytes {
		s = strings.ToValidUTF8(s[:maxReasonBytes], "") + "…"
	}
	if s = strings.TrimSpace(s); s == "" {
		return "no reason given"
	}
	return s
}

// Dead lists what could not be processed, the oldest first, at most limit of
// it; limit 0 or less means 1000.
func (c *Conn) Dead(ctx context.Context, limit int) ([]Dead, error) {
	if limit <= 0 {
		limit = 1000
	}
	var list []Dead
	for msg, err := range c.replay(ctx, streamDead, 0) {
		if err != nil {
			return nil, fmt.Errorf("queue: list the dead: %w", err)
		}
		meta, err := msg.Metadata()
		if err != nil {
			return nil, fmt.Errorf("queue: list the dead: %w", err)
		}
		d := deadOf(meta.Sequence.Stream, meta.Timestamp, msg.Headers(), msg.Data())
		if list = append(list, d); len(list) == limit {
			break
		}
	}
	return list, nil
}

func deadOf(seq uint64, at time.Time, h nats.Header, data []byte) Dead {
	from, _ := strconv.ParseUint(h.Get(headerSeq), 10, 64)
	attempts, _ := strconv.Atoi(h.Get(headerAttempts))
	return Dead{
		Seq: seq, At: at, Reason: h.Get(headerReason),
		Stream: h.Get(headerStream), Subject: h.Get(headerSubject), FromSeq: from,
		Attempts: attempts, Data: data,
	}
}

// DeadLetter returns what has this sequence among the dead, or ErrNotFound.
func (c *Conn) DeadLetter(ctx context.Context, seq uint64) (Dead, error) {
	stream, err := c.js.Stream(ctx, streamDead)
	if err != nil {
		return Dead{}, fmt.Errorf("queue: dead %d: %w", seq, err)
	}
	raw, err := stream.GetMsg(ctx, seq)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		err = ErrNotFound
	}
	if err != nil {
		return Dead{}, fmt.Errorf("queue: dead %d: %w", seq, err)
	}
	return deadOf(raw.Sequence, raw.Time, raw.Header, raw.Data), nil
}

// Drop forgets what has this sequence among the dead; it need not be there.
func (c *Conn) Drop(ctx context.Context, seq uint64) error {
	stream, err := c.js.Stream(ctx, streamDead)
	if err == nil {
		err = deleteMsg(ctx, stream, seq)
	}
	if err != nil {
		return fmt.Errorf("queue: drop dead %d: %w", seq, err)
	}
	return nil
}

// deleteMsg deletes a message that may be gone already.
func deleteMsg(ctx context.Context, stream jetstream.Stream, seq uint64) error {
	return gone(stream.DeleteMsg(ctx, seq))
}

// gone is the error of a deletion, nil when the message was gone already.
func gone(err error) error {
	// The broker has a general code for this; only the text tells.
	if errors.Is(err, jetstream.ErrMsgDeleteUnsuccessful) && strings.Contains(err.Error(), "no message found") {
		return nil
	}
	return err
}

// Requeue publishes d to where it came from and forgets it among the dead. A
// job is refused, with ErrConflict, while its project has another one out.
// What was too large to keep is refused with ErrTooLarge.
func (c *Conn) Requeue(ctx context.Context, d Dead) error {
	if len(d.Data) == 0 {
		return fmt.Errorf("%w, and was not kept: %s", ErrTooLarge, d.Subject)
	}
	m := nats.NewMsg(d.Subject)
	m.Data = d.Data
	_, err := c.js.PublishMsg(ctx, m)
	if isSubjectFull(err) {
		return fmt.Errorf("%w: %s has a newer job", ErrConflict, d.Subject)
	}
	if err != nil {
		return fmt.Errorf("queue: requeue %s: %w", d.Subject, err)
	}
	return c.Drop(ctx, d.Seq)
}
