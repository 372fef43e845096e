package query

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"prevalence/internal/prevalence"
	"prevalence/schemas/catalog"
	"prevalence/schemas/message"
)

// Matcher says what a release shows by the facts that are stored of it.
type Matcher interface {
	// Scan returns what a stored scan shows, and the behaviours of which its
	// facts cannot tell. The scan has the symbols and indicators that were
	// asked for and no observations.
	Scan(s *message.Scan) (obs []message.Observation, undecided []string)
}

// Trying is how stored scans are matched with rules that no snapshot has counted.
type Trying struct {
	Matcher Matcher
	// Wants are the symbols to read: names, or what is below a prefix when they
	// end in "*".
	Wants []string
	// Values are the indicators to read by kind: those in which one of the texts
	// stands, all for none.
	Values map[string][]string
	Rescan map[string]string // rules that stored facts do not decide, and why
	// Roots are modules whose own symbols may not be stored of a release that
	// provides one.
	Roots []string
}

// Trial is the prevalence of rules that are not in the catalogue.
type Trial struct {
	Snapshot *Snapshot `json:"snapshot"`
	Rules    []Tried   `json:"rules"`
}

// Tried is what stored facts say of one rule.
type Tried struct {
	TopRow
	// Rescan says why no number can be given: what the rule asks for that scans
	// do not keep.
	Rescan string `json:"rescan,omitempty"`
	// Undecided counts projects of which the stored facts cannot tell; they count
	// as if they could not have been analysed.
	Undecided int       `json:"undecided"`
	Contexts  []TopRow  `json:"contexts"` // support included
	Examples  []Example `json:"examples"` // the most used projects that show it
	Parts     []Reach   `json:"parts"`
}

// Example is a project that shows a rule, with the first place.
type Example struct {
	Project   string `json:"project"`
	Version   string `json:"version"`
	Rank      int    `json:"rank,omitempty"` // 0: unranked
	Context   string `json:"context"`
	Certainty string `json:"certainty"`
	Evidence

	id  uint32
	seq uint64
}

// Reach is how many projects hold one part of a rule.
type Reach struct {
	Words  string `json:"words"`
	Role   string `json:"role"`             // enough, all, any, unless
	Rescan string `json:"rescan,omitempty"` // why nobody can tell
	Numbers
}

// trialChunk is how many projects are matched at a time.
const trialChunk = 100_000

// partID names a part of a rule as a rule of its own. No rule that is loaded
// is called so.
func partID(rule string, part int) string { return fmt.Sprintf("%s#%d", rule, part) }

// Try counts in the newest snapshot what the rules would have counted there,
// with at most limit examples a rule, from stored facts. plan says how, by the
// catalogue that scans were crawled with; nil when nobody knows that.
func (r *Reader) Try(ctx context.Context, rules []*catalog.Rule, limit int, plan func(old, rules *catalog.Catalog) (*Trying, error)) (*Trial, error) {
	s, err := r.Snapshot(ctx, "")
	if err != nil {
		return nil, err
	}
	t := newTrial(s, limit)
	t.reader = r
	if err := t.count(ctx, withParts(rules), plan); err != nil {
		return nil, fmt.Errorf("query: try rules: %w", err)
	}
	return t.answer(ctx, rules)
}

// withParts are rules, and each of their parts as a rule of its own.
func withParts(rules []*catalog.Rule) *catalog.Catalog {
	all := new(catalog.Catalog)
	for _, rule := range rules {
		all.Rules = append(all.Rules, *rule)
		for i, p := range rule.Parts() {
			all.Rules = append(all.Rules, catalog.Rule{ID: partID(rule.ID, i), Match: p.Match})
		}
	}
	slices.SortFunc(all.Rules, func(a, b catalog.Rule) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// answer puts together what was counted.
func (t *trial) answer(ctx context.Context, rules []*catalog.Rule) (*Trial, error) {
	result := &Trial{Snapshot: t.snapshot, Rules: []Tried{}}
	for _, rule := range rules {
		tried, err := t.result(ctx, rule)
		if err != nil {
			return nil, fmt.Errorf("query: try rules: %w", err)
		}
		result.Rules = append(result.Rules, *tried)
	}
	return result, nil
}

// trial counts.
type trial struct {
	reader    *Reader
	known     map[uint32]named // projects by id; nil: the reader is asked
	snapshot  *Snapshot
	limit     int
	of        map[counted]*tally // by rule and context; "" is all but support
	rescan    map[string]string
	undecided map[string]*[prevalence.NumStrata]prevalence.Hits
	examples  map[string][]Example
}

func newTrial(s *Snapshot, limit int) *trial {
	return &trial{snapshot: s, limit: limit, of: make(map[counted]*tally), rescan: make(map[string]string),
		undecided: make(map[string]*[prevalence.NumStrata]prevalence.Hits), examples: make(map[string][]Example)}
}

// numbers of one rule in one context.
func (t *trial) numbers(id, context string) Numbers {
	if t.rescan[id] != "" {
		return none()
	}
	var x tally
	if seen := t.of[counted{"behavior", id, context}]; seen != nil {
		x = *seen
	}
	if open := t.undecided[id]; open != nil {
		x.unknown = *open
	}
	return t.snapshot.measure(x)
}

// result puts together what is known of a rule.
func (t *trial) result(ctx context.Context, rule *catalog.Rule) (*Tried, error) {
	row := TopRow{Behavior: rule.ID, Category: rule.Category(), Sentence: rule.Sentence, Numbers: t.numbers(rule.ID, "")}
	tried := &Tried{TopRow: row, Rescan: t.rescan[rule.ID], Contexts: []TopRow{}, Parts: []Reach{}}
	if open := t.undecided[rule.ID]; open != nil {
		for h := range open {
			tried.Undecided += open[h].All
		}
	}
	for _, c := range contexts() {
		if t.of[counted{"behavior", rule.ID, c}] != nil {
			row.Context, row.Numbers = c, t.numbers(rule.ID, c)
			tried.Contexts = append(tried.Contexts, row)
		}
	}
	for i, p := range rule.Parts() {
		id := partID(rule.ID, i)
		tried.Parts = append(tried.Parts, Reach{Words: p.Words, Role: p.Role, Rescan: t.rescan[id], Numbers: t.numbers(id, "")})
	}
	var err error
	tried.Examples, err = t.named(ctx, rule.ID)
	return tried, err
}

// named gives the examples of a rule the names of their projects.
func (t *trial) named(ctx context.Context, id string) ([]Example, error) {
	examples := first(t.examples[id], t.limit)
	if len(examples) == 0 {
		return []Example{}, nil
	}
	ids := make([]uint32, len(examples))
	for i := range examples {
		ids[i] = examples[i].id
	}
	names := t.known
	if names == nil {
		var err error
		if names, err = t.reader.names(ctx, t.snapshot, ids); err != nil {
			return nil, err
		}
	}
	for i, id := range ids {
		if x, known := names[id]; known {
			examples[i].Project, examples[i].Version = x.Project, x.Version
		}
	}
	return examples, nil
}

// first are the examples of the most used projects.
func first(examples []Example, limit int) []Example {
	slices.SortFunc(examples, func(a, b Example) int {
		unranked := func(e Example) int { return min(1, max(0, 1-e.Rank)) }
		return cmp.Or(cmp.Compare(unranked(a), unranked(b)), cmp.Compare(a.Rank, b.Rank), cmp.Compare(a.id, b.id))
	})
	return examples[:min(limit, len(examples))]
}

// add counts what one scan shows.
func (t *trial) add(x *candidate, obs []message.Observation, undecided []string) {
	if int(x.Stratum) >= prevalence.NumStrata {
		return // of a newer build
	}
	hit := func(h *prevalence.Hits) {
		h.All++
		if x.Drawn {
			h.Drawn++
		}
	}
	for _, id := range undecided {
		if t.rescan[id] != "" {
			continue
		}
		if t.undecided[id] == nil {
			t.undecided[id] = new([prevalence.NumStrata]prevalence.Hits)
		}
		hit(&t.undecided[id][x.Stratum])
	}
	headline := make(map[string]bool) // rule → proven
	count := func(id, context string, proven bool) {
		key := counted{"behavior", id, context}
		if t.of[key] == nil {
			t.of[key] = new(tally)
		}
		hit(&t.of[key].hits[x.Stratum])
		if proven {
			t.of[key].proven[x.Stratum]++
		}
	}
	for i := range obs {
		o := &obs[i]
		proven := o.Certainty == message.Resolved
		count(o.Behavior, string(o.Context), proven)
		if o.Context == message.ContextSupport {
			continue
		}
		if _, known := headline[o.Behavior]; !known {
			t.addExample(x, o)
		}
		headline[o.Behavior] = headline[o.Behavior] || proven
	}
	for id, proven := range headline {
		count(id, "", proven)
	}
}

// addExample notes where a rule was seen first.
func (t *trial) addExample(x *candidate, o *message.Observation) {
	e := Example{Rank: int(x.Rank), Context: string(o.Context), Certainty: string(o.Certainty), id: x.ID, seq: x.Seq}
	if len(o.Evidence) > 0 {
		at := o.Evidence[0]
		e.Evidence = Evidence{Path: at.Path, Line: at.Line, EndLine: at.EndLine, Symbol: at.Symbol}
	}
	list := append(t.examples[o.Behavior], e)
	if len(list) > 1000+2*t.limit {
		list = first(list, t.limit)
	}
	t.examples[o.Behavior] = list
}
