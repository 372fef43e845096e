package behavior

import (
	"slices"

	"prevalence/schemas/message"
	"prevalence/worker/pysource"
)

// Limits of what a Release keeps. What is beyond them is counted, not kept.
const (
	maxEvidence       = 3       // of an observation, unless all of it is wanted
	maxDistinct       = 1 << 20 // different facts of a release
	maxRaised         = 1 << 16 // facts of a member that combinations look at
	maxAllEvidence    = 1 << 16 // of an observation when all of it is wanted
	maxIndicators     = 20_000
	maxIndicatorBytes = 512
)

// Release sums the facts of one release. Set its exported fields before the
// first member. It is not safe for concurrent use.
type Release struct {
	// AllEvidence keeps the evidence of every hit instead of the first three.
	AllEvidence bool
	// Own are the release's top-level modules: symbols that are rooted in one
	// of them are left out of the result. It may be set as late as Result, or
	// Settle if that comes first.
	Own []string
	// Key hashes tokens and webhooks (HMAC-SHA-256); without one only the
	// service they are for is kept.
	Key []byte

	m     *Matcher
	names *pysource.Names
	paths []string // of members

	heads   []uint32 // by Name: the first of its entries, or 0
	entries []entry  // the first is unused
	spans   []uint32 // signals that entries raise
	scratch []byte

	tallies []tally
	rules   []int32 // by rule*numContexts + context: index into tallies, or -1
	sets    []int32 // by signal*numContexts + context, for combinations of release scope: the same

	raised    []raise  // of this member, for combinations of a smaller scope
	hits      []hitKey // of this member
	ordinals  map[hitKey]uint32
	lines     map[textHit]struct{}
	present   []presence // of this member, what combinations of a smaller scope look for
	presence  map[presence]struct{}
	sightings []sighting // by signal

	symbols    []message.Symbol       // settled, of Python
	summed     map[message.Symbol]int // symbols by name, kind, context and certainty, once they settle twice
	kept       []span
	strings    [numStringKinds + 1][numContexts]message.Symbol
	others     []message.Symbol // of the package and of binaries
	other      map[message.Symbol]int
	literals   []message.Symbol
	literal    map[literalKey]int
	indicators []message.Indicator
	known      map[message.Indicator]int
}

// entry counts one fact: a name of a kind in a context with a certainty.
type entry struct {
	name       pysource.Name
	next       uint32 // of the same name
	key        entryKey
	hits       uint32
	path, line uint32 // of the first
	span, size uint32 // of spans
}

// entryKey packs kind, context, certainty and, of a string, its kind.
type entryKey uint16

func keyOf(f *pysource.Fact, stringKind int) entryKey {
	return entryKey(f.Kind) | entryKey(f.Context)<<4 | entryKey(f.Certainty)<<7 | entryKey(stringKind)<<9
}

func (k entryKey) kind() pysource.Kind { return pysource.Kind(k & 15) }
func (k entryKey) context() context    { return sourceContexts[k>>4&7] }
func (k entryKey) certainty() uint8    { return uint8(k >> 7 & 3) }
func (k entryKey) stringKind() int     { return int(k >> 9) }

// Release returns an empty Release of this catalogue.
func (m *Matcher) Release() *Release {
	r := &Release{
		m:         m,
		entries:   make([]entry, 1, 1024),
		rules:     make([]int32, len(m.ids)*int(numContexts)),
		sets:      make([]int32, len(m.signals)*int(numContexts)),
		sightings: make([]sighting, len(m.signals)),
	}
	for i := range r.rules {
		r.rules[i] = -1
	}
	for i := range r.sets {
		r.sets[i] = -1
	}
	return r
}

// Source adds a Python member. names is the table of the scanner that gave
// res, made with the matcher's Seeds; it must not be Reset between the members
// of a release unless Settle was called before. path is the member's path,
// cleaned and slash-separated.
func (r *Release) Source(path string, names *pysource.Names, res pysource.Result) {
	if names != r.names {
		r.Settle()
		r.names = names
	}
	if n := names.Len(); n > len(r.heads) {
		r.heads = append(r.heads, make([]uint32, n+n/2-len(r.heads))...)
	}
	member := r.member(path)
	for i := range res.Facts {
		f := &res.Facts[i]
		name, stringKind := f.Name, 0
		if f.Kind == pysource.String {
			if stringKind = int(f.Name); stringKind > numStringKinds {
				continue
			}
			name = f.Value
		}
		key := keyOf(f, stringKind)
		at := r.heads[name]
		for at != 0 && r.entries[at].key != key {
			at = r.entries[at].next
		}
		if at == 0 {
			if at = r.enter(name, key, f); at == 0 {
				continue
			}
			r.entries[at].path, r.entries[at].line = member, f.Line
		}
		e := &r.entries[at]
		e.hits++
		for _, s := range r.spans[e.span : e.span+e.size] {
			r.raise(s, raise{
				context: key.context(), certainty: uint8(f.Certainty), symbol: uint32(f.Name),
				scope: f.Scope, line: f.Line, endLine: f.EndLine,
			})
		}
	}
	for i := range res.Strings {
		if s := &res.Strings[i]; !s.Doc {
			r.matchLiterals(s.Value, sourceContexts[s.Context&7], s.Line)
		}
	}
	r.endMember()
}

// enter makes the entry of a fact that is new in this release and finds the
// signals that it raises. It returns 0 when there are too many.
func (r *Release) enter(name pysource.Name, key entryKey, f *pysource.Fact) uint32 {
	if len(r.entries) >= maxDistinct {
		return 0
	}
	e := entry{name: name, next: r.heads[name], key: key, span: uint32(len(r.spans))}
	if f.Kind == pysource.String {
		if rules := &r.m.value[key.stringKind()]; len(rules.list) > 0 {
			rules.each(key.stringKind(), r.names.String(f.Value), func(signal uint32) {
				if r.m.counts(signal, key.context()) && !slices.Contains(r.spans[e.span:], signal) {
					r.spans = append(r.spans, signal)
				}
			})
		}
	} else {
		if int(name) < len(r.m.exact) {
			for _, t := range r.m.exact[name] {
				if t.kinds>>f.Kind&1 != 0 && r.m.counts(t.signal, key.context()) && !slices.Contains(r.spans[e.span:], t.signal) {
					r.spans = append(r.spans, t.signal)
				}
			}
		}
		r.matchWildcards(name, key, e.span)
	}
	e.size = uint32(len(r.spans)) - e.span
	r.entries = append(r.entries, e)
	at := uint32(len(r.entries) - 1)
	r.heads[name] = at
	return at
}

// matchWildcards adds the signals of wildcards that the name is below.
func (r *Release) matchWildcards(name pysource.Name, key entryKey, from uint32) {
	r.scratch = r.names.Append(r.scratch[:0], name)
	text := r.scratch
	end := 0
	for end < len(text) && text[end] != '.' && text[end] != '#' {
		end++
	}
	if end > 0 && r.m.wildLengths[text[0]]>>min(end, 63)&1 != 0 {
		r.addWildcards(r.m.wild[string(text[:end])], text, key, from)
	}
	r.addWildcards(r.m.anything, text, key, from)
}

func (r *Release) addWildcards(list []wildcard, text []byte, key entryKey, from uint32) {
	for i := range list {
		w := &list[i]
		if w.kinds>>key.kind()&1 == 0 || len(text) <= len(w.prefix)+len(w.suffix) ||
			string(text[:len(w.prefix)]) != w.prefix || string(text[len(text)-len(w.suffix):]) != w.suffix ||
			!r.m.counts(w.signal, key.context()) {
			continue
		}
		if !slices.Contains(r.spans[from:], w.signal) {
			r.spans = append(r.spans, w.signal)
		}
	}
}

func (r *Release) member(path string) uint32 {
	r.paths = append(r.paths, path)
	return uint32(len(r.paths) - 1)
}

// Package adds a property of the release as a whole, such as
// "no-author-email". path is the member or distribution file where it shows,
// possibly empty; n is how often, at least once.
func (r *Release) Package(trait, path string, n int) {
	r.member(path)
	for _, s := range r.m.pkg[trait] {
		r.raise(s, raise{context: ctxPackage, certainty: uint8(pysource.Resolved), text: trait, repeat: max(0, n-1)})
	}
	r.addOther(message.Symbol{Name: trait, Kind: message.SymbolTrait, Hits: max(1, n), Path: path})
	r.endMember()
}

// Native adds the symbols that a binary member imports.
func (r *Release) Native(path string, symbols []string) {
	r.member(path)
	for _, name := range symbols {
		for _, s := range r.m.native[name] {
			r.raise(s, raise{context: ctxPackage, certainty: uint8(pysource.Resolved), text: "c:" + name})
		}
		r.addOther(message.Symbol{Name: "c:" + name, Kind: message.SymbolNative, Hits: 1, Path: path})
	}
	r.endMember()
}

// addOther adds a symbol of the package as a whole.
func (r *Release) addOther(s message.Symbol) {
	s.Context, s.Certainty = message.ContextPackage, message.Resolved
	key := message.Symbol{Name: s.Name, Kind: s.Kind}
	at, ok := r.other[key]
	if !ok {
		if r.other == nil {
			r.other = make(map[message.Symbol]int)
		}
		r.other[key] = len(r.others)
		r.others = append(r.others, s)
		return
	}
	r.others[at].Hits += s.Hits
}
