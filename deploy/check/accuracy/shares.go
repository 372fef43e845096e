package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"prevalence/schemas/message"
)

// shares prints, for each behaviour, the share of the corpus's projects of the
// Top 100 and Top 1k that show it, resolved and in all, leaving support code
// out. A project counts as what any of its files shows.
func shares(out io.Writer, scan, manifest string) error {
	data, err := os.ReadFile(manifest)
	if err != nil {
		return err
	}
	type row struct {
		project string
		rank    int
	}
	files := map[string]row{}
	for line := range strings.Lines(string(data)) {
		f := strings.Split(strings.TrimRight(line, "\n"), "\t")
		if len(f) < 6 || f[0] == "project" {
			continue
		}
		rank, _ := strconv.Atoi(f[5])
		files[f[2]] = row{f[0], rank}
	}
	bands := []int{100, 1000}
	size := make([]int, len(bands))
	counted := map[string]bool{}
	type shown struct{ any, resolved map[string]bool } // projects
	byBand := make([]map[string]*shown, len(bands))
	for i := range byBand {
		byBand[i] = map[string]*shown{}
	}
	err = readScan(scan, func(s scanned) error {
		r, ok := files[strings.TrimSuffix(s.Path, ".d")]
		if !ok || r.rank == 0 {
			return nil
		}
		for i, b := range bands {
			if r.rank > b {
				continue
			}
			if key := fmt.Sprint(b, r.project); !counted[key] {
				counted[key] = true
				size[i]++
			}
			for _, o := range s.Observations {
				if o.Context == message.ContextSupport {
					continue
				}
				x := byBand[i][o.Behavior]
				if x == nil {
					x = &shown{map[string]bool{}, map[string]bool{}}
					byBand[i][o.Behavior] = x
				}
				x.any[r.project] = true
				if o.Certainty == message.Resolved {
					x.resolved[r.project] = true
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "| behaviour | Top 100 (%d here) | resolved only | Top 1k (%d here) | resolved only |\n|---|---:|---:|---:|---:|\n", size[0], size[1])
	names := sortedKeys(byBand[1])
	slices.SortStableFunc(names, func(a, b string) int { return len(byBand[1][b].any) - len(byBand[1][a].any) })
	percent := func(n, of int) string { return fmt.Sprintf("%d (%.0f %%)", n, 100*float64(n)/float64(max(1, of))) }
	for _, n := range names {
		fmt.Fprintf(out, "| %s |", n)
		for i := range bands {
			x := byBand[i][n]
			if x == nil {
				x = &shown{}
			}
			fmt.Fprintf(out, " %s | %s |", percent(len(x.any), size[i]), percent(len(x.resolved), size[i]))
		}
		fmt.Fprintln(out)
	}
	return nil
}
