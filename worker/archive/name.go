package archive

import (
	"strings"
	"unicode/utf8"
)

// cleanName returns name slash-separated, relative, without "." and ".."
// components, without control characters and as valid UTF-8, and calls note
// with the anomaly of each thing that it had to mend. The result is empty when
// nothing is left.
func cleanName(name string, note func(kind string)) string {
	if isClean(name) {
		return name
	}
	if !utf8.ValidString(name) {
		note(AnomalyNameEncoding)
		name = strings.ToValidUTF8(name, "\uFFFD")
	}
	if strings.ContainsFunc(name, isControl) {
		note(AnomalyControlName)
		name = strings.Map(func(r rune) rune {
			if isControl(r) {
				return '\uFFFD'
			}
			return r
		}, name)
	}
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

func isControl(r rune) bool { return r < 0x20 || r == 0x7f }

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
