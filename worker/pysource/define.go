package pysource

// parameter is one of a function that is being defined.
type parameter struct {
	name Name
	val  value
}

// define reads "def name(parameters) -> annotation:".
func (s *Scanner) define() {
	static := s.static
	s.static = false
	s.p++
	if s.at() != tName {
		if s.at() < kFalse {
			s.leftover()
			return
		}
	}
	name := s.toks[s.p].name
	s.p++
	s.typeParameters()
	base := len(s.params)
	if s.at() == tLParen {
		s.parameters()
	}
	if s.at() == tArrow {
		s.p++
		s.annotation()
	}
	method := int32(-1)
	if n := len(s.scopes); n > 0 && s.scopes[n-1].isClass {
		method = s.scopes[n-1].class
	}
	fn := uint32(0)
	if len(s.funcs) < maxFuncs {
		s.funcs = append(s.funcs, value{})
		fn = uint32(len(s.funcs) - 1)
	}
	s.bind(name, value{kind: vFunc, id: fn})
	scoped := s.pushScope(scope{name: name, class: -1, fn: fn})
	if scoped {
		for i, p := range s.params[base:] {
			if i == 0 && method >= 0 && !static {
				p.val = value{kind: vSelf, id: uint32(method)}
			}
			s.bind(p.name, p.val)
		}
	}
	s.params = s.params[:base]
	s.suite(block{scoped: scoped}, false)
	if scoped {
		s.enterCall()
	}
}

const maxFuncs = 1 << 18

// typeParameters passes over the "[T]" of PEP 695.
func (s *Scanner) typeParameters() {
	if s.at() == tLBrack {
		s.skipBracket()
	}
}

// parameters reads "(a, b=c, *d: e)" onto s.params.
func (s *Scanner) parameters() {
	closing := int(s.toks[s.p].name)
	s.p++
	for s.p < len(s.toks) {
		t := s.toks[s.p]
		switch t.kind {
		case tRParen:
			s.p++
			return
		case tName:
			s.p++
			prm := parameter{name: t.name}
			if s.at() == tColon {
				s.p++
				prm.val = s.annotation()
			}
			if s.at() == tAssign {
				s.p++
				v := defaulted(s.test())
				if prm.val.kind == vUnknown {
					prm.val = v
				}
			}
			s.params = append(s.params, prm)
		case tStar, tDStar, tSlash, tComma, tLParen:
			s.p++
			if t.kind == tStar || t.kind == tDStar {
				if s.at() == tName {
					n := s.toks[s.p].name
					s.p++
					if s.at() == tColon {
						s.p++
						s.annotation()
					}
					s.params = append(s.params, parameter{name: n, val: value{kind: vPlain}})
				}
			}
		default:
			p := s.p
			s.test()
			if s.p == p {
				s.p++
			}
		}
		if closing > 0 && s.p > closing {
			return
		}
	}
}

// classStatement reads "class name(bases):".
func (s *Scanner) classStatement() {
	s.p++
	if s.at() != tName {
		s.leftover()
		return
	}
	name := s.toks[s.p].name
	s.p++
	s.typeParameters()
	var c class
	base := len(s.args)
	if s.at() == tLParen {
		s.arguments()
	}
	n := 0
	for _, a := range s.args[base:] {
		if a.keyword == 0 && n < len(c.bases) && (a.val.kind == vDotted || a.val.kind == vClass) {
			c.bases[n] = a.val
			n++
		}
	}
	s.args = s.args[:base]
	s.classes = append(s.classes, c)
	id := len(s.classes) - 1
	s.bind(name, value{kind: vClass, id: uint32(id)})
	scoped := s.pushScope(scope{isClass: true, name: name, class: int32(id)})
	s.suite(block{scoped: scoped}, false)
}
