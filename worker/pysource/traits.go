package pysource

import (
	"bytes"
	"unicode"
	"unicode/utf8"
)

// looksOdd reports whether an identifier is not what it looks like: NFKC makes
// it plain ASCII, or it mixes ASCII letters with letters of another script that
// look like them.
func looksOdd(raw, normal []byte) bool {
	if isASCII(normal) {
		return !bytes.Equal(raw, normal)
	}
	ascii, alike := false, false
	for b := normal; len(b) > 0; {
		r, n := utf8.DecodeRune(b)
		b = b[n:]
		switch {
		case r == utf8.RuneError && n == 1:
			return false
		case r < utf8.RuneSelf:
			ascii = ascii || r|0x20 >= 'a' && r|0x20 <= 'z'
		case unicode.In(r, unicode.Cyrillic, unicode.Greek, unicode.Armenian, unicode.Cherokee):
			alike = alike || lookalike(r)
		}
	}
	return ascii && alike
}

// lookalike tells the letters that pass for an ASCII letter in most fonts.
func lookalike(r rune) bool {
	const letters = "аеорсухіјѕԁԛԝһґАВЕКМНОРСТУХІЈЅοΑΒΕΖΗΙΚΜΝΟΡΤΥΧօսոհցᎪᏀᎬᎻᎫ"
	for _, l := range letters {
		if l == r {
			return true
		}
	}
	return false
}

// bidiLine returns the line of the first bidirectional control character
// (U+202A–U+202E, U+2066–U+2069), which can make a reader see other code than
// runs; zero without one.
func bidiLine(src []byte) uint32 {
	for p := 0; ; {
		i := bytes.IndexByte(src[p:], 0xe2)
		if i < 0 || p+i+2 >= len(src) {
			return 0
		}
		p += i
		b, c := src[p+1], src[p+2]
		if b == 0x80 && c >= 0xaa && c <= 0xae || b == 0x81 && c >= 0xa6 && c <= 0xa9 {
			return uint32(1 + bytes.Count(src[:p], newline))
		}
		p++
	}
}

// minified reports whether a program squeezed the text: statements joined by
// semicolons, many to a line.
func (s *Scanner) minified(src []byte) bool {
	if len(src) < 512 || s.semicolons < 16 {
		return false
	}
	lines := bytes.Count(src, newline) + 1
	return s.semicolons >= lines && len(src)/lines >= 60
}
