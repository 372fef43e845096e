package queue

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// maxTokenBytes bounds a token; a longer one ends in a hash of the whole.
const maxTokenBytes = 200

const hexDigits = "0123456789ABCDEF"

// Token spells a name or a version so that it is one token of a subject and a
// key of a bucket: letters, digits and '-' as they are, '.' as '_', every
// other byte as '=' and two hexadecimal digits; the empty string as "=".
// Different strings have different tokens. More than 200 bytes are cut there
// and end in "==" and a hash.
func Token(s string) string {
	if s == "" {
		return "="
	}
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-':
			b.WriteByte(c)
		case c == '.':
			b.WriteByte('_')
		default:
			b.WriteByte('=')
			b.WriteByte(hexDigits[c>>4])
			b.WriteByte(hexDigits[c&15])
		}
	}
	if b.Len() <= maxTokenBytes {
		return b.String()
	}
	sum := sha256.Sum256([]byte(s))
	const tail = 32
	return b.String()[:maxTokenBytes-tail-2] + "==" + hex.EncodeToString(sum[:])[:tail]
}
