package queue_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go"

	"prevalence/internal/engine/enginetest"
	"prevalence/internal/queue"
	"prevalence/schemas/message"
)

func scan(project, version string, jobSeq uint64) *message.Scan {
	return &message.Scan{Schema: message.ScanSchema, Project: project, Version: version, JobSeq: jobSeq, Outcome: message.OutcomeOK}
}

// seen are the releases of a batch, in order.
func seen(b *queue.ScanBatch) []string {
	var list []string
	for _, s := range b.Scans {
		list = append(list, s.Scan.Project+" "+s.Scan.Version)
	}
	return list
}

func TestScansComeUntilAcknowledged(t *testing.T) {
	b := enginetest.Broker(t)
	c := connect(t, b, b.Owner())
	var want []string
	for i := range 250 {
		s := scan(fmt.Sprintf("p%d", i), "1.0", uint64(i+1))
		for range 2 { // the second time as a worker does that was killed before its Ack
			if err := c.PublishScan(t.Context(), s); err != nil {
				t.Fatal(err)
			}
		}
		want = append(want, s.Project+" 1.0")
	}
	fetch := func(limit int) *queue.ScanBatch {
		t.Helper()
		k, err := c.ScanConsumer(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		batch, err := k.Fetch(t.Context(), limit, 500*time.Millisecond)
		if err != nil {
			t.Fatal(err)
		}
		return batch
	}
	first := fetch(150)
	if diff := cmp.Diff(want[:150], seen(first)); diff != "" {
		t.Fatalf("first batch (-want +got):\n%s", diff)
	}
	// An aggregator that starts anew gets the same, at once, and the rest.
	again := fetch(1000)
	if diff := cmp.Diff(want, seen(again)); diff != "" {
		t.Fatalf("after a restart (-want +got):\n%s", diff)
	}
	if again.Scans[0].Seq != first.Scans[0].Seq {
		t.Errorf("sequence %d, want %d", again.Scans[0].Seq, first.Scans[0].Seq)
	}
	if err := again.Ack(t.Context()); err != nil {
		t.Fatal(err)
	}
	if rest := fetch(1000); len(rest.Scans) != 0 {
		t.Errorf("%d scans after the acknowledgement", len(rest.Scans))
	}
	if backlog, err := c.Backlog(t.Context()); err != nil || !backlog.Idle() {
		t.Errorf("backlog %+v, %v; want an idle one", backlog, err)
	}
}

func TestSameVersionsAreNotMixed(t *testing.T) {
	b := enginetest.Broker(t)
	c := connect(t, b, b.Owner())
	versions := []string{"1.0", "1_0", "1!0", "1.0+local", "", "*", "1 0"}
	for i, v := range versions {
		if err := c.PublishScan(t.Context(), scan("p", v, uint64(i))); err != nil {
			t.Fatal(err)
		}
	}
	k, err := c.ScanConsumer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	batch, err := k.Fetch(t.Context(), len(versions), 5*time.Second)
	if err != nil || len(batch.Scans) != len(versions) {
		t.Fatalf("%d scans, %v; want %d", len(batch.Scans), err, len(versions))
	}
}

func TestPoisonGoesToTheDead(t *testing.T) {
	b := enginetest.Broker(t)
	c := connect(t, b, b.Owner())
	o := b.Owner()
	nc, err := nats.Connect(b.URL(), nats.UserInfo(o.User, o.Password))
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	for _, subject := range []string{"jobs.x", "scans.x.1"} {
		if _, err := nc.Request(subject, []byte("not a message"), 5*time.Second); err != nil {
			t.Fatal(err)
		}
	}
	publish(t, c, job("requests"))
	if err := c.PublishScan(t.Context(), scan("requests", "1.0", 1)); err != nil {
		t.Fatal(err)
	}
	if d := next(t, consumer(t, c, time.Minute)); d.Job.Project != "requests" {
		t.Errorf("job of %q, want requests", d.Job.Project)
	}
	k, err := c.ScanConsumer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	batch, err := k.Fetch(t.Context(), 1, 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"requests 1.0"}, seen(batch)); diff != "" {
		t.Errorf("batch (-want +got):\n%s", diff)
	}
	dead, err := c.Dead(t.Context(), 0)
	if err != nil || len(dead) != 2 || string(dead[0].Data) != "not a message" {
		t.Errorf("dead: %+v, %v; want both", dead, err)
	}
	if err := batch.Ack(t.Context()); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the poison to be gone", func() bool {
		backlog, err := c.Backlog(t.Context())
		return err == nil && backlog.Scans == 0 && backlog.Jobs == 0 && backlog.JobsOut == 1 && backlog.Dead == 2
	})
}

func TestIndexIsComparedAndSet(t *testing.T) {
	b := enginetest.Broker(t)
	c := connect(t, b, b.Owner())
	if _, revision, err := c.LoadIndex(t.Context()); !errors.Is(err, queue.ErrNotFound) || revision != 0 {
		t.Errorf("before the first: revision %d, %v; want 0, ErrNotFound", revision, err)
	}
	x := &message.Index{Schema: message.StateSchema, Sweep: sweep, URL: "https://index.example.org/simple/", Projects: map[string]message.Serial{}}
	for i := range 20_000 { // more than one chunk of the object store
		x.Projects[fmt.Sprintf("project-%d", i*7919)] = message.Serial(fmt.Sprint(i * 104729))
	}
	first, err := c.SaveIndex(t.Context(), x, 0)
	if err != nil {
		t.Fatal(err)
	}
	got, revision, err := c.LoadIndex(t.Context())
	if err != nil || revision != first {
		t.Fatalf("revision %d, %v; want %d", revision, err, first)
	}
	if diff := cmp.Diff(x, got); diff != "" {
		t.Errorf("index (-want +got):\n%s", diff)
	}
	x.Serial = "2"
	second, err := c.SaveIndex(t.Context(), x, first)
	if err != nil || second <= first {
		t.Fatalf("second revision %d, %v", second, err)
	}
	for _, stale := range []uint64{0, first} {
		x.Serial = "3"
		if _, err := c.SaveIndex(t.Context(), x, stale); !errors.Is(err, queue.ErrConflict) {
			t.Errorf("saved over revision %d: %v, want ErrConflict", stale, err)
		}
	}
	if got, _, err = c.LoadIndex(t.Context()); err != nil || got.Serial != "2" {
		t.Errorf("after the conflicts: %v, %v; want the second index", got, err)
	}
}

func TestStatesAndRankings(t *testing.T) {
	b := enginetest.Broker(t)
	c := connect(t, b, b.Owner())
	removed := message.State{Schema: message.StateSchema, Project: "gone", State: message.StateRemoved, Serial: "5", At: sweep}
	back := message.State{Schema: message.StateSchema, Project: "gone", State: message.StateResurrected, Serial: "6", At: sweep.Add(time.Hour)}
	ranking := message.Ranking{Schema: message.StateSchema, Name: "all@2026-04-01#1f0c9a2b", Base: "all", Date: sweep, Projects: []string{"boto3", "requests"}}
	for range 2 { // the same again is nothing new
		for _, err := range []error{c.PublishState(t.Context(), removed), c.PublishRanking(t.Context(), ranking), c.PublishState(t.Context(), back)} {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	collect := func(from uint64) (list []queue.SeqState) {
		t.Helper()
		for s, err := range c.States(t.Context(), from) {
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, s)
		}
		return list
	}
	all := collect(0)
	if len(all) != 3 {
		t.Fatalf("%d states, want 3", len(all))
	}
	want := []queue.SeqState{
		{Seq: all[0].Seq, State: &removed},
		{Seq: all[0].Seq + 1, Ranking: &ranking},
		{Seq: all[0].Seq + 2, State: &back},
	}
	if diff := cmp.Diff(want, all); diff != "" {
		t.Errorf("states (-want +got):\n%s", diff)
	}
	if rest := collect(all[2].Seq); len(rest) != 1 {
		t.Errorf("%d states from the last on, want 1", len(rest))
	}
	if rest := collect(all[2].Seq + 1); len(rest) != 0 {
		t.Errorf("%d states after the last, want 0", len(rest))
	}
}

func TestStale(t *testing.T) {
	b := enginetest.Broker(t)
	c := connect(t, b, b.Owner())
	for _, serial := range []message.Serial{"8", "9"} {
		if err := c.NoteStale(t.Context(), "requests", serial); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.NoteStale(t.Context(), "six", "3"); err != nil {
		t.Fatal(err)
	}
	if err := c.ClearStale(t.Context(), "six"); err != nil {
		t.Fatal(err)
	}
	got, err := c.Stale(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]message.Serial{"requests": "9"}, got); diff != "" {
		t.Errorf("stale (-want +got):\n%s", diff)
	}
}
