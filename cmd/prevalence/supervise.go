package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
)

// childEnv tells a worker process that its parent holds the other end of its
// standard input: when that closes, the parent is gone, and so is the worker.
const childEnv = envPrefix + "CHILD_STDIN"

// workerPool keeps a number of worker processes running. A process that dies
// is started again after a pause, so that a package that kills a worker costs
// one worker for a moment and nothing else.
type workerPool struct {
	args    []string // of every process
	env     []string // of every process, beside this one's own
	number  int
	metrics string // where this process serves its own; "" for nowhere
	log     *slog.Logger
	logsTo  io.Writer // where the processes' own log lines go
	pause   time.Duration
	patient time.Duration // a process that lived this long was no failed start
}

// errWorkerWillNotStart is returned when a worker died again and again right
// after its start, so that another start would not help.
var errWorkerWillNotStart = errors.New("worker processes do not stay up; their last lines stand above")

// maxQuickDeaths is how often in a row a worker may die at once.
const maxQuickDeaths = 5

// run blocks until ctx is done and every process has ended.
func (p *workerPool) run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	for i := range p.number {
		g.Go(func() error { return p.keep(ctx, i) })
	}
	return g.Wait()
}

// keep runs one process after the other.
func (p *workerPool) keep(ctx context.Context, slot int) error {
	quick := 0
	for {
		started := time.Now()
		err := p.once(ctx, slot)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // it was stopped
		}
		if time.Since(started) >= p.patient {
			quick = 0
		} else if quick++; quick == maxQuickDeaths {
			return fmt.Errorf("%w: %w", errWorkerWillNotStart, err)
		}
		p.log.Warn("worker process ended, starting another", "worker", slot, "reason", err)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(p.pause):
		}
	}
}

// once runs one process until it ends. When ctx is done it is asked to stop,
// and killed if it has not after ten seconds.
func (p *workerPool) once(ctx context.Context, slot int) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, self, p.args...)
	cmd.Env = append(os.Environ(), p.env...)
	cmd.Env = append(cmd.Env, childEnv+"="+strconv.Itoa(slot), envName("metrics")+"="+workerMetrics(p.metrics, slot))
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	defer stdin.Close()
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		_, _ = fmt.Fprintln(p.logsTo, lines.Text())
	}
	err = cmd.Wait()
	if used, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		p.log.Info("worker process is gone", "worker", slot, "peak_mib", peakMiB(used), "cpu", cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime())
	}
	if err == nil {
		return errors.New("it stopped by itself")
	}
	return err
}

// peakMiB is the most memory that a process had resident. Linux counts in
// KiB, macOS in bytes.
func peakMiB(used *syscall.Rusage) int64 {
	if runtime.GOOS == "darwin" {
		return used.Maxrss >> 20
	}
	return used.Maxrss >> 10
}

// untilParentGone is ctx, cancelled also when this process was started by a
// workerPool that has gone away.
func untilParentGone(ctx context.Context, stdin io.Reader) context.Context {
	if os.Getenv(childEnv) == "" {
		return ctx
	}
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		defer cancel()
		_, _ = io.Copy(io.Discard, stdin)
	}()
	return ctx
}
