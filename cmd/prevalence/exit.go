package main

import (
	"context"
	"errors"
	"strings"

	"prevalence/internal/engine"
	"prevalence/internal/pypi"
	"prevalence/internal/queue"
	"prevalence/internal/store"
)

// The exit codes, documented in the root command's help.
const (
	exitOK          = 0
	exitFailed      = 1   // something went wrong on the way
	exitUsage       = 2   // the command line, a setting or a named file is wrong: nothing was started
	exitUnreachable = 3   // the index, the broker, the database or the engine cannot be reached
	exitNoData      = 4   // the question is fine, but there is nothing to answer it with
	exitOver        = 5   // a rule is more common than rules try --fail-over allows
	exitPolicy      = 6   // scan --fail-on found what it names
	exitInterrupted = 130 // stopped by a signal
)

// usageError is an error of the person who typed the command.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

// usage makes err a usageError; nil stays nil.
func usage(err error) error {
	if err == nil {
		return nil
	}
	return usageError{err}
}

// unreachable is an error about something that does not answer.
type unreachable struct{ err error }

func (e unreachable) Error() string { return e.err.Error() }
func (e unreachable) Unwrap() error { return e.err }

// errNoData says that there is nothing to show yet.
type errNoData struct{ line string }

func (e errNoData) Error() string { return e.line }

// errOver says that a rule is more common than was allowed.
type errOver struct{ line string }

func (e errOver) Error() string { return e.line }

// errPolicy says that code of one's own does what was not allowed.
type errPolicy struct{ line string }

func (e errPolicy) Error() string { return e.line }

// exitCode chooses the exit code for err.
func exitCode(ctx context.Context, err error) int {
	var (
		wrong  usageError
		noData errNoData
		silent unreachable
		over   errOver
		policy errPolicy
	)
	switch {
	case errors.As(err, &wrong), errors.Is(err, errDataInUse), errors.Is(err, engine.ErrAddress), errors.Is(err, store.ErrNewer):
		return exitUsage
	case errors.As(err, &noData), errors.Is(err, store.ErrNoTables):
		return exitNoData
	case errors.As(err, &over):
		return exitOver
	case errors.As(err, &policy):
		return exitPolicy
	case ctx.Err() != nil:
		return exitInterrupted
	case errors.As(err, &silent), errors.Is(err, engine.ErrNoEngine), errors.Is(err, store.ErrUnreachable),
		errors.Is(err, queue.ErrUnreachable), indexFault(err):
		return exitUnreachable
	}
	return exitFailed
}

// indexFault reports whether err is the index's doing: it does not answer, or
// with something else than an index.
func indexFault(err error) bool {
	return errors.Is(err, pypi.ErrUnavailable) || errors.Is(err, pypi.ErrNotFound) ||
		errors.Is(err, pypi.ErrRefused) || errors.Is(err, pypi.ErrPage)
}

// errorLine is err as one line.
func errorLine(err error) string {
	return strings.TrimPrefix(strings.Join(strings.Fields(err.Error()), " "), "prevalence: ")
}
