package pypi_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"prevalence/internal/pypi"
)

func write(t *testing.T, dir, name, data string) {
	t.Helper()
	p := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p, []byte(data), 0o644); err != nil {
		t.Fatal(err)
	}
}

func openDir(t *testing.T, dir string) pypi.Index {
	t.Helper()
	x, err := pypi.Open(dir, pypi.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestDir(t *testing.T) {
	ctx := t.Context()
	outside, dir := t.TempDir(), t.TempDir()
	write(t, outside, "secret-1.0.tar.gz", "secret")
	write(t, dir, "foo-1.0.tar.gz", "foo 1")
	write(t, dir, "foo-1.1-py3-none-any.whl", "foo 1.1")
	write(t, dir, "notes.txt", "x")
	write(t, dir, "empty-1.0.tar.gz", "")
	write(t, dir, "py-yaml/PyYAML-5.tar.gz", "another project's")
	write(t, dir, "Some.Thing/some-thing-2-1.tar.gz", "versions with hyphens")
	write(t, dir, "Some.Thing/some_thing-1.0-py3-none-any.whl", "w")
	write(t, dir, "Some.Thing/deeper/foo-9.0.tar.gz", "too deep")
	write(t, dir, ".hidden/foo-9.0.tar.gz", "hidden")
	for link, target := range map[string]string{
		"linked-1.0.tar.gz": "foo-1.0.tar.gz",
		"secret-1.0.tar.gz": filepath.Join(outside, "secret-1.0.tar.gz"),
		"out":               outside,
		"dots-1.0.tar.gz":   "../" + filepath.Base(outside) + "/secret-1.0.tar.gz",
		"gone-1.0.tar.gz":   "nowhere",
	} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	x := openDir(t, dir)
	root, err := x.Root(ctx)
	if err != nil {
		t.Fatal(err)
	}
	latest := map[string]string{}
	for _, p := range root.Projects {
		page, err := x.Project(ctx, p.Name)
		if err != nil {
			t.Fatal(err)
		}
		if page.Serial != p.Serial || !strings.HasPrefix(string(p.Serial), "page:") {
			t.Errorf("%s: serial %s on the root, %s on the page", p.Name, p.Serial, page.Serial)
		}
		latest[p.Name], _ = page.Latest()
		for _, f := range page.Files {
			if b, err := readAll(ctx, x, f); err != nil || int64(len(b)) != f.Size {
				t.Errorf("%s: %q, %v", f.URL, b, err)
			}
		}
	}
	want := map[string]string{"empty": "1.0", "foo": "1.1", "linked": "1.0", "pyyaml": "5", "some-thing": "2-1"}
	if diff := cmp.Diff(want, latest); diff != "" {
		t.Error(diff)
	}
	if root.Skipped != 7 { // notes, .hidden, deeper, and four links
		t.Errorf("%d entries are skipped, want 7", root.Skipped)
	}
	if _, err := x.Project(ctx, "secret"); !errors.Is(err, pypi.ErrNotFound) {
		t.Errorf("a project outside: %v", err)
	}
	for url, want := range map[string]error{
		"../" + filepath.Base(outside) + "/secret-1.0.tar.gz": pypi.ErrRefused,
		"secret-1.0.tar.gz":       pypi.ErrRefused,
		"out/secret-1.0.tar.gz":   pypi.ErrRefused,
		"Some.Thing":              pypi.ErrRefused,
		"foo-3.0.tar.gz":          pypi.ErrNotFound,
		filepath.Join(dir, "foo"): pypi.ErrRefused,
	} {
		if _, err := x.Fetch(ctx, pypi.File{Name: url, URL: url}); !errors.Is(err, want) {
			t.Errorf("fetch %s: %v, want %v", url, err, want)
		}
	}
	if _, err := x.Fetch(ctx, pypi.File{URL: "foo-1.0.tar.gz", Size: 99}); !errors.Is(err, pypi.ErrSize) {
		t.Errorf("a file that grew: %v", err)
	}
}

func TestDirChanges(t *testing.T) {
	ctx := t.Context()
	dir := t.TempDir()
	write(t, dir, "foo-1.0.tar.gz", "1")
	write(t, dir, "bar/bar-1.0.tar.gz", "1")
	old := time.Now().Add(-time.Hour)
	for _, p := range []string{".", "bar"} {
		if err := os.Chtimes(filepath.Join(dir, p), old, old); err != nil {
			t.Fatal(err)
		}
	}
	x := openDir(t, dir)
	latest := func(name string) string {
		t.Helper()
		p, err := x.Project(ctx, name)
		if err != nil {
			t.Fatal(err)
		}
		v, _ := p.Latest()
		return v
	}
	before, err := x.Root(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if v := latest("bar"); v != "1.0" {
		t.Errorf("bar %s", v)
	}
	write(t, dir, "bar/bar-1.1.tar.gz", "2") // in a folder below: the top's time stays
	if v := latest("bar"); v != "1.1" {
		t.Errorf("bar is still %s", v)
	}
	write(t, dir, "foo-1.0.tar.gz", "longer") // the same name: no folder's time changes
	after, err := x.Root(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range after.Projects {
		if p.Serial == before.Projects[i].Serial {
			t.Errorf("%s changed, its serial did not", p.Name)
		}
	}
}

// TestDirTick adds a file within the tick of the folder's clock in which it was
// listed, so that its time stays the same.
func TestDirTick(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "foo-1.0.tar.gz", "1")
	tick := time.Now()
	touch := func() {
		if err := os.Chtimes(dir, tick, tick); err != nil {
			t.Fatal(err)
		}
	}
	touch()
	x := openDir(t, dir)
	for _, want := range []string{"1.0", "1.1"} {
		p, err := x.Project(t.Context(), "foo")
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := p.Latest(); got != want {
			t.Errorf("latest %s, want %s", got, want)
		}
		write(t, dir, "foo-1.1.tar.gz", "2")
		touch()
	}
}

// TestDirLarge lists a folder with many files within the time that an unchanged
// run may take.
func TestDirLarge(t *testing.T) {
	dir := t.TempDir()
	for i := range 10_000 {
		write(t, dir, fmt.Sprintf("project%d-1.0.tar.gz", i), "x")
	}
	start := time.Now()
	root, err := openDir(t, dir).Root(t.Context())
	if took := time.Since(start); err != nil || len(root.Projects) != 10_000 || took > 2*time.Second {
		t.Errorf("%d projects in %s, %v", len(root.Projects), took, err)
	}
}
