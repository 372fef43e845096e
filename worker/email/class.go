package email

import (
	"net/netip"
	"slices"
	"strings"
	"sync"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"

	"prevalence/schemas/emaildomains"
)

// The classes of an address, the most telling first: the class of a release is
// the first that one of its addresses has.
const (
	Disposable  = "disposable"  // a provider of throw-away mailboxes
	Privacy     = "privacy"     // a mailbox provider or relay that hides who is behind it
	Placeholder = "placeholder" // nobody's address: you@example.com
	Invalid     = "invalid"     // no mail can reach it
	NoReply     = "no-reply"    // nobody reads it
	Free        = "free"        // a provider where anyone opens a mailbox
	Corporate   = "corporate"   // a domain of its own: a company, a project, a person
	None        = "none"        // no address at all
)

var classes = []string{Disposable, Privacy, Placeholder, Invalid, NoReply, Free, Corporate, None}

// Most returns the most telling of classes, None for an empty list.
func Most(list []string) string {
	best := len(classes) - 1
	for _, c := range list {
		if i := slices.Index(classes, c); i >= 0 && i < best {
			best = i
		}
	}
	return classes[best]
}

// Trait is the property of a release that a class of one of its addresses
// makes, the slug of a rule anomaly/…, or "" when it makes none.
func Trait(class string) string {
	switch class {
	case Disposable:
		return "disposable-email"
	case Privacy:
		return "anonymous-email"
	case Placeholder:
		return "placeholder-email"
	case None:
		return "no-author-email"
	}
	return ""
}

// Classify returns the domain of an address, lower case and as A-labels, and
// the class of the address. The domain is empty when the class is Invalid for
// want of one. Lists are asked for the domain and for its parents down to the
// one below its public suffix.
func Classify(address string) (domain, class string) {
	local, domain, ok := split(address)
	if !ok {
		return "", Invalid
	}
	switch {
	case isPlaceholder(local, domain):
		return domain, Placeholder
	case !reachable(domain):
		return domain, Invalid
	case isNoReply(local, domain):
		return domain, NoReply
	}
	l := lists()
	parents := upwards(domain)
	has := func(in func(string) bool) bool { return slices.ContainsFunc(parents, in) }
	switch {
	case has(func(d string) bool { return l.privacy[d] }):
		return domain, Privacy
	case has(l.disposable.Has):
		return domain, Disposable
	case has(l.free.Has):
		return domain, Free
	}
	return domain, Corporate
}

type domainLists struct {
	disposable, free *emaildomains.List
	privacy          map[string]bool
}

// lists unpacks the embedded lists once. They are part of the build, and their
// own tests fail if they cannot be read; an unreadable one counts as empty.
var lists = sync.OnceValue(func() domainLists {
	l := domainLists{disposable: new(emaildomains.List), free: new(emaildomains.List), privacy: make(map[string]bool)}
	if d, err := emaildomains.Disposable(); err == nil {
		l.disposable = d
	}
	if f, err := emaildomains.Free(); err == nil {
		l.free = f
	}
	if list, err := emaildomains.Private(); err == nil {
		for _, p := range list {
			l.privacy[p.Domain] = true
		}
	}
	return l
})

// split returns the two parts of an address. It is lenient about the local
// part and strict about the domain.
func split(address string) (local, domain string, ok bool) {
	at := strings.LastIndexByte(address, '@')
	if at < 1 || len(address) > maxAddressBytes {
		return "", "", false
	}
	local = strings.ToLower(strings.Trim(address[:at], `"`))
	domain = strings.ToLower(strings.TrimSuffix(address[at+1:], "."))
	ascii, err := idna.Lookup.ToASCII(domain)
	if err != nil || ascii == "" || local == "" {
		return "", "", false
	}
	for label := range strings.SplitSeq(ascii, ".") {
		if label == "" || len(label) > 63 {
			return "", "", false
		}
	}
	return local, ascii, len(ascii) <= 253
}

// upwards lists a domain and its parents down to the one below the public
// suffix.
func upwards(domain string) []string {
	list := []string{domain}
	registered, err := publicsuffix.EffectiveTLDPlusOne(domain)
	if err != nil {
		return list
	}
	for len(domain) > len(registered) {
		_, domain, _ = strings.Cut(domain, ".")
		list = append(list, domain)
	}
	return list
}

// reachable says whether a domain can have mail at all: it has a top-level
// domain that exists, and a name below its public suffix.
func reachable(domain string) bool {
	if _, err := netip.ParseAddr(strings.Trim(domain, "[]")); err == nil || !strings.Contains(domain, ".") {
		return false
	}
	suffix, icann := publicsuffix.PublicSuffix(domain)
	if !icann && !strings.Contains(suffix, ".") {
		return false // the suffix is no known one
	}
	// A private suffix (a hoster's, an association's) has mail of its own.
	return suffix != domain || !icann
}

// reserved are the domains that RFC 2606 and RFC 6761 set aside, and what
// templates write for a domain to be filled in.
var reserved = []string{
	"example.com", "example.org", "example.net", "example.edu", "example", "test", "invalid", "localhost", "local", "localdomain",
	"yourdomain.com", "your-domain.com", "your_domain.com", "mydomain.com", "somedomain.com", "domain.tld", "domain.ext", "example.co",
	"yourcompany.com", "your-company.com", "mycompany.com", "youremail.com", "your-email.com", "myemail.com", "domain.com", "email.tld",
	"test.com", "foo.com", "bar.com", "foo.bar", "todo.com", "none.com", "changeme.com", "nowhere.com", "no.where", "none.none", "mail.tld",
}

// templates are local parts that nobody has.
var templates = []string{
	"your.email", "your_email", "your-email", "youremail", "your.name", "your_name", "your-name", "yourname", "yourmail", "your.mail",
	"your_mail", "you", "author_email", "author.email", "authoremail", "my.email", "my_email", "myemail", "example", "email_address",
	"firstname.lastname", "first.last", "name.surname", "changeme", "change.me", "placeholder", "unknown", "todo", "fixme", "xxx", "xxxx", "none",
	"your_email_here", "your-email-address", "youremailaddress", "your.address", "your_address", "yourusername", "your_username",
}

func isPlaceholder(local, domain string) bool {
	for _, r := range reserved {
		if domain == r || strings.HasSuffix(domain, "."+r) {
			return true
		}
	}
	return slices.Contains(templates, local)
}

// noReply are local parts that say that nobody reads them.
var noReply = []string{"noreply", "no-reply", "no_reply", "no.reply", "donotreply", "do-not-reply", "do_not_reply", "do.not.reply", "dont-reply", "nobody", "devnull", "dev-null", "null", "noemail", "no-email"}

func isNoReply(local, domain string) bool {
	if domain == "users.noreply.github.com" || strings.Contains("."+domain, ".noreply.") || strings.Contains("."+domain, ".no-reply.") {
		return true
	}
	base, _, _ := strings.Cut(local, "+")
	return slices.Contains(noReply, base)
}
