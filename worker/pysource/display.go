package pysource

// display reads what stands in brackets: a parenthesised expression, a tuple,
// list, set, dict, or a comprehension.
func (s *Scanner) display() value {
	open := s.p
	t := &s.toks[open]
	if t.pos != 0 {
		return s.comprehension(open)
	}
	s.p++
	k := t.kind
	base := len(s.vals)
	commas, dict := 0, false
loop:
	for s.p < len(s.toks) {
		switch s.toks[s.p].kind {
		case tRParen, tRBrack, tRBrace, tFClose:
			s.p++
			break loop
		case tComma:
			commas++
			s.p++
			continue
		case tColon:
			dict = true
			s.p++
			continue
		}
		start := s.p
		v := s.test()
		if s.p == start {
			if s.at() == tSemi {
				break
			}
			s.p++ // cannot begin an expression
			continue
		}
		if s.at() == kAs {
			s.asTarget(v)
		}
		if len(s.vals)-base <= maxElems {
			s.vals = append(s.vals, v)
		}
	}
	vals := s.vals[base:]
	s.vals = s.vals[:base]
	switch {
	case k == tLParen && commas == 0 && len(vals) == 1:
		return vals[0]
	case k == tLBrace && (dict || len(vals) == 0):
		if len(vals)%2 == 0 {
			return s.list(vDict, vals)
		}
		return value{kind: vPlain}
	}
	return s.list(vList, vals)
}

// asTarget reads "as target" after a context manager.
func (s *Scanner) asTarget(v value) {
	s.p++
	start := s.p
	for s.p < len(s.toks) {
		switch t := &s.toks[s.p]; t.kind {
		case tComma, tColon, tRParen:
			s.bindTarget(start, s.p, s.entered(v))
			return
		case tLParen, tLBrack, tLBrace:
			s.skipBracket()
		default:
			s.p++
		}
	}
	s.bindTarget(start, s.p, s.entered(v))
}

// skipBracket moves behind the closing bracket of the one at p.
func (s *Scanner) skipBracket() {
	if e := int(s.toks[s.p].name); e > s.p {
		s.p = e + 1
		return
	}
	s.p++
}

// entered is what a context manager's __enter__ gives.
func (s *Scanner) entered(v value) value {
	if v.kind == vInst && v.name() == s.names.vocab.id.temporaryDirectory {
		return value{kind: vPlain, taint: v.taint}
	}
	return v
}

// element is what iterating over v gives.
func (s *Scanner) element(v value) value {
	switch v.kind {
	case vIter:
		return value{kind: vInst, taint: v.taint, id: v.id}
	case vList:
		var r value
		for i, e := range s.items(v) {
			if i == 8 {
				return value{taint: r.taint}
			}
			r = s.join(r, e)
		}
		return r
	case vUnion:
		return s.mapUnion(v, s.element)
	case vInst:
		if v.name() == s.names.vocab.id.openFile {
			return value{kind: vPlain, taint: v.taint}
		}
	}
	return value{taint: v.taint}
}

// comprehension reads a bracket whose first "for" the lexer has marked: its
// clauses first, because they bind the names of what stands before them.
func (s *Scanner) comprehension(open int) value {
	t := s.toks[open]
	closing := int(t.name)
	scoped := s.pushScope(scope{inert: true, class: -1})
	s.p = int(t.pos)
	for s.at() == kFor {
		s.forClause(true)
		for s.at() == kIf {
			s.p++
			s.binary(1)
		}
		if s.at() == tName && s.peek(1) == kFor { // async
			s.p++
		}
	}
	end := s.p
	s.p = open + 1
	v := s.comprehended(t, end)
	if scoped {
		s.popScope()
	}
	if closing > open {
		s.p = closing + 1
	} else {
		s.p = max(end, s.p)
	}
	return v
}

// comprehended reads the element of a comprehension, at p.
func (s *Scanner) comprehended(t token, end int) value {
	v := s.test()
	if s.at() == tColon {
		s.p++
		s.test()
		return value{kind: vPlain, taint: v.taint}
	}
	switch v.kind {
	case vInst:
		v.kind = vIter
		return v
	}
	return value{kind: vPlain, taint: v.taint}
}

// forClause reads "for targets in iterable".
func (s *Scanner) forClause(comprehension bool) {
	s.p++
	start := s.p
	for s.p < len(s.toks) {
		switch s.toks[s.p].kind {
		case kIn:
			stop := s.p
			s.p++
			var v value
			if comprehension {
				v = s.binary(1)
			} else {
				v = s.expressions()
			}
			s.bindTarget(start, stop, s.element(v))
			return
		case tLParen, tLBrack, tLBrace:
			s.skipBracket()
		case tColon, tRParen, tRBrack, tRBrace:
			return
		default:
			s.p++
		}
	}
}

// lambda reads a lambda; its body runs when it is called.
func (s *Scanner) lambda() value {
	s.p++
	scoped := s.pushScope(scope{inert: true, class: -1})
	for s.p < len(s.toks) && s.toks[s.p].kind != tColon {
		t := s.toks[s.p]
		switch t.kind {
		case tName:
			s.p++
			var v value
			if s.at() == tAssign {
				s.p++
				v = defaulted(s.test())
			}
			s.bind(t.name, v)
		case tRParen, tRBrack, tRBrace, tSemi:
			if scoped {
				s.popScope()
			}
			return value{kind: vFunc}
		default:
			s.p++
		}
	}
	s.p++
	if s.depth >= maxDepth {
		s.cut("nesting")
	} else {
		s.enterCall()
		s.depth++
		v := s.test()
		s.depth--
		_ = v
	}
	if scoped {
		s.popScope()
	}
	return value{kind: vFunc}
}

// defaulted is what a parameter holds because of its default: "open=open" is
// an alias, as long as nobody passes another.
func defaulted(v value) value {
	if v.kind == vDotted {
		v.flags |= flagMaybe
		return v
	}
	return value{}
}

// subscript reads "[index]" after v.
func (s *Scanner) subscript(v value, first uint32) value {
	open := s.p
	s.p++
	slice := 0
	base := len(s.vals)
	from, commas := -1, 0
loop:
	for s.p < len(s.toks) {
		switch s.toks[s.p].kind {
		case tRBrack, tRParen, tRBrace, tFClose:
			s.p++
			break loop
		case tColon, tFSpec:
			slice++
			s.p++
			continue
		case tComma:
			commas++
			s.p++
			continue
		}
		start := s.p
		w := s.test()
		if s.p == start {
			if s.at() == tSemi {
				break
			}
			s.p++
			continue
		}
		if slice == 2 && from < 0 {
			from = len(s.vals)
		}
		if len(s.vals)-base <= maxElems {
			s.vals = append(s.vals, w)
		}
	}
	idx := s.vals[base:]
	s.vals = s.vals[:base]
	if s.quiet > 0 {
		return s.annotatedSubscript(v, idx)
	}
	if v.kind == vDotted {
		s.reference(v, first)
	}
	if slice > 0 {
		return s.slice(v, open)
	}
	if len(idx) == 1 && commas == 0 {
		return s.index(v, idx[0])
	}
	return value{taint: v.taint}
}

// annotatedSubscript reads generic types in annotations: Optional[Path] is a
// Path, list[Path] yields them.
func (s *Scanner) annotatedSubscript(v value, idx []value) value {
	if v.kind != vDotted || len(idx) == 0 {
		return value{}
	}
	id := &s.names.vocab.id
	switch v.name() {
	case id.optional, id.typingUnion:
		r := idx[0]
		for _, w := range idx[1:] {
			r = s.join(r, w)
		}
		return r
	case id.annotatedType, id.final, id.classVar:
		return idx[0]
	case id.list, id.typingList, id.iterable, id.iterator, id.sequence, id.set, id.typingSet:
		if idx[0].kind == vDotted {
			return value{kind: vIter, id: idx[0].id}
		}
	}
	return value{kind: vPlain}
}
