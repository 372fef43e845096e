package query

import (
	"context"
	"errors"
	"fmt"

	"prevalence/internal/store"
)

// Status is where the dataset stands.
type Status struct {
	Snapshot *Snapshot `json:"snapshot"` // nil: no prevalence information at this time
	// Covered says up to where the snapshot is current; the zero value without one.
	Covered Covered `json:"covered"`
	// Outcomes count the visited projects by outcome, Reasons by outcome/why,
	// EmailClasses the scanned ones by class of their author addresses.
	Outcomes     []Counted `json:"outcomes"`
	Reasons      []Counted `json:"reasons"`
	EmailClasses []Counted `json:"email_classes"`
	Issues       []Counted `json:"issues"`
	Storage      []Storage `json:"storage"` // by table
}

// Counted is something with its numbers.
type Counted struct {
	ID string `json:"id"`
	Numbers
}

// Storage is what a table takes on disk.
type Storage struct {
	Table    string `json:"table"`
	Rows     uint64 `json:"rows"`
	Bytes    uint64 `json:"bytes"`     // on disk
	RawBytes uint64 `json:"raw_bytes"` // before compression
	Parts    uint64 `json:"parts"`
}

// Status returns where the dataset stands. It is no error that nothing has been
// published.
func (r *Reader) Status(ctx context.Context) (*Status, error) {
	st := &Status{Outcomes: []Counted{}, Reasons: []Counted{}, EmailClasses: []Counted{}, Issues: []Counted{}}
	var err error
	if st.Storage, err = r.storage(ctx); err != nil {
		return nil, err
	}
	s, err := r.Snapshot(ctx, "")
	if errors.Is(err, ErrNoSnapshot) {
		return st, nil
	}
	if err != nil {
		return nil, err
	}
	st.Snapshot, st.Covered = s, s.coverage
	order, of, err := r.numbers(ctx, s.Name, []string{"outcome", "reason", "email-class", "issue"}, nil, false)
	if err != nil {
		return nil, err
	}
	lists := map[string]*[]Counted{"outcome": &st.Outcomes, "reason": &st.Reasons, "email-class": &st.EmailClasses, "issue": &st.Issues}
	for _, c := range order {
		list := lists[c.kind]
		*list = append(*list, Counted{ID: c.id, Numbers: of[c]})
	}
	return st, nil
}

func (r *Reader) storage(ctx context.Context) ([]Storage, error) {
	type row struct {
		Table string `ch:"table"`
		Rows  uint64 `ch:"rows"`
		Bytes uint64 `ch:"bytes"`
		Raw   uint64 `ch:"raw_bytes"`
		Parts uint64 `ch:"parts"`
	}
	rows, err := store.Select[row](ctx, r.db, "SELECT table, rows, bytes, raw_bytes, parts FROM storage ORDER BY bytes DESC, table", nil)
	if err != nil {
		return nil, fmt.Errorf("query: storage: %w", err)
	}
	list := make([]Storage, 0, len(rows))
	for _, x := range rows {
		list = append(list, Storage{Table: x.Table, Rows: x.Rows, Bytes: x.Bytes, RawBytes: x.Raw, Parts: x.Parts})
	}
	return list, nil
}
