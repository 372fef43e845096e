package behavior

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"strings"
)

// indicator reduces a string to what may be kept of it: an e-mail address to
// its domain, a URL to scheme, host and path, a token or webhook to its service
// and a keyed hash. Value is empty when the string is nothing to pivot on, as
// loopback addresses and reserved names are.
func (r *Release) indicator(stringKind int, s string) (kind, value string) {
	switch stringKind {
	case kindIPv4, kindIPv6:
		if !isPublic(stringKind, s) {
			return "", ""
		}
		return stringKinds[stringKind-1], s
	case kindURL:
		return "url", plainURL(s)
	case kindDomain:
		if d := strings.ToLower(strings.TrimSuffix(s, ".")); !isReserved(d) {
			return "domain", d
		}
	case kindEmail:
		// The scanner keeps the domain alone.
		if d := strings.ToLower(strings.Trim(s[strings.LastIndexByte(s, '@')+1:], ".<>")); !isReserved(d) {
			return "email-domain", d
		}
	case kindWallet:
		return "wallet", s
	case kindToken:
		// The scanner names the service: "github:ghp_…".
		if service, secret, ok := strings.Cut(s, ":"); ok && service != "" && secret != "" {
			return "token", r.secret(service, secret)
		}
	case kindWebhook:
		return "webhook", r.secret(webhookService(s), s)
	}
	return "", ""
}

// secret is the service of a secret and, if there is a key, a hash of it.
func (r *Release) secret(service, s string) string {
	if len(r.Key) == 0 {
		return service
	}
	h := hmac.New(sha256.New, r.Key)
	h.Write([]byte(s))
	return service + ":" + hex.EncodeToString(h.Sum(nil)[:16])
}

// hostOf returns the host of a URL, lower case and without port, or a domain
// as it is.
func hostOf(stringKind int, s string) string {
	if stringKind == kindURL || stringKind == kindWebhook {
		if i := strings.Index(s, "://"); i >= 0 {
			s = s[i+3:]
		}
		if i := strings.IndexAny(s, "/?#\\"); i >= 0 {
			s = s[:i]
		}
		s = s[strings.LastIndexByte(s, '@')+1:]
		if i := strings.LastIndexByte(s, ':'); i >= 0 && !strings.HasSuffix(s, "]") {
			s = s[:i]
		}
	}
	return strings.ToLower(strings.TrimSuffix(s, "."))
}

// plainURL drops user information, query and fragment, and lowers the host.
// It is empty for hosts that no one can reach.
func plainURL(s string) string {
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok {
		return ""
	}
	authority, path := rest, ""
	if i := strings.IndexAny(rest, "/?#\\"); i >= 0 {
		authority, path = rest[:i], rest[i:]
	}
	if i := strings.IndexAny(path, "?#"); i >= 0 {
		path = path[:i]
	}
	authority = strings.ToLower(authority[strings.LastIndexByte(authority, '@')+1:])
	host := hostOf(kindURL, s)
	if host == "" || isReserved(host) || strings.ContainsAny(host, "{}%<>$ ") {
		return ""
	}
	if a, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil && !isPublic(kindIPv4, a.String()) {
		return ""
	}
	return strings.ToLower(scheme) + "://" + authority + path
}

// isReserved says whether a name is set aside for documentation, tests and
// local use (RFC 2606, RFC 6761, RFC 6762).
func isReserved(host string) bool {
	for _, name := range []string{"localhost", "example.com", "example.org", "example.net", "example", "test", "invalid", "local", "localdomain"} {
		if below, ok := strings.CutSuffix(host, name); ok && (below == "" || below[len(below)-1] == '.') {
			return true
		}
	}
	return host == "" || !strings.Contains(host, ".") && !strings.Contains(host, ":")
}

func webhookService(s string) string {
	host := hostOf(kindWebhook, s)
	for _, h := range []struct{ host, service string }{
		{"discord.com", "discord"}, {"discordapp.com", "discord"}, {"slack.com", "slack"}, {"telegram.org", "telegram"},
		{"webhook.office.com", "teams"}, {"webhook.site", "webhook.site"}, {"pipedream.net", "pipedream"}, {"chat.googleapis.com", "google-chat"},
		{"zapier.com", "zapier"}, {"ifttt.com", "ifttt"},
	} {
		if hostMatches(host, []string{h.host}) {
			return h.service
		}
	}
	return "other"
}
