package crawler

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"prevalence/internal/pypi"
	"prevalence/schemas/message"
)

// ErrShrunk is returned for an index that lists less than half of what it
// listed the last time: more likely a fault of the index than the end of so
// many projects. Options.Force records it all the same.
var ErrShrunk = errors.New("the index lists less than half of what the last sweep saw")

// ErrNoIndex is what IndexStore.LoadIndex returns before the first sweep.
var ErrNoIndex = errors.New("no sweep was published yet")

// farewell bounds what an interrupted sweep still does.
const farewell = 10 * time.Second

// Once runs one sweep and returns when its list is published. The report is
// not nil even with an error, as far as the sweep came. A project whose page
// cannot be read, or whose job is still out, keeps its old serial and is found
// again by the next sweep; it never fails the sweep.
//
// Once reports each state before the list that contains it: a sweep that dies
// between the two reports it again.
func Once(ctx context.Context, o Options) (*Report, error) {
	if err := o.Validate(); err != nil {
		return &Report{}, err
	}
	o = o.withDefaults()
	start := o.Now().UTC()
	s := &sweep{Options: o, report: Report{Sweep: start.Truncate(time.Second), URL: o.Index.URL()}}
	err := s.run(ctx)
	s.mu.Lock() // a publisher that gave up may still call back
	defer s.mu.Unlock()
	report := s.report
	report.Took = o.Now().Sub(start)
	o.Metrics.swept(&report, err, o.Now())
	return &report, err
}

// sweep is one run of Once.
type sweep struct {
	Options
	root *pypi.Root
	// index is the last list, made into the next one in place: there may be a
	// million names in it.
	index    *message.Index
	revision uint64
	stale    map[string]message.Serial
	returned map[string]bool // names that came back

	was      header // of the last list
	modified bool   // the list's maps are not the last ones

	mu        sync.Mutex // guards index.Projects, modified and report while jobs are out
	report    Report
	publishes int   // jobs that the broker did not take
	failed    error // why, of the first
}

func (s *sweep) run(ctx context.Context) error {
	if s.Reaper != nil {
		n, err := s.Reaper.Reap(ctx)
		if err != nil {
			return fmt.Errorf("crawler: bury undeliverable jobs: %w", err)
		}
		s.report.Reaped = n
	}
	if err := s.load(ctx); err != nil {
		return err
	}
	if s.idle() {
		return nil
	}
	if err := s.check(); err != nil {
		return err
	}
	if err := s.pin(ctx); err != nil {
		return err
	}
	if err := s.states(ctx); err != nil {
		return err
	}
	picked, unknown := pick(s.root, s.Options, s.index.Seed, s.differs)
	s.report.Unknown = unknown
	s.report.Picked = len(picked) + s.report.Unchanged
	s.progress()
	afterSave := plantLateJobs(s)
	err := s.publishAll(ctx, picked)
	if ctx.Err() != nil { // interrupted: remember what was accepted so far
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), farewell)
		defer cancel()
	}
	if err = errors.Join(err, s.Jobs.Flush(ctx)); err == nil && s.failed != nil {
		err = fmt.Errorf("%d were not taken: %w", s.publishes, s.failed)
	}
	if err != nil {
		err = fmt.Errorf("crawler: publish jobs: %w", err)
	}
	return errors.Join(err, s.save(ctx), afterSave(ctx))
}

// load reads the last list, the stale notes and the root.
func (s *sweep) load(ctx context.Context) error {
	var err error
	s.index, s.revision, err = s.Store.LoadIndex(ctx)
	switch {
	case errors.Is(err, ErrNoIndex):
		s.index, s.revision = new(message.Index), 0
	case err != nil:
		return fmt.Errorf("crawler: load the last list: %w", err)
	}
	if s.Stale != nil {
		if s.stale, err = s.Stale.Stale(ctx); err != nil {
			return fmt.Errorf("crawler: load stale notes: %w", err)
		}
	}
	s.was = headerOf(s.index)
	if err := s.readRoot(ctx); err != nil {
		return fmt.Errorf("crawler: %w", err)
	}
	if s.Tombstones != nil && s.root != nil {
		forgotten, err := s.Tombstones.Forgotten(ctx)
		if err != nil {
			return fmt.Errorf("crawler: %w", err)
		}
		s.root.Projects = slices.DeleteFunc(s.root.Projects, func(p pypi.RootProject) bool { return forgotten.Project(p.Name) })
	}
	x := s.index
	if !s.report.Sweep.After(x.Sweep) {
		// A sweep's time names its jobs to the broker, and orders the states.
		s.report.Sweep = x.Sweep.Add(time.Second)
	}
	if x.Projects == nil {
		x.Projects = make(map[string]message.Serial, s.names())
	}
	if x.Removed == nil {
		x.Removed = make(map[string]time.Time)
	}
	if x.States == nil {
		x.States = make(map[string]message.ProjectState)
	}
	switch {
	case s.Seed != 0:
		x.Seed = s.Seed
	case x.Seed == 0:
		x.Seed = uint64(s.report.Sweep.UnixNano())
	}
	s.report.Names, s.report.Seed, s.report.Serial = s.names(), x.Seed, x.Serial
	if s.root != nil {
		s.report.Skipped, s.report.Serial = s.root.Skipped, s.root.Serial
	}
	if x.URL != "" && x.URL != s.Index.URL() {
		s.Log.Warn("the last sweep was of another index", "last", x.URL, "now", s.Index.URL())
	}
	return nil
}

// header is what a list says beside its names.
type header struct {
	url, validator, ranking string
	serial                  message.Serial
	complete                bool
	seed                    uint64
}

func headerOf(x *message.Index) header {
	return header{x.URL, x.Validator, x.Ranking, x.Serial, x.Complete, x.Seed}
}

// check refuses a root that looks like nonsense.
func (s *sweep) check() error {
	last := len(s.index.Projects) + len(s.index.Pending)
	now := len(s.root.Projects)
	switch {
	case s.Force:
	case now == 0:
		return fmt.Errorf("crawler: %s lists no project (%d entries are none): check the address", s.Index.URL(), s.root.Skipped)
	case 2*now < last:
		return fmt.Errorf("crawler: %s lists %d names where the last sweep saw %d: %w; nothing is recorded, check the index or force it", s.Index.URL(), now, last, ErrShrunk)
	}
	return nil
}

// pin publishes the ranking and says which of its names the index lacks.
func (s *sweep) pin(ctx context.Context) error {
	if s.Ranking == nil {
		s.report.Ranking = s.index.Ranking
		return nil
	}
	for _, name := range s.Ranking.Projects {
		if _, ok := find(s.root, name); !ok {
			if s.report.Unlisted++; s.report.Unlisted <= maxShown {
				s.report.UnlistedFirst = append(s.report.UnlistedFirst, name)
			}
		}
	}
	if s.Ranking.Name != s.index.Ranking { // else it is there
		if err := s.States.PublishRanking(ctx, *s.Ranking); err != nil {
			return fmt.Errorf("crawler: publish ranking %s: %w", s.Ranking.Name, err)
		}
	}
	s.index.Ranking, s.report.Ranking = s.Ranking.Name, s.Ranking.Name
	return nil
}

// states records which names vanished since the last sweep and which came
// back. The root is whole in every sweep, so this does not depend on what was
// picked.
func (s *sweep) states(ctx context.Context) error {
	x := s.index
	s.returned = make(map[string]bool)
	for _, name := range slices.Sorted(maps.Keys(x.Removed)) {
		i, ok := find(s.root, name)
		if !ok {
			continue
		}
		if err := s.record(ctx, message.State{
			Project: name, State: message.StateResurrected, Serial: s.root.Projects[i].Serial, Gone: x.Removed[name],
		}); err != nil {
			return err
		}
		s.modified = true
		s.returned[name] = true
		delete(x.Removed, name)
	}
	vanished := make(map[string]message.Serial)
	still := 0
	for _, p := range s.root.Projects {
		if _, ok := x.Projects[p.Name]; ok {
			still++
		}
	}
	if still < len(x.Projects) {
		listed := make(map[string]struct{}, len(s.root.Projects)) // four times as fast as a search for each name
		for _, p := range s.root.Projects {
			listed[p.Name] = struct{}{}
		}
		for name, serial := range x.Projects {
			if _, ok := listed[name]; !ok {
				vanished[name] = serial
			}
		}
	}
	for _, name := range x.Pending {
		if _, ok := find(s.root, name); !ok {
			vanished[name] = ""
		}
	}
	for _, name := range slices.Sorted(maps.Keys(vanished)) {
		if err := s.record(ctx, message.State{Project: name, State: message.StateRemoved, Serial: vanished[name]}); err != nil {
			return err
		}
		s.modified = true
		delete(x.Projects, name)
		delete(x.States, name)
		x.Removed[name] = s.report.Sweep
		s.report.Removed++
	}
	for name := range s.stale {
		if _, ok := find(s.root, name); !ok { // its page will never be served
			if err := s.Stale.ClearStale(ctx, name); err != nil {
				return fmt.Errorf("crawler: clear stale note of %s: %w", name, err)
			}
		}
	}
	return nil
}

// differs reports whether a project has to be looked at. Where the root has no
// serial for it only its page can tell; what is the same is counted here.
func (s *sweep) differs(p pypi.RootProject) bool {
	last, known := s.index.Projects[p.Name]
	_, stale := s.stale[p.Name]
	if p.Serial == "" || !known || last != p.Serial || stale || s.Rescan || s.returned[p.Name] {
		return true
	}
	s.report.Unchanged++
	s.report.Checked++
	return false
}

// record publishes a state as of this sweep.
func (s *sweep) record(ctx context.Context, state message.State) error {
	state.Schema, state.At = message.StateSchema, s.report.Sweep
	if err := s.States.PublishState(ctx, state); err != nil {
		return fmt.Errorf("crawler: publish state %s of %s: %w", state.State, state.Project, err)
	}
	return nil
}

// save publishes the next list, unless it is the last one.
func (s *sweep) save(ctx context.Context) error {
	s.mu.Lock() // a publisher that gave up may still call back
	defer s.mu.Unlock()
	x := s.index
	x.Schema = message.StateSchema
	x.Sweep = s.report.Sweep
	x.URL = s.Index.URL()
	x.Serial = s.root.Serial
	x.Complete = !s.handPicked() && s.Limit == 0
	pending := x.Pending
	x.Pending = nil
	settled := true
	for _, p := range s.root.Projects {
		serial, ok := x.Projects[p.Name]
		if !ok {
			x.Pending = append(x.Pending, p.Name)
		}
		settled = settled && ok && serial == p.Serial
	}
	x.Validator = ""
	if settled {
		x.Validator = s.root.Validator
	}
	s.report.Pending, s.report.Complete = len(x.Pending), x.Complete
	if !s.modified && s.revision > 0 && s.was == headerOf(x) && slices.Equal(pending, x.Pending) {
		return nil
	}
	s.report.Published = true
	if _, err := s.Store.SaveIndex(ctx, x, s.revision); err != nil {
		return fmt.Errorf("crawler: publish the list of this sweep: %w", err)
	}
	return nil
}
