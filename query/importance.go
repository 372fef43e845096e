package query

import (
	"context"
	"fmt"

	"prevalence/internal/store"
)

// Importance is how much more malicious code shows a behaviour than the
// community does.
type Importance struct {
	Clusters int `json:"clusters"` // of malicious releases: equal code counts once
	Shown    int `json:"shown"`    // of them show it
	// Ratio is that of the two shares, Low and High its 95 % interval; nil where
	// there is not enough data.
	Ratio *float64 `json:"ratio"`
	Low   *float64 `json:"low"`
	High  *float64 `json:"high"`
	// Important is nil where there is not enough data.
	Important *bool `json:"important"`
}

func (x Importance) yes() bool { return x.Important != nil && *x.Important }

// importance reads the importance of some behaviours, none being all of them,
// in a snapshot. What has no labels to be counted by is not in it.
func (r *Reader) importance(ctx context.Context, snapshot string, ids []string) (map[string]Importance, error) {
	type row struct {
		Behavior  string   `ch:"behavior"`
		Clusters  uint32   `ch:"clusters"`
		Shown     uint32   `ch:"shown"`
		Ratio     *float64 `ch:"ratio"`
		Low       *float64 `ch:"low"`
		High      *float64 `ch:"high"`
		Important *bool    `ch:"important"`
	}
	rows, err := store.Select[row](ctx, r.db, importanceSQL, store.Params{"snapshot": snapshot, "ids": ids})
	if err != nil {
		return nil, fmt.Errorf("query: importance: %w", err)
	}
	of := make(map[string]Importance, len(rows))
	for _, x := range rows {
		of[x.Behavior] = Importance{int(x.Clusters), int(x.Shown), x.Ratio, x.Low, x.High, x.Important}
	}
	return of, nil
}

// headlines are what a snapshot says of behaviours and issues in all contexts
// but support.
type headlines struct {
	numbers    map[counted]Numbers
	importance map[string]Importance
}

// headlines returns what the snapshot says of some behaviours and issues; of
// one that a Pool has looked up, from memory.
func (r *Reader) headlines(ctx context.Context, s *Snapshot, ids []string) (map[counted]Numbers, map[string]Importance, error) {
	if s.headlines != nil {
		return s.headlines.numbers, s.headlines.importance, nil
	}
	_, numbers, err := r.numbers(ctx, s.Name, []string{"behavior", "issue"}, ids, false)
	if err != nil {
		return nil, nil, err
	}
	importance, err := r.importance(ctx, s.Name, ids)
	return numbers, importance, err
}
