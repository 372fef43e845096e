package engine

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fakeNPM puts an npm on PATH that delivers a tarball with these members, and
// returns the tarball's integrity.
func fakeNPM(t *testing.T, members map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for name, text := range members {
		if err := w.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Size: int64(len(text)), Mode: 0o644}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	tarball := filepath.Join(dir, "engine.tgz")
	script := "#!/bin/sh\nset -e\n[ \"$1\" = pack ]\necho run >> " + dir + "/runs\ncp " + tarball + " .\n"
	if err := errors.Join(os.WriteFile(tarball, b.Bytes(), 0o600), os.WriteFile(filepath.Join(dir, "npm"), []byte(script), 0o700)); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":/usr/bin:/bin")
	sum := sha512.Sum512(b.Bytes())
	return "sha512-" + base64.StdEncoding.EncodeToString(sum[:])
}

func TestFetchUnpacksOnce(t *testing.T) {
	integrity := fakeNPM(t, map[string]string{"package/README.md": "x", "package/lib/libchdb.so": "the library"})
	target := filepath.Join(t.TempDir(), "engine", "libchdb.so")
	var last int64
	for range 2 {
		if err := fetch(t.Context(), pin{"p", integrity}, target, func(n int64) { last = n }); err != nil {
			t.Fatal(err)
		}
	}
	if b, err := os.ReadFile(target); err != nil || string(b) != "the library" || last != int64(len(b)) {
		t.Errorf("%q, %v, progress %d", b, err, last)
	}
	runs, err := os.ReadFile(filepath.Join(strings.SplitN(os.Getenv("PATH"), ":", 2)[0], "runs"))
	if err != nil || string(runs) != "run\n" {
		t.Errorf("npm ran %q, %v; want once", runs, err)
	}
	entries, err := os.ReadDir(filepath.Dir(target))
	if err != nil || len(entries) != 2 { // the library and the lock
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

func TestFetchRefuses(t *testing.T) {
	target := filepath.Join(t.TempDir(), "libchdb.so")
	fakeNPM(t, map[string]string{"package/libchdb.so": "another library"})
	if err := fetch(t.Context(), pin{"p", "sha512-AAAA"}, target, func(int64) {}); !errors.Is(err, ErrIntegrity) {
		t.Errorf("wrong hash: %v, want ErrIntegrity", err)
	}
	integrity := fakeNPM(t, map[string]string{"package/other": "x"})
	if err := fetch(t.Context(), pin{"p", integrity}, target, func(int64) {}); !errors.Is(err, ErrIntegrity) {
		t.Errorf("no library inside: %v, want ErrIntegrity", err)
	}
	t.Setenv("PATH", t.TempDir())
	if err := fetch(t.Context(), pin{"p", integrity}, target, func(int64) {}); err == nil || !strings.Contains(err.Error(), "npm") {
		t.Errorf("without npm: %v, want an error that names it", err)
	}
	if _, err := os.Stat(target); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("something was put into place: %v", err)
	}
}

func TestFind(t *testing.T) {
	cache, bin := t.TempDir(), t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	t.Setenv("HOME", cache)
	t.Setenv("PATH", bin)
	t.Setenv(LibraryEnv, "")
	if _, err := Find(); !errors.Is(err, ErrNoEngine) || !strings.Contains(err.Error(), "engine fetch") || !strings.Contains(err.Error(), "PATH") {
		t.Errorf("nothing there: %v; want both ways to get one", err)
	}
	put := func(name string) string {
		t.Helper()
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, []byte("x"), 0o755)); err != nil {
			t.Fatal(err)
		}
		return name
	}
	check := func(kind Kind, path string) {
		t.Helper()
		if got, err := Find(); err != nil || got != (Location{kind, path}) {
			t.Errorf("Find() = %v, %v; want %s %s", got, err, kind, path)
		}
	}
	check(KindBinary, put(filepath.Join(bin, "clickhouse")))
	library, err := LibraryPath()
	if err != nil {
		t.Fatal(err)
	}
	if canLoad {
		check(KindLibrary, put(library))
	}
	named := put(filepath.Join(t.TempDir(), "mine"))
	t.Setenv(LibraryEnv, named)
	check(KindBinary, named)
	t.Setenv(LibraryEnv, filepath.Join(cache, "none.so"))
	if _, err := Find(); err == nil || !strings.Contains(err.Error(), "none.so") {
		t.Errorf("a file that is not there: %v; want an error that names it", err)
	}
}
