package pysource

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// lexer cuts a source text, whose lines end in "\n" alone, into logical lines
// of tokens. It takes any bytes, never goes back and never fails.
type lexer struct {
	src      []byte
	pos      int
	line     uint32
	step     uint32 // 1, or 0 for source that stands in a constant
	names    *Names
	toks     []token
	brackets []bracket
	fstrings []fstring
	indent   int  // columns before the first token of the line
	mid      bool // the line goes on in the next call: it was too long
	hidden   uint32
	odd      uint32 // line of the first identifier that is not what it looks like
	cutNames bool
	maxNames int
}

// bracket is an open one: which kind, and its index in toks, or -1.
type bracket struct {
	kind kind
	tok  int32
}

// fstring is an f-string that is being read: depth brackets were open before it.
type fstring struct {
	quote  byte
	triple bool
	flags  uint8
	depth  int
}

const (
	maxLineTokens = 1 << 16 // a longer logical line is given in pieces
	maxBrackets   = 2048    // deeper ones are not matched up; CPython takes 200
	maxFStrings   = 200     // inside one another; CPython takes 150
	hiddenColumns = 100     // so many blanks between two tokens hide the second
)

// reset makes the lexer read src from its beginning.
func (l *lexer) reset(n *Names, src []byte, line, step uint32) {
	l.src, l.pos, l.line, l.step, l.names = src, 0, line, step, n
	l.toks, l.brackets, l.fstrings = l.toks[:0], l.brackets[:0], l.fstrings[:0]
	l.indent, l.mid, l.hidden, l.odd, l.cutNames = 0, false, 0, 0, false
}

// next fills toks with the next logical line. It reports false at the end.
func (l *lexer) next() bool {
	l.toks = l.toks[:0]
	if !l.mid {
		if !l.lineStart() {
			return false
		}
		l.brackets, l.fstrings = l.brackets[:0], l.fstrings[:0]
	} else {
		for i := range l.brackets {
			l.brackets[i].tok = -1
		}
	}
	l.mid = false
	l.scan()
	return len(l.toks) > 0 || l.pos < len(l.src)
}

// lineStart skips blank lines and comments and measures the indentation.
func (l *lexer) lineStart() bool {
	src, p := l.src, l.pos
	for {
		col := 0
		for p < len(src) {
			switch src[p] {
			case ' ', 0:
				col++
			case '\t':
				col = (col | 7) + 1
			case '\f':
				col = 0
			default:
				goto text
			}
			p++
		}
		l.pos = p
		return false
	text:
		switch {
		case src[p] == '\n':
			p++
			l.line += l.step
			continue
		case src[p] == '#':
			i := bytes.IndexByte(src[p:], '\n')
			if i < 0 {
				l.pos = len(src)
				return false
			}
			p += i
			continue
		case src[p] == '\\' && p+1 < len(src) && src[p+1] == '\n':
			p += 2
			l.line += l.step
			// What follows belongs to this line, with this indentation.
			for p < len(src) && byteClass[src[p]] == bSpace {
				p++
			}
			if p == len(src) || src[p] == '\n' || src[p] == '#' {
				continue
			}
		}
		l.pos, l.indent = p, col
		return true
	}
}

// scan reads tokens up to the end of the logical line.
func (l *lexer) scan() {
	src, p := l.src, l.pos
	toks := l.toks
	names := l.names
	keyword := names.vocab.keyword
	for p < len(src) {
		c := src[p]
		switch byteClass[c] {
		case bSpace:
			p++
			if p < len(src) && byteClass[src[p]] != bSpace {
				continue
			}
			start := p - 1
			for p < len(src) && byteClass[src[p]] == bSpace {
				p++
			}
			if p-start >= hiddenColumns && l.hidden == 0 && len(toks) > 0 && len(l.brackets) == 0 &&
				p < len(src) && src[p] != '\n' && src[p] != '#' && src[p] != '\\' {
				l.hidden = l.line
			}

		case bName:
			start := p
			high := c
			for p++; p < len(src) && nameByte[src[p]]; p++ {
				high |= src[p]
			}
			size := p - start
			if p < len(src) && size <= 3 && byteClass[src[p]] == bQuote {
				if flags, ok := stringPrefix(src[start:p]); ok {
					l.toks, l.pos = toks, p
					l.str(flags, size)
					toks, p = l.toks, l.pos
					continue
				}
			}
			var id Name
			switch {
			case high >= 0x80 || size > maxString:
				id = l.oddName(src[start:p])
			case size <= 8 && start+8 <= len(src):
				id = names.intern(src[start:p], binary.LittleEndian.Uint64(src[start:])&wordMask[size&15], 0)
			default:
				word, tail := nameWords(src[start:p])
				id = names.intern(src[start:p], word, tail)
			}
			if int(id) > l.maxNames {
				l.cutNames = true
			}
			k := tName
			if int(id) < len(keyword) {
				if kw := keyword[id]; kw != 0 {
					k = kw
					if len(l.brackets) > 0 {
						if k == kFor {
							if b := l.brackets[len(l.brackets)-1]; b.tok >= 0 && toks[b.tok].pos == 0 {
								toks[b.tok].pos = uint32(len(toks))
							}
						} else if startsStatement[k] && l.firstOnLine(start) {
							// A bracket was never closed. Begin anew here.
							l.toks = toks
							for start > 0 && src[start-1] != '\n' {
								start--
							}
							l.pos = start
							return
						}
					}
				}
			}
			toks = append(toks, token{kind: k, name: id, pos: uint32(start), line: l.line})

		case bDigit:
			start := p
			p = numberEnd(src, p)
			toks = append(toks, token{kind: tNumber, name: Name(p), pos: uint32(start), line: l.line})

		case bNewline:
			p++
			l.line += l.step
			if len(l.brackets) == 0 {
				l.toks, l.pos = toks, p
				return
			}

		case bHash:
			i := bytes.IndexByte(src[p:], '\n')
			if i < 0 {
				i = len(src) - p
			}
			p += i

		case bQuote:
			l.toks, l.pos = toks, p
			l.str(0, 0)
			toks, p = l.toks, l.pos

		case bOpen:
			k := tLParen
			if c == '[' {
				k = tLBrack
			} else if c == '{' {
				k = tLBrace
			}
			if len(l.brackets) < maxBrackets {
				l.brackets = append(l.brackets, bracket{k, int32(len(toks))})
			}
			toks = append(toks, token{kind: k, line: l.line})
			p++

		case bClose:
			p++
			k := tRParen
			if c == ']' {
				k = tRBrack
			} else if c == '}' {
				k = tRBrace
			}
			if n := len(l.brackets); n > 0 {
				b := l.brackets[n-1]
				if b.kind == tFOpen && c != '}' {
					continue // a stray bracket inside a replacement field
				}
				l.brackets = l.brackets[:n-1]
				if b.tok >= 0 {
					toks[b.tok].name = Name(len(toks))
				}
				if b.kind == tFOpen {
					toks = append(toks, token{kind: tFClose, line: l.line})
					l.toks, l.pos = toks, p
					l.fText()
					toks, p = l.toks, l.pos
					continue
				}
				k = b.kind - tLParen + tRParen
			}
			toks = append(toks, token{kind: k, line: l.line})

		case bDot:
			switch {
			case p+1 < len(src) && byteClass[src[p+1]] == bDigit:
				start := p
				p = numberEnd(src, p)
				toks = append(toks, token{kind: tNumber, name: Name(p), pos: uint32(start), line: l.line})
			case p+2 < len(src) && src[p+1] == '.' && src[p+2] == '.':
				toks = append(toks, token{kind: tEllipsis, line: l.line})
				p += 3
			default:
				toks = append(toks, token{kind: tDot, line: l.line})
				p++
			}

		case bBackslash:
			p++
			if p < len(src) && src[p] == '\n' {
				p++
				l.line += l.step
			}

		case bComma:
			toks = append(toks, token{kind: tComma, line: l.line})
			p++

		case bOp:
			if p+1 < len(src) && !doublesOperator[src[p+1]] && (c != ':' || len(l.fstrings) == 0) {
				toks = append(toks, token{kind: operatorKind[c], line: l.line})
				p++
				continue
			}
			if c == ':' && len(l.fstrings) > 0 && l.brackets[len(l.brackets)-1].kind == tFOpen {
				toks = append(toks, token{kind: tFSpec, line: l.line})
				l.toks, l.pos = toks, p+1
				l.fText()
				toks, p = l.toks, l.pos
				continue
			}
			t, size := operator(src, p)
			t.line = l.line
			toks = append(toks, t)
			p += size

		default:
			p++
		}
		if len(toks) >= maxLineTokens {
			l.mid = true
			break
		}
	}
	l.toks, l.pos = toks, p
}

// firstOnLine reports whether only blanks stand before p on its line.
func (l *lexer) firstOnLine(p int) bool {
	for p--; p >= 0; p-- {
		if c := l.src[p]; c == '\n' {
			return true
		} else if byteClass[c] != bSpace {
			return false
		}
	}
	return true
}

// wordMask keeps the first n bytes of a little-endian word.
var wordMask = [16]uint64{0, 0xff, 0xffff, 0xffffff, 0xffffffff, 0xffffffffff, 0xffffffffffff, 0xffffffffffffff, 0xffffffffffffffff}

// numberEnd returns where the number that begins at p ends. "1if" is a number
// and a keyword.
func numberEnd(src []byte, p int) int {
	at := func(i int) byte {
		if i < len(src) {
			return src[i]
		}
		return 0
	}
	if src[p] == '0' {
		var in func(c byte) bool
		switch at(p+1) | 0x20 {
		case 'x':
			in = isHex
		case 'o', 'b':
			in = isDecimal
		}
		if in != nil && (in(at(p+2)) || at(p+2) == '_') {
			for p += 2; p < len(src) && (in(src[p]) || src[p] == '_'); p++ {
			}
			if at(p)|0x20 == 'l' {
				p++
			}
			return p
		}
	}
	for p < len(src) && (isDecimal(src[p]) || src[p] == '_') {
		p++
	}
	if at(p) == '.' {
		for p++; p < len(src) && (isDecimal(src[p]) || src[p] == '_'); p++ {
		}
	}
	if at(p)|0x20 == 'e' {
		q := p + 1
		if at(q) == '+' || at(q) == '-' {
			q++
		}
		if isDecimal(at(q)) {
			for p = q; p < len(src) && (isDecimal(src[p]) || src[p] == '_'); p++ {
			}
		}
	}
	if c := at(p) | 0x20; c == 'j' || c == 'l' {
		p++
	}
	return p
}

func isDecimal(c byte) bool { return c-'0' <= 9 }

func isHex(c byte) bool { return c-'0' <= 9 || (c|0x20)-'a' <= 5 }

// operator reads the operator at p and returns its length.
func operator(src []byte, p int) (token, int) {
	c := src[p]
	var d, e byte
	if p+1 < len(src) {
		d = src[p+1]
	}
	if p+2 < len(src) {
		e = src[p+2]
	}
	var k kind
	size := 1
	switch c {
	case ',':
		return token{kind: tComma}, 1
	case ';':
		return token{kind: tSemi}, 1
	case '~':
		return token{kind: tTilde}, 1
	case '`':
		return token{kind: tBackquote}, 1
	case '=':
		if d == '=' {
			return token{kind: tEq}, 2
		}
		return token{kind: tAssign}, 1
	case ':':
		if d == '=' {
			return token{kind: tWalrus}, 2
		}
		return token{kind: tColon}, 1
	case '!':
		if d == '=' {
			return token{kind: tNotEq}, 2
		}
		return token{kind: tBang}, 1
	case '<':
		switch d {
		case '=':
			return token{kind: tLessEq}, 2
		case '>':
			return token{kind: tNotEq}, 2
		case '<':
			k, size = tShl, 2
		default:
			return token{kind: tLess}, 1
		}
	case '>':
		switch d {
		case '=':
			return token{kind: tGreaterEq}, 2
		case '>':
			k, size = tShr, 2
		default:
			return token{kind: tGreater}, 1
		}
	case '+':
		k = tPlus
	case '-':
		if d == '>' {
			return token{kind: tArrow}, 2
		}
		k = tMinus
	case '*':
		k = tStar
		if d == '*' {
			k, size = tDStar, 2
		}
	case '/':
		k = tSlash
		if d == '/' {
			k, size = tDSlash, 2
		}
	case '%':
		k = tPercent
	case '@':
		k = tAt
	case '&':
		k = tAmp
	case '|':
		k = tBar
	case '^':
		k = tCaret
	}
	if size == 1 && d == '=' || size == 2 && e == '=' {
		return token{kind: tAug, name: Name(k)}, size + 1
	}
	return token{kind: k}, size
}

// truncate keeps the lexer's slices from holding on to what one giant needed.
func (l *lexer) truncate() {
	if cap(l.toks) > 2*maxLineTokens {
		l.toks = slices.Clip(l.toks[:0])
	}
	if cap(l.brackets) > 1<<16 {
		l.brackets = nil
	}
}
