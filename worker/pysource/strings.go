package pysource

import (
	"strconv"
	"unicode/utf8"
)

// stringKinds and their names; classify tells which a string is of.
const stringKinds = 11

var stringKindNames = [stringKinds]string{
	"ipv4", "ipv6", "url", "domain", "email", "path", "base64", "hex", "wallet", "token", "webhook",
}

const traitKinds = 7

var traitNames = [traitKinds]string{
	"bidi-control", "homoglyph-identifier", "hidden-by-spacing", "minified", "chr-built-string", "indirect-call", "nested-code",
}

const (
	traitBidi = iota
	traitHomoglyph
	traitHidden
	traitMinified
	traitChr
	traitIndirect
	traitNested
)

func encodeRune(r int64) []byte { return utf8.AppendRune(nil, rune(r)) }

func appendInt(b []byte, i int64) []byte { return strconv.AppendInt(b, i, 10) }

// stringAtom reads string literals that stand side by side.
func (s *Scanner) stringAtom() value {
	t := &s.toks[s.p]
	s.p++
	return s.adjacent(s.literal(t))
}

// adjacent puts the literals and f-strings that follow to v.
func (s *Scanner) adjacent(v value) value {
	for k := s.at(); k == tString || k == tFStart; k = s.at() {
		var w value
		if k == tString {
			w = s.literal(&s.toks[s.p])
			s.p++
		} else {
			w = s.formattedPart()
		}
		if v.kind == vStr && w.kind == vStr {
			v = s.absorb(v, s.concat(v, w))
		} else {
			s.settle(v)
			s.settle(w)
			v = value{kind: vInst, taint: v.taint | w.taint, id: uint32(s.names.vocab.id.str)}
		}
	}
	return v
}

// absorb gives r, which was put together of v and the constant after it, the
// place of v, so that a long row of literals keeps one constant and not two for
// each. Nothing else may hold v or what was made since.
func (s *Scanner) absorb(v, r value) value {
	if r.kind == vStr && r.id == v.id+2 {
		s.consts[v.id] = s.consts[r.id]
		s.consts = s.consts[:v.id+1]
		r.id = v.id
	}
	return r
}

// literal returns the constant of a string token, its escapes undone.
func (s *Scanner) literal(t *token) value {
	b := s.src[t.pos:t.name]
	flags := flagPending
	if t.flags&fBytes != 0 {
		flags |= flagBytes
	}
	if t.flags&fEscape != 0 && t.flags&fRaw == 0 {
		start := len(s.arena)
		if len(s.arena)+len(b)*2 > maxFolded {
			s.cut("fold")
		} else {
			s.arena = unescape(s.arena, b, false, t.flags&fBytes != 0)
			b = s.arena[start:len(s.arena):len(s.arena)]
		}
	}
	if len(s.consts) >= maxConsts {
		// A table of data: its strings are kept, but not folded any more.
		s.keep(b, t.line)
		return value{kind: vPlain}
	}
	v := s.constOf(b, t.line, flags)
	s.consts[v.id].literal = true
	return v
}

// formatted reads an f-string and literals beside it.
func (s *Scanner) formatted() value { return s.adjacent(s.formattedPart()) }

// formattedPart reads one f-string: a constant if all its fields are.
func (s *Scanner) formattedPart() value {
	line := s.toks[s.p].line
	s.p++
	if s.depth >= maxDepth {
		s.cut("nesting")
		return value{}
	}
	s.depth++
	v := s.constOf(nil, line, flagPending)
	for s.p < len(s.toks) {
		t := &s.toks[s.p]
		var w value
		switch t.kind {
		case tFEnd:
			s.p++
			s.depth--
			return v
		case tFText:
			w = s.literal(t)
			s.p++
		case tFOpen:
			w = s.field()
		default:
			s.p++
			continue
		}
		if w.kind == vInt {
			w = s.constOf(appendInt(nil, w.int()), line, 0)
		}
		if v.kind == vStr && w.kind == vStr {
			v = s.concat(v, w)
		} else {
			if v.kind == vStr {
				s.settle(v)
			}
			if w.flags&flagPending != 0 {
				s.settle(w)
			}
			v = value{kind: vInst, taint: v.taint | w.taint, id: uint32(s.names.vocab.id.str)}
		}
	}
	s.depth--
	return v
}

// field reads a replacement field.
func (s *Scanner) field() value {
	open := s.p
	closing := int(s.toks[open].name)
	s.p++
	v := s.expressions()
	for s.p < len(s.toks) && s.toks[s.p].kind != tFClose {
		switch s.toks[s.p].kind {
		case tFEnd:
			return value{taint: v.taint}
		case tFSpec, tBang:
			v = value{taint: v.taint}
		case tFOpen:
			if s.depth < maxDepth {
				s.depth++
				s.field()
				s.depth--
				continue
			}
		case tName, tFText, tAssign:
			if s.toks[s.p].kind == tAssign {
				v = value{taint: v.taint}
			}
		default:
			p := s.p
			s.expressions()
			if s.p > p {
				continue
			}
		}
		s.p++
	}
	s.p++
	if closing > open && s.p > closing+1 {
		s.p = closing + 1
	}
	return v
}

// docstring reads a statement that is nothing but a string, or a row of
// them, of which so many are kept as of a list.
func (s *Scanner) docstring() bool {
	start, end := s.p, s.p
	for end < len(s.toks) && s.toks[end].kind == tString {
		end++
	}
	if end < len(s.toks) && s.toks[end].kind != tSemi {
		return false
	}
	for ; s.p < end; s.p++ {
		t := &s.toks[s.p]
		if t.name-Name(t.pos) < minLiteral {
			continue
		}
		if len(s.literals) >= maxFacts || s.p-start > maxElems {
			s.cut("facts")
			s.p = end
			break
		}
		l := push(&s.literals)
		l.Value, l.Context, l.Doc, l.Line = s.src[t.pos:t.name], s.ctx, true, t.line
	}
	return true
}

const minLiteral = 4 // bytes; shorter ones are not kept

// settle adds a constant to the result's strings, once it is known that
// nothing more is put to it.
func (s *Scanner) settle(v value) value {
	if v.flags&flagPending != 0 {
		s.settleConstant(v)
		v.flags &^= flagPending
	}
	return v
}

func (s *Scanner) settleConstant(v value) {
	c := &s.consts[v.id]
	if c.kept || s.mute > 0 {
		return
	}
	c.kept = true
	if !c.literal && !s.spend(len(c.b)/4) {
		return
	}
	if v.flags&flagChr != 0 && len(c.b) >= minLiteral {
		s.emitName(Trait, s.names.vocab.trait[traitChr], 0, Resolved, c.line, c.line)
	}
	s.keep(c.b, c.line)
}

// keep adds a string to the result.
func (s *Scanner) keep(b []byte, line uint32) {
	if len(b) < minLiteral || s.mute > 0 {
		return
	}
	if len(s.literals) >= maxFacts {
		s.cut("facts")
		return
	}
	l := push(&s.literals)
	l.Value, l.Context, l.Doc, l.Line = b, s.ctx, false, line
	s.classify(b, line)
}
