package pypi

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestRootSince: the validator of a root is the answer's ETag, and with it an
// unchanged root is told, at any status but 304 it is read.
func TestRootSince(t *testing.T) {
	tag := `"one"`
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", tag)
		if r.Header.Get("If-None-Match") == tag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Header().Set("Content-Type", "application/vnd.pypi.simple.v1+json")
		_, _ = w.Write([]byte(`{"meta":{"_last-serial":3,"api-version":"1.4"},"projects":[{"_last-serial":2,"name":"a"}]}`))
	}))
	t.Cleanup(h.Close)
	x, err := Open(h.URL, Options{})
	if err != nil {
		t.Fatal(err)
	}
	c, ok := x.(*client)
	if !ok {
		t.Fatalf("%T", x)
	}
	root, err := c.Root(t.Context())
	if err != nil || root.Validator != tag || root.Serial != "3" {
		t.Fatalf("%+v, %v", root, err)
	}
	if _, err := c.RootSince(t.Context(), root.Validator); !errors.Is(err, ErrNotModified) || strings.Contains(err.Error(), "tries") {
		t.Errorf("unchanged: %v", err)
	}
	tag = `"two"`
	if root, err = c.RootSince(t.Context(), root.Validator); err != nil || root.Validator != tag || len(root.Projects) != 1 {
		t.Errorf("changed: %+v, %v", root, err)
	}
}

// FuzzRootJSON holds the hand-written reader to encoding/json: what that
// understands as a root is read alike.
func FuzzRootJSON(f *testing.F) {
	f.Add([]byte(`{"meta":{"_last-serial":3,"api-version":"1.0"},"projects":[{"_last-serial":2,"name":"a"},{"name":"B.c","x":[1,{}]}],"x":null}`))
	f.Add([]byte(`{"projects":[{"name":"\u0061\"","_last-serial":null}]}`))
	f.Add([]byte(`{"projects":[]}{`))
	f.Fuzz(func(t *testing.T, b []byte) {
		root, err := parseRootJSON(strings.NewReader(string(b)))
		if err != nil {
			return
		}
		var in struct{ Projects []map[string]any }
		d := json.NewDecoder(bytes.NewReader(b))
		d.UseNumber()
		if d.Decode(&in) != nil || bytes.Count(b, []byte("null")) > 0 || bytes.Count(bytes.ToLower(b), []byte("projects")) != 1 {
			return // keys in capitals, or more than once: each reads them by its own rule
		}
		want := new(Root)
		for _, p := range in.Projects {
			name, _ := p["name"].(string)
			number, _ := p["_last-serial"].(json.Number)
			serial, _ := strconv.ParseUint(string(number), 10, 64)
			want.add(name, serialOf(serial))
		}
		if diff := cmp.Diff(want.Projects, root.Projects); diff != "" || want.Skipped != root.Skipped {
			t.Errorf("%s, %d skipped, want %d", diff, root.Skipped, want.Skipped)
		}
	})
}
