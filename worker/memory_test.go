package worker

import (
	"archive/tar"
	"archive/zip"
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/ulikunitz/xz"

	"prevalence/internal/pypi"
	"prevalence/internal/pypi/pypitest"
)

// childIndex is the environment variable that makes the test binary the worker
// whose memory is measured.
const childIndex = "TEST_WORKER_INDEX"

// giants generates distributions that want memory: by size, by number, by what
// they unpack to.
func giants(t testing.TB) map[string][]byte {
	t.Helper()
	r := rand.New(rand.NewPCG(8, 8))
	noise := make([]byte, 8<<20)
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	source := func(bytes int) []byte {
		var b strings.Builder
		for i := 0; b.Len() < bytes; i++ {
			fmt.Fprintf(&b, "def function_%d_%x(a, b):\n    value_%d = a.method_%d(b, 'text %x')\n    return os.path.join(value_%d, 'x')\n", i, r.Uint64(), i, i, r.Uint64(), i)
		}
		return []byte(b.String())
	}
	out := map[string][]byte{}
	zipOf := func(name string, fill func(w *zip.Writer)) {
		var buf bytes.Buffer
		w := zip.NewWriter(&buf)
		fill(w)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		out[name] = buf.Bytes()
	}
	entry := func(w *zip.Writer, name string, method uint16, data []byte) {
		e, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: method})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := e.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	elf := append([]byte("\x7fELF\x02\x01\x01"+strings.Repeat("\x00", 9)+"\x03\x00>\x00\x01\x00\x00\x00"), noise[:7<<20]...)
	zipOf("natives-1-py3-none-any.whl", func(w *zip.Writer) {
		for i := range 16 {
			entry(w, fmt.Sprintf("natives/_%d.so", i), zip.Store, elf)
		}
	})
	zipOf("whole-1-py3-none-any.whl", func(w *zip.Writer) { // just below what is held
		for i := range 8 {
			entry(w, fmt.Sprintf("whole/_%d.so", i), zip.Store, elf)
		}
	})
	zipOf("members-1-py3-none-any.whl", func(w *zip.Writer) {
		for i := range 190_000 {
			entry(w, fmt.Sprintf("members/a_rather_long_name_of_a_folder/and_of_a_member_%d.txt", i), zip.Store, []byte("x"))
		}
	})
	zeros := make([]byte, 64<<20)
	zipOf("bomb-1-py3-none-any.whl", func(w *zip.Writer) {
		for i := range 6 {
			entry(w, fmt.Sprintf("bomb/%d.py", i), zip.Deflate, zeros)
		}
	})
	tarOf := func(name string, compress func(io.Writer) (io.WriteCloser, error), fill func(w *tar.Writer)) {
		var buf bytes.Buffer
		c, err := compress(&buf)
		if err != nil {
			t.Fatal(err)
		}
		w := tar.NewWriter(c)
		fill(w)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		out[name] = buf.Bytes()
	}
	gz := func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriterLevel(w, gzip.BestSpeed) }
	file := func(w *tar.Writer, name string, data []byte) {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(data))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	tarOf("sources-1.tar.gz", gz, func(w *tar.Writer) {
		for i := range 60 {
			file(w, fmt.Sprintf("sources-1/sources/m%d.py", i), source(1<<20))
		}
	})
	tarOf("large-1.tar.gz", gz, func(w *tar.Writer) {
		file(w, "large-1/large/one.py", source(15<<20))
		file(w, "large-1/large/two.py", source(7<<20)) // just below what is read of one member
		file(w, "large-1/large/three.py", source(7<<20))
	})
	tarOf("zeros-1.tar.gz", gz, func(w *tar.Writer) {
		for i := range 8 {
			file(w, fmt.Sprintf("zeros-1/zeros/%d.py", i), zeros)
		}
	})
	tarOf("many-1.tar.gz", gz, func(w *tar.Writer) {
		for i := range 190_000 {
			file(w, fmt.Sprintf("many-1/a_rather_long_name_of_a_folder/and_of_a_member_%d.txt", i), nil)
		}
	})
	tarOf("window-1.tar.xz", func(w io.Writer) (io.WriteCloser, error) {
		return xz.WriterConfig{DictCap: 64 << 20}.NewWriter(w)
	}, func(w *tar.Writer) {
		for i := range 10 {
			file(w, fmt.Sprintf("window-1/window/%d.py", i), zeros[:8<<20])
		}
	})
	return out
}

// TestMemory runs a worker's scans, two at a time, in a process of its own and
// asks the kernel how large that was at most. CORPUS adds a folder's files.
func TestMemory(t *testing.T) {
	if os.Getenv(childIndex) != "" {
		workMeasured(t)
		return
	}
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skip("only Linux tells how large a process was")
	}
	files := giants(t)
	if dir := os.Getenv("CORPUS"); dir != "" {
		paths, err := Expand(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range paths {
			if files[p[strings.LastIndexByte(p, '/')+1:]], err = os.ReadFile(p); err != nil {
				t.Fatal(err)
			}
		}
	}
	worker := plainTest(t)
	for name, style := range map[string]pypitest.Style{"ranges": pypitest.LikePyPI, "no ranges": {JSON: true, Hashes: true, Sizes: true}} {
		t.Run(name, func(t *testing.T) {
			s, _ := stock(t, style, files)
			url, stop, err := s.Start(t.Context(), "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer stop()
			cmd := exec.CommandContext(t.Context(), worker, "-test.run=^TestMemory$", "-test.v")
			cmd.Env = append(os.Environ(), childIndex+"="+url)
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			peak := 0
			for line := range strings.Lines(string(out)) {
				if kib, ok := strings.CutPrefix(strings.TrimSpace(line), "peak "); ok {
					peak, _ = strconv.Atoi(kib)
				}
			}
			t.Logf("%s\n%d MiB at most", out, peak>>10)
			if peak == 0 || peak > 256<<10 {
				t.Errorf("the worker held %d MiB", peak>>10)
			}
		})
	}
}

// plainTest is this test binary without the race detector, which takes many
// times the memory and the time.
func plainTest(t *testing.T) string {
	t.Helper()
	if !raceEnabled {
		return os.Args[0]
	}
	plain := filepath.Join(t.TempDir(), "worker.test")
	if out, err := exec.CommandContext(t.Context(), "go", "test", "-c", "-o", plain, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return plain
}

// workMeasured scans everything that the index has and prints the peak.
func workMeasured(t *testing.T) {
	debug.SetMemoryLimit(MemoryLimit)
	x, err := pypi.Open(os.Getenv(childIndex), pypi.Options{})
	if err != nil {
		t.Fatal(err)
	}
	root, err := x.Root(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	a := newAnalyzer(t, Options{Index: x})
	next := make(chan string)
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for name := range next {
				page, err := x.Project(t.Context(), name)
				if err != nil {
					t.Error(err)
					continue
				}
				version, _ := page.Latest()
				s, err := a.Release(t.Context(), page, version)
				if err != nil {
					t.Error(err)
					continue
				}
				if len(root.Projects) < 50 {
					fmt.Println("after", name, s.Outcome, s.Why, status("VmHWM"))
				}
			}
		})
	}
	r := rand.New(rand.NewPCG(uint64(len(root.Projects)), 1))
	r.Shuffle(len(root.Projects), func(i, j int) { root.Projects[i], root.Projects[j] = root.Projects[j], root.Projects[i] })
	for _, p := range root.Projects {
		next <- p.Name
	}
	close(next)
	wg.Wait()
	fmt.Println("peak", strings.Fields(status("VmHWM"))[0])
	if !t.Failed() {
		os.Exit(0) // not to be held against idle connections
	}
}

// status reads a line of the process's status.
func status(key string) string {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return ""
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if v, ok := strings.CutPrefix(s.Text(), key+":"); ok {
			return strings.TrimSpace(v)
		}
	}
	return ""
}
