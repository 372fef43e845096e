package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	// The API is tested on what the aggregator really writes.
	"prevalence/aggregator"
	"prevalence/aggregator/labels"
	"prevalence/internal/engine"
	"prevalence/internal/engine/enginetest"
	"prevalence/internal/store"
	"prevalence/query"
	"prevalence/query/api"
	"prevalence/schemas/catalog"
	"prevalence/schemas/message"
)

func TestMain(m *testing.M) { enginetest.Main(m) }

var words = &catalog.Catalog{
	Rules: []catalog.Rule{
		{ID: "file/delete", Sentence: "Deletes a file.", Attack: "T1070.004", YAML: "id: file/delete\n"},
		{ID: "file/rename", Sentence: "Renames a file, <b>boldly</b>.", YAML: "id: file/rename\n"},
		{ID: "network/socket", Sentence: "Opens a network socket.", YAML: "id: network/socket\n"},
		{ID: "memory/raw-memory", Sentence: "Reads raw memory.", YAML: "id: memory/raw-memory\n"},
	},
	Issues: []catalog.Issue{
		{ID: "anonymous-author", Title: "Anonymous author", Problem: "Nobody answers.\n", NextSteps: []string{"Look."}, Prevalence: "{community} of {community_scanned} ({label})."},
		{ID: "removed-components"}, {ID: "yanked"}, {ID: "quarantined"},
	},
}

// hostile stands wherever a package has room for a text of its own.
const hostile = `"><script>alert(1)</script>'; DROP TABLE projects; --`

var at = time.Date(2026, 11, 24, 10, 15, 0, 0, time.UTC)

const projects = 60 // of the first snapshot; the last 6 are malicious

// world is a dataset with an API in front of it.
type world struct {
	owner  *store.DB
	a      *aggregator.Aggregator
	index  *message.Index
	quick  *query.Reader
	slow   *query.Reader
	server *httptest.Server
}

// serve starts an API over the dataset, and stops it when the test ends.
func (w *world) serve(t *testing.T, pool query.PoolOptions, change func(*api.Options)) *httptest.Server {
	t.Helper()
	if pool.Fresh == 0 {
		pool.Fresh = time.Nanosecond
	}
	o := api.Options{Pool: query.NewPool(w.quick, w.slow, pool), Catalog: words, Version: "test"}
	if change != nil {
		change(&o)
	}
	front, err := api.New(o)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	if err := front.Register(mux); err != nil {
		t.Fatal(err)
	}
	handler, err := front.Guard(mux)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s
}

// startEmpty returns a dataset without a snapshot, with an API for everybody.
func startEmpty(t *testing.T) *world {
	t.Helper()
	ch := enginetest.ClickHouse(t)
	open := func(a engine.Account, database string) *store.DB {
		db, err := store.Open(t.Context(), store.Options{Addr: ch.Addr(), Database: database, Views: engine.ViewsDatabase, User: a.User, Password: a.Password, Conns: 20})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		return db
	}
	w := &world{owner: open(ch.Owner(), engine.Database)}
	if _, err := w.owner.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.quick, w.slow = query.New(open(ch.Reader(), engine.ViewsDatabase), words), query.New(open(ch.Reader(), engine.ViewsDatabase), words)
	var err error
	if w.a, err = aggregator.New(t.Context(), w.owner, aggregator.Options{Catalog: words}); err != nil {
		t.Fatal(err)
	}
	w.server = w.serve(t, query.PoolOptions{}, nil)
	return w
}

// start returns a dataset of one snapshot with an API for everybody.
func start(t *testing.T) *world {
	t.Helper()
	w := startEmpty(t)
	w.index = &message.Index{URL: "https://index.example.org/simple/", Serial: "77", Sweep: at, Complete: true, Projects: map[string]message.Serial{}}
	u, err := aggregator.NewUpkeep(t.Context(), w.owner, aggregator.UpkeepOptions{Catalog: words})
	if err != nil {
		t.Fatal(err)
	}
	ranking := message.Ranking{Name: "all@2026-04-01#1f0c9a2b", Base: "all", Date: at}
	var scans []aggregator.Scan
	var malicious []labels.Label
	for i := range projects {
		s := scanOf(i)
		w.index.Projects[s.Project] = "1"
		scans = append(scans, aggregator.Scan{Seq: uint64(i + 1), Scan: s})
		if i < 20 {
			ranking.Projects = append(ranking.Projects, s.Project)
		}
		if i >= projects-6 {
			malicious = append(malicious, labels.Label{Source: "list", Project: s.Project, Version: s.Version, ID: "MAL-1", Class: labels.Malware})
		}
	}
	w.index.Ranking = ranking.Name
	states := []aggregator.State{{Seq: 10, Ranking: &ranking},
		{Seq: 11, State: &message.State{Project: "project-01", State: message.StateRemoved, At: at.Add(-2 * time.Hour)}},
		{Seq: 12, State: &message.State{Project: hostile, State: message.StateRemoved, At: at.Add(-time.Hour)}},
		{Seq: 13, State: &message.State{Project: "project-01", State: message.StateResurrected, At: at}}}
	for _, err := range []error{u.ImportLabels(t.Context(), malicious), w.a.AddStates(t.Context(), states, 13), w.a.UseIndex(t.Context(), w.index, 1), w.a.Add(t.Context(), scans)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	w.publish(t)
	return w
}

func (w *world) publish(t *testing.T) {
	t.Helper()
	if ok, err := w.a.Snapshot(t.Context()); err != nil || !ok {
		t.Fatalf("snapshot: %v, %v", ok, err)
	}
}

// scanOf is a scan of project i; number 3 is hostile wherever it can be.
func scanOf(i int) *message.Scan {
	name := fmt.Sprintf("project-%02d", i)
	s := &message.Scan{Project: name, Version: "1.0", PageLatest: true, Scanner: "1", Catalogue: words.Hash(), JobSeq: uint64(i + 1), At: at,
		Outcome: message.OutcomeOK, State: message.StateActive, EmailClass: "privacy",
		Files:    []message.File{{Name: name + "-1.0.tar.gz", Kind: "sdist", Bytes: int64(1000 + i), SHA256: fmt.Sprintf("%064d", i), Verified: true, Members: 3}},
		Emails:   []message.Email{{Domain: "proton.me", Class: "privacy", Key: "secret", KeyID: "k"}},
		Metadata: message.Metadata{Name: name, Version: "1.0", License: "MIT", Modules: []string{"m" + name[8:]}, RequiresDist: []string{"project-00>=1", "away @ https://user:pass@away.example/x.zip"}},
		Observations: []message.Observation{{Behavior: "file/delete", Context: message.ContextCall, Certainty: message.Resolved, Hits: 2,
			Evidence: []message.Evidence{{Path: "p/m.py", Line: 3, Symbol: "os.remove"}}}},
		Symbols: []message.Symbol{
			{Name: "os.remove", Kind: message.SymbolCall, Context: message.ContextCall, Certainty: message.Resolved, Hits: 1, Path: "p/m.py", Line: 3},
			{Name: "os", Kind: message.SymbolImport, Context: message.ContextImport, Certainty: message.Resolved, Hits: 1, Path: "p/m.py", Line: 1},
			{Name: fmt.Sprintf("os.call%d", i), Kind: message.SymbolCall, Context: message.ContextCall, Certainty: message.Resolved, Hits: 1, Path: "p/m.py", Line: 9},
		},
		Indicators: []message.Indicator{{Kind: "domain", Value: "cdn.example.net", Context: message.ContextCall, Hits: 1, Path: "p/m.py", Line: 4}}}
	if i >= projects-6 {
		s.Observations = append(s.Observations, message.Observation{Behavior: "network/socket", Context: message.ContextInstall, Certainty: message.Resolved, Hits: 1})
	}
	switch i {
	case 3:
		s.Version = `1.0"><script>`
		s.Files[0].Name = hostile
		s.Metadata.License, s.Metadata.Modules, s.Detail, s.Why = hostile, []string{hostile}, hostile, hostile
		s.Observations[0].Evidence = []message.Evidence{{Path: hostile, Line: 1, Symbol: hostile}}
		s.Symbols = append(s.Symbols, message.Symbol{Name: hostile, Kind: message.SymbolCall, Context: message.ContextCall, Certainty: message.Resolved, Hits: 1, Path: hostile, Line: 1})
		s.Indicators = append(s.Indicators, message.Indicator{Kind: "url", Value: "https://h.example/" + hostile, Context: message.ContextCall, Hits: 1, Path: hostile, Line: 1})
	case 4:
		s.Outcome, s.Why, s.Observations, s.Symbols, s.Indicators = message.OutcomeUnanalysed, "not-an-archive", nil, nil, nil
	}
	return s
}

// asked is one answer.
type asked struct {
	status int
	header http.Header
	body   []byte
}

// ask sends a request; headers are pairs.
func ask(t *testing.T, s *httptest.Server, method, path, body string, headers ...string) asked {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, s.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return asked{resp.StatusCode, resp.Header, b}
}

// get asks and reads JSON.
func get[T any](t *testing.T, s *httptest.Server, path string) T {
	t.Helper()
	a := ask(t, s, http.MethodGet, path, "")
	var v T
	if a.status != http.StatusOK {
		t.Fatalf("%s: %d %s", path, a.status, a.body)
	}
	if err := json.Unmarshal(a.body, &v); err != nil {
		t.Fatalf("%s: %v: %s", path, err, a.body)
	}
	return v
}
