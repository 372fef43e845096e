package aggregator

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"prevalence/internal/store"
	"prevalence/schemas/catalog"
	"prevalence/schemas/message"
)

// Rematcher computes what a release shows from what is stored of it.
type Rematcher interface {
	// Scan returns what a stored scan shows under the new rules, and the
	// behaviours of which its facts cannot tell. The scan has its old
	// observations, and the symbols and indicators that were asked for.
	Scan(s *message.Scan) (obs []message.Observation, undecided []string)
}

// Rematching is how the scans of one catalogue are matched with another.
type Rematching struct {
	Rematcher Rematcher
	// Wants are the symbols to read: names, or what is below a prefix when they
	// end in "*".
	Wants  []string
	Anew   []string          // the changed rules that stored facts decide
	Rescan map[string]string // those that they do not, and why
}

// RematchReport says what a rematch did.
type RematchReport struct {
	Catalogue string            `json:"catalogue"` // hash of the new rules
	Scans     int               `json:"scans"`     // that were matched anew
	Anew      []string          `json:"anew"`      // changed rules that stored facts decided
	Rescan    map[string]string `json:"rescan"`    // rules that have no number until a rescan, and why
}

// chunk is how many projects are matched at a time.
const chunk = 10_000

// Rematch writes every scan that the catalogue has not matched again under that
// catalogue, without fetching anything. plan says how, by the
// rules that a scan was matched with; nil when nobody knows them. What is done
// already is not done again, so that Rematch may be interrupted and repeated.
//
// Scans are rows of another key then: snapshots of the old catalogue stay what
// they are. The next snapshot is of the new catalogue when that covers as much.
func (u *Upkeep) Rematch(ctx context.Context, plan func(old *catalog.Catalog) (*Rematching, error)) (*RematchReport, error) {
	report := &RematchReport{Catalogue: u.o.Catalog.Hash(), Rescan: make(map[string]string)}
	type from struct {
		Catalogue string `ch:"catalogue"`
		First     uint32 `ch:"first"`
		Last      uint32 `ch:"last"`
	}
	if err := noteCatalogue(ctx, u.db, u.o.Catalog); err != nil {
		return nil, fmt.Errorf("aggregator: rematch: %w", err)
	}
	all, err := store.Select[from](ctx, u.db, rematchFromSQL, store.Params{"catalogue": report.Catalogue})
	if err != nil {
		return nil, fmt.Errorf("aggregator: rematch: %w", err)
	}
	for _, f := range all {
		m, err := u.rematching(ctx, f.Catalogue, plan)
		if err != nil {
			return nil, fmt.Errorf("aggregator: rematch of catalogue %s: %w", f.Catalogue, err)
		}
		report.Anew = sortedSet(append(report.Anew, m.Anew...))
		maps.Copy(report.Rescan, m.Rescan)
		for first := int(f.First); first <= int(f.Last); first += chunk {
			n, err := u.rematchChunk(ctx, m, f.Catalogue, uint32(first), uint32(first+chunk-1))
			if err != nil {
				return nil, fmt.Errorf("aggregator: rematch of catalogue %s: %w", f.Catalogue, err)
			}
			report.Scans += n
			u.o.Log.Info("scans matched anew", "scans", report.Scans, "from", f.Catalogue, "to", report.Catalogue)
		}
	}
	if report.Scans > 0 {
		if err := u.db.Insert(ctx, "positions", store.Column{Name: "stream", Values: []string{rematchPosition}},
			store.Column{Name: "seq", Values: []uint64{uint64(time.Now().UnixMicro())}}); err != nil {
			return nil, fmt.Errorf("aggregator: rematch: %w", err)
		}
	}
	return report, nil
}

// rematchPosition is the row of table positions that moves when scans were
// matched anew, so that a running aggregator takes notice.
const rematchPosition = "REMATCH"

func (u *Upkeep) rematching(ctx context.Context, old string, plan func(old *catalog.Catalog) (*Rematching, error)) (*Rematching, error) {
	type row struct {
		Rules string `ch:"rules"`
	}
	rows, err := store.Select[row](ctx, u.db, "SELECT rules FROM catalogues FINAL WHERE catalogue = {catalogue:String}", store.Params{"catalogue": old})
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return plan(nil)
	}
	c, err := catalog.ParseMatchers([]byte(rows[0].Rules))
	if err != nil {
		return nil, err
	}
	return plan(c)
}

// scanKey names a scan.
type scanKey struct {
	project uint32
	seq     uint64
}

// rematchChunk matches the scans of a range of projects.
func (u *Upkeep) rematchChunk(ctx context.Context, m *Rematching, old string, first, last uint32) (int, error) {
	p := store.Params{"from": old, "catalogue": u.o.Catalog.Hash(), "first": first, "last": last}
	stored, err := store.Select[storedScan](ctx, u.db, rematchScansSQL, p)
	if err != nil || len(stored) == 0 {
		return 0, err
	}
	symbols, err := u.storedSymbols(ctx, m.Wants, p)
	if err != nil {
		return 0, err
	}
	indicators, err := u.storedIndicators(ctx, len(m.Anew) > 0, p)
	if err != nil {
		return 0, err
	}
	var rows rematchedRows
	for i := range stored {
		x := &stored[i]
		s := x.scan()
		key := scanKey{x.ProjectID, x.Seq}
		s.Symbols, s.Indicators = symbols[key], indicators[key]
		obs, undecided := m.Rematcher.Scan(s)
		rows.Catalogue = append(rows.Catalogue, u.o.Catalog.Hash())
		rows.ProjectID = append(rows.ProjectID, x.ProjectID)
		rows.Version = append(rows.Version, x.Version)
		rows.Seq = append(rows.Seq, x.Seq)
		rows.Undecided = append(rows.Undecided, undecided)
		rows.add(obs)
	}
	if err := u.db.Insert(ctx, "rematched", store.Columns(&rows)...); err != nil {
		return 0, err
	}
	if err := u.db.Exec(ctx, insertRematched(), p); err != nil {
		return 0, err
	}
	return len(stored), u.db.Exec(ctx, "TRUNCATE TABLE rematched", nil)
}

// insertRematched is the statement that writes rematched scans: the old row
// with the new behaviours.
func insertRematched() string {
	anew := map[string]bool{"undecided": true}
	for _, c := range store.Columns(new(observationRows)) {
		anew[c.Name] = true
	}
	names := []string{"`undecided`"}
	values := []string{"r.`undecided`"}
	for _, c := range store.Columns(new(scanRows)) {
		name := "`" + c.Name + "`"
		names = append(names, name)
		switch {
		case c.Name == "catalogue":
			values = append(values, "{catalogue:String}")
		case anew[c.Name]:
			values = append(values, "r."+name)
		default:
			values = append(values, "s."+name)
		}
	}
	return strings.NewReplacer("${columns}", strings.Join(names, ", "), "${values}", strings.Join(values, ", ")).Replace(rematchInsertSQL)
}

// rematchedRows are rows of table rematched, by column.
type rematchedRows struct {
	Catalogue []string   `ch:"catalogue"`
	ProjectID []uint32   `ch:"project_id"`
	Version   []string   `ch:"version"`
	Seq       []uint64   `ch:"scan_seq"`
	Undecided [][]string `ch:"undecided"`
	observationRows
}

// storedScan is what a rematch reads of a scan.
type storedScan struct {
	ProjectID uint32            `ch:"project_id"`
	Project   string            `ch:"project"`
	Version   string            `ch:"version"`
	Seq       uint64            `ch:"scan_seq"`
	Catalogue string            `ch:"catalogue"`
	Outcome   string            `ch:"outcome"`
	Dropped   map[string]uint32 `ch:"dropped"`
	Modules   []string          `ch:"modules"`

	Behavior  []string `ch:"observation_behavior"`
	Context   []string `ch:"observation_context"`
	Certainty []string `ch:"observation_certainty"`
	Hits      []uint32 `ch:"observation_hits"`

	EvidenceOf  []uint16 `ch:"evidence_observation"`
	Path        []string `ch:"evidence_path"`
	Line        []uint32 `ch:"evidence_line"`
	EndLine     []uint32 `ch:"evidence_end_line"`
	Symbol      []string `ch:"evidence_symbol"`
	Fingerprint []string `ch:"evidence_fingerprint"`
}

func (x *storedScan) scan() *message.Scan {
	s := &message.Scan{Project: x.Project, Version: x.Version, Catalogue: x.Catalogue, Outcome: message.Outcome(x.Outcome),
		Metadata: message.Metadata{Modules: x.Modules}, Dropped: make(map[string]int, len(x.Dropped))}
	for kind, n := range x.Dropped {
		s.Dropped[kind] = int(n)
	}
	for i, b := range x.Behavior {
		s.Observations = append(s.Observations, message.Observation{Behavior: b, Context: message.Context(x.Context[i]),
			Certainty: message.Certainty(x.Certainty[i]), Hits: int(x.Hits[i])})
	}
	for i, of := range x.EvidenceOf {
		if of == 0 || int(of) > len(s.Observations) {
			continue
		}
		o := &s.Observations[of-1]
		o.Evidence = append(o.Evidence, message.Evidence{Path: x.Path[i], Line: int(x.Line[i]), EndLine: int(x.EndLine[i]),
			Symbol: x.Symbol[i], Fingerprint: x.Fingerprint[i]})
	}
	return s
}

// storedSymbols reads the wanted symbols of a range of projects.
func (u *Upkeep) storedSymbols(ctx context.Context, wants []string, p store.Params) (map[scanKey][]message.Symbol, error) {
	type row struct {
		ProjectID uint32 `ch:"project_id"`
		Seq       uint64 `ch:"scan_seq"`
		Name      string `ch:"name"`
		Kind      string `ch:"kind"`
		Context   string `ch:"context"`
		Certainty string `ch:"certainty"`
		Hits      uint32 `ch:"hits"`
		Path      string `ch:"path"`
		Line      uint32 `ch:"line"`
	}
	if len(wants) == 0 {
		return nil, nil //nolint:nilnil // no symbols
	}
	p = maps.Clone(p)
	exact := []string{}
	conditions := []string{"name IN {names:Array(String)}"}
	for i, name := range wants {
		prefix, ok := strings.CutSuffix(name, "*")
		if !ok {
			exact = append(exact, name)
			continue
		}
		param := fmt.Sprintf("prefix%d", i)
		p[param] = prefix
		conditions = append(conditions, "startsWith(name, {"+param+":String})") // found by the key
	}
	p["names"] = exact
	rows, err := store.Select[row](ctx, u.db, strings.Replace(rematchSymbolsSQL, "${wanted}", strings.Join(conditions, " OR "), 1), p)
	if err != nil {
		return nil, err
	}
	of := make(map[scanKey][]message.Symbol)
	for _, r := range rows {
		key := scanKey{r.ProjectID, r.Seq}
		of[key] = append(of[key], message.Symbol{Name: r.Name, Kind: message.SymbolKind(r.Kind), Context: message.Context(r.Context),
			Certainty: message.Certainty(r.Certainty), Hits: int(r.Hits), Path: r.Path, Line: int(r.Line)})
	}
	return of, nil
}

// storedIndicators reads the indicators of a range of projects, if they are wanted.
func (u *Upkeep) storedIndicators(ctx context.Context, wanted bool, p store.Params) (map[scanKey][]message.Indicator, error) {
	type row struct {
		ProjectID uint32 `ch:"project_id"`
		Seq       uint64 `ch:"scan_seq"`
		Value     string `ch:"value"`
		Kind      string `ch:"kind"`
		Context   string `ch:"context"`
		Hits      uint32 `ch:"hits"`
		Path      string `ch:"path"`
		Line      uint32 `ch:"line"`
	}
	if !wanted {
		return nil, nil //nolint:nilnil // no indicators
	}
	rows, err := store.Select[row](ctx, u.db, rematchIndicatorsSQL, p)
	if err != nil {
		return nil, err
	}
	of := make(map[scanKey][]message.Indicator)
	for _, r := range rows {
		key := scanKey{r.ProjectID, r.Seq}
		of[key] = append(of[key], message.Indicator{Kind: r.Kind, Value: r.Value, Context: message.Context(r.Context), Hits: int(r.Hits),
			Path: r.Path, Line: int(r.Line)})
	}
	for key := range of {
		slices.SortFunc(of[key], func(x, y message.Indicator) int { return strings.Compare(x.Kind+x.Value, y.Kind+y.Value) })
	}
	return of, nil
}
