package pysource

// tail remembers the last attribute or subscript that was read, for when it
// turns out to be assigned to.
type tail struct {
	end  int   // index of the token after it
	base value // what it was taken from
	name Name  // the attribute, or zero for a subscript
}

// logicalLine reads the statements of s.toks.
func (s *Scanner) logicalLine(continued bool) {
	s.p = 0
	s.tail.end, s.lambdaEnd = -1, -1
	if !continued {
		s.dedent(s.lex.indent)
		s.indent = s.lex.indent
	}
	for s.p < len(s.toks) {
		p := s.p
		s.statement()
		if s.p == p {
			s.p++
		}
	}
}

// statement reads one statement, or the header of a compound one.
func (s *Scanner) statement() {
	t := &s.toks[s.p]
	switch t.kind {
	case tSemi:
		s.semicolons++
		s.p++
	case kPass, kBreak, kContinue:
		s.p++
	case kImport:
		s.importStatement()
	case kFrom:
		s.fromStatement()
	case kDef:
		s.define()
	case kClass:
		s.classStatement()
	case kIf, kElif, kWhile:
		guard := t.kind == kIf && s.mainGuard()
		s.p++
		s.expressions()
		s.suite(block{guard: guard}, false)
	case kElse, kTry, kFinally:
		s.p++
		s.suite(block{}, false)
	case kFor:
		s.forClause(false)
		s.suite(block{}, false)
	case kWith:
		s.withStatement()
	case kExcept:
		s.exceptStatement()
	case kGlobal, kNonlocal:
		global := t.kind == kGlobal
		for s.p++; s.at() == tName; s.p++ {
			if global {
				s.declareGlobal(s.toks[s.p].name)
			}
			if s.peek(1) == tComma {
				s.p++
			}
		}
	case kReturn:
		s.p++
		if !s.endsExpression() {
			v := s.expressions()
			if n := len(s.scopes); n > 0 && s.scopes[n-1].fn != 0 {
				s.scopes[n-1].ret = s.join(s.scopes[n-1].ret, v)
			}
		}
		s.leftover()
	case kRaise, kAssert:
		s.p++
		s.leftover()
	case kDel:
		s.deleteStatement()
	case tAt:
		s.decorator()
	case tString:
		if s.docstring() {
			return
		}
		s.expressionStatement()
	case tName:
		s.nameStatement(t)
	default:
		s.expressionStatement()
	}
}

// nameStatement reads a statement that begins with an identifier.
func (s *Scanner) nameStatement(t *token) {
	switch s.peek(1) {
	case tAssign:
		n := t.name
		s.p += 2
		s.assignName(n)
		return
	case tColon:
		s.p += 2
		s.annotatedName(t.name)
		return
	case tNone, tDot, tLParen:
		s.softKeyword(t)
		return
	}
	s.softKeyword(t)
}

// softKeyword reads a statement whose first word may be a keyword in some
// versions of Python only.
func (s *Scanner) softKeyword(t *token) {
	id := &s.names.vocab.id
	next := s.peek(1)
	switch t.name {
	case id.exec:
		// Python 2: exec code [in globals[, locals]].
		if next == tName || next == tString || next == tFStart || next == tLParen && s.execStatement() {
			s.execCode(t.line)
			return
		}
	case id.print:
		if next == tString || next == tName || next == tNumber || next == tShr || next == tFStart {
			s.p++
			if s.at() == tShr {
				s.p++
			}
			s.leftover()
			return
		}
	case id.async:
		if next == kDef || next == kFor || next == kWith {
			s.p++
			return
		}
	case id.match, id.caseWord:
		if s.blockHeader(next) {
			s.p++
			if t.name == id.caseWord {
				s.casePattern()
			} else {
				s.expressions()
			}
			s.suite(block{}, false)
			return
		}
	}
	s.expressionStatement()
}

// blockHeader reports whether the line is "match …:" or "case …:" rather than
// an expression with a variable of that name.
func (s *Scanner) blockHeader(next kind) bool {
	switch next {
	case tNone, tDot, tComma, tAug, tAssign, tColon, tRParen, kIn, kIs, kAnd, kOr, kIf:
		return false
	}
	// The colon after the subject is the first one outside brackets.
	for i := s.p + 1; i < len(s.toks); i++ {
		switch t := &s.toks[i]; t.kind {
		case tLParen, tLBrack, tLBrace:
			if e := int(t.name); e > i {
				i = e
			}
		case tColon:
			return i > s.p+1
		case tAssign, tSemi, kLambda:
			return false
		}
	}
	return false
}

// casePattern passes over a pattern, binds its names and reads its guard.
func (s *Scanner) casePattern() {
	for s.p < len(s.toks) {
		switch t := &s.toks[s.p]; t.kind {
		case tColon:
			return
		case kIf:
			s.p++
			s.test()
			return
		case tLParen, tLBrack, tLBrace:
			s.skipBracket()
		case tName:
			if k := s.peek(1); k != tDot && k != tLParen && (s.p == 0 || s.toks[s.p-1].kind != tDot) {
				s.bind(t.name, value{})
			}
			s.p++
		default:
			s.p++
		}
	}
}

// suite opens a block after a header; what is left of the header is read.
func (s *Scanner) suite(b block, plain bool) {
	for s.p < len(s.toks) && s.toks[s.p].kind != tColon {
		p := s.p
		if s.at() == tSemi {
			return
		}
		s.expressions()
		if s.p == p {
			s.p++
		}
	}
	s.p++
	s.pushBlock(b, plain)
	if b.guard {
		s.enterCall()
	}
}

// enterCall changes to the context of code that runs only when it is called.
func (s *Scanner) enterCall() {
	if s.ctx == ContextImport {
		s.ctx = ContextCall
	}
}

// mainGuard reports whether the "if" at p asks for __name__ == "__main__".
func (s *Scanner) mainGuard() bool {
	name, main, eq := false, false, false
	for i := s.p + 1; i < len(s.toks) && i < s.p+8; i++ {
		switch t := &s.toks[i]; t.kind {
		case tName:
			name = name || t.name == s.names.vocab.id.dunderName
		case tString:
			main = main || string(s.src[t.pos:t.name]) == "__main__"
		case tEq:
			eq = true
		case kNot, kOr:
			return false
		case tColon:
			return name && main && eq
		}
	}
	return name && main && eq
}

// leftover reads expressions up to the end of the statement.
func (s *Scanner) leftover() {
	for s.p < len(s.toks) && s.toks[s.p].kind != tSemi {
		p := s.p
		s.expressions()
		if s.p == p {
			s.p++
		}
	}
}

func (s *Scanner) withStatement() {
	s.p++
	for s.p < len(s.toks) && s.at() != tColon && s.at() != tSemi {
		p := s.p
		v := s.test()
		switch s.at() {
		case kAs:
			s.asTarget(v)
		case tComma:
			s.p++
		}
		if s.p == p {
			s.p++
		}
	}
	s.suite(block{}, true)
}

func (s *Scanner) exceptStatement() {
	s.p++
	if s.at() == tStar {
		s.p++
	}
	if s.at() != tColon {
		s.test()
		// Python 2's "except E, e", and "except A, B" of 3.14.
		for s.at() == tComma {
			s.p++
			if s.at() == tName && s.peek(1) == tColon {
				s.bind(s.toks[s.p].name, value{})
				s.p++
				break
			}
			s.test()
		}
		if s.at() == kAs {
			s.p++
			if s.at() == tName {
				s.bind(s.toks[s.p].name, value{})
				s.p++
			}
		}
	}
	s.suite(block{}, false)
}

// decorator reads "@expression"; staticmethod matters to the next definition.
func (s *Scanner) decorator() {
	s.p++
	if s.at() == tName && s.toks[s.p].name == s.names.vocab.id.staticmethod && s.peek(1) == tNone {
		s.static = true
		s.p++
		return
	}
	s.leftover()
}

func (s *Scanner) deleteStatement() {
	s.p++
	for s.p < len(s.toks) && s.at() != tSemi {
		start := s.p
		if s.at() == tName && (s.peek(1) == tComma || s.peek(1) == tNone || s.peek(1) == tSemi) {
			n := s.toks[s.p].name
			s.p++
			if _, bound := s.lookup(n); bound {
				s.bind(n, value{})
			}
		} else {
			first := s.toks[s.p].line
			s.test()
			if s.tail.end == s.p && s.tail.name == 0 {
				s.itemCall(s.names.vocab.id.delitem, first)
			}
		}
		if s.at() == tComma || s.p == start {
			s.p++
		}
	}
}

// itemCall notes that an item of the tail's base is stored or deleted.
func (s *Scanner) itemCall(method Name, first uint32) {
	v := s.mapUnion(s.tail.base, func(w value) value { return w })
	switch v.kind {
	case vDotted, vInst:
		v.id = uint32(s.names.dot(v.name(), method))
		v.kind = vDotted
		s.emit(Call, v, first, s.lastLine())
	}
}
