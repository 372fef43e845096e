package main

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path"
	"slices"
	"strings"
)

// drawn is one piece of evidence to be judged.
type drawn struct{ file, where, behavior, symbol, context, certainty string }

// sample draws evidence for a person to judge: per category the same number,
// each behaviour and then each file having the same chance within it, so that
// common ones do not crowd out the others. The same scan and seed draw the same.
func sample(out io.Writer, scan string, seed uint64, each int) error {
	byBehavior := map[string]map[string][]drawn{} // behaviour, then file
	err := readScan(scan, func(s scanned) error {
		for _, o := range s.Observations {
			for _, e := range o.Evidence {
				d := drawn{s.Path, e.Path, o.Behavior, e.Symbol, string(o.Context), string(o.Certainty)}
				if e.Line > 0 {
					d.where = fmt.Sprintf("%s:%d", e.Path, e.Line)
				}
				if byBehavior[o.Behavior] == nil {
					byBehavior[o.Behavior] = map[string][]drawn{}
				}
				files := byBehavior[o.Behavior]
				files[s.Path] = append(files[s.Path], d)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	byCategory := map[string][]string{}
	for _, b := range sortedKeys(byBehavior) {
		category, _, _ := strings.Cut(b, "/")
		byCategory[category] = append(byCategory[category], b)
	}
	w := bufio.NewWriter(out)
	fmt.Fprintf(w, "# seed %d\n# verdict: yes (the code does what the rule's sentence says), no, or ? (cannot be told)\n", seed)
	fmt.Fprintln(w, "file\tat\tbehaviour\tsymbol\tcontext\tcertainty\tverdict\tremark")
	for _, category := range sortedKeys(byCategory) {
		random := rand.New(rand.NewPCG(seed, uint64(len(category))<<32|uint64(category[0])))
		var picked []drawn
		taken := map[drawn]bool{}
		for tries := 0; len(picked) < each && tries < 100*each; tries++ {
			files := byBehavior[byCategory[category][random.IntN(len(byCategory[category]))]]
			names := sortedKeys(files)
			list := files[names[random.IntN(len(names))]]
			d := list[random.IntN(len(list))]
			if !taken[d] {
				taken[d] = true
				picked = append(picked, d)
			}
		}
		slices.SortFunc(picked, func(a, b drawn) int {
			return cmp.Or(strings.Compare(a.behavior, b.behavior), strings.Compare(a.file, b.file), strings.Compare(a.where, b.where))
		})
		for _, d := range picked {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t\t\n", strings.TrimSuffix(d.file, ".d"), d.where, d.behavior, d.symbol, d.context, d.certainty)
		}
	}
	return w.Flush()
}

// precision prints the table of docs/accuracy.md from files of verdicts.
func precision(out io.Writer, files []string) error {
	type verdicts struct{ yes, no, open int }
	categories, behaviors := map[string]*verdicts{}, map[string]*verdicts{}
	add := func(m map[string]*verdicts, key, verdict string) {
		if m[key] == nil {
			m[key] = &verdicts{}
		}
		switch verdict {
		case "yes":
			m[key].yes++
		case "no":
			m[key].no++
		default:
			m[key].open++
		}
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		for line := range strings.Lines(string(data)) {
			fields := strings.Split(strings.TrimRight(line, "\n"), "\t")
			if strings.HasPrefix(line, "#") || len(fields) < 7 || fields[0] == "file" {
				continue
			}
			category, _, _ := strings.Cut(fields[2], "/")
			add(categories, category, fields[6])
			add(categories, "all", fields[6])
			add(behaviors, fields[2], fields[6])
		}
	}
	if len(categories) == 0 {
		return fmt.Errorf("no verdicts in %s", strings.Join(files, ", "))
	}
	fmt.Fprintf(out, "| category | judged | true | false | undecided | precision | 95 %% |\n|---|---:|---:|---:|---:|---:|---|\n")
	for _, c := range sortedKeys(categories) {
		t := categories[c]
		low, high := wilson(t.yes, t.yes+t.no)
		fmt.Fprintf(out, "| %s | %d | %d | %d | %d | %.1f %% | %.0f–%.0f %% |\n", c, t.yes+t.no+t.open, t.yes, t.no, t.open,
			100*float64(t.yes)/float64(max(1, t.yes+t.no)), 100*low, 100*high)
	}
	fmt.Fprintln(out, "\nRules with false evidence:")
	for _, b := range sortedKeys(behaviors) {
		if t := behaviors[b]; t.no > 0 {
			fmt.Fprintf(out, "* %s: %d of %d\n", path.Clean(b), t.no, t.yes+t.no)
		}
	}
	return nil
}

// wilson returns the 95 % interval of a share.
func wilson(k, n int) (low, high float64) {
	if n == 0 {
		return 0, 1
	}
	const z = 1.959964
	p, m := float64(k)/float64(n), float64(n)
	mid := p + z*z/(2*m)
	half := z * math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	return max(0, (mid-half)/(1+z*z/m)), min(1, (mid+half)/(1+z*z/m))
}
