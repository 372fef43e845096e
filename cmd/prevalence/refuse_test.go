package main

import (
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// ended is how one command ended.
type ended struct {
	code      int
	out, errs string
}

// runHere runs a command in this process, with a home of its own.
func runHere(t *testing.T, args ...string) ended {
	t.Helper()
	dir := t.TempDir()
	files := make([]*os.File, 3)
	for i, name := range []string{"in", "out", "errs"} {
		f, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		files[i] = f
	}
	code := run(t.Context(), args, files[0], files[1], files[2])
	return ended{code, readFile(t, files[1].Name()), readFile(t, files[2].Name())}
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// ownHome gives the test a home without settings or data, but for the cached engine.
func ownHome(t *testing.T) string {
	t.Helper()
	home := t.TempDir()
	t.Setenv("XDG_DATA_HOME", home)
	t.Setenv("XDG_CONFIG_HOME", home)
	return home
}

// refused demands one line that holds every word, nothing on the standard
// output, and the exit code.
func refused(t *testing.T, e ended, code int, words ...string) {
	t.Helper()
	if e.code != code {
		t.Errorf("exit code %d, want %d: %s", e.code, code, e.errs)
	}
	if e.out != "" {
		t.Errorf("standard output: %q", e.out)
	}
	if strings.Count(e.errs, "\n") != 1 || !strings.HasPrefix(e.errs, "prevalence: ") {
		t.Errorf("not one line:\n%s", e.errs)
	}
	for _, w := range words {
		if !strings.Contains(e.errs, w) {
			t.Errorf("%q does not say %q", e.errs, w)
		}
	}
}

// TestRefused gives the command what cannot work. Nothing may be started, and
// one line says what to write instead.
func TestRefused(t *testing.T) {
	home := ownHome(t)
	folder := filepath.Dir(writeFile(t, "demo-1.0.tar.gz", "x"))
	file := filepath.Join(folder, "demo-1.0.tar.gz")
	newer := filepath.Dir(writeFile(t, "FORMAT", "99\n"))
	foreign := filepath.Dir(writeFile(t, "FORMAT", "something else\n"))
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	taken := listener.Addr().String()
	held, err := openDataDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = held.close() }()

	fresh, err := openDataDir(t.TempDir()) // what an "up" leaves that was refused a moment later
	if err != nil {
		t.Fatal(err)
	}
	unused := fresh.path
	if err := fresh.close(); err != nil {
		t.Fatal(err)
	}

	up := func(args ...string) []string { return append([]string{"up", "--index", folder}, args...) }
	for _, c := range []struct {
		name  string
		args  []string
		code  int
		words []string
	}{
		{"unknown key", []string{"config", "--config", writeFile(t, "c.yaml", "indx: x\n")}, exitUsage, []string{`unknown key "indx"`, `did you mean "index"`}},
		{"nested key", []string{"config", "--config", writeFile(t, "c.yaml", "slots:\n  a: 1\n")}, exitUsage, []string{`unknown key "slots.a"`}},
		{"key of another type", []string{"config", "--config", writeFile(t, "c.yaml", "slots: many\n")}, exitUsage, []string{"slots", "int"}},
		{"no YAML", []string{"config", "--config", writeFile(t, "c.yaml", "a: [\n")}, exitUsage, []string{"c.yaml", "line 1"}},
		{"no configuration file", []string{"config", "--config", "nowhere.yaml"}, exitUsage, []string{"nowhere.yaml", "no such file"}},

		{"no command", []string{"upp"}, exitUsage, []string{"did you mean 'prevalence up'"}},
		{"no flag", []string{"up", "--indx", "x"}, exitUsage, []string{"--indx", "prevalence up --help"}},
		{"no number", []string{"up", "--top", "ten"}, exitUsage, []string{"--top", "ten"}},
		{"no name", []string{"report"}, exitUsage, []string{"takes NAME", "prevalence report --help"}},
		{"an argument too many", []string{"up", "there"}, exitUsage, []string{"takes no argument", "there"}},
		{"format", []string{"query", "top", "--format", "xml"}, exitUsage, []string{"format", "table, csv, json"}},
		{"order", []string{"query", "top", "--by", "colour"}, exitUsage, []string{"colour", "category"}},
		{"band", []string{"query", "top", "--band", "top5"}, exitUsage, []string{"top5", "top100"}},
		{"slots", up("--slots", "0"), exitUsage, []string{"slots", "at least 1"}},
		{"memory", up("--memory", "5"), exitUsage, []string{"memory", "64MiB"}},

		{"URL of a scheme", []string{"up", "--index", "htp://x"}, exitUsage, []string{"index", "http://host"}},
		{"URL without a host", []string{"up", "--index", "http://"}, exitUsage, []string{"index", "http://host"}},
		{"URL that is none", []string{"up", "--index", "http://[::1"}, exitUsage, []string{"index", "http://host"}},
		{"NATS URL", []string{"crawl", "--nats", "http://127.0.0.1:4222"}, exitUsage, []string{"nats://host"}},
		{"NATS URL with a password", []string{"crawl", "--nats", "nats://u:secret@127.0.0.1"}, exitUsage, []string{"PREVALENCE_NATS_PASSWORD"}},
		{"ClickHouse without a port", []string{"migrate", "--clickhouse", "127.0.0.1"}, exitUsage, []string{"host:port", "9000"}},

		{"no folder", []string{"up", "--index", filepath.Join(home, "nothing")}, exitUsage, []string{"nor a folder that exists"}},
		{"a file for a folder", []string{"up", "--index", file}, exitUsage, []string{"is a file"}},
		{"an empty folder", []string{"up", "--index", t.TempDir()}, exitUsage, []string{"empty folder"}},
		{"a worker's empty folder", []string{"work", "--index", t.TempDir(), "--nats", "nats://127.0.0.1:1"}, exitUsage, []string{"empty folder"}},
		{"no ranking", up("--top", "10"), exitUsage, []string{"needs a ranking", "--ranking"}},
		{"no ranking file", up("--ranking", "nowhere.json"), exitUsage, []string{"nowhere.json", "no such file", "'none'"}},
		{"a file that is no ranking", up("--ranking", writeFile(t, "r.json", `{"rows": 3}`)), exitUsage, []string{"r.json", "top-pypi-packages"}},
		{"a list that is no ranking", up("--ranking", writeFile(t, "r.csv", "<html>\n")), exitUsage, []string{"r.csv", "entry 1"}},
		{"ranking URL", up("--ranking", "ftp://x/y"), exitUsage, []string{"ranking", "https://host"}},
		{"no project name", up("--projects", "a b"), exitUsage, []string{"a b"}},
		{"no list of names", up("--projects", "@nowhere"), exitUsage, []string{"nowhere"}},

		{"newer data folder", up("--data", newer), exitUsage, []string{"newer", "format 99", "--data"}},
		{"foreign data folder", up("--data", foreign), exitUsage, []string{"not a data folder"}},
		{"a file for a data folder", up("--data", file), exitUsage, []string{"data folder", "--data"}},
		{"data folder in use", up("--data", held.path), exitUsage, []string{"in use", "--data"}},
		{"port in use", up("--broker-listen", taken), exitUsage, []string{taken, "in use", "another port"}},
		{"the demo's port in use", []string{"demo", "--serve", folder, "--listen", taken}, exitUsage, []string{taken, "in use"}},
		{"no sample of facts", []string{"rules", "try", filepath.Join("..", "..", "schemas", "catalog", "rules", "payload.yaml"), "--facts", file}, exitUsage, []string{file, "export"}},
		{"facts that are not there", []string{"rules", "try", filepath.Join("..", "..", "schemas", "catalog", "rules", "payload.yaml"), "--facts", "nowhere.zst"}, exitUsage, []string{"nowhere.zst", "no such file"}},
		{"more faults than answers", []string{"demo", "--serve", folder, "--faults", "5"}, exitUsage, []string{"faults 5", "0 to 1"}},
		{"no engine at that path", up("--engine", filepath.Join(home, "lib.so")), exitUsage, []string{"lib.so", "no such file"}},

		{"no dataset", []string{"query", "top", "--data", t.TempDir()}, exitNoData, []string{"no dataset", "prevalence up", "--data"}},
		{"no dataset for a report", []string{"report", "requests", "--data", t.TempDir()}, exitNoData, []string{"no dataset", "prevalence up"}},
		{"no snapshot", []string{"query", "top", "--data", unused}, exitNoData, []string{"no snapshot", "prevalence up"}},
		{"nothing runs", []string{"aggregate", "--data", t.TempDir()}, exitUnreachable, []string{"nothing runs", "prevalence up", "--nats"}},
		{"no broker", []string{"crawl", "--index", folder, "--nats", "nats://127.0.0.1:1"}, exitUnreachable, []string{"nats://127.0.0.1:1"}},
		{"no database", []string{"migrate", "--clickhouse", "127.0.0.1:1"}, exitUnreachable, []string{"127.0.0.1:1", "refused"}},
		{"no path to scan", []string{"scan", "nowhere"}, exitUsage, []string{"nowhere", "no such file"}},
		{"nothing to scan", []string{"scan", t.TempDir()}, exitUsage, []string{"neither a distribution"}},
	} {
		t.Run(c.name, func(t *testing.T) { refused(t, runHere(t, c.args...), c.code, c.words...) })
	}
}

// TestUnknownEnvironment: a typo in a variable's name is no silence.
func TestUnknownEnvironment(t *testing.T) {
	ownHome(t)
	t.Setenv("PREVALENCE_INDX", "x")
	refused(t, runHere(t, "config"), exitUsage, "PREVALENCE_INDX", `did you mean "index"`)
}

// TestNoEngine: both ways to get one are named.
func TestNoEngine(t *testing.T) {
	ownHome(t)
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("PATH", t.TempDir())
	folder := filepath.Dir(writeFile(t, "demo-1.0.tar.gz", "x"))
	for _, args := range [][]string{{"up", "--index", folder}, {"engine", "path"}, {"engine", "run"}, {"demo", "--progress", "none"}} {
		t.Run(strings.Join(args[:1], " "), func(t *testing.T) {
			e := runHere(t, args...)
			if args[0] == "demo" { // which says first what it does
				_, e.errs, _ = strings.Cut(e.errs, "\n")
			}
			refused(t, e, exitUnreachable, "engine fetch", "`clickhouse` binary", "PATH", "--clickhouse")
		})
	}
	t.Run("fetch without npm", func(t *testing.T) {
		refused(t, runHere(t, "engine", "fetch", "--progress", "none"), exitFailed, "npm", "PATH")
	})
}

// TestFolderThatMayNotBeRead works as another user, because root may read all.
func TestFolderThatMayNotBeRead(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "demo-1.0.tar.gz"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(folder, 0); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.Chmod(folder, 0o700) }() //nolint:gosec // a folder, for the cleaning up
	if os.Getuid() == 0 {
		runtime.LockOSThread() // the identity for files is the thread's
		defer runtime.UnlockOSThread()
		if err := syscall.Setfsuid(65534); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = syscall.Setfsuid(0) }()
	}
	err := validFolder(folder)
	if err == nil || !strings.Contains(err.Error(), "cannot be read: permission denied") {
		t.Errorf("got %v", err)
	}
}
