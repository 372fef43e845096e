package crawler

import (
	"fmt"
	"slices"
	"testing"

	"prevalence/internal/pypi"
	"prevalence/schemas/message"
)

func bigRoot(n int) (*pypi.Root, *message.Ranking) {
	root := &pypi.Root{}
	r := &message.Ranking{}
	for i := range n {
		name := fmt.Sprintf("p%06d", i)
		root.Projects = append(root.Projects, pypi.RootProject{Name: name})
		if i%4 == 0 && len(r.Projects) < 12_000 {
			r.Projects = append(r.Projects, name)
		}
	}
	return root, r
}

func all(pypi.RootProject) bool { return true }

// TestDraw checks the order of a first crawl on an index of 60,000 names.
func TestDraw(t *testing.T) {
	root, ranking := bigRoot(60_000)
	rank := map[string]int{}
	for i, n := range ranking.Projects {
		rank[n] = i + 1
	}
	order := draw(root, ranking, 1, all)
	if sorted := slices.Sorted(slices.Values(order)); len(slices.Compact(sorted)) != 60_000 {
		t.Fatal("not every name is drawn once")
	}
	var counts [strata]int
	at := map[int]string{}
	for i, index := range order {
		s := strata - 1
		if r := rank[root.Projects[index].Name]; r > 0 {
			if s, _ = slices.BinarySearch(strataEnds[:], r); s == strata {
				t.Fatal("no such stratum")
			}
		}
		counts[s]++
		at[i+1] = fmt.Sprint(counts)
	}
	for n, want := range map[int]string{
		6:     "[1 1 1 3]",
		600:   "[100 100 100 300]",
		1000:  "[100 200 200 500]",
		4000:  "[100 900 1000 2000]",
		20000: "[100 900 9000 10000]",
		60000: "[100 900 9000 50000]",
	} {
		if at[n] != want {
			t.Errorf("after %d jobs %s of the strata are drawn, want %s", n, at[n], want)
		}
	}
	if slices.Equal(order, draw(root, ranking, 2, all)) || !slices.Equal(order, draw(root, ranking, 1, all)) {
		t.Error("the order must depend on the seed, and on nothing else")
	}
	// Within a stratum the head of the draw is spread over all ranks.
	early := 0
	for _, index := range order[:4000] {
		if r := rank[root.Projects[index].Name]; r > 1000 && r <= 5500 {
			early++
		}
	}
	if early < 400 || early > 600 {
		t.Errorf("%d of the first 1000 drawn of 9000 are of its upper half", early)
	}
	if got := draw(root, nil, 1, all); len(got) != 60_000 {
		t.Errorf("without a ranking %d names are drawn", len(got))
	}
}

// TestDrawGrows: names that come and go leave the order of the others alone.
func TestDrawGrows(t *testing.T) {
	root, ranking := bigRoot(5_000)
	names := func(r *pypi.Root) []string {
		var out []string
		for _, i := range draw(r, ranking, 3, all) {
			if n := r.Projects[i].Name; n[0] == 'p' && n != "p000077" {
				out = append(out, n)
			}
		}
		return out
	}
	before := names(root)
	grown := &pypi.Root{Projects: slices.Clone(root.Projects)}
	grown.Projects = slices.DeleteFunc(grown.Projects, func(p pypi.RootProject) bool { return p.Name == "p000077" })
	grown.Projects = slices.Insert(grown.Projects, 0, pypi.RootProject{Name: "a-new-one"})
	after := names(grown)
	slices.Sort(before)
	slices.Sort(after)
	if !slices.Equal(before, after) {
		t.Error("names were lost")
	}
	first, second := map[string]bool{}, 0
	for _, i := range draw(root, ranking, 3, all)[:1000] {
		first[root.Projects[i].Name] = true
	}
	for _, i := range draw(grown, ranking, 3, all)[:1000] {
		if first[grown.Projects[i].Name] {
			second++
		}
	}
	if second < 998 {
		t.Errorf("only %d of the first 1000 are the same after one name came and one went", second)
	}
}

func BenchmarkDraw(b *testing.B) {
	root, ranking := bigRoot(886_000)
	for b.Loop() {
		draw(root, ranking, 1, all)
	}
}
