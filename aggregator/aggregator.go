package aggregator

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"prevalence/internal/store"
	"prevalence/schemas/catalog"
	"prevalence/schemas/message"
)

// Options says how an Aggregator works. The zero value of every field but
// Catalog takes the default beside it.
type Options struct {
	// Catalog names the behaviours and issues that a snapshot lists even when
	// nobody shows them.
	Catalog *catalog.Catalog
	// SnapshotEvery is the time between snapshots; default 15 s in the first five
	// minutes of Run, then 1 h. A snapshot is also taken when the broker has
	// nothing left to do, and on request.
	SnapshotEvery time.Duration
	// BatchScans is how many scans an insert holds at most; default 1,000.
	BatchScans int
	// BatchWait is how long a batch waits to become full; default 500 ms.
	BatchWait time.Duration
	// KeepMembers is how many snapshots keep their list of projects, besides the
	// last one of each day, which always does; default 48. The numbers of a
	// snapshot are kept for ever.
	KeepMembers int
	// CompleteIndexes are the addresses of indexes that hold every name there is,
	// so that a dependency that is not there is free to be registered; nil means
	// none, and the issue depends-on-missing is never raised.
	CompleteIndexes []string
	Metrics         prometheus.Registerer // where the metrics are registered; nil: nobody sees them
	Log             *slog.Logger          // nil discards
}

func (o *Options) defaults() error {
	if o.Catalog == nil {
		return errors.New("aggregator: no catalogue")
	}
	if o.SnapshotEvery < 0 || o.BatchScans < 0 || o.BatchWait < 0 || o.KeepMembers < 0 {
		return errors.New("aggregator: a negative option")
	}
	if o.BatchScans == 0 {
		o.BatchScans = 1_000
	}
	if o.BatchWait == 0 {
		o.BatchWait = 500 * time.Millisecond
	}
	if o.KeepMembers == 0 {
		o.KeepMembers = 48
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return nil
}

// Aggregator writes one dataset. Its methods, but for RequestSnapshot and
// Coverage, are to be called by one goroutine at a time.
type Aggregator struct {
	db   *store.DB
	o    Options
	ids  *ids
	want chan struct{} // holds one request for a snapshot

	index  *indexState
	scans  uint64 // highest scan_seq in the tables
	stored bool   // scans were stored since the newest snapshot was last compared with the tables
	states uint64 // everything of STATES up to here is in the tables
	// rematched is when scans were last matched anew, as far as that was looked at.
	rematched uint64
	labels    uint64 // hash of the malware labels, as far as they were looked at
	coverage  coverage

	publication Publication
	forgotten   message.Forgotten
	metrics     *metrics
	rows        batchRows // of the batch that is stored
}

// New reads where the dataset stands, and removes what a snapshot that was
// never published left behind. The tables must be up to date: see
// store.DB.Migrate.
func New(ctx context.Context, db *store.DB, o Options) (*Aggregator, error) {
	if err := o.defaults(); err != nil {
		return nil, err
	}
	err := checkCurrent(ctx, db)
	if err != nil {
		return nil, err
	}
	a := &Aggregator{db: db, o: o, want: make(chan struct{}, 1), stored: true, metrics: newMetrics(o.Metrics)}
	if a.ids, err = loadIDs(ctx, db); err != nil {
		return nil, err
	}
	if a.scans, err = number(ctx, db, "SELECT max(scan_seq) AS n FROM scans"); err != nil {
		return nil, fmt.Errorf("aggregator: last scan: %w", err)
	}
	if a.states, err = number(ctx, db, "SELECT max(seq) AS n FROM positions WHERE stream = 'STATES'"); err != nil {
		return nil, fmt.Errorf("aggregator: last state: %w", err)
	}
	if err := a.refreshOthers(ctx); err != nil {
		return nil, err
	}
	if err := noteCatalogue(ctx, db, o.Catalog); err != nil {
		return nil, fmt.Errorf("aggregator: catalogue: %w", err)
	}
	if err := a.sweepUnpublished(ctx); err != nil {
		return nil, err
	}
	if err := a.loadCoverage(ctx); err != nil {
		return nil, err
	}
	return a, nil
}

// declaredComplete reports whether an index holds every name there is.
func (a *Aggregator) declaredComplete(url string) bool {
	return slices.Contains(a.o.CompleteIndexes, url)
}

// RequestSnapshot asks Run for a snapshot now. It may be called by any goroutine.
func (a *Aggregator) RequestSnapshot() {
	select {
	case a.want <- struct{}{}:
	default: // one is asked for already
	}
}

// number runs a query for one number, called n.
func number(ctx context.Context, db *store.DB, query string) (uint64, error) {
	return numberWith(ctx, db, query, nil)
}

// numberWith is number with parameters.
func numberWith(ctx context.Context, db *store.DB, query string, params store.Params) (uint64, error) {
	type row struct {
		N uint64 `ch:"n"`
	}
	rows, err := store.Select[row](ctx, db, query, params)
	if err != nil || len(rows) != 1 {
		return 0, err
	}
	return rows[0].N, nil
}
