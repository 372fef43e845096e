package main

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"prevalence/schemas/catalog"
	"prevalence/worker/pysource"
)

// recall compares what was seen with the calls that CPython's parser resolves.
// A call must show every behaviour that the catalogue gives its callee; one
// with several candidates, those that all of them have.
func recall(out io.Writer, scan, calls, missesTo string, least float64, behaviors int) error {
	s, err := readSeen(scan)
	if err != nil {
		return err
	}
	rules, err := newCallees()
	if err != nil {
		return err
	}
	f, err := os.Open(calls)
	if err != nil {
		return err
	}
	defer f.Close()

	named, instances := newTally("callees that are named"), newTally("methods of instances")
	var missed strings.Builder
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		fields := strings.Split(lines.Text(), "\t")
		if len(fields) != 5 {
			fmt.Fprintln(out, lines.Text())
			continue
		}
		first, _ := strconv.Atoi(fields[1])
		last, _ := strconv.Atoi(fields[2])
		t := named
		if slices.Contains(strings.Split(fields[4], ","), "instance") {
			t = instances
		}
		for _, behavior := range rules.of(strings.Split(fields[3], "|")) {
			at, why := place{fields[0], behavior}, ""
			how := s.near(at, first, last)
			if how == "" {
				why = s.why(at, fields[4])
				fmt.Fprintf(&missed, "%s\t%s:%d\t%s\t%s\t%s\n", behavior, fields[0], first, fields[3], fields[4], why)
			}
			t.add(behavior, how, why)
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	if missesTo != "" {
		if err := os.WriteFile(missesTo, []byte(missed.String()), 0o666); err != nil {
			return err
		}
	}
	below := named.print(out, least)
	belowToo := instances.print(out, least)
	switch {
	case len(named.counts) < behaviors:
		return fmt.Errorf("only %d behaviours have calls in this tree; %d are wanted", len(named.counts), behaviors)
	case len(below)+len(belowToo) > 0:
		return fmt.Errorf("recall is below %.1f%% for %s", 100*least, strings.Join(append(below, belowToo...), ", "))
	}
	return nil
}

// tally counts the calls of each behaviour.
type tally struct {
	title  string
	counts map[string]*count
}

type count struct {
	calls, onLine, within int
	reasons               map[string]int // of those that were missed
}

func (c *count) share() float64 { return float64(c.onLine+c.within) / float64(c.calls) }

func newTally(title string) *tally { return &tally{title, map[string]*count{}} }

func (t *tally) add(behavior, how, why string) {
	c := t.counts[behavior]
	if c == nil {
		c = &count{reasons: map[string]int{}}
		t.counts[behavior] = c
	}
	c.calls++
	switch how {
	case "line":
		c.onLine++
	case "within":
		c.within++
	default:
		c.reasons[why]++
	}
}

// print writes the table, the worst first, and returns the behaviours whose
// recall is below least.
func (t *tally) print(out io.Writer, least float64) (below []string) {
	names := sortedKeys(t.counts)
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(t.counts[a].share(), t.counts[b].share()) })
	all := count{}
	fmt.Fprintf(out, "%-34s %7s %7s %7s %7s  %s\n", t.title, "calls", "at line", "nearby", "recall", "missed because")
	for _, name := range names {
		c := t.counts[name]
		all.calls, all.onLine, all.within = all.calls+c.calls, all.onLine+c.onLine, all.within+c.within
		var why []string
		for _, r := range sortedKeys(c.reasons) {
			why = append(why, fmt.Sprintf("%s %d", r, c.reasons[r]))
		}
		fmt.Fprintf(out, "%-34s %7d %7d %7d %6.2f%%  %s\n", name, c.calls, c.onLine, c.within, 100*c.share(), strings.Join(why, ", "))
		if c.share() < least {
			below = append(below, name)
		}
	}
	if all.calls > 0 {
		fmt.Fprintf(out, "%-34s %7d %7d %7d %6.2f%%\n\n", fmt.Sprintf("%d behaviours", len(names)), all.calls, all.onLine, all.within, 100*all.share())
	}
	return below
}

// why sorts a miss: the first of these that holds.
func (s *seen) why(at place, tags string) string {
	switch {
	case s.cuts[at.file] != "":
		return "cut:" + s.cuts[at.file]
	case !s.files[at.file]:
		return "nothing-seen-in-file"
	case tags != "":
		return tags
	case len(s.hits[at]) > 0:
		return "seen-elsewhere-in-file"
	}
	return "other"
}

// callees knows which behaviours a call of a name shows whatever its context,
// and which one with an argument: "subprocess.run#shell=True".
type callees struct {
	exact    map[string][]string
	wildcard map[string][]string // by what stands before ".*"
	cache    map[string][]string
}

func newCallees() (*callees, error) {
	c, err := catalog.Default()
	if err != nil {
		return nil, err
	}
	k := &callees{exact: map[string][]string{}, wildcard: map[string][]string{}, cache: map[string][]string{}}
	for _, r := range c.Rules {
		if len(r.Contexts) > 0 {
			continue
		}
		for _, name := range slices.Concat(r.Match.Uses, r.Match.Calls, r.Match.Args) {
			if prefix, ok := strings.CutSuffix(name, ".*"); ok {
				k.wildcard[prefix] = append(k.wildcard[prefix], r.ID)
			} else {
				k.exact[name] = append(k.exact[name], r.ID)
			}
		}
	}
	return k, nil
}

// of returns the behaviours that all candidates have.
func (k *callees) of(candidates []string) []string {
	common := k.one(candidates[0])
	for _, c := range candidates[1:] {
		other := k.one(c)
		common = slices.DeleteFunc(slices.Clone(common), func(b string) bool { return !slices.Contains(other, b) })
	}
	return common
}

func (k *callees) one(name string) []string {
	if found, ok := k.cache[name]; ok {
		return found
	}
	callee, argument, isArgument := strings.Cut(name, "#")
	canonical := pysource.Canonical(callee)
	if isArgument {
		canonical += "#" + argument
	}
	found := slices.Clone(k.exact[canonical])
	for prefix := canonical; !isArgument; {
		i := strings.LastIndexByte(prefix, '.')
		if i < 0 {
			break
		}
		prefix = prefix[:i]
		found = append(found, k.wildcard[prefix]...)
	}
	slices.Sort(found)
	found = slices.Compact(found)
	k.cache[name] = found
	return found
}
