package pysource

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
)

// text is a source text made ready for the lexer.
type text struct {
	src   []byte // UTF-8 as far as the source allowed, lines end in "\n"; padding bytes follow
	ascii bool
	cut   bool // more than maxDecoded had to be decoded
}

// prepare decodes a source (PEP 263), unifies its line ends and puts padding
// behind it, all in buf, which is reused.
func prepare(src []byte, buf *[]byte) text {
	var t text
	switch {
	case bytes.HasPrefix(src, []byte("\xef\xbb\xbf")):
		src = src[3:]
	case bytes.HasPrefix(src, []byte("\xff\xfe")), bytes.HasPrefix(src, []byte("\xfe\xff")):
		// Python refuses UTF-16, editors do not.
		src = t.limit(src)
		if b, err := unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder().Bytes(src); err == nil {
			src = b
		}
	}
	t.ascii = isASCII(src)
	if name := declared(src); name != "" {
		src = t.decode(src, name)
		t.ascii = isASCII(src)
	}
	*buf = unifyNewlines(slices.Grow((*buf)[:0], len(src)+padding), src)
	n := len(*buf)
	*buf = append(append(*buf, '\n'), make([]byte, padding-1)...)
	t.src = (*buf)[:n]
	return t
}

// limit cuts what is to be decoded, which takes several times its size.
func (t *text) limit(src []byte) []byte {
	if len(src) > maxDecoded {
		t.cut = true
		return src[:maxDecoded]
	}
	return src
}

// isASCII looks at 8 bytes at a time.
func isASCII(b []byte) bool {
	for ; len(b) >= 32; b = b[32:] {
		w := binary.LittleEndian.Uint64(b) | binary.LittleEndian.Uint64(b[8:]) |
			binary.LittleEndian.Uint64(b[16:]) | binary.LittleEndian.Uint64(b[24:])
		if w&0x8080808080808080 != 0 {
			return false
		}
	}
	for _, c := range b {
		if c >= 0x80 {
			return false
		}
	}
	return true
}

// unifyNewlines appends src to dst with "\r\n" and "\r" turned into "\n", as
// Python does on reading.
func unifyNewlines(dst, src []byte) []byte {
	for {
		i := bytes.IndexByte(src, '\r')
		if i < 0 {
			return append(dst, src...)
		}
		dst = append(append(dst, src[:i]...), '\n')
		src = src[i+1:]
		if len(src) > 0 && src[0] == '\n' {
			src = src[1:]
		}
	}
}

// declared returns the encoding that a comment in the first two lines names,
// lower-case with hyphens; empty for UTF-8 and for none.
func declared(src []byte) string {
	for range 2 {
		var line []byte
		if i := bytes.IndexAny(src[:min(len(src), 1024)], "\r\n"); i >= 0 {
			line, src = src[:i], bytes.TrimPrefix(src[i+1:], newline)
		} else {
			line, src = src[:min(len(src), 1024)], nil
		}
		line = bytes.TrimLeft(line, " \t\f")
		if len(line) == 0 {
			continue
		}
		if line[0] != '#' {
			return ""
		}
		for rest := line; ; {
			i := bytes.Index(rest, []byte("coding"))
			if i < 0 {
				break
			}
			rest = rest[i+len("coding"):]
			if len(rest) == 0 || rest[0] != ':' && rest[0] != '=' {
				continue
			}
			name := bytes.TrimLeft(rest[1:], " \t")
			end := 0
			for end < len(name) && (nameByte[name[end]] || name[end] == '-' || name[end] == '.') {
				end++
			}
			if end == 0 {
				continue
			}
			enc := strings.ReplaceAll(strings.ToLower(string(name[:end])), "_", "-")
			if enc == "utf-8" || enc == "utf8" || enc == "ascii" || enc == "us-ascii" || strings.HasPrefix(enc, "utf-8-") {
				return ""
			}
			return enc
		}
	}
	return ""
}

// decode decodes src. An encoding that is unknown here leaves it as it
// is: its ASCII part is what matters.
func (t *text) decode(src []byte, name string) []byte {
	switch name {
	case "utf-7", "utf7", "u7", "unicode-1-1-utf-7":
		return decodeUTF7(t.limit(src))
	case "unicode-escape", "raw-unicode-escape":
		return unescape(nil, t.limit(src), name[0] == 'r', false)
	case "rot13", "rot-13":
		return rot13(nil, t.limit(src))
	}
	if t.ascii {
		return src
	}
	if b, err := encodingOf(name).NewDecoder().Bytes(t.limit(src)); err == nil {
		return b
	}
	return src
}

// encodingOf knows Python's names of encodings, as far as sources use them.
func encodingOf(name string) encoding.Encoding {
	switch name {
	case "latin-1", "latin1", "l1", "iso-8859-1", "iso8859-1", "8859", "cp819":
		return charmap.ISO8859_1
	case "cp437":
		return charmap.CodePage437
	case "cp850":
		return charmap.CodePage850
	case "mac-roman", "macroman":
		return charmap.Macintosh
	case "cp932", "ms932", "sjis", "s-jis":
		name = "shift_jis"
	case "cp936", "936", "ms936":
		name = "gbk"
	case "cp949", "uhc", "euckr":
		name = "euc-kr"
	case "cp950":
		name = "big5"
	case "eucjp", "ujis":
		name = "euc-jp"
	}
	if n, ok := strings.CutPrefix(name, "cp12"); ok {
		name = "windows-12" + n
	}
	if n, ok := strings.CutPrefix(name, "iso8859-"); ok {
		name = "iso-8859-" + n
	}
	for _, n := range []string{name, strings.ReplaceAll(name, "-", "_"), strings.ReplaceAll(name, "-", "")} {
		if e, err := htmlindex.Get(n); err == nil {
			return e
		}
	}
	return encoding.Nop
}

// decodeUTF7 decodes UTF-7 (RFC 2152), leniently.
func decodeUTF7(src []byte) []byte {
	out := make([]byte, 0, len(src))
	for i := 0; i < len(src); i++ {
		c := src[i]
		if c != '+' {
			out = append(out, c)
			continue
		}
		if i+1 < len(src) && src[i+1] == '-' {
			out = append(out, '+')
			i++
			continue
		}
		var acc uint32
		var bits int
		var high rune
		for i++; i < len(src); i++ {
			v := base64Value(src[i])
			if v < 0 {
				break
			}
			acc, bits = acc<<6|uint32(v), bits+6
			if bits < 16 {
				continue
			}
			bits -= 16
			u := rune(acc >> bits & 0xffff)
			acc &= 1<<bits - 1
			switch {
			case u >= 0xd800 && u < 0xdc00:
				high = u
			case u >= 0xdc00 && u < 0xe000 && high != 0:
				out = utf8.AppendRune(out, (high-0xd800)<<10|(u-0xdc00)+0x10000)
				high = 0
			default:
				out = utf8.AppendRune(out, u)
			}
		}
		if i < len(src) && src[i] != '-' {
			i--
		}
	}
	return out
}

// base64Value returns the value of a digit of base64, plain or URL-safe, or -1.
func base64Value(c byte) int {
	switch {
	case c >= 'A' && c <= 'Z':
		return int(c - 'A')
	case c >= 'a' && c <= 'z':
		return int(c-'a') + 26
	case isDecimal(c):
		return int(c-'0') + 52
	case c == '+' || c == '-':
		return 62
	case c == '/' || c == '_':
		return 63
	}
	return -1
}

// rot13 appends src, its letters rotated, to dst.
func rot13(dst, src []byte) []byte {
	for _, c := range src {
		switch {
		case c|0x20 >= 'a' && c|0x20 <= 'm':
			c += 13
		case c|0x20 >= 'n' && c|0x20 <= 'z':
			c -= 13
		}
		dst = append(dst, c)
	}
	return dst
}

// unescape appends src to dst with Python's escapes undone: those of str, or of
// bytes, or in raw form only \u and \U.
func unescape(dst, src []byte, raw, isBytes bool) []byte {
	for {
		i := bytes.IndexByte(src, '\\')
		if i < 0 || i+1 >= len(src) {
			return append(dst, src...)
		}
		dst = append(dst, src[:i]...)
		c := src[i+1]
		src = src[i+2:]
		digits := 0
		switch {
		case c == 'u' && !isBytes:
			digits = 4
		case c == 'U' && !isBytes:
			digits = 8
		case c == 'x' && !raw:
			digits = 2
		case raw:
			dst = append(dst, '\\', c)
			continue
		}
		if digits > 0 {
			v, n := rune(0), 0
			for n < digits && n < len(src) && isHex(src[n]) {
				v = v<<4 | rune(hexValue(src[n]))
				n++
			}
			if n < digits {
				dst = append(dst, '\\', c)
				continue
			}
			src = src[n:]
			if isBytes {
				dst = append(dst, byte(v))
			} else {
				dst = utf8.AppendRune(dst, v)
			}
			continue
		}
		switch c {
		case '\n':
		case 'n':
			dst = append(dst, '\n')
		case 't':
			dst = append(dst, '\t')
		case 'r':
			dst = append(dst, '\r')
		case 'a':
			dst = append(dst, 7)
		case 'b':
			dst = append(dst, 8)
		case 'f':
			dst = append(dst, '\f')
		case 'v':
			dst = append(dst, '\v')
		case '\\', '\'', '"':
			dst = append(dst, c)
		case '0', '1', '2', '3', '4', '5', '6', '7':
			v := rune(c - '0')
			for n := 0; n < 2 && len(src) > 0 && src[0] >= '0' && src[0] <= '7'; n++ {
				v = v<<3 | rune(src[0]-'0')
				src = src[1:]
			}
			if isBytes {
				dst = append(dst, byte(v))
			} else {
				dst = utf8.AppendRune(dst, v)
			}
		case 'N':
			end := bytes.IndexByte(src[:min(len(src), 100)], '}')
			if isBytes || end < 0 || src[0] != '{' {
				dst = append(dst, '\\', 'N')
				continue
			}
			dst = utf8.AppendRune(dst, runeNamed(src[1:end]))
			src = src[end+1:]
		default:
			dst = append(dst, '\\', c)
		}
	}
}

func hexValue(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c&^0x20 - 'A' + 10
}

// runeNamed knows the characters of ASCII that \N{…} can hide: letters and
// digits by their Unicode names; all else is the replacement character.
func runeNamed(name []byte) rune {
	up := bytes.ToUpper(name)
	if len(up) == len("LATIN SMALL LETTER A") && bytes.HasPrefix(up, []byte("LATIN SMALL LETTER ")) {
		return rune(up[len(up)-1] | 0x20)
	}
	if len(up) == len("LATIN CAPITAL LETTER A") && bytes.HasPrefix(up, []byte("LATIN CAPITAL LETTER ")) {
		return rune(up[len(up)-1])
	}
	for i, n := range []string{"ZERO", "ONE", "TWO", "THREE", "FOUR", "FIVE", "SIX", "SEVEN", "EIGHT", "NINE"} {
		if string(up) == "DIGIT "+n {
			return rune('0' + i)
		}
	}
	switch string(up) {
	case "LOW LINE":
		return '_'
	case "SPACE":
		return ' '
	case "FULL STOP":
		return '.'
	case "SOLIDUS":
		return '/'
	case "HYPHEN-MINUS":
		return '-'
	}
	return utf8.RuneError
}
