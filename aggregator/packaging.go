package aggregator

import (
	"cmp"
	"context"
	"slices"

	"prevalence/internal/store"
)

// maxValues is how many values of a facet without a closed list are counted by
// themselves, the most frequent ones; all others count as otherValue.
const (
	maxValues  = 200
	otherValue = "other"
)

// packagingRow is a number of counted members with one value of a facet.
type packagingRow struct {
	Stratum  uint8  `ch:"stratum"`
	Drawn    bool   `ch:"drawn"`
	Kind     string `ch:"kind"`
	ID       string `ch:"id"`
	Projects uint64 `ch:"projects"`
}

// countPackaging counts how members are packaged, and of how many of them
// the vulnerabilities are known.
func (a *Aggregator) countPackaging(ctx context.Context, s *snapshotRow, c *counts) error {
	rows, err := store.Select[packagingRow](ctx, a.db, packagingSQL, store.Params{"catalogue": s.Catalogue})
	if err != nil {
		return err
	}
	kept := frequent(rows)
	for _, r := range rows {
		t := thing{kind: r.Kind, id: r.ID}
		switch r.Kind {
		case issueVulnerabilities:
			if r.ID == "unknown" {
				c.leaveOpen(thing{kind: kindIssue, id: issueVulnerabilities}, r.Stratum, r.Drawn, r.Projects)
			}
			continue
		case kindBuildBackend, kindRequiresPython, kindLicense:
			if !kept[t] {
				t.id = otherValue
			}
		}
		c.add(t, r.Stratum, r.Drawn, true, r.Projects)
	}
	return nil
}

// frequent returns the values of each facet that are counted by themselves.
func frequent(rows []packagingRow) map[thing]bool {
	total := make(map[thing]uint64)
	for _, r := range rows {
		total[thing{kind: r.Kind, id: r.ID}] += r.Projects
	}
	things := make([]thing, 0, len(total))
	for t := range total {
		things = append(things, t)
	}
	slices.SortFunc(things, func(a, b thing) int { return cmp.Or(cmp.Compare(total[b], total[a]), a.compare(b)) })
	kept, of := make(map[thing]bool), make(map[string]int)
	for _, t := range things {
		if of[t.kind]++; of[t.kind] <= maxValues {
			kept[t] = true
		}
	}
	return kept
}
