package pypitest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"prevalence/schemas/message"
)

// Changes says how much of a population's index is another the next time it is
// swept. Projects are drawn; those that are removed or quarantined already are
// not drawn again.
type Changes struct {
	Released    int // get a new latest release
	New         int // names that were not there before
	Removed     int
	Resurrected int // of those removed before, with a new release
	Quarantined int
}

// Change makes changes to a population's index, the same for the same seed.
func (s *Server) Change(seed uint64, c Changes) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var here, gone []string
	for name, p := range s.projects {
		switch {
		case p.removed:
			gone = append(gone, name)
		case p.State != message.StateQuarantined:
			here = append(here, name)
		}
	}
	slices.Sort(here)
	slices.Sort(gone)
	r := rand.New(rand.NewPCG(seed, 0x6368616e))
	take := func(from *[]string, n int, fn func(p *served)) {
		for ; n > 0 && len(*from) > 0; n-- {
			last := len(*from) - 1
			at := r.IntN(len(*from))
			p := s.projects[(*from)[at]]
			(*from)[at], *from = (*from)[last], (*from)[:last]
			s.serial++
			p.Serial = s.serial
			fn(p)
		}
	}
	take(&here, c.Released, renew)
	take(&here, c.Removed, func(p *served) { p.removed = true })
	take(&here, c.Quarantined, func(p *served) { p.State = message.StateQuarantined })
	take(&gone, c.Resurrected, renew)
	for i := range c.New {
		n := Name{Name: fmt.Sprintf("newcomer-%d-%d", seed, i), Released: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)}
		s.serial++
		s.projects[n.Name] = &served{Project: Project{Name: n.Name, Display: n.Name, Serial: s.serial}, lazy: true, name: n}
	}
}

// Release gives a population's project a new latest release, and brings it back
// if it was gone.
func (s *Server) Release(project string) { s.change(project, renew) }

func renew(p *served) {
	p.removed, p.lazy, p.State = false, true, ""
	p.revision++
}

// Truth computes what an analysis of a population's index must find now.
// Projects that a test changed by hand are as the population made them.
func (s *Server) Truth() Truth {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := newTruth(PopulationBehaviors())
	for name, p := range s.projects {
		if p.removed {
			continue
		}
		traits, _ := s.population.draw(p.name, p.revision, true)
		truth := traits.truth().seen(s.style.Hashes)
		if p.State == message.StateQuarantined {
			truth = ProjectTruth{Outcome: message.OutcomeEmpty}
		}
		t.add(name, p.name.Rank, truth)
	}
	return t
}
