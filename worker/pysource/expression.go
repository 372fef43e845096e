package pysource

const (
	maxDepth = 200 // brackets, operators and lambdas inside one another; CPython takes 200 brackets
	maxArgs  = 64  // of one call that are looked at
)

// at returns the kind of the current token, tNone at the line's end.
func (s *Scanner) at() kind {
	if s.p < len(s.toks) {
		return s.toks[s.p].kind
	}
	return tNone
}

func (s *Scanner) peek(n int) kind {
	if s.p+n < len(s.toks) {
		return s.toks[s.p+n].kind
	}
	return tNone
}

// expressions reads "a, b, c", also with stars, and returns a list when there
// is a comma.
func (s *Scanner) expressions() value {
	v := s.test()
	if s.at() != tComma {
		return v
	}
	base := len(s.vals)
	s.vals = append(s.vals, v)
	for s.at() == tComma {
		s.p++
		if s.endsExpression() {
			break
		}
		v := s.test()
		if len(s.vals)-base <= maxElems {
			s.vals = append(s.vals, v)
		}
	}
	v = s.list(vList, s.vals[base:])
	s.vals = s.vals[:base]
	return v
}

// endsOperand tells the tokens after which an expression of one operand is
// whole; startsOperand those that begin an operand without anything before it.
var (
	endsOperand = [kindCount]bool{
		tNone: true, tComma: true, tRParen: true, tRBrack: true, tRBrace: true, tColon: true, tSemi: true, tAssign: true,
		tAug: true, tFClose: true, tFSpec: true, tBang: true,
	}
	startsOperand = [kindCount]bool{
		tName: true, tNumber: true, tString: true, tFStart: true, tLParen: true, tLBrack: true, tLBrace: true,
		kNone: true, kTrue: true, kFalse: true,
	}
)

// endsExpression reports whether no expression can begin here.
func (s *Scanner) endsExpression() bool {
	switch s.at() {
	case tNone, tRParen, tRBrack, tRBrace, tFClose, tSemi, tAssign, tAug, tColon, tComma, tFSpec, tBang, kIn, kFor, kIf, kElse, kAs, kFrom:
		return true
	}
	return false
}

// test reads an expression: "a if b else c", a lambda, "x := y".
func (s *Scanner) test() value {
	if s.depth >= maxDepth {
		s.cut("nesting")
		s.p++
		return value{}
	}
	if s.p >= len(s.toks) {
		return value{}
	}
	var v value
	t := &s.toks[s.p]
	if startsOperand[t.kind] && (t.name != s.names.vocab.id.await || t.kind != tName) {
		// Most expressions are one operand: they are read without asking for
		// each level of operators.
		if endsOperand[s.peek(1)] {
			switch t.kind {
			case tName:
				s.p++
				return s.settle(s.used(s.nameValue(t.name), s.p-1))
			case tNumber:
				s.p++
				return number(s.src[t.pos:t.name])
			case tString:
				s.p++
				return s.settle(s.literal(t))
			}
		}
		s.depth++
		v = s.operand()
		if endsOperand[s.at()] {
			s.depth--
			return s.settle(v)
		}
		v = s.operators(v, 1)
	} else {
		s.depth++
		v = s.binary(1)
	}
	if s.p < len(s.toks) {
		switch s.toks[s.p].kind {
		case kIf:
			s.p++
			s.binary(1)
			if s.at() == kElse {
				s.p++
				v = s.join(v, s.test())
			}
		case tWalrus:
			target := token{}
			if s.p > 0 {
				target = s.toks[s.p-1]
			}
			s.p++
			v = s.test()
			if target.kind == tName {
				s.bind(target.name, v)
			}
		}
	}
	s.depth--
	return v
}

// binary reads operands joined by operators that bind at least as tight as low.
func (s *Scanner) binary(low uint8) value { return s.operators(s.unary(), low) }

// operators reads what binary does after its first operand, v.
func (s *Scanner) operators(v value, low uint8) value {
	for s.p < len(s.toks) {
		t := &s.toks[s.p]
		pr := precedence[t.kind]
		if pr < low || pr == 0 {
			break
		}
		op := t.kind
		switch op {
		case kNot:
			if s.peek(1) != kIn {
				return s.settle(v)
			}
			s.p++
		case kIs:
			if s.peek(1) == kNot {
				s.p++
			}
		}
		s.p++
		if s.depth >= maxDepth {
			s.cut("nesting")
			return value{}
		}
		s.depth++
		next := pr + 1
		if op == tDStar {
			next = pr
		}
		w := s.binary(next)
		s.depth--
		v = s.operate(op, v, w)
	}
	if v.flags&flagPending != 0 && low <= 9 {
		v = s.settle(v)
	}
	return v
}

// unary reads an operand with what stands before it.
func (s *Scanner) unary() value {
	if s.p >= len(s.toks) {
		return value{}
	}
	t := &s.toks[s.p]
	switch t.kind {
	case tName:
		if t.name == s.names.vocab.id.await && s.operandFollows() {
			s.p++
			return s.unary1()
		}
		return s.operand()
	case kNot:
		s.p++
		return s.prefixed(kNot, 4)
	case tMinus, tPlus, tTilde:
		s.p++
		return s.prefixed(t.kind, precUnary)
	case tStar, tDStar:
		s.p++
		v := s.prefixed(tStar, 5)
		return value{taint: v.taint}
	case kLambda:
		return s.lambda()
	case kYield:
		s.p++
		if s.at() == kFrom {
			s.p++
		}
		if !s.endsExpression() {
			s.unaryList()
		}
		return value{}
	}
	return s.operand()
}

// unary1 and prefixed count the depth that prefixes take.
func (s *Scanner) unary1() value {
	if s.depth >= maxDepth {
		s.cut("nesting")
		return value{}
	}
	s.depth++
	v := s.unary()
	s.depth--
	return v
}

func (s *Scanner) prefixed(op kind, low uint8) value {
	if s.depth >= maxDepth {
		s.cut("nesting")
		return value{}
	}
	s.depth++
	v := s.binary(low)
	s.depth--
	if v.kind == vInt {
		switch op {
		case tMinus:
			return integer(-v.int())
		case tTilde:
			return integer(^v.int())
		case tPlus:
			return v
		case kNot:
			return truth(v.int() == 0)
		}
	}
	if op == kNot {
		switch v.kind {
		case vTrue:
			return truth(false)
		case vFalse, vNone:
			return truth(true)
		}
	}
	if op == tStar {
		return v
	}
	return value{taint: v.taint}
}

func (s *Scanner) unaryList() {
	if s.depth >= maxDepth {
		s.cut("nesting")
		return
	}
	s.depth++
	s.expressions()
	s.depth--
}

// operandFollows reports whether "await" is the keyword here.
func (s *Scanner) operandFollows() bool {
	switch s.peek(1) {
	case tName, tLParen, tString, tFStart:
		return true
	}
	return false
}

// operand reads an atom and its trailers: attributes, calls, subscripts.
func (s *Scanner) operand() value {
	start := s.p
	t := &s.toks[start]
	var v value
	switch t.kind {
	case tName:
		s.p++
		v = s.nameValue(t.name)
	case tNumber:
		s.p++
		v = number(s.src[t.pos:t.name])
	case tString:
		v = s.stringAtom()
	case tFStart:
		v = s.formatted()
	case tLParen, tLBrack, tLBrace:
		v = s.display()
	case kNone:
		s.p++
		v.kind = vNone
	case kTrue:
		s.p++
		v.kind = vTrue
	case kFalse:
		s.p++
		v.kind = vFalse
	case tBackquote:
		s.p++
		if s.at() != tNone {
			s.expressions()
		}
		if s.at() == tBackquote {
			s.p++
		}
		return value{}
	case tRParen, tRBrack, tRBrace, tFClose, tSemi, tComma, tColon, tFSpec, tBang, tAssign, tAug:
		return value{} // the caller's
	default:
		s.p++
	}
	if s.p >= len(s.toks) {
		return s.used(v, start)
	}
	switch s.toks[s.p].kind {
	case tDot, tLParen, tLBrack:
		return s.trailers(v, start)
	}
	return s.used(v, start)
}

// trailers reads what follows an atom. recv is what the last attribute was
// taken from.
func (s *Scanner) trailers(v value, start int) value {
	var recv value
	for s.p < len(s.toks) {
		switch s.toks[s.p].kind {
		case tDot:
			if s.peek(1) != tName && s.peek(1) < kFalse {
				s.p++
				return s.used(v, start)
			}
			if v.flags&flagPending != 0 {
				v = s.settle(v)
			}
			n := s.toks[s.p+1].name
			s.p += 2
			recv = v
			v = s.attribute(v, n)
			s.tail = tail{end: s.p, base: recv, name: n}
		case tLParen:
			v = s.call(v, recv, start)
			recv = value{}
		case tLBrack:
			if v.flags&flagPending != 0 {
				v = s.settle(v)
			}
			base := v
			v = s.subscript(v, start)
			s.tail = tail{end: s.p, base: base}
			recv = value{}
		default:
			return s.used(v, start)
		}
	}
	return s.used(v, start)
}

// used notes a reference: the longest dotted name of a chain that is not called.
func (s *Scanner) used(v value, start int) value {
	switch v.kind {
	case vDotted:
		s.reference(v, start)
	case vLate:
		if s.quiet == 0 && !s.rootedInClass(v.id) {
			s.emit(0, v, s.toks[start].line, s.lastLine())
			s.lateFacts = append(s.lateFacts, lateFact{uint32(len(s.facts) - 1), v.id, Ref})
		}
	case vUnion:
		for _, w := range s.alternatives(v) {
			if w.kind == vDotted {
				s.reference(w, start)
			}
		}
	}
	return v
}

func (s *Scanner) reference(v value, start int) {
	if s.quiet > 0 {
		return
	}
	if int(v.id) < len(s.names.vocab.noRef) && s.names.vocab.noRef[v.id] {
		return
	}
	s.emit(Ref, v, s.toks[start].line, s.lastLine())
}

// lastLine is the line of the token before the current one.
func (s *Scanner) lastLine() uint32 {
	if s.p > 0 && s.p <= len(s.toks) {
		return s.toks[s.p-1].line
	}
	return s.lex.line
}

// nameValue returns what an identifier stands for.
func (s *Scanner) nameValue(n Name) value {
	v, bound := s.lookup(n)
	if bound {
		return v
	}
	voc := &s.names.vocab
	for _, m := range s.stars {
		if d := s.names.dot(m, n); int(d) < s.names.fixed {
			return dotted(d)
		}
	}
	if int(n) < len(voc.builtin) {
		if b := voc.builtin[n]; b != 0 {
			v = dotted(b)
			if len(s.scopes) > 0 {
				// A definition further down may yet shadow it: see late.go.
				v.flags |= flagLate
			}
			return v
		}
	}
	if n == voc.id.dunderName {
		return value{kind: vNameOfModule}
	}
	if len(s.scopes) > 0 {
		return s.late(n, 0)
	}
	return value{}
}

// attribute returns v.n.
func (s *Scanner) attribute(v value, n Name) value {
	switch v.kind {
	case vDotted:
		if n == s.names.vocab.id.call {
			return v
		}
		d := s.names.dot(v.name(), n)
		r := value{kind: vDotted, taint: v.taint, flags: v.flags & (flagIndirect | flagLate | flagMaybe | flagFile), id: uint32(d)}
		if n == s.names.vocab.id.dict {
			return value{kind: vNamespace, id: v.id}
		}
		return s.attributeValue(r)
	case vInst:
		d := s.names.dot(v.name(), n)
		r := value{kind: vDotted, taint: v.taint, flags: flagCallsite | v.flags&(flagMaybe|flagFile), id: uint32(d)}
		return s.attributeValue(r)
	case vSelf:
		r := s.attr(int32(v.id), n)
		if r.kind == vUnknown {
			if r = s.openClass(int32(v.id), n); r.kind != vUnknown {
				return r
			}
			if r.taint|v.taint == 0 {
				// Perhaps a method further down gives it a value.
				return s.lateAttr(int32(v.id), n)
			}
			return value{kind: vMethod, taint: r.taint | v.taint, id: uint32(n)}
		}
		return r
	case vClass:
		r := s.attr(int32(v.id), n)
		if r.kind == vUnknown {
			return value{kind: vMethod, taint: r.taint, id: uint32(n)}
		}
		return r
	case vStr:
		return value{kind: vDotted, taint: v.taint, flags: flagCallsite, id: uint32(s.names.dot(s.names.vocab.id.str, n))}
	case vDict:
		if id := &s.names.vocab.id; n == id.get || n == id.pop || n == id.getitem || n == id.setdefault {
			return value{kind: vDictMethod, taint: v.taint, id: v.id}
		}
		return value{kind: vPlain, taint: v.taint}
	case vList, vPlain, vInt:
		return value{kind: vPlain, taint: v.taint}
	case vUnion:
		return s.mapUnion(v, func(w value) value { return s.attribute(w, n) })
	case vLate:
		// An unbound name, then attributes: a chain to look at again at the end.
		return s.late(n, v.id)
	case vNamespace:
		if v.flags&flagPartial != 0 { // the module itself, by sys.modules[__name__]
			r := s.nameValue(n)
			if r.kind == vDotted {
				r.flags |= flagIndirect
			}
			return r
		}
		return s.namespaceAttribute(v, n)
	case vModules:
		id := &s.names.vocab.id
		if n == id.get || n == id.pop || n == id.getitem {
			return value{kind: vNamespaceMethod, flags: flagMaybe}
		}
		return value{kind: vPlain}
	case vGetter:
		return value{}
	}
	return value{kind: vMethod, taint: v.taint, id: uint32(n)}
}
