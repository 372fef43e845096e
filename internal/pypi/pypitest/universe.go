package pypitest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"prevalence/internal/pypi"
	"prevalence/schemas/message"
)

// Config says what universe to make. The zero value is the one of the demo.
type Config struct {
	Seed     uint64 // default 1
	Projects int    // on the index; default 300, at least 30
	// Ranked is how many of them are on the ranking; default 5/6 of Projects.
	Ranked int
	// Missing is how many names of the ranking are not on the index; default 4.
	Missing int
	// Gap puts so many further missing names behind rank 200, so that what
	// follows falls into larger bands; default 0.
	Gap int
}

// Universe is a generated index. It is not changed after New; a Server works
// on a copy.
type Universe struct {
	Config   Config
	Projects []*Project // sorted by name
	// Ranked are the names of the ranking, the most used first, those that are
	// not on the index included.
	Ranked []string
}

// Project is one generated project and what is known of it.
type Project struct {
	Name    string // normalised
	Display string // as its metadata spells it
	Serial  uint64
	State   message.ProjectState // StateActive or StateQuarantined
	Files   []File
	// Latest is the version of the latest release, empty without any.
	Latest string
	// Truth is what the latest release shows.
	Truth ProjectTruth
}

// File is one file of a project as the index offers it.
type File struct {
	Name     string
	Version  string
	Data     []byte
	SHA256   string // as the index gives it, which may be wrong on purpose
	Size     int64  // the same; 0 is the true one
	Yanked   bool
	Reason   string
	Uploaded time.Time
	metadata []byte // of a wheel, when it is known without unpacking
}

// The words that names are made of. No project of the real index is meant.
var (
	adjectives = []string{"amber", "brisk", "calm", "dusty", "eager", "faint", "gentle", "hollow", "idle", "jolly", "keen", "lunar", "mellow", "narrow", "opal", "plain", "quiet", "rapid", "silent", "tidy", "umber", "vivid", "warm", "young", "zonal"}
	nouns      = []string{"anchor", "bell", "cove", "dune", "ember", "fern", "grove", "harbor", "inlet", "jetty", "kettle", "lantern", "meadow", "nook", "orchard", "pebble", "quarry", "ridge", "sprout", "thicket", "urn", "valley", "willow", "yarrow", "zephyr"}
	suffixes   = []string{"", "", "", "-tools", "-core", "-lib", "2"}
)

var epoch = time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)

// New makes a universe. The same configuration gives the same bytes. It fails
// only if an archive cannot be written.
func New(c Config) (*Universe, error) {
	if c.Seed == 0 {
		c.Seed = 1
	}
	if c.Projects == 0 {
		c.Projects = 300
	}
	c.Projects = max(c.Projects, 30)
	if c.Ranked == 0 {
		c.Ranked = c.Projects * 5 / 6
	}
	c.Ranked = min(c.Ranked, c.Projects)
	if c.Missing == 0 {
		c.Missing = 4
	}
	u := &Universe{Config: c}
	r := rand.New(rand.NewPCG(c.Seed, 0x70797069))
	names := drawNames(r, c.Projects+c.Missing+c.Gap)
	onIndex, missing := names[:c.Projects], names[c.Projects:]
	for i, name := range onIndex {
		p, err := makeProject(name, i, c.Seed)
		if err != nil {
			return nil, fmt.Errorf("pypitest: project %s: %w", name, err)
		}
		u.Projects = append(u.Projects, p)
	}
	u.Ranked = slices.Clone(onIndex[:c.Ranked])
	for i, name := range missing[:c.Missing] {
		at := min(7+i*len(u.Ranked)/c.Missing, len(u.Ranked))
		u.Ranked = slices.Insert(u.Ranked, at, name)
	}
	u.Ranked = slices.Insert(u.Ranked, min(200, len(u.Ranked)), missing[c.Missing:]...)
	slices.SortFunc(u.Projects, func(a, b *Project) int { return strings.Compare(a.Name, b.Name) })
	return u, nil
}

func drawNames(r *rand.Rand, n int) []string {
	seen := make(map[string]bool, n)
	names := make([]string, 0, n)
	for tries := 0; len(names) < n; tries++ {
		name := adjectives[r.IntN(len(adjectives))] + "-" + nouns[r.IntN(len(nouns))] + suffixes[r.IntN(len(suffixes))]
		if tries > 2*n || seen[name] { // the words are used up
			name = fmt.Sprintf("%s-%d", name, len(names))
		}
		if !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	return names
}

// quirk is what is special about a project.
type quirk int

const (
	plain        quirk = iota
	noFiles            // a page without files
	quarantined        // PEP 792
	wrongHash          // every file's hash on the page is another's
	broken             // its only file is no archive
	preOnly            // nothing but pre-releases
	newerPre           // a pre-release above the latest
	newerYanked        // a yanked release above the latest
	allYanked          // nothing but yanked releases
	eggOnly            // an egg and nothing else
	legacyName         // an sdist whose name has hyphens
	xzSdist            // .tar.xz
	bz2Sdist           // .tar.bz2, from a fixture
	zipSdist           // .zip
	installsHook       // a setup.py with a command class
)

// quirkOf spreads the quirks over all ranks: the first projects of each
// hundred have one each.
func quirkOf(i int) quirk {
	at := map[int]quirk{
		3: newerPre, 8: legacyName, 12: noFiles, 17: xzSdist, 23: installsHook, 29: zipSdist,
		34: newerYanked, 41: broken, 46: preOnly, 52: installsHook, 57: wrongHash, 63: eggOnly,
		68: quarantined, 74: allYanked, 80: bz2Sdist, 85: legacyName, 91: zipSdist, 96: installsHook,
	}
	return at[i%100]
}

// makeProject makes the project whose place among those of its universe is i.
func makeProject(name string, i int, seed uint64) (*Project, error) {
	r := rand.New(rand.NewPCG(seed, 0x1000+uint64(i)))
	p := &Project{Name: name, Display: spell(r, name), State: message.StateActive, Serial: 1000 + uint64(i)}
	q := quirkOf(i)
	p.Truth = ProjectTruth{Outcome: message.OutcomeOK}
	switch q {
	case noFiles:
		p.Truth.Outcome = message.OutcomeEmpty
		return p, nil
	case quarantined:
		p.State = message.StateQuarantined
		p.Truth.Outcome = message.OutcomeEmpty
		return p, nil
	}
	old, latest, above := "1.0", fmt.Sprintf("1.%d.%d", 1+r.IntN(9), r.IntN(4)), "2.0"
	switch q {
	case preOnly:
		old, latest = "0.1.dev1", "0.2rc1"
	case newerPre:
		above = "2.0b1"
	}
	if r.IntN(3) == 0 || q == preOnly || q == allYanked {
		if _, err := p.addRelease(r, q, old, i); err != nil {
			return nil, err
		}
	}
	truth, err := p.addRelease(r, q, latest, i)
	if err != nil {
		return nil, err
	}
	p.Latest = latest
	switch q {
	case newerPre, newerYanked:
		n := len(p.Files)
		if _, err := p.addRelease(r, q, above, i); err != nil {
			return nil, err
		}
		if q == newerYanked {
			yank(p.Files[n:])
		}
	case allYanked:
		yank(p.Files)
		truth.Yanked = true
	case wrongHash:
		for f := range p.Files {
			p.Files[f].SHA256 = hash([]byte(p.Files[f].SHA256))
		}
		truth.Outcome = message.OutcomeUnanalysed
		truth.OnlyByHash = true
	case broken:
		truth = ProjectTruth{Outcome: message.OutcomeUnanalysed}
	}
	p.Truth = truth
	return p, nil
}

func yank(files []File) {
	for i := range files {
		files[i].Yanked, files[i].Reason = true, "released by mistake"
	}
}

// addRelease plans one release, adds its files and returns what it shows.
func (p *Project) addRelease(r *rand.Rand, q quirk, version string, i int) (ProjectTruth, error) {
	truth := ProjectTruth{Outcome: message.OutcomeOK, Behaviors: make(map[string][]message.Context)}
	forms := drawForms(r, q)
	var failed error
	add := func(name string, data []byte, err error) {
		failed = errors.Join(failed, err)
		p.Files = append(p.Files, File{
			Name: name, Version: version, Data: data, SHA256: hash(data),
			Uploaded: epoch.Add(time.Duration(i)*time.Hour + time.Duration(len(p.Files))*time.Minute),
		})
	}
	switch q {
	case broken:
		add(wheelName(p.Name, version), []byte("PK\x03\x04 this is where an archive would be\n"), nil)
		return truth, nil
	case bz2Sdist: // the standard library writes no bzip2, so this release is always the same
		add(sdistName(p.Name, version, ".tar.bz2"), bz2Fixture, nil)
		maps.Copy(truth.Behaviors, bz2Truth)
		return truth, nil
	}
	plan := drawPlan(r, forms, i)
	plan.hook = q == installsHook
	plan.note(truth)
	m := members(p, version, plan)
	if forms.sdist != "" {
		name := sdistName(p.Name, version, forms.sdist)
		if q == legacyName {
			name = p.Display + "-" + version + forms.sdist
		}
		data, err := m.sdist(p, version, forms.sdist)
		add(name, data, err)
	}
	if forms.wheel {
		data, err := m.wheel(p, version)
		add(wheelName(p.Name, version), data, err)
	}
	if forms.egg {
		data, err := m.egg()
		add(eggName(p.Name, version), data, err)
	}
	return truth, failed
}

// spell writes a name in one of the ways that people do.
func spell(r *rand.Rand, name string) string {
	b := []byte(name)
	switch r.IntN(4) {
	case 0:
		b[0] -= 'a' - 'A'
	case 1:
		for i := range b {
			if b[i] == '-' {
				b[i] = '_'
			}
		}
	}
	return string(b)
}

func hash(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

// Project returns a project by its normalised name, or nil.
func (u *Universe) Project(name string) *Project {
	i, ok := slices.BinarySearchFunc(u.Projects, pypi.Normalize(name), func(p *Project, name string) int {
		return strings.Compare(p.Name, name)
	})
	if !ok {
		return nil
	}
	return u.Projects[i]
}

// RankingJSON is the ranking in the form of hugovk/top-pypi-packages.
func (u *Universe) RankingJSON() []byte { return rankingJSON(u.Ranked) }

func rankingJSON(names []string) []byte {
	type row struct {
		Count   int    `json:"download_count"`
		Project string `json:"project"`
	}
	rows := make([]row, len(names))
	for i, name := range names {
		rows[i] = row{1_000_000_000 / (i + 1), name}
	}
	b, err := json.Marshal(map[string]any{"last_update": "2026-11-01 06:00:00", "source": "generated", "rows": rows})
	if err != nil {
		return nil // strings and numbers always marshal
	}
	return b
}
