package worker

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"prevalence/internal/pypi"
	"prevalence/worker/archive"
	"prevalence/worker/behavior"
)

// Options is what an Analyzer and a Worker need. Zero fields take the default
// beside them; Matcher is required, Index for anything but local paths.
type Options struct {
	Index   pypi.Index
	Matcher *behavior.Matcher
	// Earlier, if not nil, lets a Worker take a release's last scan where its files
	// did not change since.
	Earlier Earlier
	Files   Files // default FilesBoth
	Limits  archive.Limits

	// RangesFrom is the size from which on a zip is read by ranges, where the
	// index can do that; default 1 MiB.
	RangesFrom int64
	// ZipBytes is the largest zip, packed, that is held in memory where there are
	// no ranges; a larger one is not read (WhyNeedsRanges). Local files need no
	// memory. Default 64 MiB.
	ZipBytes int64
	// InFlightBytes bounds what all scans of this process hold in memory of
	// distributions; a single one that needs more is admitted alone. Default 80 MiB.
	InFlightBytes int64
	// HeldBytes is how much Python source of one sdist is held until all its
	// names are known and the contexts are certain; what comes after is judged by
	// the names that came before. Default 24 MiB.
	HeldBytes int
	// FileTimeout ends the reading of one file; what was read of it stays. Default
	// 10 min.
	FileTimeout time.Duration
	// AllEvidence keeps the evidence of every hit, for local scans.
	AllEvidence bool

	// Key makes the keyed hashes of addresses and tokens, KeyID names it. Without
	// a key there are no hashes.
	Key   []byte
	KeyID string

	// Slots is how many jobs a Worker has under way. Default 2.
	Slots int
	// GiantBytes is the packed size from which on a job needs the worker's one big
	// slot, so that giants do not take all slots from the small. Default 32 MiB.
	GiantBytes int64
	// Attempts is how often a job is tried before it goes to the dead letters.
	// Default 5.
	Attempts int
	// AckWait is the broker's lease on a job; it is extended every third of it.
	// Default 1 min.
	AckWait time.Duration
	// RetryDelay is the wait after the first failed attempt, doubled for each
	// further one up to a minute. Default 2 s.
	RetryDelay time.Duration

	// Patience is how long an index that answers nobody is waited for before jobs
	// begin to fail because of it. One that asks for a pause is given it. Default 15 min.
	Patience time.Duration

	Metrics prometheus.Registerer // where a Worker registers its metrics; nil: nobody sees them
	Log     *slog.Logger          // nil discards
}

// Validate returns the first thing that is wrong with the options.
func (o Options) Validate() error {
	switch {
	case o.Matcher == nil:
		return errors.New("worker: no matcher")
	case o.ZipBytes < 0, o.InFlightBytes < 0, o.HeldBytes < 0, o.FileTimeout < 0, o.RangesFrom < 0, o.GiantBytes < 0, o.Slots < 0, o.Attempts < 0, o.AckWait < 0, o.RetryDelay < 0, o.Patience < 0:
		return errors.New("worker: an option is negative")
	case len(o.Key) > 0 && o.KeyID == "":
		return errors.New("worker: a key needs a key id")
	}
	if _, err := ParseFiles(string(o.Files)); err != nil {
		return err
	}
	if err := o.Limits.Validate(); err != nil {
		return fmt.Errorf("worker: %w", err)
	}
	return nil
}

func (o Options) withDefaults() Options {
	o.Files = cmp.Or(o.Files, FilesBoth)
	o.ZipBytes = cmp.Or(o.ZipBytes, 64<<20)
	o.InFlightBytes = cmp.Or(o.InFlightBytes, 80<<20)
	o.HeldBytes = cmp.Or(o.HeldBytes, 24<<20)
	o.FileTimeout = cmp.Or(o.FileTimeout, 10*time.Minute)
	o.RangesFrom = cmp.Or(o.RangesFrom, 1<<20)
	o.Slots = cmp.Or(o.Slots, 2)
	o.GiantBytes = cmp.Or(o.GiantBytes, 32<<20)
	o.Attempts = cmp.Or(o.Attempts, 5)
	o.AckWait = cmp.Or(o.AckWait, time.Minute)
	o.RetryDelay = cmp.Or(o.RetryDelay, 2*time.Second)
	o.Patience = cmp.Or(o.Patience, 15*time.Minute)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}
