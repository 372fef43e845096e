package email

import (
	"io"
	"mime"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/htmlindex"
)

// Limits of what is read from metadata.
const (
	maxFieldBytes   = 16 << 10
	maxAddresses    = 100
	maxAddressBytes = 320 // RFC 5321: 64 for the local part, 255 for the domain
)

// Addresses returns the addresses that stand in the fields, in their order,
// each once however it is written. Well-formed lists (RFC 5322, with RFC 2047
// words) are parsed as such; of anything else whatever looks like an address is
// taken, forms made for readers included ("name at example dot org").
func Addresses(fields ...string) []string {
	var list []string
	seen := make(map[string]bool)
	for _, field := range fields {
		if len(field) > maxFieldBytes {
			field = field[:maxFieldBytes]
		}
		for _, a := range inField(field) {
			a = strings.TrimRight(a, ".")
			key := strings.ToLower(a)
			if a == "" || seen[key] || len(a) > maxAddressBytes || len(list) == maxAddresses {
				continue
			}
			seen[key] = true
			list = append(list, a)
		}
	}
	return list
}

func inField(field string) []string {
	field = strings.Map(visible, strings.ToValidUTF8(field, "\uFFFD"))
	if !mayHold(field) {
		return nil
	}
	if list, err := parser.ParseList(strings.Join(strings.Fields(field), " ")); err == nil && !slices.ContainsFunc(list, odd) {
		var found []string
		for _, a := range list {
			found = append(found, a.Address)
			// A name may be an address of its own, or hold one.
			found = append(found, scan(a.Name)...)
		}
		return found
	}
	if plain, err := words.DecodeHeader(field); err == nil {
		field = plain
	}
	return scan(plainly(field))
}

// visible drops what is not seen: zero-width characters and marks of direction.
func visible(r rune) rune {
	if unicode.Is(unicode.Cf, r) {
		return -1
	}
	return r
}

// odd says whether a domain goes on with what belongs to none, such as the
// query of a mailto: URL. RFC 5322 allows nearly everything there.
func odd(a *mail.Address) bool {
	domain := a.Address[strings.LastIndexByte(a.Address, '@')+1:]
	return !strings.HasPrefix(domain, "[") && strings.ContainsFunc(domain, func(r rune) bool { return !isDomain(r) })
}

// mayHold is a first look that spares most Author fields the rest.
func mayHold(field string) bool {
	if strings.ContainsAny(field, "@＠") || strings.Contains(field, "=?") {
		return true
	}
	lower := strings.ToLower(field)
	return strings.Contains(lower, "at") && (strings.Contains(lower, "dot") || strings.Contains(lower, ".")) ||
		slices.ContainsFunc(encodedAt, func(s string) bool { return strings.Contains(lower, s) })
}

// encodedAt are the spellings of @ in HTML and in URLs.
var encodedAt = []string{"&#64;", "&#x40;", "&commat;", "%40"}

var (
	words  = &mime.WordDecoder{CharsetReader: charsetReader}
	parser = mail.AddressParser{WordDecoder: words}
)

func charsetReader(charset string, r io.Reader) (io.Reader, error) {
	e, err := htmlindex.Get(charset)
	if err != nil {
		return nil, err
	}
	return e.NewDecoder().Reader(r), nil
}

// Ways in which people write an address so that machines do not see it. An
// "at" or "dot" without brackets only counts where both stand in one address.
var (
	bracketAt  = regexp.MustCompile(`(?i)\s*[\[({<]\s*(at|@|a t)\s*[\])}>]\s*`)
	bracketDot = regexp.MustCompile(`(?i)\s*[\[({<]\s*(dot|\.|punkt|point)\s*[\])}>]\s*`)
	spoken     = regexp.MustCompile(`(?i)([\pL\pN_+-]+(?:(?:\s+dot\s+|\.)[\pL\pN_+-]+)*)\s+at\s+([\pL\pN-]+(?:(?:\s+dot\s+|\.)[\pL\pN-]+)+)`)
	dots       = regexp.MustCompile(`(?i)\s+dot\s+`)
	dashAt     = regexp.MustCompile(`(?i)([\pL\pN.+])\s*(?:_at_|-at-|~at~|#at#)\s*([\pL\pN]+(?:-[\pL\pN]+)*)((?:\s*(?:_dot_|-dot-|~dot~|#dot#|\.)\s*[\pL\pN]+(?:-[\pL\pN]+)*)+)`)
	dashDot    = regexp.MustCompile(`(?i)\s*(?:_dot_|-dot-|~dot~|#dot#|\.)\s*`)
	manyAt     = regexp.MustCompile(`@{2,}`)
	spacedAt   = regexp.MustCompile(`([\pL\pN_.+-])\s+@\s*([\pL\pN-])|([\pL\pN_.+-])\s*@\s+([\pL\pN-])`)
)

// plainly rewrites the forms made for readers into the form with an @.
func plainly(s string) string {
	s = strings.NewReplacer("＠", "@", "&#64;", "@", "&#x40;", "@", "&commat;", "@", "%40", "@", "&lt;", "<", "&gt;", ">", " AT ", " at ", " DOT ", " dot ").Replace(s)
	s = bracketAt.ReplaceAllString(s, "@")
	s = bracketDot.ReplaceAllString(s, ".")
	s = dashAt.ReplaceAllStringFunc(s, func(m string) string {
		parts := dashAt.FindStringSubmatch(m)
		return parts[1] + "@" + parts[2] + dashDot.ReplaceAllString(parts[3], ".")
	})
	s = spoken.ReplaceAllStringFunc(s, func(m string) string {
		parts := spoken.FindStringSubmatch(m)
		return dots.ReplaceAllString(parts[1], ".") + "@" + dots.ReplaceAllString(parts[2], ".")
	})
	if strings.Contains(s, "@") {
		s = manyAt.ReplaceAllString(s, "@")
		s = dots.ReplaceAllString(s, ".")
		s = spacedAt.ReplaceAllString(s, "$1$3@$2$4")
	}
	return s
}

// scan returns whatever in s stands on both sides of an @.
func scan(s string) []string {
	var found []string
	least := 0 // where the address before ended
	for from := 0; ; {
		i := strings.IndexByte(s[from:], '@')
		if i < 0 {
			return found
		}
		at := from + i
		from = at + 1
		start := at
		for start > least {
			r, n := utf8.DecodeLastRuneInString(s[least:start])
			if !isLocal(r) {
				break
			}
			start -= n
		}
		end := at + 1
		for end < len(s) {
			r, n := utf8.DecodeRuneInString(s[end:])
			if !isDomain(r) {
				break
			}
			end += n
		}
		local, domain := strings.Trim(s[start:at], ".'/|{}"), strings.Trim(s[at+1:end], ".-")
		if local != "" && domain != "" {
			found = append(found, local+"@"+domain)
		}
		from = max(from, end)
		least = end
		if len(found) == maxAddresses {
			return found
		}
	}
}

func isLocal(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune(".!#$%&'*+-/=?^_`{|}~", r)
	}
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r))
}

func isDomain(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '.' || r == '-'
	}
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r))
}
