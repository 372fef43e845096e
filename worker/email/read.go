package email

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"prevalence/schemas/message"
)

// Key hashes addresses, so that releases of one author can be grouped without
// keeping the address. The zero value hashes nothing.
type Key struct {
	ID     string // names the key; hashes compare only within one
	Secret []byte
}

// Hash returns the HMAC-SHA-256 of the address in hexadecimal, its ASCII case
// ignored, or "" without a secret.
func (k Key) Hash(address string) string {
	if len(k.Secret) == 0 {
		return ""
	}
	h := hmac.New(sha256.New, k.Secret)
	h.Write([]byte(strings.ToLower(address)))
	return hex.EncodeToString(h.Sum(nil))
}

// Fields are the metadata fields that addresses stand in.
type Fields struct {
	// Addresses are fields that are meant to hold addresses: Author-email,
	// Maintainer-email, and email in pyproject.toml. Text in them without any
	// address makes one entry of class Invalid.
	Addresses []string
	// Names are fields that sometimes do: Author and Maintainer.
	Names []string
}

// Read returns what may be kept of the addresses of a release and their most
// telling class. Without an address the list is empty and the class None.
func Read(f Fields, key Key) (emails []message.Email, class string) {
	var found []string
	for _, a := range Addresses(append(append([]string(nil), f.Addresses...), f.Names...)...) {
		domain, class := Classify(a)
		e := message.Email{Domain: domain, Class: class}
		if hash := key.Hash(a); hash != "" {
			e.Key, e.KeyID = hash, key.ID
		}
		emails = append(emails, e)
		found = append(found, class)
	}
	for _, field := range f.Addresses {
		if !isBlank(field) && len(Addresses(field)) == 0 {
			emails = append(emails, message.Email{Class: Invalid})
			found = append(found, Invalid)
		}
	}
	return emails, Most(found)
}

// isBlank says whether a field says nothing: empty, or what build tools write
// for a missing value.
func isBlank(field string) bool {
	switch strings.ToLower(strings.Trim(field, " \t\r\n,;<>\"'")) {
	case "", "unknown", "none", "n/a", "na", "null", "-", "todo":
		return true
	}
	return false
}
