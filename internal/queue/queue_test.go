package queue_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"prevalence/internal/engine"
	"prevalence/internal/engine/enginetest"
	"prevalence/internal/queue"
	"prevalence/schemas/message"
)

func TestMain(m *testing.M) { enginetest.Main(m) }

var sweep = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// connect connects to b as a and ensures the streams, if a may.
func connect(t testing.TB, b *engine.Broker, a engine.Account) *queue.Conn {
	t.Helper()
	c, err := queue.Connect(t.Context(), queue.Options{URL: b.URL(), User: a.User, Password: a.Password, Name: t.Name()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	if a == b.Owner() {
		if err := c.Ensure(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func job(project string) message.Job {
	return message.Job{Schema: message.JobSchema, Project: project, Serial: "7", Reason: message.ReasonNew, Sweep: sweep}
}

// publish publishes one job and says whether it was accepted.
func publish(t testing.TB, c *queue.Conn, j message.Job) bool {
	t.Helper()
	var accepted bool
	var failed error
	if err := c.Jobs().Publish(t.Context(), j, func(ok bool, err error) { accepted, failed = ok, err }); err != nil {
		t.Fatal(err)
	}
	if err := c.Jobs().Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if failed != nil {
		t.Fatal(failed)
	}
	return accepted
}

func consumer(t testing.TB, c *queue.Conn, ackWait time.Duration) *queue.JobConsumer {
	t.Helper()
	k, err := c.JobConsumer(t.Context(), ackWait)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func next(t testing.TB, k *queue.JobConsumer) *queue.JobDelivery {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	d, err := k.Next(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestJobIsOutUntilAcknowledged(t *testing.T) {
	b := enginetest.Broker(t)
	c := connect(t, b, b.Owner())
	first := job("requests")
	if !publish(t, c, first) {
		t.Fatal("the first job was refused")
	}
	changed := first
	changed.Serial, changed.Reason, changed.Sweep = "8", message.ReasonChanged, sweep.Add(time.Hour)
	if publish(t, c, changed) {
		t.Error("a job was accepted while the project's job waits")
	}
	k := consumer(t, c, time.Minute)
	d := next(t, k)
	if diff := cmp.Diff(first, d.Job); diff != "" {
		t.Errorf("job (-want +got):\n%s", diff)
	}
	if d.Attempt != 1 {
		t.Errorf("attempt %d, want 1", d.Attempt)
	}
	if publish(t, c, changed) {
		t.Error("a job was accepted while the project's job is with a worker")
	}
	if err := d.Ack(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !publish(t, c, changed) {
		t.Error("a job was refused after the acknowledgement")
	}
	if again := next(t, k); again.Job.Serial != "8" || again.Seq <= d.Seq {
		t.Errorf("second job: serial %s, sequence %d; want 8 and more than %d", again.Job.Serial, again.Seq, d.Seq)
	}
}

// TestLostAnswer offers jobs again whose answer was lost: the first attempt had
// come to nothing, or was stored, or another job was there.
func TestLostAnswer(t *testing.T) {
	b := enginetest.Broker(t)
	c := connect(t, b, b.Owner())
	other := job("requests")
	other.Sweep = other.Sweep.Add(time.Hour)
	for _, try := range []struct {
		what string
		job  message.Job
		want bool
	}{
		{"not stored", job("requests"), true},
		{"stored", job("requests"), true},
		{"another is out", other, false},
	} {
		if got, err := c.PublishAgain(t.Context(), try.job); err != nil || got != try.want {
			t.Errorf("%s: accepted %v, %v", try.what, got, err)
		}
	}
	if publish(t, c, job("requests")) {
		t.Error("accepted twice without a lost answer")
	}
	backlog, err := c.Backlog(t.Context())
	if err != nil || backlog.Jobs != 1 {
		t.Errorf("backlog %+v, %v; want 1 job", backlog, err)
	}
}

func TestRedeliveryKeepsSequence(t *testing.T) {
	b := enginetest.Broker(t)
	c := connect(t, b, b.Owner())
	publish(t, c, job("requests"))

	dying := connect(t, b, b.Worker())
	first := next(t, consumer(t, dying, 300*time.Millisecond))
	dying.Close()

	second := next(t, consumer(t, c, 300*time.Millisecond))
	if second.Seq != first.Seq || second.Attempt != 2 {
		t.Errorf("delivered again as sequence %d, attempt %d; want %d, 2", second.Seq, second.Attempt, first.Seq)
	}
	// While it is extended nobody else gets it.
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	var wg sync.WaitGroup
	wg.Go(func() {
		for ctx.Err() == nil {
			if err := second.Extend(); err != nil {
				t.Error(err)
			}
			time.Sleep(50 * time.Millisecond)
		}
	})
	if d, err := consumer(t, c, 300*time.Millisecond).Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("an extended job was delivered: %v, %v", d, err)
	}
	wg.Wait()
}

func TestReleaseJobs(t *testing.T) {
	b := enginetest.Broker(t)
	c := connect(t, b, b.Owner())
	if err := c.ReleaseJobs(t.Context()); err != nil {
		t.Errorf("without a consumer: %v", err)
	}
	publish(t, c, job("requests"))
	k := consumer(t, c, time.Hour)
	first := next(t, k)
	if err := c.ReleaseJobs(t.Context()); err != nil {
		t.Fatal(err)
	}
	if again := next(t, k); again.Seq != first.Seq {
		t.Errorf("sequence %d, want %d", again.Seq, first.Seq)
	}
}

// A job that fails at every attempt is delivered for ever, until the worker
// gives it up; then its project is free.
func TestDiscardFreesTheProject(t *testing.T) {
	b := enginetest.Broker(t)
	c := connect(t, b, b.Owner())
	publish(t, c, job("requests"))
	k := consumer(t, c, 50*time.Millisecond)
	var d *queue.JobDelivery
	for attempt := 1; attempt <= 8; attempt++ {
		if d = next(t, k); d.Attempt != attempt {
			t.Fatalf("attempt %d, want %d", d.Attempt, attempt)
		}
	}
	if err := d.Discard(t.Context(), "crashes\nits worker"); err != nil {
		t.Fatal(err)
	}
	dead, err := c.Dead(t.Context(), 0)
	if err != nil || len(dead) != 1 {
		t.Fatalf("dead: %v, %v; want 1", dead, err)
	}
	got := dead[0]
	if got.Reason != "crashes its worker" || got.Subject != "jobs.requests" || got.FromSeq != d.Seq || got.Attempts != 8 {
		t.Errorf("dead: %+v", got)
	}
	fresh := job("requests")
	fresh.Sweep = sweep.Add(time.Hour)
	waitFor(t, "a job to be accepted after Discard", func() bool { return publish(t, c, fresh) })

	if err := c.Requeue(t.Context(), got); !errors.Is(err, queue.ErrConflict) {
		t.Errorf("requeue beside a newer job: %v, want ErrConflict", err)
	}
	if err := next(t, k).Ack(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := c.Requeue(t.Context(), got); err != nil {
		t.Fatal(err)
	}
	if d := next(t, k); d.Job.Sweep != sweep {
		t.Errorf("requeued job of %v, want %v", d.Job.Sweep, sweep)
	}
	if dead, err := c.Dead(t.Context(), 0); err != nil || len(dead) != 0 {
		t.Errorf("dead after requeue: %v, %v; want none", dead, err)
	}
}

func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 100 {
		if ok() {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("waited in vain for %s", what)
}

func TestRetryComesLater(t *testing.T) {
	b := enginetest.Broker(t)
	c := connect(t, b, b.Owner())
	publish(t, c, job("requests"))
	k := consumer(t, c, time.Minute)
	began := time.Now()
	if err := next(t, k).Retry(300 * time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if d := next(t, k); d.Attempt != 2 || time.Since(began) < 250*time.Millisecond {
		t.Errorf("attempt %d after %v; want 2 after 300 ms", d.Attempt, time.Since(began))
	}
}

func TestNextEndsWithItsContext(t *testing.T) {
	b := enginetest.Broker(t)
	c := connect(t, b, b.Owner())
	k := consumer(t, c, time.Minute)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel)
	began := time.Now()
	if _, err := k.Next(ctx); !errors.Is(err, context.Canceled) || time.Since(began) > 2*time.Second {
		t.Errorf("%v after %v, want context.Canceled at once", err, time.Since(began))
	}
}

func TestManyJobs(t *testing.T) {
	b := enginetest.Broker(t)
	c := connect(t, b, b.Owner())
	const n = 5000
	accepted := 0
	for i := range n {
		err := c.Jobs().Publish(t.Context(), job(fmt.Sprintf("p%d", i)), func(ok bool, err error) {
			if err != nil {
				t.Error(err)
			}
			if ok {
				accepted++
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Jobs().Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	backlog, err := c.Backlog(t.Context())
	if accepted != n || err != nil || backlog.Jobs != n || backlog.Idle() {
		t.Errorf("accepted %d, backlog %+v, %v; want %d jobs", accepted, backlog, err, n)
	}
}

func TestSequencesGoOnInNewStreams(t *testing.T) {
	last := uint64(0)
	for range 2 { // two brokers with nothing in common
		b := enginetest.Broker(t)
		c := connect(t, b, b.Owner())
		publish(t, c, job("requests"))
		d := next(t, consumer(t, c, time.Minute))
		if d.Seq <= last {
			t.Errorf("sequence %d, want more than %d", d.Seq, last)
		}
		last = d.Seq
		if err := c.PublishScan(t.Context(), scan("requests", "1.0", d.Seq)); err != nil {
			t.Fatal(err)
		}
		backlog, err := c.Backlog(t.Context())
		if err != nil || backlog.LastScan < uint64(sweep.UnixMicro()) {
			t.Errorf("last scan %d, %v; want one above the time of writing", backlog.LastScan, err)
		}
		if err := c.Ensure(t.Context()); err != nil {
			t.Errorf("Ensure again: %v", err)
		}
	}
}

func TestEverythingSurvivesARestart(t *testing.T) {
	dir := t.TempDir()
	b := enginetest.BrokerIn(t, dir)
	c := connect(t, b, b.Owner())
	publish(t, c, job("requests"))
	seq := next(t, consumer(t, c, time.Minute)).Seq
	if err := c.PublishScan(t.Context(), scan("requests", "1.0", seq)); err != nil {
		t.Fatal(err)
	}
	c.Close()
	b.Close()

	b = enginetest.BrokerIn(t, dir)
	c = connect(t, b, b.Owner())
	if err := c.ReleaseJobs(t.Context()); err != nil {
		t.Fatal(err)
	}
	if d := next(t, consumer(t, c, time.Minute)); d.Seq != seq {
		t.Errorf("job %d after the restart, want %d", d.Seq, seq)
	}
	k, err := c.ScanConsumer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if batch, err := k.Fetch(t.Context(), 10, 300*time.Millisecond); err != nil || len(batch.Scans) != 1 {
		t.Errorf("scans after the restart: %v, %v; want 1", batch, err)
	}
}

func TestWorkerAccount(t *testing.T) {
	b := enginetest.Broker(t)
	owner := connect(t, b, b.Owner())
	publish(t, owner, job("requests"))
	publish(t, owner, job("poison"))
	worker := connect(t, b, b.Worker())
	k := consumer(t, worker, time.Minute)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for range 2 {
		d := next(t, k)
		if err := d.Extend(); err != nil {
			t.Error(err)
		}
		if d.Job.Project == "poison" {
			if err := d.Discard(ctx, "test"); err != nil {
				t.Error(err)
			}
			continue
		}
		if err := worker.PublishScan(ctx, scan("requests", "1.0", d.Seq)); err != nil {
			t.Error(err)
		}
		if err := worker.NoteStale(ctx, "requests", "9"); err != nil {
			t.Error(err)
		}
		if err := d.Ack(ctx); err != nil {
			t.Error(err)
		}
	}
	short, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if _, err := worker.SaveIndex(short, &message.Index{}, 0); err == nil {
		t.Error("a worker saved an index")
	}
	if err := worker.PublishState(short, message.State{Project: "x", State: message.StateRemoved}); err == nil {
		t.Error("a worker published a state")
	}
}

func TestConnectSaysWhere(t *testing.T) {
	b := enginetest.Broker(t)
	for _, o := range []queue.Options{
		{URL: "nats://someone:secret@127.0.0.1:1"},
		{URL: b.URL(), User: b.Owner().User, Password: "secret"},
		{},
	} {
		_, err := queue.Connect(t.Context(), o)
		if err == nil || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "\n") {
			t.Errorf("Connect(%s): %v; want one line without the password", o.URL, err)
		}
	}
	o := b.Owner()
	c, err := queue.Connect(t.Context(), queue.Options{InProcess: b, User: o.User, Password: o.Password})
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
}
