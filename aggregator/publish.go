package aggregator

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"prevalence/internal/store"
	"prevalence/schemas/message"
)

// coverage is the Coverage of the newest snapshot; other goroutines ask for it.
type coverage struct {
	mu  sync.Mutex
	now Coverage
}

// Coverage says what the newest published snapshot stands for. It may be called
// by any goroutine.
func (a *Aggregator) Coverage() Coverage {
	a.coverage.mu.Lock()
	defer a.coverage.mu.Unlock()
	return a.coverage.now
}

// noteCoverage records that s is current, in the table and for Coverage.
func (a *Aggregator) noteCoverage(ctx context.Context, s snapshotRow, index *indexState) error {
	c := Coverage{
		Snapshot: s.Snapshot, Taken: s.Taken, ScansThrough: a.scans, StatesThrough: a.states,
		IndexRevision: index.revision, IndexSweep: second(index.index.Sweep),
	}
	if err := a.db.Insert(ctx, "coverage",
		store.Column{Name: "snapshot", Values: []string{c.Snapshot}},
		store.Column{Name: "looked", Values: []time.Time{time.Now().UTC()}},
		store.Column{Name: "scans_through", Values: []uint64{c.ScansThrough}},
		store.Column{Name: "states_through", Values: []uint64{c.StatesThrough}},
		store.Column{Name: "index_revision", Values: []uint64{c.IndexRevision}},
		store.Column{Name: "index_sweep", Values: []time.Time{c.IndexSweep}}); err != nil {
		return err
	}
	a.setCoverage(c)
	a.metrics.looked.SetToCurrentTime()
	a.stored = false
	return nil
}

func (a *Aggregator) setCoverage(c Coverage) {
	a.coverage.mu.Lock()
	defer a.coverage.mu.Unlock()
	a.coverage.now = c
	a.metrics.taken.Set(float64(c.Taken.Unix()))
}

// loadCoverage restores Coverage after a start.
func (a *Aggregator) loadCoverage(ctx context.Context) error {
	last, err := a.lastSnapshot(ctx)
	if err != nil || last == nil {
		return err
	}
	type row struct {
		ScansThrough  uint64    `ch:"scans_through"`
		StatesThrough uint64    `ch:"states_through"`
		IndexRevision uint64    `ch:"index_revision"`
		IndexSweep    time.Time `ch:"index_sweep"`
	}
	rows, err := store.Select[row](ctx, a.db,
		"SELECT scans_through, states_through, index_revision, index_sweep FROM coverage FINAL WHERE snapshot = {snapshot:String}",
		store.Params{"snapshot": last.Snapshot})
	if err != nil {
		return fmt.Errorf("aggregator: coverage: %w", err)
	}
	c := Coverage{Snapshot: last.Snapshot, Taken: last.Taken}
	for _, r := range rows {
		c.ScansThrough, c.StatesThrough, c.IndexRevision, c.IndexSweep = r.ScansThrough, r.StatesThrough, r.IndexRevision, r.IndexSweep
	}
	if last.Labels != a.labels || a.rematched > uint64(last.Taken.UnixMicro()) {
		c.ScansThrough = 0 // it is of other labels or rules
	}
	a.setCoverage(c)
	return nil
}

// current reports whether nothing was stored and no index was read since the
// newest snapshot was last compared with the tables. It is false after a start:
// what a crash stored last, no snapshot has seen, and scans that are delivered
// again have sequences below those that came after them.
func (a *Aggregator) current() bool {
	c := a.Coverage()
	return !a.stored && c.StatesThrough == a.states &&
		(a.index == nil || c.IndexRevision == a.index.revision && c.IndexSweep.Equal(second(a.index.index.Sweep)))
}

// useScannedNames takes the scanned projects for the index.
func (a *Aggregator) useScannedNames(ctx context.Context) error {
	type row struct {
		Project string `ch:"project"`
	}
	rows, err := store.Select[row](ctx, a.db, "SELECT DISTINCT project FROM scans", nil)
	if err != nil {
		return err
	}
	names := make(map[string]message.Serial, len(rows))
	for _, r := range rows {
		names[r.Project] = ""
	}
	return a.UseIndex(ctx, &message.Index{Projects: names}, 0)
}

// members lists the snapshots that have members, the newest first.
func (a *Aggregator) members(ctx context.Context) ([]memberList, error) {
	rows, err := store.Select[memberList](ctx, a.db,
		"SELECT DISTINCT snapshot, snapshot IN (SELECT snapshot FROM snapshots) AS published FROM snapshot_projects ORDER BY snapshot DESC", nil)
	if err != nil {
		return nil, fmt.Errorf("aggregator: members of snapshots: %w", err)
	}
	return rows, nil
}

// memberList says that a snapshot has a list of its projects.
type memberList struct {
	Snapshot  string `ch:"snapshot"`
	Published bool   `ch:"published"`
}

// day is the part of a snapshot's name that is its day.
func (m memberList) day() string { day, _, _ := strings.Cut(m.Snapshot, "T"); return day }

// sweepUnpublished removes what a snapshot left behind that was never published.
func (a *Aggregator) sweepUnpublished(ctx context.Context) error {
	lists, err := a.members(ctx)
	if err != nil {
		return err
	}
	for _, m := range lists {
		if m.Published {
			continue
		}
		// The members go last: they are what the next start finds.
		for _, table := range []string{"snapshot_strata", "prevalence", "importance", "coverage"} {
			if err := a.db.Exec(ctx, "DELETE FROM "+table+" WHERE snapshot = {snapshot:String}", store.Params{"snapshot": m.Snapshot}); err != nil {
				return fmt.Errorf("aggregator: unpublished snapshot %s: %w", m.Snapshot, err)
			}
		}
		if err := a.dropFresh(ctx, m.Snapshot); err != nil {
			return fmt.Errorf("aggregator: unpublished snapshot %s: %w", m.Snapshot, err)
		}
		if err := a.dropMembers(ctx, m.Snapshot); err != nil {
			return fmt.Errorf("aggregator: unpublished snapshot %s: %w", m.Snapshot, err)
		}
	}
	return nil
}

// dropMembers removes the list of projects of a snapshot. Its name is made of
// letters that need no quoting, see nameSnapshot.
func (a *Aggregator) dropMembers(ctx context.Context, snapshot string) error {
	return a.db.Exec(ctx, "ALTER TABLE snapshot_projects DROP PARTITION '"+snapshot+"'", nil)
}

// dropFresh removes what the newest snapshots alone have: the counts of symbols,
// and which domains may be shown.
func (a *Aggregator) dropFresh(ctx context.Context, snapshot string) error {
	for _, table := range freshTables {
		if err := a.db.Exec(ctx, "ALTER TABLE "+table+" DROP PARTITION '"+snapshot+"'", nil); err != nil {
			return err
		}
	}
	return nil
}

// freshTables have a partition a snapshot, of the newest keepFresh.
var freshTables = []string{"symbol_counts", "shown_domains"}

const keepFresh = 2

// prune drops the lists of projects that are kept no longer.
func (a *Aggregator) prune(ctx context.Context) error {
	lists, err := a.members(ctx)
	if err != nil {
		return err
	}
	for _, m := range obsolete(lists, a.o.KeepMembers) {
		if err := a.dropMembers(ctx, m.Snapshot); err != nil {
			return fmt.Errorf("aggregator: members of %s: %w", m.Snapshot, err)
		}
	}
	fresh, err := store.Select[memberList](ctx, a.db, `SELECT DISTINCT snapshot, true AS published FROM
		(SELECT snapshot FROM symbol_counts UNION DISTINCT SELECT snapshot FROM shown_domains) ORDER BY snapshot DESC`, nil)
	if err != nil {
		return fmt.Errorf("aggregator: counts of symbols: %w", err)
	}
	for _, m := range fresh[min(len(fresh), keepFresh):] {
		if err := a.dropFresh(ctx, m.Snapshot); err != nil {
			return fmt.Errorf("aggregator: counts of symbols of %s: %w", m.Snapshot, err)
		}
	}
	return nil
}

// obsolete returns the published lists, of lists with the newest first, that
// are neither among the newest keep nor the last of their day.
func obsolete(lists []memberList, keep int) []memberList {
	lists = slices.DeleteFunc(slices.Clone(lists), func(m memberList) bool { return !m.Published })
	var old []memberList
	for i, m := range lists {
		if i >= keep && i > 0 && lists[i-1].day() == m.day() {
			old = append(old, m)
		}
	}
	return old
}
