package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"prevalence/query"
)

// chaosAnswer is what two runs must agree on, as lines: the counts of every
// behaviour, every project with its outcome, the counts of outcomes, reasons
// and issues, the bands, and that nothing is dead. The snapshot's name and
// time are not among them.
type chaosAnswer struct {
	table *query.Table
	lines []string
}

func newChaosAnswer(table *query.Table, projects []query.Listed, status *query.Status, dead uint64) *chaosAnswer {
	x := &chaosAnswer{table: table}
	add := func(what string, v any) {
		b, err := json.Marshal(v)
		if err != nil { // none of these can fail
			b = []byte(err.Error())
		}
		x.lines = append(x.lines, what+" "+string(b))
	}
	add("dead letters", dead)
	for _, p := range projects { // first: of what differs, they say the most
		add("project", p)
	}
	for _, b := range table.Snapshot.Bands {
		add("band", b)
	}
	for _, row := range table.Rows {
		add("behaviour", row)
	}
	for _, list := range [][]query.Counted{status.Outcomes, status.Reasons, status.EmailClasses, status.Issues} {
		for _, c := range list {
			add("count", c)
		}
	}
	return x
}

// differ says how another answer differs from x, in a few of the lines; ""
// when it does not.
func (x *chaosAnswer) differ(other *chaosAnswer) string {
	all := append(missing("- ", x.lines, other.lines), missing("+ ", other.lines, x.lines)...)
	const shown, width = 8, 160
	if n := len(all); n > shown {
		all = append(all[:shown], fmt.Sprintf("… and %d lines more", n-shown))
	}
	for i, line := range all {
		if len(line) > width {
			all[i] = line[:width] + "…"
		}
	}
	return strings.Join(all, "\n")
}

// missing are the lines of a, marked, that b lacks; one that stands twice must
// stand twice.
func missing(mark string, a, b []string) []string {
	in := make(map[string]int, len(b))
	for _, line := range b {
		in[line]++
	}
	var all []string
	for _, line := range a {
		if in[line]--; in[line] < 0 {
			all = append(all, mark+line)
		}
	}
	return all
}
