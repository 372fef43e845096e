package worker

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"golang.org/x/tools/txtar"

	"prevalence/internal/pypi"
	"prevalence/schemas/catalog"
	"prevalence/schemas/message"
	"prevalence/worker/archive"
	"prevalence/worker/behavior"
)

var update = flag.Bool("update", false, "rewrite the golden scans")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func testMatcher(t testing.TB) *behavior.Matcher {
	t.Helper()
	c, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	m, err := behavior.Compile(c)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// contents stand for what txtar cannot hold.
var contents = strings.NewReplacer(
	"@ELF@\n", "\x7fELF\x02\x01\x01"+strings.Repeat("\x00", 9)+"\x02\x00>\x00\x01\x00\x00\x00",
	"@ZIP@\n", "PK\x03\x04"+strings.Repeat("\x00", 26),
)

type packedFile struct{ name, data string }

// pack writes the distributions of a txtar file into a folder: the first part
// of a name is the distribution, the rest the member.
func pack(t testing.TB, dir string, a *txtar.Archive) {
	t.Helper()
	dists := map[string][]packedFile{}
	for _, f := range a.Files {
		dist, member, _ := strings.Cut(f.Name, "/")
		dists[dist] = append(dists[dist], packedFile{member, contents.Replace(string(f.Data))})
	}
	for dist, files := range dists {
		var data []byte
		switch format, _ := archive.FormatOf(dist); {
		case files[0].name == "@text@":
			data = []byte(files[0].data)
		case format == archive.FormatZip:
			data = packZip(t, files)
		default:
			data = packTar(t, strings.TrimSuffix(dist, ".tar.gz"), files)
		}
		if err := os.WriteFile(filepath.Join(dir, dist), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func packZip(t testing.TB, files []packedFile) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for _, f := range files {
		e, err := w.Create(f.name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(e, f.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func packTar(t testing.TB, root string, files []packedFile) []byte {
	t.Helper()
	var buf bytes.Buffer
	z := gzip.NewWriter(&buf)
	w := tar.NewWriter(z)
	for _, f := range files {
		if err := w.WriteHeader(&tar.Header{Name: path.Join(root, f.name), Mode: 0o644, Size: int64(len(f.data))}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, f.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// golden is a scan as far as it is this package's doing: facts and rules have
// tests of their own.
type golden struct {
	Project, Version   string
	PageLatest         bool
	Outcome            message.Outcome
	Why                string
	Cuts               []message.Cut
	Files              []message.File
	Metadata           message.Metadata
	Emails             []message.Email
	EmailClass         string
	Observations, Seen []string
}

// watched are the behaviours of the fixtures; rules that are added later must
// not change the goldens.
var watched = map[string]bool{
	"file/delete": true, "file/delete-tree": true, "file/rename": true, "file/create-directory": true, "execution/process-spawn": true,
	"execution/shell-command": true, "network/socket": true, "permissions/change-mode": true,
}

func goldenOf(s *message.Scan) golden {
	g := golden{
		Project: s.Project, Version: s.Version, PageLatest: s.PageLatest, Outcome: s.Outcome, Why: s.Why, Cuts: s.Cuts,
		Files: s.Files, Metadata: s.Metadata, Emails: s.Emails, EmailClass: s.EmailClass,
	}
	for i := range g.Files { // what a compressor makes of them is its own affair
		g.Files[i].Bytes, g.Files[i].SHA256 = min(g.Files[i].Bytes, 1), fmt.Sprint(len(g.Files[i].SHA256))
	}
	for _, o := range s.Observations {
		if !watched[o.Behavior] && o.Context != message.ContextPackage {
			continue
		}
		line := fmt.Sprintf("%s %s %s %d", o.Behavior, o.Context, o.Certainty, o.Hits)
		for _, e := range o.Evidence {
			line += fmt.Sprintf(" %s:%d", e.Path, e.Line)
		}
		g.Observations = append(g.Observations, line)
	}
	for _, x := range s.Symbols {
		if x.Kind == message.SymbolCall || x.Kind == message.SymbolTrait && x.Context == message.ContextPackage {
			g.Seen = append(g.Seen, fmt.Sprintf("%s %s %s %d", x.Kind, x.Context, x.Name, x.Hits))
		}
	}
	slices.Sort(g.Seen)
	return g
}

// folder opens a folder of packed distributions as an index.
func folder(t testing.TB, dir string) pypi.Index {
	t.Helper()
	x, err := pypi.Open(dir, pypi.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func newAnalyzer(t testing.TB, o Options) *Analyzer {
	t.Helper()
	o.Matcher = testMatcher(t)
	a, err := NewAnalyzer(o)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestGoldenScans(t *testing.T) {
	fixtures, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(fixtures) == 0 {
		t.Fatal("no fixtures", err)
	}
	for _, name := range fixtures {
		t.Run(filepath.Base(name), func(t *testing.T) {
			fixture, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			pack(t, dir, fixture)
			x := folder(t, dir)
			a := newAnalyzer(t, Options{Index: x, Key: []byte("k"), KeyID: "test"})
			root, err := x.Root(t.Context())
			if err != nil || len(root.Projects) != 1 {
				t.Fatalf("%d projects, %v", len(root.Projects), err)
			}
			page, err := x.Project(t.Context(), root.Projects[0].Name)
			if err != nil {
				t.Fatal(err)
			}
			version, _ := page.Latest()
			var got []byte
			for range 2 { // the second time with used tables
				s, err := a.Release(t.Context(), page, version)
				if err != nil {
					t.Fatal(err)
				}
				b, err := json.MarshalIndent(goldenOf(s), "", "  ")
				if err != nil {
					t.Fatal(err)
				}
				if got != nil && !bytes.Equal(got, b) {
					t.Errorf("the second scan differs:\n%s", gocmp.Diff(string(got), string(b)))
				}
				got = b
			}
			file := strings.TrimSuffix(name, ".txtar") + ".json"
			if *update {
				if err := os.WriteFile(file, append(got, '\n'), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if d := gocmp.Diff(string(bytes.TrimSpace(want)), string(got)); d != "" {
				t.Error(d)
			}
		})
	}
}

// tampered hands out files other than the page promised.
type tampered struct {
	pypi.Index
	fetch   func(f pypi.File, n int) (io.ReadCloser, error)
	fetched map[string]int
}

func (x *tampered) Fetch(_ context.Context, f pypi.File) (io.ReadCloser, error) {
	x.fetched[f.Name]++
	return x.fetch(f, x.fetched[f.Name])
}

func TestFilesThatAreNotAsPromised(t *testing.T) {
	dir := t.TempDir()
	fixture, err := txtar.ParseFile("testdata/both.txtar")
	if err != nil {
		t.Fatal(err)
	}
	pack(t, dir, fixture)
	real := folder(t, dir)
	read := func(f pypi.File) []byte {
		r, err := real.Fetch(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	give := func(b []byte) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }
	sdist := func(f pypi.File) bool { return f.Kind == pypi.KindSdist }
	evil := packTar(t, "two.parts-1.0", []packedFile{{"setup.py", "import os\nos.mkdir('evil')\n"}})
	evilWheel := packZip(t, []packedFile{{"evil.py", "import os\nos.mkdir('evil')\n"}})
	for _, tc := range []struct {
		name    string
		fetch   func(f pypi.File, n int) (io.ReadCloser, error)
		outcome message.Outcome
		why     string
		files   int
		zip     int64
		err     error
	}{
		{"as promised", func(f pypi.File, _ int) (io.ReadCloser, error) { return give(read(f)) }, message.OutcomeOK, "", 2, 0, nil},
		{"another once", func(f pypi.File, n int) (io.ReadCloser, error) {
			if sdist(f) && n == 1 {
				return give(evil)
			}
			return give(read(f))
		}, message.OutcomeOK, "", 2, 0, nil},
		{"another sdist", func(f pypi.File, _ int) (io.ReadCloser, error) {
			if sdist(f) {
				return give(evil)
			}
			return give(read(f))
		}, message.OutcomePartial, WhyWrongHash, 1, 0, nil},
		{"all others", func(f pypi.File, _ int) (io.ReadCloser, error) {
			if sdist(f) {
				return give(evil)
			}
			return give(evilWheel)
		}, message.OutcomeUnanalysed, WhyWrongHash, 0, 0, nil},
		{"gone", func(f pypi.File, _ int) (io.ReadCloser, error) {
			return nil, fmt.Errorf("pypi: %w", pypi.ErrNotFound)
		}, message.OutcomeUnanalysed, WhyFileGone, 0, 0, nil},
		{"short", func(f pypi.File, _ int) (io.ReadCloser, error) {
			if sdist(f) {
				return io.NopCloser(io.MultiReader(bytes.NewReader(read(f)[:100]), failing{pypi.ErrSize})), nil
			}
			return give(read(f))
		}, message.OutcomePartial, WhyWrongSize, 1, 0, nil},
		{"large zip", func(f pypi.File, _ int) (io.ReadCloser, error) { return give(read(f)) }, message.OutcomePartial, WhyNeedsRanges, 1, 100, nil},
		{"network", func(f pypi.File, _ int) (io.ReadCloser, error) {
			return io.NopCloser(io.MultiReader(bytes.NewReader(read(f)[:100]), failing{pypi.ErrUnavailable})), nil
		}, "", "", 0, 0, pypi.ErrUnavailable},
	} {
		for _, told := range []bool{true, false} { // with and without sizes on the page
			t.Run(fmt.Sprint(tc.name, told), func(t *testing.T) {
				page, err := real.Project(t.Context(), "two-parts")
				if err != nil {
					t.Fatal(err)
				}
				for i := range page.Files {
					sum := &hashing{r: bytes.NewReader(read(page.Files[i])), h: newHash()}
					if _, err := io.Copy(io.Discard, sum); err != nil {
						t.Fatal(err)
					}
					page.Files[i].SHA256, page.Files[i].Size = sum.hex(), 0
					if told {
						page.Files[i].Size = sum.n
					}
				}
				a := newAnalyzer(t, Options{Index: &tampered{real, tc.fetch, map[string]int{}}, ZipBytes: cmp.Or(tc.zip, 1<<20)})
				s, err := a.Release(t.Context(), page, "1.0")
				if tc.err != nil {
					if !errors.Is(err, tc.err) || s != nil {
						t.Fatalf("scan %v, err %v, want %v", s, err, tc.err)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				why := tc.why
				if why == WhyWrongHash && told {
					why = s.Why // a wrong size shows first
				}
				if s.Outcome != tc.outcome || s.Why != why || len(s.Files) != tc.files {
					t.Errorf("%s %q %d files, want %s %q %d", s.Outcome, s.Why, len(s.Files), tc.outcome, why, tc.files)
				}
				for _, f := range s.Files {
					if !f.Verified {
						t.Errorf("%s is not verified", f.Name)
					}
				}
				for _, o := range s.Observations {
					if o.Behavior == "file/create-directory" {
						t.Error("facts of a file that was not the promised one")
					}
				}
			})
		}
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestOutcomesWithoutFiles(t *testing.T) {
	a := newAnalyzer(t, Options{})
	wheelOnly := newAnalyzer(t, Options{Files: FilesWheel})
	for _, tc := range []struct {
		name    string
		a       *Analyzer
		page    pypi.Page
		version string
		outcome message.Outcome
		why     string
	}{
		{"no release", a, pypi.Page{Name: "a"}, "", message.OutcomeEmpty, WhyNoRelease},
		{"no files", a, pypi.Page{Name: "a", Versions: []string{"1"}}, "1", message.OutcomeEmpty, WhyNoFiles},
		{"quarantined", a, pypi.Page{Name: "a", Versions: []string{"1"}, State: message.StateQuarantined}, "1", message.OutcomeEmpty, WhyQuarantined},
		{"unreadable", a, pypi.Page{Name: "a", Files: []pypi.File{{Name: "a-1.tar.Z", Kind: pypi.KindSdist, Version: "1"}}}, "1", message.OutcomeUnanalysed, WhyNoDistFiles},
		{"not asked for", wheelOnly, pypi.Page{Name: "a", Files: []pypi.File{{Name: "a-1.zip", Kind: pypi.KindSdist, Version: "1"}}}, "1", message.OutcomeUnanalysed, WhyNotSelected},
	} {
		s, err := tc.a.Release(t.Context(), &tc.page, tc.version)
		if err != nil || s.Outcome != tc.outcome || s.Why != tc.why || !s.PageLatest || s.At.IsZero() || s.Scanner == "" || s.Catalogue == "" {
			t.Errorf("%s: %+v, %v", tc.name, s, err)
		}
	}
}

func TestPanicIsAnOutcome(t *testing.T) {
	dir := t.TempDir()
	pack(t, dir, &txtar.Archive{Files: []txtar.File{{Name: "p-1.tar.gz/setup.py", Data: []byte("x = 1\n")}}})
	x := folder(t, dir)
	page, err := x.Project(t.Context(), "p")
	if err != nil {
		t.Fatal(err)
	}
	a := newAnalyzer(t, Options{Index: &tampered{x, func(pypi.File, int) (io.ReadCloser, error) { panic("planted") }, map[string]int{}}})
	s, err := a.Release(t.Context(), page, "1")
	if err != nil || s.Outcome != message.OutcomeUnanalysed || s.Why != WhyScannerPanic || len(s.Files) != 0 || s.At.IsZero() {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestPath(t *testing.T) {
	dir := t.TempDir()
	fixture, err := txtar.ParseFile("testdata/both.txtar")
	if err != nil {
		t.Fatal(err)
	}
	pack(t, dir, fixture)
	tree := t.TempDir()
	for _, f := range fixture.Files {
		if member, ok := strings.CutPrefix(f.Name, "two.parts-1.0.tar.gz/"); ok {
			p := filepath.Join(tree, filepath.FromSlash(member))
			if err := errors.Join(os.MkdirAll(filepath.Dir(p), 0o700), os.WriteFile(p, f.Data, 0o600)); err != nil {
				t.Fatal(err)
			}
		}
	}
	single := filepath.Join(t.TempDir(), "one.py")
	installed := t.TempDir()
	if err := errors.Join(
		os.WriteFile(single, []byte("import os\nos.remove('x')\n"), 0o600), os.Mkdir(filepath.Join(installed, "pkg"), 0o700),
		os.WriteFile(filepath.Join(installed, "pkg", "m.py"), []byte("import os\nos.remove('x')\n"), 0o600),
	); err != nil {
		t.Fatal(err)
	}
	a := newAnalyzer(t, Options{})
	for _, tc := range []struct {
		path string
		want []string
	}{
		{filepath.Join(dir, "two.parts-1.0.tar.gz"), []string{"two-parts 1.0", "file/delete install", "file/delete call", "file/rename support"}},
		{filepath.Join(dir, "two_parts-1.0-py3-none-any.whl"), []string{"two-parts 1.0", "file/delete call", "file/rename call"}},
		{tree, []string{"two-parts 1.0", "file/delete install", "file/delete call", "file/rename support"}},
		{single, []string{" ", "file/delete import"}},
		{installed, []string{" ", "file/delete import"}},
	} {
		s, err := a.Path(t.Context(), tc.path)
		if err != nil {
			t.Fatal(err)
		}
		got := []string{s.Project + " " + s.Version}
		for _, o := range s.Observations {
			if o.Behavior == "file/delete" || o.Behavior == "file/rename" {
				got = append(got, o.Behavior+" "+string(o.Context))
			}
		}
		if d := gocmp.Diff(tc.want, got); d != "" || s.Outcome != message.OutcomeOK {
			t.Errorf("%s: %s %s", tc.path, s.Outcome, d)
		}
	}
	paths, err := Expand(dir)
	if err != nil || len(paths) != 2 {
		t.Errorf("Expand: %v, %v", paths, err)
	}
	if paths, err := Expand(tree); err != nil || len(paths) != 1 {
		t.Errorf("Expand: %v, %v", paths, err)
	}
	for _, bad := range []string{t.TempDir(), filepath.Join(tree, "pyproject.toml")} {
		if _, err := a.Path(t.Context(), bad); !errors.Is(err, ErrNothing) {
			t.Errorf("%s: %v", bad, err)
		}
	}
	if _, err := a.Path(t.Context(), filepath.Join(dir, "missing.whl")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing: %v", err)
	}
}

func TestLimitsMakeAScanPartial(t *testing.T) {
	dir := t.TempDir()
	pack(t, dir, &txtar.Archive{Files: []txtar.File{
		{Name: "p-1.tar.gz/setup.py", Data: []byte("x = 1\n")},
		{Name: "p-1.tar.gz/p.py", Data: bytes.Repeat([]byte("y = 2\n"), 10_000)},
	}})
	a := newAnalyzer(t, Options{Limits: archive.Limits{MemberBytes: 1000}})
	s, err := a.Path(t.Context(), filepath.Join(dir, "p-1.tar.gz"))
	want := []message.Cut{{File: "p-1.tar.gz", Member: "p-1/p.py", Why: archive.WhyMemberTooLarge, Bytes: 60_000}}
	if err != nil || s.Outcome != message.OutcomePartial || s.Why != archive.WhyMemberTooLarge || gocmp.Diff(want, s.Cuts) != "" {
		t.Errorf("%s %s %v, %v", s.Outcome, s.Why, s.Cuts, err)
	}
	a = newAnalyzer(t, Options{Limits: archive.Limits{TotalBytes: 20_000}, HeldBytes: 1})
	s, err = a.Path(t.Context(), filepath.Join(dir, "p-1.tar.gz"))
	if err != nil || s.Outcome != message.OutcomePartial || s.Why != archive.WhyTotalTooLarge {
		t.Errorf("%s %s, %v", s.Outcome, s.Why, err)
	}
}
