package behavior

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strings"

	"prevalence/schemas/catalog"
	"prevalence/schemas/message"
	"prevalence/worker/pysource"
)

// raise is one fact that matched a matcher set, in the member being read.
type raise struct {
	signal        uint32
	context       context
	certainty     uint8
	symbol        uint32 // a Name; unless text is set
	scope         pysource.Name
	line, endLine uint32
	repeat        int    // further hits like it
	text          string // the symbol's text, where it has no Name
}

// hitKey tells hits apart whose order among themselves numbers them.
type hitKey struct {
	rule, symbol uint32
	scope        pysource.Name
	text         string
}

// presence says that a signal was raised in a scope of this member.
type presence struct {
	signal uint32
	scope  pysource.Name
}

// sighting says in which member and scope a signal was last raised.
type sighting struct {
	member uint32 // its number, from 1
	scope  pysource.Name
}

// tally sums the hits of a rule, or of a matcher set, in one context.
type tally struct {
	target    uint32 // rule or signal
	context   context
	certainty uint8
	hits      int
	evidence  []evidence
}

type evidence struct {
	message.Evidence
	certainty uint8
}

// raise notes that a fact of the current member matched a matcher set.
func (r *Release) raise(signal uint32, x raise) {
	s := r.m.signals[signal]
	x.signal = signal
	if s.group < 0 {
		if r.m.allowed[s.rule]>>x.context&1 != 0 {
			r.hit(s.rule, r.rules, s.rule, &x)
		}
		return
	}
	if r.m.groups[s.group].scope == catalog.ScopeRelease {
		r.hit(s.rule, r.sets, signal, &x)
		return
	}
	// Within a member it is enough to know that a set was hit in a scope; only
	// an anchor's facts are kept, as they may become hits.
	scope := pysource.Name(0)
	if r.m.groups[s.group].scope == catalog.ScopeFunction {
		scope = x.scope
	}
	if seen := (sighting{uint32(len(r.paths)), scope}); r.sightings[signal] != seen {
		r.sightings[signal] = seen
		if len(r.present) < maxRaised {
			r.present = append(r.present, presence{signal, scope})
		}
	}
	if s.anchor && r.m.allowed[s.rule]>>x.context&1 != 0 && len(r.raised) < maxRaised {
		r.raised = append(r.raised, x)
	}
}

// hit counts a hit of a rule, or of a set of one, in the tally of target.
func (r *Release) hit(rule uint32, index []int32, target uint32, x *raise) {
	slot := &index[int(target)*int(numContexts)+int(x.context)]
	if *slot < 0 {
		*slot = int32(len(r.tallies))
		r.tallies = append(r.tallies, tally{target: target, context: x.context})
	}
	t := &r.tallies[*slot]
	t.hits += 1 + x.repeat
	t.certainty = max(t.certainty, x.certainty)
	key := hitKey{rule: rule, symbol: x.symbol, scope: x.scope, text: x.text}
	if r.AllEvidence {
		if r.ordinals == nil {
			r.ordinals = make(map[hitKey]uint32)
		}
		ordinal := r.ordinals[key]
		r.ordinals[key]++
		if len(t.evidence) < maxAllEvidence {
			t.evidence = append(t.evidence, r.evidence(rule, x, ordinal))
		}
		return
	}
	if n := len(t.evidence); n < maxEvidence || t.evidence[n-1].certainty < x.certainty {
		ordinal := uint32(0)
		for i := range r.hits {
			if r.hits[i] == key {
				ordinal++
			}
		}
		e := r.evidence(rule, x, ordinal)
		if n < maxEvidence {
			t.evidence = append(t.evidence, e)
		} else {
			t.evidence[n-1] = e
		}
		for i := len(t.evidence) - 1; i > 0 && t.evidence[i-1].certainty < t.evidence[i].certainty; i-- {
			t.evidence[i-1], t.evidence[i] = t.evidence[i], t.evidence[i-1]
		}
	}
	if len(r.hits) < maxRaised {
		r.hits = append(r.hits, key)
	}
}

func (r *Release) evidence(rule uint32, x *raise, ordinal uint32) evidence {
	e := evidence{certainty: x.certainty, Evidence: message.Evidence{
		Path: r.paths[len(r.paths)-1], Line: int(x.line), EndLine: int(x.endLine), Symbol: x.text,
	}}
	scope := ""
	if x.text == "" {
		e.Symbol = r.names.String(pysource.Name(x.symbol))
	}
	if x.scope != 0 {
		scope = r.names.String(x.scope)
	}
	e.Fingerprint = fingerprint(r.m.ids[rule], e.Path, e.Symbol, scope, ordinal)
	return e
}

// fingerprint names a piece of evidence for baselines: the first 64 bits of a
// SHA-256 over the behaviour, the member's path, the symbol, the qualified name
// of the function or class around it, and its number among those that are equal
// in all of these, in source order. Lines and names of locals do not count, so
// it survives their change; it does not survive a moved file, a renamed
// function, or an equal hit that is put before it in the same function. A first
// folder that names the version does not count either, so that the hits of one
// release are known in the next.
func fingerprint(behavior, path, symbol, scope string, ordinal uint32) string {
	var room [256]byte
	b := room[:0]
	for _, s := range [...]string{behavior, withoutVersion(path), symbol, scope} {
		b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
	}
	sum := sha256.Sum256(binary.AppendUvarint(b, uint64(ordinal)))
	return hex.EncodeToString(sum[:8])
}

// withoutVersion leaves out the first folder of a path that is named NAME-VERSION:
// the root of an sdist (PEP 625), a wheel's .dist-info or .data.
func withoutVersion(path string) string {
	first, rest, inFolder := strings.Cut(path, "/")
	_, version, named := strings.Cut(first, "-")
	for named && (version == "" || version[0] < '0' || version[0] > '9') {
		_, version, named = strings.Cut(version, "-") // older roots spell a name with hyphens
	}
	if inFolder && named {
		return rest
	}
	return path
}

// endMember decides the combinations whose scope ends with the member.
func (r *Release) endMember() {
	if len(r.raised) > 0 {
		if r.presence == nil {
			r.presence = make(map[presence]struct{})
		}
		clear(r.presence)
		for _, p := range r.present {
			r.presence[p] = struct{}{}
		}
		for i := range r.raised {
			x := r.raised[i]
			g := &r.m.groups[r.m.signals[x.signal].group]
			scope := pysource.Name(0)
			if g.scope == catalog.ScopeFunction {
				scope = x.scope
			}
			if g.holds(func(s uint32) bool { _, ok := r.presence[presence{s, scope}]; return ok }) {
				r.hit(g.rule, r.rules, g.rule, &x)
			}
		}
		r.raised = r.raised[:0]
	}
	r.present = r.present[:0]
	r.hits = r.hits[:0]
	if r.AllEvidence {
		clear(r.ordinals)
	}
}

// endRelease decides the combinations of release scope.
func (r *Release) endRelease() {
	raised := func(signal uint32) bool {
		for c := range int(numContexts) {
			if r.sets[int(signal)*int(numContexts)+c] >= 0 {
				return true
			}
		}
		return false
	}
	for i := range r.m.groups {
		g := &r.m.groups[i]
		if g.scope != catalog.ScopeRelease || !g.holds(raised) {
			continue
		}
		for _, signal := range g.anchors() {
			for c := range int(numContexts) {
				at := r.sets[int(signal)*int(numContexts)+c]
				if at >= 0 && r.m.allowed[g.rule]>>c&1 != 0 {
					r.merge(g.rule, r.tallies[at])
				}
			}
		}
	}
}

// merge adds the tally of a matcher set to that of its rule.
func (r *Release) merge(rule uint32, from tally) {
	slot := &r.rules[int(rule)*int(numContexts)+int(from.context)]
	if *slot < 0 {
		*slot = int32(len(r.tallies))
		r.tallies = append(r.tallies, tally{target: rule, context: from.context})
	}
	t := &r.tallies[*slot]
	t.hits += from.hits
	t.certainty = max(t.certainty, from.certainty)
	limit := maxEvidence
	if r.AllEvidence {
		limit = maxAllEvidence
	}
	for _, e := range from.evidence {
		if len(t.evidence) < limit {
			t.evidence = append(t.evidence, e)
		}
	}
}
