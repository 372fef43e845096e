package pypi

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"prevalence/schemas/message"
)

var testBase = &url.URL{Scheme: "https", Host: "index.example.org", Path: "/root/simple/foo/"}

const sha = "ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef0123456789"

func TestParsePageJSON(t *testing.T) {
	const in = `{
	 "meta": {"api-version": "1.4", "_last-serial": 42, "unknown": [1]},
	 "name": "Foo", "versions": ["1.0", "1.1", "1.1"],
	 "project-status": {"status": "archived", "reason": "done"},
	 "files": [
	  {"filename": "foo-1.0.tar.gz", "url": "../../files/foo-1.0.tar.gz", "hashes": {}, "yanked": false},
	  {"filename": "foo-1.1-py3-none-any.whl", "url": "https://files.example.org/a%20b/foo-1.1-py3-none-any.whl#x",
	   "hashes": {"sha256": "` + sha + `", "md5": "00"}, "size": 7, "requires-python": ">=3.8", "upload-time": "2026-01-02T03:04:05.5Z",
	   "yanked": "bad \u0026 ugly", "core-metadata": {"sha256": "` + sha + `"}, "dist-info-metadata": false,
	   "provenance": "https://index.example.org/integrity/foo/1.1/provenance"},
	  {"filename": "foo-1.2.zip", "url": "/f/foo-1.2.zip#sha256=` + sha + `", "hashes": {"sha256": "short"}, "size": null, "yanked": true,
	   "dist-info-metadata": true, "requires-python": null, "upload-time": null},
	  {"filename": "../evil.zip", "url": "/x"},
	  {"filename": "foo-1.3.zip", "url": "file:///etc/passwd"}
	 ]}`
	p, err := parsePageJSON(strings.NewReader(in), "foo", testBase)
	if err != nil {
		t.Fatal(err)
	}
	p.settle()
	want := &Page{
		Name: "foo", Serial: "42", State: message.StateArchived, Versions: []string{"1.0", "1.1"},
		Files: []File{
			{Name: "foo-1.0.tar.gz", URL: "https://index.example.org/root/files/foo-1.0.tar.gz", Kind: KindSdist, Version: "1.0"},
			{
				Name: "foo-1.1-py3-none-any.whl", URL: "https://files.example.org/a%20b/foo-1.1-py3-none-any.whl", Kind: KindWheel, Version: "1.1",
				Size: 7, SHA256: strings.ToLower(sha), Yanked: true, YankedReason: "bad & ugly", RequiresPython: ">=3.8",
				UploadTime: time.Date(2026, 1, 2, 3, 4, 5, 5e8, time.UTC), CoreMetadata: true, CoreMetadataSHA256: strings.ToLower(sha), Attested: true,
			},
			{
				Name: "foo-1.2.zip", URL: "https://index.example.org/f/foo-1.2.zip", Kind: KindSdist, Version: "1.2",
				SHA256: strings.ToLower(sha), Yanked: true, CoreMetadata: true,
			},
		},
	}
	if diff := cmp.Diff(want, p); diff != "" {
		t.Error(diff)
	}
	m, ok := p.Files[1].Metadata()
	if !ok || m.URL != p.Files[1].URL+".metadata" || m.SHA256 != strings.ToLower(sha) {
		t.Errorf("metadata file %+v, %t", m, ok)
	}
}

func TestParsePageHTML(t *testing.T) {
	const in = `<!DOCTYPE html><html><head>
<meta name="pypi:repository-version" content="1.4">
<meta name="pypi:project-status" content="Deprecated">
<base href="https://files.example.org/pool/">
</head><body><h1>Links for foo</h1>
<a href="../">up</a> <a href="https://example.org/">home</a> <a name="top">top</a>
<a href="foo-1.0.tar.gz#sha256=` + sha + `">foo-1.0.tar.gz</a><br/>
<A HREF="foo_x/foo-1.1-py3-none-any.whl?sig=a&amp;b" data-requires-python="&gt;=3.8, &lt;4" data-yanked="" data-core-metadata="sha256=` + sha + `">foo-1.1</A>
<a href="/foo-1.2.zip#md5=aa&sha256=` + sha + `" data-yanked="why &quot;not&quot;" data-dist-info-metadata="true"
   rel="internal">foo-1.2.zip
<a href="foo-1.0.win32.exe">foo-1.0.win32.exe</a>
<a href="javascript:alert(1)">x</a>
</body></html>
<!--SERIAL 77-->`
	p, err := parsePageHTML(strings.NewReader(in), "foo", testBase)
	if err != nil {
		t.Fatal(err)
	}
	p.settle()
	want := &Page{
		Name: "foo", Serial: "77", State: message.StateDeprecated, Versions: []string{"1.0", "1.1", "1.2"},
		Files: []File{
			{Name: "foo-1.0.tar.gz", URL: "https://files.example.org/pool/foo-1.0.tar.gz", Kind: KindSdist, Version: "1.0", SHA256: strings.ToLower(sha)},
			{
				Name: "foo-1.1-py3-none-any.whl", URL: "https://files.example.org/pool/foo_x/foo-1.1-py3-none-any.whl?sig=a&b", Kind: KindWheel,
				Version: "1.1", Yanked: true, RequiresPython: ">=3.8, <4", CoreMetadata: true, CoreMetadataSHA256: strings.ToLower(sha),
			},
			{
				Name: "foo-1.2.zip", URL: "https://files.example.org/foo-1.2.zip", Kind: KindSdist, Version: "1.2",
				SHA256: strings.ToLower(sha), Yanked: true, YankedReason: `why "not"`, CoreMetadata: true,
			},
			{Name: "foo-1.0.win32.exe", URL: "https://files.example.org/pool/foo-1.0.win32.exe"},
		},
	}
	if diff := cmp.Diff(want, p); diff != "" {
		t.Error(diff)
	}
	if m, ok := p.Files[1].Metadata(); !ok || m.URL != "https://files.example.org/pool/foo_x/foo-1.1-py3-none-any.whl.metadata?sig=a&b" {
		t.Errorf("metadata file %+v, %t", m, ok)
	}
}

func TestParseRoot(t *testing.T) {
	want := &Root{
		Serial:   "9",
		Projects: []RootProject{{Name: "a-b", Serial: "7"}, {Name: "c", Serial: "3"}},
		Skipped:  2,
	}
	got, err := parseRootJSON(strings.NewReader(`{"projects": [{"name": "c", "_last-serial": 3}, {"_last-serial": 5, "name": "A_B"},
		{"name": "a.b", "_last-serial": 7}, {"name": "no name"}, {}], "x": {"y": [{}]}, "meta": {"_last-serial": 9, "api-version": "1.3"}}`))
	if err != nil {
		t.Fatal(err)
	}
	got.settle()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if !got.HasSerials() {
		t.Error("the root has serials")
	}

	got, err = parseRootHTML(strings.NewReader(`<html><body><a href="/simple/c/">c</a><a href="/simple/a-b/"> A_<b>B</b> </a><a href="/simple/a-b/">a.b</a>
		<a href="/login">Sign in</a><a href="x"></a></body></html><!--SERIAL 9-->`))
	if err != nil {
		t.Fatal(err)
	}
	got.settle()
	want.Projects = []RootProject{{Name: "a-b"}, {Name: "c"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got.HasSerials() {
		t.Error("the root has no serials")
	}
}

func TestRefused(t *testing.T) {
	for name, in := range map[string]string{
		"newer version":   `{"meta": {"api-version": "2.0"}, "name": "foo", "files": []}`,
		"another project": `{"meta": {"api-version": "1.0"}, "name": "bar", "files": []}`,
		"nothing":         `{}`,
		"a list":          `[]`,
		"half":            `{"name": "foo", "files": [{"filename": "foo-1.0`,
	} {
		if p, err := parsePageJSON(strings.NewReader(in), "foo", testBase); err == nil {
			t.Errorf("%s: %+v", name, p)
		}
	}
	for name, in := range map[string]string{
		"newer version": `<meta name="pypi:repository-version" content="2.0"><a href="foo-1.0.tar.gz">x</a>`,
		"no HTML":       `just text`,
		"endless tag":   `<a href="` + strings.Repeat("x", maxTokenBytes+1),
	} {
		if p, err := parsePageHTML(strings.NewReader(in), "foo", testBase); err == nil {
			t.Errorf("%s: %+v", name, p)
		}
	}
	for name, in := range map[string]string{"no projects": `{"meta": {}}`, "half": `{"projects": [{"name": "a"}`, "newer": `{"projects": [], "meta": {"api-version": "3"}}`} {
		if r, err := parseRootJSON(strings.NewReader(in)); err == nil {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// checkPage checks what must hold of every page, whatever it was read from.
func checkPage(t *testing.T, p *Page) {
	t.Helper()
	p.settle()
	if p.Serial == "" || p.State == "" {
		t.Fatalf("serial %q, state %q", p.Serial, p.State)
	}
	for _, f := range p.Files {
		u, err := url.Parse(f.URL)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
			t.Fatalf("address %q", f.URL)
		}
		if !validFileName(f.Name) || f.Size < 0 || f.SHA256 != "" && len(f.SHA256) != 64 {
			t.Fatalf("file %+v", f)
		}
	}
	v, ok := p.Latest()
	if ok != (len(p.Versions) > 0) {
		t.Fatalf("latest %q of %q", v, p.Versions)
	}
}

func FuzzPageJSON(f *testing.F) {
	f.Add([]byte(`{"name": "foo", "files": [{"filename": "foo-1.0.tar.gz", "url": "x", "yanked": "", "hashes": {}}]}`))
	f.Add([]byte(`{"meta": {"_last-serial": 1}, "name": "foo", "versions": ["1"], "files": [], "project-status": "archived"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, err := parsePageJSON(strings.NewReader(string(b)), "foo", testBase); err == nil {
			checkPage(t, p)
		}
		if r, err := parseRootJSON(strings.NewReader(string(b))); err == nil {
			checkRoot(t, r)
		}
	})
}

func FuzzPageHTML(f *testing.F) {
	f.Add([]byte(`<a href="foo-1.0.tar.gz#sha256=00" data-yanked="">foo-1.0.tar.gz</a><!--SERIAL 1-->`))
	f.Add([]byte(`<base href="//h/"><a href="foo-1-py3-none-any.whl">x<a href=y>`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, err := parsePageHTML(strings.NewReader(string(b)), "foo", testBase); err == nil {
			checkPage(t, p)
		}
		if r, err := parseRootHTML(strings.NewReader(string(b))); err == nil {
			checkRoot(t, r)
		}
	})
}

func checkRoot(t *testing.T, r *Root) {
	t.Helper()
	r.settle()
	for i, p := range r.Projects {
		if !ValidName(p.Name) || i > 0 && r.Projects[i-1].Name >= p.Name {
			t.Fatalf("names %+v", r.Projects)
		}
	}
}
