package emaildomains

import (
	"net/url"
	"slices"
	"strings"
	"testing"
)

func TestLists(t *testing.T) {
	for _, test := range []struct {
		name    string
		load    func() (*List, error)
		least   int
		in, out []string
	}{
		{"disposable", Disposable, 100_000, []string{"mailinator.com", "10minutemail.com", "0-180.com"}, []string{"gmail.com", "example.com", "", "mailinator"}},
		{"free", Free, 10_000, []string{"gmail.com", "qq.com", "web.de"}, []string{"python.org", "zzzz", "users.noreply.github.com"}},
	} {
		l, err := test.load()
		if err != nil {
			t.Fatal(err)
		}
		if l.Len() < test.least {
			t.Errorf("%s has %d domains", test.name, l.Len())
		}
		for i := 1; i < l.Len(); i++ {
			if l.at(i-1) >= l.at(i) {
				t.Fatalf("%s: %q stands before %q", test.name, l.at(i-1), l.at(i))
			}
		}
		for _, d := range test.in {
			if !l.Has(d) {
				t.Errorf("%s misses %q", test.name, d)
			}
		}
		for _, d := range test.out {
			if l.Has(d) {
				t.Errorf("%s has %q", test.name, d)
			}
		}
	}
	if new(List).Has("a.b") {
		t.Error("the zero List has something")
	}
}

func TestPrivate(t *testing.T) {
	list, err := Private()
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]bool)
	for _, p := range list {
		if u, err := url.Parse(p.Source); err != nil || u.Scheme != "https" {
			t.Errorf("%s: source %q is not a page", p.Domain, p.Source)
		}
		if !slices.Contains([]string{"mailbox", "relay"}, p.Kind) || p.Domain != strings.ToLower(p.Domain) || seen[p.Domain] {
			t.Errorf("%+v", p)
		}
		seen[p.Domain] = true
	}
	for _, d := range []string{"proton.me", "duck.com", "mozmail.com", "tuta.io"} {
		if !seen[d] {
			t.Errorf("%s is missing", d)
		}
	}
}
