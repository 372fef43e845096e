package main

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"prevalence/aggregator"
	"prevalence/internal/engine"
	"prevalence/internal/engine/enginetest"
	"prevalence/internal/store"
	"prevalence/schemas/message"
)

// askable starts a database with a small dataset and makes it the one that
// commands ask: alpha (rank 1), beta (rank 150), gamma and delta (unranked),
// and epsilon, which nobody has looked into yet. alpha has an older release.
func askable(t *testing.T) (snapshots []string) {
	t.Helper()
	ownHome(t)
	ch := enginetest.ClickHouse(t)
	db, err := store.Open(t.Context(), store.Options{Addr: ch.Addr(), Database: engine.Database, Views: engine.ViewsDatabase,
		User: ch.Owner().User, Password: ch.Owner().Password})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rules, err := builtInRules()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	a, err := aggregator.New(t.Context(), db, aggregator.Options{Catalog: rules})
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 24, 10, 15, 0, 0, time.UTC)
	ranking := message.Ranking{Name: "all@2026-04-01#1f0c9a2b", Base: "all", Date: at, Projects: make([]string, 200)}
	for i := range ranking.Projects {
		ranking.Projects[i] = fmt.Sprintf("absent-%d", i)
	}
	ranking.Projects[0], ranking.Projects[149] = "alpha", "beta"
	index := &message.Index{URL: "https://index.example.org/simple/", Serial: "77", Sweep: at, Complete: true, Ranking: ranking.Name, Projects: map[string]message.Serial{}}
	for i, name := range []string{"alpha", "beta", "gamma", "delta", "epsilon"} {
		index.Projects[name] = message.Serial(fmt.Sprint(i + 1))
	}
	var scans []aggregator.Scan
	scan := func(name, version string) *message.Scan {
		s := &message.Scan{Project: name, Version: version, PageLatest: true, Scanner: "1", Catalogue: rules.Hash(), JobSeq: uint64(len(scans) + 1), At: at,
			Drawn: true, Outcome: message.OutcomeOK, State: message.StateActive, EmailClass: "privacy",
			Emails:   []message.Email{{Domain: "proton.me", Class: "privacy", Key: "00ff", KeyID: "k"}},
			Metadata: message.Metadata{Modules: []string{name}}}
		scans = append(scans, aggregator.Scan{Seq: s.JobSeq, Scan: s})
		return s
	}
	symbol := func(s *message.Scan, name string, kind message.SymbolKind, c message.Context, path string, line int) {
		s.Symbols = append(s.Symbols, message.Symbol{Name: name, Kind: kind, Context: c, Certainty: message.Resolved, Hits: 1, Path: path, Line: line})
	}
	shows := func(s *message.Scan, id string, c message.Context) {
		s.Observations = append(s.Observations, message.Observation{Behavior: id, Context: c, Certainty: message.Resolved, Hits: 1,
			Evidence: []message.Evidence{{Path: s.Project + "/main.py", Line: 7}}})
	}
	shows(scan("alpha", "1.0"), "file/delete", message.ContextCall)
	alpha, beta, gamma, delta := scan("alpha", "2.0"), scan("beta", "1.0"), scan("gamma", "0.1"), scan("delta", "3.0")
	for _, id := range []string{"file/delete", "file/rename", "network/http-client"} {
		shows(alpha, id, message.ContextCall)
	}
	shows(beta, "file/delete", message.ContextImport)
	shows(beta, "file/rename", message.ContextImport)
	shows(gamma, "network/http-client", message.ContextInstall)
	symbol(alpha, "requests.get", message.SymbolCall, message.ContextCall, "alpha/net.py", 12)
	symbol(alpha, "os.execv", message.SymbolCall, message.ContextCall, "alpha/run.py", 3)
	symbol(beta, "requests.get", message.SymbolRef, message.ContextImport, "beta/__init__.py", 4)
	symbol(gamma, "requests.get", message.SymbolCall, message.ContextSupport, "tests/t.py", 1)
	symbol(gamma, "alpha.core", message.SymbolImport, message.ContextImport, "gamma/__init__.py", 1)
	symbol(delta, "os.execve", message.SymbolCall, message.ContextInstall, "setup.py", 9)
	gamma.Metadata.RequiresDist = []string{"alpha>=1"}
	delta.Metadata.RequiresDist = []string{"Alpha; extra == 'fast'"}
	for _, s := range []*message.Scan{beta, delta} {
		s.Indicators = []message.Indicator{{Kind: "ipv4", Value: "198.51.100.7", Context: message.ContextCall, Hits: 1, Path: s.Project + "/c2.py", Line: 5}}
	}
	gamma.EmailClass, gamma.Emails = "free", []message.Email{{Domain: "gmail.com", Class: "free", Key: "01ff", KeyID: "k"}}
	publish := func(scans []aggregator.Scan) {
		if err := a.Add(t.Context(), scans); err != nil {
			t.Fatal(err)
		}
		if ok, err := a.Snapshot(t.Context()); err != nil || !ok {
			t.Fatalf("snapshot: %v, %v", ok, err)
		}
		snapshots = append(snapshots, a.Coverage().Snapshot)
	}
	if err := a.AddStates(t.Context(), []aggregator.State{{Seq: 10, Ranking: &ranking}}, 10); err != nil {
		t.Fatal(err)
	}
	if err := a.UseIndex(t.Context(), index, 4); err != nil {
		t.Fatal(err)
	}
	publish(scans[:1])
	time.Sleep(time.Until(time.Now().Truncate(time.Second).Add(time.Second))) // a snapshot is named after its second
	publish(scans[1:])
	t.Setenv(envPrefix+"CLICKHOUSE", ch.Addr())
	t.Setenv(envPrefix+"CLICKHOUSE_USER", ch.Reader().User)
	t.Setenv(envPrefix+"CLICKHOUSE_PASSWORD", ch.Reader().Password)
	return snapshots
}

// Times and the hash of the catalogue differ from run to run and from build to build.
var (
	snapshotName = regexp.MustCompile(`\d{8}T\d{6}Z_[A-Za-z0-9_.@-]+`)
	takenAt      = regexp.MustCompile(`"taken": "[^"]*"|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`)
	hashOf       = regexp.MustCompile(`\b[0-9a-f]{16}\b`)
)

func steady(s string) string {
	s = snapshotName.ReplaceAllString(s, "SNAPSHOT")
	s = takenAt.ReplaceAllString(s, "TIME")
	return hashOf.ReplaceAllString(s, "HASH")
}

// TestQuestions asks each question as a user does, in every format.
func TestQuestions(t *testing.T) {
	snapshots := askable(t)
	for _, q := range []struct{ name, args string }{
		{"symbol", "symbol requests.get"},
		{"symbols", "symbol os.exec*"},
		{"symbol-none", "symbol requests.absent"},
		{"indicator", "indicator 198.51.100.7"},
		{"combo", "combo file/delete file/rename"},
		{"email", "email"},
		{"email-class", "email --class privacy"},
		{"domain", "domain proton.me"},
		{"domain-rare", "domain rare.example.org"},
		{"users-of", "users-of Alpha"},
		{"users-of-unknown", "users-of no-such"},
		{"provides", "provides alpha.core"},
		{"provides-none", "provides absent"},
		{"new", "new Alpha"},
		{"new-first", "new beta"},
		{"new-behavior", "new --behavior file/rename"},
		{"snapshots", "snapshots"},
		{"sql", "sql SELECT_project,version,rank_FROM_projects_WHERE_snapshot=(SELECT_max(snapshot)FROM_snapshots)ORDER_BY_project --rows 3"},
		{"diff", "diff " + strings.Join(snapshots, " ") + " --kind all"},
	} {
		for format, ending := range map[string]string{"table": "txt", "csv": "csv", "json": "json"} {
			args := append([]string{"query"}, strings.Fields(q.args)...)
			if q.name == "sql" {
				args[2] = strings.ReplaceAll(args[2], "_", " ")
			}
			e := runHere(t, append(args, "--format", format)...)
			if e.code != exitOK {
				t.Errorf("%s: code %d, %s", q.args, e.code, e.errs)
				continue
			}
			golden(t, "query/"+q.name+"."+ending, steady(e.out))
		}
	}
	refused(t, runHere(t, "query", "symbol", "*"), exitUsage, "everything")
	refused(t, runHere(t, "query", "diff", snapshots[0], "none"), exitNoData, "none")
	refused(t, runHere(t, "query", "diff", snapshots[0], "20"), exitNoData, "2 snapshots")
	refused(t, runHere(t, "query", "email", "--class", "absent"), exitNoData, "absent")
	refused(t, runHere(t, "query", "domain", "ann@example.org"), exitNoData, "no domain")
	refused(t, runHere(t, "query", "new"), exitUsage, "project", "--behavior")
	refused(t, runHere(t, "query", "sql", "DROP VIEW projects"), exitUsage, "refused")
	refused(t, runHere(t, "query", "sql", "SELECT * FROM prevalence.emails"), exitUsage, "refused")
	if e := runHere(t, "query", "views"); e.code != exitOK || !strings.Contains(e.out, "current_symbols") {
		t.Errorf("views: code %d, %s%s", e.code, e.out, e.errs)
	}
}
