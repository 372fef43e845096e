package queue

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"prevalence/schemas/message"
)

const (
	indexKey = "index"
	// orphanAge is when an index object that nothing points to may go: whoever
	// wrote it has failed or has long published it.
	orphanAge = time.Hour
)

// indexPointer is the value of indexKey: which object is the published index.
type indexPointer struct {
	Object string    `json:"object"`
	Sweep  time.Time `json:"sweep"`
}

// LoadIndex returns the published index and its revision, to be given to
// SaveIndex; ErrNotFound and revision 0 before the first.
func (c *Conn) LoadIndex(ctx context.Context) (*message.Index, uint64, error) {
	for attempt := 0; ; attempt++ {
		x, revision, err := c.loadIndex(ctx)
		// Somebody has published another one between the two reads.
		if errors.Is(err, jetstream.ErrObjectNotFound) && attempt < 3 {
			continue
		}
		if err != nil {
			return nil, 0, fmt.Errorf("queue: load index: %w", err)
		}
		return x, revision, nil
	}
}

func (c *Conn) loadIndex(ctx context.Context) (*message.Index, uint64, error) {
	_, pointer, revision, err := c.indexPointer(ctx)
	if err != nil {
		return nil, 0, err
	}
	if revision == 0 {
		return nil, 0, ErrNotFound
	}
	store, err := c.js.ObjectStore(ctx, bucketIndex)
	if err != nil {
		return nil, 0, err
	}
	b, err := store.GetBytes(ctx, pointer.Object)
	if err != nil {
		return nil, 0, err
	}
	x, err := message.DecodeIndex(b)
	if err != nil {
		return nil, 0, err
	}
	return x, revision, nil
}

// IndexRevision is the revision of the published index, 0 before the first. It
// costs a key's look-up, where LoadIndex reads every name.
func (c *Conn) IndexRevision(ctx context.Context) (uint64, error) {
	_, _, revision, err := c.indexPointer(ctx)
	if err != nil {
		return 0, fmt.Errorf("queue: revision of the index: %w", err)
	}
	return revision, nil
}

// indexPointer reads the pointer; revision 0 when there is none.
func (c *Conn) indexPointer(ctx context.Context) (kv jetstream.KeyValue, p indexPointer, revision uint64, err error) {
	if kv, err = c.js.KeyValue(ctx, bucketState); err != nil {
		return nil, p, 0, err
	}
	entry, err := kv.Get(ctx, indexKey)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return kv, p, 0, nil
	}
	if err != nil {
		return nil, p, 0, err
	}
	if err := json.Unmarshal(entry.Value(), &p); err != nil {
		return nil, p, 0, err
	}
	return kv, p, entry.Revision(), nil
}

// SaveIndex publishes x in place of the index of that revision (0: there is
// none yet) and returns the new revision. It returns ErrConflict, and has
// changed nothing, when another one was published meanwhile. Readers see the
// old index or the new one, whole.
func (c *Conn) SaveIndex(ctx context.Context, x *message.Index, revision uint64) (uint64, error) {
	revision, err := c.saveIndex(ctx, x, revision)
	if err != nil {
		return 0, fmt.Errorf("queue: save index: %w", err)
	}
	return revision, nil
}

func (c *Conn) saveIndex(ctx context.Context, x *message.Index, revision uint64) (uint64, error) {
	kv, old, current, err := c.indexPointer(ctx)
	switch {
	case err != nil:
		return 0, err
	case current != revision:
		return 0, ErrConflict
	}
	b, err := message.EncodeIndex(x)
	if err != nil {
		return 0, err
	}
	store, err := c.js.ObjectStore(ctx, bucketIndex)
	if err != nil {
		return 0, err
	}
	pointer := indexPointer{Object: "index-" + rand.Text(), Sweep: x.Sweep}
	value, err := json.Marshal(pointer)
	if err != nil {
		return 0, err
	}
	if _, err := store.Put(ctx, jetstream.ObjectMeta{Name: pointer.Object}, bytes.NewReader(b)); err != nil {
		return 0, err
	}
	var saved uint64
	if revision == 0 {
		saved, err = kv.Create(ctx, indexKey, value)
	} else {
		saved, err = kv.Update(ctx, indexKey, value, revision)
	}
	if err != nil {
		if errors.Is(err, jetstream.ErrKeyExists) || isWrongLastSequence(err) {
			_ = store.Delete(ctx, pointer.Object) // else it goes as an orphan
			return 0, ErrConflict
		}
		// Perhaps it was published and the answer was lost: the object stays.
		return 0, err
	}
	// The index is published; what cannot be cleaned now is cleaned next time.
	if old.Object != "" {
		_ = store.Delete(ctx, old.Object)
	}
	c.deleteOrphans(ctx, store, pointer.Object)
	return saved, nil
}

// deleteOrphans deletes old index objects that are not the published one.
func (c *Conn) deleteOrphans(ctx context.Context, store jetstream.ObjectStore, published string) {
	list, err := store.List(ctx)
	if err != nil {
		return
	}
	for _, info := range list {
		if info.Name != published && time.Since(info.ModTime) > orphanAge {
			_ = store.Delete(ctx, info.Name)
		}
	}
}
