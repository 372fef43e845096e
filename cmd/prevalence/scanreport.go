package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"prevalence/internal/prevalence"
	"prevalence/query/annotate"
	"prevalence/schemas/message"
)

// scanned is one path and what was seen in it: an object of --format json.
// Lists are never null, and evidence has all of its fields.
type scanned struct {
	Path         string              `json:"path"`
	Project      string              `json:"project,omitempty"`
	Version      string              `json:"version,omitempty"`
	Outcome      message.Outcome     `json:"outcome"`
	Why          string              `json:"why,omitempty"`
	Detail       string              `json:"detail,omitempty"`
	Cuts         []message.Cut       `json:"cuts,omitempty"`
	Files        []message.File      `json:"files,omitempty"`
	Metadata     message.Metadata    `json:"metadata"`
	Emails       []message.Email     `json:"emails,omitempty"`
	EmailClass   string              `json:"email_class,omitempty"`
	Scanner      string              `json:"scanner"`
	Catalogue    string              `json:"catalogue"`
	Observations []observed          `json:"observations"`
	Symbols      []message.Symbol    `json:"symbols"`
	Indicators   []message.Indicator `json:"indicators"`
}

// observed is a behaviour in one context.
type observed struct {
	Behavior  string            `json:"behavior"`
	Context   message.Context   `json:"context"`
	Certainty message.Certainty `json:"certainty"`
	Hits      int               `json:"hits"`
	Evidence  []evidenced       `json:"evidence"`
	// Prevalence is how common it is, with --reference. New counts the hits that
	// are not known, with --since or --baseline.
	Prevalence *annotate.Note `json:"prevalence,omitempty"`
	New        *int           `json:"new,omitempty"`
}

// evidenced is where a hit stands. Line is 0 where lines mean nothing.
type evidenced struct {
	Path        string `json:"path"` // relative to what was scanned
	Line        int    `json:"line"`
	EndLine     int    `json:"end_line"`
	Symbol      string `json:"symbol"`
	Fingerprint string `json:"fingerprint"`
	New         *bool  `json:"new,omitempty"` // with --since or --baseline
}

// place is evidence as path:line and the symbol.
func (e *evidenced) place() string {
	at := e.Path
	if e.Line > 0 {
		at = fmt.Sprintf("%s:%d", e.Path, e.Line)
	}
	switch {
	case e.Symbol == "":
		return at
	case at == "":
		return "(" + e.Symbol + ")"
	}
	return at + " (" + e.Symbol + ")"
}

func scannedPath(path string, s *message.Scan) *scanned {
	out := &scanned{
		Path: path, Project: s.Project, Version: s.Version, Outcome: s.Outcome, Why: s.Why, Detail: s.Detail, Cuts: s.Cuts, Files: s.Files,
		Metadata: s.Metadata, Emails: s.Emails, EmailClass: s.EmailClass, Scanner: s.Scanner, Catalogue: s.Catalogue,
		Observations: make([]observed, len(s.Observations)),
		Symbols:      append([]message.Symbol{}, s.Symbols...), Indicators: append([]message.Indicator{}, s.Indicators...),
	}
	for i, o := range s.Observations {
		evidence := make([]evidenced, len(o.Evidence))
		for j, e := range o.Evidence {
			evidence[j] = evidenced{Path: e.Path, Line: e.Line, EndLine: e.EndLine, Symbol: e.Symbol, Fingerprint: e.Fingerprint}
		}
		out.Observations[i] = observed{Behavior: o.Behavior, Context: o.Context, Certainty: o.Certainty, Hits: o.Hits, Evidence: evidence}
	}
	return out
}

// scanReport prints the results of a local scan, path after path.
type scanReport struct {
	w       io.Writer
	format  string
	all     bool // every piece of evidence
	details bool // every path
	total   *tally
	last    bool // whether a table of the whole ends the report
	header  bool // whether a CSV's header is printed
	check   *scanCheck
	sarif   *scanSARIF // nil unless it is the format
}

func newScanReport(w io.Writer, c *config, paths int, check *scanCheck) *scanReport {
	return &scanReport{
		w: w, format: c.Format, all: c.Evidence == "all", details: !c.Summary, total: newTally(),
		last: c.Summary || c.Format == "table" && paths > 1, check: check,
	}
}

// add prints what was seen in one path.
func (r *scanReport) add(path string, s *message.Scan) error {
	r.total.add(s)
	x := scannedPath(path, s)
	r.check.mark(x)
	if !r.details {
		return nil
	}
	if r.format != "sarif" {
		r.shorten(x)
	}
	switch r.format {
	case "sarif":
		r.sarif.add(x)
		return nil
	case "json":
		e := json.NewEncoder(r.w)
		e.SetEscapeHTML(false)
		return e.Encode(x)
	case "csv":
		table := r.observationCSV(x)
		table.headless = r.header
		r.header = true
		return table.print(r.w, r.format)
	}
	return r.page(x)
}

// end prints the table of the whole, where one is wanted. Its error may be that
// the policy does not hold.
func (r *scanReport) end() error {
	switch {
	case r.sarif != nil:
		if err := r.sarif.print(r.w); err != nil {
			return err
		}
	case r.last:
		if err := r.total.sheet().print(r.w, r.format); err != nil {
			return err
		}
	}
	return r.check.end()
}

// maxEvidence is how many hits a scan lists unless all are asked for.
const maxEvidence = 3

// shorten leaves out hits that were needed for the check alone.
func (r *scanReport) shorten(x *scanned) {
	if r.all || !r.check.on() {
		return
	}
	for i := range x.Observations {
		o := &x.Observations[i]
		slices.SortStableFunc(o.Evidence, func(a, b evidenced) int { return cmp.Compare(known(a), known(b)) })
		o.Evidence = o.Evidence[:min(len(o.Evidence), maxEvidence)]
	}
}

// known is 1 for a hit that was there before, which is listed after new ones.
func known(e evidenced) int {
	if e.New != nil && !*e.New {
		return 1
	}
	return 0
}

// shown is the evidence of an observation that is listed.
func (r *scanReport) shown(o *observed) []evidenced {
	if r.all || len(o.Evidence) == 0 {
		return o.Evidence
	}
	return o.Evidence[:1]
}

// observationCSV has a row for each piece of evidence that is listed.
func (r *scanReport) observationCSV(x *scanned) sheet {
	var s sheet
	for _, key := range []string{"path", "behavior", "context", "certainty", "hits", "member", "line", "end_line", "symbol", "fingerprint"} {
		s.columns = append(s.columns, column{key: key})
	}
	bands := prevalence.Bands()
	s.columns = append(s.columns, r.check.checkColumns(bands[:])...)
	for i := range x.Observations {
		o := &x.Observations[i]
		for _, e := range r.shown(o) {
			row := []string{x.Path, o.Behavior, string(o.Context), string(o.Certainty), fmt.Sprint(o.Hits),
				e.Path, fmt.Sprint(e.Line), fmt.Sprint(e.EndLine), e.Symbol, e.Fingerprint}
			s.rows = append(s.rows, append(row, o.cells(bands[:])...))
		}
	}
	return s
}

// page prints a path for a person.
func (r *scanReport) page(x *scanned) error {
	var b strings.Builder
	b.WriteString(x.Path)
	if x.Project != "" {
		fmt.Fprintf(&b, "  (%s)", strings.TrimSpace(x.Project+" "+x.Version))
	}
	fmt.Fprintf(&b, "\n%s\n", outcomeLine(x))
	for i, c := range x.Cuts {
		if i == maxShownCuts {
			fmt.Fprintf(&b, "  … and %d more\n", len(x.Cuts)-i)
			break
		}
		fmt.Fprintf(&b, "  not read: %s (%s)\n", cmp.Or(c.Member, c.File), c.Why)
	}
	where := "First seen"
	if r.all {
		where = "Where"
	}
	s := sheet{columns: []column{
		{title: "Behaviour"}, {title: "Context"}, {title: "Certainty"}, {title: "Hits", number: true},
	}}
	bands := []prevalence.Band{prevalence.Top1k, prevalence.Community} // a row fits a screen
	s.columns = append(append(s.columns, r.check.checkColumns(bands)...), column{title: where})
	for i := range x.Observations {
		o := &x.Observations[i]
		row := append([]string{o.Behavior, string(o.Context), string(o.Certainty), fmt.Sprint(o.Hits)}, o.cells(bands)...)
		for _, e := range r.shown(o) {
			s.rows = append(s.rows, append(row, e.place()))
			row = make([]string, len(row))
		}
	}
	if len(s.rows) == 0 && x.Outcome != message.OutcomeUnanalysed {
		b.WriteString("  no behaviour of the catalogue was seen\n")
	}
	if _, err := io.WriteString(r.w, b.String()); err != nil {
		return err
	}
	if len(s.rows) > 0 {
		if line := indicatorLine(x); line != "" {
			s.notes = append(s.notes, line)
		}
		if r.check.ref != nil {
			s.notes = append(s.notes, "Counts are projects that show it, of those looked into; snapshot "+r.check.ref.Snapshot)
		}
		if err := s.print(r.w, "table"); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(r.w)
	return err
}

// maxShownCuts is how much of what was not read a page lists.
const maxShownCuts = 5

// outcomeLine says how a scan ended and what was read.
func outcomeLine(x *scanned) string {
	parts := []string{string(x.Outcome)}
	if x.Why != "" {
		parts = append(parts, x.Why)
	}
	if x.Detail != "" && len(x.Cuts) == 0 {
		parts = append(parts, x.Detail) // else the list of cuts says it
	}
	var members int
	var python int64
	for _, f := range x.Files {
		members += f.Members
		python += f.PythonBytes
	}
	return strings.Join(append(parts, fmt.Sprintf("%d %s, %s of Python", members, plural(members, "member", "members"), size(python))), " · ")
}

// size is a number of bytes for a person.
func size(n int64) string {
	switch {
	case n < 1000:
		return fmt.Sprintf("%d B", n)
	case n < 1_000_000:
		return fmt.Sprintf("%d kB", (n+500)/1000)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1e6)
}

// indicatorLine counts the indicators by kind.
func indicatorLine(x *scanned) string {
	counts := make(map[string]int)
	var kinds []string
	for _, i := range x.Indicators {
		if counts[i.Kind] == 0 {
			kinds = append(kinds, i.Kind)
		}
		counts[i.Kind]++
	}
	slices.Sort(kinds)
	for i, k := range kinds {
		kinds[i] = fmt.Sprintf("%d %s", counts[k], k)
	}
	if len(kinds) == 0 {
		return ""
	}
	return "Indicators (--format json lists them): " + join(kinds)
}

// tally counts paths by behaviour.
type tally struct {
	Paths       int                     `json:"paths"`
	Outcomes    map[message.Outcome]int `json:"outcomes"`
	Members     int                     `json:"members"`
	PythonBytes int64                   `json:"python_bytes"`
	Behaviors   []*tallied              `json:"behaviors"` // the most frequent first

	of map[string]*tallied
}

// tallied is how many paths show a behaviour.
type tallied struct {
	Behavior string `json:"behavior"`
	Paths    int    `json:"paths"`    // in code that is installed or runs on installation, or in the package as a whole
	Resolved int    `json:"resolved"` // of these, those that show it for certain
	Support  int    `json:"support"`  // further paths, which show it in tests, docs and examples alone
	Hits     int    `json:"hits"`     // in all contexts
}

func newTally() *tally {
	return &tally{Outcomes: make(map[message.Outcome]int), Behaviors: []*tallied{}, of: make(map[string]*tallied)}
}

func (t *tally) add(s *message.Scan) {
	t.Paths++
	t.Outcomes[s.Outcome]++
	for _, f := range s.Files {
		t.Members += f.Members
		t.PythonBytes += f.PythonBytes
	}
	type seen struct{ counted, resolved bool }
	of := make(map[string]seen)
	for _, o := range s.Observations {
		b := t.of[o.Behavior]
		if b == nil {
			b = &tallied{Behavior: o.Behavior}
			t.of[o.Behavior] = b
			t.Behaviors = append(t.Behaviors, b)
		}
		b.Hits += o.Hits
		x := of[o.Behavior]
		if o.Context != message.ContextSupport {
			x.counted = true
			x.resolved = x.resolved || o.Certainty == message.Resolved
		}
		of[o.Behavior] = x
	}
	for id, x := range of {
		b := t.of[id]
		switch {
		case !x.counted:
			b.Support++
		case x.resolved:
			b.Resolved++
			fallthrough
		default:
			b.Paths++
		}
	}
}

func (t *tally) sheet() sheet {
	slices.SortFunc(t.Behaviors, func(a, b *tallied) int {
		return cmp.Or(cmp.Compare(b.Paths, a.Paths), cmp.Compare(b.Support, a.Support), cmp.Compare(a.Behavior, b.Behavior))
	})
	s := sheet{value: t, columns: []column{
		{title: "Behaviour", key: "behavior"}, {title: "Paths", key: "paths", number: true}, {title: "Resolved", key: "resolved", number: true},
		{title: "Support only", key: "support", number: true}, {title: "Hits", key: "hits", number: true},
	}}
	for _, b := range t.Behaviors {
		s.rows = append(s.rows, []string{b.Behavior, fmt.Sprint(b.Paths), fmt.Sprint(b.Resolved), fmt.Sprint(b.Support), fmt.Sprint(b.Hits)})
	}
	var outcomes []string
	for _, o := range []message.Outcome{message.OutcomeOK, message.OutcomePartial, message.OutcomeEmpty, message.OutcomeUnanalysed} {
		if n := t.Outcomes[o]; n > 0 {
			outcomes = append(outcomes, fmt.Sprintf("%d %s", n, o))
		}
	}
	s.notes = []string{"", fmt.Sprintf("%d %s (%s), %d members, %s of Python", t.Paths, plural(t.Paths, "path", "paths"), join(outcomes), t.Members, size(t.PythonBytes))}
	return s
}
