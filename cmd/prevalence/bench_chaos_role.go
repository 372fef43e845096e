package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// chaosRole is a process that is started again whenever it ends, as any
// supervisor would.
type chaosRole struct {
	name    string
	command func() (*exec.Cmd, error)
	ready   func(services) // of a server: where it listens; the zero value: it is gone

	mu   sync.Mutex
	cmd  *exec.Cmd
	errs []string // last lines of each process that said something
}

// restartPause is between the end of a process and the start of the next.
const restartPause = 200 * time.Millisecond

// run keeps the role running until ctx is done, and returns when its last
// process is gone.
func (r *chaosRole) run(ctx context.Context) error {
	for ctx.Err() == nil {
		if err := r.once(ctx); err != nil {
			return err
		}
		_ = pauseFor(ctx, restartPause)
	}
	return nil
}

// once runs one process to its end. Its children are in its process group.
func (r *chaosRole) once(ctx context.Context) error {
	cmd, err := r.command()
	if err != nil {
		return err
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	r.mu.Lock()
	if err = cmd.Start(); err == nil {
		r.cmd = cmd
	}
	r.mu.Unlock()
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, r.kill)
	if r.ready != nil {
		var at services
		_ = json.NewDecoder(out).Decode(&at) // one that did not start says nothing
		r.ready(at)
	}
	_, _ = io.Copy(io.Discard, out)
	if r.ready != nil {
		r.ready(services{})
	}
	_ = cmd.Wait() // what it says of its end stands in errs
	stop()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cmd = nil
	if errs.Len() > 0 {
		r.errs = append(r.errs, lastLine(errs.String()))
	}
	return nil
}

// signal sends s to the process and its children, if it runs, and gives its id.
func (r *chaosRole) signal(s syscall.Signal) (group int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cmd == nil {
		return 0
	}
	group = r.cmd.Process.Pid
	_ = syscall.Kill(-group, s)
	return group
}

func (r *chaosRole) kill() { r.signal(syscall.SIGKILL) }
