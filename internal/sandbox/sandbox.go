// Package sandbox takes from a process the rights that it does not need, for
// good: after Enter it cannot write or change a file, start a process, open
// another kind of socket than TCP and UDP over IP, or connect by TCP to other
// ports than those that it named; and it reads no other files.
//
// Two parts of the kernel do it, each checked for on its own. Landlock limits
// what is read, written and executed, and the ports. Seccomp refuses system
// calls, from which follows once more that nothing is written or started, and
// which closes what Landlock leaves open: other kinds of sockets (Multipath TCP
// is none of its business), modes and owners of files, new namespaces. Both hold
// for every thread and for what these start. There is no way back.
//
// Landlock knows ports and no hosts, and UDP stays open for names of hosts: a
// firewall or a network policy has to do that.
package sandbox

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
)

// Policy is what stays allowed.
type Policy struct {
	// Connect are the TCP ports that may be connected to, at any host. None is
	// none. What listens must do so before Enter.
	Connect []uint16
	// Read are files and folders, with all below, that may be read beside those
	// that every program needs (see SystemPaths). What does not exist is ignored.
	Read []string
}

// SystemPaths are what may always be read: names of hosts and certificates,
// libraries, time zones, and this process's own state.
func SystemPaths() []string {
	return []string{
		"/etc", "/run/systemd/resolve", "/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/share/zoneinfo",
		"/usr/share/ca-certificates", "/usr/local/share/ca-certificates", "/proc/self", "/sys/fs/cgroup", "/dev/null", "/dev/urandom",
	}
}

// PortsABI is the version of Landlock that knows TCP ports: Linux 6.7.
const PortsABI = 4

// State says what a kernel can enforce, or what is in force. The zero value is
// nothing.
type State struct {
	// Landlock is the version of its ABI; 0 where the kernel has none, or has it
	// switched off (the lsm= argument of the kernel).
	Landlock int
	// Seccomp is true where system calls can be filtered, on this architecture.
	Seccomp bool
}

// Files reports whether writing, and reading what was not named, is refused.
func (s State) Files() bool { return s.Landlock >= 1 && s.Seccomp }

// Ports reports whether TCP connections to ports that were not named are refused.
func (s State) Ports() bool { return s.Landlock >= PortsABI && s.Seccomp }

// Processes reports whether starting a process is refused.
func (s State) Processes() bool { return s.Seccomp }

// Complete reports whether all of it is enforced.
func (s State) Complete() bool { return s.Files() && s.Ports() && s.Processes() }

// Missing says in one line what is not enforced and why; empty when all is.
func (s State) Missing() string {
	var out []string
	switch {
	case s.Landlock == 0:
		out = append(out, "files and TCP ports are not limited: this kernel has no Landlock, or has it switched off (lsm=…,landlock)")
	case s.Landlock < PortsABI:
		out = append(out, fmt.Sprintf("TCP ports are not limited: Landlock ABI %d of this kernel does not know them (Linux 6.7 does)", s.Landlock))
	}
	if !s.Seccomp {
		out = append(out, "starting processes is not refused: there is no seccomp here")
	}
	return strings.Join(out, "; ")
}

// String is what is in force, for a log line.
func (s State) String() string {
	if s == (State{}) {
		return "none"
	}
	seccomp := "no seccomp"
	if s.Seccomp {
		seccomp = "seccomp"
	}
	if s.Landlock == 0 {
		return seccomp
	}
	return fmt.Sprintf("Landlock ABI %d, %s", s.Landlock, seccomp)
}

// entered is the State of this process, once Enter was called.
var entered atomic.Pointer[State]

// InForce returns what Enter took from this process; the zero State before, or
// where it could take nothing.
func InForce() State {
	if s := entered.Load(); s != nil {
		return *s
	}
	return State{}
}

// ErrEntered says that this process is in a sandbox already.
var ErrEntered = errors.New("sandbox: this process is in one already")

// Enter takes everything from this process, now and for good, that p does not
// allow, as far as the kernel can; the State says how far. It is called once,
// before anything hostile is read; what it needs later (files, listeners) is
// opened before. An error is a mistake in p or a refusal of the kernel, and then
// a part may be in force.
func Enter(p Policy) (State, error) {
	none := State{}
	if !entered.CompareAndSwap(nil, &none) {
		return InForce(), ErrEntered
	}
	s, err := enter(p)
	entered.Store(&s)
	return s, err
}
