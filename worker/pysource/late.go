package pysource

import (
	"bytes"
	"slices"
)

// lateNode is a name that nothing had bound when a function used it, or an
// attribute of one: functions run after the whole module has been read.
type lateNode struct {
	name   Name
	parent uint32 // 0: name stands alone
	class  int32  // of the instance whose attribute name is, counted from 1; else 0
	val    value  // of a name that an enclosing function bound later
	bound  bool   // val is set
}

// lateFact is a fact to be completed at the end of the file. Until then it is
// a Method fact, or void (kind zero).
type lateFact struct {
	fact uint32
	node uint32
	kind Kind
}

// laterName is a name that functions call before the module binds it, and what
// it turned out to stand for.
type laterName struct {
	name Name
	val  value
}

const maxLaterNames = 32

// late returns the value of an unbound name, or of an attribute of one.
func (s *Scanner) late(n Name, parent uint32) value {
	if parent == 0 {
		for i := range s.known {
			if s.known[i].name == n {
				return s.known[i].val
			}
		}
	}
	s.lates = append(s.lates, lateNode{name: n, parent: parent})
	return value{kind: vLate, id: uint32(len(s.lates) - 1)}
}

// lateAttr returns an attribute of self that nothing has given a value yet.
func (s *Scanner) lateAttr(cls int32, n Name) value {
	s.lates = append(s.lates, lateNode{name: n, class: cls + 1})
	return value{kind: vLate, id: uint32(len(s.lates) - 1)}
}

// rootedInClass reports whether a late value begins with self.
func (s *Scanner) rootedInClass(node uint32) bool {
	for range maxDepth {
		l := &s.lates[node]
		if l.parent == 0 {
			return l.class != 0
		}
		node = l.parent
	}
	return true
}

// resolveEnclosed gives the names that functions within the scope top used, and
// that it bound only later, the values that they have at its end.
func (s *Scanner) resolveEnclosed(top int32, first int) {
	for i := first; i < len(s.lates); i++ {
		l := &s.lates[i]
		if l.parent != 0 || l.class != 0 || l.bound {
			continue
		}
		if e := s.symbol(l.name); e.local != 0 {
			if b := &s.bindings[e.local]; b.scope == top && !b.global {
				l.val, l.bound = b.val, true
			}
		}
	}
}

// resolveLate completes the facts about names that the module bound only after
// a function had used them, and drops those about builtins that it shadows.
func (s *Scanner) resolveLate() {
	void := false
	for _, l := range s.lateFacts {
		f := &s.facts[l.fact]
		v := s.lateValue(l.node, 0)
		if v.kind == vUnion {
			v = s.alternatives(v)[0]
		}
		if v.kind == vDotted {
			if l.kind == Ref && int(v.id) < len(s.names.vocab.noRef) && s.names.vocab.noRef[v.id] {
				void = true
				continue
			}
			f.Kind, f.Name, f.Certainty = l.kind, v.name(), Resolved
			if v.flags&flagMaybe != 0 {
				f.Certainty = Likely
			}
			if l.kind == Call {
				s.know(l.node)
			}
		} else if f.Kind == 0 {
			void = true
		}
	}
	if s.shadowed {
		for _, i := range s.lateBuiltins {
			f := &s.facts[i]
			n := s.names.vocab.builtinIdent(f.Name)
			if n == 0 {
				continue
			}
			e := s.symbol(n)
			switch {
			case e.block == 0:
			case e.mod.kind == vDotted:
				f.Name = e.mod.name()
			default:
				s.voidAtoms(int(i))
				f.Kind, void = 0, true
			}
		}
	}
	if void {
		kept := s.facts[:0]
		for _, f := range s.facts {
			if f.Kind != 0 {
				kept = append(kept, f)
			}
		}
		s.facts = kept
	}
}

// know notes what the first name of a late value stands for.
func (s *Scanner) know(node uint32) {
	for range maxDepth {
		l := &s.lates[node]
		if l.parent != 0 {
			node = l.parent
			continue
		}
		if l.class != 0 || l.bound || len(s.known) >= maxLaterNames {
			return
		}
		if v := s.lateValue(node, 0); v.kind == vDotted && !slices.ContainsFunc(s.known, func(k laterName) bool { return k.name == l.name }) {
			s.known = append(s.known, laterName{l.name, v})
		}
		return
	}
}

// voidAtoms takes back what was noted about the arguments of a call.
func (s *Scanner) voidAtoms(call int) {
	c := s.facts[call]
	prefix := append(append([]byte(nil), s.names.bytes(c.Name)...), '#')
	for i := call + 1; i < len(s.facts) && s.facts[i].Line <= c.EndLine; i++ {
		f := &s.facts[i]
		if f.Kind == Arg && f.Line == c.Line && bytes.HasPrefix(s.names.bytes(f.Name), prefix) {
			f.Kind = 0
		}
	}
}

// lateValue returns what a late name turned out to be.
func (s *Scanner) lateValue(node uint32, depth int) value {
	l := s.lates[node]
	if l.parent == 0 {
		if l.class != 0 {
			return s.attr(l.class-1, l.name)
		}
		if l.bound {
			return l.val
		}
		e := s.symbol(l.name)
		if e.block == 0 {
			return value{}
		}
		return e.mod
	}
	if depth > maxDepth {
		return value{}
	}
	return s.attribute(s.lateValue(l.parent, depth+1), l.name)
}
