package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"prevalence/schemas/message"
)

const subjectForgotten = "states.forgotten."

// Forget leaves a tombstone in STATES and returns when the broker has it. From
// then on crawler and aggregator obey it; what is in the streams already, the
// Purge functions remove.
func (c *Conn) Forget(ctx context.Context, t message.Tombstone) error {
	b, err := json.Marshal(t)
	if err == nil {
		_, err = c.js.PublishMsg(ctx, &nats.Msg{Subject: subjectForgotten + t.Hash, Data: b})
	}
	if err != nil {
		return fmt.Errorf("queue: publish tombstone: %w", err)
	}
	return nil
}

// Forgotten returns all tombstones.
func (c *Conn) Forgotten(ctx context.Context) (*message.Forgotten, error) {
	f := new(message.Forgotten)
	for msg, err := range c.replay(ctx, streamStates, 0, subjectForgotten+"*") {
		var s SeqState
		if err == nil {
			s, err = decodeState(msg)
		}
		if err != nil {
			return nil, fmt.Errorf("queue: tombstones: %w", err)
		}
		f.Add(*s.Tombstone)
	}
	return f, nil
}

// Purged is what was removed from the streams.
type Purged struct {
	Messages uint64 // deleted
	Redacted uint64 // published again without what is to be forgotten
}

// PurgeProject removes every message of a project, its notes, and its name from
// the published index. It needs the rights of an owner.
func (c *Conn) PurgeProject(ctx context.Context, project string) (Purged, error) {
	var p Purged
	name := Token(project)
	for _, x := range []struct{ stream, subject string }{
		{streamJobs, "jobs." + name}, {streamScans, "scans." + name + ".*"}, {streamStates, "states.project." + name},
		{streamDead, "dead.jobs." + name}, {streamDead, "dead.scans." + name + ".*"},
		{"KV_" + bucketStale, "$KV." + bucketStale + "." + name},
	} {
		if err := c.purge(ctx, x.stream, x.subject, &p); err != nil {
			return p, fmt.Errorf("queue: forget a project: %w", err)
		}
	}
	if err := c.unlist(ctx, project); err != nil {
		return p, fmt.Errorf("queue: forget a project: %w", err)
	}
	return p, nil
}

// purge deletes the messages of a subject one by one, which overwrites them on
// the broker's disk; a purge of the subject leaves them there for a while.
func (c *Conn) purge(ctx context.Context, name, subject string, p *Purged) error {
	stream, err := c.js.Stream(ctx, name)
	if err != nil {
		return err
	}
	for {
		msg, err := stream.GetMsg(ctx, 1, jetstream.WithGetMsgSubject(subject))
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := secureDelete(ctx, stream, msg.Sequence); err != nil {
			return err
		}
		p.Messages++
	}
}

// secureDelete is deleteMsg, and overwrites the message.
func secureDelete(ctx context.Context, stream jetstream.Stream, seq uint64) error {
	return gone(stream.SecureDeleteMsg(ctx, seq))
}

// unlist takes a name out of the published index, against sweeps that publish
// another one meanwhile.
func (c *Conn) unlist(ctx context.Context, project string) error {
	for {
		x, revision, err := c.LoadIndex(ctx)
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		before := len(x.Projects) + len(x.Pending) + len(x.Removed) + len(x.States)
		delete(x.Projects, project)
		delete(x.Removed, project)
		delete(x.States, project)
		x.Pending = slices.DeleteFunc(x.Pending, func(name string) bool { return name == project })
		if before == len(x.Projects)+len(x.Pending)+len(x.Removed)+len(x.States) {
			return nil
		}
		if _, err := c.SaveIndex(ctx, x, revision); !errors.Is(err, ErrConflict) {
			return err
		}
	}
}

// PurgeDomains takes what is to be forgotten of domains out of every scan in the
// streams: the newest scan of a release is published again without it, older
// ones and dead ones are deleted. It reads all of SCANS, and needs the rights
// of an owner.
func (c *Conn) PurgeDomains(ctx context.Context, forgotten *message.Forgotten) (Purged, error) {
	var p Purged
	fail := func(err error) (Purged, error) { return p, fmt.Errorf("queue: forget a domain: %w", err) }
	for _, name := range []string{streamScans, streamDead} {
		stream, err := c.js.Stream(ctx, name)
		if err != nil {
			return fail(err)
		}
		for msg, err := range c.replay(ctx, name, 0) {
			if err != nil {
				return fail(err)
			}
			scan, err := message.DecodeScan(msg.Data())
			if err != nil || !forgotten.Redact(scan) {
				continue // no scan, or none that has it
			}
			meta, err := msg.Metadata()
			if err != nil {
				return fail(err)
			}
			if name == streamScans {
				if err := c.replace(ctx, stream, msg.Subject(), meta.Sequence.Stream, scan, &p); err != nil {
					return fail(err)
				}
			}
			if err := secureDelete(ctx, stream, meta.Sequence.Stream); err != nil {
				return fail(err)
			}
			p.Messages++
		}
	}
	return p, nil
}

// replace publishes a redacted scan in place of the one with this sequence, if
// that is the newest of its release.
func (c *Conn) replace(ctx context.Context, stream jetstream.Stream, subject string, seq uint64, scan *message.Scan, p *Purged) error {
	last, err := stream.GetLastMsgForSubject(ctx, subject)
	if errors.Is(err, jetstream.ErrMsgNotFound) || err == nil && last.Sequence != seq {
		return nil
	}
	if err != nil {
		return err
	}
	b, err := message.EncodeScan(scan)
	if err != nil {
		return err
	}
	m := nats.NewMsg(subject)
	m.Data = b
	m.Header.Set(jetstream.MsgIDHeader, "redacted/"+strconv.FormatUint(seq, 10)+"/"+strconv.FormatInt(time.Now().UnixNano(), 36))
	if _, err := c.js.PublishMsg(ctx, m); err != nil {
		return err
	}
	p.Redacted++
	return nil
}
