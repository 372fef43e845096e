package aggregator_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"prevalence/aggregator"
	"prevalence/internal/engine"
	"prevalence/internal/engine/enginetest"
	"prevalence/internal/queue"
	"prevalence/internal/store"
)

// childEnv makes this test binary an aggregator; its value says where the
// servers are.
const childEnv = "PREVALENCE_TEST_AGGREGATOR"

// place is where the servers of a test are.
type place struct {
	NATS, ClickHouse         string
	NATSUser, ClickHouseUser engine.Account
}

// runIfChild runs an aggregator and exits when childEnv is set.
func runIfChild() {
	text := os.Getenv(childEnv)
	if text == "" {
		return
	}
	var p place
	err := json.Unmarshal([]byte(text), &p)
	if err == nil {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
		err = runAt(ctx, p)
		stop()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// runAt runs an aggregator with small batches and many snapshots.
func runAt(ctx context.Context, p place) error {
	db, err := store.Open(ctx, store.Options{Addr: p.ClickHouse, Database: engine.Database, Views: engine.ViewsDatabase,
		User: p.ClickHouseUser.User, Password: p.ClickHouseUser.Password})
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	c, err := queue.Connect(ctx, queue.Options{URL: p.NATS, User: p.NATSUser.User, Password: p.NATSUser.Password, Name: "aggregator"})
	if err != nil {
		return err
	}
	defer c.Close()
	a, err := aggregator.New(ctx, db, aggregator.Options{Catalog: rules(), CompleteIndexes: []string{wholeIndex}, BatchScans: 40, BatchWait: 50 * time.Millisecond,
		SnapshotEvery: 300 * time.Millisecond, Log: slog.New(slog.NewTextHandler(os.Stderr, nil))})
	if err != nil {
		return err
	}
	return a.Run(ctx, c)
}

// servers starts both servers and connects to the broker.
func servers(t *testing.T) (place, *queue.Conn, *store.DB) {
	t.Helper()
	ch, broker := enginetest.ClickHouse(t), enginetest.Broker(t)
	p := place{NATS: broker.URL(), ClickHouse: ch.Addr(), NATSUser: broker.Owner(), ClickHouseUser: ch.Owner()}
	c, err := queue.Connect(t.Context(), queue.Options{URL: p.NATS, User: p.NATSUser.User, Password: p.NATSUser.Password, Name: t.Name()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	if err := c.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	return p, c, connect(t, ch)
}

// send publishes what w is made of, and returns w as an aggregator gets it:
// with the sequences of the broker. Of the scans of one job the broker keeps one.
func send(t *testing.T, c *queue.Conn, w *world) *world {
	t.Helper()
	ctx := t.Context()
	kept := sendScans(t, c, w.scans, 0)
	for _, s := range w.states {
		var err error
		if s.Ranking != nil {
			err = c.PublishRanking(ctx, *s.Ranking)
		} else {
			err = c.PublishState(ctx, *s.State)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.SaveIndex(ctx, &w.index, 0); err != nil {
		t.Fatal(err)
	}
	return &world{index: w.index, ranking: w.ranking, states: w.states, scans: kept}
}

// sendScans publishes at most two scans of each release, which is what the
// broker keeps, and one of each job. It returns them, with sequences after last
// that are ordered as the broker's are.
func sendScans(t *testing.T, c *queue.Conn, scans []aggregator.Scan, last uint64) []aggregator.Scan {
	t.Helper()
	jobs, releases := make(map[string]bool), make(map[string]int)
	var kept []aggregator.Scan
	for _, s := range scans {
		release := s.Scan.Project + "/" + s.Scan.Version
		job := fmt.Sprint(release, "/", s.Scan.JobSeq)
		if jobs[job] || releases[release] == 2 {
			continue
		}
		jobs[job] = true
		releases[release]++
		if err := c.PublishScan(t.Context(), s.Scan); err != nil {
			t.Fatal(err)
		}
		last++
		kept = append(kept, aggregator.Scan{Scan: s.Scan, Seq: last})
	}
	return kept
}

// waitCovered waits until a snapshot says all that the broker has to say.
func waitCovered(t *testing.T, c *queue.Conn, db *store.DB) {
	t.Helper()
	type row struct {
		Through  uint64 `ch:"scans_through"`
		Revision uint64 `ch:"index_revision"`
	}
	for end := time.Now().Add(60 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		backlog, err := c.Backlog(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		rows, err := store.Select[row](t.Context(), db,
			"SELECT scans_through, index_revision FROM coverage FINAL ORDER BY snapshot DESC LIMIT 1", nil)
		if err != nil {
			t.Fatal(err)
		}
		if backlog.Idle() && len(rows) == 1 && rows[0].Through == backlog.LastScan && rows[0].Revision > 0 {
			return
		}
	}
	t.Fatal("no snapshot covers everything after a minute")
}

// lines is what a child writes.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *lines) has(s string) bool { return strings.Contains(l.String(), s) }

// An aggregator that is killed at any moment, many times, ends with the same
// snapshot as a naive count. Built with the tag plant_ack_before_insert, which
// acknowledges too early, this test must fail.
func TestKilledAggregatorCountsTheSame(t *testing.T) {
	p, c, db := servers(t)
	w := send(t, c, randomWorld(5, 900))
	env, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	start := func() (*exec.Cmd, *lines) {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), childEnv+"="+string(env))
		log := new(lines)
		cmd.Stdout, cmd.Stderr = io.Discard, log
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return cmd, log
	}
	rng := rand.New(rand.NewPCG(3, 3))
	kills := 0
	for i := range 12 {
		cmd, log := start()
		// Most are killed while they store, some before they do.
		for end := time.Now().Add(3 * time.Second); i%4 > 0 && time.Now().Before(end) && !log.has("scans stored"); {
			time.Sleep(5 * time.Millisecond)
		}
		time.Sleep(time.Duration(rng.IntN(150)) * time.Millisecond)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		if !cmd.ProcessState.Sys().(syscall.WaitStatus).Signaled() {
			t.Fatalf("the aggregator ended by itself:\n%s", log)
		}
		if log.has("scans stored") {
			kills++
		}
	}
	if kills < 3 {
		t.Errorf("only %d of the killed aggregators had stored anything: the test shows nothing", kills)
	}
	cmd, log := start()
	waitCovered(t, c, db)
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("the last aggregator: %v\n%s", err, log)
	}
	if diff := gocmp.Diff(naive(w, "1", rules().Hash()), published(t, db)); diff != "" {
		t.Errorf("(-naive +published):\n%s", diff)
	}
}

// Run publishes soon, publishes nothing when nothing is new, takes a new index
// and what comes late, and ends without leaving anything running.
func TestRun(t *testing.T) {
	p, c, db := servers(t)
	w := randomWorld(2, 300)
	late := w.scans[len(w.scans)/2:]
	early := *w
	early.scans = w.scans[:len(w.scans)/2]
	w = send(t, c, &early)

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- runAt(ctx, p) }()
	waitCovered(t, c, db)
	if diff := gocmp.Diff(naive(w, "1", rules().Hash()), published(t, db)); diff != "" {
		t.Fatalf("(-naive +published):\n%s", diff)
	}
	snapshots := func() int {
		type row struct {
			N uint64 `ch:"n"`
		}
		rows, err := store.Select[row](t.Context(), db, "SELECT count() AS n FROM snapshots FINAL", nil)
		if err != nil {
			t.Fatal(err)
		}
		return int(rows[0].N)
	}
	before := snapshots()
	time.Sleep(1500 * time.Millisecond)
	if after := snapshots(); after != before {
		t.Errorf("%d snapshots were published of nothing new", after-before)
	}
	index, revision, err := c.LoadIndex(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	delete(index.Projects, slices.Sorted(maps.Keys(index.Projects))[0])
	index.Sweep = index.Sweep.Add(time.Hour)
	if _, err := c.SaveIndex(t.Context(), index, revision); err != nil {
		t.Fatal(err)
	}
	for _, s := range late {
		s.Scan.JobSeq += 1 << 40 // newer jobs
	}
	w.index = *index
	w.scans = append(w.scans, sendScans(t, c, late, uint64(len(w.scans)))...)
	want := naive(w, "1", rules().Hash())
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(200 * time.Millisecond) {
		waitCovered(t, c, db)
		diff := gocmp.Diff(want, published(t, db))
		if diff == "" {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("after late scans (-naive +published):\n%s", diff)
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Run after its context ended: %v", err)
	}
}
