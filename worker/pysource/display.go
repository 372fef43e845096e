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
	s.inComprehension++
	clauses := 0
	fold := comprehensionFold{}
	for s.at() == kFor {
		target := s.p + 1
		v := s.forClause(true)
		clauses++
		if clauses == 1 && target+1 < len(s.toks) && s.toks[target].kind == tName && s.toks[target+1].kind == kIn {
			if v.kind == vStr {
				v = s.characters(v)
			}
			fold = comprehensionFold{s.toks[target].name, v}
		} else {
			fold = comprehensionFold{}
		}
		for s.at() == kIf {
			fold = comprehensionFold{}
			s.p++
			s.binary(1)
		}
		if s.at() == tName && s.peek(1) == kFor { // async
			s.p++
		}
	}
	s.inComprehension--
	end := s.p
	s.p = open + 1
	s.folding = fold
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

// comprehended reads the element of a comprehension, at p. When the clause is
// "for name in constants" and the element folds, it is read for each of them.
func (s *Scanner) comprehended(t token, end int) value {
	fold := s.folding
	s.folding = comprehensionFold{}
	start, mark := s.p, len(s.facts)
	if fold.items.kind == vList && end == int(t.name) {
		items := s.items(fold.items)
		if len(items) > 0 && allConstants(items) && s.spend((int(t.pos)-start+4)*len(items)*2) {
			literals := len(s.literals)
			s.bind(fold.name, items[0])
			v := s.test()
			if s.at() != tColon && (v.kind == vStr || v.kind == vInt || v.kind == vDotted) {
				return s.comprehendEach(fold, start, v)
			}
			// It does not fold: what was seen of the first is taken back.
			s.rewind(mark)
			s.literals = s.literals[:literals]
			s.p = start
			s.bind(fold.name, s.element(fold.items))
		}
	}
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
	case vDotted, vUnion:
		return s.list(vList, []value{v})
	}
	return value{kind: vPlain, taint: v.taint}
}

// comprehendEach reads the element at start once more for every constant but
// the first, of which it gave v; facts come from the first alone.
func (s *Scanner) comprehendEach(fold comprehensionFold, start int, v value) value {
	base := len(s.vals)
	s.vals = append(s.vals, v)
	s.mute++
	after := s.p
	n := len(s.items(fold.items))
	for i := 1; i < n; i++ {
		s.p = start
		s.bind(fold.name, s.items(fold.items)[i])
		w := s.test()
		if w.kind != v.kind {
			break
		}
		s.vals = append(s.vals, w)
	}
	s.mute--
	s.p = after
	r := value{kind: vPlain, taint: v.taint}
	if len(s.vals)-base == n {
		r = s.list(vList, s.vals[base:])
	}
	s.vals = s.vals[:base]
	return r
}

func allConstants(vals []value) bool {
	for _, v := range vals {
		if v.kind != vStr && v.kind != vInt {
			return false
		}
	}
	return true
}

// comprehensionFold is the clause of a comprehension over constants.
type comprehensionFold struct {
	name  Name
	items value
}

// forClause reads "for targets in iterable".
func (s *Scanner) forClause(comprehension bool) value {
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
			return v
		case tLParen, tLBrack, tLBrace:
			s.skipBracket()
		case tColon, tRParen, tRBrack, tRBrace:
			return value{}
		default:
			s.p++
		}
	}
	return value{}
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
	r := value{kind: vFunc}
	mark := len(s.facts)
	if s.depth >= maxDepth {
		s.cut("nesting")
	} else {
		s.enterCall()
		s.depth++
		v := s.test()
		s.depth--
		if (v.kind != vUnknown || v.taint != 0) && len(s.funcs) < maxFuncs {
			s.funcs = append(s.funcs, v)
			r.id = uint32(len(s.funcs) - 1)
		}
	}
	if scoped {
		s.popScope()
	}
	s.lambdas = span{uint32(mark), uint32(len(s.facts))}
	s.lambdaEnd = s.p
	return r
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

// subscript reads "[index]" or "[from:to:step]" after v.
func (s *Scanner) subscript(v value, start int) value {
	s.p++
	var bounds [3]value
	colons, commas := 0, 0
	base := len(s.vals)
loop:
	for s.p < len(s.toks) {
		switch s.toks[s.p].kind {
		case tRBrack, tRParen, tRBrace, tFClose:
			s.p++
			break loop
		case tColon, tFSpec:
			colons++
			s.p++
			continue
		case tComma:
			commas++
			s.p++
			continue
		}
		p := s.p
		w := s.test()
		if s.p == p {
			if s.at() == tSemi {
				break
			}
			s.p++
			continue
		}
		if colons < len(bounds) {
			bounds[colons] = w
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
		s.reference(v, start)
	}
	switch {
	case commas > 0:
	case colons > 0:
		return s.slice(v, bounds)
	case len(idx) == 1:
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
