package pypi

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// page makes a page of files "VERSION", with a "!" behind it when yanked; a
// version in brackets is listed without a file.
func pageOf(versions ...string) *Page {
	p := &Page{Name: "foo"}
	for _, v := range versions {
		switch n := len(v); {
		case v[0] == '[':
			p.Versions = append(p.Versions, v[1:n-1])
		case v[n-1] == '!':
			p.Files = append(p.Files, File{Name: "foo-" + v[:n-1] + ".tar.gz", Kind: KindSdist, Version: v[:n-1], Yanked: true})
		default:
			p.Files = append(p.Files, File{Name: "foo-" + v + ".tar.gz", Kind: KindSdist, Version: v})
		}
	}
	return p
}

func TestLatest(t *testing.T) {
	for _, c := range []struct {
		name     string
		versions []string
		want     string
	}{
		{"numbers, not text", []string{"1.9", "1.10", "1.2"}, "1.10"},
		{"pre-release loses", []string{"1.0", "2.0rc1", "2.0b3"}, "1.0"},
		{"development release loses", []string{"1.0", "2.0.dev1"}, "1.0"},
		{"post-release wins", []string{"1.0", "1.0.post1"}, "1.0.post1"},
		{"development of a post-release loses", []string{"1.0", "1.0.post1.dev2"}, "1.0"},
		{"epoch wins", []string{"2026.1", "1!0.5"}, "1!0.5"},
		{"local version wins over its public one", []string{"1.0", "1.0+x.1"}, "1.0+x.1"},
		{"local label that reads like a pre-release", []string{"1.0", "1.1+dev1"}, "1.1+dev1"},
		{"yanked loses", []string{"1.0", "2.0!"}, "1.0"},
		{"only pre-releases", []string{"1.0a1", "1.0.dev5", "1.0b1"}, "1.0b1"},
		{"a pre-release wins over a yanked release", []string{"1.0!", "0.9rc1"}, "0.9rc1"},
		{"all yanked", []string{"1.0!", "2.0!", "2.1a1!"}, "2.1a1"},
		{"one file of two yanked is not yanked", []string{"1.0", "2.0!", "2.0"}, "2.0"},
		{"legacy loses", []string{"2004d", "0.1"}, "0.1"},
		{"legacy loses even to a yanked one", []string{"2004d", "0.1!"}, "0.1"},
		{"only legacy", []string{"2004d", "2004e"}, "2004e"},
		{"listed without files loses", []string{"[3.0]", "[1.0]", "1.0"}, "1.0"},
		{"nothing but listed", []string{"[3.0]", "[1.0]"}, "3.0"},
		{"the listed spelling", []string{"[1.0.0]", "1.0"}, "1.0.0"},
		{"spellings of one version", []string{"1.0-rc1", "1.0rc1"}, "1.0-rc1"},
		{"none", nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := pageOf(c.versions...)
			got, ok := p.Latest()
			if got != c.want || ok != (c.want != "") {
				t.Fatalf("Latest of %v = %q, %t, want %q", c.versions, got, ok, c.want)
			}
			if r := p.Releases(); ok && r[0] != got {
				t.Fatalf("Releases %v does not begin with %q", r, got)
			}
		})
	}
}

func TestRelease(t *testing.T) {
	p := pageOf("1.0", "1.0.0", "1.1", "2.0!")
	p.Files = append(p.Files, File{Name: "foo-1.0.exe"})
	var got []string
	for _, f := range p.Release("1.0") {
		got = append(got, f.Version)
	}
	if diff := cmp.Diff([]string{"1.0", "1.0.0"}, got); diff != "" {
		t.Error(diff)
	}
	if p.Yanked("1.0") || !p.Yanked("2") || p.Yanked("3") {
		t.Errorf("yanked: 1.0 %t, 2 %t, 3 %t", p.Yanked("1.0"), p.Yanked("2"), p.Yanked("3"))
	}
}
