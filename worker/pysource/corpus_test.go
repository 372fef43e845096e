package pysource

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// corpusMember is a Python member of a distribution.
type corpusMember struct {
	file, path string
	data       []byte
}

var loadCorpus = sync.OnceValues(func() ([]corpusMember, error) {
	return readCorpus(os.Getenv("CORPUS"))
})

// readCorpus returns the Python members of the wheels and sdists in dir, or in
// dir/files.
func readCorpus(dir string) ([]corpusMember, error) {
	if st, err := os.Stat(filepath.Join(dir, "files")); err == nil && st.IsDir() {
		dir = filepath.Join(dir, "files")
	}
	paths, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		return nil, err
	}
	var out []corpusMember
	for _, p := range paths {
		data, err := os.ReadFile(p)
		if err != nil {
			continue
		}
		name := filepath.Base(p)
		add := func(path string, r io.Reader) error {
			if !strings.HasSuffix(path, ".py") {
				return nil
			}
			b, err := io.ReadAll(io.LimitReader(r, 64<<20))
			out = append(out, corpusMember{name, path, b})
			return err
		}
		if strings.HasSuffix(p, ".whl") || strings.HasSuffix(p, ".zip") {
			z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
			if err != nil {
				return nil, err
			}
			for _, f := range z.File {
				if f.FileInfo().IsDir() {
					continue
				}
				r, err := f.Open()
				if err != nil {
					return nil, err
				}
				if err := add(f.Name, r); err != nil {
					return nil, err
				}
			}
		} else if strings.HasSuffix(p, ".tar.gz") {
			g, err := gzip.NewReader(bytes.NewReader(data))
			if err != nil {
				return nil, err
			}
			for t := tar.NewReader(g); ; {
				h, err := t.Next()
				if err == io.EOF {
					break
				}
				if err != nil {
					return nil, err
				}
				if h.Typeflag == tar.TypeReg {
					if err := add(h.Name, t); err != nil {
						return nil, err
					}
				}
			}
		}
	}
	return out, nil
}

// corpus returns the members of the distributions in $CORPUS, or a text that
// stands in for them.
func corpus(tb testing.TB) []corpusMember {
	if os.Getenv("CORPUS") == "" {
		var out []corpusMember
		paths, _ := filepath.Glob("testdata/*.txtar")
		for _, p := range paths {
			b, err := os.ReadFile(p)
			if err != nil {
				tb.Fatal(err)
			}
			out = append(out, corpusMember{"testdata", p, bytes.Repeat(b, 20)})
		}
		return out
	}
	members, err := loadCorpus()
	if err != nil {
		tb.Fatal(err)
	}
	return members
}

// moduleOf guesses the dotted name of a member.
func moduleOf(path string) string {
	return strings.ReplaceAll(strings.TrimSuffix(path, ".py"), "/", ".")
}

// BenchmarkScan reads all members, one file after another, its names kept over
// the members of one distribution as the worker keeps them.
func BenchmarkScan(b *testing.B) {
	members := corpus(b)
	total := int64(0)
	for _, m := range members {
		total += int64(len(m.data))
	}
	names := NewNames()
	s := NewScanner(names)
	b.SetBytes(total)
	b.ReportAllocs()
	facts, strs, cuts := 0, 0, 0
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	start, rounds := threadTime(), 0
	for b.Loop() {
		rounds++
		facts, strs, cuts = 0, 0, 0
		last := ""
		for _, m := range members {
			if m.file != last {
				names.Reset()
				last = m.file
			}
			r := s.Scan(m.data, File{Module: moduleOf(m.path), Role: RoleModule})
			facts += len(r.Facts)
			strs += len(r.Strings)
			if r.Cut != "" {
				cuts++
			}
		}
	}
	// On a busy machine the thread's own time says more than the clock.
	b.ReportMetric(float64(total)*float64(rounds)/1e6/(threadTime()-start).Seconds(), "cpu-MB/s")
	b.ReportMetric(float64(facts), "facts")
	b.ReportMetric(float64(strs), "strings")
	b.ReportMetric(float64(cuts), "cut")
}

// BenchmarkLexer is the floor: tokens alone.
func BenchmarkLexer(b *testing.B) {
	members := corpus(b)
	total := int64(0)
	for _, m := range members {
		total += int64(len(m.data))
	}
	names := NewNames()
	var l lexer
	var buf []byte
	b.SetBytes(total)
	b.ReportAllocs()
	tokens := 0
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	start, rounds := threadTime(), 0
	for b.Loop() {
		rounds++
		tokens = 0
		last := ""
		for _, m := range members {
			if m.file != last {
				names.Reset()
				last = m.file
			}
			l.reset(names, prepare(m.data, &buf).src, 1, 1)
			for l.next() {
				tokens += len(l.toks)
			}
		}
	}
	b.ReportMetric(float64(total)*float64(rounds)/1e6/(threadTime()-start).Seconds(), "cpu-MB/s")
	b.ReportMetric(float64(tokens), "tokens")
}
