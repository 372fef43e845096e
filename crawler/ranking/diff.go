package ranking

import (
	"cmp"
	"slices"

	"prevalence/schemas/message"
)

// Diff is what two rankings do not have in common.
type Diff struct {
	Before string     `json:"before"` // names of the rankings
	After  string     `json:"after"`
	Bands  []BandDiff `json:"bands"`
	// Moves are the projects that entered or left a band, the best ranked first.
	Moves []Move `json:"moves"`
}

// BandDiff counts what changed among the first Top projects.
type BandDiff struct {
	Top     int `json:"top"`
	Stayed  int `json:"stayed"`
	Entered int `json:"entered"`
	Left    int `json:"left"`
}

// Move is a project with its rank before and after; 0: it has none.
type Move struct {
	Project string `json:"project"`
	Before  int    `json:"before"`
	After   int    `json:"after"`
}

// Bands are the first so many projects that a Diff looks at.
var Bands = []int{100, 1_000, 10_000}

// Compare says what changed from one ranking to another. A project that moved
// within its band is no change.
func Compare(before, after *message.Ranking) Diff {
	d := Diff{Before: before.Name, After: after.Name, Moves: []Move{}}
	was, is := ranks(before), ranks(after)
	var moves []Move
	for name, rank := range was {
		moves = append(moves, Move{name, rank, is[name]})
	}
	for name, rank := range is {
		if was[name] == 0 {
			moves = append(moves, Move{name, 0, rank})
		}
	}
	slices.SortFunc(moves, func(a, b Move) int {
		return cmp.Or(cmp.Compare(a.best(), b.best()), cmp.Compare(a.Project, b.Project))
	})
	for _, top := range Bands {
		band := BandDiff{Top: top}
		for _, m := range moves {
			switch wasIn, isIn := within(m.Before, top), within(m.After, top); {
			case wasIn && isIn:
				band.Stayed++
			case isIn:
				band.Entered++
			case wasIn:
				band.Left++
			}
		}
		d.Bands = append(d.Bands, band)
	}
	for _, m := range moves {
		if slices.ContainsFunc(Bands, func(top int) bool { return within(m.Before, top) != within(m.After, top) }) {
			d.Moves = append(d.Moves, m)
		}
	}
	return d
}

func ranks(r *message.Ranking) map[string]int {
	ranks := make(map[string]int, len(r.Projects))
	for i, name := range r.Projects {
		ranks[name] = i + 1
	}
	return ranks
}

func within(rank, top int) bool { return rank > 0 && rank <= top }

// best is the better of two ranks.
func (m Move) best() int {
	if m.Before == 0 || m.After > 0 && m.After < m.Before {
		return m.After
	}
	return m.Before
}
