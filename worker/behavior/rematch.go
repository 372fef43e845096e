package behavior

import (
	"fmt"
	"slices"
	"strings"

	"prevalence/schemas/catalog"
	"prevalence/schemas/message"
	"prevalence/worker/pysource"
)

// Rematch computes what stored scans show under another catalogue than the one
// that they were scanned with, from the facts that a scan keeps.
//
// A rule that did not change keeps its observations. One that did is matched
// anew if a scan keeps every fact that it asks for; if it does not, as the text
// of a new literal or what stands together in one function, the rule has to
// wait for a rescan and is undecided. Hits are exact; evidence is the first
// place of each symbol, and its fingerprint does not know the function.
//
// It is safe for concurrent use.
type Rematch struct {
	keep   map[string]bool // rules with the same matchers in both
	anew   *Matcher        // the changed rules whose facts are stored
	byName map[string]int  // seeds of anew
	lits   map[string]int  // its literals by symbol name
	// rescan has the changed rules whose facts are not stored, and why.
	rescan map[string]string
	// unheard are, by rule of anew, module roots whose own symbols the old
	// catalogue did not keep: a release that provides one is undecided.
	unheard map[string]map[string]bool
}

// NewRematch compares two catalogues. old is nil when nobody knows what the
// scans were matched with: then no literal is known, and no rule unchanged.
func NewRematch(old, rules *catalog.Catalog) (*Rematch, error) {
	return newRematch(old, rules, func(rule *catalog.Rule) bool {
		if old == nil {
			return false
		}
		was := old.Rule(rule.ID)
		return was != nil && was.SameMatchers(rule)
	})
}

func newRematch(old, rules *catalog.Catalog, unchanged func(*catalog.Rule) bool) (*Rematch, error) {
	if old == nil {
		old = new(catalog.Catalog)
	}
	before, err := Compile(old)
	if err != nil {
		return nil, err
	}
	literals := make(map[string]bool)
	for i := range before.literals {
		literals[before.literals[i].name] = true
	}
	r := &Rematch{keep: make(map[string]bool), rescan: make(map[string]string), byName: make(map[string]int),
		lits: make(map[string]int), unheard: make(map[string]map[string]bool)}
	changed := new(catalog.Catalog)
	for i := range rules.Rules {
		rule := &rules.Rules[i]
		if unchanged(rule) {
			r.keep[rule.ID] = true
			continue
		}
		if why := Unstored(rule, func(literal string) bool { return literals[literal] }); why != "" {
			r.rescan[rule.ID] = why
			continue
		}
		changed.Rules = append(changed.Rules, *rule)
		one, err := Compile(&catalog.Catalog{Rules: []catalog.Rule{*rule}})
		if err != nil {
			return nil, err
		}
		for root := range one.roots {
			if before.roots[root] {
				continue
			}
			if r.unheard[rule.ID] == nil {
				r.unheard[rule.ID] = make(map[string]bool)
			}
			r.unheard[rule.ID][root] = true
		}
	}
	if r.anew, err = Compile(changed); err != nil {
		return nil, err
	}
	for i, name := range r.anew.seeds {
		r.byName[name] = i + 1
	}
	for i := range r.anew.literals {
		r.lits[r.anew.literals[i].name] = i
	}
	return r, nil
}

// Rescan returns the rules that stored facts cannot decide, and why.
func (r *Rematch) Rescan() map[string]string { return r.rescan }

// Anew returns the ids of the changed rules that are matched from stored facts.
func (r *Rematch) Anew() []string { return slices.Clone(r.anew.ids) }

// Unstored says which fact of a rule no scan keeps, or "" when all are stored.
// known tells the literals that the scans were looked through for, by the names
// of their symbols; nil knows all, which is the question whether a rule could be
// matched from stored facts once its literals are looked for.
func Unstored(rule *catalog.Rule, known func(literal string) bool) string {
	sets := []catalog.Match{rule.Match}
	for _, c := range rule.Combinations {
		if c.Scope != catalog.ScopeRelease {
			return fmt.Sprintf("what stands together in one %s", c.Scope)
		}
		sets = slices.Concat(sets, c.All, c.Any, c.Unless)
	}
	for _, set := range sets {
		if len(set.Text) > 0 {
			return "lines of files that are not Python"
		}
		for _, s := range set.Strings {
			if !storedString(s) {
				return "the text of strings of kind " + s.Kind
			}
		}
		for _, l := range set.Literals {
			if known != nil && !known(literalName(l)) {
				return fmt.Sprintf("the literal %q, which was not looked for", l.Text)
			}
		}
	}
	return ""
}

// storedString reports whether a string matcher can be decided from what is kept
// of a string: its kind, and of an indicator the value, reduced.
func storedString(s catalog.StringMatch) bool {
	if len(s.Hosts) == 0 && len(s.Except) == 0 && len(s.Contains) == 0 && !s.Public && s.Regex == "" {
		return true
	}
	if len(s.Contains) > 0 || s.Regex != "" {
		return false
	}
	switch s.Kind {
	case "url", "domain": // reserved hosts are not kept
		return (len(s.Hosts) > 0 || s.Kind == "url" && s.Public) && !slices.ContainsFunc(s.Hosts, func(h string) bool { return isReserved(strings.TrimPrefix(h, ".")) })
	case "ipv4", "ipv6": // only public ones are kept
		return s.Public
	}
	return false
}

// Scan returns what a stored scan shows under the new catalogue: s has the old
// observations, and every symbol and indicator that Wants. undecided are the
// behaviours of which it cannot tell.
func (r *Rematch) Scan(s *message.Scan) (obs []message.Observation, undecided []string) {
	for _, o := range s.Observations {
		if r.keep[o.Behavior] {
			obs = append(obs, o)
		}
	}
	if s.Outcome != message.OutcomeOK && s.Outcome != message.OutcomePartial {
		return obs, nil
	}
	for id := range r.rescan {
		undecided = append(undecided, id)
	}
	if s.Dropped["symbols"] > 0 || s.Dropped["indicators"] > 0 {
		undecided = append(undecided, r.anew.ids...)
		slices.Sort(undecided)
		return obs, undecided
	}
	open := make(map[string]bool)
	for id, roots := range r.unheard {
		if slices.ContainsFunc(s.Metadata.Modules, func(m string) bool { return roots[m] }) {
			open[id] = true
			undecided = append(undecided, id)
		}
	}
	for _, o := range r.replay(s) {
		if !open[o.Behavior] {
			obs = append(obs, o)
		}
	}
	slices.SortStableFunc(obs, func(a, b message.Observation) int { return strings.Compare(a.Behavior, b.Behavior) })
	slices.Sort(undecided)
	return obs, undecided
}

// replay matches the changed rules against the facts of a scan.
func (r *Rematch) replay(s *message.Scan) []message.Observation {
	if len(r.anew.ids) == 0 {
		return nil
	}
	rel := r.anew.Release()
	for i := range s.Symbols {
		x := &s.Symbols[i]
		for _, signal := range r.signals(x) {
			rel.replayed(signal, x.Context, x.Certainty, x.Name, x.Path, x.Line, x.Hits)
		}
	}
	for i := range s.Indicators {
		x := &s.Indicators[i]
		kind := slices.Index(stringKinds, x.Kind) + 1
		if kind == 0 {
			continue
		}
		rules := &r.anew.value[kind]
		rules.each(kind, x.Value, func(signal uint32) {
			if !rules.plain(signal) {
				rel.replayed(signal, x.Context, message.Resolved, x.Kind, x.Path, x.Line, x.Hits)
			}
		})
	}
	rel.endRelease()
	return rel.observations()
}

// signals returns what a stored symbol raises.
func (r *Rematch) signals(x *message.Symbol) []uint32 {
	m := r.anew
	switch {
	case x.Kind == message.SymbolTrait && x.Context == message.ContextPackage:
		return m.pkg[x.Name]
	case x.Kind == message.SymbolNative:
		return m.native[strings.TrimPrefix(x.Name, "c:")]
	case x.Kind == message.SymbolString:
		if at, ok := r.lits[x.Name]; ok {
			return m.literals[at].signals
		}
		var signals []uint32
		if kind := slices.Index(stringKinds, x.Name) + 1; kind > 0 {
			for _, rule := range m.value[kind].list {
				if rule.plain() {
					signals = append(signals, rule.signal)
				}
			}
		}
		return signals
	}
	kind := pysource.Kind(slices.Index(symbolKinds[:], x.Kind))
	c := contextOf(x.Context)
	var signals []uint32
	add := func(t target) {
		if t.kinds>>kind&1 != 0 && m.counts(t.signal, c) && !slices.Contains(signals, t.signal) {
			signals = append(signals, t.signal)
		}
	}
	if at, ok := r.byName[x.Name]; ok {
		for _, t := range m.exact[at] {
			add(t)
		}
	}
	root := x.Name
	if end := strings.IndexAny(root, ".#"); end >= 0 {
		root = root[:end]
	}
	for _, list := range [][]wildcard{m.wild[root], m.anything} {
		for _, w := range list {
			if len(x.Name) > len(w.prefix)+len(w.suffix) && strings.HasPrefix(x.Name, w.prefix) && strings.HasSuffix(x.Name, w.suffix) {
				add(w.target)
			}
		}
	}
	return signals
}

// replayed raises a signal for a stored fact.
func (r *Release) replayed(signal uint32, c message.Context, certainty message.Certainty, name, path string, line, hits int) {
	number := contextOf(c)
	if !r.m.counts(signal, number) {
		return
	}
	if len(r.paths) == 0 || r.paths[len(r.paths)-1] != path {
		r.member(path)
	}
	r.raise(signal, raise{context: number, certainty: uint8(slices.Index(certainties[:], certainty)), text: name,
		line: uint32(line), endLine: uint32(line), repeat: max(0, hits-1)})
}

// plain reports whether a rule asks for the kind of a string alone.
func (s *stringRule) plain() bool {
	return len(s.hosts) == 0 && len(s.except) == 0 && len(s.contains) == 0 && !s.public && s.regex == nil
}

func (rs *stringRules) plain(signal uint32) bool {
	return slices.ContainsFunc(rs.list, func(r stringRule) bool { return r.signal == signal && r.plain() })
}

// Wants lists the symbols that the changed rules are about, as they are stored:
// names, and names below a prefix when they end in "*". Everything is "*".
func (r *Rematch) Wants() []string {
	m := r.anew
	var names []string
	for i, name := range m.seeds {
		if len(m.exact[i+1]) > 0 {
			names = append(names, name)
		}
	}
	for _, list := range m.wild {
		for _, w := range list {
			names = append(names, w.prefix+"*")
		}
	}
	if len(m.anything) > 0 {
		return []string{"*"}
	}
	for name := range m.pkg {
		names = append(names, name)
	}
	for name := range m.native {
		names = append(names, "c:"+name)
	}
	for i := range m.literals {
		names = append(names, m.literals[i].name)
	}
	for kind := range m.value {
		if slices.ContainsFunc(m.value[kind].list, func(s stringRule) bool { return s.plain() }) {
			names = append(names, stringKinds[kind-1])
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
