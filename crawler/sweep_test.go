package crawler_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"prevalence/crawler"
	"prevalence/crawler/ranking"
	"prevalence/internal/engine/enginetest"
	"prevalence/internal/pypi"
	"prevalence/internal/pypi/pypitest"
	"prevalence/internal/queue"
	"prevalence/schemas/message"
)

func TestMain(m *testing.M) { enginetest.Main(m) }

// bench is an index, a broker and a crawler between them.
type bench struct {
	t        *testing.T
	universe *pypitest.Universe
	server   *pypitest.Server
	conn     *queue.Conn
	jobs     *queue.JobConsumer
	options  crawler.Options
	states   uint64 // sequence behind the last state read
}

// store gives the crawler its own word for "nothing yet".
type store struct{ *queue.Conn }

func (s store) LoadIndex(ctx context.Context) (*message.Index, uint64, error) {
	x, revision, err := s.Conn.LoadIndex(ctx)
	if errors.Is(err, queue.ErrNotFound) {
		err = crawler.ErrNoIndex
	}
	return x, revision, err
}

func newBench(t *testing.T, style pypitest.Style) *bench {
	t.Helper()
	u, err := pypitest.New(pypitest.Config{Seed: 5, Projects: 120})
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, universe: u, server: pypitest.NewServer(u, style)}
	broker := enginetest.Broker(t)
	owner := broker.Owner()
	b.conn, err = queue.Connect(t.Context(), queue.Options{URL: broker.URL(), User: owner.User, Password: owner.Password, Name: t.Name()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.conn.Close)
	if err := b.conn.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	if b.jobs, err = b.conn.JobConsumer(t.Context(), time.Minute); err != nil {
		t.Fatal(err)
	}
	ranks, err := ranking.Parse(u.RankingJSON(), time.Time{}, "")
	if err != nil {
		t.Fatal(err)
	}
	b.options = crawler.Options{
		Jobs: b.conn.Jobs(), Store: store{b.conn}, States: b.conn, Stale: b.conn,
		Ranking: ranks, Seed: 7,
	}
	b.use(b.open())
	return b
}

func (b *bench) use(x pypi.Index) { b.options.Index = x }

// open opens the bench's server anew.
func (b *bench) open() pypi.Index {
	b.t.Helper()
	h := httptest.NewServer(b.server)
	b.t.Cleanup(h.Close)
	x, err := pypi.Open(h.URL+"/simple/", pypi.Options{Tries: 2, Backoff: time.Millisecond, MaxWait: 2 * time.Second, Timeout: 2 * time.Second, Stall: 2 * time.Second})
	if err != nil {
		b.t.Fatal(err)
	}
	return x
}

func (b *bench) once() *crawler.Report {
	b.t.Helper()
	r, err := crawler.Once(b.t.Context(), b.options)
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

// take takes all jobs that are out and acknowledges those not named in keep.
func (b *bench) take(keep ...string) []message.Job {
	b.t.Helper()
	var out []message.Job
	for {
		ctx, cancel := context.WithTimeout(b.t.Context(), 300*time.Millisecond)
		d, err := b.jobs.Next(ctx)
		cancel()
		if errors.Is(err, context.DeadlineExceeded) {
			return out
		}
		if err != nil {
			b.t.Fatal(err)
		}
		out = append(out, d.Job)
		if !slices.Contains(keep, d.Job.Project) {
			if err := d.Ack(b.t.Context()); err != nil {
				b.t.Fatal(err)
			}
		}
	}
}

// reasons maps the projects of jobs to their reasons.
func reasons(jobs []message.Job) map[string]message.Reason {
	out := make(map[string]message.Reason)
	for _, j := range jobs {
		out[j.Project] = j.Reason
	}
	return out
}

// newStates reads the states that were published since the last call.
func (b *bench) newStates() map[string]message.ProjectState {
	b.t.Helper()
	out := make(map[string]message.ProjectState)
	for s, err := range b.conn.States(b.t.Context(), b.states) {
		if err != nil {
			b.t.Fatal(err)
		}
		b.states = s.Seq + 1
		if s.State != nil {
			out[s.State.Project] = s.State.State
		}
	}
	return out
}

func (b *bench) list() *message.Index {
	b.t.Helper()
	x, _, err := b.conn.LoadIndex(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	return x
}

func (b *bench) want(what string, got, want any) {
	b.t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		b.t.Errorf("%s: %s", what, diff)
	}
}

func (b *bench) release(project, version string) {
	b.t.Helper()
	if _, err := b.server.AddRelease(project, version, "x = 1\n"); err != nil {
		b.t.Fatal(err)
	}
}

// TestSweeps runs the life of an index past the crawler, in each form of index.
func TestSweeps(t *testing.T) {
	for name, style := range map[string]pypitest.Style{
		"serials": pypitest.LikePyPI, "html": pypitest.LikeHTMLServer, "json without hashes": pypitest.LikeJSONServer,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, style)
			names := b.server.Names()
			pageStates := map[string]message.ProjectState{}
			if !style.Serials {
				for _, p := range b.universe.Projects {
					if p.State != message.StateActive {
						pageStates[p.Name] = p.State
					}
				}
			}

			r := b.once()
			jobs := b.take()
			b.want("first sweep", []int{r.Names, r.New, r.Accepted, r.Pending, r.Unlisted}, []int{120, 120, 120, 0, 4})
			b.want("jobs", len(reasons(jobs)), 120)
			b.want("states", b.newStates(), pageStates)
			for _, j := range jobs {
				if j.Reason != message.ReasonNew || !j.Drawn || j.Serial == "" || !j.Sweep.Equal(r.Sweep) {
					t.Fatalf("job %+v", j)
				}
			}

			// Nothing changed: no jobs, and no page asked for where the root has serials.
			b.server.Requests()
			r = b.once()
			requests := b.server.Requests()
			b.want("unchanged", []int{r.Jobs(), r.Unchanged, len(b.take())}, []int{0, 120, 0})
			wantRequests := 121
			if style.Serials {
				wantRequests = 1
			}
			b.want("requests", len(requests), wantRequests)

			// A new project, a changed one, a removed one.
			b.release("fresh-arrival", "1.0")
			b.release(names[3], "99.0")
			b.server.Remove(names[4])
			r = b.once()
			b.want("second sweep", reasons(b.take()), map[string]message.Reason{"fresh-arrival": message.ReasonNew, names[3]: message.ReasonChanged})
			b.want("removed", r.Removed, 1)
			b.want("states", b.newStates(), map[string]message.ProjectState{names[4]: message.StateRemoved})
			if x := b.list(); !x.Removed[names[4]].Equal(r.Sweep) || x.Projects[names[4]] != "" || !x.Complete || x.Seed != 7 {
				t.Errorf("list: removed %v, complete %t, seed %d", x.Removed, x.Complete, x.Seed)
			}

			// It comes back; another is yanked.
			b.server.Resurrect(names[4])
			i := slices.IndexFunc(b.universe.Projects, func(p *pypitest.Project) bool {
				return p.Latest != "" && p.Name != names[3] && p.Name != names[4]
			})
			yanked := b.universe.Projects[i]
			b.server.Yank(yanked.Name, yanked.Latest, "broken")
			b.once()
			b.want("third sweep", reasons(b.take()), map[string]message.Reason{names[4]: message.ReasonResurrected, yanked.Name: message.ReasonChanged})
			b.want("states", b.newStates(), map[string]message.ProjectState{names[4]: message.StateResurrected})
			b.want("removed", len(b.list().Removed), 0)

			// Quarantine is known from pages alone.
			b.server.SetState(yanked.Name, message.StateQuarantined)
			b.once()
			b.want("quarantined", reasons(b.take()), map[string]message.Reason{yanked.Name: message.ReasonChanged})
			b.server.SetState(yanked.Name, message.StateActive)
			b.once()
			b.want("released", reasons(b.take()), map[string]message.Reason{yanked.Name: message.ReasonChanged})
			wantStates := map[string]message.ProjectState{}
			if !style.Serials {
				wantStates[yanked.Name] = message.StateActive // the last of two
			}
			b.want("states", b.newStates(), wantStates)
		})
	}
}

// TestJobOut changes a project while its job is out: the change is found again.
func TestJobOut(t *testing.T) {
	b := newBench(t, pypitest.LikePyPI)
	b.options.Projects = []string{"fresh"}
	b.release("fresh", "1.0")
	b.once() // its job stays in the queue
	before := b.list().Projects["fresh"]
	b.release("fresh", "1.1")
	r := b.once()
	b.want("while it is out", []int{r.Changed, r.Accepted, r.Refused}, []int{1, 0, 1})
	b.want("serial", b.list().Projects["fresh"], before)
	b.want("jobs", len(b.take()), 1)
	r = b.once()
	b.want("found again", []int{r.Changed, r.Accepted, r.Refused}, []int{1, 1, 0})
	jobs := b.take()
	if len(jobs) != 1 || jobs[0].Serial == before {
		t.Errorf("jobs %+v", jobs)
	}
	b.want("unchanged", b.once().Jobs(), 0)
}

// TestStale republishes what a worker found older than promised, once.
func TestStale(t *testing.T) {
	b := newBench(t, pypitest.LikePyPI)
	b.once()
	b.take()
	name := b.server.Names()[9]
	if err := b.conn.NoteStale(t.Context(), name, "1234"); err != nil {
		t.Fatal(err)
	}
	b.once()
	b.want("noted", reasons(b.take()), map[string]message.Reason{name: message.ReasonChanged})
	b.want("cleared", b.once().Jobs(), 0)
}

// TestRestricted picks projects by hand and by number. The root is whole all the
// same: what vanished is recorded, the rest is pending.
func TestRestricted(t *testing.T) {
	b := newBench(t, pypitest.LikePyPI)
	names := b.server.Names()
	b.options.Projects = []string{names[7], "Not_There", strings.ToUpper(names[2]), names[7]}
	r := b.once()
	jobs := b.take()
	b.want("by name", reasons(jobs), map[string]message.Reason{names[7]: message.ReasonNew, names[2]: message.ReasonNew})
	b.want("unknown", r.Unknown, []string{"Not_There"})
	b.want("pending", []int{r.Names, r.Pending, len(b.list().Pending)}, []int{120, 118, 118})
	if jobs[0].Drawn || b.list().Complete {
		t.Error("hand-picked projects count as drawn, or as all")
	}

	b.options.Projects, b.options.Top = nil, 10
	b.server.Remove(names[50])
	r = b.once()
	var want []string
	for _, n := range b.universe.Ranked[:10] {
		if b.universe.Project(n) != nil && n != names[7] && n != names[2] && n != names[50] {
			want = append(want, n)
		}
	}
	var got []string
	for _, j := range b.take() {
		got = append(got, j.Project)
	}
	b.want("by rank", got, want)
	b.want("removed though not picked", r.Removed, 1)
	b.want("states", b.newStates(), map[string]message.ProjectState{names[50]: message.StateRemoved})

	// A limit takes the head of the draw, and the next one goes on where it ended.
	b.options.Top, b.options.Limit = 0, 20
	seen := map[string]bool{}
	for range 3 {
		b.once()
		for _, j := range b.take() {
			if !j.Drawn || seen[j.Project] {
				t.Errorf("job %+v, seen before %t", j, seen[j.Project])
			}
			seen[j.Project] = true
		}
	}
	b.want("by number", len(seen), 60)
	if x := b.list(); x.Complete || len(x.Projects)+len(x.Pending) != 119 {
		t.Errorf("complete %t, %d known, %d pending", x.Complete, len(x.Projects), len(x.Pending))
	}

	b.options.Limit, b.options.Rescan, b.options.Projects = 0, true, []string{names[2]}
	b.once()
	b.want("again by hand", reasons(b.take()), map[string]message.Reason{names[2]: message.ReasonRescan})
}

// TestPagesFail reads an index without serials of which some pages fail.
func TestPagesFail(t *testing.T) {
	b := newBench(t, pypitest.LikeHTMLServer)
	names := b.server.Names()
	b.server.Plan(
		pypitest.Fault{Path: "/simple/" + names[0] + "/", Code: 404},
		pypitest.Fault{Path: "/simple/" + names[1] + "/", Code: 500},
		pypitest.Fault{Path: "/simple/" + names[2] + "/", Kind: pypitest.HalfBody},
		pypitest.Fault{Path: "/simple/" + names[3] + "/", Code: 503, RetryAfter: time.Second, Times: 1},
	)
	r := b.once()
	b.want("first sweep", []int{r.Accepted, r.PagesFailed, r.Pending, len(r.Failures)}, []int{117, 3, 3, 3})
	b.want("pending", b.list().Pending, names[:3])
	for _, f := range r.Failures {
		if f.Err == nil || strings.Contains(f.Err.Error(), "\n") {
			t.Errorf("failure of %s: %v", f.Project, f.Err)
		}
	}
	b.take()
	b.server.Plan()
	b.once()
	b.want("found again", len(b.take()), 3)

	// A page that fails later keeps its old serial.
	b.server.Plan(pypitest.Fault{Path: "/simple/" + names[5] + "/", Code: 500})
	serial := b.list().Projects[names[5]]
	r = b.once()
	b.want("later", []int{r.Jobs(), r.PagesFailed, r.Removed}, []int{0, 1, 0})
	b.want("serial", b.list().Projects[names[5]], serial)

	// An index that goes down in the middle is left alone soon.
	b.server.Plan(pypitest.Fault{Path: "/simple/*/", Code: 502})
	b.server.Requests()
	r = b.once()
	if n := len(b.server.Requests()); r.PagesFailed < 20 || r.PagesFailed > 40 || n > 80 {
		t.Errorf("%d pages failed, %d requests", r.PagesFailed, n)
	}
	b.want("known", len(b.list().Projects), 120)
}

// TestRootFails: without a root there is no sweep, and the list stays.
func TestRootFails(t *testing.T) {
	b := newBench(t, pypitest.LikePyPI)
	b.once()
	b.take()
	before := b.list()
	b.server.Touch(b.server.Names()[0]) // else the answer has no body to spoil
	for name, fault := range map[string]pypitest.Fault{
		"503": {Code: 503}, "429": {Code: 429, RetryAfter: time.Hour}, "403": {Code: 403}, "404": {Code: 404},
		"half": {Kind: pypitest.HalfBody}, "nonsense": {Kind: pypitest.Corrupt},
	} {
		fault.Path = "/simple/"
		b.server.Plan(fault)
		_, err := crawler.Once(t.Context(), b.options)
		if err == nil || !strings.HasPrefix(err.Error(), "crawler: ") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", name, err)
		}
	}
	b.want("list", b.list(), before)
}

// TestShrunk refuses a root that lost most of its names.
func TestShrunk(t *testing.T) {
	b := newBench(t, pypitest.LikePyPI)
	b.once()
	b.take()
	for _, name := range b.server.Names()[:61] {
		b.server.Remove(name)
	}
	_, err := crawler.Once(t.Context(), b.options)
	if !errors.Is(err, crawler.ErrShrunk) || !strings.Contains(err.Error(), "lists 59 names where the last sweep saw 120") {
		t.Errorf("61 of 120 names vanish: %v", err)
	}
	b.want("states", len(b.newStates()), 0)
	b.want("known", len(b.list().Projects), 120)
	b.options.Force = true
	b.want("forced", b.once().Removed, 61)

	empty := t.TempDir()
	x, err := pypi.Open(empty, pypi.Options{})
	if err != nil {
		t.Fatal(err)
	}
	b.use(x)
	b.options.Force = false
	if _, err := crawler.Once(t.Context(), b.options); err == nil || !strings.Contains(err.Error(), "lists no project") {
		t.Errorf("an empty folder: %v", err)
	}
}

// TestFolder sweeps a folder of distributions.
func TestFolder(t *testing.T) {
	b := newBench(t, pypitest.LikePyPI)
	dir := t.TempDir()
	projects := 0
	for _, p := range b.universe.Projects {
		for _, f := range p.Files {
			if err := os.WriteFile(filepath.Join(dir, f.Name), f.Data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if len(p.Files) > 0 {
			projects++
		}
	}
	x, err := pypi.Open(dir, pypi.Options{})
	if err != nil {
		t.Fatal(err)
	}
	b.use(x)
	r := b.once()
	b.want("jobs", []int{r.New, len(b.take())}, []int{projects, projects})
	start := time.Now()
	r = b.once()
	b.want("unchanged", r.Jobs(), 0)
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("an unchanged folder takes %s", took)
	}
	if err := os.WriteFile(filepath.Join(dir, "fresh-1.0.tar.gz"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	b.once()
	b.want("added", reasons(b.take()), map[string]message.Reason{"fresh": message.ReasonNew})
}

// TestConflict: of two sweeps at once only one publishes its list.
func TestConflict(t *testing.T) {
	b := newBench(t, pypitest.LikeHTMLServer)
	b.once()
	b.take()
	b.release("fresh", "1.0")
	inner := b.options
	b.options.Progress = func(c crawler.Counts) {
		if c.Checked == 60 {
			if _, err := crawler.Once(t.Context(), inner); err != nil {
				t.Error(err)
			}
		}
	}
	if _, err := crawler.Once(t.Context(), b.options); !errors.Is(err, queue.ErrConflict) {
		t.Errorf("the slower sweep: %v", err)
	}
}

// TestInterrupted stops a sweep half-way: what was accepted is remembered.
func TestInterrupted(t *testing.T) {
	b := newBench(t, pypitest.LikeHTMLServer)
	ctx, cancel := context.WithCancel(t.Context())
	b.options.Progress = func(c crawler.Counts) {
		if c.Checked == 60 {
			cancel()
		}
	}
	if _, err := crawler.Once(ctx, b.options); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	first := reasons(b.take())
	known := b.list().Projects
	for name := range known {
		if first[name] == "" {
			t.Errorf("%s is remembered and has no job", name)
		}
	}
	b.options.Progress = nil
	b.once()
	for name := range reasons(b.take()) {
		first[name] = message.ReasonNew
	}
	b.want("together", len(first), 120)
}
