package aggregator

import (
	"context"
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"

	"prevalence/internal/prevalence"
	"prevalence/internal/store"
)

// ErrNothing is returned by Snapshot when there is nothing to say yet: no scan
// is stored.
var ErrNothing = errors.New("aggregator: no scan to take a snapshot of")

// Coverage says up to where the newest published snapshot is what one taken
// now would be. The zero value means that there is none.
type Coverage struct {
	Snapshot      string
	Taken         time.Time // when it was published
	ScansThrough  uint64    // highest scan_seq that was in the tables
	StatesThrough uint64    // the same of STATES
	IndexRevision uint64    // revision of the index that it was taken against
	IndexSweep    time.Time
}

// Publication says how long it took to publish a snapshot: until every
// prevalence was written, and with the counts of symbols.
type Publication struct {
	Prevalence, Took time.Duration
}

// Publication is that of the newest snapshot that this Aggregator published.
func (a *Aggregator) Publication() Publication { return a.publication }

// Snapshot publishes a snapshot of what is in the tables, unless it would equal
// the one before: same scans, versions, index and ranking. It reports whether
// it published one; in either case Coverage says that the newest snapshot
// stands for everything in the tables. It returns ErrNothing before the first
// scan.
//
// What it writes is seen by nobody until the last insert, the pointer row. A
// crash before that leaves rows that New removes.
func (a *Aggregator) Snapshot(ctx context.Context) (published bool, err error) {
	published, err = a.snapshot(ctx)
	if err != nil && !errors.Is(err, ErrNothing) {
		err = fmt.Errorf("aggregator: snapshot: %w", err)
	}
	return published, err
}

func (a *Aggregator) snapshot(ctx context.Context) (bool, error) {
	began := time.Now()
	index := a.index
	if index == nil {
		// The first sweep is still on its way: what is known of the index is what
		// was scanned, and nothing can be said about the rest.
		if err := a.useScannedNames(ctx); err != nil {
			return false, err
		}
		index, a.index = a.index, nil
	}
	if err := a.refreshOthers(ctx); err != nil {
		return false, err
	}
	last, err := a.lastSnapshot(ctx)
	if err != nil {
		return false, err
	}
	v, err := a.chooseVersions(ctx, index, last)
	if err != nil {
		return false, err
	}
	ranking, err := a.chooseRanking(ctx, index)
	if err != nil {
		return false, err
	}
	s := snapshotRow{
		Ranking: ranking, Scanner: v.Scanner, Catalogue: v.Catalogue,
		IndexURL: index.index.URL, IndexSerial: string(index.index.Serial), IndexSweep: second(index.index.Sweep),
		IndexComplete: index.index.Complete, Names: index.names, ScansThrough: a.scans, Labels: a.labels,
	}
	if last != nil && last.Scanner == s.Scanner && last.Catalogue == s.Catalogue {
		s.Previous = last.Snapshot
	}
	if err := a.nameSnapshot(ctx, &s, last); err != nil {
		return false, err
	}
	if err := a.writeMembers(ctx, &s); err != nil {
		return false, err
	}
	if last != nil && last.Fingerprint == s.Fingerprint {
		if err := a.dropMembers(ctx, s.Snapshot); err != nil {
			return false, err
		}
		return false, a.noteCoverage(ctx, *last, index)
	}
	if err := a.writeCounts(ctx, &s); err != nil {
		return false, err
	}
	counted := time.Since(began)
	if err := a.countSymbols(ctx, s.Snapshot); err != nil {
		return false, err
	}
	if err := a.db.Exec(ctx, shownDomainsSQL, store.Params{"snapshot": s.Snapshot}); err != nil {
		return false, err
	}
	if err := a.db.Insert(ctx, "snapshots", s.columns()...); err != nil {
		return false, err
	}
	if err := a.db.Exec(ctx, "SYSTEM RELOAD DICTIONARY published", nil); err != nil {
		return true, err
	}
	if err := a.noteCoverage(ctx, s, index); err != nil {
		return true, err
	}
	a.metrics.snapshots.Inc()
	a.metrics.snapshot.Set(time.Since(began).Seconds())
	a.publication = Publication{Prevalence: counted, Took: time.Since(began)}
	a.o.Log.Info("snapshot published", "snapshot", s.Snapshot, "projects", s.Projects,
		"prevalence", counted.Round(time.Millisecond), "took", a.publication.Took.Round(time.Millisecond))
	return true, a.prune(ctx)
}

// snapshotRow is a row of table snapshots.
type snapshotRow struct {
	Snapshot      string    `ch:"snapshot"`
	Taken         time.Time `ch:"taken"`
	Ranking       string    `ch:"ranking"`
	Scanner       string    `ch:"scanner"`
	Catalogue     string    `ch:"catalogue"`
	IndexURL      string    `ch:"index_url"`
	IndexSerial   string    `ch:"index_serial"`
	IndexSweep    time.Time `ch:"index_sweep"`
	IndexComplete bool      `ch:"index_complete"`
	Names         uint64    `ch:"names"`
	ScansThrough  uint64    `ch:"scans_through"`
	Projects      uint32    `ch:"projects"`
	Fingerprint   uint64    `ch:"fingerprint"`
	Previous      string    `ch:"previous"`
	Labels        uint64    `ch:"labels"`
}

func (s *snapshotRow) columns() []store.Column {
	return []store.Column{
		{Name: "snapshot", Values: []string{s.Snapshot}},
		{Name: "taken", Values: []time.Time{s.Taken}},
		{Name: "ranking", Values: []string{s.Ranking}},
		{Name: "scanner", Values: []string{s.Scanner}},
		{Name: "catalogue", Values: []string{s.Catalogue}},
		{Name: "index_url", Values: []string{s.IndexURL}},
		{Name: "index_serial", Values: []string{s.IndexSerial}},
		{Name: "index_sweep", Values: []time.Time{s.IndexSweep}},
		{Name: "index_complete", Values: []bool{s.IndexComplete}},
		{Name: "names", Values: []uint64{s.Names}},
		{Name: "scans_through", Values: []uint64{s.ScansThrough}},
		{Name: "projects", Values: []uint32{s.Projects}},
		{Name: "fingerprint", Values: []uint64{s.Fingerprint}},
		{Name: "previous", Values: []string{s.Previous}},
		{Name: "labels", Values: []uint64{s.Labels}},
	}
}

// lastSnapshot returns the newest published snapshot, nil without one.
func (a *Aggregator) lastSnapshot(ctx context.Context) (*snapshotRow, error) {
	rows, err := store.Select[snapshotRow](ctx, a.db, `SELECT snapshot, taken, ranking, scanner, catalogue, index_url, index_serial, index_sweep, index_complete,
	names, scans_through, projects, fingerprint, previous, labels
FROM snapshots FINAL ORDER BY taken DESC, snapshot DESC LIMIT 1`, nil)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return &rows[0], nil
}

// versions are a scanner version and a catalogue hash, whose scans are counted together.
type versions struct {
	Scanner   string `ch:"scanner"`
	Catalogue string `ch:"catalogue"`
	Projects  uint64 `ch:"projects"` // on the index that they cover
	Newest    uint64 `ch:"newest"`   // scan_seq
}

// chooseVersions returns the newest versions, or after an upgrade those of the
// last snapshot for as long as they cover more.
func (a *Aggregator) chooseVersions(ctx context.Context, index *indexState, last *snapshotRow) (versions, error) {
	all, err := store.Select[versions](ctx, a.db, versionsSQL, store.Params{"names": index.names, "own": a.o.Catalog.Hash()})
	if err != nil {
		return versions{}, err
	}
	return choose(all, last)
}

// choose is chooseVersions on what the tables hold, the newest first.
func choose(all []versions, last *snapshotRow) (versions, error) {
	if len(all) == 0 {
		return versions{}, ErrNothing
	}
	at := slices.IndexFunc(all, func(v versions) bool {
		return last != nil && v.Scanner == last.Scanner && v.Catalogue == last.Catalogue
	})
	if at < 0 {
		return all[0], nil
	}
	for _, v := range all[:at] {
		if v.Projects >= all[at].Projects {
			return v, nil
		}
	}
	return all[at], nil
}

// chooseRanking returns the ranking that was pinned with the index, or the
// newest one while that has not arrived, or "".
func (a *Aggregator) chooseRanking(ctx context.Context, index *indexState) (string, error) {
	type row struct {
		Ranking string `ch:"ranking"`
		Pinned  bool   `ch:"pinned"`
	}
	rows, err := store.Select[row](ctx, a.db,
		"SELECT ranking, ranking = {pinned:String} AS pinned FROM rankings GROUP BY ranking ORDER BY pinned DESC, max(state_seq) DESC LIMIT 1",
		store.Params{"pinned": index.index.Ranking})
	if err != nil || len(rows) == 0 {
		return "", err
	}
	return rows[0].Ranking, nil
}

// unsafeInName is what may not stand in a snapshot's name, so that it can be
// part of a file name, an address and a statement.
var unsafeInName = regexp.MustCompile(`[^A-Za-z0-9@.-]+`)

// nameSnapshot gives s its time and its name, which nothing else has: names
// count seconds, so that it may have to wait for the next one.
func (a *Aggregator) nameSnapshot(ctx context.Context, s *snapshotRow, last *snapshotRow) error {
	for {
		s.Taken = time.Now().UTC().Truncate(time.Second)
		if last == nil || s.Taken.After(last.Taken) {
			break
		}
		wait := time.NewTimer(max(50*time.Millisecond, time.Until(last.Taken.Add(time.Second))))
		select {
		case <-ctx.Done():
			wait.Stop()
			return ctx.Err()
		case <-wait.C:
		}
	}
	parts := []string{s.Taken.Format("20060102T150405Z"), s.Ranking, "s" + s.Scanner, "c" + s.Catalogue[:min(8, len(s.Catalogue))], "i" + s.IndexSerial}
	if s.Ranking == "" {
		parts[1] = "unranked"
	}
	if s.IndexSerial == "" {
		parts[4] = fmt.Sprintf("i%08x", uint32(s.Names))
	}
	for i, p := range parts {
		parts[i] = unsafeInName.ReplaceAllString(p, "-")
	}
	s.Snapshot = strings.Join(parts, "_")
	return nil
}

// writeMembers writes who is in s, and sets its number of projects and its fingerprint.
func (a *Aggregator) writeMembers(ctx context.Context, s *snapshotRow) error {
	ids, behaviors := []string{}, [][]string{}
	for _, issue := range a.o.Catalog.Issues {
		if len(issue.Behaviors) > 0 {
			ids = append(ids, issue.ID)
			behaviors = append(behaviors, issue.Behaviors)
		}
	}
	if err := a.db.Exec(ctx, membersSQL, store.Params{
		"snapshot": s.Snapshot, "names": s.Names, "ranking": s.Ranking, "scanner": s.Scanner, "catalogue": s.Catalogue,
		"issues": ids, "issue_behaviors": behaviors, "complete": s.IndexComplete && a.declaredComplete(s.IndexURL),
	}); err != nil {
		return err
	}
	type row struct {
		Projects    uint64 `ch:"projects"`
		Fingerprint uint64 `ch:"fingerprint"`
	}
	rows, err := store.Select[row](ctx, a.db, fingerprintSQL, store.Params{"snapshot": s.Snapshot})
	if err != nil {
		return err
	}
	if len(rows) != 1 || rows[0].Projects == 0 {
		return ErrNothing
	}
	s.Projects = uint32(min(rows[0].Projects, math.MaxUint32))
	s.Fingerprint = xxhash.Sum64String(fmt.Sprintf("%x\x00%d\x00%x\x00%s\x00%s\x00%s\x00%s\x00%t\x00%x", rows[0].Fingerprint, s.Projects,
		s.Names, s.Ranking, s.Scanner, s.Catalogue, s.IndexSerial, s.IndexComplete, s.Labels))
	return nil
}

// writeCounts writes the tallies of the strata and every number of s.
func (a *Aggregator) writeCounts(ctx context.Context, s *snapshotRow) error {
	if err := a.db.Exec(ctx, "SYSTEM RELOAD DICTIONARY members", nil); err != nil {
		return err
	}
	t, err := a.tally(ctx, s)
	if err != nil {
		return err
	}
	c := newCounts(t)
	if err := a.count(ctx, s, c); err != nil {
		return err
	}
	before, err := a.numbersOf(ctx, s.Previous)
	if err != nil {
		return err
	}
	if err := a.db.Insert(ctx, "snapshot_strata", store.Columns(t.rows(s.Snapshot))...); err != nil {
		return err
	}
	return a.db.Insert(ctx, "prevalence", store.Columns(c.rows(s.Snapshot, before))...)
}

// tallies are the strata of a snapshot, and the ranked names missing from each.
type tallies struct {
	strata  [prevalence.NumStrata]prevalence.Tally
	missing [prevalence.NumStrata]int
}

// strataRows are rows of table snapshot_strata, by column.
type strataRows struct {
	Snapshot        []string `ch:"snapshot"`
	Stratum         []uint8  `ch:"stratum"`
	Open            []bool   `ch:"open"`
	Listed          []uint32 `ch:"listed"`
	Scanned         []uint32 `ch:"scanned"`
	Unanalysed      []uint32 `ch:"unanalysed"`
	Empty           []uint32 `ch:"empty"`
	Missing         []uint32 `ch:"missing"`
	DrawnScanned    []uint32 `ch:"drawn_scanned"`
	DrawnUnanalysed []uint32 `ch:"drawn_unanalysed"`
	DrawnEmpty      []uint32 `ch:"drawn_empty"`
}

func (t *tallies) rows(snapshot string) *strataRows {
	r := new(strataRows)
	for h, x := range t.strata {
		r.Snapshot = append(r.Snapshot, snapshot)
		r.Stratum = append(r.Stratum, uint8(h))
		r.Open = append(r.Open, x.Open)
		r.Listed = append(r.Listed, count32(x.Listed))
		r.Scanned = append(r.Scanned, count32(x.Scanned))
		r.Unanalysed = append(r.Unanalysed, count32(x.Unanalysed))
		r.Empty = append(r.Empty, count32(x.Empty))
		r.Missing = append(r.Missing, count32(t.missing[h]))
		r.DrawnScanned = append(r.DrawnScanned, count32(x.DrawnScanned))
		r.DrawnUnanalysed = append(r.DrawnUnanalysed, count32(x.DrawnUnanalysed))
		r.DrawnEmpty = append(r.DrawnEmpty, count32(x.DrawnEmpty))
	}
	return r
}
