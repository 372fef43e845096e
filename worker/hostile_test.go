package worker

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"prevalence/internal/pypi"
	"prevalence/internal/pypi/pypitest"
	"prevalence/schemas/message"
	"prevalence/worker/archive"
	"prevalence/worker/archive/archivetest"
)

var hostileTable = flag.Bool("hostile", false, "print a table of the hostile distributions, with time and memory, and hold them to limits")

// hostile is a distribution that was made to hurt, or to be read in two ways.
type hostile struct {
	name     string
	sentence string
	format   string // .whl, .tar.gz …
	data     []byte

	outcome message.Outcome // ok unless set
	why     string
	kinds   string // of the anomalies that are observed, in order of the alphabet
	sees    string // behaviours that must be seen beside that of the honest part
	blind   bool   // the honest part is not reached

	sha256 string          // what the index says, where it lies
	size   int64           // the same
	fault  *pypitest.Fault // how the file is served
}

// What one distribution may take. The table says whether all stay below, and
// fails far above it.
const (
	hostileSeconds = 2
	hostileMiB     = 128
	hostileSlack   = 2
	workerMiB      = 40 // what a worker has resident that scans nothing
)

// honest is the part of each distribution that is what it seems to be.
const honestCode = "import os\n\ndef tidy(path):\n    os.remove(path)\n"

// planted is what must not go unseen.
const plantedCode = "import socket\nsocket.create_connection(('host.example', 4444))\n"

const sees = "network/socket"

const hostileMetadata = "Metadata-Version: 2.1\nName: demo\nVersion: 1.0\nSummary: Demo.\n\nText.\n"

func honestEntries() []archivetest.Entry {
	return []archivetest.Entry{
		archivetest.Deflated("demo/__init__.py", honestCode),
		archivetest.Deflated("demo-1.0.dist-info/METADATA", hostileMetadata),
		archivetest.Stored("demo-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"),
	}
}

// wheelOf is a wheel with further members.
func wheelOf(more ...archivetest.Entry) archivetest.Zip {
	return archivetest.Zip{Entries: append(honestEntries(), more...)}
}

// changed is an entry with lies in it.
func changed(e archivetest.Entry, lie func(e *archivetest.Entry)) archivetest.Entry {
	lie(&e)
	return e
}

// sdistOf is a .tar with further members, to be compressed.
func sdistOf(more ...archivetest.Block) []byte {
	return archivetest.Tar(append(honestBlocks(), more...)...)
}

func honestBlocks() []archivetest.Block {
	return []archivetest.Block{
		archivetest.File("demo-1.0/PKG-INFO", hostileMetadata),
		archivetest.File("demo-1.0/setup.py", "from setuptools import setup\nsetup(name='demo', packages=['demo'])\n"),
		archivetest.File("demo-1.0/demo/__init__.py", honestCode),
	}
}

func to[T any](v T) *T { return &v }

// hostiles are all of them.
func hostiles(t testing.TB) []hostile {
	return slices.Concat(hostileBombs(t), hostileZips(), hostileNames(), hostileTars(t), hostileServers(t), hostileTexts())
}

// file is the distribution's name on the index.
func (h *hostile) file() string {
	project := strings.ReplaceAll(h.name, "-", "_")
	switch h.format {
	case ".whl":
		return project + "-1.0-py3-none-any.whl"
	case ".egg":
		return project + "-1.0-py3.12.egg"
	}
	return project + "-1.0" + h.format
}

// hostileScan is what a scan of one was.
type hostileScan struct {
	Outcome    message.Outcome
	Why, Kinds string
	seen       map[string]bool
	took       time.Duration
	mib        float64 // of memory at its peak, above what was held before
}

func summed(s *message.Scan) hostileScan {
	out := hostileScan{Outcome: s.Outcome, Why: s.Why, seen: make(map[string]bool)}
	var kinds []string
	for _, x := range s.Symbols {
		if kind, ok := strings.CutPrefix(x.Name, "archive-anomaly:"); ok && x.Kind == message.SymbolTrait {
			kinds = append(kinds, kind)
		}
	}
	slices.Sort(kinds)
	out.Kinds = strings.Join(kinds, " ")
	for _, o := range s.Observations {
		out.seen[o.Behavior] = true
	}
	return out
}

// TestHostile scans every hostile distribution as a worker does, from a server,
// and compares outcome, anomalies and what was seen. A zip is read a second time
// by ranges, which must come to the same. Nothing may be written.
func TestHostile(t *testing.T) {
	if raceEnabled { // which takes ten times as long, and has nothing to find where one scan follows another
		cmd := exec.CommandContext(t.Context(), plainTest(t), "-test.run=^TestHostile$")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	all := hostiles(t)
	if len(all) < 150 {
		t.Errorf("%d hostile distributions, want at least 150", len(all))
	}
	s := pypitest.NewServer(new(pypitest.Universe), pypitest.LikePyPI)
	names, faults := make(map[string]bool), []pypitest.Fault(nil)
	for i := range all {
		h := &all[i]
		if h.sentence == "" || names[h.name] {
			t.Errorf("%q has no sentence, or the name of another", h.name)
		}
		names[h.name] = true
		s.Add(h.name, pypitest.File{Name: h.file(), Version: "1.0", Data: h.data, SHA256: h.sha256, Size: h.size})
		if h.fault != nil {
			f := *h.fault
			f.Path = "/files/" + h.name + "/*"
			faults = append(faults, f)
		}
	}
	s.Plan(faults...)
	url, stop, err := s.Start(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	x, err := pypi.Open(url, pypi.Options{Tries: 2, Backoff: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	empty := t.TempDir()
	t.Chdir(empty)
	t.Setenv("TMPDIR", empty)
	whole, ranges := newAnalyzer(t, Options{Index: x}), newAnalyzer(t, Options{Index: x, RangesFrom: 1})
	scan := func(a *Analyzer, h *hostile) hostileScan {
		page, err := x.Project(t.Context(), h.name)
		if err != nil {
			t.Fatal(err)
		}
		before := int64(0)
		if *hostileTable {
			before = freshPeak(t)
		}
		began := processorTime(t)
		s, err := a.Release(t.Context(), page, "1.0")
		took := processorTime(t) - began
		if err != nil {
			t.Errorf("%s is an error: %v", h.name, err)
			return hostileScan{}
		}
		if _, err := message.EncodeScan(s); err != nil {
			t.Errorf("%s cannot be published: %v", h.name, err)
		}
		got := summed(s)
		got.took = took
		if *hostileTable {
			got.mib = float64(peakKiB(t)-before) / 1024
		}
		return got
	}
	scan(whole, &all[len(all)-1]) // what is made once is no distribution's
	if *hostileTable {
		// As much room as a worker has under its soft limit, beside what this test holds.
		debug.FreeOSMemory()
		defer debug.SetMemoryLimit(debug.SetMemoryLimit(kib(t, "VmRSS")<<10 + MemoryLimit - workerMiB<<20))
	}
	if *hostileTable {
		fmt.Printf("%-34s %-11s %-20s %-46s %8s %8s  %s\n", "distribution", "outcome", "why", "anomalies", "cpu ms", "MiB", "what it is")
	}
	slowest, largest := time.Duration(0), 0.0
	for i := range all {
		h := &all[i]
		got := scan(whole, h)
		if *hostileTable {
			fmt.Printf("%-34s %-11s %-20s %-46s %8.1f %8.1f  %s\n", h.name, got.Outcome, got.Why, got.Kinds, float64(got.took)/1e6, got.mib, h.sentence)
			slowest, largest = max(slowest, got.took), max(largest, got.mib)
		}
		want := hostileScan{Outcome: cmp.Or(h.outcome, message.OutcomeOK), Why: h.why, Kinds: h.kinds}
		h.compare(t, "", want, got)
		if f, _ := archive.FormatOf(h.file()); f == archive.FormatZip && h.fault == nil {
			h.compare(t, " by ranges", want, scan(ranges, h))
		}
	}
	if *hostileTable {
		fmt.Printf("%d distributions; the slowest took %.2f s of a processor (goal %d s), the largest %.0f MiB above the baseline (goal %d MiB)\n",
			len(all), slowest.Seconds(), hostileSeconds, largest, hostileMiB)
		if slowest > hostileSlack*hostileSeconds*time.Second || largest > hostileSlack*hostileMiB {
			t.Error("that is far above the goals")
		}
	}
	if left, err := filepath.Glob(filepath.Join(empty, "*")); err != nil || len(left) > 0 {
		t.Errorf("written: %v, %v", left, err)
	}
}

// compare holds a scan to what is wanted.
func (h *hostile) compare(t *testing.T, how string, want, got hostileScan) {
	t.Helper()
	if d := gocmp.Diff(want, got, gocmp.FilterPath(func(p gocmp.Path) bool {
		name := p.Last().String()
		return name == ".seen" || name == ".took" || name == ".mib"
	}, gocmp.Ignore()), gocmp.AllowUnexported(hostileScan{})); d != "" {
		t.Errorf("%s%s: %s\n%s", h.name, how, h.sentence, d)
	}
	behaviors := strings.Fields(h.sees)
	if !h.blind {
		behaviors = append(behaviors, "file/delete")
	}
	for _, b := range behaviors {
		if !got.seen[b] {
			t.Errorf("%s%s: %s is not seen", h.name, how, b)
		}
	}
	if odd := got.Kinds != "" && slices.ContainsFunc(strings.Fields(got.Kinds), func(k string) bool { return !harmless[k] }); odd != got.seen["anomaly/archive-anomaly"] {
		t.Errorf("%s%s: anomaly/archive-anomaly is %v with %q", h.name, how, got.seen["anomaly/archive-anomaly"], got.Kinds)
	}
}

// processorTime is what this process has used: on a machine that does other
// things as well, the clock says nothing.
func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		t.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// freshPeak gives memory back and has the kernel forget the peak; it returns
// what is resident, in KiB.
func freshPeak(t *testing.T) int64 {
	t.Helper()
	debug.FreeOSMemory()
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
		t.Fatalf("the peak of memory cannot be measured: %v", err)
	}
	return kib(t, "VmRSS")
}

func peakKiB(t *testing.T) int64 { return kib(t, "VmHWM") }

func kib(t *testing.T, key string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(strings.Fields(status(key))[0], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
