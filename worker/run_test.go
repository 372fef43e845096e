package worker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"prevalence/internal/engine"
	"prevalence/internal/pypi"
	"prevalence/internal/queue"
	"prevalence/schemas/message"
)

// broker starts a real one in this process and connects to it as its owner and
// as a worker.
func broker(t *testing.T) (owner, worker *queue.Conn) {
	t.Helper()
	b, err := engine.StartBroker(t.Context(), engine.BrokerOptions{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	connect := func(a engine.Account) *queue.Conn {
		c, err := queue.Connect(t.Context(), queue.Options{InProcess: b, User: a.User, Password: a.Password})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Close)
		return c
	}
	owner = connect(b.Owner())
	if err := owner.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	return owner, connect(b.Worker())
}

func publishJobs(t *testing.T, c *queue.Conn, jobs ...message.Job) {
	t.Helper()
	for _, j := range jobs {
		j.Schema, j.Reason, j.Sweep = message.JobSchema, message.ReasonNew, time.Unix(1, 0).UTC()
		if err := c.Jobs().Publish(t.Context(), j, func(accepted bool, err error) {
			if !accepted || err != nil {
				t.Errorf("job of %s: accepted %v, %v", j.Project, accepted, err)
			}
		}); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Jobs().Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// scansOf takes n scans from the broker and returns "project version outcome
// why", sorted.
func scansOf(t *testing.T, c *queue.Conn, n int) (lines []string, all []*message.Scan) {
	t.Helper()
	k, err := c.ScanConsumer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for ends := time.Now().Add(20 * time.Second); len(all) < n && time.Now().Before(ends); {
		batch, err := k.Fetch(t.Context(), n, 200*time.Millisecond)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range batch.Scans {
			all = append(all, s.Scan)
			lines = append(lines, fmt.Sprintf("%s %s %s %s", s.Scan.Project, s.Scan.Version, s.Scan.Outcome, s.Scan.Why))
		}
		if err := batch.Ack(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(lines)
	return lines, all
}

// running runs a worker until the returned function is called.
func running(t *testing.T, o Options, jobs *queue.Conn, scans Scans) (stop func()) {
	t.Helper()
	o.Matcher = testMatcher(t)
	if o.AckWait == 0 {
		o.AckWait = 2 * time.Second
	}
	consumer, err := jobs.JobConsumer(t.Context(), o.AckWait)
	if err != nil {
		t.Fatal(err)
	}
	w, err := New(o, consumer, scans, jobs)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

func idle(t *testing.T, c *queue.Conn) {
	t.Helper()
	for ends := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		b, err := c.Backlog(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if b.Jobs == 0 && b.JobsOut == 0 {
			return
		}
		if time.Now().After(ends) {
			t.Fatalf("jobs are left: %+v", b)
		}
	}
}

// faulty is an index with planted faults, by project.
type faulty struct {
	pypi.Index
	project func(name string, n int) error
	fetch   func(ctx context.Context, f pypi.File) (io.ReadCloser, error)

	mu    sync.Mutex
	asked map[string]int
}

func (x *faulty) Project(ctx context.Context, name string) (*pypi.Page, error) {
	x.mu.Lock()
	if x.asked == nil {
		x.asked = map[string]int{}
	}
	x.asked[name]++
	n := x.asked[name]
	x.mu.Unlock()
	if x.project != nil {
		if err := x.project(name, n); err != nil {
			return nil, err
		}
	}
	return x.Index.Project(ctx, name)
}

func (x *faulty) Fetch(ctx context.Context, f pypi.File) (io.ReadCloser, error) {
	if x.fetch != nil {
		return x.fetch(ctx, f)
	}
	return x.Index.Fetch(ctx, f)
}

// shelf packs a small index.
func shelf(t *testing.T) pypi.Index {
	t.Helper()
	dir := t.TempDir()
	var files []txtar.File
	for _, n := range []string{"a-1", "a-2", "b-1", "c-1", "d-1"} {
		files = append(files, txtar.File{Name: n + ".tar.gz/setup.py", Data: []byte("import os\nos.remove('x')\n")})
	}
	files = append(files, txtar.File{Name: "bad-1.tar.gz/@text@", Data: bytes.Repeat([]byte("nothing "), 200)})
	pack(t, dir, &txtar.Archive{Files: files})
	return folder(t, dir)
}

func TestRun(t *testing.T) {
	owner, worker := broker(t)
	down := 3
	x := &faulty{Index: shelf(t), project: func(name string, n int) error {
		switch {
		case name == "gone":
			return fmt.Errorf("pypi: %w", pypi.ErrNotFound)
		case name == "odd":
			return fmt.Errorf("pypi: %w", pypi.ErrPage)
		case name == "private":
			return fmt.Errorf("pypi: %w", pypi.ErrRefused)
		case name == "b" && n == 1:
			return &pypi.PauseError{RetryAfter: 100 * time.Millisecond}
		case name == "c" && n <= down:
			return fmt.Errorf("pypi: %w", pypi.ErrUnavailable)
		case name == "never":
			return errors.New("never works")
		}
		return nil
	}}
	publishJobs(t, owner,
		message.Job{Project: "a", Drawn: true}, message.Job{Project: "b"}, message.Job{Project: "c"}, message.Job{Project: "gone"},
		message.Job{Project: "odd"}, message.Job{Project: "private"}, message.Job{Project: "bad"}, message.Job{Project: "never"},
	)
	stop := running(t, Options{Index: x, RetryDelay: 10 * time.Millisecond}, worker, worker)
	idle(t, owner)
	stop()
	got, all := scansOf(t, owner, 8)
	want := []string{
		"a 2 ok ", "b 1 ok ", "bad 1 unanalysed not-an-archive", "c 1 ok ", "gone  empty no-project",
		"never  unanalysed attempts-exhausted", "odd  unanalysed bad-page", "private  unanalysed page-refused",
	}
	if d := gocmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	for _, s := range all {
		if s.JobSeq == 0 || s.Reason != message.ReasonNew || s.Drawn != (s.Project == "a") || !s.PageLatest {
			t.Errorf("%s is not stamped: %+v", s.Project, s)
		}
	}
	dead, err := owner.Dead(t.Context(), 10)
	if err != nil || len(dead) != 1 {
		t.Errorf("%d dead letters, %v", len(dead), err)
	}
	if x.asked["never"] != 5 {
		t.Errorf("asked %d times before giving up", x.asked["never"])
	}
}

func TestReleasesAndVersions(t *testing.T) {
	owner, worker := broker(t)
	x := shelf(t)
	publishJobs(t, owner, message.Job{Project: "a", Releases: 5}, message.Job{Project: "b", Versions: []string{"1", "9"}})
	stop := running(t, Options{Index: x}, worker, worker)
	idle(t, owner)
	stop()
	got, all := scansOf(t, owner, 4)
	if d := gocmp.Diff([]string{"a 1 ok ", "a 2 ok ", "b 1 ok ", "b 9 empty no-files"}, got); d != "" {
		t.Error(d)
	}
	for _, s := range all {
		if s.PageLatest != (s.Project == "a" && s.Version == "2" || s.Project == "b" && s.Version == "1") {
			t.Errorf("%s %s: latest %v", s.Project, s.Version, s.PageLatest)
		}
	}
}

func TestStalePage(t *testing.T) {
	owner, worker := broker(t)
	x := &serialed{shelf(t)}
	publishJobs(t, owner, message.Job{Project: "a", Serial: "12"}, message.Job{Project: "b", Serial: "10"})
	stop := running(t, Options{Index: x}, worker, worker)
	idle(t, owner)
	stop()
	got, _ := scansOf(t, owner, 1)
	if d := gocmp.Diff([]string{"b 1 ok "}, got); d != "" {
		t.Error(d)
	}
	stale, err := owner.Stale(t.Context())
	if d := gocmp.Diff(map[string]message.Serial{"a": "12"}, stale); d != "" || err != nil {
		t.Error(d, err)
	}
}

// serialed gives every page the serial 11.
type serialed struct{ pypi.Index }

func (x *serialed) Project(ctx context.Context, name string) (*pypi.Page, error) {
	p, err := x.Index.Project(ctx, name)
	if err == nil {
		p.Serial = "11"
	}
	return p, err
}

// unpublished refuses every scan, as a broker that is full does.
type unpublished struct{ tried chan struct{} }

func (u unpublished) PublishScan(context.Context, *message.Scan) error {
	select {
	case u.tried <- struct{}{}:
	default:
	}
	return errors.New("refused")
}

// TestScanIsStoredBeforeJobIsAcknowledged fails with -tags
// plant_ack_before_publish.
func TestScanIsStoredBeforeJobIsAcknowledged(t *testing.T) {
	owner, worker := broker(t)
	publishJobs(t, owner, message.Job{Project: "a"})
	scans := unpublished{make(chan struct{}, 1)}
	stop := running(t, Options{Index: shelf(t)}, worker, scans)
	<-scans.tried
	stop()
	b, err := owner.Backlog(t.Context())
	if err != nil || b.Jobs+b.JobsOut == 0 {
		t.Errorf("the job is gone and its scan is not stored: %+v, %v", b, err)
	}
}

func TestLeaseIsExtended(t *testing.T) {
	owner, worker := broker(t)
	x := shelf(t)
	slow := &faulty{Index: x, fetch: func(ctx context.Context, f pypi.File) (io.ReadCloser, error) {
		if err := sleep(ctx, 2500*time.Millisecond); err != nil {
			return nil, err
		}
		return x.Fetch(ctx, f)
	}}
	publishJobs(t, owner, message.Job{Project: "a"})
	stop := running(t, Options{Index: slow, AckWait: time.Second}, worker, worker)
	idle(t, owner)
	stop()
	if slow.asked["a"] != 1 {
		t.Errorf("the job was delivered %d times", slow.asked["a"])
	}
}

func TestStoppingGivesJobsBack(t *testing.T) {
	owner, worker := broker(t)
	x := shelf(t)
	began := make(chan struct{}, 1)
	stuck := &faulty{Index: x, fetch: func(ctx context.Context, f pypi.File) (io.ReadCloser, error) {
		began <- struct{}{}
		<-ctx.Done()
		return nil, ctx.Err()
	}}
	publishJobs(t, owner, message.Job{Project: "a"})
	stop := running(t, Options{Index: stuck, AckWait: time.Minute}, worker, worker)
	<-began
	stop()
	stop = running(t, Options{Index: x, AckWait: time.Minute}, worker, worker)
	idle(t, owner)
	stop()
	if got, _ := scansOf(t, owner, 1); len(got) != 1 {
		t.Errorf("scans: %v", got)
	}
}
