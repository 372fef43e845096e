package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"prevalence/internal/pypi/pypitest"
)

// upRunning is an "up" as a process of its own, whose lines are read as they come.
type upRunning struct {
	*exec.Cmd
	t     *testing.T
	lines chan string
	seen  []string
}

// startUp starts "up" with log lines in JSON.
func startUp(t *testing.T, args ...string) *upRunning {
	t.Helper()
	u := &upRunning{Cmd: prevalenceCommand(t, append([]string{"up", "--log-format", "json"}, args...)...), t: t, lines: make(chan string, 10_000)}
	errs, err := u.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := u.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(u.lines)
		for lines := bufio.NewScanner(errs); lines.Scan(); {
			u.lines <- lines.Text()
		}
	}()
	return u
}

// await reads lines until one holds text.
func (u *upRunning) await(text string, within time.Duration) {
	u.t.Helper()
	timer := time.NewTimer(within)
	defer timer.Stop()
	for {
		select {
		case line, open := <-u.lines:
			if !open {
				u.t.Fatalf("up ended without %q:\n%s", text, strings.Join(u.seen, "\n"))
			}
			u.seen = append(u.seen, line)
			if strings.Contains(line, text) {
				return
			}
		case <-timer.C:
			u.t.Fatalf("no %q within %s:\n%s", text, within, strings.Join(u.seen, "\n"))
		}
	}
}

// interrupt sends what Ctrl-C sends.
func (u *upRunning) interrupt() {
	u.t.Helper()
	if err := u.Process.Signal(syscall.SIGINT); err != nil {
		u.t.Fatal(err)
	}
}

// end waits for the end and demands an exit code.
func (u *upRunning) end(code int) {
	u.t.Helper()
	for line := range u.lines {
		u.seen = append(u.seen, line)
	}
	err := u.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		u.t.Fatal(err)
	}
	if got := u.ProcessState.ExitCode(); got != code {
		u.t.Fatalf("up ended with %d, want %d:\n%s", got, code, strings.Join(u.seen, "\n"))
	}
}

// lastWords are the lines about an error.
func (u *upRunning) lastWords() []string {
	return slices.DeleteFunc(slices.Clone(u.seen), func(line string) bool { return !strings.HasPrefix(line, "prevalence: ") })
}

// logged are the log lines with that message.
func (u *upRunning) logged(message string) []map[string]any {
	var found []map[string]any
	for _, line := range u.seen {
		var entry map[string]any
		if json.Unmarshal([]byte(line), &entry) == nil && entry["msg"] == message {
			found = append(found, entry)
		}
	}
	return found
}

// jobs is how many jobs the sweep published.
func (u *upRunning) jobs() int {
	u.t.Helper()
	swept := u.logged("sweep published")
	if len(swept) == 0 && len(u.logged("nothing changed since the last sweep")) == 1 {
		return 0
	}
	if len(swept) != 1 {
		u.t.Fatalf("%d sweeps:\n%s", len(swept), strings.Join(u.seen, "\n"))
	}
	n, ok := swept[0]["jobs"].(float64)
	if !ok {
		u.t.Fatalf("no number of jobs in %v", swept[0])
	}
	return int(n)
}

// nothingToDo runs an "up" that has nothing to do: it publishes no job and
// makes so many requests. How long it takes is a matter of "make corpus", where
// nothing else runs; here it is told.
func nothingToDo(t *testing.T, server *pypitest.Server, requests int, args ...string) {
	t.Helper()
	server.Requests() // forgets the earlier ones
	up := startUp(t, args...)
	up.await("clickhouse is ready", time.Minute)
	ready := time.Now()
	up.end(exitOK)
	t.Logf("it took %s beyond the start", time.Since(ready))
	if n := up.jobs(); n != 0 {
		t.Errorf("%d jobs were published", n)
	}
	if asked := server.Requests(); len(asked) != requests {
		t.Errorf("%d requests were made, want %d: %v", len(asked), requests, asked)
	}
}

// TestInterruptedUpGoesOn interrupts a crawl in the middle; the next run does
// the rest, and one more run does nothing.
func TestInterruptedUpGoesOn(t *testing.T) {
	t.Parallel()
	_, server, index, ranking := serve(t, 60, pypitest.LikePyPI)
	want := undisturbed(t, index, ranking)
	server.Plan(pypitest.Fault{Path: "/files/*/*", Kind: pypitest.Latency, Delay: 100 * time.Millisecond})
	server.Requests() // forgets those of the undisturbed crawl
	data := t.TempDir()
	args := []string{"--until-idle", "--data", data, "--index", index, "--ranking", ranking, "--progress", "none"}

	first := startUp(t, args...)
	half := 0
	for ; half < 30; half += filesAsked(server) {
		time.Sleep(20 * time.Millisecond)
	}
	first.interrupt()
	first.end(exitInterrupted)
	if words := first.lastWords(); len(words) > 0 {
		t.Errorf("an interruption is no error: %q", words)
	}
	half += filesAsked(server)

	server.Plan()
	second := startUp(t, args...)
	second.end(exitOK)
	if got := second.jobs(); got > 0 {
		t.Errorf("the second run published %d jobs anew", got)
	}
	if again := filesAsked(server); half > 60 || again+half > 100 {
		t.Errorf("the first run fetched %d files, the second %d: it did not go on where the first one was", half, again)
	}
	if diff := cmp.Diff(want, tableOf(t, data)); diff != "" {
		t.Errorf("the table is another one (-undisturbed +interrupted):\n%s", diff)
	}

	nothingToDo(t, server, 1, args...)
}

// filesAsked counts requests for files since it was last called.
func filesAsked(server *pypitest.Server) int {
	n := 0
	for _, r := range server.Requests() {
		if strings.HasPrefix(r.Path, "/files/") {
			n++
		}
	}
	return n
}

// TestSecondRun crawls a folder, and a server without serials, twice.
func TestSecondRun(t *testing.T) {
	t.Parallel()
	u, server, index, ranking := serve(t, 60, pypitest.LikeHTMLServer)
	folder := t.TempDir()
	if err := u.WriteFolder(folder); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, index string
		requests    int
	}{{"folder", folder, 0}, {"pages", index, 1 + len(server.Names())}} {
		t.Run(c.name, func(t *testing.T) {
			args := []string{"--until-idle", "--data", t.TempDir(), "--index", c.index, "--ranking", ranking, "--progress", "none"}
			first := startUp(t, args...)
			first.end(exitOK)
			if first.jobs() == 0 {
				t.Fatal("the first run published nothing")
			}
			nothingToDo(t, server, c.requests, args...)
		})
	}
}

// firstTableWithin is how long a user waits for the first numbers.
const firstTableWithin = 20 * time.Second

// TestFirstTable: a crawl that lasts shows a table early, and ends without a
// complaint when interrupted.
func TestFirstTable(t *testing.T) {
	t.Parallel()
	_, server, index, ranking := serve(t, 120, pypitest.LikePyPI)
	server.Plan(pypitest.Fault{Path: "/files/*/*", Kind: pypitest.Latency, Delay: 900 * time.Millisecond})
	up := startUp(t, "--data", t.TempDir(), "--index", index, "--ranking", ranking, "--progress", "lines")
	up.await("clickhouse is ready", time.Minute)
	up.await("Behaviour ", firstTableWithin)
	up.await("Snapshot ", time.Second)
	up.interrupt()
	up.end(exitInterrupted)
	if words := up.lastWords(); len(words) > 0 {
		t.Errorf("an interruption is no error: %q", words)
	}
	if !slices.ContainsFunc(up.seen, func(line string) bool {
		return strings.HasPrefix(line, "progress:") && strings.Contains(line, "scanned")
	}) {
		t.Errorf("no progress line:\n%s", strings.Join(up.seen, "\n"))
	}
}

// TestIndexThatComesBack: a service waits for its index.
func TestIndexThatComesBack(t *testing.T) {
	t.Parallel()
	_, server, index, ranking := serve(t, 30, pypitest.LikePyPI)
	server.Plan(pypitest.Fault{Path: "/simple/", Kind: pypitest.Status, Code: 404, Times: 1})
	up := startUp(t, "--data", t.TempDir(), "--index", index, "--ranking", ranking, "--progress", "none")
	up.await("cannot be swept", time.Minute)
	up.await("everything is counted", 2*time.Minute)
	up.interrupt()
	up.end(exitInterrupted)
}

// TestIndexThatIsAway: a run that ends by itself says so in one line.
func TestIndexThatIsAway(t *testing.T) {
	t.Parallel()
	_, server, index, ranking := serve(t, 30, pypitest.LikePyPI)
	for _, c := range []struct {
		name, index string
		fault       pypitest.Fault
		words       string
	}{
		{"not found", index, pypitest.Fault{Kind: pypitest.Status, Code: 404}, "check --index"},
		{"refused", index, pypitest.Fault{Kind: pypitest.Status, Code: 403}, "status 403"},
		{"a long pause", index, pypitest.Fault{Kind: pypitest.Status, Code: 503, RetryAfter: time.Hour}, "pause of 1h"},
		{"down", "http://127.0.0.1:1/simple/", pypitest.Fault{}, "connection refused"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.fault.Path = "/simple/"
			server.Plan(c.fault)
			up := startUp(t, "--until-idle", "--data", t.TempDir(), "--index", c.index, "--ranking", ranking, "--progress", "none")
			up.end(exitUnreachable)
			if words := up.lastWords(); len(words) != 1 || !strings.Contains(words[0], c.words) {
				t.Errorf("got %q, want one line with %q", words, c.words)
			}
		})
	}
}

// TestFaults crawls an index of which everything goes wrong for a while, and
// something for good: the first is made up for, the second recorded.
func TestFaults(t *testing.T) {
	t.Parallel()
	u, server, index, ranking := serve(t, 60, pypitest.LikePyPI)
	want := projectsOf(t, undisturbedData(t, index, ranking))
	var good []string // projects without peculiarities, to be spoiled
	for name, truth := range u.Truth().Projects {
		if truth.Outcome == "ok" && !truth.Yanked {
			good = append(good, name)
		}
	}
	slices.Sort(good)
	corrupt, gone, pageless := good[0], good[1], good[2]
	server.Plan(
		pypitest.Fault{Path: "/simple/", Kind: pypitest.Status, Code: 503, RetryAfter: time.Second, Times: 1},
		pypitest.Fault{Path: "/simple/", Kind: pypitest.HalfBody, Times: 1},
		pypitest.Fault{Path: "/files/" + corrupt + "/*", Kind: pypitest.Corrupt},
		pypitest.Fault{Path: "/files/" + gone + "/*", Kind: pypitest.Status, Code: 404},
		pypitest.Fault{Path: "/simple/" + pageless + "/", Kind: pypitest.Status, Code: 404},
		pypitest.Fault{Path: "/simple/*/", Kind: pypitest.Status, Code: 429, RetryAfter: time.Second, Times: 2},
		pypitest.Fault{Path: "/simple/*/", Kind: pypitest.Status, Code: 500, Times: 2},
		pypitest.Fault{Path: "/simple/*/", Kind: pypitest.HalfBody, Times: 2},
		pypitest.Fault{Path: "/files/*/*", Kind: pypitest.Reset, Times: 2},
		pypitest.Fault{Path: "/files/*/*", Kind: pypitest.HalfBody, Times: 2},
		pypitest.Fault{Path: "/files/*/*", Kind: pypitest.Status, Code: 503, RetryAfter: time.Second, Times: 2},
		pypitest.Fault{Path: "/files/*/*", Kind: pypitest.Corrupt, Times: 1},
		pypitest.Fault{Path: "/files/*/*", Kind: pypitest.Hang, Times: 1},
		pypitest.Fault{Path: "/files/*/*", Kind: pypitest.Stall, Times: 1},
	)
	data := t.TempDir()
	up := startUp(t, "--until-idle", "--data", data, "--index", index, "--ranking", ranking, "--progress", "none", "--timeout", "2s")
	up.end(exitOK)
	want[corrupt] = "unanalysed wrong-hash"
	want[gone] = "unanalysed file-gone"
	want[pageless] = "empty no-project"
	if diff := cmp.Diff(want, projectsOf(t, data)); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	if len(up.logged("index request is tried again")) == 0 {
		t.Errorf("nothing was said about what was tried again:\n%s", strings.Join(up.seen, "\n"))
	}
}

// undisturbedData is the data folder of a crawl that nothing happens to.
func undisturbedData(t *testing.T, index, ranking string) string {
	t.Helper()
	data := t.TempDir()
	output(t, prevalenceCommand(t, "up", "--until-idle", "--data", data, "--index", index, "--ranking", ranking,
		"--progress", "none", "--log-level", "error"))
	return data
}

// projectsOf maps each project of a data folder to its outcome and reason.
func projectsOf(t *testing.T, data string) map[string]string {
	t.Helper()
	var listed []struct{ Project, Outcome, Why string }
	out := output(t, prevalenceCommand(t, "query", "projects", "--format", "json", "--data", data))
	if err := json.Unmarshal([]byte(out), &listed); err != nil {
		t.Fatal(err)
	}
	found := make(map[string]string)
	for _, p := range listed {
		found[p.Project] = strings.TrimSpace(p.Outcome + " " + p.Why)
	}
	return found
}

// TestProgress: lines where nobody watches, bars on a terminal or on demand.
func TestProgress(t *testing.T) {
	for mode, want := range map[string]string{"auto": "progress:  scanned 3/7\n", "lines": "progress:  scanned 3/7\n", "none": "", "bar": "3 / 7"} {
		r, w := io.Pipe()
		got := make(chan string)
		go func() {
			b, err := io.ReadAll(r)
			if err != nil {
				t.Error(err)
			}
			got <- string(b)
		}()
		p := newProgress(w, mode)
		p.meter("scanned")(3, 7)
		if mode == "bar" {
			time.Sleep(500 * time.Millisecond) // two refreshes
		}
		p.close()
		_ = w.Close()
		if text := <-got; mode != "bar" && text != want || !strings.Contains(text, want) {
			t.Errorf("%s: %q, want %q", mode, text, want)
		}
	}
}

// TestEngineRun: roles find the services of a data folder by themselves.
func TestEngineRun(t *testing.T) {
	t.Parallel()
	_, _, index, ranking := serve(t, 30, pypitest.LikePyPI)
	data := undisturbedData(t, index, ranking)
	run := prevalenceCommand(t, "engine", "run", "--data", data, "--log-level", "error")
	out, err := run.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.Contains(line, "broker nats://") {
		t.Fatalf("%q, %v", line, err)
	}
	checkFormats(t, data, filepath.Dir(ranking))
	if err := run.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := run.Wait(); err != nil {
		t.Errorf("engine run ended with %v", err)
	}
}
