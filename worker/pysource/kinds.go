package pysource

import (
	"bytes"
	"crypto/sha256"
	"net/netip"
	"strings"
)

// MaxValueBytes bounds the value of a String fact; longer ones are cut.
const MaxValueBytes = 256

// The kinds of strings, in the order of stringKindNames.
const (
	kindIPv4 = iota
	kindIPv6
	kindURL
	kindDomain
	kindEmail
	kindPath
	kindBase64
	kindHex
	kindWallet
	kindToken
	kindWebhook
)

// What bytes a string holds, as bits.
const (
	hasDot uint16 = 1 << iota
	hasColon
	hasSlash
	hasAt
	hasUpper
	hasLower // but for a to f
	hasHex   // a to f
	hasDigit
	hasSpace
	hasOther     // not of base64, not one of the above
	hasPlus      // + = / of base64, - _ of its URL form
	hasBackslash // and % $ ~
)

var stringBits = func() (t [256]uint16) {
	for c := range t {
		switch b := byte(c); {
		case b >= 'a' && b <= 'f':
			t[c] = hasHex
		case b >= 'g' && b <= 'z':
			t[c] = hasLower
		case b >= 'A' && b <= 'Z':
			t[c] = hasUpper
		case isDecimal(b):
			t[c] = hasDigit
		case b == '.':
			t[c] = hasDot
		case b == ':':
			t[c] = hasColon
		case b == '/':
			t[c] = hasSlash
		case b == '@':
			t[c] = hasAt
		case b == '+' || b == '=' || b == '-' || b == '_':
			t[c] = hasPlus
		case b == ' ' || b == '\n' || b == '\t' || b == '\r':
			t[c] = hasSpace
		case b == '\\' || b == '%' || b == '$' || b == '~':
			t[c] = hasBackslash
		default:
			t[c] = hasOther
		}
	}
	return t
}()

const maxClassified = 1 << 16 // bytes of one string that are looked at

// classify notes the kinds that a string is of.
func (s *Scanner) classify(b []byte, line uint32) {
	if len(b) > maxClassified {
		b = b[:maxClassified]
	}
	var has uint16
	for _, c := range b {
		has |= stringBits[c]
	}
	if has&hasSlash != 0 && has&hasColon != 0 {
		if s.urls(b, line) {
			return
		}
	}
	if has&hasAt != 0 && has&hasDot != 0 {
		s.emails(b, line)
	}
	if has&hasDot != 0 && has&hasDigit != 0 {
		s.ipv4(b, has, line)
	}
	if has&(hasSpace|hasOther|hasBackslash|hasAt) == 0 {
		switch {
		case has&hasColon != 0:
			s.colons(b, has, line)
		case has&hasSlash == 0 && has&hasDot != 0:
			if !s.token(b, has, line) {
				s.domain(b, line)
			}
			return
		case has&hasDot == 0:
			s.opaque(b, has, line)
		}
	} else if has&(hasOther|hasBackslash|hasAt|hasDot|hasColon) == 0 && len(b) >= 80 {
		s.wrapped(b, line)
	}
	if has&(hasSlash|hasBackslash) != 0 && len(b) < 1024 {
		s.path(b, line)
	}
	if b[0] == '-' && bytes.HasPrefix(b, []byte("-----BEGIN ")) && bytes.Contains(b, []byte("PRIVATE KEY-----")) {
		s.kind(kindToken, []byte("private-key"), line)
	}
}

// kind adds a String fact.
func (s *Scanner) kind(k int, val []byte, line uint32) {
	if len(val) > MaxValueBytes {
		val = val[:MaxValueBytes]
	}
	s.emitName(String, s.names.vocab.kinds[k], s.names.Intern(val), Resolved, line, line)
}

// webhooks are places that a message is sent to by whoever knows the address.
var webhooks = []string{
	"discord.com/api/webhooks/", "discordapp.com/api/webhooks/", "canary.discord.com/api/webhooks/", "ptb.discord.com/api/webhooks/",
	"hooks.slack.com/services/", "hooks.slack.com/workflows/", "api.telegram.org/bot", "webhook.site/", "outlook.office.com/webhook/",
	"hooks.zapier.com/hooks/", "maker.ifttt.com/trigger/", "discord.com/api/v", "api.pushover.net/", "qyapi.weixin.qq.com/cgi-bin/webhook/",
	"oapi.dingtalk.com/robot/", "open.feishu.cn/open-apis/bot/",
}

// urls notes the URLs in b. It reports whether b is one and nothing else.
func (s *Scanner) urls(b []byte, line uint32) bool {
	whole := false
	for n, at := 0, 0; n < 32; n++ {
		i := bytes.Index(b[at:], []byte("://"))
		if i < 0 {
			break
		}
		i += at
		start := i
		for start > at && (stringBits[b[start-1]]&(hasLower|hasHex|hasUpper|hasDigit) != 0 || b[start-1] == '+') {
			start--
		}
		end := i + 3
		for end < len(b) && urlByte(b[end]) {
			end++
		}
		at = end
		scheme := b[start:i]
		if len(scheme) < 2 || len(scheme) > 12 || isDecimal(scheme[0]) {
			continue
		}
		rest := b[i+3 : end]
		for len(rest) > 0 && strings.IndexByte(".,;:!?)]}'", rest[len(rest)-1]) >= 0 {
			rest = rest[:len(rest)-1]
		}
		if s.url(scheme, rest, line) && start == 0 && end == len(b) {
			whole = true
		}
	}
	return whole
}

func urlByte(c byte) bool {
	return c > ' ' && c < 0x7f && c != '"' && c != '\'' && c != '<' && c != '>' && c != '`' && c != '|' && c != '\\' && c != '^'
}

// url notes a URL by its scheme and what follows "://", without userinfo,
// query and fragment; a webhook keeps them.
func (s *Scanner) url(scheme, rest []byte, line uint32) bool {
	hostEnd := bytes.IndexAny(rest, "/?#")
	if hostEnd < 0 {
		hostEnd = len(rest)
	}
	authority := rest[:hostEnd]
	if i := bytes.LastIndexByte(authority, '@'); i >= 0 {
		rest, authority = rest[i+1:], authority[i+1:]
	}
	host := authority
	if len(host) > 0 && host[0] == '[' {
		if i := bytes.IndexByte(host, ']'); i > 0 {
			if a, err := netip.ParseAddr(string(host[1:i])); err == nil {
				s.kind(kindIPv6, []byte(a.String()), line)
			}
			host = host[:i+1]
		}
	} else if i := bytes.LastIndexByte(host, ':'); i >= 0 {
		host = host[:i]
	}
	if len(host) == 0 || len(host) > 253 {
		if bytes.EqualFold(scheme, []byte("file")) && len(rest) > 1 {
			s.path(rest, line)
		}
		return false
	}
	if host[0] != '[' {
		for _, c := range host {
			if c != '.' && c != '-' && c != '_' && stringBits[c]&(hasLower|hasHex|hasUpper|hasDigit) == 0 {
				return false // a template
			}
		}
	}
	for _, w := range webhooks {
		if bytes.HasPrefix(rest, []byte(w)) && len(rest) > len(w) {
			s.kind(kindWebhook, s.joined(scheme, rest), line)
			rest = rest[:len(w)] // what follows is a secret
			break
		}
	}
	if i := bytes.IndexAny(rest, "?#"); i >= 0 {
		rest = rest[:i]
	}
	if quad(host) {
		s.kind(kindIPv4, host, line)
	}
	s.kind(kindURL, s.joined(scheme, rest), line)
	return true
}

// joined puts a URL together again, in the scratch buffer.
func (s *Scanner) joined(scheme, rest []byte) []byte {
	b := append(s.scratch[:0], scheme...)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c | 0x20
		}
	}
	b = append(b, "://"...)
	s.scratch = append(b, rest...)
	return s.scratch
}

// quad reports whether b is an IPv4 address in dotted form.
func quad(b []byte) bool {
	if len(b) < 7 || len(b) > 15 {
		return false
	}
	n, digits, parts := 0, 0, 1
	for i, c := range b {
		switch {
		case isDecimal(c):
			if digits > 0 && n == 0 {
				return false // a leading zero
			}
			n, digits = n*10+int(c-'0'), digits+1
			if n > 255 || digits > 3 {
				return false
			}
		case c == '.' && digits > 0 && i < len(b)-1:
			n, digits, parts = 0, 0, parts+1
		default:
			return false
		}
	}
	return parts == 4
}

// ipv4 notes the addresses in b, unless they are version numbers.
func (s *Scanner) ipv4(b []byte, has uint16, line uint32) {
	if len(b) < 7 {
		return
	}
	for i, found := 0, 0; i < len(b) && found < 16; {
		if !isDecimal(b[i]) {
			i++
			continue
		}
		start := i
		for i < len(b) && (isDecimal(b[i]) || b[i] == '.') {
			i++
		}
		end := i
		if b[end-1] == '.' {
			end--
		}
		if !quad(b[start:end]) || start > 0 && (nameByte[b[start-1]] || b[start-1] == '-' || b[start-1] == '=') ||
			i < len(b) && (nameByte[b[i]] || b[i] == '-') {
			continue
		}
		if s.versionLike(b, start, end) {
			continue
		}
		found++
		s.kind(kindIPv4, b[start:end], line)
	}
}

// versionLike tells a version number of four parts from an address: by the
// words around it, by what it is given to, and by its size.
func (s *Scanner) versionLike(b []byte, start, end int) bool {
	var buf [16]byte
	before := buf[:copy(buf[:], b[max(0, start-16):start])]
	for i, c := range before {
		if c >= 'A' && c <= 'Z' {
			before[i] = c | 0x20
		}
	}
	for _, w := range []string{"version", "ver", "release", "v.", "rev", "oid", ">", "<", "~", "^", "chrome/", "safari/", "/"} {
		if bytes.Contains(before, []byte(w)) && !bytes.Contains(before, []byte("server")) {
			return true
		}
	}
	q := b[start:end]
	if string(q) == "0.0.0.0" || string(q) == "255.255.255.255" {
		return false
	}
	if q[0] == '0' {
		return true
	}
	// x = "1.2.3.4" and f(x="1.2.3.4"): the name decides.
	if i := s.p - 3; i >= 0 && i+1 < len(s.toks) && s.toks[i].kind == tName {
		if k := s.toks[i+1].kind; k == tAssign || k == tEq {
			n := bytes.ToLower(s.names.bytes(s.toks[i].name))
			if bytes.Contains(n, []byte("version")) || bytes.Contains(n, []byte("release")) {
				return true
			}
			if bytes.Contains(n, []byte("ip")) || bytes.Contains(n, []byte("host")) || bytes.Contains(n, []byte("addr")) {
				return false
			}
		}
	}
	if i := s.p - 2; i >= 0 && i < len(s.toks) {
		switch s.toks[i].kind {
		case tLess, tGreater, tLessEq, tGreaterEq:
			return true
		}
	}
	// The parts of versions are small; 10.x is more often a network, and four
	// equal parts are a resolver.
	largest, first, same := 0, -1, true
	n := 0
	for i := 0; i <= len(q); i++ {
		if i < len(q) && q[i] != '.' {
			n = n*10 + int(q[i]-'0')
			continue
		}
		if first < 0 {
			first = n
		}
		same = same && n == first
		largest, n = max(largest, n), 0
	}
	return largest < 20 && first != 10 && !same
}

// colons notes what has colons and none but name characters, dots, slashes.
func (s *Scanner) colons(b []byte, has uint16, line uint32) {
	if has&(hasLower|hasPlus|hasSlash) == 0 && bytes.Count(b, []byte(":")) >= 2 && len(b) <= 45 {
		if a, err := netip.ParseAddr(string(b)); err == nil && a.Is6() && len(b) > 2 {
			s.kind(kindIPv6, b, line)
			return
		}
	}
	// A Telegram bot's token: digits, a colon, 35 characters.
	if i := bytes.IndexByte(b, ':'); i >= 8 && i <= 10 && len(b)-i-1 == 35 && allDigits(b[:i]) {
		s.kind(kindToken, append([]byte("telegram:"), b...), line)
	}
}

func allDigits(b []byte) bool {
	for _, c := range b {
		if !isDecimal(c) {
			return false
		}
	}
	return len(b) > 0
}

// tokenPrefixes begin the secrets that services hand out: service, prefix, and
// the least length of the whole.
var tokenPrefixes = []struct {
	service, prefix string
	size            int
}{
	{"github", "ghp_", 40}, {"github", "gho_", 40}, {"github", "ghs_", 40}, {"github", "ghu_", 40}, {"github", "ghr_", 40},
	{"github", "github_pat_", 60}, {"gitlab", "glpat-", 26}, {"aws", "AKIA", 20}, {"aws", "ASIA", 20},
	{"slack", "xoxb-", 40}, {"slack", "xoxp-", 40}, {"slack", "xoxa-", 40}, {"slack", "xoxs-", 40}, {"google", "AIza", 39},
	{"pypi", "pypi-AgEI", 80}, {"npm", "npm_", 40}, {"stripe", "sk_live_", 30}, {"stripe", "rk_live_", 30},
	{"openai", "sk-", 40}, {"huggingface", "hf_", 36}, {"sendgrid", "SG.", 60}, {"jwt", "eyJ", 60},
}

// token notes a secret that is known by its form.
func (s *Scanner) token(b []byte, has uint16, line uint32) bool {
	if len(b) < 20 || has&hasDigit == 0 {
		return false
	}
	for _, t := range tokenPrefixes {
		if len(b) >= t.size && b[0] == t.prefix[0] && bytes.HasPrefix(b, []byte(t.prefix)) {
			if t.service == "aws" && len(b) != 20 || t.service == "google" && len(b) != 39 ||
				t.service == "jwt" && bytes.Count(b, []byte(".")) != 2 {
				continue
			}
			s.kind(kindToken, append([]byte(t.service+":"), b...), line)
			return true
		}
	}
	// Discord: three parts with dots, 24 to 28, 6 and 27 to 38 characters.
	if i := bytes.IndexByte(b, '.'); i >= 23 && i <= 28 {
		if j := bytes.IndexByte(b[i+1:], '.'); j >= 5 && j <= 7 && len(b)-i-j-2 >= 27 && len(b)-i-j-2 <= 38 {
			s.kind(kindToken, append([]byte("discord:"), b...), line)
			return true
		}
	}
	return false
}

// domain notes b if it is a domain name and nothing else it could be.
func (s *Scanner) domain(b []byte, line uint32) {
	if len(b) < 4 || len(b) > 253 || b[0] == '.' || b[0] == '-' {
		return
	}
	labels, start := 0, 0
	for i := 0; i <= len(b); i++ {
		if i < len(b) && b[i] != '.' {
			if c := b[i]; c == '_' || c == '+' || c == '=' || c >= 'A' && c <= 'Z' {
				return
			}
			continue
		}
		if i == start || b[start] == '-' || b[i-1] == '-' || i-start > 63 {
			return
		}
		labels++
		if i < len(b) {
			start = i + 1
		}
	}
	tld := string(b[start:])
	if strings.Contains(clearTLDs, " "+tld+" ") && labels >= 2 || strings.Contains(doubtfulTLDs, " "+tld+" ") && labels >= 3 {
		s.kind(kindDomain, b, line)
	}
}

// Top-level domains that a dotted name or a file name rarely ends in, and
// those that it may.
const (
	clearTLDs    = " com net org info biz edu gov mil xyz onion ru cn su ua de fr uk jp kr br eu nl onion top icu vip club tk ml ga cf gq pw gg "
	doubtfulTLDs = " io co dev app ai me to in it us ca au tv cc ws site online shop live fun space website tech store work link click cloud arpa int local pl se no fi es ch at be cz hu gr tr ir il za mx ar cl vn id th sg hk tw my ph nz ie pt ro bg "
)

// emails notes the domains of the addresses in b. The address is personal data
// and goes no further.
func (s *Scanner) emails(b []byte, line uint32) {
	for at, n := 0, 0; n < 8; n++ {
		i := bytes.IndexByte(b[at:], '@')
		if i < 0 {
			return
		}
		i += at
		at = i + 1
		if i == 0 || stringBits[b[i-1]]&(hasLower|hasHex|hasUpper|hasDigit|hasPlus) == 0 {
			continue
		}
		end := at
		for end < len(b) && (stringBits[b[end]]&(hasLower|hasHex|hasUpper|hasDigit) != 0 || b[end] == '.' || b[end] == '-') {
			end++
		}
		dom := bytes.ToLower(bytes.Trim(b[at:end], ".-"))
		dot := bytes.LastIndexByte(dom, '.')
		if dot <= 0 || len(dom)-dot-1 < 2 || len(dom) > 253 {
			continue
		}
		letters := true
		for _, c := range dom[dot+1:] {
			letters = letters && c >= 'a' && c <= 'z'
		}
		start := i
		for start > 0 && (stringBits[b[start-1]]&(hasLower|hasHex|hasUpper|hasDigit|hasPlus|hasDot) != 0 || b[start-1] == '%') {
			start--
		}
		if letters && !(start > 0 && (b[start-1] == '/' || b[start-1] == ':')) {
			s.kind(kindEmail, dom, line)
		}
	}
}

// rootFolders begin absolute paths of Unix systems.
var rootFolders = []string{
	"/etc/", "/usr/", "/bin/", "/sbin/", "/tmp/", "/var/", "/home/", "/root/", "/proc/", "/dev/", "/opt/", "/lib/", "/sys/", "/run/",
	"/mnt/", "/boot/", "/Library/", "/Users/", "/System/", "/Applications/", "/private/", "/Volumes/", "~/",
}

// path notes b if it is a file's path; the name of a user in it is left out.
func (s *Scanner) path(b []byte, line uint32) {
	if len(b) < 4 {
		return
	}
	switch c := b[0]; {
	case c == '/' || c == '~':
		for _, r := range rootFolders {
			if bytes.HasPrefix(b, []byte(r)) && len(b) > len(r) && !bytes.ContainsAny(b, "\n<>{}()|;") {
				s.kind(kindPath, anonymous(b), line)
				return
			}
		}
	case c|0x20 >= 'a' && c|0x20 <= 'z' && b[1] == ':' && (b[2] == '\\' || b[2] == '/') && b[3] != '/':
		if !bytes.ContainsAny(b, "\n<>{}|;") {
			s.kind(kindPath, anonymous(b), line)
		}
	case c == '%' && bytes.IndexByte(b[1:], '%') > 2 && bytes.IndexByte(b, '\\') > 0, c == '$' && bytes.HasPrefix(b, []byte("$HOME/")),
		bytes.HasPrefix(b, []byte(`\\.\`)), bytes.HasPrefix(b, []byte(`HKEY_`)):
		if !bytes.ContainsAny(b, "\n<>{}|;") {
			s.kind(kindPath, b, line)
		}
	}
}

// anonymous replaces the name of a user in a path by a star.
func anonymous(b []byte) []byte {
	for _, home := range []string{"/home/", "/Users/", `C:\Users\`, "C:/Users/", `c:\users\`} {
		if bytes.HasPrefix(b, []byte(home)) {
			rest := b[len(home):]
			if i := bytes.IndexAny(rest, `/\`); i >= 0 {
				rest = rest[i:]
			} else {
				rest = nil
			}
			return append(append([]byte(home), '*'), rest...)
		}
	}
	return b
}

// opaque notes long runs of letters and digits: hex, base64, wallets, tokens.
func (s *Scanner) opaque(b []byte, has uint16, line uint32) {
	if len(b) < 20 || has&hasDigit == 0 {
		return
	}
	if s.token(b, has, line) || s.wallet(b, has, line) {
		return
	}
	switch {
	case has&(hasLower|hasPlus|hasSlash) == 0 && len(b) >= 32 && len(b)%2 == 0 && onlyHex(b):
		s.kind(kindHex, b, line)
	case len(b) >= 40 && has&hasUpper != 0 && has&(hasLower|hasHex) != 0 && looksBase64(b):
		s.kind(kindBase64, b, line)
	}
}

func onlyHex(b []byte) bool {
	for _, c := range b {
		if !isHex(c) {
			return false
		}
	}
	return true
}

// looksBase64 tells encoded bytes from words put together: case and digits
// change all the time.
func looksBase64(b []byte) bool {
	changes, seps := 0, 0
	for i := 1; i < len(b); i++ {
		if b[i] == '_' || b[i] == '-' || b[i] == '/' {
			seps++
		}
		if (stringBits[b[i]]^stringBits[b[i-1]])&(hasUpper|hasDigit) != 0 {
			changes++
		}
	}
	return changes*5 > len(b) && seps*8 < len(b)
}

// wrapped notes base64 or hex in lines.
func (s *Scanner) wrapped(b []byte, line uint32) {
	if bytes.IndexByte(b, ' ') >= 0 && bytes.Count(b, []byte(" ")) > len(b)/40 {
		return
	}
	var kept []byte
	for _, c := range b[:min(len(b), 1024)] {
		if stringBits[c]&hasSpace == 0 {
			kept = append(kept, c)
		}
	}
	switch {
	case onlyHex(kept):
		s.kind(kindHex, kept, line)
	case looksBase64(kept):
		s.kind(kindBase64, kept, line)
	}
}

const base58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

// wallet notes an address of a cryptocurrency.
func (s *Scanner) wallet(b []byte, has uint16, line uint32) bool {
	var coin string
	switch {
	case len(b) == 42 && b[0] == '0' && b[1] == 'x' && onlyHex(b[2:]):
		coin = "ethereum"
	case len(b) >= 42 && len(b) <= 62 && bytes.HasPrefix(b, []byte("bc1")) && has&hasUpper == 0:
		coin = "bitcoin"
	case (b[0] == '1' || b[0] == '3') && len(b) >= 26 && len(b) <= 35 && base58Check(b):
		coin = "bitcoin"
	case b[0] == 'T' && len(b) == 34 && base58Check(b):
		coin = "tron"
	case b[0] == 'L' && len(b) == 34 && base58Check(b):
		coin = "litecoin"
	case b[0] == '4' && len(b) == 95 && has&hasPlus == 0 && inBase58(b):
		coin = "monero"
	default:
		return false
	}
	s.kind(kindWallet, append([]byte(coin+":"), b...), line)
	return true
}

func inBase58(b []byte) bool {
	for _, c := range b {
		if strings.IndexByte(base58, c) < 0 {
			return false
		}
	}
	return true
}

// base58Check reports whether b decodes to 21 bytes and their checksum.
func base58Check(b []byte) bool {
	var out [25]byte
	for _, c := range b {
		carry := strings.IndexByte(base58, c)
		if carry < 0 {
			return false
		}
		for i := len(out) - 1; i >= 0; i-- {
			carry += int(out[i]) * 58
			out[i] = byte(carry)
			carry >>= 8
		}
		if carry != 0 {
			return false
		}
	}
	h := sha256.Sum256(out[:21])
	h = sha256.Sum256(h[:])
	return bytes.Equal(h[:4], out[21:])
}
