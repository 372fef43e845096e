package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"prevalence/internal/pypi/pypitest"
)

// killProjects is the size of the index that the kill tests crawl.
const killProjects = 150

// maxKills is how many processes of a crawl are killed.
const maxKills = 12

// killed is one crawl by separate processes, of which workers and the
// aggregator are killed now and then.
type killed struct {
	t      *testing.T
	binary string // plays every role
	data   string
	flags  []string // of every role
	roles  map[string]*exec.Cmd
	kills  int
}

// TestKill kills workers, aggregators and whole "up"s with SIGKILL at random
// moments and demands the table of an undisturbed crawl. That it can fail is
// shown with an acknowledgement in the wrong place (two build tags): then some
// seed must give another table.
func TestKill(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	index, ranking := serveUniverse(t, killProjects)
	want := undisturbed(t, index, ranking)
	for seed := range uint64(2) {
		t.Run(fmt.Sprintf("seed%d", seed), func(t *testing.T) {
			t.Parallel()
			got, kills := disturbed(t, self, index, ranking, seed)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("after %d kills the table is another one (-undisturbed +killed):\n%s", kills, diff)
			}
			t.Logf("%d kills, same table", kills)
		})
	}
	// A scan that is acknowledged before it is inserted is no longer lost here: an
	// aggregator that dies with empty tables replays SCANS. "make chaos-planted"
	// shows that fault.
	for _, fault := range []string{"plant_ack_before_publish"} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			noticesPlanted(t, fault, index, ranking, want)
		})
	}
	t.Run("up", func(t *testing.T) {
		t.Parallel()
		killUp(t, index, ranking, want)
	})
}

// noticesPlanted demands that one of a few seeds notices a planted fault.
func noticesPlanted(t *testing.T, fault, index, ranking, want string) {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "prevalence")
	build := exec.CommandContext(t.Context(), "go", "build", "-tags", fault, "-o", binary, ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	const seeds = 8
	for seed := range uint64(seeds) {
		if got, kills := disturbed(t, binary, index, ranking, seed); got != want {
			t.Logf("seed %d notices it after %d kills", seed, kills)
			return
		}
	}
	t.Errorf("%d seeds gave the right table with the fault planted: the kill test sees nothing", seeds)
}

// killUp kills the whole of "up" a few times and starts it again.
func killUp(t *testing.T, index, ranking, want string) {
	t.Helper()
	data := t.TempDir()
	args := []string{"up", "--until-idle", "--data", data, "--index", index, "--ranking", ranking, "--progress", "none", "--log-level", "error"}
	for _, after := range []time.Duration{600 * time.Millisecond, 1200 * time.Millisecond, 1800 * time.Millisecond} {
		up := prevalenceCommand(t, args...)
		if err := up.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(after)
		_ = up.Process.Kill()
		_ = up.Wait()
	}
	output(t, prevalenceCommand(t, args...))
	if diff := cmp.Diff(want, tableOf(t, data)); diff != "" {
		t.Errorf("the table is another one (-undisturbed +killed):\n%s", diff)
	}
}

// serveUniverse serves a generated index whose files come slowly enough that a
// kill finds work under way, and writes its ranking to a file.
func serveUniverse(t *testing.T, projects int) (url, ranking string) {
	t.Helper()
	_, server, url, ranking := serve(t, projects, pypitest.LikePyPI)
	server.Plan(pypitest.Fault{Path: "/files/*/*", Kind: pypitest.Latency, Delay: 40 * time.Millisecond})
	return url, ranking
}

// serve serves a generated index and writes its ranking to a file.
func serve(t *testing.T, projects int, style pypitest.Style) (u *pypitest.Universe, server *pypitest.Server, url, ranking string) {
	t.Helper()
	u, err := pypitest.New(pypitest.Config{Projects: projects})
	if err != nil {
		t.Fatal(err)
	}
	server = pypitest.NewServer(u, style)
	url, stop, err := server.Start(context.WithoutCancel(t.Context()), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	ranking = filepath.Join(t.TempDir(), "ranking.json")
	if err := os.WriteFile(ranking, u.RankingJSON(), 0o600); err != nil {
		t.Fatal(err)
	}
	return u, server, url, ranking
}

// undisturbed is the table of a crawl that nothing happens to.
func undisturbed(t *testing.T, index, ranking string) string {
	t.Helper()
	data := t.TempDir()
	output(t, prevalenceCommand(t, "up", "--until-idle", "--data", data, "--index", index, "--ranking", ranking,
		"--progress", "none", "--log-level", "error"))
	return tableOf(t, data)
}

// tableOf is the whole table and all outcomes of a data folder.
func tableOf(t *testing.T, data string) string {
	t.Helper()
	return output(t, prevalenceCommand(t, "query", "top", "--all", "--by", "id", "--format", "csv", "--data", data)) +
		output(t, prevalenceCommand(t, "query", "projects", "--format", "csv", "--data", data))
}

// disturbed crawls by separate processes and kills some of them.
func disturbed(t *testing.T, binary, index, ranking string, seed uint64) (result string, kills int) {
	t.Helper()
	k := &killed{t: t, binary: binary, data: t.TempDir(), roles: make(map[string]*exec.Cmd)}
	k.flags = []string{"--data", k.data, "--log-level", "error"}
	defer k.stop()
	k.start("engine run")
	k.awaitServices()
	work := []string{"--index", index, "--ack-wait", "2s"}
	k.start("aggregate", "--snapshot-every", "1s")
	k.start("work", work...)
	output(t, k.command("crawl", "--index", index, "--ranking", ranking, "--progress", "none"))

	random := rand.New(rand.NewPCG(seed, 1))
	for k.kills < maxKills {
		time.Sleep(time.Duration(100+random.IntN(500)) * time.Millisecond)
		if random.IntN(2) == 0 {
			k.kill("work")
			k.start("work", work...)
		} else {
			k.kill("aggregate")
			k.start("aggregate", "--snapshot-every", "1s")
		}
	}
	k.awaitIdle()
	return k.table(), k.kills
}

// table is the same as tableOf, asked while the services run.
func (k *killed) table() string {
	k.t.Helper()
	return output(k.t, k.command("query top", "--all", "--by", "id", "--format", "csv")) +
		output(k.t, k.command("query projects", "--format", "csv"))
}

func (k *killed) command(role string, args ...string) *exec.Cmd {
	k.t.Helper()
	return commandOf(k.t, k.binary, append(append(strings.Fields(role), args...), k.flags...)...)
}

// start starts a role as a process of its own.
func (k *killed) start(role string, args ...string) {
	k.t.Helper()
	cmd := k.command(role, args...)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		k.t.Fatal(err)
	}
	k.roles[role] = cmd
}

func (k *killed) kill(role string) {
	_ = k.roles[role].Process.Kill()
	_ = k.roles[role].Wait()
	delete(k.roles, role)
	k.kills++
}

// stop ends every process, the services last.
func (k *killed) stop() {
	for _, role := range []string{"work", "aggregate", "engine run"} {
		if cmd := k.roles[role]; cmd != nil {
			_ = cmd.Process.Signal(syscall.SIGTERM)
			_ = cmd.Wait()
		}
	}
}

func (k *killed) awaitServices() {
	k.t.Helper()
	for range 300 {
		if _, err := findServices(k.data); err == nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	k.t.Fatal("the services did not start")
}

// awaitIdle waits until a published snapshot stands for every job.
func (k *killed) awaitIdle() {
	k.t.Helper()
	var last string
	for range 120 {
		last = output(k.t, k.command("status", "--format", "json"))
		var v struct{ Current bool }
		if err := json.Unmarshal([]byte(last), &v); err != nil {
			k.t.Fatal(err)
		}
		if v.Current {
			return
		}
		time.Sleep(250 * time.Millisecond)
	}
	k.t.Fatalf("the crawl did not come to an end:\n%s", last)
}
