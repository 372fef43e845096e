package archive

import (
	"strings"
	"unicode/utf8"
)

// cleanName returns name slash-separated, relative, without "." and ".."
// components, up to the first NUL, without control and invisible characters and
// as valid UTF-8, and calls note with the anomaly of each thing that it had to mend. The result is empty when
// nothing is left.
func cleanName(name string, note func(kind string)) string {
	if isClean(name) {
		return name
	}
	if !utf8.ValidString(name) {
		note(AnomalyNameEncoding)
		name = strings.ToValidUTF8(name, "\uFFFD")
	}
	if before, _, found := strings.Cut(name, "\x00"); found {
		note(AnomalyControlName) // installers in Python and C see what stands before
		name = before
	}
	name = mend(name, AnomalyControlName, isControl, note)
	name = mend(name, AnomalyInvisibleName, isInvisible, note)
	if strings.ContainsRune(name, '\\') {
		note(AnomalyBackslash)
		name = strings.ReplaceAll(name, `\`, "/")
	}
	if len(name) >= 2 && name[1] == ':' && isLetter(name[0]) {
		note(AnomalyDriveLetter)
		name = name[2:]
	}
	if strings.HasPrefix(name, "/") {
		note(AnomalyAbsoluteName)
	}
	parts := strings.Split(name, "/")
	kept := parts[:0]
	traversal := false
	for _, p := range parts {
		switch p {
		case "", ".":
		case "..":
			traversal = true
		default:
			kept = append(kept, p)
		}
	}
	if traversal {
		note(AnomalyTraversal)
	}
	name = strings.Join(kept, "/")
	if name == "" {
		note(AnomalyEmptyName)
	}
	return name
}

// isClean is the fast path: printable ASCII, no backslash or colon, no empty
// or dotted-only component.
func isClean(name string) bool {
	if name == "" {
		return false
	}
	start := 0
	for i := 0; i <= len(name); i++ {
		if i == len(name) || name[i] == '/' {
			switch name[start:i] {
			case "", ".", "..":
				return false
			}
			start = i + 1
			continue
		}
		if c := name[i]; c < 0x20 || c >= 0x7f || c == '\\' || c == ':' {
			return false
		}
	}
	return true
}

// mend replaces the characters that are of a kind.
func mend(name, kind string, is func(rune) bool, note func(kind string)) string {
	if !strings.ContainsFunc(name, is) {
		return name
	}
	note(kind)
	return strings.Map(func(r rune) rune {
		if is(r) {
			return '\uFFFD'
		}
		return r
	}, name)
}

func isControl(r rune) bool { return r < 0x20 || 0x7f <= r && r < 0xa0 }

// isInvisible reports whether a character has no shape of its own: soft hyphen,
// zero-width characters, bidirectional controls, byte order mark, tags.
func isInvisible(r rune) bool {
	switch {
	case r == 0xad, r == 0x61c, r == 0x180e, r == 0xfeff:
		return true
	}
	return 0x200b <= r && r <= 0x200f || 0x2028 <= r && r <= 0x202e || 0x2060 <= r && r <= 0x206f || 0xe0000 <= r && r <= 0xe007f
}

func isLetter(c byte) bool { c |= 0x20; return 'a' <= c && c <= 'z' }

// escapes reports whether a link at name (cleaned) to target leaves the
// archive's root. Hard links count from the root, symbolic ones from the
// link's folder.
func escapes(name, target string, symbolic bool) bool {
	target = strings.ReplaceAll(target, `\`, "/")
	if strings.HasPrefix(target, "/") || len(target) >= 2 && target[1] == ':' && isLetter(target[0]) {
		return true
	}
	depth := 0
	if symbolic {
		depth = strings.Count(name, "/")
	}
	for p := range strings.SplitSeq(target, "/") {
		switch p {
		case "", ".":
		case "..":
			if depth--; depth < 0 {
				return true
			}
		default:
			depth++
		}
	}
	return false
}
