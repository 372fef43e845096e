package worker

import (
	"context"
	"fmt"
	"io"
	"slices"
	"testing"
	"time"

	"prevalence/internal/pypi"
	"prevalence/schemas/message"
)

// sized makes the files of some projects look large.
type sized struct {
	*faulty
	giants []string
}

func (x *sized) Project(ctx context.Context, name string) (*pypi.Page, error) {
	p, err := x.faulty.Project(ctx, name)
	if err == nil && slices.Contains(x.giants, name) {
		for i := range p.Files {
			p.Files[i].Size = 1 << 30
		}
	}
	return p, err
}

// TestGiantsDoNotStarveTheSmall: while one giant is under way and one waits,
// all others are put off without an attempt spent, and small jobs go on.
func TestGiantsDoNotStarveTheSmall(t *testing.T) {
	owner, worker := broker(t)
	x := shelf(t)
	open := make(chan struct{})
	began := make(chan string, 8)
	slow := &sized{giants: []string{"a", "b", "c"}, faulty: &faulty{Index: x, fetch: func(ctx context.Context, f pypi.File) (io.ReadCloser, error) {
		if f.Size == 1<<30 {
			began <- f.Name
			select {
			case <-open:
			case <-ctx.Done():
				return nil, ctx.Err()
			}
			f.Size = 0
		}
		return x.Fetch(ctx, f)
	}}}
	publishJobs(t, owner, message.Job{Project: "a"}, message.Job{Project: "b"}, message.Job{Project: "c"},
		message.Job{Project: "d"}, message.Job{Project: "bad"}, message.Job{Project: "gone"})
	stop := running(t, Options{Index: slow, AckWait: time.Second, RetryDelay: 100 * time.Millisecond, Attempts: 1}, worker, worker)
	got, _ := scansOf(t, owner, 3)
	if want := []string{"bad 1 unanalysed not-an-archive", "d 1 ok ", "gone  empty no-project"}; !slices.Equal(got, want) {
		t.Errorf("while giants are under way: %q, want %q", got, want)
	}
	time.Sleep(2 * time.Second) // the third is put off and comes again, the leases are extended
	if n := len(began); n != 1 {
		t.Errorf("%d giants at the same time", n)
	}
	close(open)
	idle(t, owner)
	stop()
	got, _ = scansOf(t, owner, 3)
	var want []string
	for _, g := range slow.giants {
		want = append(want, fmt.Sprintf("%s %d %s %s", g, map[string]int{"a": 2, "b": 1, "c": 1}[g], "unanalysed", WhyWrongSize))
	}
	if !slices.Equal(got, want) {
		t.Errorf("giants: %q, want %q", got, want)
	}
}
