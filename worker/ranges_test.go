package worker

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"prevalence/internal/pypi"
	"prevalence/internal/pypi/pypitest"
	"prevalence/schemas/message"
)

// stock serves distributions by file name, each as a project of its own.
func stock(t testing.TB, style pypitest.Style, files map[string][]byte) (*pypitest.Server, pypi.Index) {
	t.Helper()
	s := pypitest.NewServer(new(pypitest.Universe), style)
	for name, data := range files {
		project, _, version := pypi.GuessFileName(name)
		s.Add(project, pypitest.File{Name: name, Version: version, Data: data})
	}
	url, stop, err := s.Start(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	x, err := pypi.Open(url, pypi.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s, x
}

// scanFile scans the one file of a project.
func scanFile(t testing.TB, x pypi.Index, o Options, name string) *message.Scan {
	t.Helper()
	o.Index = x
	project, _, _ := pypi.GuessFileName(name)
	page, err := x.Project(t.Context(), project)
	if err != nil {
		t.Fatal(err)
	}
	version, _ := page.Latest()
	s, err := newAnalyzer(t, o).Release(t.Context(), page, version)
	if err != nil {
		t.Fatal(err)
	}
	s.At = time.Time{}
	return s
}

// wheels generates wheels, by what is special about them.
func wheels(t testing.TB) map[string][]byte {
	t.Helper()
	r := rand.New(rand.NewPCG(5, 5))
	noise := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		return b
	}
	text := func(n int) []byte {
		var b bytes.Buffer
		for b.Len() < n {
			fmt.Fprintf(&b, "%d,%d,some words of data\n", r.Uint32(), r.Uint32N(9))
		}
		return b.Bytes()
	}
	code := func(i int) []byte {
		return fmt.Appendf(nil, "import os, shutil\n\ndef f%d(x):\n    os.remove(x)\n    shutil.rmtree('d%d')\n# %x\n", i, i, noise(200+r.IntN(9000)))
	}
	type entry struct {
		name   string
		data   []byte
		stored bool
	}
	pack := func(name string, entries []entry) []byte {
		var buf bytes.Buffer
		w := zip.NewWriter(&buf)
		w.RegisterCompressor(zip.Deflate, func(out io.Writer) (io.WriteCloser, error) { return flate.NewWriter(out, 9) })
		entries = append(entries, entry{name + "-1.dist-info/METADATA", []byte("Metadata-Version: 2.1\nName: " + name + "\nVersion: 1\nAuthor-email: a@example.org\n\n" + string(text(3000))), false},
			entry{name + "-1.dist-info/RECORD", text(5000), false})
		for _, e := range entries {
			h := &zip.FileHeader{Name: e.name, Method: zip.Deflate}
			if e.stored {
				h.Method = zip.Store
			}
			m, err := w.CreateHeader(h)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := m.Write(e.data); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return buf.Bytes()
	}
	out := map[string][]byte{}
	make := func(name string, entries ...entry) { out[name+"-1-py3-none-any.whl"] = pack(name, entries) }
	var mixed, spread, many []entry
	for i := range 40 {
		mixed = append(mixed, entry{fmt.Sprintf("mixed/m%d.py", i), code(i), false}, entry{fmt.Sprintf("mixed/data/%d.bin", i), noise(60_000), false})
		spread = append(spread, entry{fmt.Sprintf("spread/m%d.py", i), code(i), false})
	}
	for i := range 300 {
		many = append(many, entry{fmt.Sprintf("many/%d.json", i), text(20_000), false}, entry{fmt.Sprintf("many/%d.py", i), code(i), i%2 == 0})
	}
	make("mixed", mixed...)
	make("many", many...)
	make("onedata", append(spread, entry{"spread/model.bin", noise(6 << 20), true}, entry{"spread/more.csv", text(3 << 20), false})...)
	elf := append([]byte("\x7fELF\x02\x01\x01"+strings.Repeat("\x00", 9)+"\x03\x00>\x00\x01\x00\x00\x00"), noise(300_000)...)
	script := append([]byte("#!/usr/bin/env python3\nimport os\nos.remove('x')\n"), bytes.Repeat([]byte("# more\n"), 20_000)...)
	late := append(bytes.Clone(script), []byte("import socket\nsocket.create_connection(('a', 1))\n")...)
	make("disguised", entry{"disguised/logo.png", elf, false}, entry{"disguised/data.txt", late, false}, entry{"disguised/x.dat", noise(1 << 20), true},
		entry{"disguised/__init__.py", code(1), false})
	make("nearlyall", entry{"nearlyall/__init__.py", code(1), false}, entry{"nearlyall/_ext.so", elf, false}, entry{"nearlyall/d.bin", noise(5000), false})
	return out
}

// TestRangesSeeWhatWholeFilesShow compares scans by ranges with scans of whole
// files, over generated wheels and over those of 1 MiB and more in the folder that
// CORPUS names, and holds the bytes against what is needed.
func TestRangesSeeWhatWholeFilesShow(t *testing.T) {
	files := wheels(t)
	if dir := os.Getenv("CORPUS"); dir != "" {
		paths, err := Expand(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range paths {
			if info, err := os.Stat(p); err != nil || info.Size() < 1<<20 || !strings.HasSuffix(p, ".whl") {
				continue
			}
			if files[filepath.Base(p)], err = os.ReadFile(p); err != nil {
				t.Fatal(err)
			}
		}
	}
	for style, sty := range map[string]pypitest.Style{"sizes": pypitest.LikePyPI, "no sizes": pypitest.LikeHTMLServer} {
		_, x := stock(t, sty, files)
		for name, data := range files {
			t.Run(style+"/"+name, func(t *testing.T) {
				byRanges := scanFile(t, x, Options{RangesFrom: 1}, name)
				whole := scanFile(t, x, Options{RangesFrom: 1 << 40}, name)
				if !whole.Files[0].Verified {
					t.Error("the whole file is not verified")
				}
				if byRanges.Files[0].SHA256 != whole.Files[0].SHA256 {
					t.Error("the hash is not the index's")
				}
				project, _, _ := pypi.GuessFileName(name)
				page, err := x.Project(t.Context(), project)
				if err != nil {
					t.Fatal(err)
				}
				m, err := MeasureRanges(t.Context(), x, page.Files[0])
				if err != nil {
					t.Fatal(err)
				}
				if byRanges.Files[0].Verified != m.ReadWhole {
					t.Errorf("verified %v, read whole %v", byRanges.Files[0].Verified, m.ReadWhole)
				}
				byRanges.Files[0].Verified = true
				if d := gocmp.Diff(whole, byRanges); d != "" {
					t.Errorf("scans differ:\n%s", d)
				}
				over := float64(m.Fetched) / float64(m.Needed+m.Directory)
				t.Logf("%7d of %8d bytes, needed %7d, directory %6d: %.3f in %d requests, whole %v", m.Fetched, m.Whole, m.Needed, m.Directory, over, m.Requests, m.ReadWhole)
				if style == "sizes" && over > 1.05 && !strings.HasPrefix(name, "many-") || m.Whole != int64(len(data)) {
					t.Errorf("fetched %.3f of what is needed", over)
				}
			})
		}
	}
}
