package ranking

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var date = time.Date(2026, 11, 2, 3, 4, 5, 0, time.UTC)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     []string
		rank     string // the ranking's name, up to its hash
	}{
		{
			"public JSON", `{"last_update":"2026-04-01 06:34:06","source":"x","rows":[{"download_count":9,"project":"Foo"},{"project":"bar.baz"},{"project":"foo"}]}`,
			[]string{"foo", "bar-baz"}, "all@2026-04-01#",
		},
		{"a name per line", "Foo\n\n# comment\nbar_baz\r\n", []string{"foo", "bar-baz"}, "own@2026-11-02#"},
		{"rank and name", "rank,name\n2,b\n1,a\n3,a\n10,c\n", []string{"a", "b", "c"}, "own@2026-11-02#"},
		{"name and count", "project,downloads\na,10\n b ,9\n2to3,1\n", []string{"a", "b", "2to3"}, "own@2026-11-02#"},
		{"byte order mark", "\ufeffname\na\n", []string{"a"}, "own@2026-11-02#"},
		{"quoted", "\"a\"\n\"b\"\n", []string{"a", "b"}, "own@2026-11-02#"},
		{"a project called name", "a\nname\n", []string{"a", "name"}, "own@2026-11-02#"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := Parse([]byte(c.in), date, "")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, r.Projects); diff != "" {
				t.Error(diff)
			}
			if !strings.HasPrefix(r.Name, c.rank) || len(r.Name) != len(c.rank)+8 {
				t.Errorf("name %q", r.Name)
			}
		})
	}
	a, _ := Parse([]byte("a\nb\n"), date, "own")
	b, _ := Parse([]byte("b\na\n"), date, "own")
	if a.Name == b.Name {
		t.Error("another order has the same name")
	}
}

func TestParseRefuses(t *testing.T) {
	for name, in := range map[string]string{
		"nothing": "", "headings alone": "rank,name\n", "no names": `{"rows":[]}`, "half": `{"rows":[{"project":"a"`,
		"another JSON": `{"projects":["a"]}`, "a page": "<!DOCTYPE html>\n", "mixed": "1,a\nb,2\n",
	} {
		if r, err := Parse([]byte(in), date, ""); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, %v", name, r, err)
		}
	}
}

func TestLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mine.csv")
	if err := os.WriteFile(path, []byte("a\nb\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, date, date); err != nil {
		t.Fatal(err)
	}
	r, err := Load(t.Context(), path, Options{Base: "team"})
	if err != nil || r.Source != "mine.csv" || !strings.HasPrefix(r.Name, "team@2026-11-02#") || len(r.Projects) != 2 {
		t.Errorf("%+v, %v", r, err)
	}
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/gone.json" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Last-Modified", date.Format(http.TimeFormat))
		_, _ = io.WriteString(w, "c\n"+r.Header.Get("User-Agent")+"\n")
	}))
	t.Cleanup(h.Close)
	r, err = Load(t.Context(), strings.Replace(h.URL, "http://", "http://u:secret@", 1)+"/top.csv?token=secret", Options{UserAgent: "agent"})
	if err != nil || r.Source != h.URL+"/top.csv" || !r.Date.Equal(date) || r.Projects[1] != "agent" {
		t.Errorf("%+v, %v", r, err)
	}
	for source, want := range map[string]string{
		h.URL + "/gone.json": "status 404", "/does/not/exist.json": "ranking: exist.json: no such file or directory", "http://127.0.0.1:1/x": "connection refused",
	} {
		if _, err := Load(t.Context(), source, Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", source, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"last_update":"2026-04-01","rows":[{"project":"a"}]}`))
	f.Add([]byte("rank,name\n1,a\n2,\"b\"\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := Parse(b, date, "")
		if err == nil && (len(r.Projects) == 0 || r.Name == "") {
			t.Fatalf("%+v", r)
		}
	})
}
