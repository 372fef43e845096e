package query_test

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"prevalence/aggregator"
	"prevalence/internal/prevalence"
	"prevalence/internal/store"
	"prevalence/query"
	"prevalence/schemas/message"
)

// crowd is an index of random projects whose scans are kept in memory as well,
// so that every answer can be counted by hand.
type crowd struct {
	rank    map[string]int
	current map[string]*message.Scan // the latest release of each scanned project
	before  map[string]*message.Scan // the one before, where there is one
	strata  [prevalence.NumStrata]prevalence.Tally
	names   []string // on the index
}

var everyContext = []message.Context{message.ContextInstall, message.ContextStartup, message.ContextImport, message.ContextCall, message.ContextPackage, message.ContextSupport}

// randomCrowd publishes a crowd of n projects. Unless all of them are scanned
// the snapshot is partial.
func randomCrowd(t *testing.T, db *store.DB, seed uint64, n int, all bool) *crowd {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 1))
	pick := func(options ...string) string { return options[rng.IntN(len(options))] }
	c := &crowd{rank: map[string]int{}, current: map[string]*message.Scan{}, before: map[string]*message.Scan{}}
	ranking := message.Ranking{Schema: 1, Name: "all@2026-04-01#1f0c9a2b", Base: "all", Date: at, Projects: make([]string, 11_000)}
	for i := range ranking.Projects {
		ranking.Projects[i] = fmt.Sprintf("absent-%d", i)
	}
	index := &message.Index{Schema: 1, URL: "https://index.example.org/simple/", Serial: "77", Sweep: at, Complete: true,
		Ranking: ranking.Name, Projects: map[string]message.Serial{}}
	var scans []aggregator.Scan
	seq := uint64(1_790_000_000_000_000)
	for i := range n {
		name := fmt.Sprintf("project-%d", i)
		c.names = append(c.names, name)
		index.Projects[name] = message.Serial(fmt.Sprint(i))
		if limit := []int{100, 1000, 10_000, 0}[rng.IntN(4)]; limit > 0 {
			for {
				if at := rng.IntN(limit); strings.HasPrefix(ranking.Projects[at], "absent") {
					ranking.Projects[at], c.rank[name] = name, at+1
					break
				}
			}
		}
		tally := &c.strata[prevalence.StratumOf(c.rank[name])]
		tally.Listed++
		drawn := rng.IntN(4) > 0
		if !all && rng.IntN(3) == 0 {
			continue
		}
		for release := range 1 + rng.IntN(2) {
			seq++
			s := randomScan(rng, pick, name, fmt.Sprintf("%d.0", release+1))
			s.JobSeq, s.Drawn = seq, drawn
			scans = append(scans, aggregator.Scan{Seq: seq, Scan: s})
			if rng.IntN(5) == 0 {
				scans = append(scans, aggregator.Scan{Seq: seq, Scan: s}) // delivered again
			}
			c.before[name], c.current[name] = c.current[name], s
		}
		d := 0
		if drawn {
			d = 1
		}
		switch c.current[name].Outcome {
		case message.OutcomeOK, message.OutcomePartial:
			tally.Scanned++
			tally.DrawnScanned += d
		case message.OutcomeEmpty:
			tally.Empty++
			tally.DrawnEmpty += d
		default:
			tally.Unanalysed++
			tally.DrawnUnanalysed += d
		}
	}
	a, err := aggregator.New(t.Context(), db, aggregator.Options{Catalog: words})
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{a.AddStates(t.Context(), []aggregator.State{{Seq: 10, Ranking: &ranking}}, 10), a.UseIndex(t.Context(), index, 1), a.Add(t.Context(), scans)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if ok, err := a.Snapshot(t.Context()); err != nil || !ok {
		t.Fatalf("snapshot: %v, %v", ok, err)
	}
	return c
}

func randomScan(rng *rand.Rand, pick func(...string) string, name, version string) *message.Scan {
	s := &message.Scan{
		Schema: 1, Project: name, Version: version, PageLatest: true, Scanner: "1", Catalogue: words.Hash(), At: at.Add(time.Minute),
		Outcome: message.Outcome(pick("ok", "ok", "ok", "ok", "partial", "empty", "unanalysed")), State: message.StateActive,
	}
	if s.Outcome == message.OutcomePartial || s.Outcome == message.OutcomeUnanalysed {
		s.Why = "too-large"
	}
	if s.Outcome != message.OutcomeOK && s.Outcome != message.OutcomePartial {
		return s
	}
	certainty := func() message.Certainty { return message.Certainty(pick("resolved", "likely")) }
	for _, r := range words.Rules {
		for _, c := range everyContext {
			if rng.IntN(8) == 0 {
				s.Observations = append(s.Observations, message.Observation{Behavior: r.ID, Context: c, Hits: 1, Certainty: certainty(),
					Evidence: []message.Evidence{{Path: "a.py", Line: 1 + rng.IntN(9)}}})
			}
		}
	}
	for _, symbol := range []string{"os.rename", "os.remove", "os_rename", "requests.get", "subprocess.run#shell=True", "c:ptrace"} {
		for _, kind := range []message.SymbolKind{message.SymbolCall, message.SymbolRef} {
			for _, c := range everyContext {
				if rng.IntN(14) == 0 {
					s.Symbols = append(s.Symbols, message.Symbol{Name: symbol, Kind: kind, Context: c, Certainty: certainty(), Hits: 1, Path: "b.py", Line: 1 + rng.IntN(9)})
				}
			}
		}
	}
	for _, module := range []string{"project_7", "project_8.part", "json"} {
		if rng.IntN(4) == 0 {
			s.Symbols = append(s.Symbols, message.Symbol{Name: module, Kind: message.SymbolImport, Context: everyContext[rng.IntN(6)], Certainty: message.Resolved, Hits: 1})
		}
	}
	for _, value := range []string{"ipv4 198.51.100.7", "domain evil.example.net", "url https://evil.example.net/x", "wallet bc1qexample"} {
		for range rng.IntN(3) {
			kind, v, _ := strings.Cut(value, " ")
			s.Indicators = append(s.Indicators, message.Indicator{Kind: kind, Value: v, Context: everyContext[rng.IntN(6)], Hits: 1, Path: "c.py", Line: 3})
		}
	}
	for _, requirement := range []string{"Project_7>=1", "project-7 ; extra == 'x'", "project.8"} {
		if rng.IntN(4) == 0 {
			s.Metadata.RequiresDist = append(s.Metadata.RequiresDist, requirement)
		}
	}
	s.Metadata.Modules = []string{strings.ReplaceAll(name, "-", "_"), "shared"}
	class, domain := "privacy", "proton.me"
	switch rng.IntN(4) {
	case 0:
		class, domain = "free", "gmail.com"
	case 1:
		class, domain = "custom", name+".example.org" // too rare to be shown
	case 2:
		class, domain = "custom", "many.example.org"
	}
	s.EmailClass = class
	s.Emails = []message.Email{{Domain: domain, Class: class, Key: "00ff", KeyID: "k"}}
	return s
}

// scanned are the current scans that count.
func (c *crowd) scanned() map[string]*message.Scan {
	of := map[string]*message.Scan{}
	for name, s := range c.current {
		if s.Outcome == message.OutcomeOK || s.Outcome == message.OutcomePartial {
			of[name] = s
		}
	}
	return of
}

// seen says where a scan has a thing, support aside, and what of that is proven.
type seen struct{ any, head, proven, support bool }

func (x *seen) add(c message.Context, certainty message.Certainty) {
	x.any = true
	if c == message.ContextSupport {
		x.support = true
		return
	}
	x.head = true
	x.proven = x.proven || certainty == message.Resolved
}

// count counts by hand what has says of every scanned project.
func (c *crowd) count(has func(name string, s *message.Scan) seen) (n query.Numbers, supportOnly int, projects []string) {
	var hits [prevalence.NumStrata]prevalence.Hits
	var proven [prevalence.NumStrata]int
	for name, s := range c.scanned() {
		x := has(name, s)
		if x.any {
			projects = append(projects, name)
		}
		if x.support && !x.head {
			supportOnly++
		}
		if !x.head {
			continue
		}
		h := prevalence.StratumOf(c.rank[name])
		hits[h].All++
		if s.Drawn {
			hits[h].Drawn++
		}
		if x.proven {
			proven[h]++
		}
	}
	slices.Sort(projects)
	return c.numbers(hits, proven), supportOnly, projects
}

// numbers are the four numbers of hits.
func (c *crowd) numbers(hits [prevalence.NumStrata]prevalence.Hits, proven [prevalence.NumStrata]int) query.Numbers {
	n := query.Numbers{Label: prevalence.LabelOf(prevalence.Of(prevalence.Community, c.strata, hits))}
	for _, b := range prevalence.Bands() {
		e := prevalence.Of(b, c.strata, hits)
		x := query.Number{Band: b.String(), Count: e.Count, Scanned: e.Scanned, Size: int(e.Size + 0.5), SizeExact: e.SizeExact}
		for _, h := range b.Strata() {
			x.Resolved += proven[h]
		}
		if e.Known {
			x.Share, x.Low, x.High = &e.Share, &e.Low, &e.High
		}
		*n.Band(b) = x
	}
	return n
}

// projectsOf are the names of holders, sorted.
func projectsOf(list []query.Holder) []string {
	names := map[string]bool{}
	for _, h := range list {
		names[h.Project] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// same compares an answer with what was counted by hand.
func same(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-counted +answered): %s", what, diff)
	}
}

// everyone is more than there are projects in a crowd.
const everyone = 10_000

// TestAnswersEqualNaiveCounts asks everything of random scans, and counts it by hand.
func TestAnswersEqualNaiveCounts(t *testing.T) {
	for seed, all := range []bool{true, false} {
		t.Run(fmt.Sprintf("all scanned %v", all), func(t *testing.T) {
			db, r := open(t)
			c := randomCrowd(t, db, uint64(seed), 300, all)
			s, err := r.Snapshot(t.Context(), "")
			if err != nil {
				t.Fatal(err)
			}
			if s.Partial == false {
				t.Error("projects that could not be analysed leave a snapshot partial")
			}
			for _, check := range []func(*testing.T, *query.Reader, *crowd){checkSymbols, checkIndicators, checkCombos, checkBeside, checkEmails, checkUsers, checkNews} {
				check(t, r, c)
			}
		})
	}
}

func checkSymbols(t *testing.T, r *query.Reader, c *crowd) {
	match := map[string]func(string) bool{
		"os.rename":                 func(s string) bool { return s == "os.rename" },
		"os_rename":                 func(s string) bool { return s == "os_rename" },
		"os.re*":                    func(s string) bool { return strings.HasPrefix(s, "os.re") },
		"*rename":                   func(s string) bool { return strings.HasSuffix(s, "rename") },
		"subprocess.run#shell=True": func(s string) bool { return s == "subprocess.run#shell=True" },
		"c:ptrace":                  func(s string) bool { return s == "c:ptrace" },
		"100%":                      func(string) bool { return false },
	}
	for pattern, is := range match {
		got, err := r.Symbol(t.Context(), pattern, everyone)
		if err != nil {
			t.Fatal(err)
		}
		want, supportOnly, projects := c.count(func(_ string, s *message.Scan) (x seen) {
			for _, y := range s.Symbols {
				if is(y.Name) {
					x.add(y.Context, y.Certainty)
				}
			}
			return x
		})
		same(t, pattern, want, got.Numbers)
		same(t, pattern+" in support", supportOnly, got.SupportOnly)
		same(t, pattern+" projects", projects, projectsOf(got.Projects))
		for _, row := range got.Symbols {
			want, supportOnly, _ := c.count(func(_ string, s *message.Scan) (x seen) {
				for _, y := range s.Symbols {
					if y.Name == row.Name && string(y.Kind) == row.Kind {
						x.add(y.Context, y.Certainty)
					}
				}
				return x
			})
			same(t, row.Name+" "+row.Kind, want, row.Numbers)
			same(t, row.Name+" "+row.Kind+" in support", supportOnly, row.SupportOnly)
		}
		for _, row := range got.Contexts {
			want, _, _ := c.count(func(_ string, s *message.Scan) (x seen) {
				for _, y := range s.Symbols {
					if is(y.Name) && string(y.Context) == row.Context {
						x.head = true
						x.proven = x.proven || y.Certainty == message.Resolved
					}
				}
				return x
			})
			same(t, pattern+" in "+row.Context, want, row.Numbers)
		}
		for i := 1; i < len(got.Projects); i++ {
			a, b := got.Projects[i-1], got.Projects[i]
			if b.Rank > 0 && a.Rank > b.Rank && !slices.Equal(b.Contexts, []string{"support"}) {
				t.Errorf("%s: rank %d before %d", pattern, a.Rank, b.Rank)
			}
		}
	}
	if _, err := r.Symbol(t.Context(), "**", 1); err == nil {
		t.Error("a pattern of everything was accepted")
	}
}

func checkIndicators(t *testing.T, r *query.Reader, c *crowd) {
	match := map[string]func(string) bool{
		"198.51.100.7":     func(s string) bool { return s == "198.51.100.7" },
		"Evil.Example.NET": func(s string) bool { return s == "evil.example.net" },
		"https://me:pw@EVIL.example.net/x?token=1": func(s string) bool { return s == "https://evil.example.net/x" },
		"*evil.example.net*":                       func(s string) bool { return strings.Contains(s, "evil.example.net") },
		"203.0.113.1":                              func(string) bool { return false },
	}
	for pattern, is := range match {
		got, err := r.Indicator(t.Context(), pattern, everyone)
		if err != nil {
			t.Fatal(err)
		}
		want, supportOnly, projects := c.count(func(_ string, s *message.Scan) (x seen) {
			for _, y := range s.Indicators {
				if is(y.Value) {
					x.add(y.Context, message.Resolved)
				}
			}
			return x
		})
		same(t, pattern, want, got.Numbers)
		same(t, pattern+" in support", supportOnly, got.SupportOnly)
		same(t, pattern+" projects", projects, projectsOf(got.Projects))
	}
}

func checkCombos(t *testing.T, r *query.Reader, c *crowd) {
	for _, ids := range [][]string{{"file/delete", "file/rename"}, {"file/rename", "memory/raw-memory", "network/socket"}} {
		got, err := r.Combo(t.Context(), ids, everyone)
		if err != nil {
			t.Fatal(err)
		}
		show := func(ids ...string) func(string, *message.Scan) seen {
			return func(_ string, s *message.Scan) seen {
				all := seen{any: true, head: true, proven: true}
				for _, id := range ids {
					var one seen
					for _, o := range s.Observations {
						if o.Behavior == id {
							one.add(o.Context, o.Certainty)
						}
					}
					all.any, all.head, all.proven = all.any && one.head, all.head && one.head, all.proven && one.proven
				}
				return all
			}
		}
		want, _, projects := c.count(show(ids...))
		same(t, strings.Join(ids, " "), want, got.Numbers)
		same(t, "projects", projects, rankedNames(got.Projects))
		expected := 1.0
		for i, id := range ids {
			one, _, _ := c.count(show(id))
			same(t, id, one, got.Behaviors[i].Numbers)
			top, err := r.Behavior(t.Context(), id, "", 0)
			if err != nil {
				t.Fatal(err)
			}
			same(t, id+" as published", top.Numbers, got.Behaviors[i].Numbers)
			expected *= *one.Community.Share
		}
		if lift := got.Lift[3].Lift; lift == nil || math.Abs(*lift-*want.Community.Share/expected) > 1e-9 {
			t.Errorf("lift %v, want %v", lift, *want.Community.Share/expected)
		}
	}
	for _, ids := range [][]string{{"file/delete"}, {"file/delete", "file/delete"}, {"file/delete", "file/absent"}} {
		if _, err := r.Combo(t.Context(), ids, 1); err == nil {
			t.Errorf("%v was accepted", ids)
		}
	}
}

func checkEmails(t *testing.T, r *query.Reader, c *crowd) {
	for _, class := range []string{"privacy", "free", "custom"} {
		got, err := r.Emails(t.Context(), class, everyone)
		if err != nil {
			t.Fatal(err)
		}
		want, _, projects := c.count(func(_ string, s *message.Scan) seen {
			has := s.EmailClass == class
			return seen{any: has, head: has, proven: has}
		})
		same(t, class, want, got.Classes[0].Numbers)
		same(t, class+" projects", projects, rankedNames(got.Projects))
		domains := map[string]int{}
		for _, s := range c.scanned() {
			if d := s.Emails[0].Domain; s.EmailClass == class {
				if strings.HasPrefix(d, "project-") {
					d = "other"
				}
				domains[d]++
			}
		}
		answered := map[string]int{}
		for _, d := range got.Domains {
			answered[d.Domain] = d.Projects
		}
		same(t, class+" domains", domains, answered)
	}
	for _, domain := range []string{"proton.me", "Many.Example.org", "project-3.example.org", "evil.example.net"} {
		got, err := r.Domain(t.Context(), domain, everyone)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.ToLower(domain)
		want, _, projects := c.count(func(_ string, s *message.Scan) seen {
			has := s.Emails[0].Domain == name
			return seen{any: has, head: has, proven: has}
		})
		if name == "proton.me" || name == "many.example.org" {
			same(t, domain, &want, got.Authors)
			same(t, domain+" projects", projects, rankedNames(got.AuthorProjects))
		} else if got.Authors != nil || len(got.AuthorProjects) > 0 {
			t.Errorf("%s is shown: %+v %v", domain, got.Authors, got.AuthorProjects)
		}
		code, supportOnly, projects := c.count(func(_ string, s *message.Scan) (x seen) {
			for _, y := range s.Indicators {
				if y.Value == name || y.Kind == "url" && strings.HasPrefix(y.Value, "https://"+name+"/") {
					x.add(y.Context, message.Resolved)
				}
			}
			return x
		})
		same(t, domain+" in code", code, got.Code)
		same(t, domain+" in support", supportOnly, got.SupportOnly)
		same(t, domain+" holders", projects, projectsOf(got.CodeProjects))
	}
}

// rankedNames are the names of projects, sorted; nil for none.
func rankedNames(list []query.Ranked) (names []string) {
	for _, p := range list {
		names = append(names, p.Project)
	}
	slices.Sort(names)
	return names
}

func checkUsers(t *testing.T, r *query.Reader, c *crowd) {
	for project, module := range map[string]string{"Project_7": "project_7", "project-8": "project_8"} {
		name := strings.ToLower(strings.ReplaceAll(project, "_", "-"))
		got, err := r.UsersOf(t.Context(), project, everyone)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := c.scanned()[name]; ok == got.Assumed {
			t.Errorf("%s: scanned %v, modules %v", project, ok, got.Modules)
		}
		type use struct{ declared, extra, imported, support bool }
		of := func(name string, s *message.Scan) (u use) {
			for _, d := range s.Metadata.RequiresDist {
				switch d {
				case "Project_7>=1":
					u.declared = u.declared || module == "project_7"
				case "project-7 ; extra == 'x'":
					u.extra = u.extra || module == "project_7"
				case "project.8":
					u.declared = u.declared || module == "project_8"
				}
			}
			for _, y := range s.Symbols {
				if y.Kind == message.SymbolImport && (y.Name == module || strings.HasPrefix(y.Name, module+".")) {
					u.imported = u.imported || y.Context != message.ContextSupport
					u.support = u.support || y.Context == message.ContextSupport
				}
			}
			return u
		}
		is := map[string]func(use) bool{
			"declared":                   func(u use) bool { return u.declared },
			"declared-for-an-extra-only": func(u use) bool { return u.extra && !u.declared },
			"imported":                   func(u use) bool { return u.imported },
			"imported-in-support-only":   func(u use) bool { return u.support && !u.imported },
			"declared-and-imported":      func(u use) bool { return u.declared && u.imported },
			"declared-not-imported":      func(u use) bool { return u.declared && !u.imported && !u.support },
			"imported-not-declared":      func(u use) bool { return u.imported && !u.declared && !u.extra },
		}
		for _, row := range got.Uses {
			want, _, _ := c.count(func(other string, s *message.Scan) seen {
				has := other != name && is[row.Use](of(other, s))
				return seen{any: has, head: has, proven: has}
			})
			same(t, project+" "+row.Use, want, row.Numbers)
		}
		var projects []string
		for other, s := range c.scanned() {
			if other != name && of(other, s) != (use{}) {
				projects = append(projects, other)
			}
		}
		slices.Sort(projects)
		var names []string
		for _, p := range got.Projects {
			names = append(names, p.Project)
		}
		slices.Sort(names)
		same(t, project+" projects", projects, names)
	}
	for module, all := range map[string]bool{"shared": true, "project_9": false} {
		got, err := r.Provides(t.Context(), module+".part", everyone)
		if err != nil {
			t.Fatal(err)
		}
		var want []string
		for name := range c.scanned() {
			if all || name == "project-9" {
				want = append(want, name)
			}
		}
		slices.Sort(want)
		same(t, module, want, rankedNames(got.Projects))
	}
}

func checkNews(t *testing.T, r *query.Reader, c *crowd) {
	heads := func(s *message.Scan) (ids, places []string) {
		shown, at := map[string]bool{}, map[string]bool{}
		for _, o := range s.Observations {
			shown[o.Behavior] = shown[o.Behavior] || o.Context != message.ContextSupport
			at[o.Behavior+" "+string(o.Context)] = true
		}
		for id, is := range shown {
			if is {
				ids = append(ids, id)
			}
		}
		return ids, slices.Collect(maps.Keys(at))
	}
	asked := 0
	var want query.UpdateNumber
	for name, s := range c.scanned() {
		before := c.before[name]
		if before == nil || before.Outcome != message.OutcomeOK && before.Outcome != message.OutcomePartial {
			continue
		}
		ids, places := heads(s)
		oldIDs, oldPlaces := heads(before)
		want.Updates++
		now, then := slices.Contains(ids, "file/rename"), slices.Contains(oldIDs, "file/rename")
		switch {
		case now && then:
			want.Kept++
		case now:
			want.Added++
		case then:
			want.Dropped++
		}
		if asked++; asked > 20 {
			continue // a statement a project
		}
		got, err := r.News(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		if got.Version != "2.0" || got.Before != "1.0" {
			t.Errorf("%s: %s after %s", name, got.Version, got.Before)
		}
		flat := func(list []query.Novelty) (all []string) {
			for _, x := range list {
				for _, c := range x.Contexts {
					all = append(all, x.Behavior+" "+c)
				}
			}
			slices.Sort(all)
			return all
		}
		minus := func(a, b []string) (rest []string) {
			for _, x := range a {
				if !slices.Contains(b, x) {
					rest = append(rest, x)
				}
			}
			slices.Sort(rest)
			return rest
		}
		same(t, name+" new", minus(places, oldPlaces), flat(got.New))
		same(t, name+" gone", minus(oldPlaces, places), flat(got.Gone))
	}
	u, err := r.Updates(t.Context(), "file/rename")
	if err != nil {
		t.Fatal(err)
	}
	got := u.Bands[3]
	same(t, "updates", [4]int{want.Updates, want.Added, want.Kept, want.Dropped}, [4]int{got.Updates, got.Added, got.Kept, got.Dropped})
	if share := float64(want.Added) / float64(want.Updates); *got.Share != share || *got.Low >= share || *got.High <= share {
		t.Errorf("share %v (%v–%v), want %v", *got.Share, *got.Low, *got.High, share)
	}
}
