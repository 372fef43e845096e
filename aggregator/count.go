package aggregator

import (
	"cmp"
	"context"
	"math"
	"slices"

	"prevalence/internal/prevalence"
	"prevalence/internal/store"
	"prevalence/schemas/catalog"
	"prevalence/schemas/message"
)

// The kinds of things that are counted: column kind of table prevalence.
const (
	kindBehavior   = "behavior"
	kindIssue      = "issue"
	kindEmailClass = "email-class" // of the releases that were looked into
	kindOutcome    = "outcome"     // of every visited project
	kindReason     = "reason"      // outcome/why, of every visited project
)

// thing is what a row of numbers is about.
type thing struct {
	kind, id string
	context  message.Context // empty: the headline
}

func (a thing) compare(b thing) int {
	return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.id, b.id), cmp.Compare(a.context, b.context))
}

// count is in how many projects of each stratum a thing was seen, and in how
// many of these it was proven.
type count struct {
	seen   [prevalence.NumStrata]prevalence.Hits
	proven [prevalence.NumStrata]int
}

// counts gathers the counts of one snapshot.
type counts struct {
	tallies *tallies
	of      map[thing]*count
}

func newCounts(t *tallies) *counts { return &counts{tallies: t, of: make(map[thing]*count)} }

// add counts n more projects of a stratum. A stratum out of range is a row of a
// newer build and is left out.
func (c *counts) add(t thing, stratum uint8, drawn, proven bool, n uint64) {
	x := c.of[t]
	if x == nil {
		x = new(count)
		c.of[t] = x
	}
	if int(stratum) >= prevalence.NumStrata {
		return
	}
	x.seen[stratum].All += int(n)
	if drawn {
		x.seen[stratum].Drawn += int(n)
	}
	if proven {
		x.proven[stratum] += int(n)
	}
}

// list makes sure that every behaviour and issue of the catalogue has numbers,
// so that "nobody" is said and not left out. The behaviours are those of another
// catalogue when the snapshot's hash is another.
func (c *counts) list(s *snapshotRow, known *catalog.Catalog) {
	if s.Catalogue == known.Hash() {
		for _, r := range known.Rules {
			c.add(thing{kind: kindBehavior, id: r.ID}, 0, false, false, 0)
		}
	}
	for _, issue := range known.Issues {
		c.add(thing{kind: kindIssue, id: issue.ID}, 0, false, false, 0)
	}
	for _, o := range []message.Outcome{message.OutcomeOK, message.OutcomePartial, message.OutcomeEmpty, message.OutcomeUnanalysed} {
		c.add(thing{kind: kindOutcome, id: string(o)}, 0, false, false, 0)
	}
}

// tally counts how far the crawl of each stratum is.
func (a *Aggregator) tally(ctx context.Context, s *snapshotRow) (*tallies, error) {
	t := new(tallies)
	type listed struct {
		Stratum uint8  `ch:"stratum"`
		Listed  uint64 `ch:"listed"`
		Missing uint64 `ch:"missing"`
	}
	ranked, err := store.Select[listed](ctx, a.db, listedSQL, store.Params{"names": s.Names, "ranking": s.Ranking})
	if err != nil {
		return nil, err
	}
	type total struct {
		N uint64 `ch:"n"`
	}
	all, err := store.Select[total](ctx, a.db, "SELECT count() AS n FROM index_names FINAL WHERE names = {names:UInt64}", store.Params{"names": s.Names})
	if err != nil {
		return nil, err
	}
	rest := &t.strata[prevalence.StratumRest].Listed
	for _, n := range all {
		*rest = int(n.N)
	}
	for _, r := range ranked {
		t.strata[r.Stratum].Listed = int(r.Listed)
		t.missing[r.Stratum] = int(r.Missing)
		*rest -= int(r.Listed)
	}
	for h := range t.strata {
		t.strata[h].Open = a.index == nil
	}
	return t, nil
}

// visited is a number of projects by what came of their scan.
type visited struct {
	Stratum    uint8  `ch:"stratum"`
	Drawn      bool   `ch:"drawn"`
	Outcome    string `ch:"outcome"`
	Why        string `ch:"why"`
	EmailClass string `ch:"email_class"`
	Projects   uint64 `ch:"projects"`
}

// addVisited counts v in its stratum.
func (t *tallies) addVisited(v visited) {
	if int(v.Stratum) >= prevalence.NumStrata {
		return
	}
	x, n := &t.strata[v.Stratum], int(v.Projects)
	all, drawn := &x.Unanalysed, &x.DrawnUnanalysed
	switch message.Outcome(v.Outcome) {
	case message.OutcomeOK, message.OutcomePartial:
		all, drawn = &x.Scanned, &x.DrawnScanned
	case message.OutcomeEmpty:
		all, drawn = &x.Empty, &x.DrawnEmpty
	}
	*all += n
	if v.Drawn {
		*drawn += n
	}
}

// count fills c, and the tallies of visited projects, from the members of s.
func (a *Aggregator) count(ctx context.Context, s *snapshotRow, c *counts) error {
	rows, err := store.Select[visited](ctx, a.db, outcomesSQL, store.Params{"snapshot": s.Snapshot})
	if err != nil {
		return err
	}
	for _, v := range rows {
		c.tallies.addVisited(v)
		c.add(thing{kind: kindOutcome, id: v.Outcome}, v.Stratum, v.Drawn, true, v.Projects)
		scanned := v.Outcome == string(message.OutcomeOK) || v.Outcome == string(message.OutcomePartial)
		if v.Why != "" {
			c.add(thing{kind: kindReason, id: v.Outcome + "/" + v.Why}, v.Stratum, v.Drawn, true, v.Projects)
		}
		if scanned && v.EmailClass != "" {
			c.add(thing{kind: kindEmailClass, id: v.EmailClass}, v.Stratum, v.Drawn, true, v.Projects)
		}
	}
	if err := a.countIssues(ctx, s, c); err != nil {
		return err
	}
	return a.countBehaviors(ctx, s, c)
}

func (a *Aggregator) countIssues(ctx context.Context, s *snapshotRow, c *counts) error {
	type row struct {
		Stratum  uint8  `ch:"stratum"`
		Drawn    bool   `ch:"drawn"`
		Scanned  bool   `ch:"scanned"`
		Issue    string `ch:"issue"`
		Projects uint64 `ch:"projects"`
	}
	rows, err := store.Select[row](ctx, a.db, issuesSQL, store.Params{"snapshot": s.Snapshot})
	if err != nil {
		return err
	}
	for _, r := range rows {
		if r.Scanned || ofPage(r.Issue) {
			c.add(thing{kind: kindIssue, id: r.Issue}, r.Stratum, r.Drawn, true, r.Projects)
		}
	}
	return nil
}

// ofPage reports whether an issue is read off the project's page on the index,
// so that it is known whatever came of its files.
func ofPage(issue string) bool {
	return issue == "removed-components" || issue == "yanked" || issue == "quarantined"
}

func (a *Aggregator) countBehaviors(ctx context.Context, s *snapshotRow, c *counts) error {
	type row struct {
		Stratum  uint8  `ch:"stratum"`
		Drawn    bool   `ch:"drawn"`
		ID       string `ch:"id"`
		Contexts uint8  `ch:"contexts"`
		Resolved uint8  `ch:"resolved"`
		Projects uint64 `ch:"projects"`
	}
	rows, err := store.Select[row](ctx, a.db, behaviorsSQL, store.Params{"snapshot": s.Snapshot, "catalogue": s.Catalogue})
	if err != nil {
		return err
	}
	for _, r := range rows {
		t := thing{kind: kindBehavior, id: r.ID}
		if r.Contexts&headlineBits != 0 {
			c.add(t, r.Stratum, r.Drawn, r.Resolved&headlineBits != 0, r.Projects)
		} else {
			c.add(t, r.Stratum, r.Drawn, false, 0) // in support only: listed, not counted
		}
		for _, x := range contextBits {
			if r.Contexts&x.bit != 0 {
				t.context = x.context
				c.add(t, r.Stratum, r.Drawn, r.Resolved&x.bit != 0, r.Projects)
			}
		}
	}
	return nil
}

// prevalenceRows are rows of table prevalence, by column.
type prevalenceRows struct {
	Snapshot  []string   `ch:"snapshot"`
	Kind      []string   `ch:"kind"`
	ID        []string   `ch:"id"`
	Context   []string   `ch:"context"`
	Band      []string   `ch:"band"`
	Count     []uint32   `ch:"count"`
	Resolved  []uint32   `ch:"resolved"`
	Scanned   []uint32   `ch:"scanned"`
	Size      []uint32   `ch:"size"`
	SizeExact []bool     `ch:"size_exact"`
	Share     []*float64 `ch:"share"`
	Low       []*float64 `ch:"low"`
	High      []*float64 `ch:"high"`
	Label     []string   `ch:"label"`
}

// rows computes the estimates of everything counted, in order.
func (c *counts) rows(snapshot string) *prevalenceRows {
	things := make([]thing, 0, len(c.of))
	for t := range c.of {
		things = append(things, t)
	}
	slices.SortFunc(things, thing.compare)
	visitedStrata := c.tallies.strata
	for h := range visitedStrata {
		visitedStrata[h] = visitedStrata[h].Visited()
	}
	r := new(prevalenceRows)
	for _, t := range things {
		strata := c.tallies.strata
		if t.kind == kindOutcome || t.kind == kindReason || t.kind == kindIssue && ofPage(t.id) {
			strata = visitedStrata
		}
		x := c.of[t]
		label := prevalence.LabelOf(prevalence.Of(prevalence.Community, strata, x.seen))
		for _, b := range prevalence.Bands() {
			r.add(snapshot, t, b, prevalence.Of(b, strata, x.seen), x.provenIn(b), label)
		}
	}
	return r
}

func (x *count) provenIn(b prevalence.Band) int {
	n := 0
	for _, h := range b.Strata() {
		n += x.proven[h]
	}
	return n
}

func (r *prevalenceRows) add(snapshot string, t thing, b prevalence.Band, e prevalence.Estimate, resolved int, label prevalence.Label) {
	r.Snapshot = append(r.Snapshot, snapshot)
	r.Kind = append(r.Kind, t.kind)
	r.ID = append(r.ID, t.id)
	r.Context = append(r.Context, string(t.context))
	r.Band = append(r.Band, b.String())
	r.Count = append(r.Count, count32(e.Count))
	r.Resolved = append(r.Resolved, count32(resolved))
	r.Scanned = append(r.Scanned, count32(e.Scanned))
	r.Size = append(r.Size, count32(int(math.Round(e.Size))))
	r.SizeExact = append(r.SizeExact, e.SizeExact)
	var share, low, high *float64
	if e.Known {
		share, low, high = &e.Share, &e.Low, &e.High
	}
	r.Share = append(r.Share, share)
	r.Low = append(r.Low, low)
	r.High = append(r.High, high)
	r.Label = append(r.Label, string(label))
}
