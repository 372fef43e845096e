package pyc

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// samples returns testdata's files by version.
func samples(t testing.TB) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob("testdata/sample-*.pyc")
	if err != nil || len(paths) != 9 {
		t.Fatalf("%d samples, %v", len(paths), err)
	}
	found := map[string][]byte{}
	for _, p := range paths {
		data, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		v := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(p), "sample-"), ".pyc")
		found[v] = data
	}
	return found
}

const want311 = `import os as os
import os.path as p
import xml.sax.handler
from base64 import b64decode as decode
from base64 import b64encode as b64encode
from . import sibling as sibling
from .parent import child as child
URL = 'http://example.invalid/payload'
run = os.system
eval = len
class Box:
 __module__ = __name__
 label = 'in a class body'
 def open(self, name):
  import subprocess as subprocess
  subprocess.Popen(*_unknown)
  name
  _unknown = 'an argument'
  self.handle.unlink()
  pass
 pass
object(*_unknown)
def work(path, compile):
 compile(*_unknown)
 path
 eval('1')
 open(*_unknown)
 path
 handle = _unknown
 run('true')
 os.environ
 _unknown = 'KEY'
 os.path.join('a', 'b')
 p.join(*_unknown)
 path
 xml.sax.handler.feature_validation
 def inner():
  decode(*_unknown)
  path
  pass
 inner
 pass
work(*_unknown)
def _unknown():
 os.remove('x')
 pass
`

func TestSource(t *testing.T) {
	all := samples(t)
	m, err := Read(all["3.11"], Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(strings.Split(want311, "\n"), strings.Split(string(m.Source()), "\n")); d != "" {
		t.Error(d)
	}
	// What differs between the versions is whether a name that stands beside a
	// call is called as well, and the compiler's own variables.
	noise := []string{"path", "path(*_unknown)", "name", "_unknown = 'an argument'", "name('an argument', *_unknown)",
		"object(*_unknown)", "_unknown = 'Box'", "__firstlineno__ = 13", "__static_attributes__ = ()"}
	essence := func(source string) []string {
		var lines []string
		for line := range strings.Lines(source) {
			if !slices.Contains(noise, strings.TrimSpace(line)) {
				lines = append(lines, strings.TrimRight(line, "\n"))
			}
		}
		return lines
	}
	for version, data := range all {
		m, err := Read(data, Limits{})
		if err != nil {
			t.Fatalf("%s: %v", version, err)
		}
		if m.Python != version || !m.Known || m.Cut != "" || !Sniff(data[:17]) {
			t.Errorf("%s: read as %q, known %v, cut %q, sniffed %v", version, m.Python, m.Known, m.Cut, Sniff(data[:17]))
		}
		want, got := essence(want311), essence(string(m.Source()))
		if version < "3.11" && len(version) > 3 || version < "3" || version < "3.9" || version == "3.9" {
			// "work" waits for its call until its argument was made.
			slices.Sort(want)
			slices.Sort(got)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", version, d)
		}
	}
}

// TestUnknown shows what is left of a file whose opcodes are not known.
func TestUnknown(t *testing.T) {
	for version, data := range samples(t) {
		data = bytes.Clone(data)
		data[0], data[1] = 0xF0, 0xD8 // no version's number
		m, err := Read(data, Limits{})
		if err != nil || m.Known || m.Python != "" {
			t.Fatalf("%s: %v, known %v as %q", version, err, m.Known, m.Python)
		}
		if got := string(m.Source()); !strings.Contains(got, "http://example.invalid/payload") || !strings.Contains(got, "def inner") {
			t.Errorf("%s: %s", version, got)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	good := samples(t)["3.11"]
	for _, data := range [][]byte{nil, []byte("import os\r\nprint()\r\n"), good[:16], append(bytes.Clone(good[:16]), 'N'), []byte("\xa7\r\r\n")} {
		if m, err := Read(data, Limits{}); !errors.Is(err, ErrFormat) {
			t.Errorf("%q gave %+v, %v", data, m, err)
		}
	}
	if Sniff([]byte("import os\r\nprint()\r\n")) {
		t.Error("a text is taken for bytecode")
	}
	if (&Module{}).Source() != nil {
		t.Error("the zero Module has a text")
	}
}

func TestLimits(t *testing.T) {
	data := samples(t)["3.12"]
	for _, c := range []struct {
		limits Limits
		cut    string
	}{{Limits{Objects: 20}, "objects"}, {Limits{Nesting: 2}, "nesting"}, {Limits{SourceBytes: 200}, "source"}} {
		m, err := Read(data, c.limits)
		if err != nil {
			t.Fatal(err)
		}
		source := m.Source()
		if m.Cut != c.cut {
			t.Errorf("%+v: cut %q", c.limits, m.Cut)
		}
		if c.limits.SourceBytes > 0 && len(source) > c.limits.SourceBytes {
			t.Errorf("a text of %d bytes", len(source))
		}
	}
	// Tuples that hold the same tuple twice, forty times over.
	bomb := append(bytes.Clone(data[:16]), "c\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00s\x02\x00\x00\x00\x64\x00"...)
	bomb = append(bomb, ')', 41, 'z'|flagRef, 4, 'b', 'o', 'o', 'm')
	for i := range byte(40) {
		bomb = append(bomb, ')'|flagRef, 2, 'r', i, 0, 0, 0, 'r', i, 0, 0, 0)
	}
	bomb[16+21+5+4+2-2] = 40 // load the last of them
	m, err := Read(bomb, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(m.Source()); n > m.limits.SourceBytes {
		t.Errorf("a text of %d bytes", n)
	}
}

// TestDamage cuts and overwrites a sample everywhere.
func TestDamage(t *testing.T) {
	for version, data := range samples(t) {
		for i := range data {
			for _, v := range []int{-1, 0, 'r', 0xFF} {
				bad := bytes.Clone(data)
				if v < 0 {
					bad = bad[:i]
				} else {
					bad[i] = byte(v)
				}
				m, err := Read(bad, Limits{})
				if err != nil && (!errors.Is(err, ErrFormat) || strings.Contains(err.Error(), "runtime error")) {
					t.Fatalf("%s with %d at %d: %v", version, v, i, err)
				}
				m.Source()
			}
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, data := range samples(f) {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := Read(data, Limits{})
		if err != nil {
			if !errors.Is(err, ErrFormat) || strings.Contains(err.Error(), "runtime error") {
				t.Fatal(err)
			}
			return
		}
		if n := len(m.Source()); n > 4<<20 {
			t.Fatalf("a text of %d bytes", n)
		}
	})
}

func BenchmarkSource(b *testing.B) {
	data := samples(b)["3.11"]
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		m, err := Read(data, Limits{})
		if err != nil {
			b.Fatal(err)
		}
		m.Source()
	}
}
