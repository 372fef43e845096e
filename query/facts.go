package query

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"prevalence/internal/prevalence"
	"prevalence/internal/store"
	"prevalence/schemas/catalog"
	"prevalence/schemas/message"
)

// FactsSchema is the version of the form of a sample of facts.
const FactsSchema = 1

// ErrFacts is returned for what is no sample of facts, or one of a newer build.
var ErrFacts = errors.New("no sample of facts that this build reads")

// FactsHead is the first value of a sample of facts. A FactsOf for each sampled
// project follows.
type FactsHead struct {
	Schema   int       `json:"facts"`
	Snapshot *Snapshot `json:"snapshot"`
	// Strata are the projects with ranks to 100, to 1,000, to 10,000, and the rest.
	Strata []FactsStratum `json:"strata"`
	// Catalogues are the matchers that the scans kept facts for, by hash.
	Catalogues map[string]json.RawMessage `json:"catalogues"`
}

// FactsStratum says what a sample holds of one stratum.
type FactsStratum struct {
	Sampled int     `json:"sampled"` // projects in the sample
	Size    float64 `json:"size"`    // reference projects of the stratum; an estimate while the crawl is partial
	Weight  float64 `json:"weight"`  // of each sampled project: Size by Sampled; 0 for none
	// Tally is how far the sample goes, as a crawl: what estimates are made from.
	Tally prevalence.Tally `json:"tally"`
}

// FactsOf are the facts of the release that speaks for a project, without
// places, strings and addresses.
type FactsOf struct {
	Project string           `json:"project"`
	Version string           `json:"version"`
	Rank    uint32           `json:"rank,omitempty"`
	Stratum uint8            `json:"stratum"`
	Drawn   bool             `json:"drawn"` // at random, by the crawl or by the sample
	Crawled string           `json:"crawled"`
	Modules []string         `json:"modules,omitempty"`
	Dropped map[string]int   `json:"dropped,omitempty"`
	Symbols []message.Symbol `json:"symbols,omitempty"`
}

// factsChunk is how many projects' symbols are read at a time.
const factsChunk = 500

// SampleFacts hands write the head of a sample of the newest snapshot and then the
// facts of at most each projects of every stratum.
func (r *Reader) SampleFacts(ctx context.Context, each int, write func(any) error) error {
	fail := func(err error) error { return fmt.Errorf("query: sample of facts: %w", err) }
	s, err := r.Snapshot(ctx, "")
	if err != nil {
		return fail(err)
	}
	drawnOnly := []uint32{}
	for h, tally := range s.strata {
		if !tally.Complete() && tally.Scanned > each {
			drawnOnly = append(drawnOnly, uint32(h)) //nolint:gosec // there are four
		}
	}
	type row struct {
		ID      uint32            `ch:"project_id"`
		Project string            `ch:"project"`
		Version string            `ch:"version"`
		Seq     uint64            `ch:"scan_seq"`
		Rank    uint32            `ch:"rank"`
		Stratum uint8             `ch:"stratum"`
		Drawn   bool              `ch:"drawn"`
		Crawled string            `ch:"crawled"`
		Dropped map[string]uint32 `ch:"dropped"`
		Modules []string          `ch:"modules"`
	}
	rows, err := store.Select[row](ctx, r.db, factsSampleSQL, store.Params{
		"snapshot": s.Name, "catalogue": s.Catalogue, "each": uint32(each), "drawn_only": drawnOnly}) //nolint:gosec // a constant
	if err != nil {
		return fail(err)
	}
	head := FactsHead{Schema: FactsSchema, Snapshot: s, Strata: s.sampled(each), Catalogues: make(map[string]json.RawMessage)}
	for _, x := range rows {
		head.Strata[x.Stratum].Sampled++
		if _, known := head.Catalogues[x.Crawled]; known {
			continue
		}
		old, err := r.matchedText(ctx, x.Crawled)
		if err != nil {
			return fail(err)
		}
		head.Catalogues[x.Crawled] = old
	}
	for h := range head.Strata {
		if x := &head.Strata[h]; x.Sampled > 0 {
			x.Weight = x.Size / float64(x.Sampled)
		}
	}
	if err := write(head); err != nil {
		return fail(err)
	}
	for chunk := range slices.Chunk(rows, factsChunk) {
		ids := make([]uint32, len(chunk))
		for i, x := range chunk {
			ids[i] = x.ID
		}
		symbols, err := r.symbolsOf(ctx, ids)
		if err != nil {
			return fail(err)
		}
		for _, x := range chunk {
			of := FactsOf{Project: x.Project, Version: x.Version, Rank: x.Rank, Stratum: x.Stratum, Drawn: x.Drawn || !head.Strata[x.Stratum].Tally.Complete(),
				Crawled: x.Crawled, Symbols: symbols[x.ID],
				Modules: slices.DeleteFunc(x.Modules, func(m string) bool { return strings.Contains(m, "@") })}
			for kind, n := range x.Dropped {
				if of.Dropped == nil {
					of.Dropped = make(map[string]int)
				}
				of.Dropped[kind] = int(n)
			}
			if err := write(of); err != nil {
				return fail(err)
			}
		}
	}
	return nil
}

// sampled says what a sample of at most each projects a stratum is, seen as a
// crawl: the whole of a small stratum, else so many drawn at random.
func (s *Snapshot) sampled(each int) []FactsStratum {
	strata := make([]FactsStratum, prevalence.NumStrata)
	for h, tally := range s.strata {
		var alone [prevalence.NumStrata]prevalence.Tally
		alone[h] = tally
		size := prevalence.Of(prevalence.Community, alone, [prevalence.NumStrata]prevalence.Hits{}).Size
		strata[h] = FactsStratum{Size: size, Tally: tally}
		of := tally.Scanned
		if !tally.Complete() {
			of = tally.DrawnScanned
		}
		if tally.Scanned > each {
			n := min(each, of)
			strata[h].Tally = prevalence.Tally{Open: tally.Open, Listed: int(size + 0.5), Scanned: n, DrawnScanned: n}
		}
	}
	return strata
}

func (r *Reader) symbolsOf(ctx context.Context, ids []uint32) (map[uint32][]message.Symbol, error) {
	type row struct {
		ID        uint32 `ch:"project_id"`
		Name      string `ch:"name"`
		Kind      string `ch:"kind"`
		Context   string `ch:"context"`
		Certainty string `ch:"certainty"`
		Hits      uint32 `ch:"hits"`
	}
	of := make(map[uint32][]message.Symbol, len(ids))
	err := store.Each(ctx, r.db, factsSymbolsSQL, store.Params{"ids": ids}, func(x *row) error {
		of[x.ID] = append(of[x.ID], message.Symbol{Name: x.Name, Kind: message.SymbolKind(x.Kind), Context: message.Context(x.Context),
			Certainty: message.Certainty(x.Certainty), Hits: int(x.Hits)})
		return nil
	})
	return of, err
}

// whyNotSampled is why a rule that asks for hosts and addresses has no number by
// a sample.
const whyNotSampled = "hosts and addresses, which a sample of facts leaves out: ask the dataset itself"

// TryFacts is Reader.Try for a sample of facts. It needs no database, and its
// numbers are estimates: the snapshot's strata are those of the sample.
func TryFacts(in io.Reader, rules []*catalog.Rule, limit int, plan func(old, rules *catalog.Catalog) (*Trying, error)) (*Trial, error) {
	d := json.NewDecoder(in)
	var head FactsHead
	if err := d.Decode(&head); err != nil || head.Schema != FactsSchema || head.Snapshot == nil || len(head.Strata) != prevalence.NumStrata {
		return nil, errors.Join(fmt.Errorf("query: %w", ErrFacts), err)
	}
	s := head.Snapshot
	s.Partial = false
	for h, x := range head.Strata {
		s.strata[h] = x.Tally
		s.Partial = s.Partial || x.Tally.Scanned < x.Tally.Listed-x.Tally.Empty
	}
	t := newTrial(s, limit)
	t.known = make(map[uint32]named)
	all := withParts(rules)
	plans := make(map[string]*Trying)
	for hash, text := range head.Catalogues {
		old, err := parseMatched(text)
		if err != nil {
			return nil, fmt.Errorf("query: sample of facts: %w", err)
		}
		p, err := plan(old, all)
		if err != nil {
			return nil, fmt.Errorf("query: sample of facts: %w", err)
		}
		plans[hash] = p
		maps.Copy(t.rescan, p.Rescan)
	}
	for i := range all.Rules {
		one := &catalog.Catalog{Rules: all.Rules[i : i+1]}
		alone, err := plan(one, one) // whatever the scans kept
		if err != nil {
			return nil, fmt.Errorf("query: sample of facts: %w", err)
		}
		if id := all.Rules[i].ID; len(alone.Values) > 0 && t.rescan[id] == "" {
			t.rescan[id] = whyNotSampled
		}
	}
	for id := uint32(1); ; id++ {
		var x FactsOf
		err := d.Decode(&x)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("query: sample of facts: project %d: %w", id, err)
		}
		t.known[id] = named{ID: id, Project: x.Project, Version: x.Version}
		p := plans[x.Crawled]
		if p == nil {
			return nil, fmt.Errorf("query: project %d of catalogue %q: %w", id, x.Crawled, ErrFacts)
		}
		scan := &message.Scan{Outcome: message.OutcomeOK, Symbols: x.Symbols, Dropped: x.Dropped}
		scan.Metadata.Modules = x.Modules
		obs, undecided := p.Matcher.Scan(scan)
		t.add(&candidate{ID: id, Stratum: x.Stratum, Drawn: x.Drawn, Rank: x.Rank}, obs, undecided)
	}
	return t.answer(context.Background(), rules)
}
