package query

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"prevalence/internal/store"
	"prevalence/schemas/catalog"
	"prevalence/schemas/message"
)

// candidate is a scan that speaks for a counted project.
type candidate struct {
	ID      uint32 `ch:"project_id"`
	Seq     uint64 `ch:"scan_seq"`
	Stratum uint8  `ch:"stratum"`
	Drawn   bool   `ch:"drawn"`
	Rank    uint32 `ch:"rank"`
}

// openScan is a candidate whose facts do not say everything, or that another
// catalogue was crawled with than most.
type openScan struct {
	candidate
	Crawled string            `ch:"crawled"`
	Dropped map[string]uint32 `ch:"dropped"`
	Modules []string          `ch:"modules"`
}

// count matches the rules with every scan that has a fact which they name.
func (t *trial) count(ctx context.Context, rules *catalog.Catalog, plan func(old, rules *catalog.Catalog) (*Trying, error)) error {
	type row struct {
		Crawled string `ch:"crawled"`
		First   uint32 `ch:"first"`
		Last    uint32 `ch:"last"`
	}
	crawled, err := store.Select[row](ctx, t.reader.db, trialCrawledSQL, store.Params{"snapshot": t.snapshot.Name, "catalogue": t.snapshot.Catalogue})
	if err != nil || len(crawled) == 0 {
		return err
	}
	plans := make(map[string]*Trying)
	var roots []string
	lo, hi := crawled[0].First, crawled[0].Last
	for _, c := range crawled {
		old, err := t.reader.matched(ctx, c.Crawled)
		if err != nil {
			return err
		}
		p, err := plan(old, rules)
		if err != nil {
			return err
		}
		plans[c.Crawled] = p
		roots = append(roots, p.Roots...)
		maps.Copy(t.rescan, p.Rescan)
		lo, hi = min(lo, c.First), max(hi, c.Last)
	}
	usual := crawled[0].Crawled
	slices.Sort(roots)
	rows, err := store.Select[openScan](ctx, t.reader.db, trialOpenSQL, store.Params{"snapshot": t.snapshot.Name,
		"catalogue": t.snapshot.Catalogue, "crawled": usual, "roots": slices.Compact(roots)})
	if err != nil {
		return err
	}
	open := make(map[uint32]*openScan, len(rows))
	for i := range rows {
		open[rows[i].ID] = &rows[i]
	}
	for first := uint64(lo); first <= uint64(hi); first += trialChunk {
		last := min(uint64(hi), first+trialChunk-1)
		facts, err := t.facts(ctx, plans, uint32(first), uint32(last))
		if err != nil {
			return err
		}
		t.match(plans, usual, facts, open)
	}
	for _, x := range open { // those without a fact: undecided at most
		t.matchOne(plans, usual, &storedScan{candidate: x.candidate}, x)
	}
	return nil
}

// storedScan is what is read of one scan.
type storedScan struct {
	candidate
	symbols    []message.Symbol
	indicators []message.Indicator
}

// match counts the scans with facts, and takes them out of open.
func (t *trial) match(plans map[string]*Trying, usual string, facts map[uint32]*storedScan, open map[uint32]*openScan) {
	for _, id := range slices.Sorted(maps.Keys(facts)) {
		t.matchOne(plans, usual, facts[id], open[id])
		delete(open, id)
	}
}

func (t *trial) matchOne(plans map[string]*Trying, usual string, x *storedScan, open *openScan) {
	s := &message.Scan{Outcome: message.OutcomeOK, Symbols: x.symbols, Indicators: x.indicators}
	crawled := usual
	if open != nil {
		crawled = open.Crawled
		s.Metadata.Modules = open.Modules
		s.Dropped = make(map[string]int)
		for kind, n := range open.Dropped {
			s.Dropped[kind] = int(n)
		}
	}
	if p := plans[crawled]; p != nil {
		obs, undecided := p.Matcher.Scan(s)
		t.add(&x.candidate, obs, undecided)
	}
}

// matched is what the catalogue of that hash matches, nil when nobody knows.
func (r *Reader) matched(ctx context.Context, hash string) (*catalog.Catalog, error) {
	text, err := r.matchedText(ctx, hash)
	if err != nil {
		return nil, err
	}
	return parseMatched(text)
}

// matchedText is the text of that, empty when nobody knows.
func (r *Reader) matchedText(ctx context.Context, hash string) ([]byte, error) {
	type row struct {
		Rules string `ch:"rules"`
	}
	rows, err := store.Select[row](ctx, r.db, "SELECT rules FROM catalogues WHERE catalogue = {catalogue:String}", store.Params{"catalogue": hash})
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return []byte(rows[0].Rules), nil
}

func parseMatched(text []byte) (*catalog.Catalog, error) {
	if len(text) == 0 || string(text) == "null" {
		return nil, nil //nolint:nilnil // nobody knows
	}
	return catalog.ParseMatchers(text)
}

// facts reads the facts of a range of projects that any of the plans asks for.
func (t *trial) facts(ctx context.Context, plans map[string]*Trying, first, last uint32) (map[uint32]*storedScan, error) {
	of := make(map[uint32]*storedScan)
	if err := t.addSymbols(ctx, plans, first, last, of); err != nil {
		return nil, err
	}
	return of, t.addIndicators(ctx, plans, first, last, of)
}

// factOf is the place for a fact of a candidate.
func factOf(of map[uint32]*storedScan, c candidate) *storedScan {
	if of[c.ID] == nil {
		of[c.ID] = &storedScan{candidate: c}
	}
	return of[c.ID]
}

func (t *trial) addSymbols(ctx context.Context, plans map[string]*Trying, first, last uint32, of map[uint32]*storedScan) error {
	type row struct {
		candidate
		Name      string `ch:"name"`
		Kind      string `ch:"kind"`
		Context   string `ch:"context"`
		Certainty string `ch:"certainty"`
		Hits      uint32 `ch:"hits"`
		Path      string `ch:"path"`
		Line      uint32 `ch:"line"`
	}
	p := store.Params{"first": first, "last": last}
	wanted := wantedSymbols(plans, p)
	if wanted == "" {
		return nil
	}
	rows, err := store.Select[row](ctx, t.reader.db, strings.Replace(trialSymbolsSQL, "${wanted}", wanted, 1), p)
	for _, r := range rows {
		x := factOf(of, r.candidate)
		x.symbols = append(x.symbols, message.Symbol{Name: r.Name, Kind: message.SymbolKind(r.Kind), Context: message.Context(r.Context),
			Certainty: message.Certainty(r.Certainty), Hits: int(r.Hits), Path: r.Path, Line: int(r.Line)})
	}
	return err
}

func (t *trial) addIndicators(ctx context.Context, plans map[string]*Trying, first, last uint32, of map[uint32]*storedScan) error {
	type row struct {
		candidate
		Value   string `ch:"value"`
		Kind    string `ch:"kind"`
		Context string `ch:"context"`
		Hits    uint32 `ch:"hits"`
		Path    string `ch:"path"`
		Line    uint32 `ch:"line"`
	}
	p := store.Params{"first": first, "last": last}
	wanted := wantedValues(plans, p)
	if wanted == "" {
		return nil
	}
	rows, err := store.Select[row](ctx, t.reader.db, strings.Replace(trialIndicatorsSQL, "${wanted}", wanted, 1), p)
	for _, r := range rows {
		x := factOf(of, r.candidate)
		x.indicators = append(x.indicators, message.Indicator{Kind: r.Kind, Value: r.Value, Context: message.Context(r.Context), Hits: int(r.Hits),
			Path: r.Path, Line: int(r.Line)})
	}
	return err
}

// wantedSymbols is the condition for the symbols of the plans, whose parameters
// it adds to p; "" for none.
func wantedSymbols(plans map[string]*Trying, p store.Params) string {
	exact, conditions := []string{}, []string{"name IN {names:Array(String)}"}
	for _, plan := range plans {
		for _, name := range plan.Wants {
			prefix, below := strings.CutSuffix(name, "*")
			if !below {
				exact = append(exact, name)
				continue
			}
			param := fmt.Sprintf("prefix%d", len(conditions))
			p[param] = prefix
			conditions = append(conditions, "startsWith(name, {"+param+":String})") // found by the key
		}
	}
	p["names"] = exact
	if len(exact) == 0 && len(conditions) == 1 {
		return ""
	}
	return strings.Join(conditions, " OR ")
}

// wantedValues is the condition for the indicators of the plans, likewise.
func wantedValues(plans map[string]*Trying, p store.Params) string {
	var conditions []string
	for _, plan := range plans {
		for _, kind := range slices.Sorted(maps.Keys(plan.Values)) {
			n := len(conditions)
			p[fmt.Sprintf("kind%d", n)] = kind
			condition := fmt.Sprintf("kind = {kind%d:String}", n)
			if texts := plan.Values[kind]; len(texts) > 0 {
				p[fmt.Sprintf("texts%d", n)] = texts
				condition += fmt.Sprintf(" AND arrayExists(t -> positionCaseInsensitive(value, t) > 0, {texts%d:Array(String)})", n)
			}
			conditions = append(conditions, "("+condition+")")
		}
	}
	return strings.Join(conditions, " OR ")
}
