package worker

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"prevalence/internal/engine"
	"prevalence/internal/pypi"
	"prevalence/internal/pypi/pypitest"
	"prevalence/internal/queue"
	"prevalence/schemas/message"
)

// member is one process of a fleet that fetches, as far as the index sees it.
type member struct {
	index pypi.Index
	kill  func() // without a farewell
	leave func()
}

// fleetOf is a broker and an index, and what makes members.
type fleetOf struct {
	t      *testing.T
	broker *engine.Broker
	owner  *queue.Conn
	server *pypitest.Server
	url    string
}

func newFleet(t *testing.T) *fleetOf {
	t.Helper()
	b, err := engine.StartBroker(t.Context(), engine.BrokerOptions{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	f := &fleetOf{t: t, broker: b, server: pypitest.NewServer(new(pypitest.Universe), pypitest.LikePyPI)}
	f.owner, err = queue.Connect(t.Context(), queue.Options{InProcess: b, User: b.Owner().User, Password: b.Owner().Password})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.owner.Close)
	if err := f.owner.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := f.server.AddRelease("p", "1", "x = 1"); err != nil {
		t.Fatal(err)
	}
	url, stop, err := f.server.Start(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	f.url = url
	return f
}

// join adds a member with a worker's own account.
func (f *fleetOf) join(o pypi.Options, limits queue.FleetOptions) *member {
	f.t.Helper()
	conn, err := queue.Connect(f.t.Context(), queue.Options{InProcess: f.broker, User: f.broker.Worker().User, Password: f.broker.Worker().Password})
	if err != nil {
		f.t.Fatal(err)
	}
	fleet, err := conn.JoinFleet(f.t.Context(), limits)
	if err != nil {
		f.t.Fatal(err)
	}
	o.Pace, o.Contact, o.Backoff = fleet, "fleet@example.org", time.Millisecond
	x, err := pypi.Open(f.url, o)
	if err != nil {
		f.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(f.t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = fleet.Run(ctx) // a killed one loses its connection
	}()
	end := func(first, second func()) func() {
		return sync.OnceFunc(func() { first(); second(); <-done; conn.Close() })
	}
	m := &member{index: x, kill: end(conn.Close, cancel), leave: end(cancel, func() {})}
	f.t.Cleanup(m.leave)
	return m
}

// busy asks for pages as fast as it is let, in two slots, until ctx ends.
func (m *member) busy(ctx context.Context, wg *sync.WaitGroup) {
	for range 2 {
		wg.Go(func() {
			for ctx.Err() == nil {
				if _, err := m.index.Project(ctx, "p"); err != nil && ctx.Err() == nil {
					time.Sleep(10 * time.Millisecond)
				}
			}
		})
	}
}

// mostIn returns the largest number of requests within any window.
func mostIn(window time.Duration, requests []pypitest.Request) int {
	most, from := 0, 0
	for to := range requests {
		for requests[to].At.Sub(requests[from].At) >= window {
			from++
		}
		most = max(most, to-from+1)
	}
	return most
}

// TestFleetKeepsTheRate runs four members, kills one and adds one: the index's
// own log never shows more than the rate and a tenth in ten seconds, and what
// the dead one leaves is used by the others.
func TestFleetKeepsTheRate(t *testing.T) {
	t.Parallel()
	const perSecond = 30
	f := newFleet(t)
	ctx, cancel := context.WithTimeout(t.Context(), 27*time.Second)
	defer cancel()
	var wg sync.WaitGroup
	join := func() (*member, func()) {
		m := f.join(pypi.Options{Rate: perSecond}, queue.FleetOptions{})
		alive, end := context.WithCancel(ctx)
		m.busy(alive, &wg)
		return m, end
	}
	members := make([]*member, 4)
	ends := make([]func(), 4)
	for i := range members {
		members[i], ends[i] = join()
	}
	start := time.Now()
	time.Sleep(6 * time.Second)
	ends[0]()
	members[0].kill()
	time.Sleep(6 * time.Second)
	_, end := join()
	defer end()
	wg.Wait()
	for _, end := range ends {
		end()
	}
	log := f.server.Requests()
	if most := mostIn(10*time.Second, log); most > perSecond*11 {
		t.Errorf("%d requests within 10 s, %d are allowed", most, perSecond*11)
	} else {
		t.Logf("at most %d requests within 10 s at a rate of %d a second", most, perSecond)
	}
	var last int
	for _, r := range log {
		if r.At.Sub(start) > 17*time.Second {
			last++
		}
		if !strings.Contains(r.UserAgent, "fleet@example.org") {
			t.Fatalf("a request without contact: %q", r.UserAgent)
		}
	}
	if took := time.Since(start) - 17*time.Second; float64(last) < 0.8*perSecond*took.Seconds() {
		t.Errorf("%d requests in the last %s: what the dead one left is not used", last, took)
	}
}

// TestFleetPauses: one member that is asked for a pause keeps all away.
func TestFleetPauses(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	a, b := f.join(pypi.Options{}, queue.FleetOptions{}), f.join(pypi.Options{}, queue.FleetOptions{})
	for _, m := range []*member{a, b} {
		if _, err := m.index.Project(t.Context(), "p"); err != nil {
			t.Fatal(err)
		}
	}
	f.server.Plan(pypitest.Fault{Path: "/simple/*/", Kind: pypitest.Status, Code: 503, RetryAfter: time.Hour, Times: 1})
	var pause *pypi.PauseError
	if _, err := a.index.Project(t.Context(), "p"); !errors.As(err, &pause) || pause.RetryAfter != time.Hour {
		t.Fatalf("asked for an hour, got %v", err)
	}
	f.server.Requests()
	for ends := time.Now().Add(5 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		_, err := b.index.Project(t.Context(), "p")
		if errors.As(err, &pause) {
			if pause.RetryAfter < 59*time.Minute || pause.Why == "" {
				t.Errorf("the other one pauses for %s, %q", pause.RetryAfter, pause.Why)
			}
			break
		}
		if time.Now().After(ends) {
			t.Fatal("the other one does not pause")
		}
	}
	c := f.join(pypi.Options{}, queue.FleetOptions{}) // a newcomer pauses as well
	f.server.Requests()
	time.Sleep(300 * time.Millisecond)
	if _, err := c.index.Project(t.Context(), "p"); !errors.As(err, &pause) {
		t.Errorf("a newcomer gets %v", err)
	}
	if n := len(f.server.Requests()); n != 0 {
		t.Errorf("%d requests during the pause", n)
	}
}

// TestFleetBudget: the members together make as many requests as they may, and
// then pause until midnight.
func TestFleetBudget(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	const budget = 300
	var wg sync.WaitGroup
	limits := queue.FleetOptions{Requests: budget}
	for range 3 {
		m := f.join(pypi.Options{}, limits)
		wg.Go(func() {
			for {
				_, err := m.index.Project(t.Context(), "p")
				var pause *pypi.PauseError
				if errors.As(err, &pause) {
					midnight := time.Now().UTC().Truncate(24 * time.Hour).Add(24 * time.Hour)
					if d := time.Until(midnight) - pause.RetryAfter; d < -2*time.Second || d > 2*time.Second || !strings.Contains(pause.Error(), "budget of 300 requests") {
						t.Errorf("pause is %s: %v", pause.RetryAfter, pause)
					}
					return
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	n := len(f.server.Requests())
	t.Logf("%d requests of a budget of %d", n, budget)
	if n > budget || n < budget-10 {
		t.Errorf("%d requests of a budget of %d", n, budget)
	}
	limits = queue.FleetOptions{Bytes: 5000}
	m := f.join(pypi.Options{}, limits)
	var pause *pypi.PauseError
	for n := range 100 {
		if _, err := m.index.Project(t.Context(), "p"); errors.As(err, &pause) {
			if n == 0 {
				t.Error("no byte is allowed")
			}
			break
		}
	}
	if pause == nil {
		t.Error("bytes are not counted")
	}
}

// TestPauseSpendsNoAttempt: a worker that waits for the index to end a pause
// has its jobs delivered once.
func TestPauseSpendsNoAttempt(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	m := f.join(pypi.Options{MaxWait: time.Second}, queue.FleetOptions{})
	f.server.Plan(pypitest.Fault{Path: "/simple/*/", Kind: pypitest.Status, Code: 429, RetryAfter: 2 * time.Second, Times: 3})
	publishJobs(t, f.owner, message.Job{Project: "p"})
	worker, err := queue.Connect(t.Context(), queue.Options{InProcess: f.broker, User: f.broker.Worker().User, Password: f.broker.Worker().Password})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(worker.Close)
	stop := running(t, Options{Index: m.index, AckWait: time.Second, Attempts: 1}, worker, worker)
	idle(t, f.owner)
	stop()
	got, _ := scansOf(t, f.owner, 1)
	if len(got) != 1 || got[0] != "p 1 ok " {
		t.Errorf("scans %q", got)
	}
}
