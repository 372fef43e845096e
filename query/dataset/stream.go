package dataset

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"prevalence/internal/store"
	"prevalence/query"
)

// Set is a table of a dataset that can be had by itself.
type Set struct {
	Name        string  `json:"name"`
	Description string  `json:"description"`
	Columns     []field `json:"columns"`

	stream func(ctx context.Context, r *query.Reader, s *query.Snapshot, w io.Writer, format string) error
}

// ErrNoSet is returned for a set or a format that does not exist.
var ErrNoSet = errors.New("no such set")

// Sets lists the tables that Stream writes.
func Sets() []Set {
	return []Set{setOf[prevalenceRow](prevalenceTable), setOf[projectRow](projectsTable), setOf[behaviorRow](behaviorsTable),
		setOf[populationRow](populationTable), setOf[symbolRow](symbolsTable)}
}

// Formats lists the formats that Stream writes.
func Formats() []Format { return slices.Clone(formats) }

func setOf[T any](t table) Set {
	return Set{Name: t.name, Description: t.description, Columns: fieldsOf[T](),
		stream: func(ctx context.Context, r *query.Reader, s *query.Snapshot, w io.Writer, format string) error {
			ids, err := rangeOf(ctx, r.DB(), s.Name)
			if err != nil {
				return err
			}
			e := newEncoder[T](w, format)
			if err := each(ctx, r.DB(), t, store.Params{"snapshot": s.Name, "catalogue": s.Catalogue}, ids, e.add); err != nil {
				return err
			}
			return e.end()
		}}
}

// Stream writes one set of a snapshot to w, row by row as the database gives
// them. It returns ErrNoSet for a name or a format that does not exist. After
// another error w holds a part, which is of no use.
func Stream(ctx context.Context, r *query.Reader, s *query.Snapshot, w io.Writer, set, format string) error {
	all := Sets()
	i := slices.IndexFunc(all, func(x Set) bool { return x.Name == set })
	if i < 0 || !slices.ContainsFunc(formats, func(f Format) bool { return f.Name == format }) {
		return fmt.Errorf("dataset: %s as %s: %w", set, format, ErrNoSet)
	}
	if err := all[i].stream(ctx, r, s, w, format); err != nil {
		return fmt.Errorf("dataset: %s of %s: %w", set, s.Name, err)
	}
	return nil
}
