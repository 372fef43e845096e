package pysource

// targets is a range of tokens that an expression statement assigns to.
type targets struct {
	start, end int
	tail       tail
}

// expressionStatement reads an expression, or an assignment to something that
// is more than a name.
func (s *Scanner) expressionStatement() {
	start, mark := s.p, len(s.facts)
	v := s.expressions()
	s.result1 = v
	switch s.at() {
	case tAssign:
		s.assignment(start, mark)
	case tAug:
		op := kind(s.toks[s.p].name)
		end, t := s.p, s.tail
		s.p++
		w := s.expressions()
		v = s.operate(op, v, w)
		// A string that is put together piece by piece is kept when it is used.
		s.tail = t
		s.bindTarget(start, end, v)
	case tColon:
		end, t := s.p, s.tail
		s.p++
		typ := s.annotation()
		v := value{}
		if s.at() == tAssign {
			s.p++
			v = s.expressions()
		}
		s.tail = t
		s.bindTarget(start, end, s.typed(v, typ))
	}
	s.leftover()
}

// assignment reads "= value" after the first target, and further targets.
func (s *Scanner) assignment(start, mark int) {
	var buf [4]targets
	list := buf[:0]
	var v value
	for s.at() == tAssign {
		s.unreference(start, s.p, mark)
		if len(list) < 64 {
			list = append(list, targets{start, s.p, s.tail})
		}
		s.p++
		start, mark = s.p, len(s.facts)
		v = s.expressions()
	}
	for _, t := range list {
		s.tail = t.tail
		s.bindTarget(t.start, t.end, v)
	}
}

// unreference takes back the references that reading mere names as an
// expression gave, once they turn out to be assigned to.
func (s *Scanner) unreference(start, end, mark int) {
	for _, t := range s.toks[start:end] {
		switch t.kind {
		case tName, tComma, tLParen, tRParen, tLBrack, tRBrack, tStar:
			if t.kind == tLBrack && start != end && s.toks[start].kind != tLBrack {
				return
			}
		case tDot:
			s.unreferenceAttribute(end, mark)
			return
		default:
			return
		}
	}
	for _, f := range s.facts[mark:] {
		if f.Kind != Ref && f.Kind != 0 {
			return
		}
	}
	s.rewind(mark)
}

// unreferenceAttribute takes back the reference to an attribute that is
// assigned to: "socket.socket = f" does not use socket.socket.
func (s *Scanner) unreferenceAttribute(end, mark int) {
	last := len(s.facts) - 1
	if s.tail.end != end || s.tail.name == 0 || s.tail.base.kind != vDotted || last < mark {
		return
	}
	if f := s.facts[last]; f.Kind == Ref && f.Name == s.names.dot(s.tail.base.name(), s.tail.name) {
		s.rewind(last)
	}
}

// rewind takes back the facts from mark on.
func (s *Scanner) rewind(mark int) {
	for len(s.lateFacts) > 0 && int(s.lateFacts[len(s.lateFacts)-1].fact) >= mark {
		s.lateFacts = s.lateFacts[:len(s.lateFacts)-1]
	}
	for len(s.lateBuiltins) > 0 && int(s.lateBuiltins[len(s.lateBuiltins)-1]) >= mark {
		s.lateBuiltins = s.lateBuiltins[:len(s.lateBuiltins)-1]
	}
	s.facts = s.facts[:mark]
}

// assignName reads the value of "name =", and further targets.
func (s *Scanner) assignName(n Name) {
	start, mark := s.p, len(s.facts)
	v := s.expressions()
	if s.at() == tAssign {
		// name = target = … = value
		s.assignment(start, mark)
		v = value{}
		if s.p > 0 && s.last.kind != vUnknown {
			v = s.last
		}
	}
	s.bind(n, v)
	s.leftover()
}

// annotatedName reads ": type [= value]" after a name.
func (s *Scanner) annotatedName(n Name) {
	typ := s.annotation()
	if s.at() != tAssign {
		if len(s.scopes) > 0 && s.scopes[len(s.scopes)-1].isClass && typ.kind != vUnknown {
			s.bind(n, typ) // a field
		}
		s.leftover()
		return
	}
	s.p++
	v := s.expressions()
	s.bind(n, s.typed(v, typ))
	s.leftover()
}

// typed is a value of which an annotation says the type.
func (s *Scanner) typed(v, typ value) value {
	if dim(v.kind) && typ.kind != vUnknown {
		typ.taint |= v.taint
		return typ
	}
	return v
}

// annotation reads a type expression and returns what it is a type of. It
// gives no references.
func (s *Scanner) annotation() value {
	s.quiet++
	v := s.test()
	s.quiet--
	return s.instanceOf(v)
}

// instanceOf returns an instance of the type that v is.
func (s *Scanner) instanceOf(v value) value {
	voc := &s.names.vocab
	switch v.kind {
	case vDotted:
		if int(v.id) < len(voc.known) {
			if k := voc.known[v.id]; k != 0 && voc.infos[k].plain {
				return value{kind: vPlain}
			}
		}
		if v.name() == voc.id.str || v.name() == voc.id.bytes {
			return instance(v.name())
		}
		if s.names.under(v.name(), voc.id.builtins) || s.names.under(v.name(), voc.id.typing) ||
			s.names.under(v.name(), voc.id.typingExtensions) {
			return value{}
		}
		return value{kind: vInst, id: v.id, flags: v.flags & flagMaybe}
	case vClass:
		return value{kind: vSelf, id: v.id}
	case vIter, vPlain:
		return v
	case vUnion:
		return s.mapUnion(v, s.instanceOf)
	case vStr:
		return s.forwardReference(s.text(v))
	}
	return value{}
}

// forwardReference resolves a dotted name in a string annotation.
func (s *Scanner) forwardReference(b []byte) value {
	if len(b) == 0 || len(b) > 100 {
		return value{}
	}
	var v value
	for i, start := 0, 0; i <= len(b); i++ {
		if i < len(b) && b[i] != '.' {
			if !nameByte[b[i]] || b[i] >= 0x80 {
				return value{}
			}
			continue
		}
		if i == start {
			return value{}
		}
		n := s.names.Intern(b[start:i])
		if start == 0 {
			var bound bool
			if v, bound = s.lookup(n); !bound || v.kind == vStr {
				return value{}
			}
		} else {
			v = s.attribute(v, n)
		}
		start = i + 1
	}
	return s.instanceOf(v)
}

// bindTarget binds the names in the tokens from start to end, which stand
// where something is assigned to. s.tail is the last trailer in them.
func (s *Scanner) bindTarget(start, end int, v value) {
	s.last = v
	end = min(end, len(s.toks))
	for start < end && (s.toks[start].kind == tLParen || s.toks[start].kind == tLBrack) && int(s.toks[start].name) == end-1 {
		start, end = start+1, end-1
	}
	if start >= end {
		return
	}
	if end-start == 1 {
		if t := s.toks[start]; t.kind == tName {
			s.bind(t.name, v)
		}
		return
	}
	// Several targets, or one with trailers.
	var elems []value
	if v.kind == vList {
		elems = s.items(v)
	}
	n, commas := 0, 0
	for i := start; i < end; i++ {
		switch s.toks[i].kind {
		case tLParen, tLBrack, tLBrace:
			if e := int(s.toks[i].name); e > i {
				i = e
			}
		case tComma:
			commas++
		}
	}
	if commas == 0 && s.toks[start].kind != tStar {
		s.bindTrailer(start, end, v)
		return
	}
	starred := false
	for i := start; i < end; {
		j, star := i, false
		for j < end && s.toks[j].kind != tComma {
			switch s.toks[j].kind {
			case tStar:
				star = true
			case tLParen, tLBrack, tLBrace:
				if e := int(s.toks[j].name); e > j && e < end {
					j = e
				}
			}
			j++
		}
		w := value{taint: v.taint}
		switch k := len(elems) - (commas + 1 - n); {
		case star:
			starred = true
			i++
		case !starred && n < len(elems):
			w = elems[n]
		case starred && k >= 0 && k < len(elems):
			w = elems[k] // counted from the end
		}
		if j > i {
			s.bindPart(i, j, w)
		}
		n++
		i = j + 1
	}
}

// bindPart binds one of several targets.
func (s *Scanner) bindPart(start, end int, v value) {
	if end-start == 1 && s.toks[start].kind == tName {
		s.bind(s.toks[start].name, v)
		return
	}
	if k := s.toks[start].kind; k == tLParen || k == tLBrack {
		if v.kind == vList && s.depth < maxDepth {
			s.depth += 32 // these may not nest deeply
			s.bindTarget(start, end, v)
			s.depth -= 32
			return
		}
		for i := start; i < end; i++ {
			if s.toks[i].kind == tName && s.toks[i-1].kind != tDot && (i+1 >= len(s.toks) || s.toks[i+1].kind != tDot) {
				s.bind(s.toks[i].name, value{taint: v.taint})
			}
		}
		return
	}
	if end-start == 3 && s.toks[start].kind == tName && s.toks[start+1].kind == tDot {
		base, _ := s.lookup(s.toks[start].name)
		s.storeAttribute(base, s.toks[start+2].name, v, s.toks[start].line)
	}
}

// bindTrailer assigns to one attribute or item, the last trailer that was read.
func (s *Scanner) bindTrailer(start, end int, v value) {
	first := s.toks[start].line
	if s.tail.end != end {
		if end-start == 3 && s.toks[start].kind == tName && s.toks[start+1].kind == tDot {
			base, _ := s.lookup(s.toks[start].name)
			s.storeAttribute(base, s.toks[start+2].name, v, first)
		}
		return
	}
	if s.tail.name == 0 {
		s.itemCall(s.names.vocab.id.setitem, first)
		s.storeItem(s.toks[start:end], v)
		return
	}
	s.storeAttribute(s.tail.base, s.tail.name, v, first)
}

// storeAttribute notes "base.n = v".
func (s *Scanner) storeAttribute(base value, n Name, v value, first uint32) {
	switch base.kind {
	case vSelf, vClass:
		if v.kind != vUnknown || v.taint != 0 {
			s.setAttr(int32(base.id), n, v)
		} else {
			s.setAttr(int32(base.id), n, value{})
		}
	case vDotted:
		d := base
		d.id = uint32(s.names.dot(s.names.dot(base.name(), n), s.names.vocab.id.setattr))
		s.emit(Call, d, first, s.lastLine())
		s.attributeAtom(base, n, v, first)
	case vInst:
		s.attributeAtom(base, n, v, first)
	case vUnion:
		for _, w := range s.alternatives(base) {
			if w.kind == vInst {
				s.attributeAtom(w, n, v, first)
			}
		}
	}
}

// storeItem binds the name in globals()["name"] = value.
func (s *Scanner) storeItem(toks []token, v value) {
	if s.tail.base.kind == vDict && len(toks) >= 4 && toks[0].kind == tName && toks[1].kind == tLBrack {
		s.storeKey(toks, v)
		return
	}
	if s.tail.base.kind != vNamespace || s.tail.base.id != 0 || len(toks) < 3 {
		return
	}
	if t := toks[len(toks)-2]; t.kind == tString && t.flags&fEscape == 0 && t.name > Name(t.pos) {
		n := s.names.Intern(s.src[t.pos:t.name])
		s.bindModule(n, v)
	}
}

const maxStoredKeys = 32 // of a dict that is filled item by item

// storeKey adds an item to the dict that a name holds, when it may matter.
func (s *Scanner) storeKey(toks []token, v value) {
	d := s.tail.base
	t := toks[2]
	if t.kind != tString || len(toks) != 4 || len(s.items(d)) >= 2*maxStoredKeys {
		return
	}
	switch v.kind {
	case vDotted, vUnion, vStr, vTrue, vFalse, vGetter:
	default:
		return
	}
	if held, _ := s.lookup(toks[0].name); held.kind != vDict || held.id != d.id {
		return
	}
	base := len(s.vals)
	s.vals = append(s.vals, s.items(d)...)
	s.vals = append(s.vals, s.constOf(s.src[t.pos:t.name], t.line, 0), v)
	s.bind(toks[0].name, s.list(vDict, s.vals[base:]))
	s.vals = s.vals[:base]
}
