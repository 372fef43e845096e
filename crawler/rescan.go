package crawler

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"prevalence/internal/pypi"
	"prevalence/schemas/message"
)

// Again says which projects Rescan asks for.
type Again struct {
	Jobs  JobPublisher
	Store IndexStore
	// Projects are normalised names, in any order.
	Projects []string
	Releases int              // as in Options
	Now      func() time.Time // nil: time.Now
}

// AgainReport is what Rescan did.
type AgainReport struct {
	Asked    int // projects
	Accepted int // jobs that the broker took
	Refused  int // projects whose job is out already, so that they are scanned anyway
	// Unlisted are projects that the last sweep did not find on the index; they
	// are not asked for.
	Unlisted []string
}

// Rescan publishes a job of reason rescan for each project, changed or not,
// without asking the index. They go out in the order of the crawl's draw, so
// that a rescan that is half done is a random sample of what was asked for.
func Rescan(ctx context.Context, o Again) (*AgainReport, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	report := new(AgainReport)
	x, _, err := o.Store.LoadIndex(ctx)
	if errors.Is(err, ErrNoIndex) {
		return report, fmt.Errorf("crawler: %w; crawl first", err)
	}
	if err != nil {
		return report, fmt.Errorf("crawler: load the last list: %w", err)
	}
	root := new(pypi.Root)
	names := slices.Compact(slices.Sorted(slices.Values(o.Projects)))
	pending := make(map[string]bool, len(x.Pending))
	for _, name := range x.Pending {
		pending[name] = true
	}
	for _, name := range names {
		if serial, known := x.Projects[name]; known || pending[name] {
			root.Projects = append(root.Projects, pypi.RootProject{Name: name, Serial: serial})
		} else {
			report.Unlisted = append(report.Unlisted, name)
		}
	}
	report.Asked = len(names)

	var mu sync.Mutex // guards report and failed while jobs are out
	var failed error
	sweep := o.Now().UTC().Truncate(time.Second)
	for _, i := range draw(root, nil, x.Seed, func(pypi.RootProject) bool { return true }) {
		p := root.Projects[i]
		job := message.Job{
			Schema: message.JobSchema, Project: p.Name, Serial: p.Serial,
			Reason: message.ReasonRescan, Sweep: sweep, Releases: wanted(o.Releases),
		}
		err := o.Jobs.Publish(ctx, job, func(accepted bool, err error) {
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil:
				failed = errors.Join(failed, err)
			case accepted:
				report.Accepted++
			default:
				report.Refused++
			}
		})
		if err != nil {
			return report, errors.Join(fmt.Errorf("crawler: job of %s: %w", p.Name, err), o.Jobs.Flush(ctx))
		}
	}
	err = o.Jobs.Flush(ctx)
	mu.Lock()
	defer mu.Unlock()
	if err = errors.Join(err, failed); err != nil {
		return report, fmt.Errorf("crawler: publish jobs: %w", err)
	}
	return report, nil
}
