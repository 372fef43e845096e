package query

import (
	"context"
	"errors"
	"fmt"
	"time"

	"prevalence/internal/prevalence"
	"prevalence/internal/store"
	"prevalence/schemas/catalog"
)

// ErrNoSnapshot is returned while nothing has been published, or when the
// snapshot asked for does not exist. Its text is what a reader is told.
var ErrNoSnapshot = errors.New("no prevalence information at this time")

// ErrNotFound is returned for a project or a behaviour that the snapshot does
// not know.
var ErrNotFound = errors.New("not found")

// ErrQuestion is returned for a question that means nothing, whatever the data is.
var ErrQuestion = errors.New("this cannot be asked")

// Reader answers questions from the views. It may be shared.
type Reader struct {
	db      *store.DB
	catalog *catalog.Catalog
	newest  *Snapshot // nil: whichever is
}

// New returns a Reader on db, which is open on the database of the views. The
// catalogue gives behaviours and issues their words.
func New(db *store.DB, c *catalog.Catalog) *Reader { return &Reader{db: db, catalog: c} }

// At returns a Reader for which s is the newest snapshot, whatever is published
// meanwhile.
func (r *Reader) At(s *Snapshot) *Reader { return &Reader{db: r.db, catalog: r.catalog, newest: s} }

// DB is the connection that the reader asks.
func (r *Reader) DB() *store.DB { return r.db }

// Snapshot says what the numbers of an answer come from.
type Snapshot struct {
	Name      string    `json:"name"`
	Taken     time.Time `json:"taken"`
	Ranking   string    `json:"ranking,omitempty"`
	Scanner   string    `json:"scanner"`
	Catalogue string    `json:"catalogue"`
	Index     Index     `json:"index"`
	// Bands says how far the crawl of each band was, the smallest first.
	Bands []Coverage `json:"bands"`
	// Partial is true while a project that counts was not looked into: shares
	// are estimates then, and their intervals are open.
	Partial bool `json:"partial"`

	coverage Covered
	strata   [prevalence.NumStrata]prevalence.Tally
	// headlines are kept beside the newest snapshot of a Pool, as strata are: some
	// thousand numbers that belong to it; nil elsewhere.
	headlines *headlines
}

// Index is the index that a snapshot was taken of.
type Index struct {
	URL    string    `json:"url,omitempty"`
	Serial string    `json:"serial,omitempty"` // empty where the index has none
	Sweep  time.Time `json:"sweep,omitzero"`
	Names  int       `json:"names"` // listed
}

// Coverage says how far the crawl of one band was. Counts are of projects.
type Coverage struct {
	Band      string `json:"band"`
	Listed    int    `json:"listed"`     // on the index
	Size      int    `json:"size"`       // listed, with files
	SizeExact bool   `json:"size_exact"` // false while Size is an estimate
	Scanned   int    `json:"scanned"`
	// Unanalysed ones are in Size and not in Scanned; Empty ones are in neither.
	Unanalysed int `json:"unanalysed"`
	Empty      int `json:"empty"`
	Missing    int `json:"missing"` // ranked, but not on the index
}

// Covered says up to where the newest snapshot is what one taken now would be.
type Covered struct {
	ScansThrough  uint64    `json:"scans_through"` // highest sequence in SCANS
	StatesThrough uint64    `json:"states_through"`
	IndexRevision uint64    `json:"index_revision"`
	IndexSweep    time.Time `json:"index_sweep,omitzero"`
	Looked        time.Time `json:"looked,omitzero"` // when it was compared with the tables
}

// Snapshot returns the snapshot of that name, or the newest one for "".
func (r *Reader) Snapshot(ctx context.Context, name string) (*Snapshot, error) {
	if r.newest != nil && (name == "" || name == r.newest.Name) {
		return r.newest, nil
	}
	type row struct {
		Name          string    `ch:"snapshot"`
		Taken         time.Time `ch:"taken"`
		Ranking       string    `ch:"ranking"`
		Scanner       string    `ch:"scanner"`
		Catalogue     string    `ch:"catalogue"`
		IndexURL      string    `ch:"index_url"`
		IndexSerial   string    `ch:"index_serial"`
		IndexSweep    time.Time `ch:"index_sweep"`
		IndexComplete bool      `ch:"index_complete"`
		ScansThrough  uint64    `ch:"scans_through"`
		Projects      uint32    `ch:"projects"`
		Looked        time.Time `ch:"looked"`
		CoveredSweep  time.Time `ch:"covered_sweep"`
		Revision      uint64    `ch:"index_revision"`
		CoveredScans  uint64    `ch:"covered_scans"`
		States        uint64    `ch:"states_through"`
	}
	rows, err := store.Select[row](ctx, r.db, snapshotSQL, store.Params{"snapshot": name})
	if err != nil {
		return nil, fmt.Errorf("query: snapshot: %w", err)
	}
	if len(rows) == 0 {
		return nil, ErrNoSnapshot
	}
	x := rows[0]
	s := &Snapshot{
		Name: x.Name, Taken: x.Taken, Ranking: x.Ranking, Scanner: x.Scanner, Catalogue: x.Catalogue,
		Index: Index{URL: x.IndexURL, Serial: x.IndexSerial, Sweep: time0(x.IndexSweep)},
		coverage: Covered{ScansThrough: x.CoveredScans, StatesThrough: x.States, IndexRevision: x.Revision,
			IndexSweep: time0(x.CoveredSweep), Looked: time0(x.Looked)},
	}
	if err := r.addBands(ctx, s); err != nil {
		return nil, err
	}
	return s, nil
}

// time0 turns the zero value of a column into the zero value of a time.
func time0(t time.Time) time.Time {
	if t.Unix() <= 0 {
		return time.Time{}
	}
	return t.UTC()
}

func (r *Reader) addBands(ctx context.Context, s *Snapshot) error {
	type row struct {
		Stratum         uint8  `ch:"stratum"`
		Open            bool   `ch:"open"`
		Listed          uint32 `ch:"listed"`
		Scanned         uint32 `ch:"scanned"`
		Unanalysed      uint32 `ch:"unanalysed"`
		Empty           uint32 `ch:"empty"`
		Missing         uint32 `ch:"missing"`
		DrawnScanned    uint32 `ch:"drawn_scanned"`
		DrawnUnanalysed uint32 `ch:"drawn_unanalysed"`
		DrawnEmpty      uint32 `ch:"drawn_empty"`
	}
	rows, err := store.Select[row](ctx, r.db, strataSQL, store.Params{"snapshot": s.Name})
	if err != nil {
		return fmt.Errorf("query: strata: %w", err)
	}
	var strata [prevalence.NumStrata]prevalence.Tally
	var missing [prevalence.NumStrata]int
	for _, x := range rows {
		if int(x.Stratum) >= len(strata) {
			continue
		}
		strata[x.Stratum] = prevalence.Tally{
			Open: x.Open, Listed: int(x.Listed), Scanned: int(x.Scanned), Unanalysed: int(x.Unanalysed), Empty: int(x.Empty),
			DrawnScanned: int(x.DrawnScanned), DrawnUnanalysed: int(x.DrawnUnanalysed), DrawnEmpty: int(x.DrawnEmpty),
		}
		missing[x.Stratum] = int(x.Missing)
	}
	s.strata = strata
	for _, b := range prevalence.Bands() {
		e := prevalence.Of(b, strata, [prevalence.NumStrata]prevalence.Hits{})
		c := Coverage{Band: b.String(), Size: int(e.Size + 0.5), SizeExact: e.SizeExact, Scanned: e.Scanned}
		for _, h := range b.Strata() {
			c.Listed += strata[h].Listed
			c.Unanalysed += strata[h].Unanalysed
			c.Empty += strata[h].Empty
			c.Missing += missing[h]
		}
		s.Partial = s.Partial || !c.SizeExact || c.Scanned < c.Size
		s.Bands = append(s.Bands, c)
		s.Index.Names = c.Listed
	}
	return nil
}
