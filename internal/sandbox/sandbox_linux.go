package sandbox

import (
	"crypto/x509"
	"fmt"
	"os"
	"runtime"
	"slices"
	"time"

	"github.com/elastic/go-seccomp-bpf"
	"github.com/landlock-lsm/go-landlock/landlock"
	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"
	"golang.org/x/sys/unix"
)

// Status says what this kernel can enforce. It changes nothing.
func Status() State {
	s := State{Seccomp: seccomp.Supported()}
	if _, err := filters(); err != nil { // an architecture that the library does not know
		s.Seccomp = false
	}
	if v, err := ll.LandlockGetABIVersion(); err == nil {
		s.Landlock = v
	}
	return s
}

func enter(p Policy) (State, error) {
	// What is read on first use and not again would be refused later.
	_ = time.Now().Local().String()
	if _, err := x509.SystemCertPool(); err != nil {
		return State{}, fmt.Errorf("sandbox: certificates: %w", err)
	}
	can, got := Status(), State{}
	if can.Landlock > 0 {
		if err := limitPaths(p); err != nil {
			return got, fmt.Errorf("sandbox: landlock: %w", err)
		}
		got.Landlock = can.Landlock
	}
	if can.Seccomp {
		if err := refuseCalls(); err != nil {
			return got, fmt.Errorf("sandbox: seccomp: %w", err)
		}
		got.Seccomp = true
	}
	return got, nil
}

// limitPaths has Landlock refuse every access but reading what is named and
// connecting to the ports, and, from ABI 6 on, signals and abstract sockets
// that lead out of this process. UDP stays, for the sake of names of hosts.
func limitPaths(p Policy) error {
	paths := slices.Concat(SystemPaths(), p.Read)
	files := landlock.PathAccess(ll.AccessFSReadFile, paths...).IgnoreIfMissing()
	rules := []landlock.Rule{files}
	if folders := onlyFolders(paths); len(folders) > 0 {
		rules = append(rules, landlock.PathAccess(ll.AccessFSReadFile|ll.AccessFSReadDir, folders...).IgnoreIfMissing())
	}
	for _, port := range p.Connect {
		rules = append(rules, landlock.ConnectTCP(port))
	}
	return landlock.V9.BestEffort().Restrict(rules...)
}

// refuseCalls puts the filters of system calls on every thread.
func refuseCalls() error {
	all, err := filters()
	if err != nil {
		return err
	}
	runtime.LockOSThread() // no_new_privs and the filter are set by the same thread
	defer runtime.UnlockOSThread()
	for _, f := range all {
		if err := seccomp.LoadFilter(f); err != nil {
			return err
		}
	}
	return nil
}

// onlyFolders are those of the paths that are folders: the right to list a
// folder cannot be given on a file.
func onlyFolders(paths []string) []string {
	return slices.DeleteFunc(slices.Clone(paths), func(p string) bool {
		info, err := os.Stat(p)
		return err != nil || !info.IsDir()
	})
}

// limitData bounds what this process maps for itself (setrlimit(2)).
func limitData(bytes int64) (bool, error) {
	limit := unix.Rlimit{Cur: uint64(bytes), Max: uint64(bytes)}
	if err := unix.Setrlimit(unix.RLIMIT_DATA, &limit); err != nil {
		return false, fmt.Errorf("sandbox: memory limit: %w", err)
	}
	return true, nil
}
