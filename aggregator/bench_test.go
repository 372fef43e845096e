package aggregator_test

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"prevalence/aggregator"
	"prevalence/internal/engine"
	"prevalence/internal/engine/enginetest"
	"prevalence/internal/store"
	"prevalence/schemas/message"
)

var benchProjects = flag.Int("projects", 20_000, "projects of the synthetic index that BenchmarkSnapshot counts (all of PyPI: 886323)")

func benchAggregator(b *testing.B) (*store.DB, *aggregator.Aggregator) {
	b.Helper()
	ch := enginetest.ClickHouse(b)
	db, err := store.Open(b.Context(), store.Options{Addr: ch.Addr(), Database: engine.Database, Views: engine.ViewsDatabase,
		User: ch.Owner().User, Password: ch.Owner().Password})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	if _, err := db.Migrate(b.Context()); err != nil {
		b.Fatal(err)
	}
	a, err := aggregator.New(b.Context(), db, aggregator.Options{Catalog: rules()})
	if err != nil {
		b.Fatal(err)
	}
	return db, a
}

// syntheticScan is a scan with 17 observations and the given number of symbols,
// both Zipf-distributed.
func syntheticScan(rng *rand.Rand, behaviors, names *rand.Zipf, i, symbols int) *message.Scan {
	s := &message.Scan{Project: fmt.Sprintf("project-%d", i), Version: "1.0", PageLatest: true, Scanner: "1", Catalogue: rules().Hash(),
		JobSeq: uint64(i), At: time.Unix(1_790_000_000, 0), Outcome: message.OutcomeOK, State: message.StateActive, EmailClass: "free",
		Files:    []message.File{{Name: fmt.Sprintf("project-%d-1.0.tar.gz", i), Kind: "sdist", Bytes: 20_000, SHA256: fmt.Sprintf("%064x", i), Members: 12}},
		Metadata: message.Metadata{Name: fmt.Sprintf("project-%d", i), Version: "1.0", License: "MIT", RequiresPython: ">=3.9", BuildBackend: "setuptools.build_meta"}}
	contexts := []message.Context{message.ContextInstall, message.ContextImport, message.ContextCall, message.ContextCall, message.ContextSupport}
	seen := make(map[string]bool)
	for range 17 {
		o := message.Observation{Behavior: fmt.Sprintf("category/behavior-%d", behaviors.Uint64()), Context: contexts[rng.IntN(len(contexts))],
			Certainty: message.Resolved, Hits: 3, Evidence: []message.Evidence{{Path: "package/module.py", Line: 10, Symbol: "os.remove"}}}
		if key := o.Behavior + string(o.Context); !seen[key] {
			seen[key] = true
			s.Observations = append(s.Observations, o)
		}
	}
	for range symbols {
		s.Symbols = append(s.Symbols, message.Symbol{Name: fmt.Sprintf("module%d.function", names.Uint64()), Kind: message.SymbolCall,
			Context: message.ContextCall, Certainty: message.Resolved, Hits: 2, Path: "package/module.py", Line: 10})
	}
	return s
}

// BenchmarkAdd stores batches of 2,000 scans with 170 symbols each.
func BenchmarkAdd(b *testing.B) {
	_, a := benchAggregator(b)
	rng := rand.New(rand.NewPCG(1, 1))
	behaviors, names := rand.NewZipf(rng, 1.2, 3, 149), rand.NewZipf(rng, 1.1, 2, 2_000_000)
	batch := make([]aggregator.Scan, 2_000)
	seq := uint64(0)
	for b.Loop() {
		b.StopTimer()
		for i := range batch {
			seq++
			batch[i] = aggregator.Scan{Seq: seq, Scan: syntheticScan(rng, behaviors, names, int(seq), 170)}
		}
		b.StartTimer()
		if err := a.Add(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(batch)*b.N)/b.Elapsed().Seconds(), "scans/s")
}

// BenchmarkSnapshot publishes a snapshot of the flag -projects without symbols.
func BenchmarkSnapshot(b *testing.B) {
	db, a := benchAggregator(b)
	rng := rand.New(rand.NewPCG(1, 1))
	behaviors, names := rand.NewZipf(rng, 1.2, 3, 149), rand.NewZipf(rng, 1.1, 2, 2_000_000)
	index := &message.Index{Complete: true, Sweep: time.Unix(1_790_000_000, 0), Projects: make(map[string]message.Serial)}
	var batch []aggregator.Scan
	for i := range *benchProjects {
		s := syntheticScan(rng, behaviors, names, i, 0)
		index.Projects[s.Project] = "1"
		batch = append(batch, aggregator.Scan{Seq: uint64(i + 1), Scan: s})
		if len(batch) == 5_000 || i == *benchProjects-1 {
			if err := a.Add(b.Context(), batch); err != nil {
				b.Fatal(err)
			}
			batch = batch[:0]
		}
	}
	ranking := &message.Ranking{Name: "bench", Projects: slices.Sorted(maps.Keys(index.Projects))[:min(15_000, *benchProjects)]}
	if err := a.AddStates(b.Context(), []aggregator.State{{Seq: 1, Ranking: ranking}}, 1); err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	if err := a.UseIndex(b.Context(), index, 1); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(time.Since(began).Seconds(), "index-s")
	type size struct {
		Table string `ch:"table"`
		Bytes uint64 `ch:"bytes"`
	}
	for b.Loop() {
		index.Serial += "1" // else an equal snapshot is not published
		b.StopTimer()
		if err := a.UseIndex(b.Context(), index, 1); err != nil {
			b.Fatal(err)
		}
		time.Sleep(time.Second) // names count seconds
		b.StartTimer()
		if ok, err := a.Snapshot(b.Context()); err != nil || !ok {
			b.Fatal(ok, err)
		}
	}
	sizes, err := store.Select[size](b.Context(), db,
		"SELECT table, sum(bytes_on_disk) AS bytes FROM system.parts WHERE active AND database = currentDatabase() GROUP BY table ORDER BY bytes DESC LIMIT 4", nil)
	if err != nil {
		b.Fatal(err)
	}
	for _, s := range sizes {
		b.Logf("%-20s %6.1f MB", s.Table, float64(s.Bytes)/1e6)
	}
}
