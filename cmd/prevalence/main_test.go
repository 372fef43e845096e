package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"prevalence/internal/engine"
)

// asCommand makes this test binary the prevalence command, so that tests run
// real processes, race detector included, without building a second binary.
const asCommand = envPrefix + "CHILD_COMMAND"

func TestMain(m *testing.M) {
	engine.RunIfChild()
	if os.Getenv(asCommand) != "" {
		main()
	}
	os.Exit(m.Run())
}

// prevalenceCommand is a process of this test binary acting as the command.
func prevalenceCommand(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return commandOf(t, self, args...)
}

// commandOf is a process of the given binary with an environment of its own:
// no settings of whoever runs the tests, and a home that is thrown away but
// for the cached engine.
func commandOf(t *testing.T, binary string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary, args...)
	home := t.TempDir()
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, envPrefix) && !strings.HasPrefix(entry, "XDG_") {
			cmd.Env = append(cmd.Env, entry)
		}
	}
	cmd.Env = append(cmd.Env, asCommand+"=1", "XDG_DATA_HOME="+home, "XDG_CONFIG_HOME="+home)
	if library, err := engine.LibraryPath(); err == nil {
		cmd.Env = append(cmd.Env, "XDG_CACHE_HOME="+filepath.Dir(filepath.Dir(filepath.Dir(library))))
	}
	return cmd
}

// output runs a command to its end and returns what it printed. It fails the
// test when the command fails.
func output(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(cmd.Args[1:], " "), err, errs.String())
	}
	return string(out)
}

// failure runs a command that must fail and returns its exit code and what it
// said about it.
func failure(t *testing.T, cmd *exec.Cmd) (code int, errs string) {
	t.Helper()
	var b strings.Builder
	cmd.Stderr = &b
	err := cmd.Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		t.Fatalf("%s: %v, and it must fail", strings.Join(cmd.Args[1:], " "), err)
	}
	return exit.ExitCode(), b.String()
}
