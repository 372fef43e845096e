package pypitest

import (
	"maps"
	"slices"

	"prevalence/schemas/message"
)

// ProjectTruth is what a project's latest release shows.
type ProjectTruth struct {
	Outcome message.Outcome
	// Behaviors maps each behaviour of Behaviors() that the release shows to its
	// contexts, sorted. It is set for unanalysed releases, too, if OnlyByHash.
	Behaviors map[string][]message.Context
	Yanked    bool
	// OnlyByHash: nothing but the index's wrong hash keeps it from being analysed.
	OnlyByHash bool
}

// Shows reports whether the behaviour counts in the headline: seen in a context
// other than support.
func (t ProjectTruth) Shows(behavior string) bool {
	return slices.ContainsFunc(t.Behaviors[behavior], func(c message.Context) bool { return c != message.ContextSupport })
}

// Truth is what an analysis of the whole universe must find.
type Truth struct {
	Behaviors []string    // whose counts it gives
	Bands     []BandTruth // top100, top1k, top10k, community
	Outcomes  map[message.Outcome]int
	Projects  map[string]ProjectTruth
	// Unlisted are the names of the ranking that are not on the index, in order.
	Unlisted []string
}

// BandTruth are the counts of one band.
type BandTruth struct {
	Band       string // top100, top1k, top10k or community
	Size       int    // projects on the index and with files
	Scanned    int
	Empty      int // on the index, without files; not in Size
	Unanalysed int // in Size, not in Scanned
	// Counts maps each of Behaviors() to the number of projects that show it,
	// Support to the number that show it in context support (whatever else).
	Counts, Support map[string]int
}

// Truth computes the truth of an index that gives hashes.
func (u *Universe) Truth() Truth { return u.truth(true) }

// TruthWithoutHashes computes the truth of an index that gives none, so that a
// wrong hash goes unnoticed.
func (u *Universe) TruthWithoutHashes() Truth { return u.truth(false) }

func (u *Universe) truth(hashes bool) Truth {
	t := newTruth(Behaviors())
	rank := make(map[string]int, len(u.Ranked))
	for i, name := range u.Ranked {
		rank[name] = i + 1
		if u.Project(name) == nil {
			t.Unlisted = append(t.Unlisted, name)
		}
	}
	for _, p := range u.Projects {
		t.add(p.Name, rank[p.Name], p.Truth.seen(hashes))
	}
	return t
}

// Truth computes what an analysis of the population as it is at first must
// find. It makes every project's plan.
func (p *Population) Truth() Truth {
	t := newTruth(PopulationBehaviors())
	for _, n := range p.config.Names {
		traits, _ := p.draw(n, 0, true)
		t.add(n.Name, n.Rank, traits.truth().seen(true))
	}
	return t
}

// bandEnds are the lowest ranks of the bands; 0: of any rank or none.
var bandEnds = []struct {
	name string
	end  int
}{{"top100", 100}, {"top1k", 1_000}, {"top10k", 10_000}, {"community", 0}}

func newTruth(behaviors []string) Truth {
	t := Truth{Behaviors: behaviors, Outcomes: make(map[message.Outcome]int), Projects: make(map[string]ProjectTruth)}
	for _, b := range bandEnds {
		t.Bands = append(t.Bands, BandTruth{Band: b.name, Counts: make(map[string]int), Support: make(map[string]int)})
	}
	return t
}

// add counts a project of a rank, 0 for none.
func (t *Truth) add(name string, rank int, seen ProjectTruth) {
	for i, b := range bandEnds {
		if b.end == 0 || rank > 0 && rank <= b.end {
			t.Bands[i].add(seen)
		}
	}
	t.Projects[name] = seen
	t.Outcomes[seen.Outcome]++
}

// seen is the truth as far as an index lets one see it.
func (t ProjectTruth) seen(hashes bool) ProjectTruth {
	switch {
	case t.OnlyByHash && !hashes:
		t.Outcome = message.OutcomeOK
	case t.OnlyByHash:
		t.Behaviors = nil
	}
	t.Behaviors = maps.Clone(t.Behaviors)
	return t
}

func (b *BandTruth) add(t ProjectTruth) {
	switch t.Outcome {
	case message.OutcomeEmpty:
		b.Empty++
		return
	case message.OutcomeUnanalysed:
		b.Size++
		b.Unanalysed++
		return
	}
	b.Size++
	b.Scanned++
	for behavior, contexts := range t.Behaviors {
		if t.Shows(behavior) {
			b.Counts[behavior]++
		}
		if slices.Contains(contexts, message.ContextSupport) {
			b.Support[behavior]++
		}
	}
}
