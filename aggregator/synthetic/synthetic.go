// Package synthetic makes scans of an index of any size, for benchmarks of the
// dataset. How often names occur follows Zipf's law with a stated exponent, as
// identifiers in code do, so that tables have their few very long and many very
// short lists. The same seed and number give the same scan.
package synthetic

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"time"

	"prevalence/schemas/message"
)

// Exponents and sizes of the whole index, per project where nothing else is said.
const (
	SymbolExponent    = 1.1       // of Zipf's law, rank + 2
	BehaviorExponent  = 1.2       // rank + 3
	IndicatorExponent = 1.1       // rank + 2
	Symbols           = 170       // median would be 123: the number is log-normal
	Behaviors         = 17        // with their contexts
	Indicators        = 23        //
	Dependencies      = 4         //
	DistinctSymbols   = 3_400_000 // names to draw from, on the whole index
	DistinctValues    = 9_000_000 // indicators to draw from
	spread            = 0.8       // standard deviation of the logarithm of the number of symbols
)

// Config says which scans to make.
type Config struct {
	Seed      uint64
	Names     []string // of the projects; of what projects depend on, too
	Behaviors []string // ids to draw from
	Catalogue string   // hash
	// Share scales the number of distinct names with the number of projects: 1 is
	// the whole index.
	Share float64
}

// Generator makes scans. It is safe for concurrent use.
type Generator struct {
	c                 Config
	symbols, values   uint64
	sweep             time.Time
	contexts          []message.Context
	kinds             []message.SymbolKind
	backends, clauses []string
}

// New returns a generator.
func New(c Config) *Generator {
	scaled := func(n float64) uint64 { return uint64(max(1000, n*c.Share)) }
	return &Generator{
		c: c, symbols: scaled(DistinctSymbols), values: scaled(DistinctValues), sweep: time.Unix(1_790_000_000, 0).UTC(),
		contexts: []message.Context{message.ContextCall, message.ContextCall, message.ContextCall, message.ContextImport, message.ContextImport,
			message.ContextSupport, message.ContextInstall},
		kinds:    []message.SymbolKind{message.SymbolCall, message.SymbolCall, message.SymbolCall, message.SymbolImport, message.SymbolRef, message.SymbolArg},
		backends: []string{"", "setuptools.build_meta", "setuptools.build_meta", "hatchling.build", "poetry.core.masonry.api", "flit_core.buildapi"},
		clauses:  []string{"", ">=3.8", ">=3.9", ">=3.10", ">=3.7,<4"},
	}
}

// Scan makes the scan of project i, which is drawn.
func (g *Generator) Scan(i int) *message.Scan {
	rng := rand.New(rand.NewPCG(g.c.Seed, uint64(i)))
	name := g.c.Names[i]
	s := &message.Scan{
		Schema: message.ScanSchema, Project: name, Version: "1." + strconv.Itoa(rng.IntN(20)), PageLatest: true, Scanner: "synthetic",
		Catalogue: g.c.Catalogue, JobSeq: uint64(i + 1), At: g.sweep.Add(time.Duration(i) * time.Millisecond), Drawn: true, Reason: message.ReasonNew,
		Outcome: message.OutcomeOK, State: message.StateActive, EmailClass: []string{"free", "custom", "none", "privacy"}[rng.IntN(4)],
		Kinds: []string{message.KindSdist, message.KindWheelPure}[:1+rng.IntN(2)], Attested: rng.IntN(10) == 0,
		Files: []message.File{{Name: name + "-1.0.tar.gz", Kind: "sdist", Bytes: 20_000, SHA256: fmt.Sprintf("%016x%016x%016x%016x", rng.Uint64(), rng.Uint64(), rng.Uint64(), rng.Uint64()),
			Verified: true, Members: 12, MemberBytes: 90_000, PythonBytes: 60_000}},
		Metadata: message.Metadata{Name: name, Version: "1.0", Summary: true, Description: true, License: "MIT", Modules: []string{"m" + strconv.Itoa(i)},
			RequiresPython: g.clauses[rng.IntN(len(g.clauses))], BuildBackend: g.backends[rng.IntN(len(g.backends))], Typed: rng.IntN(4) == 0},
	}
	switch rng.IntN(50) {
	case 0:
		s.Outcome, s.Why = message.OutcomeEmpty, "no-files"
		return s
	case 1:
		s.Outcome, s.Why = message.OutcomeUnanalysed, "too-large"
		return s
	}
	dependencies := rand.NewZipf(rng, SymbolExponent, 2, uint64(len(g.c.Names)-1))
	for range rng.IntN(2*Dependencies + 1) {
		s.Metadata.RequiresDist = append(s.Metadata.RequiresDist, g.c.Names[dependencies.Uint64()]+">=1")
	}
	g.observe(rng, s)
	g.addSymbols(rng, s)
	g.addIndicators(rng, s)
	return s
}

func (g *Generator) context(rng *rand.Rand) message.Context {
	return g.contexts[rng.IntN(len(g.contexts))]
}

func path(rng *rand.Rand) string { return "package/module" + strconv.Itoa(rng.IntN(40)) + ".py" }

func (g *Generator) observe(rng *rand.Rand, s *message.Scan) {
	ids := rand.NewZipf(rng, BehaviorExponent, 3, uint64(len(g.c.Behaviors)-1))
	seen := make(map[uint64]bool)
	for want := min(1+rng.IntN(2*Behaviors), len(g.c.Behaviors)/2); len(seen) < want; {
		id := ids.Uint64()
		if seen[id] {
			id = rng.Uint64N(uint64(len(g.c.Behaviors))) // the head is short
		}
		if seen[id] {
			continue
		}
		seen[id] = true
		certainty := message.Resolved
		if rng.IntN(8) == 0 {
			certainty = message.Likely
		}
		s.Observations = append(s.Observations, message.Observation{Behavior: g.c.Behaviors[id], Context: g.context(rng), Certainty: certainty,
			Hits: 1 + rng.IntN(9), Evidence: []message.Evidence{{Path: path(rng), Line: 1 + rng.IntN(900), Symbol: "os.remove", Fingerprint: strconv.FormatUint(rng.Uint64(), 16)}}})
	}
}

func (g *Generator) addSymbols(rng *rand.Rand, s *message.Scan) {
	want := min(int(Symbols*math.Exp(spread*rng.NormFloat64()-spread*spread/2)), 5000)
	ranks := rand.NewZipf(rng, SymbolExponent, 2, g.symbols-1)
	seen := make(map[uint64]bool, want)
	for tries := 0; len(seen) < want && tries < 4*want; tries++ {
		k := ranks.Uint64()
		if seen[k] {
			continue
		}
		seen[k] = true
		certainty := message.Resolved
		if k%11 == 0 {
			certainty = message.Likely
		}
		s.Symbols = append(s.Symbols, message.Symbol{Name: SymbolName(k), Kind: g.kinds[k%uint64(len(g.kinds))], Context: g.context(rng),
			Certainty: certainty, Hits: 1 + rng.IntN(5), Path: path(rng), Line: 1 + rng.IntN(900)})
	}
}

func (g *Generator) addIndicators(rng *rand.Rand, s *message.Scan) {
	ranks := rand.NewZipf(rng, IndicatorExponent, 2, g.values-1)
	seen := make(map[uint64]bool, Indicators)
	for range rng.IntN(2*Indicators+1) + 8 { // some are drawn twice
		k := ranks.Uint64()
		if seen[k] {
			continue
		}
		seen[k] = true
		kind, value := Indicator(k)
		s.Indicators = append(s.Indicators, message.Indicator{Kind: kind, Value: value, Context: g.context(rng), Hits: 1, Path: path(rng), Line: 1 + rng.IntN(900)})
	}
}

// SymbolName is the name of the symbol that is k-th in frequency, from 0.
// Frequent and rare ones stand side by side in the alphabet, as in life.
func SymbolName(k uint64) string {
	h := k * 0x9E3779B97F4A7C15
	return "module" + strconv.FormatUint(h>>50, 36) + ".part" + strconv.FormatUint(h>>40&0x3ff, 36) + ".call" + strconv.FormatUint(k, 36)
}

// Indicator is the indicator that is k-th in frequency, from 0.
func Indicator(k uint64) (kind, value string) {
	host := "host" + strconv.FormatUint(k*0x9E3779B97F4A7C15>>44, 36) + ".net"
	switch k % 3 {
	case 0:
		return "domain", strconv.FormatUint(k, 36) + "." + host
	default:
		return "url", "https://" + host + "/a/" + strconv.FormatUint(k, 36)
	}
}

// Index is the list of names that the scans are of.
func (g *Generator) Index(ranking string) *message.Index {
	x := &message.Index{Schema: message.StateSchema, Sweep: g.sweep, URL: "https://index.example.org/simple/", Serial: "1", Complete: true,
		Ranking: ranking, Projects: make(map[string]message.Serial, len(g.c.Names))}
	for _, name := range g.c.Names {
		x.Projects[name] = "1"
	}
	return x
}
