// Command prevalence says how common every behaviour is among the packages of
// a Python package index. The one binary plays every role; a file here holds
// one command.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"prevalence/internal/engine"
)

func main() {
	engine.RunIfChild()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run executes one command line and returns the exit code. It prints at most
// one line about an error.
func run(ctx context.Context, args []string, in *os.File, out, errs *os.File) int {
	a := &app{in: in, out: out, errs: errs}
	root := a.rootCommand() //nolint:contextcheck // commands get it from ExecuteContext
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errs)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	code := exitCode(ctx, err)
	if line := errorLine(err); line != "" && code != exitInterrupted {
		_, _ = fmt.Fprintf(errs, "prevalence: %s\n", line)
	}
	return code
}
