package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"prevalence/internal/pypi/pypitest"
	"prevalence/internal/queue"
)

// rig is a stand-in index in this process and the real roles as processes of
// their own, on a data folder that is thrown away.
type rig struct {
	dir    string // holds all below
	config config // of this run: where everything is
	server *pypitest.Server
	stop   func()   // of the index
	env    []string // of every role, beside what all have

	engine *benchProcess // the broker; the database is its child
	roles  []*benchProcess
	conn   *queue.Conn
}

// benchProcess is a running role.
type benchProcess struct {
	role string
	cmd  *exec.Cmd
	errs bytes.Buffer
}

// The roles whose processor time is told apart.
const (
	roleIndex     = "index server"
	roleBroker    = "broker"
	roleDatabase  = "database"
	roleCrawler   = "crawler"
	roleWorkers   = "workers"
	roleAggregate = "aggregator"
)

// newRig starts the index, the broker and the database.
func newRig(ctx context.Context, c *config, p *pypitest.Population, style pypitest.Style) (_ *rig, err error) {
	r, err := newIndexRig(ctx, c, p, style)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			r.close()
		}
	}()
	if r.engine, err = r.start(ctx, roleBroker, "engine", "run", "--engine", c.Engine); err != nil {
		return nil, err
	}
	at, err := r.awaitServices(ctx)
	if err != nil {
		return nil, err
	}
	r.conn, err = connectBroker(ctx, &r.config, at.Broker, nil)
	return r, err
}

// newIndexRig starts the index alone.
func newIndexRig(ctx context.Context, c *config, p *pypitest.Population, style pypitest.Style) (_ *rig, err error) {
	r := &rig{server: pypitest.NewPopulationServer(p, style)}
	defer func() {
		if err != nil {
			r.close()
		}
	}()
	if r.dir, err = os.MkdirTemp("", "prevalence-bench-"); err != nil {
		return nil, err
	}
	ranking := filepath.Join(r.dir, "ranking.json")
	if err := os.WriteFile(ranking, p.RankingJSON(), 0o600); err != nil {
		return nil, err
	}
	r.config = *c
	r.config.Data, r.config.Ranking = filepath.Join(r.dir, "data"), ranking
	if r.config.Index, r.stop, err = r.server.Start(ctx, "127.0.0.1:0"); err != nil {
		return nil, err
	}
	return r, r.server.Prepare()
}

// command is a role with this rig's data folder and none of the settings of
// whoever runs the bench.
func (r *rig) command(ctx context.Context, args ...string) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, append(args, "--config", os.DevNull, "--data", r.config.Data, "--log-level", "error")...)
	for _, entry := range os.Environ() {
		if name, _, _ := strings.Cut(entry, "="); !strings.HasPrefix(name, envPrefix) || internalEnv(name) {
			cmd.Env = append(cmd.Env, entry)
		}
	}
	cmd.Env = append(cmd.Env, r.env...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 20 * time.Second
	return cmd, nil
}

// start starts a role that runs until it is stopped.
func (r *rig) start(ctx context.Context, role string, args ...string) (*benchProcess, error) {
	cmd, err := r.command(ctx, args...)
	if err != nil {
		return nil, err
	}
	return r.launch(role, cmd)
}

func (r *rig) launch(role string, cmd *exec.Cmd) (*benchProcess, error) {
	p := &benchProcess{role: role, cmd: cmd}
	cmd.Stderr = &p.errs
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	r.roles = append(r.roles, p)
	return p, nil
}

// end stops a role. kill does not ask.
func (r *rig) end(p *benchProcess, kill bool) {
	how := syscall.SIGTERM
	if kill {
		how = syscall.SIGKILL
	}
	_ = p.cmd.Process.Signal(how)
	_ = p.cmd.Wait()
	r.roles = slices.DeleteFunc(r.roles, func(q *benchProcess) bool { return q == p })
}

// startWorkers starts n worker processes with the rig's settings.
func (r *rig) startWorkers(ctx context.Context, n int, args ...string) error {
	all := append(r.workArgs(), args...)
	for range n {
		if _, err := r.start(ctx, roleWorkers, all...); err != nil {
			return err
		}
	}
	return nil
}

// startTelling starts a worker process and returns the stream of its pulses.
func (r *rig) startTelling(ctx context.Context) (io.Reader, error) {
	cmd, err := r.command(ctx, r.workArgs()...)
	if err != nil {
		return nil, err
	}
	cmd.Env = append(cmd.Env, pulseEnv+"=1")
	lines, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	_, err = r.launch(roleWorkers, cmd)
	return lines, err
}

func (r *rig) workArgs() []string {
	c := r.config
	return []string{"work", "--index", c.Index, "--slots", fmt.Sprint(c.Slots), "--memory", c.Memory, "--rate", fmt.Sprint(c.Rate)}
}

func (r *rig) startAggregator(ctx context.Context, args ...string) error {
	_, err := r.start(ctx, roleAggregate, append([]string{"aggregate"}, args...)...)
	return err
}

// sweptIndex is what one run of the crawler printed and used.
type sweptIndex struct {
	Names, New, Changed, Resurrected, Unchanged, Removed, Accepted, Refused int

	took time.Duration
	use  processUse
}

// crawl sweeps the index once by a process of its own.
func (r *rig) crawl(ctx context.Context, args ...string) (sweptIndex, error) {
	var out sweptIndex
	cmd, err := r.command(ctx, append([]string{"crawl", "--index", r.config.Index, "--ranking", r.config.Ranking,
		"--seed", "1", "--format", "json", "--progress", "none"}, args...)...)
	if err != nil {
		return out, err
	}
	var printed, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &printed, &errs
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return out, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	// What it used is gone with it, so it is looked at all the while.
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for running := true; running; {
		select {
		case err = <-ended:
			running = false
		case <-tick.C:
			if u := useOf(cmd.Process.Pid); u.peakBytes > 0 {
				out.use = u
			}
		}
	}
	out.took = time.Since(began)
	if err != nil {
		return out, fmt.Errorf("crawl: %w: %s", err, lastLine(errs.String()))
	}
	out.use.cpuSeconds = (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
	return out, json.Unmarshal(printed.Bytes(), &out)
}

// awaitServices waits until broker and database are there.
func (r *rig) awaitServices(ctx context.Context) (services, error) {
	for range 1200 {
		at, err := findServices(r.config.Data)
		if err == nil {
			return at, nil
		}
		if r.engine.cmd.Process.Signal(syscall.Signal(0)) != nil {
			break
		}
		if err := pauseFor(ctx, 50*time.Millisecond); err != nil {
			return services{}, err
		}
	}
	return services{}, fmt.Errorf("broker and database did not start: %s", lastLine(r.engine.errs.String()))
}

// use is what each role has used so far.
func (r *rig) use() map[string]processUse {
	used := map[string]processUse{roleIndex: useOf(os.Getpid())}
	add := func(role string, u processUse) {
		sum := used[role]
		used[role] = processUse{sum.cpuSeconds + u.cpuSeconds, max(sum.peakBytes, u.peakBytes)}
	}
	for _, p := range r.roles {
		add(p.role, useOf(p.cmd.Process.Pid))
		if p.role == roleBroker {
			for _, child := range childrenOf(p.cmd.Process.Pid) {
				add(roleDatabase, useOf(child))
			}
		}
	}
	return used
}

// awaitStored waits until no job and no scan waits, and returns when that was.
func (r *rig) awaitStored(ctx context.Context) (time.Time, error) {
	for {
		b, err := r.conn.Backlog(ctx)
		if err != nil {
			return time.Time{}, err
		}
		if b.Idle() {
			return time.Now(), nil
		}
		for _, p := range r.roles {
			if useOf(p.cmd.Process.Pid) == (processUse{}) && len(p.errs.String()) > 0 {
				return time.Time{}, fmt.Errorf("%s: %s", p.role, lastLine(p.errs.String()))
			}
		}
		if err := pauseFor(ctx, 200*time.Millisecond); err != nil {
			return time.Time{}, err
		}
	}
}

// close stops every process, the services last, and removes the folder.
func (r *rig) close() {
	if r.conn != nil {
		r.conn.Close()
	}
	for _, p := range slices.Backward(slices.Clone(r.roles)) {
		r.end(p, false)
	}
	if r.stop != nil {
		r.stop()
	}
	_ = os.RemoveAll(r.dir)
}

func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return lines[len(lines)-1]
}

// pauseFor waits, or returns ctx's cause.
func pauseFor(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
