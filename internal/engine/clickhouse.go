package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The defaults of ClickHouseOptions.
const (
	defaultMemoryBytes = 2 << 30
	startTimeout       = 60 * time.Second
	lockTimeout        = 10 * time.Second
	stopTimeout        = 10 * time.Second
)

// errInUse is the cause of a start in a folder that another server uses.
var errInUse = errors.New("in use by another prevalence process; stop that one or choose another data folder")

// ClickHouseOptions says which ClickHouse to start and where. The zero value
// of every field but Dir takes the default beside it.
type ClickHouseOptions struct {
	// Dir holds everything of the server: its tables under data/, the generated
	// configuration, the port file and the log under run/. It is created with
	// mode 0700. One server at a time may use it; a second one is refused.
	Dir string
	// Engine is what to run; default: what Find returns.
	Engine Location
	// Host is the one address to listen on; default 127.0.0.1. The port is
	// always a free one (see ClickHouse.Addr).
	Host string
	// MemoryBytes bounds the server as a whole: it refuses queries beyond it;
	// default 2 GiB. One query of the owner may take 3/4 of it, one of the
	// reader 1/4. An idle server takes about 300 MiB.
	MemoryBytes int64
	// Owner and Reader are the accounts, whose names are given; one without a
	// password gets a new one at every start.
	Owner, Reader Account
	// Command is the program, with its first arguments, that calls RunIfChild;
	// default: this executable.
	Command []string
	// Log gets one line when the server is ready; nil discards.
	Log *slog.Logger
}

// ClickHouse is a running server. Its methods are safe for concurrent use.
type ClickHouse struct {
	addr          string
	owner, reader Account
	logPath       string
	stdin         interface{ Close() error }
	lock          *os.File
	cmd           *exec.Cmd

	exited  chan struct{} // closed when the child is gone
	exitErr error         // set before exited is closed
	wait    chan error
	close   sync.Once
	closing chan struct{}
}

// StartClickHouse starts a ClickHouse server as a child process, creates
// Database and ViewsDatabase in it if they are not there, and returns when it
// takes connections at Addr by the native protocol. There is no HTTP port.
//
// The server knows the accounts Owner and Reader, and a user `default` that
// cannot log in over the network. ctx
// bounds the start alone: the server runs until Close, or until this process
// is gone, however it ends.
//
// A failure names the cause and, when the engine said something, its last
// line. The caller must Close what it was given.
func StartClickHouse(ctx context.Context, o ClickHouseOptions) (*ClickHouse, error) {
	if isChild() {
		return nil, errors.New("engine: this process is an engine child that did not call engine.RunIfChild first in main or TestMain")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	began := time.Now()
	c, err := start(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("engine: start ClickHouse: %w", err)
	}
	o.Log.Info("clickhouse is ready", "addr", c.addr, "pid", c.cmd.Process.Pid, "took", time.Since(began).Round(time.Millisecond))
	return c, nil
}

func start(ctx context.Context, o ClickHouseOptions) (*ClickHouse, error) {
	if o.Dir == "" {
		return nil, errors.New("no folder given")
	}
	if o.Engine.Path == "" {
		found, err := Find()
		if err != nil {
			return nil, err
		}
		o.Engine = found
	}
	if o.Host == "" {
		o.Host = "127.0.0.1"
	}
	if net.ParseIP(o.Host) == nil {
		return nil, fmt.Errorf("host %q is not an IP address", o.Host)
	}
	if o.MemoryBytes == 0 {
		o.MemoryBytes = defaultMemoryBytes
	}
	if len(o.Command) == 0 {
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		o.Command = []string{self}
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, err
	}
	data, run := filepath.Join(dir, "data"), filepath.Join(dir, "run")
	for _, d := range []string{data, run} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return nil, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()

	c := &ClickHouse{
		owner:   o.Owner.orNew(ownerUser),
		reader:  o.Reader.orNew(readerUser),
		logPath: filepath.Join(run, "engine.log"),
		exited:  make(chan struct{}),
		wait:    make(chan error, 1),
		closing: make(chan struct{}),
	}
	// A predecessor that was killed needs a moment until its child is gone.
	lockCtx, cancelLock := context.WithTimeout(ctx, lockTimeout)
	defer cancelLock()
	if c.lock, err = lockFile(lockCtx, filepath.Join(run, "lock")); err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	if err := c.launch(ctx, o, data, run); err != nil {
		_ = c.lock.Close()
		return nil, err
	}
	return c, nil
}

// launch writes the configuration, starts the child and waits until it listens.
func (c *ClickHouse) launch(ctx context.Context, o ClickHouseOptions, data, run string) error {
	conf := config{
		Self: filepath.Join(run, "config.xml"), Data: data, Host: o.Host,
		Owner: c.owner.User, Reader: c.reader.User, OwnerHash: c.owner.hash(), ReaderHash: c.reader.hash(),
		Database: Database, Views: ViewsDatabase,
		MemoryBytes: o.MemoryBytes, QueryBytes: o.MemoryBytes / 4 * 3, ReaderBytes: o.MemoryBytes / 4,
	}
	if err := conf.write(); err != nil {
		return err
	}
	ports := filepath.Join(run, "ports")
	if err := os.Remove(ports); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	logFile, err := os.OpenFile(c.logPath, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer logFile.Close()

	args := slices.Concat(o.Command[1:], []string{childArg0, childArg1, o.Engine.Path}, serverArgs(data, conf.Self, ports, o.Host))
	c.cmd = exec.Command(o.Command[0], args...) //nolint:noctx // it outlives the context, which bounds the start alone
	c.cmd.Dir = run
	c.cmd.Stdout, c.cmd.Stderr = logFile, logFile
	c.cmd.ExtraFiles = []*os.File{c.lock} // held by the child too, until it is gone
	if c.stdin, err = c.cmd.StdinPipe(); err != nil {
		return err
	}
	if err := c.cmd.Start(); err != nil {
		return err
	}
	go c.reap()
	if c.addr, err = c.awaitPort(ctx, ports, o.Host); err != nil {
		c.Close()
		return err
	}
	return nil
}

// serverArgs are the arguments that make `clickhouse local` a server: it
// creates the databases, listens on a free port, writes the port to a file and
// then runs a query that never ends.
func serverArgs(data, configFile, ports, host string) []string {
	query := strings.Join([]string{
		"CREATE DATABASE IF NOT EXISTS " + Database,
		"CREATE DATABASE IF NOT EXISTS " + ViewsDatabase,
		"SYSTEM START LISTEN TCP",
		"SELECT getServerPort('tcp_port') INTO OUTFILE " + quote(ports) + " TRUNCATE FORMAT TSV",
		"SELECT count() FROM system.numbers WHERE NOT ignore(sleepEachRow(1)) " +
			"SETTINGS max_block_size=1, function_sleep_max_microseconds_per_block=2000000",
	}, "; ")
	return []string{"--path=" + data, "--config-file=" + configFile, "--listen_host=" + host, "--tcp_port=0", "--query", query}
}

// quote makes a string literal of ClickHouse SQL.
func quote(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}

// awaitPort waits for the port file and then for the port.
func (c *ClickHouse) awaitPort(ctx context.Context, ports, host string) (string, error) {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		b, err := os.ReadFile(ports)
		if line, _, whole := bytes.Cut(b, []byte("\n")); err == nil && whole {
			port, err := strconv.ParseUint(string(line), 10, 16)
			if err != nil || port == 0 {
				return "", fmt.Errorf("the engine reported port %q", line)
			}
			addr := net.JoinHostPort(host, string(line))
			conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", addr)
			if err == nil {
				_ = conn.Close()
				return addr, nil
			}
		}
		select {
		case <-tick.C:
		case <-c.exited:
			return "", c.exitErr
		case <-ctx.Done():
			return "", fmt.Errorf("the engine did not listen in time: %w", context.Cause(ctx))
		}
	}
}

// reap waits for the child and tells who wants to know.
func (c *ClickHouse) reap() {
	err := c.cmd.Wait()
	select {
	case <-c.closing:
	default:
		c.exitErr = fmt.Errorf("the engine ended (%s)%s", state(err), c.lastWords())
		c.wait <- c.exitErr
	}
	close(c.wait)
	close(c.exited)
}

// state says how a process ended.
func state(err error) string {
	if err == nil {
		return "exit status 0"
	}
	return err.Error()
}

// lastWords is what the engine's log says of its end: the last line with an
// exception, else the last line.
func (c *ClickHouse) lastWords() string {
	b, err := os.ReadFile(c.logPath)
	if err != nil {
		return ""
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	line := lines[len(lines)-1]
	for i := len(lines) - 1; i >= 0; i-- {
		if strings.Contains(lines[i], "DB::Exception") {
			line = lines[i]
			break
		}
	}
	switch {
	case line == "":
		return ""
	case len(line) > 500:
		line = line[:500] + "…"
	}
	return ": " + line
}

// Addr is where the server listens: host:port of the native protocol.
func (c *ClickHouse) Addr() string { return c.addr }

// Owner is the account that may do everything inside Database and
// ViewsDatabase and nothing outside of them: no files, no URLs, no users.
func (c *ClickHouse) Owner() Account { return c.owner }

// Reader is the account that may SELECT from ViewsDatabase, 30 seconds at a
// time by default. It can change no setting but max_execution_time.
func (c *ClickHouse) Reader() Account { return c.reader }

// Pid is the child's process id.
func (c *ClickHouse) Pid() int { return c.cmd.Process.Pid }

// Wait gives one error when the server ends without being asked to, and is
// closed when it has ended either way.
func (c *ClickHouse) Wait() <-chan error { return c.wait }

// Close ends the server and returns when it is gone. What was inserted stays.
// A second Close does nothing.
func (c *ClickHouse) Close() {
	c.close.Do(func() {
		close(c.closing)
		_ = c.stdin.Close()
		timer := time.NewTimer(stopTimeout)
		defer timer.Stop()
		select {
		case <-c.exited:
		case <-timer.C:
			_ = c.cmd.Process.Kill()
			<-c.exited
		}
		_ = c.lock.Close()
	})
}
