package query

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"prevalence/internal/prevalence"
	"prevalence/internal/store"
	"prevalence/schemas/catalog"
	"prevalence/schemas/message"
)

// Report is a project's page: what its latest release does, and how common that is.
type Report struct {
	Snapshot *Snapshot `json:"snapshot"`
	Project  string    `json:"project"`
	Version  string    `json:"version"`
	Rank     int       `json:"rank,omitempty"` // 0: unranked
	Listed   bool      `json:"listed"`         // still on the index
	State    string    `json:"state"`          // active, archived, quarantined, deprecated, removed, resurrected
	History  []Change  `json:"history"`        // of the state, the oldest first
	Return   *Return   `json:"return"`         // nil where the name never came back
	Yanked   bool      `json:"yanked,omitempty"`
	Scanned  time.Time `json:"scanned"`

	Outcome string `json:"outcome"`
	Why     string `json:"why,omitempty"`
	Detail  string `json:"detail,omitempty"`
	Cuts    []Cut  `json:"cuts"` // what was left unread
	Files   []File `json:"files"`

	License          string `json:"license,omitempty"`
	RequiresPython   string `json:"requires_python,omitempty"`
	BuildBackend     string `json:"build_backend,omitempty"`
	SourceRepository bool   `json:"source_repository"`

	Typed    bool     `json:"typed"`    // has a py.typed (PEP 561)
	Attested bool     `json:"attested"` // a file has a provenance (PEP 740)
	Offered  []string `json:"offered"`  // kinds of the files that the index offers: sdist, wheel-pure …
	Modules  []string `json:"modules"`  // top-level modules that it brings
	// Vulnerabilities are ids of known ones; nil where the index gives no such
	// information, empty where it says that there are none.
	Vulnerabilities []string     `json:"vulnerabilities"`
	Dependencies    []Dependency `json:"dependencies"`

	EmailClass string       `json:"email_class"`
	Emails     []EmailCount `json:"emails"`

	Issues    []Issue    `json:"issues"`
	Behaviors []Behaving `json:"behaviors"` // by category
}

// Change is a change of a project's state on the index.
type Change struct {
	State string    `json:"state"`
	At    time.Time `json:"at"`
}

// Cut is something that the scan left unread.
type Cut struct {
	File   string `json:"file"`
	Member string `json:"member,omitempty"`
	Why    string `json:"why"`
	Bytes  int64  `json:"bytes,omitempty"`
}

// File is a distribution file that was read.
type File struct {
	Name     string `json:"name"`
	Kind     string `json:"kind"`
	Bytes    int64  `json:"bytes"`
	SHA256   string `json:"sha256"`
	Verified bool   `json:"verified"`
	Members  int    `json:"members"`
}

// Dependency is a project that a release declares to need (PEP 508).
type Dependency struct {
	Project string `json:"project"`
	// Requirement is what the release writes, without the address behind an "@".
	Requirement string `json:"requirement"`
}

// EmailCount counts author addresses of a class at a domain, which reads
// "other" where few projects have it.
type EmailCount struct {
	Class     string `json:"class"`
	Domain    string `json:"domain,omitempty"`
	Addresses int    `json:"addresses"`
}

// Issue is a judgement that a person acts on.
type Issue struct {
	ID         string   `json:"id"`
	Title      string   `json:"title"`
	Problem    string   `json:"problem"`
	Prevalence string   `json:"prevalence"` // a sentence with the counts put in
	NextSteps  []string `json:"next_steps"`
	Numbers    Numbers  `json:"numbers"`
}

// Behaving is a behaviour that the project shows.
type Behaving struct {
	TopRow
	// Certainty is "resolved" where any hit is proven, else "likely".
	Certainty string `json:"certainty"`
	Seen      []Seen `json:"seen"` // by context, the most worrying first
}

// Seen is a behaviour in one context.
type Seen struct {
	Context   string     `json:"context"`
	Certainty string     `json:"certainty"`
	Hits      int        `json:"hits"`
	Evidence  []Evidence `json:"evidence"`
}

// Evidence says where a hit stands.
type Evidence struct {
	Path    string `json:"path"`
	Line    int    `json:"line,omitempty"` // from 1; 0 where lines mean nothing
	EndLine int    `json:"end_line,omitempty"`
	Symbol  string `json:"symbol,omitempty"`
}

// String returns "path:line", or the path where there is no line.
func (e Evidence) String() string {
	if e.Line <= 0 {
		return e.Path
	}
	return e.Path + ":" + strconv.Itoa(e.Line)
}

type projectRow struct {
	ID         uint32   `ch:"project_id"`
	Project    string   `ch:"project"`
	Version    string   `ch:"version"`
	Seq        uint64   `ch:"scan_seq"`
	Rank       uint32   `ch:"rank"`
	Listed     bool     `ch:"listed"`
	Outcome    string   `ch:"outcome"`
	Why        string   `ch:"why"`
	EmailClass string   `ch:"email_class"`
	State      string   `ch:"state"`
	Yanked     bool     `ch:"yanked"`
	Issues     []string `ch:"issues"`
}

// scanPage is the scan that speaks for a project, as the column page has it.
type scanPage struct {
	At               int64    `json:"at"` // Unix seconds
	Detail           string   `json:"detail"`
	License          string   `json:"license"`
	RequiresPython   string   `json:"requires_python"`
	BuildBackend     string   `json:"build_backend"`
	SourceRepository bool     `json:"source_repository"`
	Typed            bool     `json:"typed"`
	Attested         bool     `json:"attested"`
	Offered          []string `json:"offered"`
	Modules          []string `json:"modules"`
	Vulnerabilities  []string `json:"vulnerabilities"`
	VulnsKnown       bool     `json:"vulnerabilities_known"`
	Requires         []string `json:"requires"`
	CutFile          []string `json:"cut_file"`
	CutMember        []string `json:"cut_member"`
	CutWhy           []string `json:"cut_why"`
	CutBytes         []string `json:"cut_bytes"`
	FileName         []string `json:"file_name"`
	FileKind         []string `json:"file_kind"`
	FileBytes        []string `json:"file_bytes"`
	FileSHA256       []string `json:"file_sha256"`
	FileVerified     []bool   `json:"file_verified"`
	FileMembers      []int    `json:"file_members"`
	Behavior         []string `json:"behavior"` // a row a behaviour and context
	Context          []string `json:"context"`
	Certainty        []string `json:"certainty"`
	Hits             []int    `json:"hits"`
	Of               []int    `json:"of"` // row that the evidence is of, from 1
	Path             []string `json:"path"`
	Line             []int    `json:"line"`
	EndLine          []int    `json:"end_line"`
	Symbol           []string `json:"symbol"`
}

// Project returns the report of a project in the newest snapshot. It returns
// ErrNotFound for a project that no scan of the snapshot speaks for.
func (r *Reader) Project(ctx context.Context, name string) (*Report, error) {
	s, err := r.Snapshot(ctx, "")
	if err != nil {
		return nil, err
	}
	name = normalised(name)
	id, err := r.projectID(ctx, name)
	if err != nil {
		return nil, err
	}
	rows, err := store.Select[projectRow](ctx, r.db, projectSQL, store.Params{"snapshot": s.Name, "catalogue": s.Catalogue, "project_id": id})
	if err != nil {
		return nil, fmt.Errorf("query: project %s: %w", name, err)
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("query: project %q in snapshot %s: %w", name, s.Name, ErrNotFound)
	}
	p := rows[0]
	rep := &Report{
		Snapshot: s, Project: p.Project, Version: p.Version, Rank: int(p.Rank), Listed: p.Listed,
		State: cmp.Or(p.State, string(message.StateActive)), Yanked: p.Yanked, Outcome: p.Outcome, Why: p.Why, EmailClass: p.EmailClass,
		Cuts: []Cut{}, Files: []File{}, Issues: []Issue{}, Behaviors: []Behaving{}, Emails: []EmailCount{}, History: []Change{},
		Offered: []string{}, Modules: []string{}, Dependencies: []Dependency{},
	}
	for _, add := range []func(context.Context, *projectRow, *Report) error{r.addPage, r.addNumbers, r.addEmails, r.addHistory, r.addReturn} {
		if err := add(ctx, &p, rep); err != nil {
			return nil, fmt.Errorf("query: project %s: %w", name, err)
		}
	}
	return rep, nil
}

// addPage adds what the scan saw.
func (r *Reader) addPage(ctx context.Context, p *projectRow, rep *Report) error {
	type row struct {
		Page string `ch:"page"`
	}
	rows, err := store.Select[row](ctx, r.db, pageSQL, store.Params{"project_id": p.ID, "scan_seq": p.Seq, "catalogue": rep.Snapshot.Catalogue})
	if err != nil {
		return err
	}
	if len(rows) == 0 {
		return ErrNotFound // its scan is gone with an older snapshot
	}
	var x scanPage
	if err := json.Unmarshal([]byte(rows[0].Page), &x); err != nil {
		return err
	}
	rep.Scanned, rep.Detail, rep.License, rep.RequiresPython = time.Unix(x.At, 0).UTC(), x.Detail, x.License, x.RequiresPython
	rep.BuildBackend, rep.SourceRepository, rep.Typed, rep.Attested = x.BuildBackend, x.SourceRepository, x.Typed, x.Attested
	rep.Offered, rep.Modules, rep.Dependencies = append(rep.Offered, x.Offered...), append(rep.Modules, x.Modules...), dependencies(x.Requires)
	if x.VulnsKnown {
		rep.Vulnerabilities = append([]string{}, x.Vulnerabilities...)
	}
	for i := range x.CutFile {
		rep.Cuts = append(rep.Cuts, Cut{File: x.CutFile[i], Member: x.CutMember[i], Why: x.CutWhy[i], Bytes: whole(x.CutBytes[i])})
	}
	for i := range x.FileName {
		rep.Files = append(rep.Files, File{Name: x.FileName[i], Kind: x.FileKind[i], Bytes: whole(x.FileBytes[i]),
			SHA256: x.FileSHA256[i], Verified: x.FileVerified[i], Members: x.FileMembers[i]})
	}
	r.addBehaviors(&x, rep)
	return nil
}

// whole is a number that stands as text.
func whole(text string) int64 {
	n, _ := strconv.ParseInt(text, 10, 64) // the database wrote it
	return n
}

// projectID looks a project up by its normalised name.
func (r *Reader) projectID(ctx context.Context, name string) (uint32, error) {
	type row struct {
		ID uint32 `ch:"project_id"`
	}
	rows, err := store.Select[row](ctx, r.db, projectIDSQL, store.Params{"project": name})
	if err != nil {
		return 0, fmt.Errorf("query: project %s: %w", name, err)
	}
	if len(rows) == 0 {
		return 0, fmt.Errorf("query: project %q: %w", name, ErrNotFound)
	}
	return rows[0].ID, nil
}

var requirementName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*`)

// dependencies reads requirements. An address may hold a login, so it is left out.
func dependencies(requires []string) []Dependency {
	list := []Dependency{}
	for _, x := range requires {
		name := requirementName.FindString(x)
		if name == "" {
			continue
		}
		if at := strings.IndexByte(x, '@'); at >= 0 {
			x = x[:at+1] + " …"
		}
		list = append(list, Dependency{normalised(name), x})
	}
	return list
}

// addNumbers says how common what the project shows is.
func (r *Reader) addNumbers(ctx context.Context, p *projectRow, rep *Report) error {
	ids := slices.Clone(p.Issues)
	for i := range rep.Behaviors {
		ids = append(ids, rep.Behaviors[i].Behavior)
	}
	if len(ids) == 0 {
		return nil
	}
	numbers, importance, err := r.headlines(ctx, rep.Snapshot, ids)
	if err != nil {
		return err
	}
	for i := range rep.Behaviors {
		b := &rep.Behaviors[i]
		if n, ok := numbers[counted{kind: "behavior", id: b.Behavior}]; ok {
			b.Numbers = n
		}
		b.Important = importance[b.Behavior].yes()
	}
	rep.addIssues(p.Issues, r.catalog, numbers)
	return nil
}

// addIssues adds the issues of the project in the order of the catalogue.
func (rep *Report) addIssues(ids []string, c *catalog.Catalog, numbers map[counted]Numbers) {
	for _, known := range c.Issues {
		if !slices.Contains(ids, known.ID) {
			continue
		}
		n, ok := numbers[counted{kind: "issue", id: known.ID}]
		if !ok {
			n = none()
		}
		rep.Issues = append(rep.Issues, Issue{ID: known.ID, Title: known.Title, Problem: strings.TrimSpace(known.Problem),
			Prevalence: fill(known.Prevalence, n), NextSteps: known.NextSteps, Numbers: n})
	}
}

// fill puts numbers into a sentence of the catalogue (catalog.IssuePlaceholders).
func fill(sentence string, n Numbers) string {
	pairs := []string{"{label}", string(n.Label)}
	for _, b := range prevalence.Bands() {
		x := n.Band(b)
		pairs = append(pairs, "{"+b.String()+"}", strconv.Itoa(x.Count), "{"+b.String()+"_scanned}", strconv.Itoa(x.Scanned))
	}
	return strings.TrimSpace(strings.NewReplacer(pairs...).Replace(sentence))
}

// addBehaviors adds what the scan shows, by behaviour.
func (r *Reader) addBehaviors(x *scanPage, rep *Report) {
	at := make(map[string]int)
	for i, id := range x.Behavior {
		k, known := at[id]
		if !known {
			k = len(rep.Behaviors)
			at[id] = k
			rep.Behaviors = append(rep.Behaviors, Behaving{
				TopRow:    TopRow{Behavior: id, Category: category(id), Sentence: r.sentence(id), Numbers: none()},
				Certainty: string(message.Likely)})
		}
		b := &rep.Behaviors[k]
		if x.Certainty[i] == string(message.Resolved) {
			b.Certainty = x.Certainty[i]
		}
		seen := Seen{Context: x.Context[i], Certainty: x.Certainty[i], Hits: x.Hits[i], Evidence: []Evidence{}}
		for j, of := range x.Of {
			if of == i+1 {
				seen.Evidence = append(seen.Evidence, Evidence{Path: x.Path[j], Line: x.Line[j], EndLine: x.EndLine[j], Symbol: x.Symbol[j]})
			}
		}
		b.Seen = append(b.Seen, seen)
	}
	slices.SortFunc(rep.Behaviors, func(a, b Behaving) int { return cmp.Compare(a.Behavior, b.Behavior) })
	for _, b := range rep.Behaviors {
		sortSeen(b.Seen)
	}
}

// seenRow is a behaviour of a scan in one context.
type seenRow struct {
	ID        uint32   `ch:"project_id"`
	Behavior  string   `ch:"behavior"`
	Context   string   `ch:"context"`
	Certainty string   `ch:"certainty"`
	Hits      uint32   `ch:"hits"`
	Path      []string `ch:"path"`
	Line      []uint32 `ch:"line"`
	EndLine   []uint32 `ch:"end_line"`
	Symbol    []string `ch:"symbol"`
}

// seen is the row as it is told.
func (x *seenRow) seen() Seen {
	s := Seen{Context: x.Context, Certainty: x.Certainty, Hits: int(x.Hits), Evidence: []Evidence{}}
	for i := range x.Path {
		s.Evidence = append(s.Evidence, Evidence{Path: x.Path[i], Line: int(x.Line[i]), EndLine: int(x.EndLine[i]), Symbol: x.Symbol[i]})
	}
	return s
}

// sortSeen puts the most worrying context first.
func sortSeen(list []Seen) {
	slices.SortFunc(list, func(x, y Seen) int {
		return cmp.Compare(slices.Index(contexts(), x.Context), slices.Index(contexts(), y.Context))
	})
}

func (r *Reader) addEmails(ctx context.Context, p *projectRow, rep *Report) error {
	if p.EmailClass == "" || p.EmailClass == "none" {
		return nil // there is no address
	}
	type row struct {
		Class     string `ch:"class"`
		Domain    string `ch:"domain"`
		Addresses uint64 `ch:"addresses"`
	}
	rows, err := store.Select[row](ctx, r.db, emailsSQL, store.Params{"project_id": p.ID, "scan_seq": p.Seq})
	if err != nil {
		return err
	}
	for _, x := range rows {
		rep.Emails = append(rep.Emails, EmailCount{Class: x.Class, Domain: x.Domain, Addresses: int(x.Addresses)})
	}
	return nil
}

func (r *Reader) addHistory(ctx context.Context, p *projectRow, rep *Report) error {
	type row struct {
		State string    `ch:"state"`
		At    time.Time `ch:"at"`
	}
	rows, err := store.Select[row](ctx, r.db, statesSQL, store.Params{"project": p.Project})
	if err != nil {
		return err
	}
	for _, x := range rows {
		rep.History = append(rep.History, Change{State: x.State, At: x.At.UTC()})
	}
	return nil
}
