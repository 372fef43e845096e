package crawler

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"prevalence/internal/pypi"
	"prevalence/schemas/message"
)

// maxDown is how many pages in a row may find the index down before the
// sweep gives up on the rest of them.
const maxDown = 20

// maxPause bounds the pause that the sweep grants an index that asks for one;
// a longer one ends the reading of pages.
const maxPause = 10 * time.Minute

// checked is one picked project with its present serial.
type checked struct {
	name   string
	serial message.Serial
	state  message.ProjectState // empty when no page was read
	err    error                // of its page
}

// publishAll compares the picked projects with the last sweep, in order, and
// publishes a job for each that differs, up to the limit.
func (s *sweep) publishAll(ctx context.Context, picked []int32) error {
	// The jobs outlive this call in the publisher: only the reading ends with it.
	reading, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	down := 0
	for c := range s.serials(reading, &wg, picked) {
		if c.err == nil {
			down = 0
			if err := s.compare(ctx, c); err != nil {
				return err
			}
		} else {
			s.fail(c)
			if errors.Is(c.err, pypi.ErrUnavailable) {
				down++
			}
		}
		now := s.progress()
		if s.Limit > 0 && now.Jobs() >= s.Limit {
			return nil
		}
		if down >= maxDown {
			s.Log.Error("index does not answer, the remaining pages are left to the next sweep", "pages", now.Picked-now.Checked)
			return nil
		}
	}
	return ctx.Err()
}

// serials gives the picked projects in order, each with its serial: the root's,
// or that of its page, of which a few are read at once. It is drained, or ctx
// is cancelled, before wg is waited for.
func (s *sweep) serials(ctx context.Context, wg *sync.WaitGroup, picked []int32) func(func(checked) bool) {
	return func(yield func(checked) bool) {
		if s.root.HasSerials() { // no page is read, and a million names need no place in line
			for _, i := range picked {
				if p := s.root.Projects[i]; !yield(checked{name: p.Name, serial: p.Serial}) {
					return
				}
			}
			return
		}
		// Each page has a place in line, so that they come out in order.
		line := make(chan chan checked, s.Pages-1)
		wg.Go(func() {
			defer close(line)
			for _, i := range picked {
				p := s.root.Projects[i]
				place := make(chan checked, 1)
				select {
				case line <- place:
				case <-ctx.Done():
					return
				}
				if p.Serial != "" {
					place <- checked{name: p.Name, serial: p.Serial}
					continue
				}
				wg.Go(func() { place <- s.readPage(ctx, p.Name) })
			}
		})
		for place := range line {
			select {
			case c := <-place:
				if !yield(c) {
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}
}

// readPage reads a project's page. An index that asks for a pause gets it, once.
func (s *sweep) readPage(ctx context.Context, name string) checked {
	page, err := s.Index.Project(ctx, name)
	var pause *pypi.PauseError
	if errors.As(err, &pause) && pause.RetryAfter <= maxPause {
		timer := time.NewTimer(pause.RetryAfter)
		defer timer.Stop()
		select {
		case <-timer.C:
			page, err = s.Index.Project(ctx, name)
		case <-ctx.Done():
		}
	}
	if err != nil {
		return checked{name: name, err: err}
	}
	return checked{name: name, serial: page.Serial, state: page.State}
}

// fail notes a page that could not be read.
func (s *sweep) fail(c checked) {
	s.mu.Lock()
	s.report.Checked++
	s.report.PagesFailed++
	if len(s.report.Failures) < maxShown {
		s.report.Failures = append(s.report.Failures, Failure{c.name, c.err})
	}
	s.mu.Unlock()
	s.Log.Warn("page could not be read, the project keeps its last serial", "project", c.name, "error", c.err)
}

// compare decides whether a project needs a job, and publishes it.
func (s *sweep) compare(ctx context.Context, c checked) error {
	if err := s.pageState(ctx, c); err != nil {
		return err
	}
	s.mu.Lock()
	s.report.Checked++
	last, known := s.index.Projects[c.name]
	_, stale := s.stale[c.name]
	versions := s.Versions[c.name]
	var reason message.Reason
	switch {
	case len(versions) > 0:
		reason, stale = message.ReasonRescan, false
		s.report.Rescans++
	case s.returned[c.name]:
		reason = message.ReasonResurrected
		s.report.Resurrected++
	case !known:
		reason = message.ReasonNew
		s.report.New++
	case last != c.serial || stale:
		reason = message.ReasonChanged
		s.report.Changed++
	case s.Rescan:
		reason = message.ReasonRescan
		s.report.Rescans++
	default:
		s.report.Unchanged++
		s.mu.Unlock()
		return nil
	}
	if stale {
		// Until the job is accepted nothing else remembers that the page is wanted.
		s.index.Projects[c.name] = ""
		s.modified = true
	}
	s.mu.Unlock()
	if stale { // before the job, whose worker may find it stale again
		if err := s.Stale.ClearStale(ctx, c.name); err != nil {
			return fmt.Errorf("crawler: clear stale note of %s: %w", c.name, err)
		}
	}
	job := message.Job{
		Schema:   message.JobSchema,
		Project:  c.name,
		Serial:   c.serial,
		Reason:   reason,
		Sweep:    s.report.Sweep,
		Drawn:    !s.handPicked(),
		Releases: wanted(s.Releases),
		Versions: versions,
	}
	err := s.Jobs.Publish(ctx, job, func(accepted bool, err error) { s.published(c, accepted, err) })
	if err != nil {
		return fmt.Errorf("job of %s: %w", c.name, err)
	}
	return nil
}

// published notes what became of a job. It is called from the publisher's goroutine.
func (s *sweep) published(c checked, accepted bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err != nil:
		if s.publishes++; s.failed == nil {
			s.failed = fmt.Errorf("job of %s: %w", c.name, err)
		}
	case accepted:
		s.report.Accepted++
		if len(s.Versions[c.name]) > 0 {
			return // says nothing about the latest release
		}
		if last, known := s.index.Projects[c.name]; !known || last != c.serial {
			s.index.Projects[c.name] = c.serial
			s.modified = true
		}
	default: // the change is found again once the job that is out has come back
		s.report.Refused++
	}
}

// pageState records a change of the state that a project's page gives.
func (s *sweep) pageState(ctx context.Context, c checked) error {
	was, known := s.index.States[c.name]
	if !known {
		was = message.StateActive
	}
	if c.state == "" || c.state == was {
		return nil
	}
	if err := s.record(ctx, message.State{Project: c.name, State: c.state, Serial: c.serial}); err != nil {
		return err
	}
	s.mu.Lock()
	s.modified = true
	s.mu.Unlock()
	if c.state == message.StateActive {
		delete(s.index.States, c.name)
	} else {
		s.index.States[c.name] = c.state
	}
	return nil
}

// progress shows the running counts and returns them.
func (s *sweep) progress() Counts {
	s.mu.Lock()
	c := s.report.Counts
	s.mu.Unlock()
	s.Progress(c)
	return c
}

// wanted is a number of releases as a job says it: the latest alone is the default.
func wanted(releases int) int {
	if releases == 1 {
		return 0
	}
	return releases
}
