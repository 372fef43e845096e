package message

import (
	"time"

	"github.com/go-faster/jx"
)

// JobSchema is the version of Job that this build writes.
const JobSchema = 1

// Serial says which state of a project's page is meant. It has two forms:
// the decimal number of an index that counts its changes (PyPI's
// `_last-serial`), or "page:" and 16 hexadecimal digits, a hash of the page's
// files, for an index that does not. The zero value means "unknown". Only the
// first form has an order.
type Serial string

// Reason says why a job was published.
type Reason string

// The reasons of a job.
const (
	ReasonNew         Reason = "new"         // the name was not in the last index snapshot
	ReasonChanged     Reason = "changed"     // its serial differs from the last snapshot's
	ReasonResurrected Reason = "resurrected" // it was removed once and is back
	ReasonRescan      Reason = "rescan"      // asked for again: another scanner version, or by hand
)

// Job tells a worker where to look: one project, whose releases are resolved
// when the job is taken, not when it is published.
type Job struct {
	Schema  int    `json:"schema"`
	Project string `json:"project"` // normalised by PEP 503
	Serial  Serial `json:"serial,omitempty"`
	Reason  Reason `json:"reason"`
	// Sweep names the sweep that published the job: its start, UTC, to the second.
	Sweep time.Time `json:"sweep"`
	// Drawn is true when the job's place in the order was drawn at random from
	// all projects of its stratum, so that its scan may enter an estimate while
	// the stratum is incomplete. It is false for hand-picked projects.
	Drawn bool `json:"drawn,omitempty"`
	// Releases is how many releases are wanted, the latest first; 0 means 1.
	Releases int `json:"releases,omitempty"`
	// Versions names releases by hand instead.
	Versions []string `json:"versions,omitempty"`
}

// EncodeJob encodes j as JSON, as encoding/json would. A first crawl publishes
// a million jobs, and reflection would be a fifth of its cost.
func EncodeJob(j *Job) []byte {
	var e jx.Encoder
	e.SetBytes(make([]byte, 0, 192))
	e.ObjStart()
	e.FieldStart("schema")
	e.Int(j.Schema)
	e.FieldStart("project")
	e.Str(j.Project)
	if j.Serial != "" {
		e.FieldStart("serial")
		e.Str(string(j.Serial))
	}
	e.FieldStart("reason")
	e.Str(string(j.Reason))
	e.FieldStart("sweep")
	e.Str(j.Sweep.Format(time.RFC3339Nano))
	if j.Drawn {
		e.FieldStart("drawn")
		e.Bool(true)
	}
	if j.Releases != 0 {
		e.FieldStart("releases")
		e.Int(j.Releases)
	}
	if len(j.Versions) > 0 {
		e.FieldStart("versions")
		e.ArrStart()
		for _, v := range j.Versions {
			e.Str(v)
		}
		e.ArrEnd()
	}
	e.ObjEnd()
	return e.Bytes()
}
