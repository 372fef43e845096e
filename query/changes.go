package query

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"prevalence/internal/prevalence"
	"prevalence/internal/store"
	"prevalence/schemas/message"
)

// Changes is a part of the feed of what changed: projects that were removed,
// came back or were quarantined, and behaviours that became Rare or Important.
type Changes struct {
	Events []Event `json:"events"` // the oldest first
	// Next is where the next part begins, today or any later day.
	Next string `json:"next"`
	More bool   `json:"more"` // the next part holds something already
}

// Event is one change. It may come a second time, with the same ID, where
// snapshots were thinned out in between.
type Event struct {
	ID   string    `json:"id"`
	Kind string    `json:"kind"` // removed, resurrected, quarantined, rare, important
	At   time.Time `json:"at"`   // when it was seen; of the snapshot, where one showed it
	// Project is set for what happens to one, Behavior for the others.
	Project  string `json:"project,omitempty"`
	Behavior string `json:"behavior,omitempty"`
	Sentence string `json:"sentence,omitempty"` // what the behaviour does
	Before   string `json:"before,omitempty"`   // label of the behaviour before
	Snapshot string `json:"snapshot,omitempty"` // that showed it first
}

// The kinds of events.
const (
	EventQuarantined = "quarantined"
	EventRare        = "rare"
	EventImportant   = "important"
)

// EventKinds lists all kinds of events.
func EventKinds() []string {
	return []string{string(message.StateRemoved), string(message.StateResurrected), EventQuarantined, EventRare, EventImportant}
}

// changeCursor is a place in the feed: what is behind it has a higher sequence,
// or was shown by a later snapshot.
type changeCursor struct {
	seq      uint64
	snapshot string
}

func (c changeCursor) String() string { return fmt.Sprintf("%d.%s", c.seq, c.snapshot) }

func parseChangeCursor(text string) (c changeCursor, err error) {
	if text == "" {
		return c, nil
	}
	seq, snapshot, found := strings.Cut(text, ".")
	if c.seq, err = strconv.ParseUint(seq, 10, 64); err != nil || !found {
		return c, fmt.Errorf("query: cursor %q: %w", text, ErrCursor)
	}
	c.snapshot = snapshot
	return c, nil
}

// pairsAtOnce is how many snapshots one part of the feed compares at most.
const pairsAtOnce = 20

// Changes returns the part of the feed behind a cursor ("" is the beginning):
// about limit events, as those of one snapshot stay together.
func (r *Reader) Changes(ctx context.Context, since string, limit int) (*Changes, error) {
	at, err := parseChangeCursor(since)
	if err != nil {
		return nil, err
	}
	c := &Changes{}
	states, err := r.stateEvents(ctx, statesSinceSQL, store.Params{"after": at.seq, "limit": limit + 1})
	if err != nil {
		return nil, err
	}
	if c.More = len(states) > limit; c.More {
		states = states[:limit]
	}
	for _, x := range states {
		c.Events = append(c.Events, x.Event)
		at.seq = x.seq
	}
	list, err := r.Snapshots(ctx)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(list, func(a, b Published) int { return cmp.Compare(a.Name, b.Name) })
	first := slices.IndexFunc(list, func(p Published) bool { return p.Name > at.snapshot })
	if first >= 0 {
		last := min(len(list), first+pairsAtOnce)
		shown, err := r.snapshotEvents(ctx, list[:last], first)
		if err != nil {
			return nil, err
		}
		n := 0
		for i := first; i < last && n < limit; i++ {
			n += len(shown[i])
			c.Events = append(c.Events, shown[i]...)
			at.snapshot = list[i].Name
		}
		c.More = c.More || at.snapshot != list[len(list)-1].Name
	}
	sortEvents(c.Events)
	c.Next = at.String()
	c.Events = append([]Event{}, c.Events...)
	return c, nil
}

// LatestChanges returns the last events of the feed, the newest first.
func (r *Reader) LatestChanges(ctx context.Context, limit int) ([]Event, error) {
	states, err := r.stateEvents(ctx, statesLatestSQL, store.Params{"limit": limit})
	if err != nil {
		return nil, err
	}
	events := []Event{}
	for _, x := range states {
		events = append(events, x.Event)
	}
	list, err := r.Snapshots(ctx)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(list, func(a, b Published) int { return cmp.Compare(a.Name, b.Name) })
	shown, err := r.snapshotEvents(ctx, list, max(0, len(list)-pairsAtOnce))
	if err != nil {
		return nil, err
	}
	for _, of := range shown {
		events = append(events, of...)
	}
	sortEvents(events)
	slices.Reverse(events)
	return events[:min(limit, len(events))], nil
}

func sortEvents(events []Event) {
	slices.SortStableFunc(events, func(a, b Event) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID)) })
}

type stateEvent struct {
	Event
	seq uint64
}

// stateEvents reads changes of projects' states on the index.
func (r *Reader) stateEvents(ctx context.Context, query string, p store.Params) ([]stateEvent, error) {
	type row struct {
		Project string    `ch:"project"`
		State   string    `ch:"state"`
		At      time.Time `ch:"at"`
		Seq     uint64    `ch:"state_seq"`
	}
	rows, err := store.Select[row](ctx, r.db, query, p)
	if err != nil {
		return nil, fmt.Errorf("query: changes of states: %w", err)
	}
	events := make([]stateEvent, len(rows))
	for i, x := range rows {
		events[i] = stateEvent{Event{ID: fmt.Sprintf("%s/%s/%d", x.State, x.Project, x.Seq), Kind: x.State, At: x.At.UTC(), Project: x.Project}, x.Seq}
	}
	return events, nil
}

// snapshotEvents compares each snapshot of a list, the oldest first, from the
// one at first, with the last one before it that was counted alike. A snapshot
// without such a one shows nothing: all would be new.
func (r *Reader) snapshotEvents(ctx context.Context, list []Published, first int) (map[int][]Event, error) {
	before := make(map[int]int)
	var names []string
	for i := first; i < len(list); i++ {
		for j := i - 1; j >= 0; j-- {
			if list[j].Scanner == list[i].Scanner && list[j].Catalogue == list[i].Catalogue {
				before[i] = j
				names = append(names, list[i].Name, list[j].Name)
				break
			}
		}
	}
	events := make(map[int][]Event)
	if len(names) == 0 {
		return events, nil
	}
	type row struct {
		Snapshot string `ch:"snapshot"`
		Kind     string `ch:"kind"`
		ID       string `ch:"id"`
		Label    string `ch:"label"`
	}
	rows, err := store.Select[row](ctx, r.db, changedSQL, store.Params{"snapshots": names})
	if err != nil {
		return nil, fmt.Errorf("query: changes of snapshots: %w", err)
	}
	type thing struct{ kind, id string }
	of := make(map[string]map[thing]string)
	for _, x := range rows {
		if of[x.Snapshot] == nil {
			of[x.Snapshot] = make(map[thing]string)
		}
		of[x.Snapshot][thing{x.Kind, x.ID}] = x.Label
	}
	for i, j := range before {
		now, then := of[list[i].Name], of[list[j].Name]
		for x, label := range now {
			was, had := then[x]
			if x.kind == EventRare && (label != string(prevalence.Rare) || !had || was == label) || x.kind != EventRare && had {
				continue
			}
			e := Event{ID: x.kind + "/" + x.id + "/" + list[i].Name, Kind: x.kind, At: list[i].Taken, Snapshot: list[i].Name}
			if x.kind == EventQuarantined {
				e.Project = x.id
			} else {
				e.Behavior, e.Sentence, e.Before = x.id, r.sentence(x.id), was
			}
			events[i] = append(events[i], e)
		}
	}
	return events, nil
}

// Gone is a list of projects that the index lists no more, or again.
type Gone struct {
	Projects []GoneProject `json:"projects"`       // the last ones first
	Next     string        `json:"next,omitempty"` // cursor of the next page; empty: there is none
}

// GoneProject is a project with the last change of its state on the index.
type GoneProject struct {
	Project string    `json:"project"`
	State   string    `json:"state"` // removed, resurrected
	At      time.Time `json:"at"`    // when a sweep saw it
}

// Gone lists the projects whose last change of state was to the given one:
// removed or resurrected. after is Next of the page before.
func (r *Reader) Gone(ctx context.Context, state, after string, limit int) (*Gone, error) {
	before := ^uint64(0)
	if after != "" {
		var err error
		if before, err = strconv.ParseUint(after, 10, 64); err != nil {
			return nil, fmt.Errorf("query: cursor %q: %w", after, ErrCursor)
		}
	}
	list, err := r.stateEvents(ctx, goneSQL, store.Params{"state": state, "before": before, "limit": limit + 1})
	if err != nil {
		return nil, err
	}
	g := &Gone{Projects: []GoneProject{}}
	if len(list) > limit && limit > 0 {
		list = list[:limit]
		g.Next = strconv.FormatUint(list[limit-1].seq, 10)
	}
	for _, x := range list {
		g.Projects = append(g.Projects, GoneProject{x.Project, x.Kind, x.At})
	}
	return g, nil
}
