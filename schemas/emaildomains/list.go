package emaildomains

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"io"
	"sort"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
)

var (
	//go:embed disposable.txt.gz
	disposableGzip []byte
	//go:embed free.txt.gz
	freeGzip []byte
	//go:embed privacy.yaml
	privacyYAML []byte
)

// List is a set of domains, lower case A-labels. The zero value is empty.
type List struct {
	text   string   // the domains, sorted, each ended by a newline
	starts []uint32 // of the domains in text
}

// Len is the number of domains.
func (l *List) Len() int { return len(l.starts) }

// Has says whether the domain itself is in the list. Domains above it are the
// caller's to ask for.
func (l *List) Has(domain string) bool {
	i := sort.Search(len(l.starts), func(i int) bool { return l.at(i) >= domain })
	return i < len(l.starts) && l.at(i) == domain
}

func (l *List) at(i int) string {
	s := l.text[l.starts[i]:]
	return s[:strings.IndexByte(s, '\n')]
}

// Privacy is a provider that hides who is behind an address.
type Privacy struct {
	Domain string `yaml:"domain"`
	// Kind is "mailbox" for mailboxes that are opened without a name and run for
	// privacy, and "relay" for addresses that forward to a hidden one.
	Kind   string `yaml:"kind"`
	Source string `yaml:"source"` // where the provider says so
}

// maxListBytes bounds what is unpacked; the largest list has 2 MB.
const maxListBytes = 64 << 20

// Disposable is the list of providers of throw-away mailboxes.
var Disposable = sync.OnceValues(func() (*List, error) { return unpack("disposable", disposableGzip) })

// Free is the list of providers where anyone opens a mailbox.
var Free = sync.OnceValues(func() (*List, error) { return unpack("free", freeGzip) })

// Private returns the privacy providers, sorted as the file is.
var Private = sync.OnceValues(func() ([]Privacy, error) {
	var file struct {
		Domains []Privacy `yaml:"domains"`
	}
	dec := yaml.NewDecoder(bytes.NewReader(privacyYAML))
	dec.KnownFields(true)
	if err := dec.Decode(&file); err != nil {
		return nil, fmt.Errorf("emaildomains: privacy.yaml: %w", err)
	}
	return file.Domains, nil
})

func unpack(name string, packed []byte) (*List, error) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("emaildomains: list %s: %w", name, err)
	}
	text, err := io.ReadAll(io.LimitReader(z, maxListBytes))
	if err != nil {
		return nil, fmt.Errorf("emaildomains: list %s: %w", name, err)
	}
	l := &List{text: string(text)}
	for at := 0; at < len(l.text); {
		l.starts = append(l.starts, uint32(at))
		n := strings.IndexByte(l.text[at:], '\n')
		if n < 0 {
			return nil, fmt.Errorf("emaildomains: list %s does not end with a newline", name)
		}
		at += n + 1
	}
	return l, nil
}
