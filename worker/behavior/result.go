package behavior

import (
	"cmp"
	"slices"
	"strings"

	"prevalence/schemas/message"
	"prevalence/worker/pysource"
)

// symbolKinds are the message's kinds by pysource's.
var symbolKinds = [16]message.SymbolKind{
	pysource.Import: message.SymbolImport, pysource.Call: message.SymbolCall, pysource.Ref: message.SymbolRef,
	pysource.Arg: message.SymbolArg, pysource.Flow: message.SymbolFlow, pysource.Method: message.SymbolMethod,
	pysource.String: message.SymbolString, pysource.Trait: message.SymbolTrait,
}

// symbolOrder puts first what is missed most when a scan has to be cut short.
var symbolOrder = map[message.SymbolKind]int{
	message.SymbolFlow: 0, message.SymbolTrait: 1, message.SymbolNative: 2, message.SymbolString: 3, message.SymbolImport: 4,
	message.SymbolArg: 5, message.SymbolCall: 6, message.SymbolRef: 7, message.SymbolMethod: 8,
}

// Settle moves what was counted by Name into tables by text, so that the
// names may be Reset before the next member. Result does so by itself.
func (r *Release) Settle() {
	if r.names == nil {
		return
	}
	for name, at := range r.heads {
		for ; at != 0; at = r.entries[at].next {
			r.settle(pysource.Name(name), &r.entries[at])
		}
		r.heads[name] = 0
	}
	r.entries = r.entries[:1]
	r.spans = r.spans[:0]
}

func (r *Release) settle(name pysource.Name, e *entry) {
	kind := e.key.kind()
	c := contextNames[e.key.context()]
	path := r.paths[e.path]
	if kind != pysource.String {
		text := r.names.String(name)
		r.sum(message.Symbol{Name: text, Kind: symbolKinds[kind], Context: c, Certainty: certainties[e.key.certainty()]}, int(e.hits), path, int(e.line))
		return
	}
	sk := e.key.stringKind()
	r.sum(message.Symbol{Name: stringKinds[sk-1], Kind: message.SymbolString, Context: c, Certainty: message.Resolved}, int(e.hits), path, int(e.line))
	kindName, value := r.indicator(sk, r.names.String(name))
	if value == "" || len(value) > maxIndicatorBytes {
		return
	}
	key := message.Indicator{Kind: kindName, Value: value, Context: c}
	i := r.indicators[key]
	if i == nil {
		if len(r.indicators) >= maxIndicators {
			return
		}
		first := key
		first.Path, first.Line = path, int(e.line)
		i = &first
		r.indicators[key] = i
	}
	i.Hits += int(e.hits)
}

// sum adds hits to the symbol with the name, kind, context and certainty of
// key, which has no other field set.
func (r *Release) sum(key message.Symbol, hits int, path string, line int) {
	s := r.summed[key]
	if s == nil {
		first := key
		first.Path, first.Line = path, line
		s = &first
		r.summed[key] = s
	}
	s.Hits += hits
}

// Result returns what was seen. Observations are sorted by behaviour, then
// context in the order of message's list. Symbols that are rooted in Own are
// left out; those that are missed most stand first, since a message that is
// too long is cut from the end. Call it once, after the last member.
func (r *Release) Result() (obs []message.Observation, symbols []message.Symbol, indicators []message.Indicator) {
	r.Settle()
	r.endRelease()
	for rule, id := range r.m.ids {
		for c := range int(numContexts) {
			at := r.rules[rule*int(numContexts)+c]
			if at < 0 {
				continue
			}
			t := &r.tallies[at]
			o := message.Observation{Behavior: id, Context: contextNames[c], Certainty: certainties[t.certainty], Hits: t.hits}
			slices.SortStableFunc(t.evidence, func(a, b evidence) int { return cmp.Compare(b.certainty, a.certainty) })
			for _, e := range t.evidence {
				o.Evidence = append(o.Evidence, e.Evidence)
			}
			obs = append(obs, o)
		}
	}
	slices.SortFunc(obs, func(a, b message.Observation) int {
		return cmp.Or(strings.Compare(a.Behavior, b.Behavior), cmp.Compare(contextOf(a.Context), contextOf(b.Context)))
	})
	symbols = make([]message.Symbol, 0, len(r.summed)+len(r.literals))
	for _, s := range r.summed {
		if !r.own(s) {
			symbols = append(symbols, *s)
		}
	}
	for _, s := range r.literals {
		symbols = append(symbols, s)
	}
	slices.SortFunc(symbols, func(a, b message.Symbol) int {
		return cmp.Or(
			cmp.Compare(symbolOrder[a.Kind], symbolOrder[b.Kind]), strings.Compare(a.Name, b.Name),
			cmp.Compare(contextOf(a.Context), contextOf(b.Context)), strings.Compare(string(a.Certainty), string(b.Certainty)))
	})
	indicators = make([]message.Indicator, 0, len(r.indicators))
	for _, i := range r.indicators {
		indicators = append(indicators, *i)
	}
	slices.SortFunc(indicators, func(a, b message.Indicator) int {
		return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.Value, b.Value), cmp.Compare(contextOf(a.Context), contextOf(b.Context)))
	})
	return obs, symbols, indicators
}

// own says whether a symbol is rooted in the release's own modules.
func (r *Release) own(s *message.Symbol) bool {
	switch s.Kind {
	case message.SymbolImport, message.SymbolCall, message.SymbolRef, message.SymbolArg:
	default:
		return false
	}
	root := s.Name
	if i := strings.IndexAny(root, ".#"); i >= 0 {
		root = root[:i]
	}
	return slices.Contains(r.Own, root)
}
