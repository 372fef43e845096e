package pysource

import (
	"bytes"
	"math/bits"

	"golang.org/x/text/unicode/norm"
)

// stringPrefix reads the letters before a quote. Python 2's "ur" counts.
func stringPrefix(b []byte) (flags uint8, ok bool) {
	if len(b) > 2 {
		return 0, false
	}
	for _, c := range b {
		switch c | 0x20 {
		case 'r':
			flags |= fRaw
		case 'b':
			flags |= fBytes
		case 'f', 't':
			flags |= fFormat
		case 'u':
		default:
			return 0, false
		}
	}
	return flags, true
}

// str reads the string whose quote stands at pos.
func (l *lexer) str(flags uint8) {
	src, p := l.src, l.pos
	q := src[p]
	if src[p+1] == q && src[p+2] == q {
		flags |= fTriple
		p += 3
	} else {
		p++
	}
	if flags&fFormat != 0 && len(l.fstrings) < maxFStrings {
		l.add(tFStart, l.line)
		l.fstrings = append(l.fstrings, fstring{q, flags&fTriple != 0, flags, len(l.brackets)})
		l.pos = p
		l.fText()
		return
	}
	start, line := p, l.line
	if flags&fTriple == 0 {
		quote := each(q)
		for {
			w := eight(src, p)
			stop := zeros(w^quote) | zeros(w^each('\\')) | zeros(w^each('\n'))
			if stop == 0 {
				p += 8
				continue
			}
			p += bits.TrailingZeros64(stop) >> 3
			if src[p] != '\\' {
				break
			}
			flags |= fEscape
			if p+1 >= l.end {
				p = l.end
				break
			}
			if src[p+1] == '\n' {
				l.line += l.step
			}
			p += 2
		}
		l.addText(tString, flags, start, p, line)
		if src[p] == q {
			p++
		}
		l.pos = p
		return
	}
	end := l.end
	for {
		i := bytes.IndexByte(src[p:l.end], q)
		if i < 0 {
			p = l.end
			break
		}
		p += i
		if p+2 < l.end && src[p+1] == q && src[p+2] == q {
			slashes := 0
			for p-1-slashes >= start && src[p-1-slashes] == '\\' {
				slashes++
			}
			if slashes&1 == 0 {
				end = p
				p += 3
				break
			}
		}
		p++
	}
	body := src[start:end]
	l.line += l.step * uint32(bytes.Count(body, newline))
	if bytes.IndexByte(body, '\\') >= 0 {
		flags |= fEscape
	}
	l.addText(tString, flags, start, end, line)
	l.pos = p
}

var newline = []byte{'\n'}

// fText reads the text of the innermost f-string, or of a format specification
// in it, up to a replacement field or its end.
func (l *lexer) fText() {
	if len(l.fstrings) == 0 {
		return
	}
	f := l.fstrings[len(l.fstrings)-1]
	spec := len(l.brackets) > f.depth
	src, p := l.src, l.pos
	start, line := p, l.line
	flags := f.flags
	text := func() {
		if p > start {
			l.addText(tFText, flags, start, p, line)
		}
	}
	for p < l.end {
		switch c := src[p]; {
		case c == '\\' && f.flags&fRaw == 0 && !spec:
			flags |= fEscape
			p++
			if p < l.end && src[p] == 'N' && p+1 < l.end && src[p+1] == '{' {
				// A character by name: its braces are no field.
				for p < l.end && src[p] != '}' && src[p] != '\n' && src[p] != f.quote {
					p++
				}
			} else if p < l.end && src[p] != '{' && src[p] != '}' {
				if src[p] == '\n' {
					l.line += l.step
				}
				p++
			}
		case c == '\\' && f.flags&fRaw != 0 && p+1 < l.end && src[p+1] == f.quote:
			p += 2
		case c == '{':
			if !spec && p+1 < l.end && src[p+1] == '{' {
				p++
				text()
				p++
				start, line = p, l.line
				continue
			}
			if len(l.brackets) >= maxBrackets {
				p++
				continue
			}
			text()
			l.brackets = append(l.brackets, bracket{tFOpen, int32(len(l.toks))})
			l.add(tFOpen, l.line)
			l.pos = p + 1
			return
		case c == '}':
			text()
			if spec {
				l.pos = p // closed by scan
				return
			}
			p++
			if p < l.end && src[p] == '}' {
				p++
			}
			start, line = p-1, l.line
		case c == f.quote:
			if f.triple && !(p+2 < l.end && src[p+1] == c && src[p+2] == c) {
				p++
				continue
			}
			text()
			p++
			if f.triple {
				p += 2
			}
			l.endFString(p)
			return
		case c == '\n':
			if !f.triple {
				text()
				l.endFString(p)
				return
			}
			l.line += l.step
			p++
		default:
			p++
		}
	}
	p = min(p, l.end)
	text()
	l.endFString(p)
}

// endFString closes the innermost f-string and what was left open in it.
func (l *lexer) endFString(p int) {
	f := l.fstrings[len(l.fstrings)-1]
	l.fstrings = l.fstrings[:len(l.fstrings)-1]
	for len(l.brackets) > f.depth {
		b := l.brackets[len(l.brackets)-1]
		l.brackets = l.brackets[:len(l.brackets)-1]
		if b.tok >= 0 {
			l.toks[b.tok].name = Name(len(l.toks))
		}
		l.add(b.kind-tLParen+tRParen, l.line)
	}
	l.add(tFEnd, l.line)
	l.pos = p
}

// oddName interns an identifier that is not plain ASCII. Python compares
// identifiers after NFKC, so that a mathematical bold "exec" is exec.
func (l *lexer) oddName(b []byte) *nameSlot {
	if len(b) > maxString {
		b = b[:maxString]
	}
	n := norm.NFKC.Bytes(b)
	if l.odd == 0 && looksOdd(b, n) {
		l.odd = l.line
	}
	return l.names.slot(n)
}
