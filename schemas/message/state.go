package message

import "time"

// StateSchema is the version of State and Ranking that this build writes.
const StateSchema = 1

// ProjectState is where a project stands on the index.
type ProjectState string

// The states of a project. The first four are PEP 792's. A crawler sees names
// and tells removed and resurrected; a worker sees the page, and its scan tells
// the others, dated by the scan: those of PEP 792 by Scan.State, all releases
// yanked by Scan.Yanked of the latest one, no files by the outcome empty.
const (
	StateActive      ProjectState = "active"
	StateArchived    ProjectState = "archived"
	StateQuarantined ProjectState = "quarantined"
	StateDeprecated  ProjectState = "deprecated"
	StateRemoved     ProjectState = "removed"     // the name is gone from the index root
	StateResurrected ProjectState = "resurrected" // it was removed and is back
)

// State records one change of one project's state, as a sweep saw it.
type State struct {
	Schema  int          `json:"schema"`
	Project string       `json:"project"`
	State   ProjectState `json:"state"`
	Serial  Serial       `json:"serial,omitempty"` // last known serial
	At      time.Time    `json:"at"`               // start of the sweep that saw it
	// Gone is, of a resurrected project, the sweep that missed its name. What
	// changed meanwhile is the difference between the last scan before Gone and the
	// first one of Reason resurrected: addresses, First, behaviours.
	Gone time.Time `json:"gone,omitempty,omitzero"`
}

// Ranking is one pinned ranking snapshot: projects in order, the most used
// first. It is never changed after it was published under its Name.
type Ranking struct {
	Schema int `json:"schema"`
	// Name identifies the snapshot: "<base>@<date>#<first 8 hex digits of a hash
	// of the ordered names>", for example "all@2026-04-01#1f0c9a2b".
	Name string `json:"name"`
	// Base says what was counted, for example "all" for downloads by all installers.
	Base   string    `json:"base"`
	Date   time.Time `json:"date"`   // the ranking's own date
	Source string    `json:"source"` // where it was read from, without credentials
	// Projects are normalised names; the index in the slice plus one is the rank.
	Projects []string `json:"projects"`
}

// Index is the list of all names that one sweep published, with their
// serials. It replaces its predecessor whole.
type Index struct {
	Schema int       `json:"schema"`
	Sweep  time.Time `json:"sweep"`
	// URL is the index's address without credentials.
	URL string `json:"url"`
	// Serial is the index's own `_last-serial`, empty where it has none.
	Serial Serial `json:"serial,omitempty"`
	// Complete is false when the sweep was restricted by hand, so that the list
	// says nothing about names that are not in it.
	Complete bool `json:"complete"`
	// Seed is the seed from which the order of the first crawl was drawn.
	Seed uint64 `json:"seed"`
	// Ranking names the ranking that was pinned with this sweep, or is empty.
	Ranking string `json:"ranking,omitempty"`
	// Projects maps each name to the serial for which a job was accepted. A
	// project whose job was refused keeps its old serial here (or is absent if
	// it had none and stands in Pending), so that the change is found again.
	Projects map[string]Serial `json:"projects"`
	// Pending are names that are on the index but for which no job was ever accepted.
	Pending []string `json:"pending,omitempty"`
	// Removed maps names that vanished to the time of the sweep that missed them.
	Removed map[string]time.Time `json:"removed,omitempty"`
	// Validator is the ETag of the root that this list agrees with name by name
	// and serial by serial; empty when it does not, or where there is none. A root
	// that still has it need not be read.
	Validator string `json:"validator,omitempty"`
	// States maps projects to the state that their page gave (PEP 792) when a
	// sweep last read it, where that is not active. A sweep reads pages only on an
	// index without serials; elsewhere the scans tell.
	States map[string]ProjectState `json:"states,omitempty"`
}
