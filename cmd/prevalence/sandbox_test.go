package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"prevalence/internal/sandbox"
)

func TestWorkerPolicy(t *testing.T) {
	for _, k := range []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "NO_PROXY", "no_proxy"} {
		t.Setenv(k, "")
	}
	dir := t.TempDir()
	for _, c := range []struct {
		name   string
		config config
		broker string
		ports  []uint16
		read   []string
	}{
		{"public index", config{Index: "https://pypi.org/simple/"}, "nats://broker", []uint16{443, 4222}, nil},
		{"mirror", config{Index: "http://mirror.example:8080/simple/"}, "nats://127.0.0.1:40001", []uint16{8080, 40001}, nil},
		{"three brokers", config{Index: "http://mirror.example/simple/"}, "nats://a:4222, tls://b:4223,c", []uint16{80, 4222, 4223}, nil},
		{"WebSocket", config{Index: "https://pypi.org/simple/"}, "wss://broker.example", []uint16{443}, nil},
		{"files elsewhere", config{Index: "http://mirror.example:8080/simple/", SandboxPorts: []string{"9443", "443"}}, "nats://b", []uint16{443, 4222, 8080, 9443}, nil},
		{"folder", config{Index: dir, NATSCreds: filepath.Join(dir, "w.creds")}, "nats://b", []uint16{4222}, []string{dir, filepath.Join(dir, "w.creds")}},
		{"folder as a URL", config{Index: "file://" + dir}, "nats://b", []uint16{4222}, []string{dir}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := workerPolicy(&c.config, account{Address: c.broker})
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(sandbox.Policy{Connect: c.ports, Read: c.read}, p); d != "" {
				t.Error(d)
			}
		})
	}
	for _, port := range []string{"x", "0", "70000", "-1"} {
		if _, err := workerPolicy(&config{Index: dir, SandboxPorts: []string{port}}, account{}); err == nil || !strings.Contains(err.Error(), "sandbox-ports") {
			t.Errorf("port %s: %v", port, err)
		}
	}
}

func TestAdmitted(t *testing.T) {
	for _, c := range []struct {
		required bool
		can      sandbox.State
		refused  bool
	}{
		{true, sandbox.State{Landlock: 7, Seccomp: true}, false},
		{true, sandbox.State{Landlock: 3, Seccomp: true}, true},
		{true, sandbox.State{}, true},
		{false, sandbox.State{}, false},
	} {
		err := admitted(&config{RequireSandbox: c.required}, c.can)
		if (err != nil) != c.refused || err != nil && exitCode(t.Context(), err) != exitUsage {
			t.Errorf("required %v, %v: %v", c.required, c.can, err)
		}
	}
}

// TestUpSandboxesWorkers looks at the processes of a running "up": the workers
// are in a sandbox, the rest is not, and the workers do their work.
func TestUpSandboxesWorkers(t *testing.T) {
	if why := sandbox.Status().Missing(); why != "" && os.Getenv("CI") == "" {
		t.Skip(why)
	}
	index := t.TempDir()
	if err := os.WriteFile(filepath.Join(index, "demo-1.0.tar.gz"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	u := startUp(t, "--index", index, "--ranking", "none", "--data", t.TempDir(), "--progress", "none", "--require-sandbox", "--workers", "2")
	u.await("everything is counted", 2*time.Minute)
	inside := 0
	for _, pid := range childrenOf(u.Process.Pid) {
		line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if err != nil {
			t.Fatal(err)
		}
		want := seccompMode(t, "self")
		if strings.Contains(string(line), "\x00work\x00") {
			want = "2" // a filter
			inside++
		}
		if got := seccompMode(t, strconv.Itoa(pid)); got != want {
			t.Errorf("%q: seccomp mode %s, want %s", line, got, want)
		}
	}
	if inside != 2 {
		t.Errorf("%d workers are in a sandbox, want 2", inside)
	}
	u.interrupt()
	u.end(exitInterrupted)
	if n := len(u.logged("sandbox entered")); n != 2 {
		t.Errorf("%d workers said that they entered the sandbox, want 2", n)
	}
}

// seccompMode is how a process's system calls are filtered (proc(5)).
func seccompMode(t *testing.T, pid string) string {
	t.Helper()
	_, rest, _ := strings.Cut(readFile(t, "/proc/"+pid+"/status"), "\nSeccomp:\t")
	mode, _, _ := strings.Cut(rest, "\n")
	return mode
}
