package pypi

import (
	"cmp"
	"encoding/hex"
	"net/url"
	"path"
	"slices"
	"strings"

	"prevalence/schemas/message"
)

// settle sorts a root's names and keeps each once, with its highest serial.
func (r *Root) settle() {
	order := func(a, b RootProject) int {
		na, _ := number(a.Serial)
		nb, _ := number(b.Serial)
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(nb, na))
	}
	if !slices.IsSortedFunc(r.Projects, order) {
		slices.SortFunc(r.Projects, order)
	}
	r.Projects = slices.CompactFunc(r.Projects, func(a, b RootProject) bool { return a.Name == b.Name })
}

// add adds a name as an index spells it, or counts it as skipped.
func (r *Root) add(name string, serial message.Serial) {
	if name = Normalize(strings.TrimSpace(name)); !ValidName(name) {
		r.Skipped++
		return
	}
	r.Projects = append(r.Projects, RootProject{Name: name, Serial: serial})
}

// settle fills in what follows from the rest of a page.
func (p *Page) settle() {
	switch p.State {
	case message.StateArchived, message.StateDeprecated:
	case message.StateQuarantined:
		p.Files = nil
	default:
		p.State = message.StateActive
	}
	seen := make(map[string]bool, len(p.Versions))
	p.Versions = slices.DeleteFunc(p.Versions, func(v string) bool {
		dup := v == "" || seen[v]
		seen[v] = true
		return dup
	})
	if len(p.Versions) == 0 {
		for _, r := range p.releases() {
			p.Versions = append(p.Versions, r.version.text)
		}
	}
	if p.Serial == "" {
		p.Serial = PageHash(p)
	}
}

// maxFileName bounds the length of a file's name in bytes: file systems and
// PyPI allow less.
const maxFileName = 512

// validFileName reports whether a file's name is one: no path, no control character.
func validFileName(name string) bool {
	return name != "" && name != "." && name != ".." && len(name) <= maxFileName &&
		!strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f || r == '/' || r == '\\' })
}

// resolve makes a file's address absolute. It returns the sha256 of its
// fragment, if there is one, and the last element of its path.
func resolve(base *url.URL, href string) (address, sha256, name string, ok bool) {
	u, err := base.Parse(strings.TrimSpace(href))
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", "", "", false
	}
	for part := range strings.SplitSeq(u.Fragment, "&") {
		if v, found := strings.CutPrefix(part, "sha256="); found {
			sha256 = validSHA256(v)
		}
	}
	u.Fragment, u.RawFragment, u.User = "", "", nil
	return u.String(), sha256, path.Base(u.Path), true
}

// validSHA256 returns a hash in lower case, or nothing for what is none.
func validSHA256(s string) string {
	if b, err := hex.DecodeString(s); err != nil || len(b) != 32 {
		return ""
	}
	return strings.ToLower(s)
}
