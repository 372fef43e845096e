package aggregator

import (
	"context"
	"fmt"
	"time"

	"prevalence/aggregator/labels"
	"prevalence/internal/store"
)

// labelRows are rows of table malware_labels, by column.
type labelRows struct {
	Source    []string    `ch:"source"`
	Project   []string    `ch:"project"`
	Version   []string    `ch:"version"`
	ID        []string    `ch:"id"`
	Class     []string    `ch:"class"`
	Campaign  []string    `ch:"campaign"`
	Published []time.Time `ch:"published"`
	Withdrawn []time.Time `ch:"withdrawn"`
	Imported  []time.Time `ch:"imported"`
}

// ImportLabels stores labels. One that is there already is replaced, so that a feed
// may be imported again and again.
func (u *Upkeep) ImportLabels(ctx context.Context, list []labels.Label) error {
	var rows labelRows
	now := time.Now().UTC()
	for _, x := range list {
		rows.Source = append(rows.Source, x.Source)
		rows.Project = append(rows.Project, x.Project)
		rows.Version = append(rows.Version, x.Version)
		rows.ID = append(rows.ID, x.ID)
		rows.Class = append(rows.Class, string(x.Class))
		rows.Campaign = append(rows.Campaign, x.Campaign)
		rows.Published = append(rows.Published, second(x.Published))
		rows.Withdrawn = append(rows.Withdrawn, second(x.Withdrawn))
		rows.Imported = append(rows.Imported, now)
	}
	if err := u.db.Insert(ctx, "malware_labels", store.Columns(&rows)...); err != nil {
		return fmt.Errorf("aggregator: malware labels: %w", err)
	}
	return nil
}

// RankedLabel is a label of a project that many use, which a person should
// look at: a wrong one takes a reference project out of the counts.
type RankedLabel struct {
	Rank      uint32    `ch:"rank" json:"rank"`
	Project   string    `ch:"project" json:"project"`
	Version   string    `ch:"version" json:"version,omitempty"` // empty: every version
	Source    string    `ch:"source" json:"source"`
	ID        string    `ch:"id" json:"id"`
	Class     string    `ch:"class" json:"class"`
	Withdrawn time.Time `ch:"withdrawn" json:"withdrawn,omitzero"`
}

// LabelsToReview lists the labels that touch the Top 10k of the newest ranking, the
// most used project first.
func (u *Upkeep) LabelsToReview(ctx context.Context) ([]RankedLabel, error) {
	rows, err := store.Select[RankedLabel](ctx, u.db, reviewSQL, nil)
	if err != nil {
		return nil, fmt.Errorf("aggregator: labels to review: %w", err)
	}
	for i := range rows {
		if rows[i].Withdrawn.Unix() == 0 {
			rows[i].Withdrawn = time.Time{}
		}
	}
	return rows, nil
}
