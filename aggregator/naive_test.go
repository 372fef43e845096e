package aggregator_test

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"prevalence/aggregator"
	"prevalence/aggregator/labels"
	"prevalence/internal/engine"
	"prevalence/internal/engine/enginetest"
	"prevalence/internal/prevalence"
	"prevalence/internal/store"
	"prevalence/schemas/catalog"
	"prevalence/schemas/message"
)

func TestMain(m *testing.M) {
	runIfChild()
	enginetest.Main(m)
}

// rules is a catalogue that is small enough to count by hand.
func rules() *catalog.Catalog {
	return &catalog.Catalog{
		Rules: []catalog.Rule{{ID: "file/delete"}, {ID: "file/rename"}, {ID: "network/socket"}, {ID: "anomaly/anonymous-email"}, {ID: "memory/raw-memory"}},
		Issues: []catalog.Issue{
			{ID: "anonymous-author", Behaviors: []string{"anomaly/anonymous-email"}},
			{ID: "removed-components"}, {ID: "yanked"}, {ID: "quarantined"}, {ID: "depends-on-missing"},
			{ID: "shared-with-malware"}, {ID: "vulnerabilities"},
		},
	}
}

// connect opens the tables of ch, migrated.
func connect(t *testing.T, ch *engine.ClickHouse) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{Addr: ch.Addr(), Database: engine.Database, Views: engine.ViewsDatabase,
		User: ch.Owner().User, Password: ch.Owner().Password})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return db
}

func newAggregator(t *testing.T, db *store.DB) *aggregator.Aggregator {
	t.Helper()
	a, err := aggregator.New(t.Context(), db, aggregator.Options{Catalog: rules(), CompleteIndexes: []string{wholeIndex}})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func upkeep(t *testing.T, db *store.DB) *aggregator.Upkeep {
	t.Helper()
	u, err := aggregator.NewUpkeep(t.Context(), db, aggregator.UpkeepOptions{Catalog: rules()})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// wholeIndex is an index that is declared complete.
const wholeIndex = "https://whole.example.org/simple/"

// world is an index with scans, states and a ranking: all that a snapshot is made of.
type world struct {
	index   message.Index
	ranking message.Ranking
	states  []aggregator.State
	scans   []aggregator.Scan
	labels  []labels.Label
}

// randomWorld makes a world of n names with every oddity there is: names
// without a scan, scans of names that are gone, projects scanned again and
// again, stale pages, other versions, all outcomes, ranked names that are not
// on the index.
func randomWorld(seed uint64, n int) *world {
	rng := rand.New(rand.NewPCG(seed, 1))
	pick := func(options ...string) string { return options[rng.IntN(len(options))] }
	w := &world{
		index: message.Index{Schema: 1, URL: "https://index.example.org/simple/", Sweep: time.Unix(1_790_000_000, 0).UTC(),
			Complete: true, Projects: map[string]message.Serial{}, Ranking: "all@2026-04-01#1f0c9a2b"},
		ranking: message.Ranking{Schema: 1, Name: "all@2026-04-01#1f0c9a2b", Base: "all", Source: "test"},
	}
	if rng.IntN(2) == 0 {
		w.index.Serial = "12345"
		w.index.URL = wholeIndex
	}
	seq := uint64(1_790_000_000_000_000)
	behaviors := []string{"file/delete", "file/rename", "network/socket", "anomaly/anonymous-email", "not/listed"}
	contexts := []message.Context{message.ContextInstall, message.ContextStartup, message.ContextImport, message.ContextCall, message.ContextPackage, message.ContextSupport}
	complete := rng.IntN(2) == 0
	order := rng.Perm(n)
	for i := range n {
		name := fmt.Sprintf("project-%d", i)
		switch rng.IntN(20) {
		case 0: // not on the index
		case 1:
			w.index.Pending = append(w.index.Pending, name)
		default:
			w.index.Projects[name] = message.Serial(fmt.Sprint(i))
		}
		if rng.IntN(12) == 0 {
			seq++
			w.states = append(w.states, aggregator.State{Seq: seq, State: &message.State{
				Project: name, State: message.ProjectState(pick("removed", "resurrected", "quarantined", "archived")), At: time.Unix(1_790_000_100, 0)}})
		}
		if !complete && rng.IntN(3) == 0 {
			continue
		}
		if rng.IntN(15) == 0 {
			l := labels.Label{Source: pick("feed", "list"), Project: name, Version: pick("", "1.0", "1.1"), ID: "MAL-1", Class: labels.Malware}
			switch rng.IntN(4) {
			case 0:
				l.Withdrawn = time.Unix(1_790_000_000, 0)
			case 1:
				l.Class = labels.Canary
			}
			w.labels = append(w.labels, l)
		}
		drawn := order[i]%4 != 0
		for range 1 + rng.IntN(3) {
			seq++
			s := &message.Scan{
				Schema: 1, Project: name, Version: pick("1.0", "1.1", "2.0", ""), PageLatest: rng.IntN(5) > 0,
				Scanner: "1", Catalogue: rules().Hash(), JobSeq: seq/3 + uint64(rng.IntN(5)), At: time.Unix(1_790_000_200, 0), Drawn: drawn,
				Outcome: message.Outcome(pick("ok", "ok", "ok", "ok", "partial", "empty", "unanalysed")),
				State:   message.ProjectState(pick("active", "active", "active", "archived", "quarantined")),
				Yanked:  rng.IntN(15) == 0, EmailClass: pick("none", "free", "privacy", "disposable", "custom"),
			}
			if rng.IntN(20) == 0 {
				s.Scanner = "0"
			}
			if rng.IntN(20) == 0 {
				s.Catalogue = "older"
			}
			if s.Outcome == message.OutcomePartial || s.Outcome == message.OutcomeUnanalysed {
				s.Why = pick("too-large", "not-an-archive")
			}
			if s.Outcome == message.OutcomeOK || s.Outcome == message.OutcomePartial {
				for _, b := range behaviors {
					for _, c := range contexts {
						if rng.IntN(9) == 0 {
							s.Observations = append(s.Observations, message.Observation{Behavior: b, Context: c, Hits: 1 + rng.IntN(5),
								Certainty: message.Certainty(pick("resolved", "likely")), Evidence: []message.Evidence{{Path: "a.py", Line: rng.IntN(9)}}})
						}
					}
				}
				for i := range rng.IntN(6) {
					s.Symbols = append(s.Symbols, message.Symbol{Name: fmt.Sprintf("os.f%d", rng.IntN(1+i)), Kind: message.SymbolKind(pick("call", "ref")),
						Context: contexts[rng.IntN(len(contexts))], Certainty: message.Certainty(pick("resolved", "likely")), Hits: 1})
				}
				for range rng.IntN(3) {
					s.Metadata.RequiresDist = append(s.Metadata.RequiresDist, pick("Never_Seen>=1", "project-7 ; extra == 'x'", "project.8", "project-9[y]"))
				}
				s.Kinds, s.Attested, s.Metadata.Typed = []string{pick("sdist", "wheel-pure")}, rng.IntN(3) == 0, rng.IntN(2) == 0
				s.Metadata.License, s.Metadata.BuildBackend = pick("MIT", "", "Apache-2.0"), pick("hatchling.build", "")
				s.Metadata.RequiresPython = pick("", ">=3.9", "~= 3.10.2,<4", "<3")
				if rng.IntN(3) > 0 {
					s.Vulnerabilities = new(message.Vulnerabilities)
					if rng.IntN(3) == 0 {
						s.Vulnerabilities.IDs = []string{"PYSEC-2026-1"}
					}
				}
				s.Emails = []message.Email{{Domain: "example.org", Class: s.EmailClass, Key: "00ff", KeyID: "k"}}
				s.Indicators = []message.Indicator{{Kind: "domain", Value: "example.invalid", Context: message.ContextCall, Hits: 1}}
			}
			w.scans = append(w.scans, aggregator.Scan{Seq: seq, Scan: s})
		}
	}
	for _, i := range rng.Perm(n + n/10)[:min(n, 150+rng.IntN(20))] { // some of them are on no index
		w.ranking.Projects = append(w.ranking.Projects, fmt.Sprintf("project-%d", i))
	}
	seq++
	w.states = append(w.states, aggregator.State{Seq: seq, Ranking: &w.ranking})
	return w
}

// row is one published number.
type row struct {
	Kind      string   `ch:"kind"`
	ID        string   `ch:"id"`
	Context   string   `ch:"context"`
	Band      string   `ch:"band"`
	Count     uint32   `ch:"count"`
	Resolved  uint32   `ch:"resolved"`
	Scanned   uint32   `ch:"scanned"`
	Size      uint32   `ch:"size"`
	SizeExact bool     `ch:"size_exact"`
	Share     *float64 `ch:"share"`
	Low       *float64 `ch:"low"`
	High      *float64 `ch:"high"`
	Label     string   `ch:"label"`
}

// published reads the newest snapshot.
func published(t *testing.T, db *store.DB) []row {
	t.Helper()
	rows, err := store.Select[row](t.Context(), db,
		`SELECT kind, id, context, band, count, resolved, scanned, size, size_exact, share, low, high, label FROM prevalence FINAL
		 WHERE snapshot = (SELECT snapshot FROM snapshots ORDER BY taken DESC LIMIT 1) ORDER BY kind, id, context, band`, nil)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// naive counts a world the slow and obvious way.
func naive(w *world, scanner, catalogue string) []row {
	on := map[string]bool{}
	for name := range w.index.Projects {
		on[name] = true
	}
	for _, name := range w.index.Pending {
		on[name] = true
	}
	rank := map[string]int{}
	for i, name := range w.ranking.Projects {
		rank[name] = i + 1
	}
	drawn := map[string]bool{}
	member := map[string]aggregator.Scan{}
	for _, s := range w.scans {
		drawn[s.Scan.Project] = drawn[s.Scan.Project] || s.Scan.Drawn
		if !s.Scan.PageLatest || s.Scan.Scanner != scanner || s.Scan.Catalogue != catalogue {
			continue
		}
		old, ok := member[s.Scan.Project]
		if !ok || cmp.Or(cmp.Compare(s.Scan.JobSeq, old.Scan.JobSeq), cmp.Compare(s.Seq, old.Seq)) > 0 {
			member[s.Scan.Project] = s
		}
	}
	states := map[string][]aggregator.State{}
	for _, s := range w.states {
		if s.State != nil {
			states[s.State.Project] = append(states[s.State.Project], s)
		}
	}
	type key struct{ kind, id, context string }
	hits := map[key]*[4]prevalence.Hits{}
	proven := map[key]*[4]int{}
	var strata [4]prevalence.Tally
	var unknown [4]prevalence.Hits // scanned projects whose vulnerabilities nobody knows
	missing := map[string]bool{}
	gone := map[string]bool{}
	back := map[string]bool{}
	for project, of := range states {
		for _, st := range of {
			back[project] = back[project] || st.State.State == "resurrected"
		}
		gone[project] = back[project] || of[len(of)-1].State.State == "removed"
	}
	missing["never-seen"] = w.index.URL == wholeIndex && w.index.Complete
	for name := range on {
		if m, ok := member[name]; ok && w.malware(m.Scan) {
			continue
		}
		strata[prevalence.StratumOf(rank[name])].Listed++
	}
	see := func(name string, k key, isProven, counted bool) {
		if hits[k] == nil {
			hits[k], proven[k] = new([4]prevalence.Hits), new([4]int)
		}
		if !counted {
			return
		}
		h := prevalence.StratumOf(rank[name])
		hits[k][h].All++
		if drawn[name] {
			hits[k][h].Drawn++
		}
		if isProven {
			proven[k][h]++
		}
	}
	for _, r := range rules().Rules {
		see("", key{"behavior", r.ID, ""}, false, false)
	}
	for _, i := range rules().Issues {
		if i.ID == "depends-on-missing" && !missing["never-seen"] {
			continue
		}
		see("", key{"issue", i.ID, ""}, false, false)
	}
	for _, o := range []string{"ok", "partial", "empty", "unanalysed"} {
		see("", key{"outcome", o, ""}, false, false)
	}
	for name, m := range member {
		s := m.Scan
		if !on[name] || w.malware(s) {
			continue
		}
		x := &strata[prevalence.StratumOf(rank[name])]
		d := 0
		if drawn[name] {
			d = 1
		}
		scanned := s.Outcome == "ok" || s.Outcome == "partial"
		switch {
		case scanned:
			x.Scanned++
			x.DrawnScanned += d
		case s.Outcome == "empty":
			x.Empty++
			x.DrawnEmpty += d
		default:
			x.Unanalysed++
			x.DrawnUnanalysed += d
		}
		see(name, key{"outcome", string(s.Outcome), ""}, true, true)
		if s.Why != "" {
			see(name, key{"reason", string(s.Outcome) + "/" + s.Why, ""}, true, true)
		}
		leans, lacks := gone[name], false
		for _, text := range s.Metadata.RequiresDist {
			dependency := map[string]string{"Never_Seen>=1": "never-seen", "project-7 ; extra == 'x'": "project-7", "project.8": "project-8", "project-9[y]": "project-9"}[text]
			leans = leans || gone[dependency]
			lacks = lacks || missing[dependency]
		}
		if leans {
			see(name, key{"issue", "removed-components", ""}, true, true)
		}
		if s.Yanked {
			see(name, key{"issue", "yanked", ""}, true, true)
		}
		if s.State == "quarantined" {
			see(name, key{"issue", "quarantined", ""}, true, true)
		}
		if !scanned {
			continue
		}
		see(name, key{"email-class", s.EmailClass, ""}, true, true)
		if lacks {
			see(name, key{"issue", "depends-on-missing", ""}, true, true)
		}
		if s.Vulnerabilities == nil {
			h := prevalence.StratumOf(rank[name])
			unknown[h].All++
			if drawn[name] {
				unknown[h].Drawn++
			}
		} else if len(s.Vulnerabilities.IDs) > 0 {
			see(name, key{"issue", "vulnerabilities", ""}, true, true)
		}
		yes := map[bool]string{true: "yes", false: "no"}
		see(name, key{"typed", yes[s.Metadata.Typed], ""}, true, true)
		see(name, key{"attested", yes[s.Attested], ""}, true, true)
		see(name, key{"distribution", s.Kinds[0], ""}, true, true)
		see(name, key{"license", cmp.Or(s.Metadata.License, "none"), ""}, true, true)
		see(name, key{"build-backend", cmp.Or(s.Metadata.BuildBackend, "none"), ""}, true, true)
		see(name, key{"requires-python", map[string]string{"": "none", ">=3.9": ">=3.9", "~= 3.10.2,<4": ">=3.10", "<3": "other"}[s.Metadata.RequiresPython], ""}, true, true)
		anonymous := s.EmailClass == "privacy" || s.EmailClass == "disposable"
		type seen struct{ any, head, headProven bool }
		behaviors := map[string]seen{}
		for _, o := range s.Observations {
			anonymous = anonymous || o.Behavior == "anomaly/anonymous-email"
			b := behaviors[o.Behavior]
			b.any = true
			if o.Context != message.ContextSupport {
				b.head = true
				b.headProven = b.headProven || o.Certainty == message.Resolved
			}
			behaviors[o.Behavior] = b
			see(name, key{"behavior", o.Behavior, string(o.Context)}, o.Certainty == message.Resolved, true)
		}
		for id, b := range behaviors {
			see(name, key{"behavior", id, ""}, b.headProven, b.head)
		}
		if anonymous {
			see(name, key{"issue", "anonymous-author", ""}, true, true)
		}
	}
	visited := strata
	for h := range visited {
		visited[h] = visited[h].Visited()
	}
	var out []row
	for _, k := range slices.SortedFunc(maps.Keys(hits), func(a, b key) int {
		return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.id, b.id), cmp.Compare(a.context, b.context))
	}) {
		over := strata
		if k.kind == "outcome" || k.kind == "reason" || k.kind == "issue" && slices.Contains([]string{"removed-components", "yanked", "quarantined"}, k.id) {
			over = visited
		}
		if k.id == "vulnerabilities" {
			for h, u := range unknown {
				over[h].Scanned, over[h].Unanalysed = over[h].Scanned-u.All, over[h].Unanalysed+u.All
				over[h].DrawnScanned, over[h].DrawnUnanalysed = over[h].DrawnScanned-u.Drawn, over[h].DrawnUnanalysed+u.Drawn
			}
		}
		var of []row
		for _, b := range prevalence.Bands() {
			e := prevalence.Of(b, over, *hits[k])
			r := row{Kind: k.kind, ID: k.id, Context: k.context, Band: b.String(), Count: uint32(e.Count), Scanned: uint32(e.Scanned),
				Size: uint32(e.Size + 0.5), SizeExact: e.SizeExact, Label: string(prevalence.LabelOf(prevalence.Of(prevalence.Community, over, *hits[k])))}
			for _, h := range b.Strata() {
				r.Resolved += uint32(proven[k][h])
			}
			if e.Known {
				r.Share, r.Low, r.High = &e.Share, &e.Low, &e.High
			}
			of = append(of, r)
		}
		slices.SortFunc(of, func(a, b row) int { return cmp.Compare(a.Band, b.Band) })
		out = append(out, of...)
	}
	return out
}

// one is the one row of a query.
func one[T any](t *testing.T, db *store.DB, query string) T {
	t.Helper()
	rows, err := store.Select[T](t.Context(), db, query, nil)
	if err != nil || len(rows) != 1 {
		t.Fatalf("%d rows, %v: %s", len(rows), err, query)
	}
	return rows[0]
}

// symbolCount is a published number of projects that have a symbol.
type symbolCount struct {
	Name    string   `ch:"name"`
	Kind    string   `ch:"kind"`
	Seen    []uint32 `ch:"seen"` // by stratum, as the others
	Drawn   []uint32 `ch:"drawn"`
	Proven  []uint32 `ch:"proven"`
	Support uint32   `ch:"support_only"`
}

// publishedSymbols reads the counts of symbols of the newest snapshot.
func publishedSymbols(t *testing.T, db *store.DB) []symbolCount {
	t.Helper()
	rows, err := store.Select[symbolCount](t.Context(), db, `SELECT name, kind, seen, drawn, proven, support_only FROM `+db.Views()+`.symbol_counts
		WHERE snapshot = (SELECT max(snapshot) FROM snapshots) ORDER BY name, kind`, nil)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// naiveSymbols counts the symbols of a world the slow and obvious way.
func naiveSymbols(w *world) []symbolCount {
	of := map[[2]string]*symbolCount{}
	counted, drawn, rank := counted(w)
	for name, s := range counted {
		h := prevalence.StratumOf(rank[name])
		type seen struct{ head, proven bool }
		symbols := map[[2]string]seen{}
		for _, x := range s.Symbols {
			key := [2]string{x.Name, string(x.Kind)}
			b := symbols[key]
			b.head = b.head || x.Context != message.ContextSupport
			b.proven = b.proven || x.Context != message.ContextSupport && x.Certainty == message.Resolved
			symbols[key] = b
		}
		for key, b := range symbols {
			x := of[key]
			if x == nil {
				x = &symbolCount{Name: key[0], Kind: key[1], Seen: make([]uint32, 4), Drawn: make([]uint32, 4), Proven: make([]uint32, 4)}
				of[key] = x
			}
			if !b.head {
				x.Support++
				continue
			}
			x.Seen[h]++
			if drawn[name] {
				x.Drawn[h]++
			}
			if b.proven {
				x.Proven[h]++
			}
		}
	}
	out := make([]symbolCount, 0, len(of))
	for _, x := range of {
		out = append(out, *x)
	}
	slices.SortFunc(out, func(a, b symbolCount) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Kind, b.Kind)) })
	return out
}

// counted are the scans that enter the counts of a world, by project, which
// projects were drawn, and ranks.
func counted(w *world) (scans map[string]*message.Scan, drawn map[string]bool, rank map[string]int) {
	member := map[string]aggregator.Scan{}
	scans, drawn, rank = map[string]*message.Scan{}, map[string]bool{}, map[string]int{}
	for _, s := range w.scans {
		drawn[s.Scan.Project] = drawn[s.Scan.Project] || s.Scan.Drawn
		if !s.Scan.PageLatest || s.Scan.Scanner != "1" || s.Scan.Catalogue != rules().Hash() {
			continue
		}
		old, ok := member[s.Scan.Project]
		if !ok || cmp.Or(cmp.Compare(s.Scan.JobSeq, old.Scan.JobSeq), cmp.Compare(s.Seq, old.Seq)) > 0 {
			member[s.Scan.Project] = s
		}
	}
	for i, name := range w.ranking.Projects {
		rank[name] = i + 1
	}
	for name, m := range member {
		_, listed := w.index.Projects[name]
		if (listed || slices.Contains(w.index.Pending, name)) && (m.Scan.Outcome == "ok" || m.Scan.Outcome == "partial") && !w.malware(m.Scan) {
			scans[name] = m.Scan
		}
	}
	return scans, drawn, rank
}

// malware reports whether a release is labelled malware.
func (w *world) malware(s *message.Scan) bool {
	return slices.ContainsFunc(w.labels, func(l labels.Label) bool {
		return l.Class == labels.Malware && l.Withdrawn.IsZero() && l.Project == s.Project && (l.Version == "" || l.Version == s.Version)
	})
}

// Whatever the world: a snapshot's numbers are the naive ones, and stay so when
// the same scans come twice, in another order, in other batches, with restarts
// in between.
func TestSnapshotEqualsNaiveCount(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := randomWorld(seed, 200+100*int(seed%5))
			want := naive(w, "1", rules().Hash())
			ch := enginetest.ClickHouse(t)
			db := connect(t, ch)
			a := newAggregator(t, db)
			if err := a.UseIndex(t.Context(), &w.index, 3); err != nil {
				t.Fatal(err)
			}
			through := w.states[len(w.states)-1].Seq
			if err := a.AddStates(t.Context(), w.states, through); err != nil {
				t.Fatal(err)
			}
			rng := rand.New(rand.NewPCG(seed, 2))
			deliver := func() {
				scans := slices.Concat(w.scans, w.scans[:len(w.scans)/2])
				rng.Shuffle(len(scans), func(i, j int) { scans[i], scans[j] = scans[j], scans[i] })
				for len(scans) > 0 {
					n := min(len(scans), 1+rng.IntN(400))
					if err := a.Add(t.Context(), scans[:n]); err != nil {
						t.Fatal(err)
					}
					scans = scans[n:]
				}
			}
			if err := upkeep(t, db).ImportLabels(t.Context(), w.labels); err != nil {
				t.Fatal(err)
			}
			deliver()
			if ok, err := a.Snapshot(t.Context()); err != nil || !ok {
				t.Fatalf("first snapshot: %v, %v", ok, err)
			}
			if diff := gocmp.Diff(want, published(t, db)); diff != "" {
				t.Fatalf("first snapshot (-naive +published):\n%s", diff)
			}
			symbols := naiveSymbols(w)
			if diff := gocmp.Diff(symbols, publishedSymbols(t, db)); diff != "" || len(symbols) == 0 {
				t.Fatalf("symbols of the first snapshot (-naive +published):\n%s", diff)
			}
			first := a.Coverage()

			a = newAggregator(t, db) // a restart
			if got := a.Coverage(); got != first {
				t.Errorf("coverage after a restart: %+v, want %+v", got, first)
			}
			if err := a.AddStates(t.Context(), w.states, through); err != nil {
				t.Fatal(err)
			}
			if err := a.UseIndex(t.Context(), &w.index, 3); err != nil {
				t.Fatal(err)
			}
			deliver()
			if ok, err := a.Snapshot(t.Context()); err != nil || ok {
				t.Fatalf("an equal snapshot was published: %v, %v", ok, err)
			}
			if got := a.Coverage(); got != first {
				t.Errorf("coverage after an equal snapshot: %+v, want %+v", got, first)
			}
			if diff := gocmp.Diff(want, published(t, db)); diff != "" {
				t.Fatalf("after a second delivery (-naive +published):\n%s", diff)
			}
		})
	}
}
