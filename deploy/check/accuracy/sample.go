package main

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
)

// drawn is one piece of evidence to be judged.
type drawn struct{ file, where, behavior, symbol, context, certainty string }

// sample draws evidence for a person to judge: per category the same number,
// each behaviour and then each file having the same chance within it, so that
// common ones do not crowd out the others. The same scan and seed draw the same.
// With only, a behaviour or a category, nothing else is drawn.
//
// The first columns are those of a file of verdicts; the rest is for the judge.
func sample(out io.Writer, scan string, seed uint64, each int, only string) error {
	byBehavior := map[string]map[string][]drawn{} // behaviour, then file
	err := readScan(scan, func(s scanned) error {
		for _, o := range s.Observations {
			if only != "" && o.Behavior != only && !strings.HasPrefix(o.Behavior, only+"/") {
				continue
			}
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
	fmt.Fprintf(w, "# seed %d\nfile\tat\tbehaviour\tverdict\treason\tsymbol\tcontext\tcertainty\n", seed)
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
			fmt.Fprintf(w, "%s\t%s\t%s\t\t\t%s\t%s\t%s\n", strings.TrimSuffix(d.file, ".d"), d.where, d.behavior, d.symbol, d.context, d.certainty)
		}
	}
	return w.Flush()
}

// score counts verdicts.
type score struct{ yes, no int }

func (s *score) add(verdict string) {
	if verdict == "yes" {
		s.yes++
	} else {
		s.no++
	}
}

func (s *score) judged() int { return s.yes + s.no }

func (s *score) share() float64 { return float64(s.yes) / float64(max(1, s.judged())) }

// verdicts are what was judged: by draw ("seed 7"), then by category and rule.
type verdicts struct {
	draws      []string
	categories map[string]map[string]*score // category, draw
	rules      map[string]map[string]*score // behaviour, draw
}

// readVerdicts reads a file of verdicts: lines of file, path:line, behaviour,
// "yes" or "no", and a word that says why not, below "# seed N" for each draw.
func readVerdicts(name string) (*verdicts, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	v := &verdicts{categories: map[string]map[string]*score{}, rules: map[string]map[string]*score{}}
	add := func(m map[string]map[string]*score, key, draw, verdict string) {
		if m[key] == nil {
			m[key] = map[string]*score{}
		}
		if m[key][draw] == nil {
			m[key][draw] = &score{}
		}
		m[key][draw].add(verdict)
	}
	draw, number := "", 0
	for line := range strings.Lines(string(data)) {
		number++
		line = strings.TrimRight(line, "\n")
		if title, ok := strings.CutPrefix(line, "# seed "); ok {
			draw = "seed " + title
			v.draws = append(v.draws, draw)
			continue
		}
		fields := strings.Split(line, "\t")
		if strings.HasPrefix(line, "#") || line == "" || fields[0] == "file" {
			continue
		}
		switch {
		case draw == "":
			return nil, fmt.Errorf("%s:%d: a verdict above the first \"# seed N\"", name, number)
		case len(fields) < 4 || len(fields) > 5:
			return nil, fmt.Errorf("%s:%d: %d columns; there are four, and a fifth for why not", name, number, len(fields))
		case fields[3] != "yes" && fields[3] != "no":
			return nil, fmt.Errorf("%s:%d: the verdict is yes or no, not %q", name, number, fields[3])
		case (fields[3] == "no") != (len(fields) == 5 && fields[4] != ""):
			return nil, fmt.Errorf("%s:%d: a \"no\", and nothing else, has a reason", name, number)
		}
		category, _, _ := strings.Cut(fields[2], "/")
		add(v.categories, category, draw, fields[3])
		add(v.rules, fields[2], draw, fields[3])
	}
	if len(v.draws) == 0 {
		return nil, fmt.Errorf("%s: no verdicts", name)
	}
	return v, nil
}

// precision prints the table of docs/accuracy.md: each category as it was drawn
// first and as it is now, after the rules that were wrong had been mended.
func precision(out io.Writer, name string) error {
	v, err := readVerdicts(name)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "| category | first draw | draws | last draw | precision | 95 % |")
	fmt.Fprintln(out, "|---|---:|---:|---:|---:|---|")
	var first, last score
	for _, c := range sortedKeys(v.categories) {
		byDraw := v.categories[c]
		var list []*score
		for _, d := range v.draws {
			if s := byDraw[d]; s != nil {
				list = append(list, s)
			}
		}
		a, z := list[0], list[len(list)-1]
		first.yes, first.no, last.yes, last.no = first.yes+a.yes, first.no+a.no, last.yes+z.yes, last.no+z.no
		printScore(out, c, a, len(list), z)
	}
	printScore(out, "all", &first, len(v.draws), &last)
	return nil
}

func printScore(out io.Writer, name string, first *score, draws int, last *score) {
	low, high := wilson(last.yes, last.judged())
	fmt.Fprintf(out, "| %s | %d of %d | %d | %d of %d | %.1f %% | %.0f–%.0f %% |\n", name, first.yes, first.judged(), draws,
		last.yes, last.judged(), 100*last.share(), 100*low, 100*high)
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
