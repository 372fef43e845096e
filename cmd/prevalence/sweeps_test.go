package main

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"prevalence/crawler"
	"prevalence/internal/engine"
	"prevalence/internal/pypi"
	"prevalence/internal/pypi/pypitest"
	"prevalence/internal/queue"
	"prevalence/schemas/message"
	"prevalence/worker"
)

// crawlBench is an index, a broker, a crawler and a worker between them.
type crawlBench struct {
	t       *testing.T
	server  *pypitest.Server
	conn    *queue.Conn
	scans   *queue.ScanConsumer
	options crawler.Options
	states  uint64 // sequence behind the last state read
}

func newCrawlBench(t *testing.T, projects int) *crawlBench {
	t.Helper()
	u, err := pypitest.New(pypitest.Config{Projects: projects})
	if err != nil {
		t.Fatal(err)
	}
	b := &crawlBench{t: t, server: pypitest.NewServer(u, pypitest.LikePyPI)}
	url, stop, err := b.server.Start(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	index, err := pypi.Open(url, pypi.Options{})
	if err != nil {
		t.Fatal(err)
	}
	broker, err := engine.StartBroker(t.Context(), engine.BrokerOptions{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(broker.Close)
	connect := func(a engine.Account) *queue.Conn {
		c, err := queue.Connect(t.Context(), queue.Options{InProcess: broker, User: a.User, Password: a.Password})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Close)
		return c
	}
	b.conn = connect(broker.Owner())
	if err := b.conn.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	if b.scans, err = b.conn.ScanConsumer(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.options = crawler.Options{
		Index: index, Jobs: b.conn.Jobs(), Store: indexStore{b.conn}, States: b.conn, Stale: b.conn, Reaper: b.conn, Seed: 1,
	}
	matcher, err := new(config).matcher()
	if err != nil {
		t.Fatal(err)
	}
	at := connect(broker.Worker())
	jobs, err := at.JobConsumer(t.Context(), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	w, err := worker.New(worker.Options{Index: index, Matcher: matcher}, jobs, at, at)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return b
}

func (b *crawlBench) sweep() *crawler.Report {
	b.t.Helper()
	r, err := crawler.Once(b.t.Context(), b.options)
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

// until waits for something.
func (b *crawlBench) until(what string, is func() bool) {
	b.t.Helper()
	for range 400 {
		if is() {
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	b.t.Fatalf("waited in vain for %s", what)
}

// settle waits until every job is done and returns the scans since the last
// call, by project.
func (b *crawlBench) settle() map[string][]*message.Scan {
	b.t.Helper()
	b.until("the worker", func() bool {
		at, err := b.conn.Backlog(b.t.Context())
		return err == nil && at.Jobs+at.JobsOut == 0
	})
	found := make(map[string][]*message.Scan)
	for {
		batch, err := b.scans.Fetch(b.t.Context(), 1000, 100*time.Millisecond)
		if err != nil {
			b.t.Fatal(err)
		}
		if len(batch.Scans) == 0 {
			return found
		}
		for _, s := range batch.Scans {
			found[s.Scan.Project] = append(found[s.Scan.Project], s.Scan)
		}
		if err := batch.Ack(b.t.Context()); err != nil {
			b.t.Fatal(err)
		}
	}
}

// newStates reads the states that were published since the last call.
func (b *crawlBench) newStates() map[string]message.State {
	b.t.Helper()
	found := make(map[string]message.State)
	for s, err := range b.conn.States(b.t.Context(), b.states) {
		if err != nil {
			b.t.Fatal(err)
		}
		b.states = s.Seq + 1
		if s.State != nil {
			found[s.State.Project] = *s.State
		}
	}
	return found
}

func (b *crawlBench) release(project, version string) {
	b.t.Helper()
	if _, err := b.server.AddRelease(project, version, "x = 1\n"); err != nil {
		b.t.Fatal(err)
	}
}

func (b *crawlBench) stale() map[string]message.Serial {
	b.t.Helper()
	s, err := b.conn.Stale(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	return s
}

func (b *crawlBench) want(what string, got, want any) {
	b.t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		b.t.Errorf("%s: %s", what, diff)
	}
}

// lines are "version outcome reason" of scans.
func lines(scans []*message.Scan) []string {
	var out []string
	for _, s := range scans {
		out = append(out, fmt.Sprintf("%s %s %s", s.Version, s.Outcome, s.Reason))
	}
	return out
}

// TestSweepsWithWorker is the life of an index past crawler, broker and worker:
// projects that are new, changed, removed, resurrected, quarantined and stale,
// and one that changes while its job is out.
func TestSweepsWithWorker(t *testing.T) {
	b := newCrawlBench(t, 40)
	for _, name := range []string{"busy", "gone", "locked", "lagging"} {
		b.release(name, "1.0")
	}
	r := b.sweep()
	scans := b.settle()
	b.want("first sweep", []int{r.Names, r.New, r.Accepted, len(scans)}, []int{44, 44, 44, 44})
	first := scans["gone"][0]
	if first.First.IsZero() || first.Uploaded.IsZero() || first.Releases != 1 {
		t.Errorf("uploaded %s, first %s, %d releases", first.Uploaded, first.First, first.Releases)
	}

	b.release("fresh", "1.0")
	b.release("busy", "2.0")
	b.server.Remove("gone")
	b.server.SetState("locked", message.StateQuarantined)
	b.server.Freeze("lagging")
	b.release("lagging", "2.0")
	b.server.Plan(pypitest.Fault{Path: "/files/busy/*", Kind: pypitest.Latency, Delay: 1500 * time.Millisecond, Times: 1})
	r = b.sweep()
	b.want("second sweep", []int{r.New, r.Changed, r.Accepted, r.Removed}, []int{1, 3, 4, 1})
	b.until("the slow file", func() bool {
		for _, q := range b.server.Requests() {
			if q.Path == "/files/busy/busy-2.0.tar.gz" {
				return true
			}
		}
		return false
	})
	b.until("the stale note", func() bool { return len(b.stale()) == 1 })

	// The worker holds busy's job, and its page moves on.
	b.release("busy", "3.0")
	r = b.sweep()
	b.want("third sweep", []int{r.Changed, r.Accepted, r.Refused}, []int{2, 1, 1})
	scans = b.settle()
	b.want("fresh", lines(scans["fresh"]), []string{"1.0 ok new"})
	b.want("busy", lines(scans["busy"]), []string{"2.0 ok changed"})
	b.want("locked", lines(scans["locked"]), []string{" empty changed"})
	b.want("lagging", lines(scans["lagging"]), []string(nil)) // asked twice, and never blocking
	b.want("state of locked", scans["locked"][0].State, message.StateQuarantined)
	states := b.newStates()
	b.want("states", len(states), 1)
	b.want("gone", states["gone"].State, message.StateRemoved)
	if len(b.stale()) != 1 {
		t.Errorf("stale: %v", b.stale())
	}

	b.server.Resurrect("gone")
	b.release("gone", "7.0")
	b.server.SetState("locked", message.StateArchived)
	b.server.Thaw("lagging")
	r = b.sweep()
	b.want("fourth sweep", []int{r.Changed, r.Resurrected, r.Accepted, r.Refused}, []int{3, 1, 4, 0})
	scans = b.settle()
	b.want("busy", lines(scans["busy"]), []string{"3.0 ok changed"})
	b.want("gone", lines(scans["gone"]), []string{"7.0 ok resurrected"})
	b.want("lagging", lines(scans["lagging"]), []string{"2.0 ok changed"})
	b.want("locked", lines(scans["locked"]), []string{"1.0 ok changed"})
	b.want("state of locked", scans["locked"][0].State, message.StateArchived)
	back := b.newStates()["gone"]
	b.want("gone", back.State, message.StateResurrected)
	if !back.Gone.Equal(states["gone"].At) || !back.At.After(back.Gone) {
		t.Errorf("resurrected at %s, gone since %s, missed at %s", back.At, back.Gone, states["gone"].At)
	}
	b.want("stale", len(b.stale()), 0)

	// Nothing changed: one request, nothing published.
	before, err := b.conn.IndexRevision(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b.server.Requests()
	r = b.sweep()
	requests := b.server.Requests()
	after, err := b.conn.IndexRevision(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !r.NotModified || r.Published || r.Unchanged != 45 || before != after || len(requests) != 1 || requests[0].Status != 304 {
		t.Errorf("unchanged: %+v, revision %d then %d, requests %+v", r, before, after, requests)
	}
	b.want("states", len(b.newStates()), 0)
	b.want("scans", len(b.settle()), 0)
}

// TestReleases asks for the releases before the latest, and for one by name.
func TestReleases(t *testing.T) {
	b := newCrawlBench(t, 10)
	for _, version := range []string{"1.0", "1.1", "2.0", "3.0b1"} {
		b.release("aged", version)
	}
	b.release("young", "1.0")
	b.options.Projects, b.options.Releases = []string{"aged", "young"}, 3
	b.sweep()
	scans := b.settle()
	b.want("aged", lines(scans["aged"]), []string{"2.0 ok new", "1.1 ok new", "1.0 ok new"})
	b.want("young", lines(scans["young"]), []string{"1.0 ok new"})
	for i, s := range scans["aged"] {
		if s.PageLatest != (i == 0) || s.Releases != 4 {
			t.Errorf("%s: latest %t, of %d releases", s.Version, s.PageLatest, s.Releases)
		}
	}

	// By name: whether it changed does not matter, and stays open.
	b.release("aged", "4.0")
	b.options.Projects, b.options.Releases = []string{"aged"}, 0
	b.options.Versions = map[string][]string{"aged": {"1.0.0", "3.0b1", "9.9"}}
	r := b.sweep()
	b.want("by name", []int{r.Rescans, r.Changed, r.Accepted}, []int{1, 0, 1})
	b.want("by name", lines(b.settle()["aged"]), []string{"1.0 ok rescan", "3.0b1 ok rescan", "9.9 empty rescan"})
	b.options.Versions = nil
	r = b.sweep()
	b.want("the change is found all the same", r.Changed, 1)
	b.want("latest", lines(b.settle()["aged"]), []string{"4.0 ok changed"})
}
