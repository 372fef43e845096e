package main

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"prevalence/internal/pypi/pypitest"
)

// TestCrashLoop crawls an index with a project that kills each worker that
// looks into it. It ends among the dead letters, the others are scanned, and it
// can be tried again.
func TestCrashLoop(t *testing.T) {
	u, err := pypitest.New(pypitest.Config{Projects: 30})
	if err != nil {
		t.Fatal(err)
	}
	server := pypitest.NewServer(u, pypitest.LikePyPI)
	if _, err := server.AddRelease("crasher", "1.0", "x = 1\n"); err != nil {
		t.Fatal(err)
	}
	server.Plan(pypitest.Fault{Path: "/files/crasher/*", Kind: pypitest.Hang})
	index, stop, err := server.Start(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)

	k := &killed{t: t, binary: prevalenceCommand(t).Path, data: t.TempDir(), roles: make(map[string]*exec.Cmd)}
	k.flags = []string{"--data", k.data, "--log-level", "error"}
	defer k.stop()
	k.start("engine run")
	k.awaitServices()
	work := []string{"--index", index, "--ack-wait", "1s", "--slots", "1"}
	k.start("aggregate", "--snapshot-every", "1s")
	k.start("work", work...)
	output(t, k.command("crawl", "--index", index, "--progress", "none"))

	var letters []letter
	for ends := time.Now().Add(2 * time.Minute); len(letters) == 0; time.Sleep(50 * time.Millisecond) {
		for _, r := range server.Requests() {
			if strings.HasPrefix(r.Path, "/files/crasher/") {
				k.kill("work") // as the file would have done
				k.start("work", work...)
				break
			}
		}
		if k.kills >= 5 {
			if err := json.Unmarshal([]byte(output(t, k.command("dead list", "--format", "json"))), &letters); err != nil {
				t.Fatal(err)
			}
		}
		if time.Now().After(ends) {
			t.Fatalf("%d kills and no dead letter", k.kills)
		}
	}
	l := letters[0]
	if len(letters) != 1 || l.Project != "crasher" || l.Stream != "JOBS" || l.Attempts != 6 || !strings.Contains(l.Reason, "a worker may have died of it") {
		t.Errorf("letters %+v", letters)
	}
	k.awaitIdle()
	table := output(t, k.command("query projects", "--format", "csv"))
	if n := strings.Count(table, "\n"); n != 1+len(u.Projects)+1 || !strings.Contains(table, "crasher,,,unanalysed,attempts-exhausted") {
		t.Errorf("%d lines:\n%s", n, table)
	}

	number := fmt.Sprint(l.Number)
	shown := output(t, k.command("dead show", number))
	if !strings.Contains(shown, `"reason": "new"`) {
		t.Errorf("shown without its job: %s", shown)
	}
	server.Plan()
	if got := output(t, k.command("dead requeue", number)); got != "1 of 1 requeued\n" {
		t.Error(got)
	}
	k.awaitIdle()
	if table = output(t, k.command("query projects", "--format", "csv")); !strings.Contains(table, "crasher,,1.0,ok,") {
		t.Errorf("not scanned again:\n%s", table)
	}
	if got := output(t, k.command("dead list")); !strings.Contains(got, "There are no dead letters.") {
		t.Error(got)
	}
	refused(t, runHere(t, "dead", "show", number, "--data", k.data), exitNoData, number, "dead list")
	refused(t, runHere(t, "dead", "drop", "--data", k.data), exitUsage, "--all")
	refused(t, runHere(t, "dead", "drop", "first", "--data", k.data), exitUsage, `"first"`)
}
