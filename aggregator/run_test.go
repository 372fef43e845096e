package aggregator

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSchedule(t *testing.T) {
	began := time.Unix(1_790_000_000, 0)
	tests := []struct {
		name      string
		every     time.Duration
		fresh     bool
		at, since time.Duration // since the start, since the last look
		due, idle bool
	}{
		{name: "at once", at: 0, since: 0},
		{name: "the first one comes soon", fresh: true, at: 5 * time.Second, since: 5 * time.Second, due: true, idle: true},
		{name: "the second one not as soon", at: 10 * time.Second, since: 5 * time.Second, idle: true},
		{name: "early", at: 4 * time.Minute, since: 15 * time.Second, due: true, idle: true},
		{name: "early and idle", at: 4 * time.Minute, since: time.Second, idle: true},
		{name: "late", at: 6 * time.Minute, since: 15 * time.Second},
		{name: "late and idle", at: 6 * time.Minute, since: time.Minute, idle: true},
		{name: "an hour later", at: 2 * time.Hour, since: time.Hour, due: true, idle: true},
		{name: "as configured", every: 30 * time.Second, at: 2 * time.Hour, since: 30 * time.Second, due: true, idle: true},
		{name: "configured shorter than idle", every: 200 * time.Millisecond, at: time.Minute, since: 200 * time.Millisecond, due: true, idle: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSchedule(tt.every, began, tt.fresh)
			now := began.Add(tt.at)
			s.last = now.Add(-tt.since)
			if got := s.due(now); got != tt.due {
				t.Errorf("due: %v", got)
			}
			if got := s.idleDue(now); got != tt.idle {
				t.Errorf("idle: %v", got)
			}
		})
	}
}

func TestChooseVersions(t *testing.T) {
	v := func(scanner, catalogue string, projects uint64) versions {
		return versions{Scanner: scanner, Catalogue: catalogue, Projects: projects}
	}
	last := func(scanner, catalogue string) *snapshotRow {
		return &snapshotRow{Scanner: scanner, Catalogue: catalogue}
	}
	tests := []struct {
		name string
		all  []versions // the newest first
		last *snapshotRow
		want versions
		err  error
	}{
		{name: "nothing", err: ErrNothing},
		{name: "the first", all: []versions{v("1", "a", 5)}, want: v("1", "a", 5)},
		{name: "the newest without a snapshot", all: []versions{v("2", "a", 1), v("1", "a", 5)}, want: v("2", "a", 1)},
		{name: "the same", all: []versions{v("1", "a", 5)}, last: last("1", "a"), want: v("1", "a", 5)},
		{name: "the old one covers more", all: []versions{v("2", "a", 4), v("1", "a", 5)}, last: last("1", "a"), want: v("1", "a", 5)},
		{name: "the new one covers as much", all: []versions{v("2", "a", 5), v("1", "a", 5)}, last: last("1", "a"), want: v("2", "a", 5)},
		{name: "a new catalogue", all: []versions{v("1", "b", 5), v("1", "a", 5)}, last: last("1", "a"), want: v("1", "b", 5)},
		{name: "the one in between covers as much", all: []versions{v("3", "a", 1), v("2", "a", 6), v("1", "a", 5)}, last: last("1", "a"), want: v("2", "a", 6)},
		{name: "late scans of older versions", all: []versions{v("2", "a", 5), v("1", "a", 9)}, last: last("2", "a"), want: v("2", "a", 5)},
		{name: "the old one is gone", all: []versions{v("2", "a", 1)}, last: last("1", "a"), want: v("2", "a", 1)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := choose(tt.all, tt.last)
			if !errors.Is(err, tt.err) || got != tt.want {
				t.Errorf("got %+v, %v; want %+v, %v", got, err, tt.want, tt.err)
			}
		})
	}
}

func TestObsolete(t *testing.T) {
	at := func(names ...string) []memberList {
		var lists []memberList
		for _, n := range names {
			lists = append(lists, memberList{Snapshot: n, Published: n[len(n)-1] != '!'})
		}
		return lists
	}
	lists := at("20261124T12", "20261124T11!", "20261124T10", "20261123T20", "20261123T19", "20261122T08", "20261122T07", "20261122T06")
	for keep, want := range map[int][]memberList{
		2:  at("20261123T19", "20261122T07", "20261122T06"),
		1:  at("20261124T10", "20261123T19", "20261122T07", "20261122T06"),
		5:  at("20261122T07", "20261122T06"),
		99: nil,
	} {
		if diff := cmp.Diff(want, obsolete(lists, keep)); diff != "" {
			t.Errorf("keep %d: %s", keep, diff)
		}
	}
}
