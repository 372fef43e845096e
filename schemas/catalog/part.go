package catalog

import (
	"fmt"
	"slices"
)

// Part is one matcher of a rule by itself.
type Part struct {
	Words string // what it matches: a clause without capital and full stop
	// Role says how the rule needs it: "enough" alone, in one combination "all"
	// together with others, "any" of several, or "unless".
	Role  string
	Match Match // with one matcher
}

// Parts takes a rule apart, in the order in which it is written. A matcher that
// stands twice in the same role is listed once.
func (r *Rule) Parts() []Part {
	var parts []Part
	add := func(role string, sets ...Match) {
		for i := range sets {
			for _, one := range sets[i].single() {
				p := Part{Words: one.words()[0], Role: role, Match: one}
				if !slices.ContainsFunc(parts, func(q Part) bool { return q.Words == p.Words && q.Role == p.Role }) {
					parts = append(parts, p)
				}
			}
		}
	}
	add("enough", r.Match)
	for i, c := range r.Combinations {
		suffix := ""
		if len(r.Combinations) > 1 {
			suffix = fmt.Sprintf(" %d", i+1)
		}
		add("all"+suffix, c.All...)
		add("any"+suffix, c.Any...)
		add("unless"+suffix, c.Unless...)
	}
	return parts
}

// single returns a set of one matcher for each matcher of m.
func (m *Match) single() []Match {
	var out []Match
	for _, list := range []struct {
		from []string
		to   func(*Match) *[]string
	}{
		{m.Uses, func(x *Match) *[]string { return &x.Uses }},
		{m.Calls, func(x *Match) *[]string { return &x.Calls }},
		{m.Refs, func(x *Match) *[]string { return &x.Refs }},
		{m.Imports, func(x *Match) *[]string { return &x.Imports }},
		{m.Args, func(x *Match) *[]string { return &x.Args }},
		{m.Flows, func(x *Match) *[]string { return &x.Flows }},
		{m.Methods, func(x *Match) *[]string { return &x.Methods }},
		{m.Traits, func(x *Match) *[]string { return &x.Traits }},
		{m.Native, func(x *Match) *[]string { return &x.Native }},
		{m.Package, func(x *Match) *[]string { return &x.Package }},
	} {
		for _, name := range list.from {
			var one Match
			*list.to(&one) = []string{name}
			out = append(out, one)
		}
	}
	for _, s := range m.Strings {
		out = append(out, Match{Strings: []StringMatch{s}})
	}
	for _, l := range m.Literals {
		out = append(out, Match{Literals: []LiteralMatch{l}})
	}
	for _, t := range m.Text {
		out = append(out, Match{Text: []TextMatch{t}})
	}
	return out
}
