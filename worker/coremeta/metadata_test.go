package coremeta

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	for _, tc := range []struct {
		name string
		in   string
		want Metadata
	}{
		{"nothing", "", Metadata{}},
		{
			"body", "Metadata-Version: 2.1\nName: A.b\nVersion: 1\nSummary: what it does\nProject-URL: Source, https://git.example.org/x\nRequires-Dist: c>=1 ; extra == 'd'\nImport-Name: ab\nImport-Name: _ab; private\n\n# A\n\nlong\n",
			Metadata{
				MetadataVersion: "2.1", Name: "A.b", Version: "1", Summary: "what it does", DescriptionBytes: 9,
				ProjectURLs: []Link{{"Source", "https://git.example.org/x"}}, RequiresDist: []string{"c>=1 ; extra == 'd'"},
				ImportNames: []string{"ab", "_ab"},
			},
		},
		{
			"folded and unknown", "Name: a\r\nVersion: UNKNOWN\r\nLicense: first\r\n        second\r\n       |third\r\nDescription: long\r\n        text\r\nHome-page: UNKNOWN\r\nAuthor: unknown\r\n",
			Metadata{Name: "a", License: "first\nsecond\nthird", DescriptionBytes: 17},
		},
		{
			"unindented", "Name: a\nSummary: one\nmore of it\nVersion: 2\n",
			Metadata{Name: "a", Summary: "one\nmore of it", Version: "2"},
		},
		{
			"repeated", "Name: a\nName: b\nAuthor-email: x@example.org\nAuthor-email: y@example.org\n",
			Metadata{Name: "a", Repeated: []string{"name"}, AuthorEmail: []string{"x@example.org", "y@example.org"}},
		},
		{
			"words", "Name: a\nAuthor: =?utf-8?q?J=C3=BCrgen?= Mustermann\nMaintainer: =?iso-8859-1?q?Andr=E9?=\nAuthor-email: =?nonsense?q?x?= <x@example.org>\n",
			Metadata{Name: "a", Author: []string{"Jürgen Mustermann"}, Maintainer: []string{"André"}, AuthorEmail: []string{"=?nonsense?q?x?= <x@example.org>"}},
		},
		{
			"latin-1", "Name: a\nAuthor: Andr\xe9\n",
			Metadata{Name: "a", Author: []string{"André"}, NotUTF8: true},
		},
		{"bom and description unknown", "\xef\xbb\xbfName: a\n\nUNKNOWN\n", Metadata{Name: "a"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if d := cmp.Diff(tc.want, Parse([]byte(tc.in))); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestParseBounds(t *testing.T) {
	m := Parse([]byte("Name: a\nSummary: " + strings.Repeat("x", 10<<20) + "\n" + strings.Repeat("Requires-Dist: y\n", 2*maxValues) + "Version: 1\n"))
	if !m.Cut || len(m.Summary) != maxValueBytes || len(m.RequiresDist) != maxValues || m.Version != "1" {
		t.Errorf("cut %v, summary %d, requires %d, version %q", m.Cut, len(m.Summary), len(m.RequiresDist), m.Version)
	}
	m = Parse([]byte("Name: a\nDescription: x\n" + strings.Repeat(" line\n", 1<<20)))
	if m.Cut || m.DescriptionBytes < 5<<20 {
		t.Errorf("cut %v, description %d", m.Cut, m.DescriptionBytes)
	}
}

func TestSourceRepository(t *testing.T) {
	for _, tc := range []struct {
		link Link
		want bool
	}{
		{Link{"Homepage", "https://github.com/owner/name"}, true},
		{Link{"Homepage", "github.com/owner/name"}, true},
		{Link{"Homepage", "git@github.com:owner/name.git"}, true},
		{Link{"", "git+https://gitlab.example.org/owner/name"}, true},
		{Link{"Homepage", "https://www.github.com/"}, false},
		{Link{"Funding", "https://github.com/sponsors/owner"}, false},
		{Link{"Homepage", "https://example.org/"}, false},
		{Link{"Source Code", "https://example.org/src"}, true},
		{Link{"source", ""}, false},
		{Link{"source", "no url"}, false},
		{Link{"", "https://name.sourceforge.net"}, true},
		{Link{"Homepage", "https://owner.github.io/name"}, false},
		{Link{"Homepage", "https://notgithub.com/owner/name"}, false},
		{Link{"Homepage", "http://[::1"}, false},
	} {
		m := Metadata{ProjectURLs: []Link{tc.link}}
		if got := m.SourceRepository(); got != tc.want {
			t.Errorf("%v: %v, want %v", tc.link, got, tc.want)
		}
	}
	for _, m := range []Metadata{{HomePage: "http://bitbucket.org/a/b"}, {DownloadURL: "https://codeberg.org/a/b/archive.zip"}} {
		if !m.SourceRepository() {
			t.Errorf("%+v: no repository", m)
		}
	}
}

func TestParsePyproject(t *testing.T) {
	p, err := ParsePyproject([]byte(`
[build-system]
requires = ["setuptools>=61", 3]
build-backend = "backend"
backend-path = ["_build"]
[project]
name = "a"
version = "1"
readme = {file = "README.md"}
license = {text = "MIT"}
dependencies = ["b"]
authors = [{name = "N", email = "n@example.org"}, "odd"]
urls = {Source = "https://example.org/s"}
import-names = ["a", "_a; private"]
`))
	if err != nil {
		t.Fatal(err)
	}
	want := Pyproject{
		BuildBackend: "backend", BackendPath: []string{"_build"}, BuildRequires: []string{"setuptools>=61"}, HasProject: true,
		Project: Metadata{
			Name: "a", Version: "1", DescriptionBytes: 9, License: "MIT", RequiresDist: []string{"b"}, Author: []string{"N", "odd"},
			AuthorEmail: []string{"n@example.org"}, ProjectURLs: []Link{{"Source", "https://example.org/s"}}, ImportNames: []string{"a", "_a"},
		},
	}
	if d := cmp.Diff(want, p); d != "" {
		t.Error(d)
	}
	p, err = ParsePyproject([]byte("[tool.poetry]\nname = 'p'\nauthors = ['N <n@example.org>']\nrepository = 'https://example.org/r'\n"))
	if err != nil || p.Project.Name != "p" || !p.Project.SourceRepository() || len(p.Project.AuthorEmail) != 1 {
		t.Errorf("%+v, %v", p, err)
	}
	for _, bad := range []string{"[[", "x = ", strings.Repeat("[", 100_000), "a = " + strings.Repeat("{a=", 100_000), strings.Repeat("#", 2<<20)} {
		if _, err := ParsePyproject([]byte(bad)); err == nil {
			t.Errorf("%.20q: no error", bad)
		}
	}
}

func TestParseSetupCfg(t *testing.T) {
	got := ParseSetupCfg([]byte("[metadata]\nname = a\nversion = attr: a.__version__\nauthor-email = n@example.org\nlong_description = file: README\nproject_urls =\n    Source = https://example.org/s\n    # no\n\n[options]\ninstall_requires =\n  b>1\n  c\npython_requires: >=3\n[other]\nname = z\n"))
	want := Metadata{
		Name: "a", AuthorEmail: []string{"n@example.org"}, DescriptionBytes: 12, ProjectURLs: []Link{{"Source", "https://example.org/s"}},
		RequiresDist: []string{"b>1", "c"}, RequiresPython: ">=3",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestSmallFiles(t *testing.T) {
	if d := cmp.Diff([]string{"a", "b.c"}, ParseTopLevel([]byte("a\r\n\nb/c\n"))); d != "" {
		t.Error(d)
	}
	want := []string{"a>1", `b; extra == "x"`, `c; python_version < "3"`, `d; os_name == "nt" and extra == "y"`}
	if d := cmp.Diff(want, ParseRequires([]byte("a>1\n\n[x]\nb\n\n[:python_version < \"3\"]\nc\n[y:os_name == \"nt\"]\nd\n"))); d != "" {
		t.Error(d)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("Name: a\nVersion: 1\nAuthor: =?utf-8?q?x?=\n folded\n\nbody"))
	f.Add([]byte("Name: \xff\r\rbody"))
	f.Fuzz(func(t *testing.T, b []byte) {
		m := Parse(b)
		if strings.Contains(m.Name, "\x00\x00\x00never") || len(m.Name) > 4*maxValueBytes {
			t.Error("name")
		}
		m.SourceRepository()
	})
}

func FuzzParseSetupCfg(f *testing.F) {
	f.Add([]byte("[metadata]\nname = a\nauthor_email: x@example.org\n[options]\ninstall_requires =\n  b>1 ; python_version<'3'\n"))
	f.Add([]byte("\xef\xbb\xbf[metadata]\r\nversion = attr: a.b\n\tfolded\n[metadata"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if m := ParseSetupCfg(b); len(m.Name) > 4*maxValueBytes || len(m.Version) > 4*maxValueBytes {
			t.Error("a value is too long")
		}
	})
}

func FuzzParseRequires(f *testing.F) {
	f.Add([]byte("a>1\n\n[x]\nb\n\n[:python_version < \"3\"]\nc\n[y:os_name == \"nt\"]\nd\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, list := range [][]string{ParseTopLevel(b), ParseRequires(b)} {
			for _, line := range list {
				if line == "" || strings.ContainsAny(line, "\n") {
					t.Errorf("entry %q", line)
				}
			}
		}
	})
}

func FuzzParsePyproject(f *testing.F) {
	f.Add([]byte("[build-system]\nrequires=['a']\n[project]\nname='x'\nauthors=[{name='n'}]"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, err := ParsePyproject(b); err != nil && p.HasProject {
			t.Error("both a project and an error")
		}
	})
}
