package aggregator

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"prevalence/internal/store"
	"prevalence/schemas/catalog"
)

// Upkeep is what is done to a dataset besides storing and counting: labels are
// imported, scans are matched anew, what nobody needs any more is deleted. All of it
// may be done while an Aggregator runs on the same dataset, which takes notice
// at its next snapshot, but by one process at a time.
type Upkeep struct {
	db  *store.DB
	o   UpkeepOptions
	log *slog.Logger
}

// UpkeepOptions say how a dataset is kept. The zero value of every field but
// Catalog takes the default beside it.
type UpkeepOptions struct {
	Catalog *catalog.Catalog // what Rematch matches
	// KeepReleases is how many releases of a project GC keeps; default 2.
	KeepReleases int
	Log          *slog.Logger // nil discards
}

// NewUpkeep returns the upkeep of the dataset in db, whose tables must be up to
// date.
func NewUpkeep(ctx context.Context, db *store.DB, o UpkeepOptions) (*Upkeep, error) {
	if o.Catalog == nil {
		return nil, errors.New("aggregator: no catalogue")
	}
	if o.KeepReleases < 0 {
		return nil, errors.New("aggregator: a negative number of releases to keep")
	}
	if o.KeepReleases == 0 {
		o.KeepReleases = 2
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if err := checkCurrent(ctx, db); err != nil {
		return nil, err
	}
	return &Upkeep{db: db, o: o, log: o.Log}, nil
}

// checkCurrent refuses tables that are not of this build.
func checkCurrent(ctx context.Context, db *store.DB) error {
	current, err := db.Current(ctx)
	if err != nil {
		return fmt.Errorf("aggregator: %w", err)
	}
	if !current {
		return errors.New("aggregator: the tables are older than this build; run `prevalence migrate`")
	}
	return nil
}

// noteCatalogue keeps what a catalogue matches: a later rematch has to know.
func noteCatalogue(ctx context.Context, db *store.DB, c *catalog.Catalog) error {
	hash := c.Hash()
	known, err := number(ctx, db, "SELECT count() AS n FROM catalogues WHERE catalogue = '"+hash+"'")
	if err != nil || known > 0 {
		return err
	}
	rules, err := c.Matchers()
	if err != nil {
		return err
	}
	return db.Insert(ctx, "catalogues", store.Column{Name: "catalogue", Values: []string{hash}},
		store.Column{Name: "rules", Values: []string{string(rules)}}, store.Column{Name: "written", Values: []time.Time{second(time.Now())}})
}
