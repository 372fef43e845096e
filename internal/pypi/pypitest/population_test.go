package pypitest

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"prevalence/internal/pypi"
	"prevalence/schemas/message"
)

func population(t testing.TB, c PopulationConfig) *Population {
	t.Helper()
	p, err := NewPopulation(c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func made(t testing.TB, p *Population, n Name, revision int) *Project {
	t.Helper()
	project, err := p.Project(n, revision)
	if err != nil {
		t.Fatal(err)
	}
	return project
}

// TestPopulationFiles unpacks what was put together from pieces by the
// standard library, and finds the index's promises kept.
func TestPopulationFiles(t *testing.T) {
	p := population(t, PopulationConfig{Names: GenerateNames(3, 300)})
	again := population(t, PopulationConfig{Names: GenerateNames(3, 300)})
	endings := map[string]int{}
	var sizes []int
	for _, n := range p.config.Names {
		project := made(t, p, n, 0)
		if !reflect.DeepEqual(project, made(t, again, n, 0)) {
			t.Fatalf("%s is another one in another population of the same seed", n.Name)
		}
		for _, f := range project.Files {
			if kind, version := pypi.ParseFileName(f.Name, n.Name); kind == pypi.KindOther || version != f.Version {
				t.Errorf("%s is read as %q %q", f.Name, kind, version)
			}
			if project.Truth.Outcome != message.OutcomeOK {
				continue
			}
			if f.SHA256 != hash(f.Data) {
				t.Errorf("%s: wrong hash", f.Name)
			}
			members := unpack(t, f)
			ending := f.Name[strings.LastIndexByte(f.Name, '.'):]
			endings[ending]++
			want := map[string]string{".gz": "PKG-INFO", ".zip": "PKG-INFO", ".whl": "METADATA"}[ending]
			if !slices.ContainsFunc(members, func(m string) bool { return strings.HasSuffix(m, "/"+want) }) {
				t.Errorf("%s has no %s among %d members", f.Name, want, len(members))
			}
			if f.Version == project.Latest && ending == ".gz" {
				sizes = append(sizes, len(f.Data))
			}
		}
		if next := made(t, p, n, 1); project.Latest != "" && next.Latest == project.Latest {
			t.Errorf("%s: the next release is %s as well", n.Name, next.Latest)
		}
	}
	if len(endings) != 3 {
		t.Errorf("endings %v", endings)
	}
	slices.Sort(sizes)
	if median := sizes[len(sizes)/2]; median < 16_000 || median > 25_000 {
		t.Errorf("the median sdist has %d bytes, want about 20,000", median)
	}
}

// unpack reads every member to its end and returns their names.
func unpack(t *testing.T, f File) (names []string) {
	t.Helper()
	read := func(r io.Reader, err error) {
		if err == nil {
			_, err = io.Copy(io.Discard, r)
		}
		if err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
	}
	if strings.HasSuffix(f.Name, ".tar.gz") {
		z, err := gzip.NewReader(bytes.NewReader(f.Data))
		if err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		for r := tar.NewReader(z); ; {
			h, err := r.Next()
			if errors.Is(err, io.EOF) {
				read(z, nil) // the checksum stands at the end
				return names
			}
			if err != nil {
				t.Fatalf("%s: %v", f.Name, err)
			}
			names = append(names, h.Name)
			read(r, nil)
		}
	}
	z, err := zip.NewReader(bytes.NewReader(f.Data), int64(len(f.Data)))
	if err != nil {
		t.Fatalf("%s: %v", f.Name, err)
	}
	for _, m := range z.File {
		names = append(names, m.Name)
		read(m.Open())
	}
	return names
}

// TestShown: what is known of projects without making them is what is known of
// them when they are made, and it depends on rank.
func TestShown(t *testing.T) {
	names := GenerateNames(1, 20_000)
	p := population(t, PopulationConfig{Names: names})
	truth := p.Truth()
	ids := PopulationBehaviors()
	if len(ids) < 40 || len(ids) > 64 {
		t.Fatalf("%d behaviours", len(ids))
	}
	counts := make([]int, len(ids))
	for _, n := range names {
		s, full := p.Shown(n, 0), truth.Projects[n.Name]
		if s.Outcome != full.Outcome {
			t.Fatalf("%s is %s and %s", n.Name, s.Outcome, full.Outcome)
		}
		for i, id := range ids {
			if s.Outcome == message.OutcomeOK && full.Shows(id) != (s.Bits>>i&1 == 1) {
				t.Fatalf("%s: %s is shown %v, its bit says otherwise", n.Name, id, full.Shows(id))
			}
			if s.Outcome == message.OutcomeOK {
				counts[i] += int(s.Bits >> i & 1)
			}
		}
	}
	community, top := truth.Bands[3], truth.Bands[0]
	for i, id := range ids {
		if community.Counts[id] != counts[i] {
			t.Errorf("%s: %d and %d", id, community.Counts[id], counts[i])
		}
	}
	share := func(b BandTruth, id string) float64 { return float64(b.Counts[id]) / float64(b.Scanned) }
	if most := share(community, ids[0]); most < 0.45 || most > 0.7 {
		t.Errorf("the commonest has %.2f", most)
	}
	if a, b := share(top, "file/read"), share(community, "file/read"); a < b*1.2 {
		t.Errorf("file/read: %.2f of the Top 100, %.2f of all", a, b)
	}
	if least := share(community, ids[len(ids)-1]); least > 0.002 {
		t.Errorf("the rarest has %.4f", least)
	}
}

func TestReadNames(t *testing.T) {
	file := filepath.Join(t.TempDir(), "names.tsv")
	write := func(s string) {
		if err := os.WriteFile(file, []byte(s), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("alpha\t2017-08\t2\nbravo\t\t\ncarrier\t2026-01\n")
	names, err := ReadNames(file)
	if err != nil || len(names) != 3 || names[0].Rank != 2 || names[0].Released.Year() != 2017 || !names[1].Released.IsZero() || names[2].Rank != 0 {
		t.Errorf("%+v, %v", names, err)
	}
	for _, bad := range []string{"", "alpha\tsoon\n", "alpha\t2017-08\tfirst\n"} {
		write(bad)
		if _, err := ReadNames(file); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestSample(t *testing.T) {
	all := GenerateNames(1, 2000)
	some := Sample(all, 300, 20, 7)
	ranks := ranked(some)
	if len(some) != 300 || len(ranks) < 20 || !slices.Equal(ranks[:20], ranked(all)[:20]) {
		t.Errorf("%d names, %d ranked", len(some), len(ranks))
	}
}

func get(t *testing.T, s http.Handler, path string, header http.Header) *http.Response {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	for k, v := range header {
		r.Header[k] = v
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Result()
}

func TestConditional(t *testing.T) {
	p := population(t, PopulationConfig{Names: GenerateNames(1, 3000)})
	s := NewPopulationServer(p, LikePyPI)
	name := p.Name(5).Name
	for _, path := range []string{"/simple/", "/simple/" + name + "/"} {
		header := http.Header{"Accept": {jsonType}, "Accept-Encoding": {"gzip"}}
		first := get(t, s, path, header)
		if path == "/simple/" && first.Header.Get("Content-Encoding") != "gzip" {
			t.Error("the root is not packed")
		}
		header.Set("If-None-Match", first.Header.Get("ETag"))
		if again := get(t, s, path, header); again.StatusCode != http.StatusNotModified {
			t.Errorf("%s: status %d", path, again.StatusCode)
		}
		s.Touch(name)
		if again := get(t, s, path, header); again.StatusCode != http.StatusOK {
			t.Errorf("%s after a change: status %d", path, again.StatusCode)
		}
	}
}

// TestShare: shares of faults are met, add up, and are the same every time.
func TestShare(t *testing.T) {
	s := NewPopulationServer(population(t, PopulationConfig{Names: GenerateNames(1, 4000)}), LikePyPI)
	seen := func() (busy, gone int) {
		s.Plan(Fault{Path: "/simple/*/", Code: 503, Share: 0.05}, Fault{Path: "/simple/*/", Code: 404, Share: 0.1})
		for i := range 4000 {
			switch get(t, s, "/simple/"+s.population.Name(i).Name+"/", nil).StatusCode {
			case http.StatusServiceUnavailable:
				busy++
			case http.StatusNotFound:
				gone++
			}
		}
		return busy, gone
	}
	busy, gone := seen()
	if math.Abs(float64(busy)-200) > 60 || math.Abs(float64(gone)-400) > 80 {
		t.Errorf("%d and %d of 4000", busy, gone)
	}
	if b, g := seen(); b != busy || g != gone {
		t.Errorf("%d and %d the second time, %d and %d the first", b, g, busy, gone)
	}
}

func TestChange(t *testing.T) {
	p := population(t, PopulationConfig{Names: GenerateNames(1, 500)})
	s := NewPopulationServer(p, LikePyPI)
	before := s.Truth()
	s.Change(1, Changes{Released: 40, New: 10, Removed: 20, Quarantined: 5})
	after := s.Truth()
	if len(after.Projects) != 490 || len(s.Names()) != 490 {
		t.Errorf("%d projects", len(after.Projects))
	}
	different := 0
	for name, truth := range after.Projects {
		if old, known := before.Projects[name]; known && !reflect.DeepEqual(old, truth) {
			different++
		}
	}
	if different < 30 || different > 45 {
		t.Errorf("%d projects show something else", different)
	}
	s.Change(2, Changes{Resurrected: 20})
	if n := len(s.Names()); n != 510 {
		t.Errorf("%d projects after all came back", n)
	}
}

func TestUsageOf(t *testing.T) {
	at := func(seconds float64, host string, bytes int64) Request {
		return Request{At: epoch.Add(time.Duration(seconds * float64(time.Second))), Host: host, Bytes: bytes}
	}
	u := UsageOf([]Request{at(0, "a", 1), at(9, "a", 2), at(9.5, "a", 4), at(10, "a", 8), at(30, "a", 16), at(3, "b", 1)}, 10*time.Second)
	if want := (Usage{Requests: 5, Bytes: 31, MostRequests: 3, MostBytes: 16}); u["a"] != want {
		t.Errorf("%+v", u["a"])
	}
	if u["b"].Requests != 1 {
		t.Errorf("%+v", u["b"])
	}
}

// BenchmarkServe is what the server itself costs for each project of a crawl.
func BenchmarkServe(b *testing.B) {
	p := population(b, PopulationConfig{Names: GenerateNames(1, 20_000)})
	s := NewPopulationServer(p, LikePyPI)
	bytes := int64(0)
	for i := 0; b.Loop(); i++ {
		n := p.Name(i % p.Len())
		project, err := p.Project(n, 0)
		if err != nil {
			b.Fatal(err)
		}
		paths := []string{"/simple/" + n.Name + "/"}
		for _, f := range project.Files {
			if f.Version == project.Latest {
				paths = append(paths, "/files/"+n.Name+"/"+f.Name)
			}
		}
		for _, path := range paths {
			r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, path, nil)
			r.Header.Set("Accept", jsonType)
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			bytes += int64(w.Body.Len())
		}
	}
	b.ReportMetric(float64(bytes)/float64(b.N), "B/project")
}
