package rights_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"prevalence/internal/queue"
	"prevalence/schemas/message"
)

// seldom has each role do what a short crawl does not ask of it. Whatever the
// broker refuses fails the test.
func seldom(t *testing.T, url string) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	must := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	crawler, worker, aggregator := login(t, url, "crawler"), login(t, url, "worker"), login(t, url, "aggregator")
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

	must("state", crawler.PublishState(ctx, message.State{Project: "gone", State: message.StateRemoved, At: at}))
	must("ranking", crawler.PublishRanking(ctx, message.Ranking{Name: "all@2026-01-02#0", Projects: []string{"a"}}))
	rankings, err := crawler.Rankings(ctx)
	must("rankings", err)
	if len(rankings) < 2 {
		t.Errorf("%d rankings, want both", len(rankings))
	}
	must("note stale", worker.NoteStale(ctx, "late", "9"))
	stale, err := crawler.Stale(ctx)
	must("stale", err)
	if stale["late"] != "9" {
		t.Errorf("stale %v", stale)
	}
	must("clear stale", crawler.ClearStale(ctx, "late"))
	index, revision, err := crawler.LoadIndex(ctx)
	must("load index", err)
	_, err = crawler.SaveIndex(ctx, index, revision)
	must("save index", err)
	must("limits", crawler.Ensure(ctx))
	states := 0
	for _, err := range aggregator.States(ctx, 0) {
		must("states", err)
		states++
	}
	if states < 3 {
		t.Errorf("the aggregator reads %d states", states)
	}
	_, _, err = aggregator.LoadIndex(ctx)
	must("load index", err)

	fleet, err := worker.JoinFleet(ctx, queue.FleetOptions{Requests: 10})
	must("fleet", err)
	sailing, stop := context.WithCancel(ctx)
	gone := make(chan error, 1)
	go func() { gone <- fleet.Run(sailing) }()
	_, _, err = fleet.Wait(ctx, "host", 1000)
	must("rate", err)
	fleet.Pause("host", time.Millisecond)
	stop()
	must("fleet", <-gone)

	// A poisoned job, one that is put off, and one that nobody answered.
	for _, project := range []string{"poison", "giant", "killer"} {
		must("job", crawler.Jobs().Publish(ctx, message.Job{Project: project, Sweep: at}, func(accepted bool, err error) {
			if !accepted || err != nil {
				t.Errorf("job of %s: %v, %v", project, accepted, err)
			}
		}))
		must("flush", crawler.Jobs().Flush(ctx))
	}
	operator := login(t, url, "operator")
	consumer, err := worker.JobConsumer(ctx, time.Minute)
	must("consumer", err)
	for range 3 {
		d, err := consumer.Next(ctx)
		must("next", err)
		switch d.Job.Project {
		case "poison":
			must("discard", d.Discard(ctx, "test"))
		case "giant":
			must("defer", d.Defer(ctx, time.Minute))
		case "killer":
			_, err = worker.LastScan(ctx, "killer", "1.0")
			if !errors.Is(err, queue.ErrNotFound) {
				t.Errorf("last scan: %v", err)
			}
			advisory(t, url, d.Seq)
		}
	}
	reaped, err := crawler.Reap(ctx)
	must("reap", err)
	if reaped != 1 {
		t.Errorf("%d jobs reaped, want 1", reaped)
	}
	before, err := operator.Dead(ctx, 0)
	must("dead", err)
	if len(before) != 2 {
		t.Errorf("%d dead letters, want those of poison and killer", len(before))
	}
	nc, err := nats.Connect(url, nats.UserInfo("worker", secrets["NATS_PASSWORD_WORKER"]))
	must("connect", err)
	defer nc.Close()
	must("poison", nc.Publish("scans.poison.1_0", []byte("no scan")))
	must("poison", nc.Flush())
	await(t, "dead letter of a poisoned scan", func() bool {
		dead, err := operator.Dead(ctx, 0)
		must("dead", err)
		return len(dead) > len(before)
	})
}

// advisory says what the broker says of a job that it gave up delivering.
func advisory(t *testing.T, url string, seq uint64) {
	t.Helper()
	nc, err := nats.Connect(url, nats.UserInfo("operator", secrets["NATS_PASSWORD_OPERATOR"]))
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	err = nc.Publish("$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.JOBS.workers", fmt.Appendf(nil, `{"stream_seq":%d,"deliveries":2000}`, seq))
	if err == nil {
		err = nc.Flush()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// login connects as a role of deploy/nats/accounts.conf.
func login(t *testing.T, url, user string) *queue.Conn {
	t.Helper()
	c, err := queue.Connect(t.Context(), queue.Options{
		URL: url, User: user, Password: secrets["NATS_PASSWORD_"+strings.ToUpper(user)], Name: "test",
		Log: slog.New(refusals{t, user}),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// refusals fails the test for every warning of a connection.
type refusals struct {
	t    *testing.T
	user string
}

func (r refusals) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelWarn }
func (r refusals) WithAttrs([]slog.Attr) slog.Handler           { return r }
func (r refusals) WithGroup(string) slog.Handler                { return r }
func (r refusals) Handle(_ context.Context, rec slog.Record) error {
	line := rec.Message
	rec.Attrs(func(a slog.Attr) bool { line += fmt.Sprintf(" %s=%v", a.Key, a.Value); return true })
	r.t.Errorf("%s: %s", r.user, line)
	return nil
}
