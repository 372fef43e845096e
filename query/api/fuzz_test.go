package api_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// wild are values that something may choke on.
func wild() []string {
	return []string{"", "a", "'", `"`, "`", "\\", "%", "_", "*", "**", "a*", "%00", "\x00", "\xff\xfe", "{x:String}", "{snapshot:String}", "${wanted}", "1 OR 1=1", "'; SELECT 1; --",
		"\\'; DROP TABLE projects; --", "' UNION ALL SELECT 1 --", "/*", "*/", "--", "#", "?", "&limit=1", ";", "\n", "\r\nX-Injected: yes", "\t", "../../etc/passwd", "..%2f..",
		"<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "javascript:alert(1)", "ünïcödé", "\u202e", "😀", "NULL", "null", "true", "-1", "0", "1", "1000", "1001",
		"999999999999999999999999", "1e9", "NaN", "0x10", "[]", "{}", "0.", ".", "1.a", "4294967296.a", "file/delete", "os.remove", "project-00", "newest", "jsonl", "removed", "behavior",
		"file/delete,network/socket", "file/delete,file/delete", ",", ",,,", strings.Repeat("a", 400), strings.Repeat("'", 3000), strings.Repeat("*a", 150), "h.example", "https://h.example/?q=1#f", "1.2.3.4", "::1"}
}

// TestWildParameters tries every parameter of every operation with values that
// something may choke on, alone and together: nothing may fail, nothing may be
// asked that was not meant, and nothing may come out as a page.
func TestWildParameters(t *testing.T) {
	w := start(t)
	d := documentOf(t, w)
	rng := rand.New(rand.NewPCG(7, 11))
	tried, seen := 0, map[string]int{}
	try := func(method, address, body string) {
		tried++
		a := ask(t, w.server, strings.ToUpper(method), address, body)
		switch {
		case a.status >= 500:
			t.Errorf("%s %q %q: %d %s", method, address, body, a.status, a.body)
		case a.header.Get("X-Injected") != "":
			t.Errorf("%s %q: a header was injected", method, address)
		case strings.Contains(a.header.Get("Content-Type"), "html"):
			t.Errorf("%s %q: a page", method, address)
		}
	}
	good := map[string]string{"category": "file", "slug": "delete", "project": "project-00", "snapshot": "newest", "module": "m01", "state": "removed", "class": "privacy",
		"domain": "cdn.example.net", "set": "projects", "name": "os.remove", "value": "cdn.example.net", "behavior": "file/delete,network/socket", "from": "2026", "to": "2026"}
	for path, methods := range d.Paths {
		for method, op := range methods {
			if method == "post" {
				for _, v := range wild() {
					try(method, path, fmt.Sprintf(`{"statement": %q}`, v))
					try(method, path, v)
				}
				continue
			}
			build := func(value func(name string) (string, bool)) string {
				address, q := path, url.Values{}
				for _, p := range op.Parameters {
					v, given := value(p.Name)
					switch {
					case p.In == "path":
						if v == "" || v == "." || v == ".." {
							v = "x" // another address
						}
						address = strings.Replace(address, "{"+p.Name+"}", url.PathEscape(v), 1)
					case p.In == "query" && given:
						q.Set(p.Name, v)
					}
				}
				return address + "?" + q.Encode()
			}
			for _, p := range op.Parameters {
				values := append(wild(), p.Schema.Enum...)
				if seen[p.Name]++; seen[p.Name] > 1 { // a share of them, another one each time
					share := values[:0]
					for i, v := range values {
						if i%12 == seen[p.Name]%12 {
							share = append(share, v)
						}
					}
					values = share
				}
				for _, v := range values {
					try(method, build(func(name string) (string, bool) {
						if name == p.Name {
							return v, true
						}
						of, known := good[name]
						return of, known
					}), "")
				}
			}
			if len(op.Parameters) == 0 {
				continue
			}
			for range 3 { // all of them wild
				try(method, build(func(string) (string, bool) { all := wild(); return all[rng.IntN(len(all))], rng.IntN(3) > 0 }), "")
			}
		}
	}
	if tried < 1000 {
		t.Errorf("only %d requests: the test looks at the wrong document", tried)
	}
	// Everything is still there, and as it was.
	a := ask(t, w.server, http.MethodPost, "/api/v1/sql", `{"statement": "SELECT count() FROM projects"}`)
	if !strings.Contains(string(a.body), `"rows":[[60]]`) {
		t.Errorf("afterwards: %s", a.body)
	}
}
