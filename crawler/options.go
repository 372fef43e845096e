package crawler

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"prevalence/internal/pypi"
	"prevalence/schemas/message"
)

// JobPublisher publishes jobs without waiting for each. done is called once a
// job, accepted being false when the project's job is still out. Flush waits
// until every done was called. Once calls both from one goroutine.
type JobPublisher interface {
	Publish(ctx context.Context, j message.Job, done func(accepted bool, err error)) error
	Flush(ctx context.Context) error
}

// IndexStore keeps the list that the last sweep published. LoadIndex returns
// ErrNoIndex before the first; SaveIndex fails when another sweep was faster.
type IndexStore interface {
	LoadIndex(ctx context.Context) (*message.Index, uint64, error)
	SaveIndex(ctx context.Context, x *message.Index, revision uint64) (uint64, error)
}

// StateRecorder records changes of state and pinned rankings.
type StateRecorder interface {
	PublishState(ctx context.Context, s message.State) error
	PublishRanking(ctx context.Context, r message.Ranking) error
}

// StaleNotes are the pages that workers found older than the index promised.
type StaleNotes interface {
	Stale(ctx context.Context) (map[string]message.Serial, error)
	ClearStale(ctx context.Context, project string) error
}

// Reaper buries jobs that the broker gave up delivering, because every worker
// that took them died of it, and returns how many. Their projects are free for
// new jobs afterwards.
type Reaper interface {
	Reap(ctx context.Context) (int, error)
}

// Tombstones are of projects that must not be crawled.
type Tombstones interface {
	Forgotten(ctx context.Context) (*message.Forgotten, error)
}

// Options says what one sweep does.
type Options struct {
	Index  pypi.Index
	Jobs   JobPublisher
	Store  IndexStore
	States StateRecorder
	Stale  StaleNotes // nil: there are none
	Reaper Reaper     // nil: nothing is reaped
	// Tombstones of projects that are for this sweep not on the index; nil: none.
	Tombstones Tombstones

	// Ranking is pinned with the sweep and gives the strata of its order; nil for
	// one stratum, in which case the last sweep's ranking stays pinned.
	Ranking *message.Ranking

	// Projects and Top (the first so many of the ranking) pick the projects by
	// hand, together if both are given; Limit bounds the number of jobs. All zero:
	// every project. Names outside keep what the last sweep knew of them.
	Projects []string
	Top      int
	Limit    int

	// Versions names releases of projects picked by hand. A job for them is
	// published in any case, scans nothing else, and leaves open whether the
	// project changed.
	Versions map[string][]string

	// Rescan publishes a job for every project picked, changed or not.
	Rescan bool
	// Releases is how many of each project are scanned, the latest first; 0 means 1.
	Releases int
	// Seed of the order of the draw; 0 takes the last sweep's, or a new one. A
	// sample grown by several sweeps is a random one only with the same seed.
	Seed uint64
	// Force records what looks like nonsense: an index that lists less than half
	// of what it listed the last time, or nothing at all.
	Force bool
	// Pages is how many pages are read at once on an index without serials; default 8.
	Pages int

	// Progress is called with running counts, from one goroutine at a time; it
	// must return quickly. nil for none.
	Progress func(Counts)
	// Metrics count the sweeps; nil: nobody sees them.
	Metrics *Metrics
	Log     *slog.Logger     // nil discards
	Now     func() time.Time // nil: time.Now
}

// Validate reports what cannot work in o.
func (o Options) Validate() error {
	switch {
	case o.Index == nil || o.Jobs == nil || o.Store == nil || o.States == nil:
		return errors.New("crawler: an index, a job publisher, an index store and a state recorder are needed")
	case o.Top < 0 || o.Limit < 0 || o.Pages < 0 || o.Releases < 0:
		return errors.New("crawler: top, limit, pages and releases cannot be negative")
	case o.Top > 0 && o.Ranking == nil:
		return errors.New("crawler: the first projects of a ranking were asked for, and no ranking was given")
	}
	return nil
}

func (o Options) withDefaults() Options {
	if o.Pages == 0 {
		o.Pages = 8
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Metrics == nil {
		o.Metrics = NewMetrics(nil)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Progress == nil {
		o.Progress = func(Counts) {}
	}
	return o
}

// handPicked reports whether the projects are chosen by name or rank, so that
// they are no random sample.
func (o Options) handPicked() bool { return len(o.Projects) > 0 || o.Top > 0 }

// Counts are the numbers of a sweep, running or final.
type Counts struct {
	Names     int // on the index
	Picked    int // names that the sweep looks at
	Checked   int // of those, compared with the last sweep
	Unchanged int // of those, without a job
	// Jobs by reason, as published; those refused are among them.
	New, Changed, Resurrected, Rescans int
	// Accepted jobs, and those Refused because the project's job is still out.
	Accepted, Refused int
	Removed           int // names that vanished since the last sweep
	PagesFailed       int // pages that could not be read; their projects keep their old serial
	Pending           int // names on the index for which no job was ever accepted
	Reaped            int // jobs that went to the dead letters because their workers died
}

// Jobs is the number of jobs published.
func (c Counts) Jobs() int { return c.New + c.Changed + c.Resurrected + c.Rescans }

// Report is what one sweep did.
type Report struct {
	Counts
	Sweep    time.Time
	Took     time.Duration
	URL      string
	Serial   message.Serial // the index's
	Complete bool           // not restricted by hand
	// NotModified is true when the index said that its root is still the last one;
	// Published when the sweep published a list, as all do but those that found
	// everything as it was.
	NotModified, Published bool
	Seed                   uint64
	Ranking                string
	// Skipped counts entries of the root that are no project.
	Skipped int
	// Unlisted counts names of the ranking that are not on the index;
	// UnlistedFirst are the highest ranked among them, at most 10.
	Unlisted      int
	UnlistedFirst []string
	// Unknown are names of Options.Projects that are not on the index.
	Unknown []string
	// Failures are the first pages that could not be read, at most 10.
	Failures []Failure
}

// Failure is one page that could not be read.
type Failure struct {
	Project string
	Err     error
}

// maxShown bounds the examples in a report.
const maxShown = 10
