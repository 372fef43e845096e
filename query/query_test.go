package query_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	// The reader is tested on what the aggregator really writes.
	"prevalence/aggregator"
	"prevalence/internal/engine"
	"prevalence/internal/engine/enginetest"
	"prevalence/internal/prevalence"
	"prevalence/internal/store"
	"prevalence/query"
	"prevalence/schemas/catalog"
	"prevalence/schemas/message"
)

func TestMain(m *testing.M) { enginetest.Main(m) }

var words = &catalog.Catalog{
	Rules: []catalog.Rule{
		{ID: "file/delete", Sentence: "Deletes a file.", Attack: "T1070.004"},
		{ID: "file/rename", Sentence: "Renames or moves a file."},
		{ID: "network/socket", Sentence: "Opens a network socket."},
		{ID: "memory/raw-memory", Sentence: "Reads raw memory."},
	},
	Issues: []catalog.Issue{
		{ID: "anonymous-author", Title: "Anonymous author", Problem: "Nobody answers.\n", NextSteps: []string{"Look."},
			Prevalence: "{community} of {community_scanned} scanned, {top1k} of {top1k_scanned} in the Top 1k ({label})."},
		{ID: "removed-components"}, {ID: "yanked"}, {ID: "quarantined"},
	},
}

// open returns the tables as their owner and the views as the reader.
func open(t *testing.T) (*store.DB, *query.Reader) {
	t.Helper()
	ch := enginetest.ClickHouse(t)
	connect := func(a engine.Account, database string) *store.DB {
		db, err := store.Open(t.Context(), store.Options{Addr: ch.Addr(), Database: database, Views: engine.ViewsDatabase, User: a.User, Password: a.Password})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		return db
	}
	owner := connect(ch.Owner(), engine.Database)
	if _, err := owner.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return owner, query.New(connect(ch.Reader(), engine.ViewsDatabase), words)
}

var at = time.Date(2026, 11, 24, 10, 15, 0, 0, time.UTC)

func observation(id string, c message.Context, certainty message.Certainty, path string, line int) message.Observation {
	return message.Observation{Behavior: id, Context: c, Certainty: certainty, Hits: 2,
		Evidence: []message.Evidence{{Path: path, Line: line, Symbol: "os.remove"}, {Path: path, Line: line + 1}}}
}

// fill publishes a snapshot of six projects: alpha (rank 1), beta (rank 150),
// gamma (rank 5,000), delta and epsilon (unranked, epsilon without files), and
// zeta, which could not be analysed.
func fill(t *testing.T, db *store.DB) {
	t.Helper()
	a, err := aggregator.New(t.Context(), db, aggregator.Options{Catalog: words})
	if err != nil {
		t.Fatal(err)
	}
	ranking := message.Ranking{Name: "all@2026-04-01#1f0c9a2b", Base: "all", Date: at, Projects: make([]string, 6000)}
	for i := range ranking.Projects {
		ranking.Projects[i] = "absent-" + strings.Repeat("x", i%9) + time.Duration(i).String()
	}
	ranking.Projects[0], ranking.Projects[149], ranking.Projects[4999] = "alpha", "beta", "gamma"
	index := &message.Index{URL: "https://index.example.org/simple/", Serial: "77", Sweep: at, Complete: true, Ranking: ranking.Name,
		Projects: map[string]message.Serial{"alpha": "1", "beta": "2", "gamma": "3", "delta": "4", "epsilon": "5", "zeta": "6"}}
	scan := func(seq uint64, name string, outcome message.Outcome, class string, obs ...message.Observation) aggregator.Scan {
		s := &message.Scan{Project: name, Version: "1.0", PageLatest: true, Scanner: "1", Catalogue: words.Hash(), JobSeq: seq, At: at,
			Outcome: outcome, State: message.StateActive, EmailClass: class, Observations: obs}
		if outcome == message.OutcomeOK {
			s.Files = []message.File{{Name: name + "-1.0.tar.gz", Kind: "sdist", Bytes: 1000, SHA256: "00", Verified: true, Members: 3}}
		}
		if outcome == message.OutcomeUnanalysed {
			s.Why, s.Detail = "not-an-archive", "neither tar nor zip"
		}
		return aggregator.Scan{Seq: seq, Scan: s}
	}
	scans := []aggregator.Scan{
		scan(1, "alpha", message.OutcomeOK, "privacy",
			observation("file/rename", message.ContextCall, message.Resolved, "alpha/move.py", 7),
			observation("file/delete", message.ContextSupport, message.Resolved, "tests/t.py", 1),
			observation("file/delete", message.ContextCall, message.Likely, "alpha/clean.py", 12),
			observation("file/delete", message.ContextInstall, message.Resolved, "setup.py", 3)),
		scan(2, "beta", message.OutcomeOK, "corporate", observation("file/delete", message.ContextImport, message.Likely, "beta.py", 1)),
		scan(3, "gamma", message.OutcomeOK, "free", observation("network/socket", message.ContextSupport, message.Resolved, "tests/s.py", 4)),
		scan(4, "delta", message.OutcomeOK, "none"),
		scan(5, "epsilon", message.OutcomeEmpty, ""),
		scan(6, "zeta", message.OutcomeUnanalysed, ""),
	}
	scans[0].Scan.Emails = []message.Email{{Domain: "proton.me", Class: "privacy", Key: "secret", KeyID: "k"}, {Domain: "ann.example.org", Class: "corporate", Key: "secret", KeyID: "k"}}
	scans[0].Scan.Yanked = true
	states := []aggregator.State{{Seq: 10, Ranking: &ranking},
		{Seq: 11, State: &message.State{Project: "alpha", State: message.StateRemoved, At: at.Add(-time.Hour)}},
		{Seq: 12, State: &message.State{Project: "alpha", State: message.StateResurrected, At: at}}}
	for _, err := range []error{a.AddStates(t.Context(), states, 12), a.UseIndex(t.Context(), index, 4), a.Add(t.Context(), scans)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if ok, err := a.Snapshot(t.Context()); err != nil || !ok {
		t.Fatalf("snapshot: %v, %v", ok, err)
	}
}

// deadline is a context as a command has it.
func deadline(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func TestNothingPublished(t *testing.T) {
	_, r := open(t)
	ctx := deadline(t)
	_, topErr := r.Top(ctx, query.TopOptions{})
	_, projectErr := r.Project(ctx, "alpha")
	_, behaviorErr := r.Behavior(ctx, "file/delete", "", 3)
	_, snapshotErr := r.Snapshot(ctx, "")
	for _, err := range []error{topErr, projectErr, behaviorErr, snapshotErr} {
		if !errors.Is(err, query.ErrNoSnapshot) || !strings.Contains(err.Error(), "no prevalence information at this time") {
			t.Errorf("error %v", err)
		}
	}
	st, err := r.Status(ctx)
	if err != nil || st.Snapshot != nil || len(st.Outcomes) != 0 {
		t.Errorf("status %+v, %v", st, err)
	}
}

// counts is what the table shows of a row.
func counts(n query.Numbers) [4]int {
	return [4]int{n.Top100.Count, n.Top1k.Count, n.Top10k.Count, n.Community.Count}
}

func TestReader(t *testing.T) {
	db, r := open(t)
	fill(t, db)
	ctx := deadline(t)

	t.Run("snapshot", func(t *testing.T) {
		s, err := r.Snapshot(ctx, "")
		if err != nil {
			t.Fatal(err)
		}
		want := []query.Coverage{
			{Band: "top100", Listed: 1, Size: 1, SizeExact: true, Scanned: 1, Missing: 99},
			{Band: "top1k", Listed: 2, Size: 2, SizeExact: true, Scanned: 2, Missing: 998},
			{Band: "top10k", Listed: 3, Size: 3, SizeExact: true, Scanned: 3, Missing: 5997},
			{Band: "community", Listed: 6, Size: 5, SizeExact: true, Scanned: 4, Unanalysed: 1, Empty: 1, Missing: 5997},
		}
		if diff := cmp.Diff(want, s.Bands); diff != "" {
			t.Error(diff)
		}
		for _, part := range []string{s.Taken.Format("20060102T150405Z"), "all@2026-04-01-1f0c9a2b", "s1", words.Hash()[:8], "i77"} {
			if !strings.Contains(s.Name, part) {
				t.Errorf("name %s lacks %s", s.Name, part)
			}
		}
		if s.Index.Names != 6 || s.Index.Serial != "77" || !s.Index.Sweep.Equal(at) {
			t.Errorf("index %+v", s.Index)
		}
		if _, err := r.Snapshot(ctx, "absent"); !errors.Is(err, query.ErrNoSnapshot) {
			t.Errorf("a snapshot that does not exist: %v", err)
		}
		if again, err := r.Snapshot(ctx, s.Name); err != nil || again.Name != s.Name {
			t.Errorf("by name: %v, %v", again, err)
		}
	})

	t.Run("top", func(t *testing.T) {
		tests := []struct {
			name string
			o    query.TopOptions
			want []string
		}{
			{"by category", query.TopOptions{}, []string{"file/delete", "file/rename", "memory/raw-memory", "network/socket"}},
			{"by count", query.TopOptions{Sort: query.ByCount, Band: prevalence.Community}, []string{"file/delete", "file/rename", "memory/raw-memory", "network/socket"}},
			{"one category", query.TopOptions{Category: "network"}, []string{"network/socket"}},
			{"one label", query.TopOptions{Label: prevalence.Common}, []string{"file/delete", "file/rename"}},
			{"one context", query.TopOptions{Context: "support", Sort: query.ByID}, []string{"file/delete", "network/socket"}},
			{"text", query.TopOptions{Text: "MOVES"}, []string{"file/rename"}},
			{"limit", query.TopOptions{Limit: 1}, []string{"file/delete"}},
			{"none", query.TopOptions{Category: "absent"}, nil},
		}
		for _, tt := range tests {
			table, err := r.Top(ctx, tt.o)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, row := range table.Rows {
				got = append(got, row.Behavior)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("%s: %s", tt.name, diff)
			}
		}
		for _, o := range []query.TopOptions{{Sort: "size"}, {Label: "Frequent"}, {Context: "tests"}, {Limit: -1}} {
			if _, err := r.Top(ctx, o); err == nil {
				t.Errorf("%+v was accepted", o)
			}
		}
		table, err := r.Top(ctx, query.TopOptions{})
		if err != nil {
			t.Fatal(err)
		}
		first := table.Rows[0]
		if got := counts(first.Numbers); got != [4]int{1, 2, 2, 2} {
			t.Errorf("counts of %s: %v", first.Behavior, got)
		}
		// alpha and beta of five show it; zeta, of the last stratum, is not known.
		if c := first.Community; c.Resolved != 1 || c.Scanned != 4 || c.Size != 5 || c.Share == nil || *c.Share != 0.4 || *c.Low != 0.4 || *c.High <= 0.4 {
			t.Errorf("community of %s: %+v", first.Behavior, c)
		}
		if first.Sentence != "Deletes a file." || first.Category != "file" || first.Label != prevalence.Common {
			t.Errorf("row %+v", first)
		}
		// Nobody shows it among those that were scanned, but one project was not.
		if raw := table.Rows[2]; raw.Label != prevalence.NotEnoughData || counts(raw.Numbers) != [4]int{} {
			t.Errorf("row %+v", raw)
		}
	})

	t.Run("behaviour", func(t *testing.T) {
		b, err := r.Behavior(ctx, "file/delete", "", 10)
		if err != nil {
			t.Fatal(err)
		}
		want := []query.Shown{
			{Project: "alpha", Version: "1.0", Rank: 1, Contexts: []string{"install", "call", "support"}, Resolved: true},
			{Project: "beta", Version: "1.0", Rank: 150, Contexts: []string{"import"}},
		}
		if diff := cmp.Diff(want, b.Projects); diff != "" {
			t.Error(diff)
		}
		var seen []string
		for _, c := range b.Contexts {
			seen = append(seen, c.Context)
		}
		if diff := cmp.Diff([]string{"install", "import", "call", "support"}, seen); diff != "" {
			t.Error(diff)
		}
		if b.Attack != "T1070.004" || counts(b.Numbers) != [4]int{1, 2, 2, 2} {
			t.Errorf("%+v", b.TopRow)
		}
		if _, err := r.Behavior(ctx, "file/absent", "", 1); !errors.Is(err, query.ErrNotFound) {
			t.Errorf("unknown behaviour: %v", err)
		}
	})

	t.Run("project", func(t *testing.T) {
		p, err := r.Project(ctx, "alpha")
		if err != nil {
			t.Fatal(err)
		}
		if p.Version != "1.0" || p.Rank != 1 || !p.Listed || p.State != "resurrected" || p.Outcome != "ok" || !p.Yanked || !p.Scanned.Equal(at) {
			t.Errorf("report %+v", p)
		}
		var behaviors, issues []string
		for _, b := range p.Behaviors {
			for _, s := range b.Seen {
				behaviors = append(behaviors, b.Behavior+" "+b.Certainty+" "+s.Context+" "+s.Certainty+" "+s.Evidence[0].String())
			}
		}
		if diff := cmp.Diff([]string{
			"file/delete resolved install resolved setup.py:3",
			"file/delete resolved call likely alpha/clean.py:12",
			"file/delete resolved support resolved tests/t.py:1",
			"file/rename resolved call resolved alpha/move.py:7",
		}, behaviors); diff != "" {
			t.Error(diff)
		}
		for _, i := range p.Issues {
			issues = append(issues, i.ID)
		}
		if diff := cmp.Diff([]string{"anonymous-author", "removed-components", "yanked"}, issues); diff != "" {
			t.Error(diff)
		}
		if got, want := p.Issues[0].Prevalence, "1 of 4 scanned, 1 of 2 in the Top 1k (Common)."; got != want {
			t.Errorf("prevalence of the issue %q, want %q", got, want)
		}
		if p.Issues[0].Problem != "Nobody answers." {
			t.Errorf("problem %q", p.Issues[0].Problem)
		}
		if diff := cmp.Diff([]query.EmailCount{{Class: "corporate", Domain: "other", Addresses: 1}, {Class: "privacy", Domain: "proton.me", Addresses: 1}}, p.Emails); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]query.Change{{State: "removed", At: at.Add(-time.Hour)}, {State: "resurrected", At: at}}, p.History); diff != "" {
			t.Error(diff)
		}
		z, err := r.Project(ctx, "zeta")
		if err != nil || z.Outcome != "unanalysed" || z.Why != "not-an-archive" || z.Detail == "" || len(z.Behaviors) != 0 {
			t.Errorf("zeta: %+v, %v", z, err)
		}
		if _, err := r.Project(ctx, "absent"); !errors.Is(err, query.ErrNotFound) {
			t.Errorf("unknown project: %v", err)
		}
	})

	t.Run("status", func(t *testing.T) {
		st, err := r.Status(ctx)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]int{}
		for kind, list := range map[string][]query.Counted{"outcome": st.Outcomes, "reason": st.Reasons, "email": st.EmailClasses, "issue": st.Issues} {
			for _, c := range list {
				got[kind+" "+c.ID] = c.Community.Count
			}
		}
		want := map[string]int{
			"outcome ok": 4, "outcome partial": 0, "outcome empty": 1, "outcome unanalysed": 1, "reason unanalysed/not-an-archive": 1,
			"email privacy": 1, "email corporate": 1, "email free": 1, "email none": 1,
			"issue anonymous-author": 1, "issue removed-components": 1, "issue yanked": 1, "issue quarantined": 0,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		c := st.Covered
		if c.ScansThrough != 6 || c.StatesThrough != 12 || c.IndexRevision != 4 || !c.IndexSweep.Equal(at) || c.Looked.IsZero() {
			t.Errorf("covered %+v", c)
		}
		if len(st.Storage) < 5 {
			t.Errorf("storage %+v", st.Storage)
		}
	})
}
