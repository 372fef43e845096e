package engine_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"prevalence/internal/engine"
	"prevalence/internal/engine/enginetest"
)

func TestMain(m *testing.M) { enginetest.Main(m) }

func connect(t *testing.T, addr, database string, a engine.Account) driver.Conn {
	t.Helper()
	conn, err := clickhouse.Open(&clickhouse.Options{
		Addr: []string{addr},
		Auth: clickhouse.Auth{Database: database, Username: a.User, Password: a.Password},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func TestRights(t *testing.T) {
	c := enginetest.ClickHouse(t)
	owner := connect(t, c.Addr(), engine.Database, c.Owner())
	reader := connect(t, c.Addr(), engine.ViewsDatabase, c.Reader())

	tests := []struct {
		name  string
		conn  driver.Conn
		query string
		code  string // part of the refusal; empty: allowed
	}{
		{"owner creates a table", owner, `CREATE TABLE t (n UInt64) ENGINE = MergeTree ORDER BY n`, ""},
		{"owner inserts", owner, `INSERT INTO t SELECT number FROM numbers(1000)`, ""},
		{"owner creates a view", owner, `CREATE VIEW prevalence_views.v DEFINER = CURRENT_USER SQL SECURITY DEFINER AS SELECT count() AS n FROM prevalence.t`, ""},
		{"owner alters", owner, `ALTER TABLE t ADD COLUMN m UInt8`, ""},
		{"owner lists tables", owner, `SELECT count() FROM system.tables WHERE database = 'prevalence'`, ""},
		{"owner optimizes", owner, `OPTIMIZE TABLE t FINAL`, ""},
		{"owner exchanges", owner, `CREATE TABLE t2 AS t`, ""},
		{"owner exchanges", owner, `EXCHANGE TABLES t AND t2`, ""},
		{"owner exchanges back", owner, `EXCHANGE TABLES t AND t2`, ""},
		{"owner reads a file", owner, `SELECT * FROM file('/etc/passwd', 'LineAsString')`, "Not enough privileges"},
		{"owner reads a url", owner, `SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString', 'x String')`, "Not enough privileges"},
		{"owner creates a user", owner, `CREATE USER eve`, "Not enough privileges"},
		{"owner creates a database", owner, `CREATE DATABASE other`, "Not enough privileges"},
		{"reader reads a view", reader, `SELECT n FROM v`, ""},
		{"reader reads a table", reader, `SELECT n FROM prevalence.t`, "Not enough privileges"},
		{"reader inserts", reader, `INSERT INTO prevalence.t SELECT 1, 1`, "Not enough privileges"},
		{"reader reads a file", reader, `SELECT * FROM file('/etc/passwd', 'LineAsString')`, "Not enough privileges"},
		{"reader drops", reader, `DROP VIEW v`, "Not enough privileges"},
		{"reader lifts the limit", reader, `SELECT n FROM v SETTINGS max_execution_time = 0`, "max_execution_time"},
		{"reader lifts the memory limit", reader, `SELECT n FROM v SETTINGS max_memory_usage = 0`, "readonly"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.conn.Exec(t.Context(), tt.query)
			switch {
			case tt.code == "" && err != nil:
				t.Errorf("%s: %v", tt.query, err)
			case tt.code != "" && (err == nil || !strings.Contains(err.Error(), tt.code)):
				t.Errorf("%s: error %v, want one with %q", tt.query, err, tt.code)
			}
		})
	}

	for name, a := range map[string]engine.Account{
		"wrong password": {User: c.Owner().User, Password: "x"},
		"default":        {User: "default"},
	} {
		if err := connect(t, c.Addr(), "", a).Ping(t.Context()); err == nil {
			t.Errorf("%s: connected, want a refusal", name)
		}
	}
	// The refusals did not hurt the server, and a deadline is allowed.
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var n uint64
	if err := reader.QueryRow(ctx, "SELECT n FROM v").Scan(&n); err != nil || n != 1000 {
		t.Errorf("reader with a deadline: n = %d, %v; want 1000", n, err)
	}
}

// Whatever a client does to its connection, the server stays.
func TestBrokenClients(t *testing.T) {
	c := enginetest.ClickHouse(t)
	owner := connect(t, c.Addr(), engine.Database, c.Owner())
	if err := owner.Exec(t.Context(), `CREATE TABLE t (n UInt64, s String) ENGINE = MergeTree ORDER BY n`); err != nil {
		t.Fatal(err)
	}
	for _, greeting := range []string{"", "GET / HTTP/1.1\r\n\r\n", "\x00\x01\x02", strings.Repeat("\xff", 1000)} {
		conn, err := net.Dial("tcp", c.Addr())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = conn.Write([]byte(greeting))
		_ = conn.Close()
	}
	for _, query := range []string{
		`SELECT number FROM system.numbers WHERE NOT ignore(sleepEachRow(0.01)) SETTINGS max_block_size = 1`,
		`INSERT INTO t SELECT number, toString(number) FROM system.numbers WHERE NOT ignore(sleepEachRow(0.01)) SETTINGS max_block_size = 1`,
	} {
		proxy := cutter(t, c.Addr())
		broken := connect(t, proxy.addr, engine.Database, c.Owner())
		time.AfterFunc(300*time.Millisecond, proxy.cut)
		if err := broken.Exec(t.Context(), query); err == nil || strings.Contains(err.Error(), "code:") {
			t.Errorf("%s: %v; want the error of a cut connection", query, err)
		}
	}
	proxy := cutter(t, c.Addr())
	batch, err := connect(t, proxy.addr, engine.Database, c.Owner()).PrepareBatch(t.Context(), `INSERT INTO t`)
	if err != nil {
		t.Fatal(err)
	}
	for i := range uint64(1000) {
		if err := batch.Append(i, "x"); err != nil {
			t.Fatal(err)
		}
	}
	proxy.cut()
	if err := batch.Send(); err == nil {
		t.Error("a batch was sent over a cut connection")
	}
	var n uint8
	if err := owner.QueryRow(t.Context(), `SELECT 1`).Scan(&n); err != nil {
		t.Errorf("afterwards: %v", err)
	}
	select {
	case err := <-c.Wait():
		t.Errorf("the server ended: %v", err)
	default:
	}
}

// tcpCutter is a proxy whose connections can be cut without a goodbye.
type tcpCutter struct {
	addr string
	cut  func()
}

func cutter(t *testing.T, to string) tcpCutter {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	conns := make(chan [2]net.Conn, 10)
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", to)
			if err != nil {
				_ = in.Close()
				continue
			}
			conns <- [2]net.Conn{in, out}
			go pipe(in, out)
			go pipe(out, in)
		}
	}()
	return tcpCutter{l.Addr().String(), func() {
		_ = l.Close()
		for {
			select {
			case pair := <-conns:
				for _, conn := range pair {
					_ = conn.(*net.TCPConn).SetLinger(0) // a reset, as of a killed process
					_ = conn.Close()
				}
			default:
				return
			}
		}
	}}
}

func pipe(to, from net.Conn) {
	b := make([]byte, 32<<10)
	for {
		n, err := from.Read(b)
		if _, werr := to.Write(b[:n]); err != nil || werr != nil {
			return
		}
	}
}

func TestDataSurvivesRestartAndKill(t *testing.T) {
	dir := t.TempDir()
	first := enginetest.ClickHouseIn(t, dir)
	owner := connect(t, first.Addr(), engine.Database, first.Owner())
	for _, query := range []string{`CREATE TABLE t (n UInt64) ENGINE = MergeTree ORDER BY n`, `INSERT INTO t VALUES (1), (2)`} {
		if err := owner.Exec(t.Context(), query); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Kill(first.Pid(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := <-first.Wait(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Errorf("after a kill: %v", err)
	}
	first.Close()
	second := enginetest.ClickHouseIn(t, dir)
	if first.Owner().Password == second.Owner().Password {
		t.Error("the password is the same after a restart")
	}
	var n uint64
	if err := connect(t, second.Addr(), engine.Database, second.Owner()).QueryRow(t.Context(), `SELECT count() FROM t`).Scan(&n); err != nil || n != 2 {
		t.Errorf("%d rows, %v; want 2", n, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if c, err := engine.StartClickHouse(ctx, engine.ClickHouseOptions{Dir: dir}); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("a second server in the folder: %v, %v; want a refusal", c, err)
	}
	second.Close()
	second.Close() // harmless
	if err, open := <-second.Wait(); err != nil || open {
		t.Errorf("after Close: %v", err)
	}
}

func TestSecretsStayInTheConfiguration(t *testing.T) {
	dir := t.TempDir()
	c := enginetest.ClickHouseIn(t, dir)
	info, err := os.Stat(filepath.Join(dir, "run", "config.xml"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("configuration: %v, %v; want mode 0600", info, err)
	}
	if runtime.GOOS != "linux" {
		return
	}
	for _, file := range []string{"cmdline", "environ"} {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", c.Pid(), file))
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range []engine.Account{c.Owner(), c.Reader()} {
			if strings.Contains(string(b), a.Password) {
				t.Errorf("the password of %s is in the process's %s", a.User, file)
			}
		}
	}
}

// The engine goes with its parent, however that ends.
func TestChildEndsWithItsParent(t *testing.T) {
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	parent := exec.Command(self, "-test.run=^TestParent$")
	parent.Env = append(os.Environ(), parentEnv+"="+dir)
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	ready := filepath.Join(dir, "pid")
	var pid int
	for range 500 {
		if b, err := os.ReadFile(ready); err == nil && strings.HasSuffix(string(b), "\n") {
			if _, err := fmt.Sscan(string(b), &pid); err != nil {
				t.Fatal(err)
			}
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait()
	if pid == 0 {
		t.Fatal("the parent did not start an engine")
	}
	for range 250 {
		if err := syscall.Kill(pid, 0); errors.Is(err, syscall.ESRCH) {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Errorf("the engine %d outlived its parent", pid)
}

const parentEnv = "PREVALENCE_TEST_PARENT"

// TestParent is the process that TestChildEndsWithItsParent kills; by itself
// it only checks that it was not started by accident.
func TestParent(t *testing.T) {
	dir := os.Getenv(parentEnv)
	if dir == "" {
		return
	}
	c := enginetest.ClickHouseIn(t, dir)
	if err := os.WriteFile(filepath.Join(dir, "pid"), []byte(fmt.Sprintln(c.Pid())), 0o600); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Minute)
}

// A clickhouse binary takes the place of the library: here a script that
// behaves like one, by running the library.
func TestBinary(t *testing.T) {
	library, err := engine.LibraryPath()
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(t.TempDir(), "clickhouse")
	script := fmt.Sprintf("#!/bin/sh\n[ \"$1\" = local ] || exit 9\nshift\nfor a; do shift; [ \"$a\" = --interactive ] || set -- \"$@\" \"$a\"; done\nexec %s engine child %s \"$@\"\n", self, library)
	if err := os.WriteFile(binary, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	c, err := engine.StartClickHouse(t.Context(), engine.ClickHouseOptions{Dir: t.TempDir(), Engine: engine.Location{Kind: engine.KindBinary, Path: binary}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := connect(t, c.Addr(), engine.Database, c.Owner()).Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestStartFailsWithAReason(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "clickhouse")
	if err := os.WriteFile(binary, []byte("#!/bin/sh\necho 'Code: 1. DB::Exception: no luck today' >&2; echo done; exit 3\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := engine.StartClickHouse(t.Context(), engine.ClickHouseOptions{Dir: t.TempDir(), Engine: engine.Location{Kind: engine.KindBinary, Path: binary}})
	if err == nil || !strings.Contains(err.Error(), "no luck today") || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v; want one line with the engine's reason", err)
	}
	if _, err := engine.StartClickHouse(t.Context(), engine.ClickHouseOptions{}); err == nil {
		t.Error("started without a folder")
	}
}
