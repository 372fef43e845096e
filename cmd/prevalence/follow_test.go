package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"prevalence/internal/pypi/pypitest"
)

// TestFollow runs "up --follow" and looks at what it does when the index
// changes, and at the commands that look after a crawl meanwhile.
func TestFollow(t *testing.T) {
	ownHome(t)
	u, err := pypitest.New(pypitest.Config{Projects: 30})
	if err != nil {
		t.Fatal(err)
	}
	server := pypitest.NewServer(u, pypitest.LikePyPI)
	index, stop, err := server.Start(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	ranks := writeFile(t, "ranking.json", string(u.RankingJSON()))
	data := t.TempDir()
	up := startUp(t, "--data", data, "--index", index, "--ranking", ranks, "--follow", "--every", "1s", "--snapshot-every", "1s", "--progress", "none")
	up.await("everything is counted", time.Minute)
	up.await("nothing changed since the last sweep", 10*time.Second)
	if _, err := server.AddRelease("fresh", "1.0", "import os\nos.remove('x')\n"); err != nil {
		t.Fatal(err)
	}
	up.await("sweep published", 10*time.Second)
	up.await("everything is counted", time.Minute)
	ask := func(args ...string) string {
		t.Helper()
		e := runHere(t, append(args, "--data", data, "--log-level", "error")...)
		if e.code != exitOK {
			t.Fatalf("%s: %d, %s", strings.Join(args, " "), e.code, e.errs)
		}
		return e.out
	}
	if out := ask("query", "projects", "--format", "csv"); !strings.Contains(out, "fresh,,1.0,ok,") {
		t.Errorf("the new project is not there:\n%s", out)
	}

	// Rankings side by side.
	other := writeFile(t, "mine.csv", "name\nfresh\n"+u.Ranked[0]+"\n")
	ask("ranking", "pin", other, "--ranking-base", "dependents")
	ask("ranking", "pin", other, "--ranking-base", "dependents") // once more is the same
	var pinned []rankingView
	if err := json.Unmarshal([]byte(ask("ranking", "list", "--format", "json")), &pinned); err != nil {
		t.Fatal(err)
	}
	if len(pinned) != 2 || pinned[0].Base != "all" || !pinned[0].InUse || pinned[1].Base != "dependents" || pinned[1].InUse || pinned[1].Projects != 2 {
		t.Errorf("pinned %+v", pinned)
	}
	for _, args := range [][]string{{"all", "dependents"}, {pinned[0].Name, pinned[1].Name}, {ranks, other}} {
		out := ask("ranking", "diff", args[0], args[1])
		if !strings.Contains(out, "Top 100") || !strings.Contains(out, "fresh") {
			t.Errorf("%v:\n%s", args, out)
		}
	}
	refused(t, runHere(t, "ranking", "diff", "all", "nothing", "--data", data), exitUsage, `"nothing"`, "ranking list")
	refused(t, runHere(t, "ranking", "pin", "clickhouse:stars", "--data", data), exitUsage, "clickhouse:stars", "pip-uv")
	refused(t, runHere(t, "crawl", "--index", index, "--ranking", "pinned:nothing", "--data", data, "--log-level", "error", "--progress", "none"), exitUsage, `"nothing"`)
	ask("crawl", "--index", index, "--ranking", "pinned:dependents", "--limit", "1", "--progress", "none")

	// Scanning again, by outcome and by name.
	if out := ask("rescan", "--outcome", "ok", "--format", "csv", "--projects", "fresh,"+u.Ranked[0]); !strings.Contains(out, "jobs accepted,") {
		t.Error(out)
	}
	rescanned := func(args ...string) (n struct{ Asked, Accepted, Refused int }) {
		t.Helper()
		if err := json.Unmarshal([]byte(ask(append([]string{"rescan", "--format", "json"}, args...)...)), &n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := rescanned("--scanner-version", "not-current"); n.Asked != 0 {
		t.Errorf("of another scanner version: %+v", n)
	}
	if n := rescanned("--scanner-version", "0"); n.Asked != 0 {
		t.Errorf("of scanner version 0: %+v", n)
	}
	empty := strings.Count(ask("query", "projects", "--format", "csv"), ",empty,")
	if n := rescanned("--outcome", "empty"); n.Asked != empty || n.Accepted+n.Refused != empty || empty == 0 {
		t.Errorf("empty: %+v of %d", n, empty)
	}
	if n := rescanned("--projects", "fresh,not-there"); n.Asked != 2 || n.Accepted+n.Refused != 1 {
		t.Errorf("by name: %+v", n)
	}
	refused(t, runHere(t, "rescan", "--data", data), exitUsage, "--outcome")
	refused(t, runHere(t, "rescan", "--data", data, "--outcome", "bad"), exitUsage, `"bad"`, "unanalysed")
	refused(t, runHere(t, "rescan", "--data", data, "--projects", "a==1"), exitUsage, "NAME==VERSION")

	up.interrupt()
	up.end(exitInterrupted)

	// When nothing runs, the broker is started for the question.
	if out := ask("ranking", "list"); !strings.Contains(out, pinned[1].Name) {
		t.Error(out)
	}
	if out := ask("dead", "list"); !strings.Contains(out, "There are no dead letters.") {
		t.Error(out)
	}
	if n := rescanned("--projects", "fresh"); n.Accepted+n.Refused != 1 {
		t.Errorf("asked for while nothing runs: %+v", n)
	}
	refused(t, runHere(t, "dead", "list", "--data", t.TempDir()), exitNoData, "prevalence up")
	refused(t, runHere(t, "crawl", "--once", "--follow"), exitUsage, "once and follow")
}
