package annotate

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"prevalence/internal/prevalence"
	"prevalence/schemas/peers"
)

// ErrFormat is returned for what is no report that can be read.
var ErrFormat = errors.New("is neither SARIF 2.1.0 nor JSON of bandit, ruff or GuardDog")

// Options say what becomes of the findings.
type Options struct {
	Hide bool // leave out what is common, see Note.Hidable
	Sort bool // the rarest first, what is not known last
}

// Annotator annotates reports. It is safe to share.
type Annotator struct {
	ref   *Reference
	peers map[string]*peers.Peer
}

// New returns an annotator by a reference. More peers join those that are
// built in, and replace the one of their name.
func New(ref *Reference, more ...*peers.Peer) (*Annotator, error) {
	all, err := peers.Load()
	if err != nil {
		return nil, err
	}
	a := &Annotator{ref: ref, peers: make(map[string]*peers.Peer)}
	for _, p := range append(all, more...) {
		a.peers[p.Tool] = p
	}
	return a, nil
}

// Result is an annotated report.
type Result struct {
	Format string    `json:"format"` // "sarif", "bandit", "ruff" or "guarddog"
	Report []byte    `json:"-"`      // the report, in its own format
	Rules  []Summary `json:"rules"`  // that have findings, the rarest first
	Hidden int       `json:"hidden"` // findings that were left out
}

// Summary counts the findings of one rule.
type Summary struct {
	Tool     string `json:"tool"`
	Rule     string `json:"rule"`
	Findings int    `json:"findings"`
	Hidden   int    `json:"hidden"`
	Note     *Note  `json:"prevalence"`
}

// Annotate adds to each finding of a report how common it is. The format is
// told by what the report holds. Annotate returns ErrFormat for anything else.
func (a *Annotator) Annotate(report []byte, o Options) (*Result, error) {
	d := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(report, []byte("\ufeff"))))
	d.UseNumber() // a number is printed as it was read
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("annotate: the report %w: %w", ErrFormat, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("annotate: the report %w: it goes on after its end", ErrFormat)
	}
	w := &work{Annotator: a, Options: o, of: make(map[[2]string]*Summary)}
	format, v, err := w.annotate(v)
	if err != nil {
		return nil, fmt.Errorf("annotate: the report %w", err)
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("annotate: %w", err)
	}
	r := &Result{Format: format, Report: out.Bytes(), Rules: []Summary{}}
	for _, s := range w.order {
		r.Rules = append(r.Rules, *s)
		r.Hidden += s.Hidden
	}
	slices.SortStableFunc(r.Rules, func(a, b Summary) int { return byRarity(a.Note, b.Note) })
	return r, nil
}

// work is one report on its way.
type work struct {
	*Annotator
	Options
	of    map[[2]string]*Summary
	order []*Summary
}

// annotate returns the format of a report and what becomes of it.
func (w *work) annotate(v any) (format string, out any, err error) {
	switch v := v.(type) {
	case map[string]any:
		runs, isSARIF := v["runs"].([]any)
		switch {
		case isSARIF && v["version"] != "2.1.0":
			return "", nil, fmt.Errorf("is SARIF %v; only 2.1.0 is read", v["version"])
		case isSARIF:
			w.sarif(runs)
			return "sarif", v, nil
		case list(v, "results") != nil && v["metrics"] != nil:
			v["results"] = w.findings("bandit", "test_id", list(v, "results"))
			v["prevalence"] = w.about()
			return "bandit", v, nil
		case object(v, "results") != nil && v["issues"] != nil:
			w.guarddog(v)
			return "guarddog", v, nil
		}
	case []any:
		results, isGuardDog := dependencies(v)
		if isGuardDog {
			for _, r := range results {
				w.guarddog(r)
			}
			return "guarddog", v, nil
		}
		for _, x := range v {
			if f, _ := x.(map[string]any); text(f, "filename") == "" {
				return "", nil, ErrFormat
			}
		}
		return "ruff", w.findings("ruff", "code", v), nil
	}
	return "", nil, ErrFormat
}

// note is what is said of a rule, and its line in the summary.
func (w *work) note(tool, rule string) *Summary {
	tool = strings.ToLower(tool)
	key := [2]string{tool, rule}
	s := w.of[key]
	if s == nil {
		s = &Summary{Tool: tool, Rule: rule, Note: w.Note(tool, rule)}
		w.of[key] = s
		w.order = append(w.order, s)
	}
	return s
}

// Note is what is said of the findings of a rule.
func (a *Annotator) Note(tool, rule string) *Note {
	n := &Note{Snapshot: a.ref.Snapshot, Label: prevalence.NotEnoughData, Behaviors: []Prevalent{}}
	r := a.peers[strings.ToLower(tool)].Rule(rule)
	if r == nil {
		n.None = "No prevalence information at this time: the rule is in no mapping."
		return n
	}
	n.None, n.Fit = r.None, r.Fit
	for _, id := range r.Behaviors {
		n.Behaviors = append(n.Behaviors, a.ref.prevalent(id))
	}
	slices.SortStableFunc(n.Behaviors, func(a, b Prevalent) int { return rarer(a.community(), b.community()) })
	if len(n.Behaviors) > 0 {
		n.Label, n.Rarity = n.Behaviors[0].Label, rarity(n.Behaviors[0].community())
	}
	return n
}

// rarer orders shares: the small first, the unknown last.
func rarer(a, b *float64) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return 1
	case b == nil:
		return -1
	}
	return cmp.Compare(*a, *b)
}

func byRarity(a, b *Note) int { return rarer(negative(a.Rarity), negative(b.Rarity)) }

func negative(x *float64) *float64 {
	if x == nil {
		return nil
	}
	y := -*x
	return &y
}

// about is what a report says of the snapshot once.
func (w *work) about() map[string]any {
	return map[string]any{"snapshot": w.ref.Snapshot, "taken": w.ref.Taken, "scanner": w.ref.Scanner, "catalogue": w.ref.Catalogue,
		"license": w.ref.License, "hidden": w.hidden()}
}

// kept leaves out and sorts findings, as the options say. mark adds the note to
// a finding that stays; name tells its rule, "" for none.
func (w *work) kept(all []any, name func(map[string]any) (tool, rule string), mark func(map[string]any, *Note)) []any {
	type ranked struct {
		finding any
		note    *Note
	}
	kept := make([]ranked, 0, len(all))
	unknown := &Note{}
	for _, x := range all {
		f, ok := x.(map[string]any)
		if !ok {
			kept = append(kept, ranked{x, unknown})
			continue
		}
		s := w.note(name(f))
		s.Findings++
		if w.Hide && s.Note.Hidable() {
			s.Hidden++
			continue
		}
		mark(f, s.Note)
		kept = append(kept, ranked{f, s.Note})
	}
	if w.Sort {
		slices.SortStableFunc(kept, func(a, b ranked) int { return byRarity(a.note, b.note) })
	}
	out := make([]any, len(kept))
	for i, k := range kept {
		out[i] = k.finding
	}
	return out
}

// hidden is how many findings were left out so far.
func (w *work) hidden() (n int) {
	for _, s := range w.order {
		n += s.Hidden
	}
	return n
}

func sortedKeys(v map[string]any) []string { return slices.Sorted(maps.Keys(v)) }

// object and list are a member of an object, nil if it is none of that kind.
func object(v map[string]any, key string) map[string]any { x, _ := v[key].(map[string]any); return x }
func list(v map[string]any, key string) []any            { x, _ := v[key].([]any); return x }
func text(v map[string]any, key string) string           { x, _ := v[key].(string); return x }
