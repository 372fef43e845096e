package pypitest

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"prevalence/schemas/message"
)

// Name is one name on an index, with what makes projects differ.
type Name struct {
	Name string
	// Released is the month of the last release; zero for a project without any.
	Released time.Time
	Rank     int // 1 for the most used; 0 without a rank
}

// ReadNames reads a list of names, a line each: name, month (2006-01) or
// nothing, rank or nothing, separated by tabs. A file that ends in .gz is unpacked.
func ReadNames(file string) ([]Name, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(file, ".gz") {
		z, err := gzip.NewReader(bufio.NewReader(f))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		r = z
	}
	var names []Name
	months := make(map[string]time.Time)
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		fields := append(strings.Split(lines.Text(), "\t"), "", "")
		n := Name{Name: fields[0]}
		if n.Released, err = month(months, fields[1]); err == nil && fields[2] != "" {
			n.Rank, err = strconv.Atoi(fields[2])
		}
		if err != nil {
			return nil, fmt.Errorf("%s: line %d: %w", file, len(names)+1, err)
		}
		names = append(names, n)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("%s: no names", file)
	}
	return names, nil
}

func month(known map[string]time.Time, s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if t, ok := known[s]; ok {
		return t, nil
	}
	t, err := time.Parse("2006-01", s)
	known[s] = t
	return t, err
}

// GenerateNames makes up n names, ranked and dated as those of the public index
// are: one in sixty has a rank, half had a release within the last two years.
func GenerateNames(seed uint64, n int) []Name {
	r := rand.New(rand.NewPCG(seed, 0x6e616d65))
	names := make([]Name, n)
	for i, name := range drawNames(r, n) {
		age := int(120 * math.Pow(r.Float64(), 2))
		names[i] = Name{Name: name, Released: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC).AddDate(0, -age, 0)}
	}
	for rank, i := range r.Perm(n)[:min(n, max(n/60, min(n, 120)))] {
		names[i].Rank = rank + 1
	}
	return names
}

// Sample takes n of the names by a seeded draw, all that have a rank of at most
// top included, and ranks what it took anew, in the old order.
func Sample(names []Name, n, top int, seed uint64) []Name {
	if n >= len(names) {
		return names
	}
	r := rand.New(rand.NewPCG(seed, 0x73616d70))
	order := r.Perm(len(names))
	slices.SortStableFunc(order, func(a, b int) int { return listedFirst(names[a], top) - listedFirst(names[b], top) })
	taken := make([]Name, n)
	for i := range taken {
		taken[i] = names[order[i]]
	}
	var ranked []int
	for i := range taken {
		if taken[i].Rank > 0 {
			ranked = append(ranked, i)
		}
	}
	slices.SortFunc(ranked, func(a, b int) int { return taken[a].Rank - taken[b].Rank })
	for rank, i := range ranked {
		taken[i].Rank = rank + 1
	}
	slices.SortFunc(taken, func(a, b Name) int { return strings.Compare(a.Name, b.Name) })
	return taken
}

func listedFirst(n Name, top int) int {
	if n.Rank > 0 && n.Rank <= top {
		return 0
	}
	return 1
}

// PopulationConfig says what population to make.
type PopulationConfig struct {
	Seed  uint64 // default 1
	Names []Name // normalised; default: 5,000 generated ones
	// PackedBytes is the median size of an sdist; default 20,000, which is the
	// public index's. Spread is the standard deviation of its logarithm; default 0.6.
	PackedBytes int
	Spread      float64
	// SdistOnly leaves the wheels out.
	SdistOnly bool
}

// Population is an index of any size whose projects are made when they are
// asked for, the same for the same seed and name. What a project shows depends
// on its rank and on the age of its last release, as in life, and is known
// without making it. It is safe for concurrent use.
type Population struct {
	config  PopulationConfig
	fillers []string // contents of modules that show nothing
	packed  []int    // their sizes, packed
	pieces  pieces
	recent  recent
}

// Modules of a population.
const (
	poolModules   = 512
	packedModule  = 1600 // packed bytes of a module of ordinary size
	fillerDensity = 4    // bytes of a filler that make one packed, about
	otherMembers  = 2500 // packed bytes of what is not filler in an sdist, about
)

// NewPopulation makes a population. It fails only if nothing can be compressed.
func NewPopulation(c PopulationConfig) (*Population, error) {
	if c.Seed == 0 {
		c.Seed = 1
	}
	if len(c.Names) == 0 {
		c.Names = GenerateNames(c.Seed, 5000)
	}
	if c.PackedBytes == 0 {
		c.PackedBytes = 20_000
	}
	if c.Spread == 0 {
		c.Spread = 0.6
	}
	p := &Population{config: c, packed: make([]int, poolModules), recent: newRecent()}
	typical := max(packedModule, c.PackedBytes/50)
	f := newFiller(c.Seed)
	p.fillers = make([]string, poolModules)
	for i := range p.fillers {
		size := float64(typical*fillerDensity) * math.Exp(fillerSpread*f.r.NormFloat64()-fillerSpread*fillerSpread/2)
		p.fillers[i] = f.module(int(min(size, 1<<20)))
	}
	var g sync.WaitGroup
	errs := make([]error, 2)
	for half := range errs {
		g.Go(func() {
			for i := half; i < len(p.fillers) && errs[half] == nil; i += len(errs) {
				var made *piece
				if made, errs[half] = p.pieces.get(p.fillers[i]); made != nil {
					p.packed[i] = len(made.tarred)
				}
			}
		})
	}
	g.Wait()
	return p, errors.Join(errs...)
}

// Len is the number of names.
func (p *Population) Len() int { return len(p.config.Names) }

// Name is the name at a place.
func (p *Population) Name(i int) Name { return p.config.Names[i] }

// Ranking are the ranked names, the most used first.
func (p *Population) Ranking() []string { return ranked(p.config.Names) }

func ranked(names []Name) []string {
	var list []Name
	for _, n := range names {
		if n.Rank > 0 {
			list = append(list, n)
		}
	}
	slices.SortFunc(list, func(a, b Name) int { return a.Rank - b.Rank })
	out := make([]string, len(list))
	for i, n := range list {
		out[i] = n.Name
	}
	return out
}

// RankingJSON is the ranking in the form of hugovk/top-pypi-packages.
func (p *Population) RankingJSON() []byte { return rankingJSON(p.Ranking()) }

// Project makes a project as it is at its revision: 0 at first, one more with
// every release that a Server publishes of it.
func (p *Population) Project(n Name, revision int) (*Project, error) {
	key := recentKey{n.Name, revision}
	if known := p.recent.get(key); known != nil {
		return known, nil
	}
	made, err := p.make(n, revision)
	if err != nil {
		return nil, fmt.Errorf("pypitest: project %s: %w", n.Name, err)
	}
	p.recent.put(key, made)
	return made, nil
}

func (p *Population) make(n Name, revision int) (*Project, error) {
	t, pl := p.draw(n, revision, true)
	made := &Project{Name: n.Name, Display: n.Name, State: message.StateActive, Truth: t.truth()}
	switch t.fate {
	case fateEmpty:
		return made, nil
	case fateQuarantined:
		made.State = message.StateQuarantined
		return made, nil
	}
	r := t.r
	made.Latest = fmt.Sprintf("%d.%d.%d", 1+r.IntN(3), revision, r.IntN(10))
	for old := range t.older {
		if err := p.addRelease(made, n, fmt.Sprintf("0.%d", old+1), t.forms, plan{email: "team@packages.example.org"}, nil); err != nil {
			return nil, err
		}
	}
	if t.fate == fateBroken {
		made.add(wheelName(n.Name, made.Latest), made.Latest, n, []byte("PK\x03\x04 this is where an archive would be\n"), "")
		return made, nil
	}
	if err := p.addRelease(made, n, made.Latest, t.forms, pl, p.fill(r)); err != nil {
		return nil, err
	}
	if t.fate == fateWrongHash {
		for i := range made.Files {
			made.Files[i].SHA256 = hash([]byte(made.Files[i].SHA256))
		}
	}
	return made, nil
}

// fill draws modules that show nothing until the sdist has its size.
func (p *Population) fill(r *rand.Rand) []string {
	want := float64(p.config.PackedBytes) * math.Exp(p.config.Spread*r.NormFloat64())
	want -= otherMembers
	var out []string
	for at, step := r.IntN(poolModules), 1+2*r.IntN(poolModules/2); len(out) < poolModules; at = (at + step) % poolModules {
		size := float64(p.packed[at])
		if want -= size; want < -size/2 {
			break
		}
		out = append(out, p.fillers[at])
	}
	return out
}

func (p *Population) addRelease(made *Project, n Name, version string, f forms, pl plan, fillers []string) error {
	rel := members(made, version, pl)
	fresh := map[string]bool{rel.pkg + "/__init__.py": true}
	for i, text := range fillers {
		rel.code = append(rel.code, member{fmt.Sprintf("%s/part%02d.py", rel.pkg, i), text})
	}
	pack := func(all []member) ([]packed, error) {
		out := make([]packed, len(all))
		for i, m := range all {
			out[i] = packed{path: m.path, data: m.data}
			_, inside, _ := strings.Cut(m.path, "/")
			if !strings.HasSuffix(m.path, ".py") || fresh[m.path] || fresh[inside] || inside == "setup.py" {
				continue
			}
			var err error
			if out[i].piece, err = p.pieces.get(m.data); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	if f.sdist != "" {
		all, err := pack(rel.sdistMembers(made, version))
		if err != nil {
			return err
		}
		data, err := packTarGz(all)
		if f.sdist == ".zip" {
			data, err = packZip(all)
		}
		if err != nil {
			return err
		}
		made.add(sdistName(made.Name, version, f.sdist), version, n, data, "")
	}
	if f.wheel {
		all, err := pack(rel.wheelMembers(made, version))
		if err != nil {
			return err
		}
		data, err := packZip(all)
		if err != nil {
			return err
		}
		made.add(wheelName(made.Name, version), version, n, data, rel.metadata)
	}
	return nil
}

func (p *Project) add(name, version string, n Name, data []byte, metadata string) {
	p.Files = append(p.Files, File{
		Name: name, Version: version, Data: data, SHA256: hash(data), metadata: []byte(metadata),
		Uploaded: n.Released.Add(time.Duration(len(p.Files)) * time.Minute),
	})
}

// recent keeps the projects that were made last: a page is asked for before
// its files.
type recent struct {
	mu    *sync.Mutex
	known map[recentKey]*Project
	order []recentKey
	bytes *int
}

type recentKey struct {
	name     string
	revision int
}

const recentBytes = 64 << 20

func newRecent() recent {
	return recent{mu: new(sync.Mutex), known: make(map[recentKey]*Project), bytes: new(int)}
}

func (c *recent) get(key recentKey) *Project {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.known[key]
}

func (c *recent) put(key recentKey, p *Project) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known[key] != nil {
		return
	}
	c.known[key] = p
	c.order = append(c.order, key)
	*c.bytes += p.bytes()
	for *c.bytes > recentBytes && len(c.order) > 1 {
		*c.bytes -= c.known[c.order[0]].bytes()
		delete(c.known, c.order[0])
		c.order = c.order[1:]
	}
}

func (p *Project) bytes() int {
	n := 1000
	for _, f := range p.Files {
		n += len(f.Data)
	}
	return n
}
