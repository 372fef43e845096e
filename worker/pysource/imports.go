package pysource

// importStatement reads "import a.b as c, d".
func (s *Scanner) importStatement() {
	first := s.toks[s.p].line
	s.p++
	for s.at() == tName || s.at() == tLParen {
		if s.at() == tLParen {
			s.p++
			continue
		}
		top := s.toks[s.p].name
		full, root := s.importPath(top, first)
		if s.at() == kAs {
			s.p++
			if s.at() == tName {
				s.bind(s.toks[s.p].name, dotted(full))
				s.p++
			}
		} else {
			s.bind(top, dotted(root))
		}
		if s.at() != tComma {
			break
		}
		s.p++
	}
	s.leftover()
}

// importPath reads a dotted module name at p, notes it and its parents as
// imports, and returns it with the first part.
func (s *Scanner) importPath(top Name, first uint32) (full, root Name) {
	root = s.names.vocab.canonical(top)
	full = root
	s.p++
	s.emitName(Import, root, 0, Resolved, first, first)
	for s.at() == tDot && s.peek(1) == tName {
		full = s.names.dot(full, s.toks[s.p+1].name)
		s.p += 2
		s.emitName(Import, full, 0, Resolved, first, s.lastLine())
	}
	return full, root
}

// fromStatement reads "from .a.b import c as d, e".
func (s *Scanner) fromStatement() {
	first := s.toks[s.p].line
	s.p++
	dots := 0
	for {
		switch s.at() {
		case tDot:
			dots++
		case tEllipsis:
			dots += 3
		default:
			goto module
		}
		s.p++
	}
module:
	var mod Name
	known := true
	switch {
	case dots > 0:
		mod, known = s.relative(dots)
		for s.at() == tName || s.at() == tDot {
			if s.at() == tName && known {
				if mod == 0 {
					mod = s.toks[s.p].name
				} else {
					mod = s.names.dot(mod, s.toks[s.p].name)
				}
			}
			s.p++
		}
		if known && mod != 0 {
			s.emitName(Import, mod, 0, Resolved, first, first)
		}
	case s.at() == tName || s.at() >= kFalse && s.at() != kImport:
		mod, _ = s.importPath(s.toks[s.p].name, first)
	default:
		s.leftover()
		return
	}
	if s.at() != kImport {
		s.leftover()
		return
	}
	s.p++
	if s.at() == tStar {
		s.p++
		if known && mod != 0 {
			s.emitName(Import, s.names.dot(mod, s.names.vocab.id.star), 0, Resolved, first, s.lastLine())
			if len(s.stars) < 8 {
				s.stars = append(s.stars, mod)
			}
		}
		s.leftover()
		return
	}
	if s.at() == tLParen {
		s.p++
	}
	for s.at() == tName {
		t := s.toks[s.p]
		s.p++
		local := t.name
		if s.at() == kAs && s.peek(1) == tName {
			local = s.toks[s.p+1].name
			s.p += 2
		}
		v := value{kind: vFunc}
		if known {
			d := t.name
			if mod != 0 {
				d = s.names.dot(mod, t.name)
			}
			s.emitName(Import, d, 0, Resolved, t.line, s.lastLine())
			v = s.attributeValue(dotted(d))
		}
		s.bind(local, v)
		if s.at() != tComma {
			break
		}
		s.p++
	}
	if s.at() == tRParen {
		s.p++
	}
	s.leftover()
}

// relative returns the module that so many leading dots mean; zero is the top.
func (s *Scanner) relative(dots int) (Name, bool) {
	if len(s.module) == 0 || dots > len(s.module) {
		return 0, false
	}
	var mod Name
	for _, n := range s.module[:len(s.module)-dots] {
		if mod == 0 {
			mod = n
		} else {
			mod = s.names.dot(mod, n)
		}
	}
	return mod, true
}
