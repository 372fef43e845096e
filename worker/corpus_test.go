package worker

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"prevalence/schemas/message"
)

// BenchmarkCorpus scans every distribution in the folder that the environment
// variable CORPUS names, two at a time, and prints outcomes and package-level
// facts; without CORPUS it scans the fixtures.
func BenchmarkCorpus(b *testing.B) {
	dir := benchFolder(b)
	b.Run("paths", func(b *testing.B) {
		paths, err := Expand(dir)
		if err != nil {
			b.Fatal(err)
		}
		a := newAnalyzer(b, Options{})
		twoAtATime(b, len(paths), func(i int) (*message.Scan, error) { return a.Path(b.Context(), paths[i]) })
	})
	b.Run("releases", func(b *testing.B) {
		x := folder(b, dir)
		root, err := x.Root(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		a := newAnalyzer(b, Options{Index: x})
		twoAtATime(b, len(root.Projects), func(i int) (*message.Scan, error) {
			page, err := x.Project(b.Context(), root.Projects[i].Name)
			if err != nil {
				return nil, err
			}
			version, _ := page.Latest()
			return a.Release(b.Context(), page, version)
		})
	})
}

// twoAtATime runs n scans in two goroutines and reports on them.
func twoAtATime(b *testing.B, n int, scan func(i int) (*message.Scan, error)) {
	for b.Loop() {
		start := time.Now()
		scans := make([]*message.Scan, n)
		var wg sync.WaitGroup
		next := make(chan int)
		for range 2 {
			wg.Go(func() {
				for i := range next {
					s, err := scan(i)
					if err != nil {
						b.Error(err)
						continue
					}
					scans[i] = s
				}
			})
		}
		for i := range n {
			next <- i
		}
		close(next)
		wg.Wait()
		if os.Getenv("CORPUS") != "" && !b.Failed() {
			report(scans, time.Since(start))
		}
	}
}

// report prints outcomes, package-level facts and the memory that was used.
func report(scans []*message.Scan, took time.Duration) {
	outcomes := map[string]int{}
	traits := map[string][]string{}
	contexts := map[message.Context]int{}
	var python, members int64
	for _, s := range scans {
		key := string(s.Outcome)
		if s.Why != "" {
			key += " " + s.Why
		}
		outcomes[key]++
		if s.Outcome != message.OutcomeOK {
			fmt.Println("  not ok:", s.Project, s.Version, s.Outcome, s.Why, s.Cuts)
		}
		for _, f := range s.Files {
			python += f.PythonBytes
			members += int64(f.Members)
		}
		for _, o := range s.Observations {
			contexts[o.Context] += o.Hits
		}
		for _, x := range s.Symbols {
			if x.Kind == message.SymbolTrait && x.Context == message.ContextPackage {
				traits[x.Name] = append(traits[x.Name], fmt.Sprintf("%s(%d %s)", s.Project, x.Hits, x.Path))
			}
		}
		if len(s.Metadata.Modules) == 0 {
			traits["(no modules)"] = append(traits["(no modules)"], s.Project)
		}
	}
	fmt.Println(len(scans), "scans in", took.Round(time.Millisecond), outcomes, contexts, members, "members", python>>20, "MiB Python")
	names := make([]string, 0, len(traits))
	for n := range traits {
		names = append(names, n)
	}
	sort.Strings(names)
	for _, n := range names {
		fmt.Println(" ", n, len(traits[n]), strings.Join(traits[n][:min(12, len(traits[n]))], " "))
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	status, _ := os.ReadFile("/proc/self/status")
	for l := range strings.Lines(string(status)) {
		if strings.HasPrefix(l, "VmHWM") {
			fmt.Print("  heap sys ", m.HeapSys>>20, " MiB, ", l)
		}
	}
}

// benchFolder is the folder that the environment variable CORPUS names, or one
// with the fixtures packed.
func benchFolder(b *testing.B) string {
	b.Helper()
	dir := os.Getenv("CORPUS")
	if dir == "" {
		dir = b.TempDir()
		fixtures, err := filepath.Glob("testdata/*.txtar")
		if err != nil {
			b.Fatal(err)
		}
		for _, f := range fixtures {
			a, err := txtar.ParseFile(f)
			if err != nil {
				b.Fatal(err)
			}
			pack(b, dir, a)
		}
	}
	return dir
}
