package client_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"sync/atomic"
	"testing"
	"time"

	// The examples ask a server over what the aggregator really writes.
	"prevalence/aggregator"
	"prevalence/internal/engine"
	"prevalence/internal/store"
	"prevalence/query"
	"prevalence/query/api"
	"prevalence/query/client"
	"prevalence/schemas/catalog"
	"prevalence/schemas/message"
)

// serverAddress is where the examples ask.
var serverAddress string

const token = "a-token-of-some-length"

func TestMain(m *testing.M) {
	engine.RunIfChild()
	stop, err := start(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	stop()
	os.Exit(code)
}

// start serves a dataset of three projects.
func start(ctx context.Context) (stop func(), err error) {
	dir, err := os.MkdirTemp("", "client-test-")
	if err != nil {
		return nil, err
	}
	ch, err := engine.StartClickHouse(ctx, engine.ClickHouseOptions{Dir: dir, MemoryBytes: 1 << 30})
	if err != nil {
		return nil, err
	}
	open := func(a engine.Account, database string) *store.DB {
		db, openErr := store.Open(ctx, store.Options{Addr: ch.Addr(), Database: database, Views: engine.ViewsDatabase, User: a.User, Password: a.Password})
		if openErr != nil {
			err = openErr
		}
		return db
	}
	owner, reader := open(ch.Owner(), engine.Database), open(ch.Reader(), engine.ViewsDatabase)
	if err != nil {
		return nil, err
	}
	words := &catalog.Catalog{Rules: []catalog.Rule{{ID: "file/delete", Sentence: "Deletes a file."}}}
	if err := fill(ctx, owner, words); err != nil {
		return nil, err
	}
	r := query.New(reader, words)
	front, err := api.New(api.Options{Pool: query.NewPool(r, r, query.PoolOptions{}), Catalog: words, Tokens: []string{token}})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	if err := front.Register(mux); err != nil {
		return nil, err
	}
	handler, err := front.Guard(mux)
	if err != nil {
		return nil, err
	}
	server := httptest.NewServer(handler)
	serverAddress = server.URL
	return func() {
		server.Close()
		_, _ = owner.Close(), reader.Close()
		ch.Close()
		_ = os.RemoveAll(dir)
	}, nil
}

// fill publishes a snapshot.
func fill(ctx context.Context, owner *store.DB, words *catalog.Catalog) error {
	if _, err := owner.Migrate(ctx); err != nil {
		return err
	}
	a, err := aggregator.New(ctx, owner, aggregator.Options{Catalog: words})
	if err != nil {
		return err
	}
	at := time.Date(2026, 11, 24, 10, 15, 0, 0, time.UTC)
	index := &message.Index{URL: "https://index.example.org/simple/", Sweep: at, Complete: true, Projects: map[string]message.Serial{}}
	var scans []aggregator.Scan
	for i, name := range []string{"alpha", "beta", "gamma"} {
		index.Projects[name] = "1"
		scans = append(scans, aggregator.Scan{Seq: uint64(i + 1), Scan: &message.Scan{Project: name, Version: "1.0", PageLatest: true, Scanner: "1", Catalogue: words.Hash(),
			JobSeq: uint64(i + 1), At: at, Outcome: message.OutcomeOK, State: message.StateActive, EmailClass: "none",
			Observations: []message.Observation{{Behavior: "file/delete", Context: message.ContextCall, Certainty: message.Resolved, Hits: 1,
				Evidence: []message.Evidence{{Path: name + "/m.py", Line: 3, Symbol: "os.remove"}}}},
			Symbols: []message.Symbol{{Name: "os.remove", Kind: message.SymbolCall, Context: message.ContextCall, Certainty: message.Resolved, Hits: 1, Path: name + "/m.py", Line: 3}}}})
	}
	states := []aggregator.State{{Seq: 1, State: &message.State{Project: "delta", State: message.StateRemoved, At: at}}}
	for _, err := range []error{a.AddStates(ctx, states, 1), a.UseIndex(ctx, index, 1), a.Add(ctx, scans)} {
		if err != nil {
			return err
		}
	}
	if ok, err := a.Snapshot(ctx); err != nil || !ok {
		return fmt.Errorf("no snapshot: %w", err)
	}
	return nil
}

// TestRetries: a busy server is asked again as it says, and no more often.
func TestRetries(t *testing.T) {
	var asked atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if n := asked.Add(1); n < 3 {
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write([]byte(`{"name": "s"}`))
	}))
	defer s.Close()
	if x, err := client.New(s.URL, client.Options{}).Snapshot(t.Context()); err != nil || x.Name != "s" || asked.Load() != 3 {
		t.Errorf("%v, %v after %d requests", x, err, asked.Load())
	}
	asked.Store(-10)
	if _, err := client.New(s.URL, client.Options{Retries: 2}).Snapshot(t.Context()); err == nil || asked.Load() != -7 {
		t.Errorf("%v after %d requests", err, asked.Load()+10)
	}
}

// TestRefused: what the server says is what the caller is told.
func TestRefused(t *testing.T) {
	_, err := client.New(serverAddress, client.Options{}).Snapshot(t.Context())
	if err == nil || err.Error() != "client: 401 Unauthorized: bring a token: Authorization: Bearer …" {
		t.Errorf("without a token: %v", err)
	}
	_, err = client.New(serverAddress, client.Options{Token: token}).Symbol(t.Context(), "*", 1)
	if err == nil || client.NotFound(err) {
		t.Errorf("everything: %v", err)
	}
}
