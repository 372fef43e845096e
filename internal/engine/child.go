package engine

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"
)

// childArgs are the first arguments of a child process: the hidden command
// `prevalence engine child`.
const (
	childArg0 = "engine"
	childArg1 = "child"
)

// isChild reports whether this process was started as an engine child.
func isChild() bool {
	return len(os.Args) > 3 && os.Args[1] == childArg0 && os.Args[2] == childArg1
}

// RunIfChild turns this process into the engine and never returns, if
// StartClickHouse started it for that; otherwise it does nothing. Every main
// and TestMain of a program that calls StartClickHouse calls it before
// anything else:
//
//	func main() {
//		engine.RunIfChild()
//		…
//
// A program that forgets is told so: StartClickHouse in a child refuses.
func RunIfChild() {
	if isChild() {
		os.Exit(Child(os.Args[3:]))
	}
}

// Child is the engine process: it runs the library or binary args[0] as
// `clickhouse local` with the arguments args[1:] and returns an exit code. It
// exits at once when its standard input ends: its parent is gone.
// Interrupts from the terminal are ignored; they are the parent's to handle.
func Child(args []string) int {
	if len(args) == 0 {
		fmt.Fprintln(os.Stderr, "usage: prevalence engine child LIBRARY ARGUMENT…\nThis command is started by `prevalence up`, not by hand.")
		return 2
	}
	signal.Ignore(os.Interrupt, syscall.SIGHUP)
	location, err := Locate(args[0])
	if err == nil {
		switch location.Kind {
		case KindLibrary:
			err = runChildLibrary(location.Path, args[1:])
		case KindBinary:
			err = runChildBinary(location.Path, args[1:])
		}
	}
	if err == nil {
		err = errors.New("engine: the server ended by itself")
	}
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// runChildLibrary runs the library in this process, which exits when standard
// input ends. It returns when the engine has ended.
func runChildLibrary(path string, args []string) error {
	stdin := os.Stdin
	if master, slave, err := openTerminal(); err != nil {
		fmt.Fprintln(os.Stderr, err)
	} else {
		defer master.Close()
		if stdin, err = replaceStdin(slave); err != nil {
			return err
		}
		_ = slave.Close()
		args = append(args[:len(args):len(args)], "--interactive")
	}
	go func() {
		awaitEOF(stdin)
		os.Exit(0)
	}()
	return runLibrary(path, append([]string{"clickhouse"}, args...))
}

// runChildBinary runs the clickhouse binary and kills it when standard input
// ends. It returns when the binary has ended.
func runChildBinary(path string, args []string) error {
	// The kernel ties the death signal to the thread that starts the process.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd := exec.Command(path, append([]string{"local"}, args...)...) //nolint:noctx // it ends with our standard input
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if master, slave, err := openTerminal(); err != nil {
		fmt.Fprintln(os.Stderr, err)
	} else {
		defer master.Close()
		defer slave.Close()
		cmd.Stdin = slave
		cmd.Args = append(cmd.Args, "--interactive")
	}
	dieWithParent(cmd)
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("engine: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	gone := make(chan struct{})
	go func() {
		awaitEOF(os.Stdin)
		close(gone)
	}()
	select {
	case err := <-ended:
		return fmt.Errorf("engine: %s ended (%s)", path, state(err))
	case <-gone:
		_ = cmd.Process.Kill()
		<-ended    //nolint:errcheck // killed; waiting leaves the data folder free when we are gone
		os.Exit(0) //nolint:gocritic // nothing that is deferred here outlives the process
		return nil
	}
}

// awaitEOF returns when r is closed or broken.
func awaitEOF(r io.Reader) {
	_, _ = io.Copy(io.Discard, r)
}
