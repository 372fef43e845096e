package crawler

import (
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/cespare/xxhash/v2"

	"prevalence/internal/pypi"
	"prevalence/schemas/message"
)

// The upper ranks of the strata of a first crawl; the rest is the fourth.
var strataEnds = [...]int{100, 1_000, 10_000}

const strata = len(strataEnds) + 1

// pick lists the indexes of the names that a sweep looks at, in its order.
// Those picked by hand come as they were asked for; otherwise all come as drawn
// for which wanted is true.
func pick(root *pypi.Root, o Options, seed uint64, wanted func(pypi.RootProject) bool) (picked []int32, unknown []string) {
	if !o.handPicked() {
		return draw(root, o.Ranking, seed, wanted), nil
	}
	seen := make(map[int32]bool)
	add := func(name string) bool {
		i, ok := find(root, name)
		if ok && !seen[i] {
			seen[i] = true
			picked = append(picked, i)
		}
		return ok
	}
	for _, name := range o.Projects {
		if !add(pypi.Normalize(name)) {
			unknown = append(unknown, name)
		}
	}
	if o.Top > 0 {
		for _, name := range o.Ranking.Projects[:min(o.Top, len(o.Ranking.Projects))] {
			add(name)
		}
	}
	return picked, unknown
}

// draw orders all names that are wanted: each stratum in the order of a keyed hash of its
// names, the first three strata taking turns, and every other name from the
// fourth. The place of a name depends on nothing but the seed, its stratum and
// the names before it, so the head of the order is a random sample of each
// stratum in every sweep with the same seed, however the index grew between.
func draw(root *pypi.Root, ranking *message.Ranking, seed uint64, wanted func(pypi.RootProject) bool) []int32 {
	type ticket struct {
		key   uint64
		index int32
	}
	var drawn [strata][]ticket
	rank := make(map[string]int)
	if ranking != nil {
		for i, name := range ranking.Projects[:min(strataEnds[strata-2], len(ranking.Projects))] {
			rank[name] = i + 1
		}
	}
	var buf []byte
	total := 0
	for i, p := range root.Projects {
		if !wanted(p) {
			continue
		}
		total++
		s := strata - 1
		if r, ok := rank[p.Name]; ok {
			s, _ = slices.BinarySearch(strataEnds[:], r)
		}
		buf = append(binary.LittleEndian.AppendUint64(buf[:0], seed), p.Name...)
		drawn[s] = append(drawn[s], ticket{xxhash.Sum64(buf), int32(i)})
	}
	for s := range drawn {
		slices.SortFunc(drawn[s], func(a, b ticket) int {
			return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.index, b.index))
		})
	}
	out := make([]int32, 0, total)
	take := func(s int) bool {
		if len(drawn[s]) == 0 {
			return false
		}
		out = append(out, drawn[s][0].index)
		drawn[s] = drawn[s][1:]
		return true
	}
	for turn := 0; len(out) < total; {
		for range strata - 1 {
			s := turn % (strata - 1)
			turn++
			if take(s) {
				break
			}
		}
		take(strata - 1)
	}
	return out
}

// find looks a normalised name up in a root, which is sorted.
func find(root *pypi.Root, name string) (int32, bool) {
	i, ok := slices.BinarySearchFunc(root.Projects, name, func(p pypi.RootProject, name string) int {
		return cmp.Compare(p.Name, name)
	})
	return int32(i), ok
}
