package behavior

import (
	"bytes"
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
var symbolOrder = []message.SymbolKind{
	message.SymbolFlow, message.SymbolTrait, message.SymbolNative, message.SymbolString, message.SymbolImport,
	message.SymbolArg, message.SymbolCall, message.SymbolRef, message.SymbolMethod,
}

// Settle moves what was counted by Name into tables by text, so that the
// names may be Reset before the next member. Result does so by itself.
func (r *Release) Settle() {
	if len(r.entries) == 1 {
		return
	}
	// Most releases settle once, at their end: nothing has to be merged then,
	// and the texts of all names can share one allocation.
	first := r.summed == nil && len(r.symbols) == 0
	if !first && r.summed == nil {
		r.summed = make(map[message.Symbol]int, len(r.symbols))
		for i, s := range r.symbols {
			r.summed[message.Symbol{Name: s.Name, Kind: s.Kind, Context: s.Context, Certainty: s.Certainty}] = i
		}
	}
	own := make([][]byte, 0, len(r.Own))
	for _, name := range r.Own {
		if !r.m.roots[name] { // rules speak of it: what they match has to be stored
			own = append(own, []byte(name))
		}
	}
	text := make([]byte, 0, 24*len(r.entries))
	kept := slices.Grow(r.kept[:0], len(r.entries))
	for i := 1; i < len(r.entries); i++ {
		e := &r.entries[i]
		r.heads[e.name] = 0
		kind := e.key.kind()
		if kind == pysource.String {
			r.settleString(e)
			continue
		}
		start := len(text)
		text = r.names.Append(text, e.name)
		if isOwn(kind, text[start:], own) {
			text = text[:start]
			continue
		}
		kept = append(kept, span{uint32(i), uint32(start), uint32(len(text))})
	}
	all := string(text)
	r.symbols = slices.Grow(r.symbols, len(kept))
	for _, k := range kept {
		e := &r.entries[k.entry]
		s := message.Symbol{
			Name: all[k.start:k.end], Kind: symbolKinds[e.key.kind()], Context: contextNames[e.key.context()],
			Certainty: certainties[e.key.certainty()], Hits: int(e.hits), Path: r.paths[e.path], Line: int(e.line),
		}
		if first {
			r.symbols = append(r.symbols, s)
		} else {
			r.sum(s)
		}
	}
	r.kept = kept[:0]
	r.entries = r.entries[:1]
	r.spans = r.spans[:0]
}

// span places a symbol's name in the common text.
type span struct{ entry, start, end uint32 }

// isOwn says whether a symbol is rooted in the release's own modules.
func isOwn(kind pysource.Kind, name []byte, own [][]byte) bool {
	if kind > pysource.Arg {
		return false
	}
	for _, root := range own {
		if bytes.HasPrefix(name, root) && (len(name) == len(root) || name[len(root)] == '.' || name[len(root)] == '#') {
			return true
		}
	}
	return false
}

// settleString sums a string's kind, and its value as an indicator.
func (r *Release) settleString(e *entry) {
	sk, c := e.key.stringKind(), contextNames[e.key.context()]
	t := &r.strings[sk][e.key.context()]
	if t.Hits == 0 {
		*t = message.Symbol{
			Name: stringKinds[sk-1], Kind: message.SymbolString, Context: c, Certainty: message.Resolved, Path: r.paths[e.path], Line: int(e.line),
		}
	}
	t.Hits += int(e.hits)
	kind, value := r.indicator(sk, r.names.String(e.name))
	if value == "" || len(value) > maxIndicatorBytes {
		return
	}
	key := message.Indicator{Kind: kind, Value: value, Context: c}
	at, ok := r.known[key]
	if !ok {
		if len(r.indicators) >= maxIndicators {
			return
		}
		if r.known == nil {
			r.known = make(map[message.Indicator]int)
		}
		at = len(r.indicators)
		r.known[key] = at
		key.Path, key.Line = r.paths[e.path], int(e.line)
		r.indicators = append(r.indicators, key)
	}
	r.indicators[at].Hits += int(e.hits)
}

// sum adds s to the symbol of the same name, kind, context and certainty.
func (r *Release) sum(s message.Symbol) {
	if r.summed == nil {
		r.summed = make(map[message.Symbol]int)
	}
	key := message.Symbol{Name: s.Name, Kind: s.Kind, Context: s.Context, Certainty: s.Certainty}
	at, ok := r.summed[key]
	if !ok {
		r.summed[key] = len(r.symbols)
		r.symbols = append(r.symbols, s)
		return
	}
	r.symbols[at].Hits += s.Hits
}

// Result returns what was seen. Observations are sorted by behaviour, then
// context in the order of message's list. Symbols that are rooted in Own are
// left out, unless rules speak of that root; those that are missed most stand first, since a message that is
// too long is cut from the end, and those of a kind in the order in which they
// were first seen. Call it once, after the last member.
func (r *Release) Result() (obs []message.Observation, symbols []message.Symbol, indicators []message.Indicator) {
	r.Settle()
	r.endRelease()
	obs = r.observations()
	slices.SortFunc(r.indicators, func(a, b message.Indicator) int {
		return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.Value, b.Value), cmp.Compare(contextOf(a.Context), contextOf(b.Context)))
	})
	return obs, r.allSymbols(), r.indicators
}

// observations returns the tallies of the rules.
func (r *Release) observations() (obs []message.Observation) {
	for rule, id := range r.m.ids {
		for c := range int(numContexts) {
			at := r.rules[rule*int(numContexts)+c]
			if at < 0 {
				continue
			}
			t := &r.tallies[at]
			o := message.Observation{Behavior: id, Context: contextNames[c], Certainty: certainties[t.certainty], Hits: t.hits}
			slices.SortStableFunc(t.evidence, func(a, b evidence) int { return cmp.Compare(b.certainty, a.certainty) })
			o.Evidence = make([]message.Evidence, len(t.evidence))
			for i := range t.evidence {
				o.Evidence[i] = t.evidence[i].Evidence
			}
			obs = append(obs, o)
		}
	}
	// Rules are sorted by id and contexts by number, so obs is too.
	return obs
}

// allSymbols puts the symbols of every source together, by kind.
func (r *Release) allSymbols() []message.Symbol {
	for i := range r.strings {
		for _, s := range r.strings[i] {
			if s.Hits > 0 {
				r.symbols = append(r.symbols, s)
			}
		}
	}
	r.symbols = append(r.symbols, r.others...)
	r.symbols = append(r.symbols, r.literals...)
	sorted := make([]message.Symbol, 0, len(r.symbols))
	for _, kind := range symbolOrder {
		for i := range r.symbols {
			if r.symbols[i].Kind == kind {
				sorted = append(sorted, r.symbols[i])
			}
		}
	}
	return sorted
}
