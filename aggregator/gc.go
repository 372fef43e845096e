package aggregator

import (
	"context"
	"fmt"
	"time"

	"prevalence/internal/store"
)

// Collected says what GC deleted.
type Collected struct {
	Scans  uint64            `json:"scans"`  // rows of table scans
	Facts  map[string]uint64 `json:"facts"`  // rows, by table
	Before uint64            `json:"before"` // bytes on disk
	After  uint64            `json:"after"`  // bytes on disk; parts that were replaced vanish within minutes
}

// factTables hold rows by (project_id, scan_seq).
var factTables = []string{"symbols", "indicators", "emails", "dependencies", "provided_modules"}

// GC deletes the scans that nobody needs any more, and their facts: those
// that no snapshot with a list of projects names, and that a newer scan of the
// same release replaced or that are of a release which newer ones have pushed out
// of those that a project keeps. What the newest scan of each kept release says
// stays; so do the history of states and all published numbers. What an older
// rematch wrote goes when no kept snapshot is of its catalogue.
//
// It may run beside an Aggregator: what a snapshot under way can choose is kept.
func (u *Upkeep) GC(ctx context.Context) (*Collected, error) {
	c := &Collected{Facts: make(map[string]uint64)}
	var err error
	if c.Before, err = u.bytesOnDisk(ctx); err != nil {
		return nil, fmt.Errorf("aggregator: collect garbage: %w", err)
	}
	if err := u.collect(ctx, c); err != nil {
		return nil, fmt.Errorf("aggregator: collect garbage: %w", err)
	}
	if c.After, err = u.bytesOnDisk(ctx); err != nil {
		return nil, fmt.Errorf("aggregator: collect garbage: %w", err)
	}
	return c, nil
}

func (u *Upkeep) bytesOnDisk(ctx context.Context) (uint64, error) {
	return number(ctx, u.db, "SELECT sum(bytes_on_disk) AS n FROM system.parts WHERE active AND database = currentDatabase()")
}

func (u *Upkeep) collect(ctx context.Context, c *Collected) error {
	began := time.Now()
	// Which scans go is decided once: the deletions below must agree.
	for _, statement := range []string{"TRUNCATE TABLE garbage", garbageSQL} {
		if err := u.db.Exec(ctx, statement, store.Params{"keep": uint32(u.o.KeepReleases), "catalogue": u.o.Catalog.Hash()}); err != nil {
			return err
		}
	}
	var err error
	if c.Scans, err = number(ctx, u.db, "SELECT count() AS n FROM garbage"); err != nil || c.Scans == 0 {
		return err
	}
	// The facts go first: a scan's row is what says that it has any.
	for _, table := range factTables {
		const where = "(project_id, scan_seq) IN (SELECT project_id, scan_seq FROM garbage)"
		n, err := number(ctx, u.db, "SELECT count() AS n FROM "+table+" WHERE "+where)
		if err != nil {
			return err
		}
		if c.Facts[table] = n; n == 0 {
			continue
		}
		if err := u.db.Exec(ctx, "DELETE FROM "+table+" WHERE "+where+" SETTINGS lightweight_deletes_sync = 2", nil); err != nil {
			return err
		}
	}
	if err := u.db.Exec(ctx, "DELETE FROM scans WHERE (project_id, scan_seq) IN (SELECT project_id, scan_seq FROM garbage) SETTINGS lightweight_deletes_sync = 2", nil); err != nil {
		return err
	}
	if err := u.db.Exec(ctx, staleRematchSQL, store.Params{"catalogue": u.o.Catalog.Hash()}); err != nil {
		return err
	}
	// Deleted rows are marked; rewriting the parts gives the space back.
	for _, table := range append([]string{"scans"}, factTables...) {
		if err := u.db.Exec(ctx, "ALTER TABLE "+table+" APPLY DELETED MASK SETTINGS mutations_sync = 2", nil); err != nil {
			return err
		}
	}
	u.log.Info("garbage collected", "scans", c.Scans, "took", time.Since(began).Round(time.Millisecond))
	return u.db.Exec(ctx, "TRUNCATE TABLE garbage", nil)
}
