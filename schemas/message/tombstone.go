package message

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Forgettable is what can be forgotten.
type Forgettable string

// What can be forgotten: a project with everything that was seen in it, or a
// domain, with its subdomains, wherever an author's address or an indicator
// named it.
const (
	ForgetProject Forgettable = "project"
	ForgetDomain  Forgettable = "domain"
)

// Tombstone says that something was forgotten and must not come back. It holds
// a hash, and not the name that is to be forgotten: who knows the name can ask,
// and who does not finds it only by trying names.
type Tombstone struct {
	Schema int         `json:"schema"`
	Kind   Forgettable `json:"kind"`
	// Hash is the SHA-256, hexadecimal, of kind, a NUL and the name: a project's as
	// PEP 503 normalises it, a domain in lower case.
	Hash string    `json:"hash"`
	At   time.Time `json:"at"`
}

// NewTombstone is the tombstone of a project or a domain.
func NewTombstone(kind Forgettable, name string, at time.Time) Tombstone {
	return Tombstone{Schema: StateSchema, Kind: kind, Hash: forgottenHash(kind, name), At: at.UTC()}
}

func forgottenHash(kind Forgettable, name string) string {
	sum := sha256.Sum256([]byte(string(kind) + "\x00" + name))
	return hex.EncodeToString(sum[:])
}

// Forgotten is a set of tombstones. Its zero value is empty. It is not safe for
// concurrent changes.
type Forgotten struct {
	hashes            map[string]bool
	projects, domains bool // there are such
}

// Add adds a tombstone to the set.
func (f *Forgotten) Add(t Tombstone) {
	if f.hashes == nil {
		f.hashes = make(map[string]bool)
	}
	f.hashes[t.Hash] = true
	f.projects = f.projects || t.Kind == ForgetProject
	f.domains = f.domains || t.Kind == ForgetDomain
}

// Project reports whether a project, by its normalised name, is to be forgotten.
func (f *Forgotten) Project(name string) bool {
	return f.projects && f.hashes[forgottenHash(ForgetProject, name)]
}

// Domain reports whether a domain, or one that it is a subdomain of, is to be
// forgotten.
func (f *Forgotten) Domain(name string) bool {
	if !f.domains {
		return false
	}
	for name = strings.ToLower(name); name != ""; {
		if f.hashes[forgottenHash(ForgetDomain, name)] {
			return true
		}
		_, name, _ = strings.Cut(name, ".")
	}
	return false
}

// Redact removes what is to be forgotten of domains from a scan, and reports
// whether there was any. Classes and counts stay: they name nobody.
func (f *Forgotten) Redact(s *Scan) bool {
	if !f.domains {
		return false
	}
	before := len(s.Emails) + len(s.Indicators)
	s.Emails = slices.DeleteFunc(s.Emails, func(e Email) bool { return f.Domain(e.Domain) })
	s.Indicators = slices.DeleteFunc(s.Indicators, func(i Indicator) bool { return f.Domain(hostOf(i)) })
	return len(s.Emails)+len(s.Indicators) != before
}

// hostOf is the host that an indicator names, or "".
func hostOf(i Indicator) string {
	if strings.Contains(i.Value, "://") {
		u, err := url.Parse(i.Value)
		if err != nil {
			return ""
		}
		return u.Hostname()
	}
	if strings.HasSuffix(i.Kind, "domain") {
		return i.Value
	}
	return ""
}
