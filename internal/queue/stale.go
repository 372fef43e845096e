package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"

	"prevalence/schemas/message"
)

// staleNote is the value of a key of the stale bucket.
type staleNote struct {
	Project string         `json:"project"`
	Awaited message.Serial `json:"awaited"`
}

// NoteStale notes that the page of a project was older than its job promised:
// a later sweep publishes the job again. A newer note replaces an older one.
func (c *Conn) NoteStale(ctx context.Context, project string, awaited message.Serial) error {
	fail := func(err error) error { return fmt.Errorf("queue: note stale %s: %w", project, err) }
	if project == "" {
		return fail(errors.New("no project"))
	}
	kv, err := c.js.KeyValue(ctx, bucketStale)
	if err != nil {
		return fail(err)
	}
	b, err := json.Marshal(staleNote{project, awaited})
	if err != nil {
		return fail(err)
	}
	if _, err := kv.Put(ctx, Token(project), b); err != nil {
		return fail(err)
	}
	return nil
}

// Stale returns the projects that were noted, each with the serial that is
// awaited. It is empty, not nil, without any.
func (c *Conn) Stale(ctx context.Context) (map[string]message.Serial, error) {
	fail := func(err error) (map[string]message.Serial, error) {
		return nil, fmt.Errorf("queue: list stale: %w", err)
	}
	kv, err := c.js.KeyValue(ctx, bucketStale)
	if err != nil {
		return fail(err)
	}
	watch, err := kv.WatchAll(ctx, jetstream.IgnoreDeletes())
	if err != nil {
		return fail(err)
	}
	defer watch.Stop()
	stale := make(map[string]message.Serial)
	for {
		select {
		case entry, ok := <-watch.Updates():
			if !ok {
				return fail(ErrClosed)
			}
			if entry == nil { // everything there was has come
				return stale, nil
			}
			var note staleNote
			if err := json.Unmarshal(entry.Value(), &note); err != nil {
				return fail(fmt.Errorf("%s: %w", entry.Key(), err))
			}
			stale[note.Project] = note.Awaited
		case <-ctx.Done():
			return fail(context.Cause(ctx))
		}
	}
}

// ClearStale forgets the note of a project; there need not be one.
func (c *Conn) ClearStale(ctx context.Context, project string) error {
	kv, err := c.js.KeyValue(ctx, bucketStale)
	if err == nil {
		err = kv.Purge(ctx, Token(project))
	}
	if err != nil {
		return fmt.Errorf("queue: clear stale %s: %w", project, err)
	}
	return nil
}
