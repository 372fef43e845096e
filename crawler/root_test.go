package crawler_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"prevalence/crawler"
	"prevalence/crawler/ranking"
	"prevalence/internal/pypi/pypitest"
	"prevalence/schemas/message"
)

// TestNotModified: a root that did not change is not read again, and what has
// to be done all the same is done from the list.
func TestNotModified(t *testing.T) {
	b := newBench(t, pypitest.LikePyPI)
	b.once()
	b.take()
	revision := func() uint64 {
		t.Helper()
		n, err := b.conn.IndexRevision(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	statuses := func() (codes []int) {
		for _, r := range b.server.Requests() {
			codes = append(codes, r.Status)
		}
		return codes
	}
	statuses()

	before := revision()
	r := b.once()
	b.want("requests", statuses(), []int{304})
	b.want("unchanged", []bool{r.NotModified, r.Published, r.Complete}, []bool{true, false, true})
	b.want("counts", []int{r.Names, r.Picked, r.Checked, r.Unchanged, r.Jobs()}, []int{120, 120, 120, 120, 0})
	b.want("revision", revision(), before)

	name := b.server.Names()[9]
	if err := b.conn.NoteStale(t.Context(), name, b.list().Projects[name]); err != nil {
		t.Fatal(err)
	}
	r = b.once()
	jobs := b.take()
	b.want("requests", statuses(), []int{304})
	b.want("noted", reasons(jobs), map[string]message.Reason{name: message.ReasonChanged})
	b.want("its serial", jobs[0].Serial, b.list().Projects[name])
	b.want("unchanged beside it", []int{r.Names, r.Unchanged, r.Removed}, []int{120, 119, 0})

	other, err := ranking.Parse([]byte("a\nb\n"), time.Now(), "own")
	if err != nil {
		t.Fatal(err)
	}
	b.options.Ranking = other
	r = b.once()
	b.want("requests", statuses(), []int{304})
	b.want("another ranking", []bool{r.NotModified, r.Published}, []bool{true, true})
	b.want("in the list", b.list().Ranking, other.Name)

	b.options.Projects, b.options.Rescan = []string{name}, true
	b.once()
	b.want("rescanned", reasons(b.take()), map[string]message.Reason{name: message.ReasonRescan})
	b.options.Projects, b.options.Rescan = nil, false

	// A job that is refused leaves a list that does not agree with the root.
	b.release("busy", "1.0")
	b.once()
	b.release("busy", "2.0")
	statuses()
	r = b.once()
	b.want("refused", []int{r.Refused, len(b.list().Validator)}, []int{1, 0})
	b.take()
	r = b.once()
	b.want("requests", statuses(), []int{200, 200})
	b.want("found again", []int{r.Changed, r.Accepted}, []int{1, 1})
	b.take()
	b.want("and then it agrees", b.once().NotModified, true)
	if b.list().Validator == "" {
		t.Error("no validator")
	}

	// Another index knows nothing of this one's ETag.
	b.use(b.open())
	b.options.Force = true
	b.want("another address", b.once().NotModified, false)
}

// TestStaleOfRemoved: the note of a project that is gone does not stay.
func TestStaleOfRemoved(t *testing.T) {
	b := newBench(t, pypitest.LikePyPI)
	b.once()
	b.take()
	name := b.server.Names()[9]
	if err := b.conn.NoteStale(t.Context(), name, "1234"); err != nil {
		t.Fatal(err)
	}
	b.server.Remove(name)
	b.once()
	b.want("jobs", len(b.take()), 0)
	notes, err := b.conn.Stale(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b.want("notes", len(notes), 0)
}

// TestRescan asks for projects again without asking the index.
func TestRescan(t *testing.T) {
	b := newBench(t, pypitest.LikePyPI)
	again := crawler.Again{Jobs: b.conn.Jobs(), Store: store{b.conn}, Projects: []string{"a"}}
	if _, err := crawler.Rescan(t.Context(), again); err == nil || !strings.Contains(err.Error(), "crawl first") {
		t.Errorf("before the first sweep: %v", err)
	}
	b.once()
	b.take()
	names := b.server.Names()
	gone := names[3]
	b.server.Remove(gone)
	b.once()
	b.take()
	b.server.Requests()

	again.Projects, again.Releases = append(slices.Clone(b.server.Names()), gone, names[5]), 2
	r, err := crawler.Rescan(t.Context(), again)
	if err != nil {
		t.Fatal(err)
	}
	jobs := b.take(names[7])
	b.want("report", []any{r.Asked, r.Accepted, r.Refused, r.Unlisted}, []any{120, 119, 0, []string{gone}})
	b.want("jobs", len(jobs), 119)
	b.want("requests", len(b.server.Requests()), 0)
	var order []string
	for _, j := range jobs {
		if j.Reason != message.ReasonRescan || j.Releases != 2 || j.Drawn || j.Serial != b.list().Projects[j.Project] {
			t.Fatalf("job %+v", j)
		}
		order = append(order, j.Project)
	}
	if slices.IsSorted(order) {
		t.Error("the jobs come by name: half of them would be no sample")
	}

	again.Now = func() time.Time { return time.Now().Add(time.Hour) }
	again.Projects = names[7:9]
	if r, err = crawler.Rescan(t.Context(), again); err != nil {
		t.Fatal(err)
	}
	b.want("one is out", []int{r.Asked, r.Accepted, r.Refused}, []int{2, 1, 1})
}
