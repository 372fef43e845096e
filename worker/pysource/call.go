package pysource

// argument is one of a call's: its keyword, or zero, and its value.
type argument struct {
	keyword Name
	stars   uint8
	val     value
	first   uint32 // index of its first token
	end     uint32 // and of the one after its last
}

// emit adds a fact about v, a vDotted, vMethod or vLate.
func (s *Scanner) emit(k Kind, v value, first, end uint32) {
	if len(s.facts) >= maxFacts {
		s.cut("facts")
		return
	}
	if s.mute > 0 {
		return
	}
	name, certainty := Name(0), Resolved
	switch v.kind {
	case vDotted:
		name = v.name()
		if v.flags&flagMaybe != 0 {
			certainty = Likely
		}
		if v.flags&flagLate != 0 {
			s.lateBuiltins = append(s.lateBuiltins, uint32(len(s.facts)))
		}
	case vMethod:
		name, certainty = s.names.dot(0, v.name()), Likely
	}
	s.add(k, name, 0, certainty, first, end)
}

// add adds a fact.
func (s *Scanner) add(k Kind, n, val Name, c Certainty, first, end uint32) {
	scope := s.qual
	if scope == 0 {
		scope = s.scopeName()
	}
	f := push(&s.facts)
	f.Kind, f.Context, f.Certainty, f.Name, f.Value, f.Scope, f.Line, f.EndLine = k, s.ctx, c, n, val, scope, first, end
}

// push makes the slice longer by one and returns what is there, as it was left
// by an earlier use. To fill its fields in place is cheaper than to append a
// large struct: that one is put together elsewhere and copied at once, and the
// processor waits until the pieces have been written.
func push[T any](s *[]T) *T {
	n := len(*s)
	if n < cap(*s) {
		*s = (*s)[:n+1]
	} else {
		*s = doubled(*s)
	}
	return &(*s)[n]
}

// doubled is s made longer by one in a table twice as long. The tables' limits
// are powers of two, so none outgrows its limit, and fewer old copies wait for
// the collector than append, which grows by a quarter, leaves behind.
//
//go:noinline
func doubled[T any](s []T) []T {
	t := make([]T, len(s)+1, max(2*len(s), 64))
	copy(t, s)
	return t
}

// emitName adds a fact of any kind about a name.
func (s *Scanner) emitName(k Kind, n, val Name, c Certainty, first, end uint32) {
	if s.mute > 0 {
		return
	}
	if len(s.facts) >= maxFacts {
		s.cut("facts")
		return
	}
	s.add(k, n, val, c, first, end)
}

// call reads the arguments of a call of callee, whose last attribute was taken
// from recv, and returns its result.
func (s *Scanner) call(callee, recv value, start int) value {
	first := s.toks[start].line
	if callee.kind == vFunc && s.lambdaEnd == s.p-1 && s.p > 0 && s.toks[s.p-1].kind == tRParen {
		// (lambda: …)() runs at once.
		for i := s.lambdas.start; i < s.lambdas.end && int(i) < len(s.facts); i++ {
			s.facts[i].Context = s.ctx
		}
	}
	mark := len(s.facts)
	switch callee.kind {
	case vDotted:
		s.emit(Call, callee, first, first)
	case vMethod:
		s.emit(Method, callee, first, first)
	case vUnion:
		for _, w := range s.alternatives(callee) {
			if w.kind == vDotted {
				s.emit(Call, w, first, first)
			}
		}
	case vLate:
		l := s.lates[callee.id]
		if l.parent != 0 || l.class != 0 {
			s.emit(Method, value{kind: vMethod, id: uint32(l.name)}, first, first)
		} else {
			s.emit(0, callee, first, first)
		}
		if s.mute == 0 && len(s.facts) > mark {
			s.lateFacts = append(s.lateFacts, lateFact{uint32(mark), callee.id, Call})
		}
	}
	emitted := len(s.facts)
	base := len(s.args)
	s.arguments()
	end := s.lastLine()
	for i := mark; i < emitted; i++ {
		s.facts[i].EndLine = end
	}
	if callee.flags&flagIndirect != 0 && callee.kind == vDotted {
		s.indirectCall(callee, first, end)
	}
	s.callStart = start
	r := s.apply(callee, recv, s.args[base:], first, end)
	s.args = s.args[:base]
	return r
}

// arguments reads "(a, k=b, *c)" onto s.args.
func (s *Scanner) arguments() {
	open := s.p
	if s.toks[open].pos != 0 {
		v := s.comprehension(open)
		s.args = append(s.args, argument{val: v, first: uint32(open + 1), end: uint32(s.p - 1)})
		return
	}
	s.p++
	base := len(s.args)
	for s.p < len(s.toks) {
		a := argument{first: uint32(s.p)}
		switch s.toks[s.p].kind {
		case tRParen:
			s.p++
			return
		case tComma:
			s.p++
			continue
		case tName:
			if s.peek(1) == tAssign {
				a.keyword = s.toks[s.p].name
				s.p += 2
				a.first += 2
			}
		case tStar, tDStar:
			a.stars = 1
			if s.toks[s.p].kind == tDStar {
				a.stars = 2
			}
			s.p++
		}
		start := s.p
		a.val = s.test()
		if s.p == start {
			if k := s.at(); k == tRBrack || k == tRBrace || k == tFClose || k == tSemi {
				return // broken: left to whom it belongs
			}
			s.p++
		}
		a.end = uint32(s.p)
		if a.stars == 2 && a.val.kind == vDict {
			s.keywordArguments(a, base)
			continue
		}
		if len(s.args)-base < maxArgs {
			s.args = append(s.args, a)
		}
	}
}

// keywordArguments takes "**{"name": value}" apart.
func (s *Scanner) keywordArguments(a argument, base int) {
	items := s.items(a.val)
	for i := 0; i+1 < len(items) && len(s.args)-base < maxArgs; i += 2 {
		if k := items[i]; k.kind == vStr && identifierBytes(s.text(k)) {
			b := a
			b.keyword, b.stars, b.val = s.names.Intern(s.text(k)), 0, items[i+1]
			s.args = append(s.args, b)
		}
	}
}

// apply returns the result of a call, and notes what its arguments tell.
func (s *Scanner) apply(callee, recv value, args []argument, first, end uint32) value {
	switch callee.kind {
	case vDotted:
		return s.applyDotted(callee, recv, args, first, end)
	case vUnion:
		var r value
		u := s.unions[callee.id]
		for _, w := range u.val[:u.n] {
			if w.kind == vDotted {
				r = s.join(r, s.applyDotted(w, recv, args, first, end))
			}
		}
		return r
	case vMethod:
		return s.applyMethod(callee, recv, args, first, end)
	case vClass:
		return value{kind: vSelf, id: callee.id}
	case vFunc:
		if callee.id != 0 {
			return s.funcs[callee.id]
		}
	case vLate:
		if l := s.lates[callee.id]; l.parent != 0 || l.class != 0 {
			callee.kind, callee.id = vMethod, uint32(l.name)
			return s.applyMethod(callee, recv, args, first, end)
		}
	case vDictMethod:
		if len(args) > 0 {
			if r, ok := s.dictItem(callee, args[0].val); ok {
				return r
			}
		}
	case vItemGetter:
		if len(args) > 0 {
			return s.index(args[0].val, integer(callee.int()))
		}
	case vNamespaceMethod:
		if len(args) > 0 {
			if callee.flags&flagMaybe != 0 {
				return s.index(value{kind: vModules}, args[0].val)
			}
			return s.namespaceIndex(callee, args[0].val)
		}
	case vGetter:
		return s.applyGetter(callee, args, first, end)
	}
	return value{taint: callee.taint}
}

// applyDotted is apply for a callee with a known name.
func (s *Scanner) applyDotted(callee, recv value, args []argument, first, end uint32) value {
	voc := &s.names.vocab
	d := callee.name()
	var r value
	if callee.flags&flagCallsite != 0 {
		r.taint = callee.taint
	}
	if int(d) < len(voc.known) && voc.known[d] != 0 {
		in := &voc.infos[voc.known[d]]
		if len(in.args) > 0 {
			s.argAtoms(d, in, args, first, end)
		}
		if in.sink != 0 {
			s.sinks(in, args, first, end)
		}
		if in.result != vUnknown {
			r.kind, r.id = in.result, uint32(in.class)
		} else if in.op == 0 && callee.flags&(flagCallsite|flagLate) == 0 && s.names.capital(d) {
			r.kind, r.id = vInst, uint32(d)
		}
		r.taint |= in.source
		if in.op != 0 {
			r = s.operation(in.op, r, callee, recv, args, first, end)
		}
		if in.through {
			for _, a := range args {
				r.taint |= a.val.taint
			}
		}
		return r
	}
	if n := s.names.getattribute(d); n != 0 {
		// os.__getattribute__("system")
		if len(args) == 1 {
			return s.getattr(dotted(n), args[0].val)
		}
		if len(args) == 2 {
			return s.getattr(args[0].val, args[1].val)
		}
	}
	if callee.flags&(flagCallsite|flagLate) == 0 && s.names.capital(d) {
		r.kind, r.id = vInst, uint32(d)
	}
	return r
}

// positional returns the i-th argument, or the one with that keyword.
func positional(args []argument, i int, keyword Name) (value, bool) {
	for _, a := range args {
		if a.keyword != 0 && a.keyword == keyword {
			return a.val, true
		}
	}
	for _, a := range args {
		if a.keyword != 0 {
			continue
		}
		if a.stars != 0 {
			return value{}, false
		}
		if i == 0 {
			return a.val, true
		}
		i--
	}
	return value{}, false
}
