package query

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"prevalence/internal/prevalence"
)

// Sort is an order of the prevalence table.
type Sort string

// The orders.
const (
	ByCategory Sort = "category" // category, then the most frequent in the band first
	ByCount    Sort = "count"    // the most frequent in the band first
	ByID       Sort = "id"
)

// Sorts lists all orders.
func Sorts() []Sort { return []Sort{ByCategory, ByCount, ByID} }

// TopOptions choose and order the rows of the prevalence table. The zero value
// is every behaviour by category, in the newest snapshot.
type TopOptions struct {
	Snapshot string          // name; "" is the newest
	Sort     Sort            // "" is ByCategory
	Band     prevalence.Band // that ByCategory and ByCount go by; the zero value is Top100
	// Category, Label and Context keep the rows that have it; empty keeps all.
	// With a context the numbers are of that context alone.
	Category string
	Label    prevalence.Label
	Context  string
	// Text keeps the rows whose id or sentence contains it, case ignored.
	Text  string
	Limit int // rows at most; 0 is all
}

// Validate reports what cannot be asked.
func (o TopOptions) Validate() error {
	if o.Sort != "" && !slices.Contains(Sorts(), o.Sort) {
		return fmt.Errorf("query: no order %q; it is one of %v", o.Sort, Sorts())
	}
	labels := prevalence.Labels()
	if o.Label != "" && !slices.Contains(labels[:], o.Label) {
		return fmt.Errorf("query: no label %q; it is one of %q", o.Label, labels)
	}
	if o.Context != "" && !slices.Contains(contexts(), o.Context) {
		return fmt.Errorf("query: no context %q; it is one of %v", o.Context, contexts())
	}
	if o.Limit < 0 {
		return fmt.Errorf("query: limit %d is negative", o.Limit)
	}
	return nil
}

// TopRow is a behaviour with its numbers.
type TopRow struct {
	Behavior string `json:"behavior"`
	Category string `json:"category"`
	Sentence string `json:"sentence,omitempty"`
	Context  string `json:"context,omitempty"` // empty: all but support
	// Important says that malicious code shows it far more than the community.
	Important bool `json:"important,omitempty"`
	Numbers
}

// Table is the prevalence of behaviours.
type Table struct {
	Snapshot *Snapshot `json:"snapshot"`
	Rows     []TopRow  `json:"rows"`
}

// Top returns the prevalence table.
func (r *Reader) Top(ctx context.Context, o TopOptions) (*Table, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	s, err := r.Snapshot(ctx, o.Snapshot)
	if err != nil {
		return nil, err
	}
	order, of, err := r.numbers(ctx, s.Name, []string{"behavior"}, nil, o.Context != "")
	if err != nil {
		return nil, err
	}
	importance, err := r.importance(ctx, s.Name, nil)
	if err != nil {
		return nil, err
	}
	t := &Table{Snapshot: s, Rows: []TopRow{}}
	for _, c := range order {
		row := TopRow{Behavior: c.id, Category: category(c.id), Sentence: r.sentence(c.id), Context: c.context,
			Important: importance[c.id].yes(), Numbers: of[c]}
		if c.context == o.Context && o.keeps(row) {
			t.Rows = append(t.Rows, row)
		}
	}
	slices.SortStableFunc(t.Rows, o.compare)
	if o.Limit > 0 {
		t.Rows = t.Rows[:min(o.Limit, len(t.Rows))]
	}
	return t, nil
}

func (o TopOptions) keeps(r TopRow) bool {
	text := strings.ToLower(o.Text)
	return (o.Category == "" || r.Category == o.Category) && (o.Label == "" || r.Label == o.Label) &&
		(text == "" || strings.Contains(r.Behavior, text) || strings.Contains(strings.ToLower(r.Sentence), text))
}

func (o TopOptions) compare(a, b TopRow) int {
	// Counts of one band compare as shares do; the larger bands break ties.
	byCount := func() int {
		for _, band := range append([]prevalence.Band{o.Band}, prevalence.Top1k, prevalence.Top10k, prevalence.Community) {
			if c := cmp.Compare(b.Band(band).Count, a.Band(band).Count); c != 0 {
				return c
			}
		}
		return 0
	}
	switch o.Sort {
	case ByID:
		return cmp.Compare(a.Behavior, b.Behavior)
	case ByCount:
		return cmp.Or(byCount(), cmp.Compare(a.Behavior, b.Behavior))
	}
	return cmp.Or(cmp.Compare(a.Category, b.Category), byCount(), cmp.Compare(a.Behavior, b.Behavior))
}

// Behavior is one behaviour in full.
type Behavior struct {
	Snapshot *Snapshot `json:"snapshot"`
	TopRow
	Attack string `json:"attack,omitempty"` // ATT&CK technique
	// Importance is nil where there are no labels to count it by.
	Importance *Importance `json:"importance"`
	Contexts   []TopRow    `json:"contexts"` // the same by context, support included
	// Projects are the most used ones that show it.
	Projects []Shown `json:"projects"`
}

// Shown is a project that shows a behaviour.
type Shown struct {
	Project  string   `json:"project"`
	Version  string   `json:"version"`
	Rank     int      `json:"rank,omitempty"` // 0: unranked
	Contexts []string `json:"contexts"`
	Resolved bool     `json:"resolved"` // proven in one of them
}

// Behavior returns the numbers of one behaviour and at most limit projects that
// show it, in the named snapshot ("" is the newest). It returns ErrNotFound for
// a behaviour that neither the snapshot nor the catalogue knows.
func (r *Reader) Behavior(ctx context.Context, id, snapshot string, limit int) (*Behavior, error) {
	s, err := r.Snapshot(ctx, snapshot)
	if err != nil {
		return nil, err
	}
	order, of, err := r.numbers(ctx, s.Name, []string{"behavior"}, []string{id}, true)
	if err != nil {
		return nil, err
	}
	rule := r.catalog.Rule(id)
	if len(order) == 0 && rule == nil || id == "" {
		return nil, fmt.Errorf("query: behaviour %q: %w", id, ErrNotFound)
	}
	b := &Behavior{Snapshot: s, TopRow: TopRow{Behavior: id, Category: category(id), Sentence: r.sentence(id), Numbers: none()}, Contexts: []TopRow{}, Projects: []Shown{}}
	if rule != nil {
		b.Attack = rule.Attack
	}
	for _, c := range order {
		if c.context == "" {
			b.Numbers = of[c]
			continue
		}
		b.Contexts = append(b.Contexts, TopRow{Behavior: id, Category: b.Category, Sentence: b.Sentence, Context: c.context, Numbers: of[c]})
	}
	slices.SortFunc(b.Contexts, func(x, y TopRow) int {
		return cmp.Compare(slices.Index(contexts(), x.Context), slices.Index(contexts(), y.Context))
	})
	_, importance, err := r.headlines(ctx, s, []string{id})
	if err != nil {
		return nil, err
	}
	if x, ok := importance[id]; ok {
		b.Importance, b.Important = &x, x.yes()
	}
	rows, _, err := r.shownRows(ctx, s, id, "", Page{Limit: limit})
	if err != nil {
		return nil, err
	}
	for i := range rows {
		b.Projects = append(b.Projects, rows[i].shown())
	}
	return b, nil
}
