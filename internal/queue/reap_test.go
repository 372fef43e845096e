package queue_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"prevalence/internal/engine/enginetest"
	"prevalence/internal/queue"
)

// TestReap: a job of which every worker dies before it says anything goes to
// the dead, frees its project, and can be taken up again from there.
func TestReap(t *testing.T) {
	b := enginetest.Broker(t)
	c := connect(t, b, b.Owner())
	k, err := connect(t, b, b.Worker()).JobConsumerUntil(t.Context(), 20*time.Millisecond, 20)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := c.Reap(t.Context()); n != 0 || err != nil {
		t.Fatalf("nothing to reap: %d, %v", n, err)
	}
	publish(t, c, job("crasher"))
	publish(t, c, job("harmless"))
	deliveries, acked := 0, false
	for reaped := 0; reaped == 0; {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		d, err := k.Next(ctx)
		cancel()
		switch {
		case errors.Is(err, context.DeadlineExceeded):
			if reaped, err = c.Reap(t.Context()); err != nil {
				t.Fatal(err)
			}
		case err != nil:
			t.Fatal(err)
		case d.Job.Project == "harmless":
			if err := d.Ack(t.Context()); err != nil {
				t.Fatal(err)
			}
			acked = true
		default:
			deliveries++ // and nothing is said
		}
		if deliveries > 20 {
			t.Fatal("delivered for ever")
		}
	}
	if !acked || deliveries != 20 {
		t.Errorf("the other job done: %t; %d deliveries", acked, deliveries)
	}
	dead, err := c.Dead(t.Context(), 0)
	if err != nil || len(dead) != 1 || dead[0].Subject != "jobs.crasher" || dead[0].Stream != "JOBS" ||
		!strings.Contains(dead[0].Reason, "never answered") || dead[0].Attempts != deliveries {
		t.Fatalf("dead %+v, %v", dead, err)
	}
	if backlog, err := c.Backlog(t.Context()); err != nil || !backlog.Idle() || backlog.Dead != 1 {
		t.Errorf("backlog %+v, %v", backlog, err)
	}
	if n, err := c.Reap(t.Context()); n != 0 || err != nil {
		t.Errorf("reaped twice: %d, %v", n, err)
	}

	// Its project is free; while a newer job is out the dead one is refused.
	next := job("crasher")
	next.Sweep = next.Sweep.Add(time.Hour)
	if !publish(t, c, next) {
		t.Fatal("the project is blocked")
	}
	letter, err := c.DeadLetter(t.Context(), dead[0].Seq)
	if err != nil || string(letter.Data) != string(dead[0].Data) || letter.Reason != dead[0].Reason || !letter.At.Equal(dead[0].At) {
		t.Errorf("letter %+v, %v", letter, err)
	}
	if err := c.Requeue(t.Context(), letter); !errors.Is(err, queue.ErrConflict) {
		t.Errorf("requeued beside a newer job: %v", err)
	}
	d, err := k.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Ack(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := c.Requeue(t.Context(), letter); err != nil {
		t.Fatal(err)
	}
	if d, err = k.Next(t.Context()); err != nil || d.Job.Project != "crasher" || d.Attempt != 1 {
		t.Errorf("requeued: %+v, %v", d, err)
	}
	if err := d.Discard(t.Context(), "again"); err != nil {
		t.Fatal(err)
	}
	if dead, err = c.Dead(t.Context(), 0); err != nil || len(dead) != 1 {
		t.Fatalf("dead %+v, %v", dead, err)
	}
	for range 2 {
		if err := c.Drop(t.Context(), dead[0].Seq); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.DeadLetter(t.Context(), dead[0].Seq); !errors.Is(err, queue.ErrNotFound) {
		t.Errorf("dropped: %v", err)
	}
}
