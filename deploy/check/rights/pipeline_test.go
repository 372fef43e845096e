package rights_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"prevalence/internal/engine/enginetest"
	"prevalence/internal/pypi/pypitest"
)

var update = flag.Bool("update", false, "write the list of metrics anew")

func TestMain(m *testing.M) { enginetest.Main(m) }

const projects = 60

// role is one process of the pipeline.
type role struct {
	cmd     *exec.Cmd
	metrics string
	mu      sync.Mutex
	said    bytes.Buffer
}

func (r *role) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.said.Write(p)
}

func (r *role) text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.said.String()
}

// place is where the servers are.
type place struct{ binary, nats, clickhouse, index, ranking string }

// command is a process of ours: what it needs to know, and nothing else.
func (p place) command(ctx context.Context, home string, env []string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, p.binary, args...)
	cmd.Env = append([]string{"HOME=" + home, "PATH=" + os.Getenv("PATH"), "PREVALENCE_PROGRESS=none"}, env...)
	return cmd
}

// natsEnv are the settings of one who logs in at the broker with a file.
func (p place) natsEnv(t *testing.T, user string) []string {
	return []string{"PREVALENCE_NATS=" + p.nats, "PREVALENCE_NATS_USER=" + user,
		"PREVALENCE_NATS_PASSWORD_FILE=" + secretFile(t, "NATS_PASSWORD_"+strings.ToUpper(user))}
}

// clickhouseEnv are the same for the database; the password is in the environment.
func (p place) clickhouseEnv(user string) []string {
	return []string{"PREVALENCE_CLICKHOUSE=" + p.clickhouse, "PREVALENCE_CLICKHOUSE_USER=prevalence_" + user,
		"PREVALENCE_CLICKHOUSE_PASSWORD=" + secrets[strings.ToUpper(user)]}
}

func (p place) start(t *testing.T, env []string, args ...string) *role {
	t.Helper()
	r := &role{metrics: freeAddress(t)}
	r.cmd = p.command(context.WithoutCancel(t.Context()), t.TempDir(), append(env, "PREVALENCE_METRICS="+r.metrics), args...)
	r.cmd.Stdout, r.cmd.Stderr = r, r
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = r.cmd.Process.Signal(syscall.SIGTERM)
		_ = r.cmd.Wait()
		if t.Failed() {
			t.Logf("%v:\n%s", args, r.text())
		}
	})
	return r
}

// run runs a command to its end and returns what it printed.
func (p place) run(t *testing.T, env []string, args ...string) string {
	t.Helper()
	cmd := p.command(t.Context(), t.TempDir(), env, args...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s", args, err, errs.String())
	}
	return string(out)
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// TestPipeline crawls an index with every role under its own account. Nothing
// may be refused, no secret may be seen in arguments, logs or metrics, every
// role tells its metrics, and the status comes within a second.
func TestPipeline(t *testing.T) {
	u, err := pypitest.New(pypitest.Config{Projects: projects})
	if err != nil {
		t.Fatal(err)
	}
	index, stop, err := pypitest.NewServer(u, pypitest.LikePyPI).Start(context.WithoutCancel(t.Context()), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	p := place{binary: build(t), index: index, ranking: t.TempDir() + "/ranking.json"}
	if err := os.WriteFile(p.ranking, u.RankingJSON(), 0o600); err != nil {
		t.Fatal(err)
	}
	p.nats, p.clickhouse = natsServer(t), clickhouse(t, p.binary)
	p.run(t, p.clickhouseEnv("owner"), "migrate")

	roles := map[string]*role{
		"crawler": p.start(t, append(p.natsEnv(t, "crawler"), "PREVALENCE_INDEX="+p.index, "PREVALENCE_RANKING="+p.ranking),
			"crawl", "--follow", "--every", "2s"),
	}
	await(t, "the first sweep", func() bool { return strings.Contains(roles["crawler"].text(), "sweep published") })
	roles["worker"] = p.start(t, append(p.natsEnv(t, "worker"), "PREVALENCE_INDEX="+p.index,
		"PREVALENCE_EMAIL_KEY_FILE="+secretFile(t, "EMAIL_KEY")), "work")
	roles["aggregator"] = p.start(t, append(p.natsEnv(t, "aggregator"), p.clickhouseEnv("writer")...), "aggregate", "--snapshot-every", "1s")

	reader := append(p.natsEnv(t, "reader"), p.clickhouseEnv("reader")...)
	var status struct {
		Current bool
		Backlog *struct{ Jobs, JobsOut, Scans, Dead uint64 }
	}
	var took time.Duration
	await(t, "a snapshot that covers all", func() bool {
		began := time.Now()
		out := p.run(t, reader, "status", "--format", "json")
		took = time.Since(began)
		if err := json.Unmarshal([]byte(out), &status); err != nil {
			t.Fatalf("status: %v\n%s", err, out)
		}
		return status.Current
	})
	if took > time.Second && !race {
		t.Errorf("the status took %v, and must come within a second", took)
	}
	if status.Backlog == nil || status.Backlog.Dead != 0 {
		t.Errorf("backlog %+v, want one without dead letters", status.Backlog)
	}
	if table := p.run(t, reader, "query", "top", "--format", "csv"); !strings.Contains(table, "network/http-client") {
		t.Errorf("the reader sees no table:\n%s", table)
	}

	await(t, "look at the broker after the crawl", func() bool {
		page := get(t, "http://"+roles["aggregator"].metrics+"/metrics")
		return regexp.MustCompile(`(?m)^prevalence_queue_jobs\{state="waiting"\} 0$`).MatchString(page) &&
			regexp.MustCompile(`(?m)^prevalence_queue_jobs\{state="out"\} 0$`).MatchString(page)
	})
	names := make(map[string]bool)
	for name, r := range roles {
		page := get(t, "http://"+r.metrics+"/metrics")
		for _, m := range regexp.MustCompile(`(?m)^# TYPE (\S+) (\S+)`).FindAllStringSubmatch(page, -1) {
			if strings.HasPrefix(m[1], "go_") || strings.HasPrefix(m[1], "promhttp_") {
				continue
			}
			if names[m[1]] = true; m[2] == "histogram" {
				names[m[1]+"_bucket"], names[m[1]+"_sum"], names[m[1]+"_count"] = true, true, true
			}
		}
		if strings.TrimSpace(get(t, "http://"+r.metrics+"/healthz")) != "ok" {
			t.Errorf("%s is not healthy", name)
		}
		line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", r.cmd.Process.Pid))
		if err != nil {
			t.Fatal(err)
		}
		for variable, secret := range secrets {
			for where, text := range map[string]string{"arguments": string(line), "log": r.text(), "metrics": page} {
				if strings.Contains(text, secret) {
					t.Errorf("%s: the secret %s is in its %s", name, variable, where)
				}
			}
		}
		if log := strings.ToLower(r.text()); strings.Contains(log, "permissions violation") || strings.Contains(log, "level=error") {
			t.Errorf("%s was refused something", name)
		}
		for _, project := range u.Projects {
			if strings.Contains(page, project.Name) {
				t.Errorf("%s: its metrics name the project %s", name, project.Name)
				break
			}
		}
	}
	checkMetrics(t, slices.Sorted(maps.Keys(names)))
	worker := get(t, "http://"+roles["worker"].metrics+"/metrics")
	if !regexp.MustCompile(`(?m)^prevalence_worker_scans_total\{outcome="ok"\} [1-9]`).MatchString(worker) {
		t.Errorf("the worker counted no scan:\n%s", worker)
	}
	for _, name := range []string{"worker", "crawler"} { // they would take the jobs of what follows
		_ = roles[name].cmd.Process.Signal(syscall.SIGTERM)
		_, _ = roles[name].cmd.Process.Wait()
	}
	t.Run("seldom", func(t *testing.T) { seldom(t, p.nats) })
	t.Run("broker", func(t *testing.T) { refusedByBroker(t, p.nats) })
	t.Run("database", func(t *testing.T) { refusedByDatabase(t, p.clickhouse) })
}

// checkMetrics compares the metrics that the roles told with the list that
// dashboards and alerts are checked against.
func checkMetrics(t *testing.T, names []string) {
	t.Helper()
	const file = "../metrics.txt"
	if *update {
		if err := os.WriteFile(file, []byte(strings.Join(names, "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(strings.Fields(read(t, file)), names); diff != "" {
		t.Errorf("metrics.txt is not what the roles tell; run with -update (-file +told):\n%s", diff)
	}
}

func await(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		if is() {
			return
		}
	}
	t.Fatalf("no %s within two minutes", what)
}

func get(t *testing.T, url string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	defer http.DefaultClient.CloseIdleConnections()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d, %v", url, resp.StatusCode, err)
	}
	return string(b)
}
