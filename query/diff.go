package query

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"prevalence/internal/store"
)

// Published is a snapshot of the list of all.
type Published struct {
	Name      string    `json:"name"`
	Taken     time.Time `json:"taken"`
	Ranking   string    `json:"ranking,omitempty"`
	Scanner   string    `json:"scanner"`
	Catalogue string    `json:"catalogue"`
	Serial    string    `json:"serial,omitempty"` // of the index
	Projects  int       `json:"projects"`         // with a scan that speaks for them
	// Previous is the snapshot that its changes are counted from; may be empty.
	Previous string `json:"previous,omitempty"`
}

// Snapshots lists all published snapshots, the newest first. It is empty where
// there is none.
func (r *Reader) Snapshots(ctx context.Context) ([]Published, error) {
	type row struct {
		Name      string    `ch:"snapshot"`
		Taken     time.Time `ch:"taken"`
		Ranking   string    `ch:"ranking"`
		Scanner   string    `ch:"scanner"`
		Catalogue string    `ch:"catalogue"`
		Serial    string    `ch:"index_serial"`
		Projects  uint32    `ch:"projects"`
		Previous  string    `ch:"previous"`
	}
	rows, err := store.Select[row](ctx, r.db, snapshotsSQL, nil)
	if err != nil {
		return nil, fmt.Errorf("query: snapshots: %w", err)
	}
	list := make([]Published, len(rows))
	for i, x := range rows {
		list[i] = Published{Name: x.Name, Taken: x.Taken.UTC(), Ranking: x.Ranking, Scanner: x.Scanner, Catalogue: x.Catalogue,
			Serial: x.Serial, Projects: int(x.Projects), Previous: x.Previous}
	}
	return list, nil
}

// Kinds lists the kinds of things that a snapshot has numbers for.
func Kinds() []string {
	return []string{"behavior", "issue", "email-class", "outcome", "reason", "build-backend", "distribution", "requires-python", "license", "typed", "attested"}
}

// Diff is what changed from one snapshot to another.
type Diff struct {
	From *Snapshot `json:"from"`
	To   *Snapshot `json:"to"`
	// Incomparable says what else changed than the packages: ranking, scanner,
	// catalogue; empty when nothing did.
	Incomparable []string  `json:"incomparable"`
	Rows         []Changed `json:"rows"` // what changed, in order of kind and id
}

// Changed is a thing whose numbers differ.
type Changed struct {
	Kind   string   `json:"kind"`
	ID     string   `json:"id"`
	Before *Numbers `json:"before"` // nil where the snapshot has no numbers for it
	After  *Numbers `json:"after"`  // likewise nil
	// Clear says that the intervals of the community lie apart: more than chance
	// and coverage moved.
	Clear bool `json:"clear"`
}

// UnknownSnapshotError is about a name that is not the name of one snapshot.
type UnknownSnapshotError struct {
	Name  string
	Found int // snapshots whose name begins with it
}

func (e *UnknownSnapshotError) Error() string {
	if e.Found == 0 {
		return fmt.Sprintf("there is no snapshot %q", e.Name)
	}
	return fmt.Sprintf("%d snapshots have names that begin with %q", e.Found, e.Name)
}

// Diff compares two snapshots, each given by its name or by a beginning of it
// that no other one has. It returns an
// UnknownSnapshotError for others.
func (r *Reader) Diff(ctx context.Context, from, to string, kinds []string) (*Diff, error) {
	for _, k := range kinds {
		if !slices.Contains(Kinds(), k) {
			return nil, fmt.Errorf("query: no kind %q; it is one of %v", k, Kinds())
		}
	}
	list, err := r.Snapshots(ctx)
	if err != nil {
		return nil, err
	}
	d := &Diff{Incomparable: []string{}, Rows: []Changed{}}
	var numbers [2]map[counted]Numbers
	var order []counted
	for i, name := range []string{from, to} {
		var found []string
		for _, p := range list {
			if p.Name == name {
				found = []string{name}
				break
			}
			if name != "" && strings.HasPrefix(p.Name, name) {
				found = append(found, p.Name)
			}
		}
		if len(found) != 1 {
			return nil, &UnknownSnapshotError{Name: name, Found: len(found)}
		}
		s, err := r.Snapshot(ctx, found[0])
		if err != nil {
			return nil, err
		}
		of, named, err := r.numbers(ctx, s.Name, kinds, nil, false)
		if err != nil {
			return nil, err
		}
		numbers[i] = named
		order = append(order, of...)
		if i == 0 {
			d.From = s
		} else {
			d.To = s
		}
	}
	for what, differs := range map[string]bool{"ranking": d.From.Ranking != d.To.Ranking, "scanner": d.From.Scanner != d.To.Scanner, "catalogue": d.From.Catalogue != d.To.Catalogue} {
		if differs {
			d.Incomparable = append(d.Incomparable, what)
		}
	}
	slices.Sort(d.Incomparable)
	slices.SortFunc(order, func(a, b counted) int {
		return strings.Compare(a.kind+"\x00"+a.id, b.kind+"\x00"+b.id)
	})
	for _, c := range slices.Compact(order) {
		if x, ok := changed(c, numbers); ok {
			d.Rows = append(d.Rows, x)
		}
	}
	return d, nil
}

// changed compares the numbers of one thing; ok is false where they are equal.
func changed(c counted, numbers [2]map[counted]Numbers) (x Changed, ok bool) {
	x = Changed{Kind: c.kind, ID: c.id}
	before, hadBefore := numbers[0][c]
	after, hasAfter := numbers[1][c]
	if hadBefore {
		x.Before = &before
	}
	if hasAfter {
		x.After = &after
	}
	if !hadBefore || !hasAfter {
		n := before
		if hasAfter {
			n = after
		}
		return x, n.Community.Count > 0
	}
	a, b := before.Community, after.Community
	x.Clear = a.Low != nil && b.Low != nil && (*a.High < *b.Low || *b.High < *a.Low)
	same := before.Top100.Count == after.Top100.Count && before.Top1k.Count == after.Top1k.Count &&
		before.Top10k.Count == after.Top10k.Count && a.Count == b.Count && !x.Clear && before.Label == after.Label
	return x, !same
}
