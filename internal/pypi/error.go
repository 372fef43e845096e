package pypi

import (
	"errors"
	"fmt"
	"time"

	"prevalence/schemas/message"
)

// What went wrong, by what can be done about it.
var (
	// ErrNotFound: the index says that there is no such project or file (404,
	// 410). An outcome: asking again does not help.
	ErrNotFound = errors.New("not on the index")
	// ErrRefused: the index will not hand it out (401, 403, 451 and other 4xx).
	// An outcome for a file; of the root it means that credentials are wanted.
	ErrRefused = errors.New("refused by the index")
	// ErrSize: the file is longer or shorter than the index says. An outcome.
	ErrSize = errors.New("wrong size")
	// ErrPage: the answer is no page of an index, or larger than the limit. An outcome.
	ErrPage = errors.New("not a page of an index")
	// ErrNotModified: what was asked for is still what the caller has (304).
	ErrNotModified = errors.New("not modified")
	// ErrNoRanges: the server hands the file out whole or not at all.
	ErrNoRanges = errors.New("no ranges")
	// ErrChanged: the file is not the one any more that was begun to be read.
	// Worth reading from its beginning once.
	ErrChanged = errors.New("changed while it was read")
	// ErrUnavailable: the index could not be reached or broke off, and went on
	// doing so through all retries. Worth trying later.
	ErrUnavailable = errors.New("index unavailable")
)

// PauseError says that the whole index wants to be left alone (429, 503): stop
// fetching for RetryAfter, and spend no delivery attempt on it. It is also
// an ErrUnavailable.
type PauseError struct {
	Host       string
	Status     int
	RetryAfter time.Duration // at least 1 s
	// Why is set when not the host was asked, but Options.Pace: the fleet pauses.
	Why string
}

// Error implements error.
func (e *PauseError) Error() string {
	if e.Why != "" {
		return fmt.Sprintf("a pause of %s from %s: %s", e.RetryAfter.Round(time.Second), e.Host, e.Why)
	}
	return fmt.Sprintf("%s answered %d and asks for a pause of %s", e.Host, e.Status, e.RetryAfter)
}

// Unwrap makes a PauseError an ErrUnavailable.
func (e *PauseError) Unwrap() error { return ErrUnavailable }

// StaleError says that a page is older than the index's root promised. Come
// back later: caches take minutes to hours.
type StaleError struct {
	Project string
	Have    message.Serial // the page's
	Awaited message.Serial // the root's
}

// Error implements error.
func (e *StaleError) Error() string {
	return fmt.Sprintf("page of %s has serial %s, older than %s", e.Project, e.Have, e.Awaited)
}
