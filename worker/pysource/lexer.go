package pysource

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"slices"
)

// lexer cuts a source text, whose lines end in "\n" alone, into logical lines
// of tokens. It takes any bytes, never goes back and never fails.
//
// It looks at eight bytes at a time where it can: names, strings and blanks
// end at no predictable place, so that a loop over their bytes costs a wrong
// guess of the processor each, which is dearer than all else that is done
// about them. The bytes behind the text (see pad) make it unnecessary to ask
// for its end.
type lexer struct {
	src      []byte // with padding bytes behind end
	end      int    // of the text
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

// padding is how many bytes a text has behind its end: a newline, and what
// reading eight bytes at a time may touch.
const padding = 16

// reset makes the lexer read src from its beginning. The byte behind it is a
// newline, and padding bytes behind it can be read.
func (l *lexer) reset(n *Names, src []byte, line, step uint32) {
	l.src, l.end, l.pos, l.line, l.step, l.names = src[:len(src)+padding], len(src), 0, line, step, n
	l.toks, l.brackets, l.fstrings = l.toks[:0], l.brackets[:0], l.fstrings[:0]
	l.indent, l.mid, l.hidden, l.odd = 0, false, 0, 0
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
	return len(l.toks) > 0 || l.pos < l.end
}

// lineStart skips blank lines and comments and measures the indentation.
func (l *lexer) lineStart() bool {
	src, p := l.src, l.pos
	col := 0
	for p < l.end {
		n := bits.TrailingZeros64(eight(src, p)^each(' ')) >> 3
		p, col = p+n, col+n
		switch src[p] {
		case ' ':
		case 0:
			col++
			p++
		case '\t':
			col = (col | 7) + 1
			p++
		case '\f':
			col = 0
			p++
		case '\n':
			if p >= l.end {
				break
			}
			p++
			col = 0
			l.line += l.step
		case '#':
			p += bytes.IndexByte(src[p:l.end+1], '\n')
		case '\\':
			if p+1 < l.end && src[p+1] == '\n' {
				p += 2
				l.line += l.step
				// What follows belongs to this line, with this indentation.
				for byteClass[src[p]] == bSpace && p < l.end {
					p++
				}
				if p >= l.end || src[p] == '\n' || src[p] == '#' {
					col = 0
					continue
				}
			}
			l.pos, l.indent = p, col
			return true
		default:
			l.pos, l.indent = p, col
			return true
		}
	}
	l.pos = min(p, l.end)
	return false
}

// eight returns the eight bytes at p, the first in the lowest bits.
func eight(src []byte, p int) uint64 { return binary.LittleEndian.Uint64(src[p:]) }

// each returns a word of eight times b.
func each(b byte) uint64 { return uint64(b) * 0x0101010101010101 }

const highBits = 0x8080808080808080

// zeros returns a word with the high bit of each byte of w that is zero; above
// the lowest one others may be set too.
func zeros(w uint64) uint64 { return (w - 0x0101010101010101) &^ w & highBits }

// notName returns a word with the high bit of each byte of w that is not part
// of a name. Bytes above 0x7f are.
func notName(w uint64) uint64 {
	x := w &^ highBits
	y := x | 0x2020202020202020
	letter := (y + 0x1f1f1f1f1f1f1f1f) &^ (y + 0x0505050505050505) // a to z
	digit := (x + 0x5050505050505050) &^ (x + 0x4646464646464646)  // 0 to 9
	other := (x ^ 0x5f5f5f5f5f5f5f5f) + 0x7f7f7f7f7f7f7f7f         // not an underscore
	return other &^ (letter | digit | w) & highBits
}

// scan reads tokens up to the end of the logical line.
func (l *lexer) scan() {
	src, p := l.src, l.pos
	toks, n := l.toks[:cap(l.toks)], len(l.toks)
	names := l.names
	for {
		if n >= len(toks) {
			if n >= maxLineTokens {
				break
			}
			toks = l.grow(toks)
		}
		c := src[p]
		if c == ' ' {
			p++
			c = src[p]
		}
		switch byteClass[c] {
		case bName:
			start := p
			w := eight(src, p)
			stop := notName(w)
			var slot *nameSlot
			if stop != 0 {
				first := stop & -stop
				w &= first>>7 - 1
				size := bits.TrailingZeros64(stop) >> 3
				p += size
				if byteClass[src[p]] == bQuote && size <= 2 {
					if flags, ok := stringPrefix(src[start:p]); ok {
						l.toks, l.pos = toks[:n], p
						l.str(flags)
						toks, n, p = l.toks[:cap(l.toks)], len(l.toks), l.pos
						continue
					}
				}
				if w&highBits == 0 {
					slot = &names.slots[w*names.mul>>(names.shift&63)]
					if slot.word != w || int(slot.size) != size {
						slot = names.find(src[start:p], w, 0)
					}
				} else {
					slot = l.oddName(src[start:p])
				}
			} else {
				high := w
				for stop == 0 {
					p += 8
					next := eight(src, p)
					stop = notName(next)
					high |= next & (stop&-stop>>7 - 1)
				}
				p += bits.TrailingZeros64(stop) >> 3
				switch size := p - start; {
				case high&highBits != 0 || size > maxString:
					slot = l.oddName(src[start:p])
				case size == 8:
					slot = &names.slots[w*names.mul>>(names.shift&63)]
					if slot.word != w || slot.size != 8 {
						slot = names.find(src[start:p], w, 0)
					}
				case size <= 16:
					tail := eight(src, p-8)
					slot = &names.slots[mix(w^names.salt, tail^names.mul)>>(names.shift&63)]
					if slot.word != w || slot.tail != tail || int(slot.size) != size {
						slot = names.find(src[start:p], w, tail)
					}
				default:
					slot = names.slot(src[start:p])
				}
			}
			k := slot.kind
			if k != tName && len(l.brackets) > 0 {
				if k == kFor {
					if b := l.brackets[len(l.brackets)-1]; b.tok >= 0 && toks[b.tok].pos == 0 {
						toks[b.tok].pos = uint32(n)
					}
				} else if startsStatement[k] && l.firstOnLine(start) {
					// A bracket was never closed. Begin anew here.
					l.toks = toks[:n]
					for start > 0 && src[start-1] != '\n' {
						start--
					}
					l.pos = start
					return
				}
			}
			toks[n].set(k, l.line, slot.id, uint32(start))
			n++

		case bSpace:
			start := p
			for byteClass[src[p]] == bSpace {
				p++
				p += bits.TrailingZeros64(eight(src, p)^each(' ')) >> 3
			}
			if p-start >= hiddenColumns-1 && l.hidden == 0 && n > 0 && len(l.brackets) == 0 &&
				p < l.end && src[p] != '\n' && src[p] != '#' && src[p] != '\\' {
				if src[start-1] == ' ' || p-start >= hiddenColumns {
					l.hidden = l.line
				}
			}

		case bDigit:
			start := p
			p = numberEnd(src, p)
			toks[n].set(tNumber, l.line, Name(p), uint32(start))
			n++

		case bNewline:
			if p >= l.end {
				l.toks, l.pos = toks[:n], l.end
				return
			}
			p++
			l.line += l.step
			if len(l.brackets) == 0 {
				l.toks, l.pos = toks[:n], p
				return
			}

		case bHash:
			p += bytes.IndexByte(src[p:l.end+1], '\n')

		case bQuote:
			l.toks, l.pos = toks[:n], p
			l.str(0)
			toks, n, p = l.toks[:cap(l.toks)], len(l.toks), l.pos

		case bOpen:
			k := operatorKind[c]
			if len(l.brackets) < maxBrackets {
				l.brackets = append(l.brackets, bracket{k, int32(n)})
			}
			toks[n].set(k, l.line, 0, 0)
			n++
			p++

		case bClose:
			p++
			k := operatorKind[c]
			if d := len(l.brackets); d > 0 {
				b := l.brackets[d-1]
				if b.kind == tFOpen && c != '}' {
					continue // a stray bracket inside a replacement field
				}
				l.brackets = l.brackets[:d-1]
				if b.tok >= 0 {
					toks[b.tok].name = Name(n)
				}
				if b.kind == tFOpen {
					toks[n].set(tFClose, l.line, 0, 0)
					n++
					l.toks, l.pos = toks[:n], p
					l.fText()
					toks, n, p = l.toks[:cap(l.toks)], len(l.toks), l.pos
					continue
				}
				k = b.kind - tLParen + tRParen
			}
			toks[n].set(k, l.line, 0, 0)
			n++

		case bDot:
			switch {
			case byteClass[src[p+1]] == bDigit:
				start := p
				p = numberEnd(src, p)
				toks[n].set(tNumber, l.line, Name(p), uint32(start))
				n++
			case src[p+1] == '.' && src[p+2] == '.':
				toks[n].set(tEllipsis, l.line, 0, 0)
				n++
				p += 3
			default:
				toks[n].set(tDot, l.line, 0, 0)
				n++
				p++
			}

		case bBackslash:
			p++
			if src[p] == '\n' && p < l.end {
				p++
				l.line += l.step
			}

		case bComma:
			toks[n].set(tComma, l.line, 0, 0)
			n++
			p++

		case bOp:
			if !doublesOperator[src[p+1]] && (c != ':' || len(l.fstrings) == 0) {
				toks[n].set(operatorKind[c], l.line, 0, 0)
				n++
				p++
				continue
			}
			if c == ':' && len(l.fstrings) > 0 && l.brackets[len(l.brackets)-1].kind == tFOpen {
				toks[n].set(tFSpec, l.line, 0, 0)
				n++
				l.toks, l.pos = toks[:n], p+1
				l.fText()
				toks, n, p = l.toks[:cap(l.toks)], len(l.toks), l.pos
				continue
			}
			k, aug, size := operator(src, p)
			toks[n].set(k, l.line, Name(aug), 0)
			n++
			p += size

		default:
			p++
		}
	}
	l.mid = true
	l.toks, l.pos = toks[:n], p
}

// set fills in every field, one by one: a token that is put together elsewhere
// and copied makes the processor wait for the pieces.
func (t *token) set(k kind, line uint32, name Name, pos uint32) {
	t.kind, t.flags, t.line, t.name, t.pos = k, 0, line, name, pos
}

// grow returns toks with room for more.
func (l *lexer) grow(toks []token) []token {
	grown := make([]token, min(max(256, 2*len(toks)), maxLineTokens))
	copy(grown, toks)
	return grown
}

// add adds a token without contents.
func (l *lexer) add(k kind, line uint32) {
	l.toks = append(l.toks, token{})
	l.toks[len(l.toks)-1].set(k, line, 0, 0)
}

// addText adds a string, or a piece of one.
func (l *lexer) addText(k kind, flags uint8, start, end int, line uint32) {
	l.toks = append(l.toks, token{})
	t := &l.toks[len(l.toks)-1]
	t.set(k, line, Name(end), uint32(start))
	t.flags = flags
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

// numberEnd returns where the number that begins at p ends. "1if" is a number
// and a keyword. A byte that is part of no number follows the last of src.
func numberEnd(src []byte, p int) int {
	start := p
	for isDecimal(src[p]) {
		p++
	}
	if src[p] != '.' && !nameByte[src[p]] {
		return p // most are whole and decimal
	}
	p = start
	if src[p] == '0' {
		var in func(c byte) bool
		switch src[p+1] | 0x20 {
		case 'x':
			in = isHex
		case 'o', 'b':
			in = isDecimal
		}
		if in != nil && (in(src[p+2]) || src[p+2] == '_') {
			for p += 2; in(src[p]) || src[p] == '_'; p++ {
			}
			if src[p]|0x20 == 'l' {
				p++
			}
			return p
		}
	}
	for isDecimal(src[p]) || src[p] == '_' {
		p++
	}
	if src[p] == '.' {
		for p++; isDecimal(src[p]) || src[p] == '_'; p++ {
		}
	}
	if src[p]|0x20 == 'e' {
		q := p + 1
		if src[q] == '+' || src[q] == '-' {
			q++
		}
		if isDecimal(src[q]) {
			for p = q; isDecimal(src[p]) || src[p] == '_'; p++ {
			}
		}
	}
	if c := src[p] | 0x20; c == 'j' || c == 'l' {
		p++
	}
	return p
}

func isDecimal(c byte) bool { return c-'0' <= 9 }

func isHex(c byte) bool { return c-'0' <= 9 || (c|0x20)-'a' <= 5 }

// operator reads the operator at p and returns its length, and of an augmented
// assignment the operator.
func operator(src []byte, p int) (k, augmented kind, size int) {
	c := src[p]
	d, e := src[p+1], src[p+2]
	size = 1
	switch c {
	case ';':
		return tSemi, 0, 1
	case '~':
		return tTilde, 0, 1
	case '`':
		return tBackquote, 0, 1
	case '=':
		if d == '=' {
			return tEq, 0, 2
		}
		return tAssign, 0, 1
	case ':':
		if d == '=' {
			return tWalrus, 0, 2
		}
		return tColon, 0, 1
	case '!':
		if d == '=' {
			return tNotEq, 0, 2
		}
		return tBang, 0, 1
	case '<':
		switch d {
		case '=':
			return tLessEq, 0, 2
		case '>':
			return tNotEq, 0, 2
		case '<':
			k, size = tShl, 2
		default:
			return tLess, 0, 1
		}
	case '>':
		switch d {
		case '=':
			return tGreaterEq, 0, 2
		case '>':
			k, size = tShr, 2
		default:
			return tGreater, 0, 1
		}
	case '+':
		k = tPlus
	case '-':
		if d == '>' {
			return tArrow, 0, 2
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
		return tAug, k, size + 1
	}
	return k, 0, size
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
