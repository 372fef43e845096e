// Command accuracy measures how much of what is there a scan sees, and how much
// of what it says is true. It compares the output of
//
//	prevalence scan --format json --evidence all TREE/*
//
// with what CPython's parser finds (recall), with other scanners (peers), and
// with a person's judgement (sample, precision). deploy/check/accuracy.sh runs
// all of it; docs/accuracy.md explains the figures.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"

	"prevalence/schemas/message"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "accuracy:", err)
		os.Exit(1)
	}
}

const usage = `usage:
  accuracy recall    -scan SCAN.jsonl -calls CALLS.tsv [-misses OUT.tsv] [-least 0.995] [-behaviors 60]
  accuracy peers     -scan SCAN.jsonl -tree TREE [-bandit B.json] [-ruff R.json] [-out DIR]
  accuracy sample    -scan SCAN.jsonl -seed N [-each 40] [-only BEHAVIOUR] > DRAWN.tsv
  accuracy precision VERDICTS.tsv
  accuracy shares    -scan SCAN.jsonl -manifest MANIFEST.tsv
  accuracy sarif     -schema SCHEMA.json -before REPORT.sarif ANNOTATED.sarif…`

func run(args []string, out io.Writer) error {
	if len(args) == 0 {
		return errors.New(usage)
	}
	f := flag.NewFlagSet(args[0], flag.ContinueOnError)
	scan := f.String("scan", "", "what prevalence scan --format json --evidence all printed")
	switch args[0] {
	case "recall":
		calls := f.String("calls", "", "what calls.py printed")
		misses := f.String("misses", "", "where to list what was not seen")
		least := f.Float64("least", 0.995, "recall that each behaviour must have")
		behaviors := f.Int("behaviors", 60, "number of behaviours that must be compared")
		if err := f.Parse(args[1:]); err != nil {
			return err
		}
		return recall(out, *scan, *calls, *misses, *least, *behaviors)
	case "peers":
		tree := f.String("tree", "", "the tree that was scanned")
		bandit := f.String("bandit", "", "bandit's JSON")
		ruff := f.String("ruff", "", "ruff's JSON")
		dir := f.String("out", "", "where to list disagreements")
		if err := f.Parse(args[1:]); err != nil {
			return err
		}
		return peers(out, *scan, *tree, *bandit, *ruff, *dir)
	case "sample":
		seed := f.Uint64("seed", 1, "seed of the draw")
		each := f.Int("each", 40, "observations drawn a category")
		only := f.String("only", "", "the one behaviour or category to draw from")
		if err := f.Parse(args[1:]); err != nil {
			return err
		}
		return sample(out, *scan, *seed, *each, *only)
	case "sarif":
		schema := f.String("schema", "", "the JSON Schema of SARIF 2.1.0")
		before := f.String("before", "", "the report that was annotated")
		if err := f.Parse(args[1:]); err != nil {
			return err
		}
		return sarif(out, *schema, *before, f.Args())
	case "precision":
		if err := f.Parse(args[1:]); err != nil {
			return err
		}
		return precision(out, f.Arg(0))
	case "shares":
		manifest := f.String("manifest", "", "the corpus's manifest")
		if err := f.Parse(args[1:]); err != nil {
			return err
		}
		return shares(out, *scan, *manifest)
	}
	return errors.New(usage)
}

// scanned is one line of prevalence scan --format json.
type scanned struct {
	Path string `json:"path"`
	message.Scan
}

// readScan reads the scanner's output. Each path keeps its last element alone.
func readScan(name string, each func(scanned) error) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	d := json.NewDecoder(bufio.NewReaderSize(f, 1<<20))
	for {
		var s scanned
		switch err := d.Decode(&s); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("%s: %w", name, err)
		}
		s.Path = filepath.Base(s.Path)
		if err := each(s); err != nil {
			return err
		}
	}
}

// hit is where a behaviour was seen.
type hit struct {
	line, end int
	symbol    string
}

// place is one behaviour in one file.
type place struct{ file, behavior string }

// seen is everything that a scan says, by place.
type seen struct {
	hits  map[place][]hit
	files map[string]bool   // with any hit at all
	cuts  map[string]string // file: why it was cut
	full  map[place]bool    // evidence was cut off at the scanner's own limit
}

func readSeen(name string) (*seen, error) {
	s := &seen{hits: map[place][]hit{}, files: map[string]bool{}, cuts: map[string]string{}, full: map[place]bool{}}
	err := readScan(name, func(line scanned) error {
		for _, c := range line.Cuts {
			s.cuts[path.Join(line.Path, c.Member)] = c.Why
		}
		for _, o := range line.Observations {
			for _, e := range o.Evidence {
				file := path.Join(line.Path, e.Path)
				s.files[file] = true
				at := place{file, o.Behavior}
				s.hits[at] = append(s.hits[at], hit{e.Line, max(e.Line, e.EndLine), e.Symbol})
			}
		}
		return nil
	})
	return s, err
}

// near says how well a behaviour was seen at lines first to last: "line" when a
// hit begins on the first, "within" when one touches any of them, or "".
func (s *seen) near(at place, first, last int) string {
	best := ""
	for _, h := range s.hits[at] {
		if h.line == first {
			return "line"
		}
		if h.line <= last && h.end >= first {
			best = "within"
		}
	}
	return best
}

// sortedKeys returns the keys of m in order.
func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
