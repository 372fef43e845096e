package sandbox

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// childEnv makes the test binary the process in the sandbox.
const childEnv = "TEST_SANDBOX_CHILD"

func TestMain(m *testing.M) {
	switch os.Getenv(childEnv) {
	case "attempts":
		child()
		os.Exit(0)
	case "memory":
		glutton()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// attempt is something that the process in the sandbox tries.
type attempt struct {
	name    string
	refused func(State) bool // by a kernel that can so much; nil: never
	try     func(at place) error
}

func calls(s State) bool { return s.Seccomp }
func paths(s State) bool { return s.Landlock >= 1 }
func ports(s State) bool { return s.Landlock >= PortsABI }
func scope(s State) bool { return s.Landlock >= 6 }
func always(State) bool  { return true }

// place is where the attempts find what they are about.
type place struct {
	dir          string // may be read
	elsewhere    string // may not
	allowed, not string // addresses of servers
}

// onThreads runs fn on a thread of its own, which the sandbox must hold as well.
func onThreads(fn func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		done <- fn()
	}()
	return <-done
}

func dial(network, address string) error {
	c, err := new(net.Dialer).DialContext(context.Background(), network, address)
	if err != nil {
		return err
	}
	return c.Close()
}

func attempts() []attempt {
	raw := func(domain, kind, protocol int) error {
		fd, err := syscall.Socket(domain, kind, protocol)
		if err == nil {
			return syscall.Close(fd)
		}
		return err
	}
	return []attempt{
		{"read a file that is named", nil, func(at place) error { _, err := os.ReadFile(filepath.Join(at.dir, "file")); return err }},
		{"list a folder that is named", nil, func(at place) error { _, err := os.ReadDir(at.dir); return err }},
		{"ask an allowed port", nil, func(at place) error {
			r, err := http.Get("http://" + at.allowed) //nolint:noctx // a child that has nothing else to do
			if err != nil {
				return err
			}
			return r.Body.Close()
		}},
		{"look up a name", nil, func(place) error { _, err := net.LookupHost("localhost"); return err }}, //nolint:noctx // as above
		{"start threads", nil, func(place) error { return onThreads(func() error { return nil }) }},

		{"read a file elsewhere", paths, func(at place) error { _, err := os.ReadFile(at.elsewhere); return err }},
		{"read the environment of the parent", paths, func(place) error { _, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", os.Getppid())); return err }},
		{"create a file", calls, func(at place) error { return os.WriteFile(filepath.Join(at.dir, "new"), []byte("x"), 0o600) }},
		{"create a file in the temporary folder", calls, func(place) error { _, err := os.CreateTemp("", "x"); return err }},
		{"create a file on another thread", calls, func(at place) error {
			return onThreads(func() error { return os.WriteFile(filepath.Join(at.dir, "new"), nil, 0o600) })
		}},
		{"append to a file", calls, func(at place) error {
			f, err := os.OpenFile(filepath.Join(at.dir, "file"), os.O_APPEND|os.O_WRONLY, 0)
			if err == nil {
				return f.Close()
			}
			return err
		}},
		{"empty a file", calls, func(at place) error { return os.Truncate(filepath.Join(at.dir, "file"), 0) }},
		{"remove a file", calls, func(at place) error { return os.Remove(filepath.Join(at.dir, "file")) }},
		{"rename a file", calls, func(at place) error { return os.Rename(filepath.Join(at.dir, "file"), filepath.Join(at.dir, "other")) }},
		{"change a file's mode", calls, func(at place) error { return os.Chmod(filepath.Join(at.dir, "file"), 0o777) }},
		{"make a folder", calls, func(at place) error { return os.Mkdir(filepath.Join(at.dir, "folder"), 0o700) }},
		{"make a link", calls, func(at place) error { return os.Symlink("/etc/passwd", filepath.Join(at.dir, "link")) }},
		{"start a program", calls, func(place) error { return exec.CommandContext(context.Background(), "/bin/true").Run() }},
		{"start this program", calls, func(place) error { return exec.CommandContext(context.Background(), "/proc/self/exe").Run() }},
		{"become another program", calls, func(place) error { return syscall.Exec("/bin/true", []string{"true"}, nil) }},
		{"fork", calls, func(place) error {
			pid, _, errno := syscall.RawSyscall(syscall.SYS_CLONE, uintptr(syscall.SIGCHLD), 0, 0)
			switch {
			case errno != 0:
				return errno
			case pid == 0:
				syscall.RawSyscall(syscall.SYS_EXIT_GROUP, 0, 0, 0) //nolint:errcheck // it does not return
			}
			return nil
		}},
		{"connect to another port", ports, func(at place) error { return dial("tcp", at.not) }},
		{"connect to another port by Multipath TCP", calls, func(at place) error { return raw(syscall.AF_INET, syscall.SOCK_STREAM, 262) }},
		{"send with the handshake", calls, func(at place) error {
			fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
			if err != nil {
				return fmt.Errorf("no socket at all: %s", err.Error())
			}
			defer func() { _ = syscall.Close(fd) }()
			_, port, _ := net.SplitHostPort(at.not)
			n, _ := strconv.Atoi(port)
			return syscall.Sendto(fd, []byte("x"), 0x20000000, &syscall.SockaddrInet4{Port: n, Addr: [4]byte{127, 0, 0, 1}})
		}},
		{"listen", ports, func(place) error {
			l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
			if err == nil {
				return l.Close()
			}
			return err
		}},
		{"open a local socket", calls, func(place) error { return raw(syscall.AF_UNIX, syscall.SOCK_STREAM, 0) }},
		{"open a packet socket", calls, func(place) error { return raw(syscall.AF_PACKET, syscall.SOCK_RAW, 0) }},
		{"signal the parent", scope, func(place) error { return syscall.Kill(os.Getppid(), 0) }},
		{"leave for another namespace", calls, func(place) error { return syscall.Unshare(syscall.CLONE_NEWUSER) }},
		{"enter twice", always, func(place) error {
			_, err := Enter(Policy{})
			if errors.Is(err, ErrEntered) {
				return fs.ErrPermission
			}
			return err
		}},
	}
}

// child enters the sandbox and tells how each attempt went.
func child() {
	at := place{os.Getenv("TEST_DIR"), os.Getenv("TEST_ELSEWHERE"), os.Getenv("TEST_ALLOWED"), os.Getenv("TEST_NOT")}
	_, port, _ := net.SplitHostPort(at.allowed)
	n, _ := strconv.ParseUint(port, 10, 16)
	state, err := Enter(Policy{Connect: []uint16{uint16(n)}, Read: []string{at.dir}})
	fmt.Printf("state\t%d\t%v\t%v\n", state.Landlock, state.Seccomp, err)
	fmt.Printf("metric\t%s\n", inForce())
	for _, a := range attempts() {
		err := a.try(at)
		how := "done"
		switch {
		case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EPERM), errors.Is(err, syscall.EACCES):
			how = "refused"
		case err != nil:
			how = "failed: " + err.Error()
		}
		fmt.Printf("%s\t%s\n", a.name, how)
	}
}

// TestEnter has a process in the sandbox try everything that it must not do,
// and some of what it must.
func TestEnter(t *testing.T) {
	can := Status()
	server := func() string {
		s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		t.Cleanup(s.Close)
		return strings.TrimPrefix(s.URL, "http://")
	}
	dir, elsewhere := t.TempDir(), filepath.Join(t.TempDir(), "secret")
	for _, f := range []string{filepath.Join(dir, "file"), elsewhere} {
		if err := os.WriteFile(f, []byte("as it was"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"=attempts", "TEST_DIR="+dir, "TEST_ELSEWHERE="+elsewhere, "TEST_ALLOWED="+server(), "TEST_NOT="+server())
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	told := make(map[string]string)
	for s := bufio.NewScanner(strings.NewReader(string(out))); s.Scan(); {
		name, how, _ := strings.Cut(s.Text(), "\t")
		told[name] = how
	}
	if want := fmt.Sprintf("%d\t%v\t<nil>", can.Landlock, can.Seccomp); told["state"] != want {
		t.Errorf("in force: %q, want what the kernel can: %q", told["state"], want)
	}
	if why := can.Missing(); why != "" && os.Getenv("CI") != "" {
		t.Errorf("where all must be shown, the kernel cannot enforce all: %s", why)
	} else if why != "" {
		t.Log(why)
	}
	if want := fmt.Sprintf("files=%v ports=%v processes=%v", can.Files(), can.Ports(), can.Processes()); told["metric"] != want {
		t.Errorf("the metric says %q, want %q", told["metric"], want)
	}
	if got := inForce(); got != "files=false ports=false processes=false" {
		t.Errorf("outside, the metric says %q", got)
	}
	for _, a := range attempts() {
		want := "done"
		if a.refused != nil && a.refused(can) {
			want = "refused"
		}
		if got := told[a.name]; got != want {
			t.Errorf("%s: %s, want %s", a.name, got, want)
		}
	}
	if b, err := os.ReadFile(filepath.Join(dir, "file")); err != nil || string(b) != "as it was" {
		t.Errorf("the file holds %q, %v", b, err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("the folder holds %v, %v", entries, err)
	}
}

// glutton takes more memory than it may have.
func glutton() {
	enforced, err := LimitMemory(64<<20, 512<<20)
	fmt.Println("limited", enforced, err)
	if !enforced {
		return
	}
	var all [][]byte
	for range 64 {
		b := make([]byte, 16<<20)
		for i := 0; i < len(b); i += 4096 {
			b[i] = 1
		}
		all = append(all, b)
	}
	fmt.Println("held", len(all))
}

// TestLimitMemory has a process die that takes more than the hard limit.
func TestLimitMemory(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"=memory")
	out, err := cmd.CombinedOutput()
	switch {
	case raceEnabled:
		if err != nil || string(out) != "limited false <nil>\n" {
			t.Errorf("%v\n%s", err, out)
		}
	case err == nil || !strings.Contains(string(out), "limited true") || !strings.Contains(string(out), "out of memory") || strings.Contains(string(out), "held"):
		t.Errorf("%v\n%s", err, out)
	}
}

// inForce is what the metric says.
func inForce() string {
	r := prometheus.NewRegistry()
	if err := Register(r); err != nil {
		return err.Error()
	}
	families, err := r.Gather()
	if err != nil || len(families) != 1 || families[0].GetName() != "prevalence_sandbox_in_force" {
		return fmt.Sprint(families, err)
	}
	var out []string
	for _, m := range families[0].GetMetric() {
		out = append(out, fmt.Sprintf("%s=%v", m.GetLabel()[0].GetValue(), m.GetGauge().GetValue() == 1))
	}
	return strings.Join(out, " ")
}
