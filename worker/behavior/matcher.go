package behavior

import (
	"fmt"
	"math"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"prevalence/schemas/catalog"
	"prevalence/schemas/message"
	"prevalence/worker/pysource"
)

// Matcher is a compiled catalogue. It is immutable and may be shared.
type Matcher struct {
	hash    string
	ids     []string // of the rules
	allowed []uint16 // contexts of the rules, a bit a context
	signals []signal
	groups  []group

	seeds []string              // the first are stringKinds
	exact [][]target            // by seed name, Name 0 is empty
	wild  map[string][]wildcard // by the name's first part
	// wildLengths has, by the first byte of a name's first part, a bit for each
	// length that the keys of wild have: a first look without hashing.
	wildLengths [256]uint64
	anything    []wildcard                      // "*"
	value       [numStringKinds + 1]stringRules // by kind of string

	literals     []literal
	literalScan  *automaton
	texts        []textRule
	textLiterals [][]uint32 // text rules by literal of textScan
	textScan     *automaton
	native       map[string][]uint32
	pkg          map[string][]uint32

	// roots are the first parts of the names that the rules speak of.
	roots map[string]bool
}

// target is a signal that a name raises when a fact of one of the kinds has it.
type target struct {
	signal uint32
	kinds  uint16 // a bit a pysource.Kind
}

// wildcard matches names below prefix; of an argument atom suffix is the part
// from "#" on.
type wildcard struct {
	prefix, suffix string
	target
}

// stringRules are the rules for one kind of string. Those that ask for hosts
// are found by host, so that many of them cost no more than few.
type stringRules struct {
	list   []stringRule
	byHost map[string][]int // indexes into list
	rest   []int            // of those that ask for no host
}

// each calls fn for the rules that match a value.
func (rs *stringRules) each(kind int, value string, fn func(signal uint32)) {
	for _, i := range rs.rest {
		if rs.list[i].matches(kind, value) {
			fn(rs.list[i].signal)
		}
	}
	if len(rs.byHost) == 0 {
		return
	}
	for host := hostOf(kind, value); host != ""; {
		for _, i := range rs.byHost[host] {
			if rs.list[i].matches(kind, value) {
				fn(rs.list[i].signal)
			}
		}
		_, host, _ = strings.Cut(host, ".")
	}
}

// stringRule decides on the value of a string of one kind.
type stringRule struct {
	signal   uint32
	hosts    []string
	contains []string // lower case
	except   []string // lower case
	public   bool
	regex    *regexp.Regexp
}

// stringKinds are the kinds of strings that pysource tells apart. They are
// the first seeds, so that a kind's Name is its index plus one.
var stringKinds = []string{"ipv4", "ipv6", "url", "domain", "email", "path", "base64", "hex", "wallet", "token", "webhook"}

const (
	numStringKinds = 11
	kindIPv4       = 1
	kindIPv6       = 2
	kindURL        = 3
	kindDomain     = 4
	kindEmail      = 5
	kindWallet     = 9
	kindToken      = 10
	kindWebhook    = 11
)

func bit(kinds ...pysource.Kind) uint16 {
	var b uint16
	for _, k := range kinds {
		b |= 1 << k
	}
	return b
}

// Compile compiles a catalogue. It fails only for one that catalog.Load would
// have refused, or that is larger than the tables allow.
func Compile(c *catalog.Catalog) (*Matcher, error) {
	m := &Matcher{
		hash:   c.Hash(),
		wild:   make(map[string][]wildcard),
		native: make(map[string][]uint32),
		pkg:    make(map[string][]uint32),
		roots:  make(map[string]bool),
	}
	k := compiler{m: m, seed: make(map[string]int), literal: make(map[catalog.LiteralMatch]int), text: make(map[string]int)}
	for _, kind := range stringKinds {
		k.seedOf(kind)
	}
	for i := range c.Rules {
		if err := k.rule(&c.Rules[i]); err != nil {
			return nil, fmt.Errorf("behavior: compile rule %s: %w", c.Rules[i].ID, err)
		}
	}
	patterns := make([]string, len(m.literals))
	for i := range m.literals {
		patterns[i] = m.literals[i].text
	}
	var err error
	if m.literalScan, err = newAutomaton(patterns); err != nil {
		return nil, fmt.Errorf("behavior: compile literals: %w", err)
	}
	if m.textScan, err = newAutomaton(k.textPatterns); err != nil {
		return nil, fmt.Errorf("behavior: compile text literals: %w", err)
	}
	return m, nil
}

// counts says whether a signal can count in a context: a hit of a rule only in
// the rule's contexts, a part of a combination anywhere.
func (m *Matcher) counts(signal uint32, c context) bool {
	s := m.signals[signal]
	return s.group >= 0 || m.allowed[s.rule]>>c&1 != 0
}

// Seeds are the names that the rules speak of, for pysource.NewNames.
func (m *Matcher) Seeds() []string { return slices.Clone(m.seeds) }

// Hash is the catalogue's hash (see catalog.Catalog.Hash).
func (m *Matcher) Hash() string { return m.hash }

// compiler holds what is needed only while compiling.
type compiler struct {
	m            *Matcher
	seed         map[string]int // name → index in exact
	literal      map[catalog.LiteralMatch]int
	text         map[string]int
	textPatterns []string
}

func (k *compiler) seedOf(name string) int {
	if i, ok := k.seed[name]; ok {
		return i
	}
	if len(k.m.exact) == 0 {
		k.m.exact = append(k.m.exact, nil)
	}
	i := len(k.m.exact)
	k.seed[name] = i
	k.m.seeds = append(k.m.seeds, name)
	k.m.exact = append(k.m.exact, nil)
	return i
}

func (k *compiler) rule(r *catalog.Rule) error {
	m := k.m
	if len(m.ids) >= math.MaxUint16 {
		return fmt.Errorf("more than %d rules", math.MaxUint16)
	}
	number := uint32(len(m.ids))
	m.ids = append(m.ids, r.ID)
	allowed := uint16(allContexts)
	if len(r.Contexts) > 0 {
		allowed = 0
		for _, name := range r.Contexts {
			i := contextOf(message.Context(name))
			if i == 0 {
				return fmt.Errorf("unknown context %q", name)
			}
			allowed |= 1 << i
		}
	}
	m.allowed = append(m.allowed, allowed)
	if err := k.match(&r.Match, signal{rule: number, group: -1}); err != nil {
		return err
	}
	for _, c := range r.Combinations {
		g := group{rule: number, scope: c.Scope}
		for _, part := range []struct {
			sets []catalog.Match
			to   *[]uint32
		}{{c.All, &g.all}, {c.Any, &g.any}, {c.Unless, &g.unless}} {
			for i := range part.sets {
				*part.to = append(*part.to, uint32(len(m.signals)))
				if err := k.match(&part.sets[i], signal{rule: number, group: int32(len(m.groups))}); err != nil {
					return err
				}
			}
		}
		for _, id := range g.anchors() {
			m.signals[id].anchor = true
		}
		m.groups = append(m.groups, g)
	}
	return nil
}

// match adds a signal and everything that raises it.
func (k *compiler) match(set *catalog.Match, s signal) error {
	m := k.m
	id := uint32(len(m.signals))
	m.signals = append(m.signals, s)
	for _, part := range []struct {
		names []string
		kinds uint16
	}{
		{set.Uses, bit(pysource.Call, pysource.Ref)},
		{set.Calls, bit(pysource.Call)},
		{set.Refs, bit(pysource.Ref)},
		{set.Imports, bit(pysource.Import)},
		{set.Args, bit(pysource.Arg)},
		{set.Flows, bit(pysource.Flow)},
		{set.Methods, bit(pysource.Method)},
		{set.Traits, bit(pysource.Trait)},
	} {
		for _, name := range part.names {
			k.name(name, target{id, part.kinds})
		}
	}
	for _, sm := range set.Strings {
		if err := k.stringMatch(sm, id); err != nil {
			return err
		}
	}
	for _, lm := range set.Literals {
		if err := k.literalMatch(lm, id); err != nil {
			return err
		}
	}
	for _, tm := range set.Text {
		if err := k.textMatch(tm, id); err != nil {
			return err
		}
	}
	for _, name := range set.Native {
		m.native[name] = append(m.native[name], id)
	}
	for _, trait := range set.Package {
		m.pkg[trait] = append(m.pkg[trait], id)
	}
	return nil
}

func (k *compiler) name(name string, t target) {
	callee, atom, isArg := strings.Cut(name, "#")
	if root := rootOf(name); root != "" {
		k.m.roots[root] = true
	}
	prefix, isWild := strings.CutSuffix(callee, "*")
	if !isWild {
		i := k.seedOf(name)
		k.m.exact[i] = append(k.m.exact[i], t)
		return
	}
	w := wildcard{prefix: prefix, target: t}
	if isArg {
		w.suffix = "#" + atom
	}
	if prefix == "" {
		k.m.anything = append(k.m.anything, w)
		return
	}
	root, _, _ := strings.Cut(prefix, ".")
	k.m.wild[root] = append(k.m.wild[root], w)
	k.m.wildLengths[root[0]] |= 1 << min(len(root), 63)
}

// rootOf is the module that a name begins with; empty for a method, or a name
// that begins with a wildcard.
func rootOf(name string) string {
	end := strings.IndexAny(name, ".#*>")
	if end < 0 {
		return name
	}
	if name[end] == '*' {
		return ""
	}
	return name[:end]
}

func (k *compiler) stringMatch(sm catalog.StringMatch, id uint32) error {
	kind := slices.Index(stringKinds, sm.Kind) + 1
	if kind == 0 {
		return fmt.Errorf("unknown kind of string %q", sm.Kind)
	}
	r := stringRule{signal: id, public: sm.Public}
	for _, h := range sm.Hosts {
		r.hosts = append(r.hosts, strings.ToLower(h))
	}
	for _, s := range sm.Except {
		r.except = append(r.except, strings.ToLower(s))
	}
	for _, s := range sm.Contains {
		r.contains = append(r.contains, strings.ToLower(s))
	}
	if sm.Regex != "" {
		var err error
		if r.regex, err = regexp.Compile(sm.Regex); err != nil {
			return err
		}
	}
	rs := &k.m.value[kind]
	at := len(rs.list)
	rs.list = append(rs.list, r)
	if len(r.hosts) == 0 {
		rs.rest = append(rs.rest, at)
	}
	for _, h := range r.hosts {
		if rs.byHost == nil {
			rs.byHost = make(map[string][]int)
		}
		h = strings.TrimPrefix(h, ".")
		rs.byHost[h] = append(rs.byHost[h], at)
	}
	return nil
}

// matches decides on a value.
func (r *stringRule) matches(kind int, value string) bool {
	if len(r.hosts) > 0 && !hostMatches(hostOf(kind, value), r.hosts) {
		return false
	}
	if len(r.except) > 0 && r.excepted(kind, value) {
		return false
	}
	if len(r.contains) > 0 {
		lower := strings.ToLower(value)
		if !slices.ContainsFunc(r.contains, func(s string) bool { return strings.Contains(lower, s) }) {
			return false
		}
	}
	if r.public && !isPublic(kind, value) {
		return false
	}
	return r.regex == nil || r.regex.MatchString(value)
}

// excepted says whether a value is one that must not match.
func (r *stringRule) excepted(kind int, value string) bool {
	switch kind {
	case kindURL, kindDomain, kindWebhook:
		return hostMatches(hostOf(kind, value), r.except)
	case kindEmail:
		return hostMatches(strings.ToLower(value[strings.LastIndexByte(value, '@')+1:]), r.except)
	}
	lower := strings.ToLower(value)
	return slices.ContainsFunc(r.except, func(s string) bool { return strings.HasPrefix(lower, s) })
}

// hostMatches says whether host is one of hosts or below one of them.
func hostMatches(host string, hosts []string) bool {
	for _, h := range hosts {
		if below, ok := strings.CutSuffix(host, h); ok && (below == "" || below[len(below)-1] == '.' || h[0] == '.') {
			if below != "" || h[0] != '.' {
				return true
			}
		}
	}
	return false
}

// isPublic says whether an address, or the host of a URL, is an address that
// is routed publicly.
func isPublic(kind int, value string) bool {
	if kind == kindURL {
		value = strings.Trim(hostOf(kind, value), "[]")
	}
	if i := strings.IndexByte(value, '/'); i >= 0 {
		value = value[:i]
	}
	a, err := netip.ParseAddr(value)
	if err != nil {
		return false
	}
	a = a.Unmap()
	if a.Is6() && !assigned6.Contains(a) {
		return false
	}
	return a.IsGlobalUnicast() && !a.IsPrivate() && !slices.ContainsFunc(reserved, func(p netip.Prefix) bool { return p.Contains(a) })
}

// assigned6 is the part of IPv6 that is given out (RFC 4291).
var assigned6 = netip.MustParsePrefix("2000::/3")

// reserved are address blocks that no one is reached at: documentation,
// benchmarks, shared address space, future use (RFC 6890).
var reserved = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"),
	// What looks like an address here is an object identifier, nearly always.
	netip.MustParsePrefix("2.5.4.0/24"), netip.MustParsePrefix("2.5.29.0/24"), netip.MustParsePrefix("1.3.6.0/24"), netip.MustParsePrefix("240.0.0.0/4"), netip.MustParsePrefix("2001:db8::/32"),
}
