package pypi

import (
	"context"
	"io"

	"prevalence/schemas/message"
)

// DefaultIndex is the address of the index that is crawled when none is given.
const DefaultIndex = "https://pypi.org/simple/"

// Index is a package index. All methods are safe for concurrent use.
type Index interface {
	// URL is the index's address without credentials.
	URL() string

	// Root lists all names of the index.
	Root(ctx context.Context) (*Root, error)

	// Project reads one project's page. It returns ErrNotFound when the index
	// has none of that name, ErrPage when the page makes no sense.
	Project(ctx context.Context, name string) (*Page, error)

	// Fetch opens a file of a page. The stream is bounded by f.Size where that
	// is known: a file that is longer or shorter ends in ErrSize. A connection
	// that breaks is taken up again where it broke. Read errors are typed like
	// the method's own. The caller closes the stream, reading it to its end or not.
	Fetch(ctx context.Context, f File) (io.ReadCloser, error)
}

// Root is the list of all names of an index.
type Root struct {
	// Serial is the index's own `_last-serial`, empty where it has none.
	Serial message.Serial
	// Validator is the ETag of this state of the root, empty where the index gives none.
	Validator string
	// Projects are the names, normalised, sorted, without duplicates.
	Projects []RootProject
	// Skipped counts entries that are no project: names that break PEP 508, and
	// in a folder files that are no distributions.
	Skipped int
}

// RootProject is one name on the index. Serial is empty where the index gives
// none: then only the page can say whether the project changed.
type RootProject struct {
	Name   string
	Serial message.Serial
}

// HasSerials reports whether every name has a serial. It is true of an empty root.
func (r *Root) HasSerials() bool {
	for _, p := range r.Projects {
		if p.Serial == "" {
			return false
		}
	}
	return true
}
