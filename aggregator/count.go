package aggregator

import (
	"cmp"
	"context"

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

	// How releases are packaged, see packaging.go.
	kindBuildBackend   = "build-backend"
	kindDistribution   = "distribution"
	kindRequiresPython = "requires-python"
	kindLicense        = "license"
	kindTyped          = "typed"
	kindAttested       = "attested"
)

// thing is what a row of numbers is about.
type thing struct {
	kind, id string
	context  message.Context // empty: the headline
}

func (a thing) compare(b thing) int {
	return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.id, b.id), cmp.Compare(a.context, b.context))
}

// count is in how many projects of each stratum a thing was seen, in how many
// of these it was proven, and in how many of the scanned ones nobody knows.
type count struct {
	seen      [prevalence.NumStrata]prevalence.Hits
	proven    [prevalence.NumStrata]int
	undecided [prevalence.NumStrata]prevalence.Hits
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
	x := c.at(t)
	if int(stratum) >= prevalence.NumStrata {
		return
	}
	addHits(&x.seen[stratum], drawn, n)
	if proven {
		x.proven[stratum] += int(n)
	}
}

// leaveOpen notes n projects of which nobody knows whether they show t.
func (c *counts) leaveOpen(t thing, stratum uint8, drawn bool, n uint64) {
	if x := c.at(t); int(stratum) < prevalence.NumStrata {
		addHits(&x.undecided[stratum], drawn, n)
	}
}

func (c *counts) at(t thing) *count {
	x := c.of[t]
	if x == nil {
		x = new(count)
		c.of[t] = x
	}
	return x
}

func addHits(h *prevalence.Hits, drawn bool, n uint64) {
	h.All += int(n)
	if drawn {
		h.Drawn += int(n)
	}
}

// list makes sure that every behaviour and issue of the catalogue has numbers,
// so that "nobody" is said and not left out. The behaviours are those of another
// catalogue when the snapshot's hash is another.
func (c *counts) list(s *snapshotRow, known *catalog.Catalog, complete bool) {
	if s.Catalogue == known.Hash() {
		for _, r := range known.Rules {
			c.add(thing{kind: kindBehavior, id: r.ID}, 0, false, false, 0)
		}
	}
	for _, issue := range known.Issues {
		if issue.ID == issueMissing && !complete {
			continue // nobody can tell
		}
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
	Malware    bool   `ch:"malware"`
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
	if v.Malware {
		x.Listed -= n // no reference project
		return
	}
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
		if v.Malware {
			continue
		}
		c.add(thing{kind: kindOutcome, id: v.Outcome}, v.Stratum, v.Drawn, true, v.Projects)
		scanned := v.Outcome == string(message.OutcomeOK) || v.Outcome == string(message.OutcomePartial)
		if v.Why != "" {
			c.add(thing{kind: kindReason, id: v.Outcome + "/" + v.Why}, v.Stratum, v.Drawn, true, v.Projects)
		}
		if scanned && v.EmailClass != "" {
			c.add(thing{kind: kindEmailClass, id: v.EmailClass}, v.Stratum, v.Drawn, true, v.Projects)
		}
	}
	c.list(s, a.o.Catalog, s.IndexComplete && a.declaredComplete(s.IndexURL))
	if err := a.countBehaviors(ctx, s, c); err != nil {
		return err
	}
	if err := a.countUndecided(ctx, s, c); err != nil {
		return err
	}
	if err := a.compareWithMalware(ctx, s, c); err != nil {
		return err
	}
	if err := a.countIssues(ctx, s, c); err != nil {
		return err
	}
	return a.countPackaging(ctx, s, c)
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

// Issues that are not always known.
const (
	issueMissing         = "depends-on-missing"
	issueVulnerabilities = "vulnerabilities"
)

func (a *Aggregator) countUndecided(ctx context.Context, s *snapshotRow, c *counts) error {
	type row struct {
		Stratum  uint8  `ch:"stratum"`
		Drawn    bool   `ch:"drawn"`
		ID       string `ch:"id"`
		Projects uint64 `ch:"projects"`
	}
	rows, err := store.Select[row](ctx, a.db, undecidedSQL, store.Params{"catalogue": s.Catalogue})
	if err != nil {
		return err
	}
	for _, r := range rows {
		c.leaveOpen(thing{kind: kindBehavior, id: r.ID}, r.Stratum, r.Drawn, r.Projects)
		for _, x := range contextBits {
			if t := (thing{kind: kindBehavior, id: r.ID, context: x.context}); c.of[t] != nil {
				c.leaveOpen(t, r.Stratum, r.Drawn, r.Projects)
			}
		}
	}
	return nil
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
	rows, err := store.Select[row](ctx, a.db, behaviorsSQL, store.Params{"catalogue": s.Catalogue})
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
