package behavior

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"prevalence/schemas/catalog"
	"prevalence/worker/pysource"
)

// maxBenchBytes bounds how much Python the benchmarks read.
const maxBenchBytes = 32 << 20

// pythonSources are the Python members of the distributions in the folder
// that CORPUS names, or generated ones without it.
func pythonSources(b *testing.B) [][]byte {
	b.Helper()
	dir := os.Getenv("CORPUS")
	if dir == "" {
		return generatedSources()
	}
	if sub := filepath.Join(dir, "files"); isDir(sub) {
		dir = sub
	}
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(names) == 0 {
		b.Fatalf("CORPUS=%s holds nothing: %v", dir, err)
	}
	var sources [][]byte
	total := 0
	add := func(name string, r io.Reader) {
		if !strings.HasSuffix(name, ".py") {
			return
		}
		data, err := io.ReadAll(r)
		if err != nil {
			b.Fatal(err)
		}
		sources = append(sources, data)
		total += len(data)
	}
	for _, name := range names {
		if total > maxBenchBytes {
			break
		}
		data, err := os.ReadFile(name)
		if err != nil {
			b.Fatal(err)
		}
		switch {
		case strings.HasSuffix(name, ".whl"), strings.HasSuffix(name, ".zip"):
			z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
			if err != nil {
				b.Fatal(err)
			}
			for _, f := range z.File {
				r, err := f.Open()
				if err != nil {
					b.Fatal(err)
				}
				add(f.Name, r)
			}
		case strings.HasSuffix(name, ".tar.gz"):
			z, err := gzip.NewReader(bytes.NewReader(data))
			if err != nil {
				b.Fatal(err)
			}
			for r := tar.NewReader(z); ; {
				h, err := r.Next()
				if err != nil {
					break
				}
				add(h.Name, r)
			}
		}
	}
	return sources
}

func isDir(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

func generatedSources() [][]byte {
	var sources [][]byte
	for i := range 400 {
		var s strings.Builder
		s.WriteString("import os, sys, subprocess as sp, requests\nfrom pathlib import Path\n\n")
		for j := range 40 {
			fmt.Fprintf(&s, "class C%d:\n    \"\"\"Documented at some length, as code of this kind is.\"\"\"\n\n"+
				"    def method_%d(self, value, other=None):\n        # a comment that says why\n        path = Path(value) / 'name-%d'\n"+
				"        if other is None and os.environ.get('HOME_%d'):\n            sp.run(['tool', str(path)], check=True)\n"+
				"        self.items.append(requests.get(f'https://host-%d.example.org/{value}').json())\n        return sorted(self.items, key=lambda x: x.name)\n\n", j, i, j, i%7, j)
		}
		sources = append(sources, []byte(s.String()))
	}
	return sources
}

func scanAll(m *Matcher, names *pysource.Names, s *pysource.Scanner, sources [][]byte, match bool) int {
	hits := 0
	const perRelease = 50
	for from := 0; from < len(sources); from += perRelease {
		names.Reset()
		var r *Release
		if match {
			r = m.Release()
		}
		for _, src := range sources[from:min(len(sources), from+perRelease)] {
			res := s.Scan(src, pysource.File{Module: "pkg.mod", Role: pysource.RoleModule})
			if match {
				r.Source("pkg/mod.py", names, res)
			} else {
				hits += len(res.Facts)
			}
		}
		if match {
			obs, symbols, _ := r.Result()
			hits += len(obs) + len(symbols)
		}
	}
	return hits
}

func benchmarkScan(b *testing.B, c *catalog.Catalog, match bool) {
	m, err := Compile(c)
	if err != nil {
		b.Fatal(err)
	}
	sources := pythonSources(b)
	total := 0
	for _, s := range sources {
		total += len(s)
	}
	names := pysource.NewNames(m.Seeds()...)
	s := pysource.NewScanner(names)
	b.SetBytes(int64(total))
	b.ReportAllocs()
	scanAll(m, names, s, sources, match)
	start := processTime(b)
	for b.Loop() {
		if scanAll(m, names, s, sources, match) == 0 {
			b.Fatal("nothing was seen")
		}
	}
	spent := processTime(b) - start
	b.ReportMetric(float64(total)*float64(b.N)/1e6/spent.Seconds(), "MB/cpu-s")
}

// processTime is the processor time that the process has used: on a busy
// machine it says more than the clock. It includes the collector's.
func processTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkScan measures Python to facts, facts to observations with the
// catalogue, and the same with 220 more rules.
func BenchmarkScan(b *testing.B) {
	c, err := catalog.Default()
	if err != nil {
		b.Fatal(err)
	}
	b.Run("facts", func(b *testing.B) { benchmarkScan(b, c, false) })
	b.Run("catalogue", func(b *testing.B) { benchmarkScan(b, c, true) })
	b.Run("catalogue+220", func(b *testing.B) { benchmarkScan(b, withMore(b, c, 220), true) })
}

// common are names that sources often use.
var common = strings.Fields(`os.path.join os.path.exists os.getcwd re.compile json.loads json.dumps logging.getLogger time.time
	copy.deepcopy collections.namedtuple functools.wraps itertools.chain datetime.datetime.now sys.exit os.listdir os.remove
	threading.Lock io.BytesIO random.random struct.unpack warnings.warn inspect.signature types.MethodType weakref.ref
	abc.abstractmethod enum.Enum dataclasses.dataclass contextlib.contextmanager operator.itemgetter uuid.uuid4`)

// withMore adds rules whose names, methods, literals and strings are new.
func withMore(b *testing.B, c *catalog.Catalog, n int) *catalog.Catalog {
	b.Helper()
	more := &catalog.Catalog{}
	for i := range n {
		r := catalog.Rule{ID: fmt.Sprintf("more/rule-%d", i)}
		for j := range 8 {
			r.Match.Uses = append(r.Match.Uses, fmt.Sprintf("module%d.Class%d.method", i, j))
		}
		r.Match.Uses = append(r.Match.Uses, fmt.Sprintf("wild%d.*", i))
		if i%8 == 0 { // of the catalogue's own rules a release shows about a tenth
			r.Match.Uses = append(r.Match.Uses, common[i/8%len(common)])
		}
		r.Match.Methods = []string{fmt.Sprintf(".method_%d", i)}
		r.Match.Literals = []catalog.LiteralMatch{{Text: fmt.Sprintf("literal-%d-of-a-rule", i)}, {Text: fmt.Sprintf("Other/%d/Literal", i), Fold: true}}
		r.Match.Strings = []catalog.StringMatch{{Kind: "url", Hosts: []string{fmt.Sprintf("host%d.example.com", i)}}}
		r.Combinations = []catalog.Combination{{Scope: catalog.ScopeFunction, All: []catalog.Match{{Calls: []string{fmt.Sprintf("a%d.b", i)}}, {Calls: []string{common[(i+7)%len(common)]}}}}}
		more.Rules = append(more.Rules, r)
	}
	sum, err := c.With(more)
	if err != nil {
		b.Fatal(err)
	}
	return sum
}

// BenchmarkLiterals measures the pass over string constants alone.
func BenchmarkLiterals(b *testing.B) {
	c, err := catalog.Default()
	if err != nil {
		b.Fatal(err)
	}
	m, err := Compile(c)
	if err != nil {
		b.Fatal(err)
	}
	text := bytes.Repeat([]byte("The quick brown fox /etc/nothing jumps over the lazy dog; "), 4096)
	b.SetBytes(int64(len(text)))
	n := 0
	for b.Loop() {
		m.literalScan.find(text, func(int, int) { n++ })
	}
	if n != 0 {
		b.Fatalf("%d literals were found where none is", n)
	}
}
