package crawler_test

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"prevalence/crawler"
	"prevalence/internal/engine/enginetest"
	"prevalence/internal/pypi"
	"prevalence/internal/queue"
)

// benchEnv makes this test binary the other side of BenchmarkSweep: a broker
// and an index whose root is generated, so that what is measured here is the
// crawler's alone. Its value is the folder of the broker.
const benchEnv = "PREVALENCE_TEST_SWEEP"

// benchNames is the number of generated names where NAMES names no file.
const benchNames = 100_000

// otherSide is what the child says when it is ready.
type otherSide struct{ Index, Broker, User, Password string }

// TestSweepOtherSide is the child of BenchmarkSweep.
func TestSweepOtherSide(t *testing.T) {
	dir := os.Getenv(benchEnv)
	if dir == "" {
		return
	}
	broker := enginetest.BrokerIn(t, dir)
	names := readNames(t)
	changed := 0 // every changed-th name has a later serial; 0: none
	mux := http.NewServeMux()
	mux.HandleFunc("POST /change/{every}", func(_ http.ResponseWriter, r *http.Request) {
		changed, _ = strconv.Atoi(r.PathValue("every"))
	})
	tags := true
	mux.HandleFunc("POST /untagged", func(http.ResponseWriter, *http.Request) { tags = false })
	mux.HandleFunc("GET /cpu", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, cpuTime(t).Seconds())
	})
	mux.HandleFunc("GET /simple/", func(w http.ResponseWriter, r *http.Request) {
		tag := fmt.Sprintf(`"%d"`, changed)
		if tags {
			w.Header().Set("ETag", tag)
		}
		if tags && r.Header.Get("If-None-Match") == tag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Header().Set("Content-Type", "application/vnd.pypi.simple.v1+json")
		out := bufio.NewWriterSize(w, 64<<10)
		fmt.Fprintf(out, `{"meta":{"_last-serial":%d,"api-version":"1.4"},"projects":[`, 40_000_000+changed)
		for i, name := range names {
			serial := 1_000_000 + 37*i
			if changed > 0 && i%changed == 0 {
				serial = 40_000_000 + i
			}
			if i > 0 {
				_ = out.WriteByte(',')
			}
			fmt.Fprintf(out, `{"_last-serial":%d,"name":%q}`, serial, name)
		}
		_, _ = out.WriteString("]}")
		_ = out.Flush()
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: mux}
	go func() { _ = server.Serve(listener) }()
	owner := broker.Owner()
	_ = json.NewEncoder(os.Stdout).Encode(otherSide{
		"http://" + listener.Addr().String() + "/simple/", broker.URL(), owner.User, owner.Password,
	})
	_, _ = io.Copy(io.Discard, os.Stdin) // until the parent is gone
	_ = server.Close()
}

// readNames reads the names of a gzipped TSV that the environment variable
// NAMES names, or makes some.
func readNames(t testing.TB) []string {
	t.Helper()
	var names []string
	file := os.Getenv("NAMES")
	if file == "" {
		for i := range benchNames {
			names = append(names, fmt.Sprintf("project-%06d", i))
		}
		return names
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(z)
	for lines.Scan() {
		name, _, _ := strings.Cut(lines.Text(), "\t")
		names = append(names, name)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return names
}

// BenchmarkSweep sweeps an index of many names from start to end: the root over
// HTTP, the jobs to a broker in a process of its own until each is
// acknowledged, and the list. For all of PyPI:
//
//	NAMES=names.tsv.gz go test ./crawler -run '^$' -bench Sweep -benchtime 1x
func BenchmarkSweep(b *testing.B) {
	b.Setenv(benchEnv, b.TempDir())
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	child := exec.CommandContext(b.Context(), self, "-test.run=^TestSweepOtherSide$")
	child.Stderr = os.Stderr
	stdin, err := child.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := child.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := child.Start(); err != nil {
		b.Fatal(err)
	}
	defer func() { _ = stdin.Close(); _ = child.Wait() }()
	var other otherSide
	if err := json.NewDecoder(stdout).Decode(&other); err != nil {
		b.Fatal(err)
	}
	conn, err := queue.Connect(b.Context(), queue.Options{URL: other.Broker, User: other.User, Password: other.Password})
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	if err := conn.Ensure(b.Context()); err != nil {
		b.Fatal(err)
	}
	index, err := pypi.Open(other.Index, pypi.Options{})
	if err != nil {
		b.Fatal(err)
	}
	options := crawler.Options{Index: index, Jobs: conn.Jobs(), Store: store{conn}, States: conn, Stale: conn, Seed: 7}
	at := strings.TrimSuffix(other.Index, "/simple/")
	post := func(b *testing.B, path string) {
		resp, err := http.Post(at+path, "", nil)
		if err != nil {
			b.Fatal(err)
		}
		_ = resp.Body.Close()
	}
	otherCPU := func(b *testing.B) (seconds float64) {
		resp, err := http.Get(at + "/cpu")
		if err != nil {
			b.Fatal(err)
		}
		defer resp.Body.Close()
		if _, err := fmt.Fscan(resp.Body, &seconds); err != nil {
			b.Fatal(err)
		}
		return seconds
	}
	once := func(b *testing.B) *crawler.Report {
		runtime.GC()
		start, otherStart := cpuTime(b), otherCPU(b)
		b.ResetTimer()
		r, err := crawler.Once(b.Context(), options)
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		b.ReportMetric((cpuTime(b) - start).Seconds(), "cpu-s")
		b.ReportMetric(otherCPU(b)-otherStart, "other-cpu-s")
		b.ReportMetric(b.Elapsed().Seconds(), "s")
		b.ReportMetric(peakMiB(b), "peak-MiB")
		return r
	}
	b.Run("first", func(b *testing.B) {
		if r := once(b); r.Accepted != r.Names {
			b.Skip("only the first run of a process is a first sweep")
		}
	})
	b.Run("unchanged", func(b *testing.B) {
		if r := once(b); r.Jobs() != 0 {
			b.Errorf("%d jobs", r.Jobs())
		}
	})
	b.Run("changed 1 %", func(b *testing.B) {
		post(b, "/change/100")
		r := once(b)
		if r.Changed != (r.Names+99)/100 { // their first jobs are still out
			b.Errorf("%d of %d changed", r.Changed, r.Names)
		}
	})
	b.Run("unchanged, without an ETag", func(b *testing.B) {
		post(b, "/untagged")
		once(b) // the list has none, either
		if r := once(b); r.Published {
			b.Error("a list was published")
		}
	})
}

// peakMiB is the largest resident size of this process so far.
func peakMiB(b *testing.B) float64 {
	if runtime.GOOS != "linux" {
		return 0
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	var kib float64
	if _, err := fmt.Sscan(rest, &kib); err != nil {
		b.Fatal(err)
	}
	return kib / 1024
}

// cpuTime is the processor time that this process has used.
func cpuTime(t testing.TB) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
