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
	m := nats.NewMsg("dead." + msg.Subject())
	m.Header.Set(headerReason, reason)
	m.Header.Set(headerStream, meta.Stream)
	m.Header.Set(headerSubject, msg.Subject())
	m.Header.Set(headerSeq, strconv.FormatUint(meta.Sequence.Stream, 10))
	m.Header.Set(headerAttempts, strconv.FormatUint(meta.NumDelivered, 10))
	m.Header.Set(jetstream.MsgIDHeader, meta.Stream+"/"+strconv.FormatUint(meta.Sequence.Stream, 10))
	m.Data = msg.Data()
	if c.checkSize(m) != nil {
		m.Data = nil
	}
	if _, err := c.js.PublishMsg(ctx, m); err != nil {
		return fmt.Errorf("queue: discard %s: %w", msg.Subject(), err)
	}
	if err := msg.TermWithReason(reason); err != nil {
		return fmt.Errorf("queue: discard %s: %w", msg.Subject(), err)
	}
	return nil
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
		d, err := deadOf(msg)
		if err != nil {
			return nil, fmt.Errorf("queue: list the dead: %w", err)
		}
		if list = append(list, d); len(list) == limit {
			break
		}
	}
	return list, nil
}

func deadOf(msg jetstream.Msg) (Dead, error) {
	meta, err := msg.Metadata()
	if err != nil {
		return Dead{}, err
	}
	h := msg.Headers()
	from, _ := strconv.ParseUint(h.Get(headerSeq), 10, 64)
	attempts, _ := strconv.Atoi(h.Get(headerAttempts))
	return Dead{
		Seq: meta.Sequence.Stream, At: meta.Timestamp, Reason: h.Get(headerReason),
		Stream: h.Get(headerStream), Subject: h.Get(headerSubject), FromSeq: from,
		Attempts: attempts, Data: msg.Data(),
	}, nil
}

// Requeue publishes d to where it came from and forgets it among the dead. A
// job is refused, with ErrConflict, while its project has another one out.
func (c *Conn) Requeue(ctx context.Context, d Dead) error {
	m := nats.NewMsg(d.Subject)
	m.Data = d.Data
	_, err := c.js.PublishMsg(ctx, m)
	if isSubjectFull(err) {
		return fmt.Errorf("%w: %s has a newer job", ErrConflict, d.Subject)
	}
	if err != nil {
		return fmt.Errorf("queue: requeue %s: %w", d.Subject, err)
	}
	stream, err := c.js.Stream(ctx, streamDead)
	if err == nil {
		err = stream.DeleteMsg(ctx, d.Seq)
	}
	if err != nil && !errors.Is(err, jetstream.ErrMsgNotFound) {
		return fmt.Errorf("queue: forget dead %d: %w", d.Seq, err)
	}
	return nil
}
