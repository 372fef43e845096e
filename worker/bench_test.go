package worker

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"prevalence/internal/pypi"
)

// BenchmarkTarGz scans .tar.gz files that are in memory, one after another:
// gunzip, SHA-256, members, facts, behaviours. MB/s is of unpacked Python, by
// the clock and by the processor. The files are those of the folder CORPUS, or
// packed from the fixtures.
func BenchmarkTarGz(b *testing.B) {
	dir := benchFolder(b)
	if sub := filepath.Join(dir, "files"); func() bool { i, err := os.Stat(sub); return err == nil && i.IsDir() }() {
		dir = sub
	}
	paths, err := filepath.Glob(filepath.Join(dir, "*.tar.gz"))
	if err != nil || len(paths) == 0 {
		b.Fatalf("%s holds no .tar.gz: %v", dir, err)
	}
	files := make([][]byte, len(paths))
	for i, p := range paths {
		if files[i], err = os.ReadFile(p); err != nil {
			b.Fatal(err)
		}
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	a := newAnalyzer(b, Options{})
	d := a.sitDown(false)
	defer d.leave()
	scanAll := func() (python int64) {
		for i, p := range paths {
			name := filepath.Base(p)
			project, _, version := pypi.GuessFileName(name)
			f := pypi.File{Name: name, Kind: pypi.KindSdist, Version: version, Size: int64(len(files[i]))}
			s, err := a.files(b.Context(), d, a.newScan(project, version), []pypi.File{f}, func(context.Context, pypi.File, bool) (*packed, error) {
				return &packed{stream: io.NopCloser(bytes.NewReader(files[i]))}, nil
			})
			if err != nil {
				b.Fatal(err)
			}
			for _, f := range s.Files {
				python += f.PythonBytes
			}
		}
		return python
	}
	python := scanAll()
	if python == 0 {
		b.Fatal("no Python was read: " + strings.Join(paths, " "))
	}
	b.SetBytes(python)
	b.ReportAllocs()
	start, rounds := processTime(b), 0
	for b.Loop() {
		scanAll()
		rounds++
	}
	b.ReportMetric(float64(python)*float64(rounds)/1e6/(processTime(b)-start).Seconds(), "cpu-MB/s")
}

// processTime is the processor time of this process, the collector's included.
func processTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
