package aggregator

import (
	"time"

	"prevalence/schemas/message"
)

// States of a page besides those of PEP 792.
const (
	stateAllYanked = "all-yanked" // the latest release is yanked, so that all are
	stateNoFiles   = "no-files"
)

// pageRows are rows of table page_states, by column.
type pageRows struct {
	ProjectID []uint32    `ch:"project_id"`
	Order     []uint64    `ch:"scan_order"`
	Seq       []uint64    `ch:"scan_seq"`
	States    [][]string  `ch:"states"`
	Serial    []string    `ch:"serial"`
	At        []time.Time `ch:"at"`
}

// add notes what the page of a scan says of its project. A scan of an older
// release says nothing that the latest one's does not, and a page that could
// not be read says nothing at all.
func (r *pageRows) add(id uint32, seq uint64, s *message.Scan) {
	if !s.PageLatest || s.Outcome == message.OutcomeUnanalysed && s.Version == "" {
		return
	}
	state := s.State
	if state == "" {
		state = message.StateActive
	}
	states := []string{string(state)}
	if s.Outcome == message.OutcomeEmpty {
		states = append(states, stateNoFiles)
	}
	if s.Yanked {
		states = append(states, stateAllYanked)
	}
	r.ProjectID = append(r.ProjectID, id)
	r.Order = append(r.Order, s.JobSeq)
	r.Seq = append(r.Seq, seq)
	r.States = append(r.States, states)
	r.Serial = append(r.Serial, string(s.Serial))
	r.At = append(r.At, second(s.At))
}
