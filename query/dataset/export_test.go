package dataset_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	"github.com/santhosh-tekuri/jsonschema/v6"

	// The export is tested on what the aggregator really writes.
	"prevalence/aggregator"
	"prevalence/aggregator/labels"
	"prevalence/internal/engine"
	"prevalence/internal/engine/enginetest"
	"prevalence/internal/store"
	"prevalence/query"
	"prevalence/query/dataset"
	"prevalence/schemas/catalog"
	"prevalence/schemas/message"
)

func TestMain(m *testing.M) { enginetest.Main(m) }

var rules = &catalog.Catalog{Rules: []catalog.Rule{
	{ID: "file/delete", Sentence: "Deletes a file."}, {ID: "network/url", Sentence: "Names a URL."},
	{ID: "network/zip", Sentence: "Is shown by nobody."}},
	Issues: []catalog.Issue{{ID: "anonymous-author"}, {ID: "removed-components"}, {ID: "yanked"}, {ID: "quarantined"}}}

const (
	projects  = 60
	malicious = 6 // the last ones, each of code of its own
	// address stands wherever a scan has room for a text of the package, and
	// secret wherever it has room for a hash.
	address = "jane.doe@private.example"
	domain  = "private.example"
	secret  = "5ec2e7c0ffee5ec2e7c0ffee"
)

// scans are of projects full of addresses and hashes of them.
func scans(at time.Time) ([]aggregator.Scan, *message.Index) {
	index := &message.Index{URL: "https://jane:" + secret + "@index.example.org/simple/?token=" + secret, Sweep: at, Complete: true, Projects: map[string]message.Serial{}}
	var all []aggregator.Scan
	for i := range projects {
		name, seq := fmt.Sprintf("project-%02d", i), uint64(i+1)
		index.Projects[name] = "1"
		s := &message.Scan{Project: name, Version: "1.0", PageLatest: true, Scanner: "1", Catalogue: rules.Hash(), JobSeq: seq, At: at,
			Outcome: message.OutcomePartial, Why: "limit", Detail: "cut at " + address, State: message.StateActive, EmailClass: "privacy",
			Files:    []message.File{{Name: name + "-1.0.tar.gz", Kind: "sdist", Bytes: int64(1000 + i), SHA256: fmt.Sprintf("%064d", i), Verified: true}},
			Emails:   []message.Email{{Domain: domain, Class: "corporate", Key: secret, KeyID: "key-of-the-house"}},
			Metadata: message.Metadata{Name: name, Version: "1.0", License: "ask " + address, RequiresDist: []string{"x @ https://" + address + "/x.zip"}},
			Observations: []message.Observation{{Behavior: "file/delete", Context: message.ContextCall, Certainty: message.Resolved, Hits: 1,
				Evidence: []message.Evidence{{Path: address + "/m.py", Line: 3, Symbol: address, Fingerprint: secret}}}},
			Symbols: []message.Symbol{
				{Name: "os.remove", Kind: message.SymbolCall, Context: message.ContextCall, Certainty: message.Resolved, Hits: 1, Path: address + "/m.py", Line: 3},
				{Name: "x." + address, Kind: message.SymbolCall, Context: message.ContextCall, Certainty: message.Resolved, Hits: 1},
			},
			Indicators: []message.Indicator{
				{Kind: "email-domain", Value: domain, Context: message.ContextCall, Hits: 1},
				{Kind: "token", Value: "github:" + secret, Context: message.ContextCall, Hits: 1},
				{Kind: "webhook", Value: "discord:" + secret, Context: message.ContextCall, Hits: 1},
				{Kind: "wallet", Value: "bc1" + secret, Context: message.ContextCall, Hits: 1},
				{Kind: "url", Value: "https://" + address + "/", Context: message.ContextCall, Hits: 1},
				{Kind: "domain", Value: "cdn.example.net", Context: message.ContextCall, Hits: 1},
				{Kind: "ipv4", Value: "8.8.8.8", Context: message.ContextCall, Hits: 1},
				{Kind: "domain", Value: fmt.Sprintf("only-%d.example.net", i), Context: message.ContextCall, Hits: 1},
			}}
		if i >= projects-malicious {
			s.Observations = append(s.Observations, message.Observation{Behavior: "network/url", Context: message.ContextInstall, Certainty: message.Resolved, Hits: 1})
			s.Symbols = append(s.Symbols, message.Symbol{Name: fmt.Sprintf("os.call%d", i), Kind: message.SymbolCall, Context: message.ContextCall,
				Certainty: message.Resolved, Hits: 1})
		}
		all = append(all, aggregator.Scan{Seq: seq, Scan: s})
	}
	return all, index
}

// published is a reader of a snapshot of these scans.
func published(t *testing.T) *query.Reader {
	t.Helper()
	ch := enginetest.ClickHouse(t)
	open := func(a engine.Account, database string) *store.DB {
		db, err := store.Open(t.Context(), store.Options{Addr: ch.Addr(), Database: database, Views: engine.ViewsDatabase, User: a.User, Password: a.Password})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		return db
	}
	owner := open(ch.Owner(), engine.Database)
	if _, err := owner.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	a, err := aggregator.New(t.Context(), owner, aggregator.Options{Catalog: rules})
	if err != nil {
		t.Fatal(err)
	}
	list, index := scans(time.Date(2026, 11, 24, 10, 15, 0, 0, time.UTC))
	u, err := aggregator.NewUpkeep(t.Context(), owner, aggregator.UpkeepOptions{Catalog: rules})
	if err != nil {
		t.Fatal(err)
	}
	var labelled []labels.Label
	for _, s := range list[projects-malicious:] {
		labelled = append(labelled, labels.Label{Source: "list", Project: s.Scan.Project, Version: "1.0", ID: "MAL-1", Class: labels.Malware})
	}
	for _, err := range []error{u.ImportLabels(t.Context(), labelled), a.UseIndex(t.Context(), index, 1), a.Add(t.Context(), list)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if ok, err := a.Snapshot(t.Context()); err != nil || !ok {
		t.Fatalf("snapshot: %v, %v", ok, err)
	}
	return query.New(open(ch.Reader(), engine.ViewsDatabase), rules)
}

func TestExport(t *testing.T) {
	r := published(t)
	out := t.TempDir()
	dir, err := dataset.Export(t.Context(), r, dataset.Options{Out: out, Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := dataset.Export(t.Context(), r, dataset.Options{Out: out}); !errors.Is(err, dataset.ErrExists) {
		t.Errorf("a second export: %v", err)
	}
	if _, err := dataset.Export(t.Context(), r, dataset.Options{Out: out, Snapshot: "absent"}); !errors.Is(err, query.ErrNoSnapshot) {
		t.Errorf("an export of no snapshot: %v", err)
	}
	if entries, err := os.ReadDir(out); err != nil || len(entries) != 1 {
		t.Errorf("beside the dataset stand %v, %v", entries, err)
	}
	files := readAll(t, dir)
	t.Run("nothing personal", func(t *testing.T) { nothingPersonal(t, dir, files) })
	t.Run("described", func(t *testing.T) { described(t, files) })
	t.Run("equal formats", func(t *testing.T) { equalFormats(t, dir, files) })
	t.Run("reference", func(t *testing.T) { reference(t, files) })
	t.Run("facts", func(t *testing.T) { sampledFacts(t, files) })
	t.Run("warning lists", func(t *testing.T) {
		for path, want := range map[string]string{"misp/hosts/list.json": "cdn.example.net", "misp/addresses/list.json": "8.8.8.8/32"} {
			var list struct {
				Version int
				List    []string
			}
			if err := json.Unmarshal(files[path], &list); err != nil || len(list.List) != 1 || list.List[0] != want || list.Version < 20260101 {
				t.Errorf("%s: %+v, %v", path, list, err)
			}
		}
	})
}

// sampledFacts reads the sample of facts: a head and a line a counted project,
// which have symbols and nothing personal.
func sampledFacts(t *testing.T, files map[string][]byte) {
	z, err := zstd.NewReader(bytes.NewReader(files["facts.jsonl.zst"]))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	d := json.NewDecoder(z)
	var head query.FactsHead
	if err := d.Decode(&head); err != nil || head.Schema != query.FactsSchema || len(head.Catalogues) == 0 {
		t.Fatalf("head: %+v, %v", head, err)
	}
	projects, symbols := 0, 0
	for ; ; projects++ {
		var x query.FactsOf
		if err := d.Decode(&x); err != nil {
			break
		}
		symbols += len(x.Symbols)
		text := fmt.Sprintf("%+v", x)
		for _, personal := range []string{"@", "jane", domain, secret, "key-of-the-house"} {
			if strings.Contains(text, personal) {
				t.Errorf("%s holds %q", x.Project, personal)
			}
		}
		if head.Strata[x.Stratum].Weight < 1 {
			t.Errorf("%s weighs %v", x.Project, head.Strata[x.Stratum].Weight)
		}
	}
	sampled := 0
	for _, h := range head.Strata {
		sampled += h.Sampled
	}
	if projects == 0 || projects != sampled || symbols == 0 {
		t.Errorf("%d projects of %d, %d symbols", projects, sampled, symbols)
	}
}

func readAll(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	files := make(map[string][]byte)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		files[filepath.ToSlash(rel)], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// nothingPersonal looks for addresses and hashes in every file, and in every
// cell of the Parquet files, whose pages are compressed.
func nothingPersonal(t *testing.T, dir string, files map[string][]byte) {
	for path, content := range files {
		if strings.HasSuffix(path, ".zst") {
			continue // sampledFacts looks into it
		}
		text := string(content)
		if strings.HasSuffix(path, ".parquet") {
			text = fmt.Sprint(parquetRows(t, filepath.Join(dir, path)))
		}
		for _, personal := range []string{"@", "jane", domain, secret, "key-of-the-house"} {
			if strings.Contains(text, personal) {
				t.Errorf("%s holds %q", path, personal)
			}
		}
	}
}

// parquetRows reads a file with Go's own reader, a map a row.
func parquetRows(t *testing.T, path string) []map[string]any {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	p, err := parquet.OpenFile(file, info.Size())
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	reader := parquet.NewGenericReader[map[string]any](p, p.Schema())
	defer func() { _ = reader.Close() }()
	rows := make([]map[string]any, reader.NumRows())
	for i := range rows {
		rows[i] = make(map[string]any)
	}
	if n, err := reader.Read(rows); n != len(rows) {
		t.Fatalf("%s: %d of %d rows, %v", path, n, len(rows), err)
	}
	return rows
}

type description struct {
	Version   string
	Snapshot  struct{ Index struct{ URL string } }
	Licenses  []struct{ Name string }
	Resources []struct {
		Name, Path, Format, Hash string
		Bytes                    int
		Rows                     int
		Schema                   any
	}
}

func describe(t *testing.T, files map[string][]byte) description {
	t.Helper()
	var d description
	if err := json.Unmarshal(files["datapackage.json"], &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// described compares datapackage.json with what is there.
func described(t *testing.T, files map[string][]byte) {
	d := describe(t, files)
	if d.Version == "" || len(d.Licenses) != 1 || len(d.Resources) != 5*3+4 {
		t.Fatalf("package %+v", d)
	}
	if got, want := d.Snapshot.Index.URL, "https://index.example.org/simple/"; got != want {
		t.Errorf("the index is %q, want %q", got, want)
	}
	for _, r := range d.Resources {
		content, ok := files[r.Path]
		sum := sha256.Sum256(content)
		if !ok || r.Bytes != len(content) || r.Hash != "sha256:"+hex.EncodeToString(sum[:]) {
			t.Errorf("%s: %d bytes, %s", r.Path, r.Bytes, r.Hash)
		}
	}
}

// equalFormats compares the three formats of each table cell by cell.
func equalFormats(t *testing.T, dir string, files map[string][]byte) {
	want := map[string]int{"projects": projects, "behaviors": projects - malicious, "population": projects, "symbols": 1}
	tables := 0
	for _, r := range describe(t, files).Resources {
		name, isTable := strings.CutSuffix(r.Path, ".parquet")
		if !isTable {
			continue
		}
		tables++
		columns := r.Schema.(map[string]any)["fields"].([]any)
		rows := parquetRows(t, filepath.Join(dir, r.Path))
		lines, err := csv.NewReader(bytes.NewReader(files[name+".csv"])).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		objects := strings.Split(strings.TrimSpace(string(files[name+".jsonl"])), "\n")
		if n := want[name]; n > 0 && len(rows) != n || len(rows) == 0 || len(rows) != r.Rows || len(lines) != r.Rows+1 || len(objects) != r.Rows {
			t.Fatalf("%s: %d rows, %d lines, %d objects; described %d, want %d", name, len(rows), len(lines), len(objects), r.Rows, n)
		}
		for i, row := range rows {
			var object map[string]any
			if err := json.Unmarshal([]byte(objects[i]), &object); err != nil {
				t.Fatal(err)
			}
			for c, column := range columns {
				f := column.(map[string]any)
				key := f["name"].(string)
				if f["description"] == "" || f["type"] == "integer" && key != "rank" && f["unit"] == nil {
					t.Fatalf("%s: column %v", name, f)
				}
				text := func(v any) string {
					switch v := v.(type) {
					case nil:
						return ""
					case float64:
						return fmt.Sprint(json.Number(fmt.Sprint(v)))
					}
					return fmt.Sprint(v)
				}
				if got := []string{lines[0][c], lines[i+1][c], text(object[key])}; cmp.Diff([]string{key, text(row[key]), text(row[key])}, got) != "" {
					t.Fatalf("%s, row %d, %s: %v, want %q", name, i, key, got, text(row[key]))
				}
			}
		}
	}
	if tables != 5 {
		t.Errorf("%d tables", tables)
	}
}

// reference holds reference.json against its schema and what was scanned.
func reference(t *testing.T, files map[string][]byte) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(files["reference.schema.json"]))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("reference.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("reference.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(files["reference.json"]))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(instance); err != nil {
		t.Error(err)
	}
	var ref dataset.Reference
	if err := json.Unmarshal(files["reference.json"], &ref); err != nil {
		t.Fatal(err)
	}
	if len(ref.Behaviors) != 3 || ref.Snapshot == "" {
		t.Fatalf("%+v", ref)
	}
	for i, want := range []struct {
		count     int
		important bool
	}{{projects - malicious, false}, {0, true}} {
		b := ref.Behaviors[i]
		if n := b.Bands["community"]; n.Count != want.count || n.Scanned != projects-malicious || b.Sentence == "" {
			t.Errorf("%+v", b)
		}
		if l := b.Lift; l == nil || l.Important != want.important || l.Clusters != malicious || l.Shown != malicious || !(l.Low < l.Ratio && l.Ratio < l.High) {
			t.Errorf("lift of %s: %+v", b.ID, l)
		}
	}
	if b := ref.Behaviors[2]; b.Lift != nil {
		t.Errorf("lift of what nobody shows: %+v", b.Lift)
	}
}
