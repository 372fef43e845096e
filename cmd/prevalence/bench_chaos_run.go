package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"prevalence/internal/queue"
	"prevalence/query"
)

// The times of a chaos run.
const (
	chaosStuck  = 3 * time.Minute  // a run that has not ended by then is stuck
	chaosSettle = 10 * time.Second // until the newest snapshot says what it should
	chaosSweep  = time.Second
	chaosLook   = 200 * time.Millisecond
)

// chaosBench is the process of the bench itself, whose ways no fault meets.
const chaosBench = "bench"

// chaosRun is one crawl by separate processes, with a network between them.
type chaosRun struct {
	*rig     // the index; its config and env are those of the crawler
	dir      string
	disk     *chaosDisk
	password string
	links    map[string]*chaosLink
	roles    map[string]*chaosRole
	cancel   context.CancelFunc
	running  *errgroup.Group

	mu    sync.Mutex
	at    services // the accounts of both servers, with their real addresses
	up    chan struct{}
	isUp  bool
	limit int // jobs of a sweep
}

// newChaosRun starts broker and database and waits for them, and then the roles.
func newChaosRun(ctx context.Context, index *rig, projects int) (_ *chaosRun, err error) {
	own := *index
	g := &chaosRun{rig: &own, disk: &chaosDisk{}, password: rand.Text(), links: make(map[string]*chaosLink), roles: make(map[string]*chaosRole),
		up: make(chan struct{}), limit: max(projects/8, 1)}
	running, cancel := context.WithCancel(ctx)
	g.cancel, g.running = cancel, new(errgroup.Group)
	defer func() {
		if err != nil {
			g.close()
		}
	}()
	if g.dir, err = os.MkdirTemp(index.dir, "run-"); err != nil {
		return nil, err
	}
	g.rig.config.Data = filepath.Join(g.dir, "none") // everything is found by address
	g.disk = newChaosDisk(filepath.Join(g.dir, chaosClickHouse))
	if err := g.connect(running); err != nil {
		return nil, err
	}
	for name, server := range map[string]string{chaosNATS: "broker", chaosClickHouse: "database"} {
		g.keep(running, &chaosRole{name: name, ready: g.serverReady(name), command: func() (*exec.Cmd, error) {
			return g.serverCommand(running, server, filepath.Join(g.dir, name))
		}})
	}
	select {
	case <-g.up:
	case <-time.After(chaosStuck):
		return nil, fmt.Errorf("broker and database did not start: %s", g.lastErrors())
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	g.startRoles(running)
	return g, nil
}

// connect makes a link for every two processes that talk.
func (g *chaosRun) connect(ctx context.Context) error {
	at, err := url.Parse(g.rig.config.Index)
	if err != nil {
		return err
	}
	for _, pair := range append(slices.Clone(chaosPairs), [2]string{chaosBench, chaosNATS}, [2]string{chaosBench, chaosClickHouse}) {
		l, err := newChaosLink(ctx, linkName(pair[0], pair[1]))
		if err != nil {
			return err
		}
		if pair[1] == chaosIndex {
			l.lead(at.Host)
		}
		g.links[l.name] = l
	}
	return nil
}

// keep runs a role until the end.
func (g *chaosRun) keep(ctx context.Context, r *chaosRole) {
	g.roles[r.name] = r
	g.running.Go(func() error { return r.run(ctx) })
}

func (g *chaosRun) serverCommand(ctx context.Context, server, dir string) (*exec.Cmd, error) {
	cmd, err := g.rig.command(ctx, "bench", "chaos-server", server, "--engine", g.rig.config.Engine)
	if err != nil {
		return nil, err
	}
	cmd.Args[slices.Index(cmd.Args, "--data")+1] = dir
	cmd.Env = append(cmd.Env, chaosPasswordEnv+"="+g.password)
	return cmd, nil
}

// serverReady leads every link to a server that is up, and away from one that
// is gone.
func (g *chaosRun) serverReady(name string) func(services) {
	return func(at services) {
		address := strings.TrimPrefix(at.Broker.Address, "nats://") + at.Owner.Address
		for _, l := range g.links {
			if strings.HasSuffix(l.name, "–"+name) {
				l.lead(address)
			}
		}
		if address == "" {
			return
		}
		g.mu.Lock()
		defer g.mu.Unlock()
		if name == chaosNATS {
			g.at.Broker, g.at.Worker = at.Broker, at.Worker
		} else {
			g.at.Owner, g.at.Reader = at.Owner, at.Reader
		}
		if !g.isUp && g.at.Broker.Address != "" && g.at.Owner.Address != "" {
			g.isUp = true
			close(g.up)
		}
	}
}

// accounts are those of both servers.
func (g *chaosRun) accounts() services {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.at
}

// way is an account, to be reached by the link of a role.
func (g *chaosRun) way(from, to string, of account) account {
	of.Address = g.links[linkName(from, to)].address()
	if to == chaosNATS {
		of.Address = "nats://" + of.Address
	}
	return of
}

// environment gives a role its ways, by environment: they hold passwords.
func (g *chaosRun) environment(role string, broker, database account) []string {
	broker = g.way(role, chaosNATS, broker)
	env := []string{
		envName("nats") + "=" + broker.Address, envName("nats-user") + "=" + broker.User, envName("nats-password") + "=" + broker.Password,
	}
	if database.User != "" {
		database = g.way(role, chaosClickHouse, database)
		env = append(env, envName("clickhouse")+"="+database.Address, envName("clickhouse-user")+"="+database.User,
			envName("clickhouse-password")+"="+database.Password)
	}
	return env
}

// indexBy is the index's address by the link of a role.
func (g *chaosRun) indexBy(role string) string {
	at, err := url.Parse(g.rig.config.Index)
	if err != nil { // it was parsed before
		return g.rig.config.Index
	}
	at.Host = g.links[linkName(role, chaosIndex)].address()
	return at.String()
}

// startRoles starts the roles. The crawler takes eight sweeps for the index,
// so that it is as likely to be met at work as the others.
func (g *chaosRun) startRoles(ctx context.Context) {
	crawlerIndex := g.indexBy(chaosCrawler)
	g.rig.env, g.rig.config.Index = g.environment(chaosCrawler, g.accounts().Broker, account{}), crawlerIndex
	for name, role := range map[string]struct {
		env  []string
		args []string
	}{
		chaosCrawler: {g.environment(chaosCrawler, g.accounts().Broker, account{}), []string{"crawl", "--index", crawlerIndex, "--ranking", g.rig.config.Ranking,
			"--seed", "1", "--progress", "none", "--follow", "--every", chaosSweep.String(), "--limit", fmt.Sprint(g.limit)}},
		chaosWorker: {g.environment(chaosWorker, g.accounts().Worker, account{}), []string{"work", "--index", g.indexBy(chaosWorker), "--ack-wait", "2s",
			"--slots", fmt.Sprint(g.rig.config.Slots)}},
		chaosAggregator: {g.environment(chaosAggregator, g.accounts().Broker, g.accounts().Owner), []string{"aggregate", "--snapshot-every", "2s"}},
	} {
		g.keep(ctx, &chaosRole{name: name, command: func() (*exec.Cmd, error) {
			cmd, err := g.rig.command(ctx, role.args...)
			if err == nil {
				cmd.Env = append(cmd.Env, role.env...)
			}
			return cmd, err
		}})
	}
}

// disturb waits until every role is at work, which on a busy machine takes
// seconds, does the faults one after the other, and returns when the last has
// ended.
func (g *chaosRun) disturb(ctx context.Context, faults []chaosFault) {
	for _, link := range []string{linkName(chaosCrawler, chaosNATS), linkName(chaosWorker, chaosIndex), linkName(chaosAggregator, chaosClickHouse)} {
		select {
		case <-g.links[link].used:
		case <-ctx.Done():
			return
		}
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	for _, f := range faults {
		if pauseFor(ctx, f.after) != nil {
			return
		}
		end := g.begin(f)
		wg.Go(func() {
			_ = pauseFor(ctx, f.during)
			end()
		})
	}
}

// await waits until there is nothing left to do: a last sweep finds that every
// name has had its job.
func (g *chaosRun) await(ctx context.Context) error {
	broker := g.way(chaosBench, chaosNATS, g.accounts().Broker)
	for {
		swept, err := g.rig.crawl(ctx)
		if err == nil && swept.Accepted+swept.Refused == 0 {
			return nil
		}
		if ctx.Err() != nil {
			return err
		}
		if err == nil {
			err = g.awaitIdle(ctx, broker)
		}
		if ctx.Err() != nil {
			return err
		}
		if err := pauseFor(ctx, chaosLook); err != nil {
			return err
		}
	}
}

// awaitIdle waits until no job and no scan waits.
func (g *chaosRun) awaitIdle(ctx context.Context, at account) error {
	return g.withBroker(ctx, at, func(conn *queue.Conn) error {
		for {
			b, err := conn.Backlog(ctx)
			if err != nil || b.Idle() {
				return err
			}
			if err := pauseFor(ctx, chaosLook); err != nil {
				return fmt.Errorf("%w; waiting: %+v", err, b)
			}
		}
	})
}

func (g *chaosRun) withBroker(ctx context.Context, at account, f func(*queue.Conn) error) error {
	conn, err := connectBroker(ctx, &g.rig.config, at, nil)
	if err != nil {
		return err
	}
	defer conn.Close()
	return f(conn)
}

// answer reads what the newest snapshot says once it stands for every scan, as
// JSON without the snapshot's own name and time; "" when there is none yet.
func (g *chaosRun) answer(ctx context.Context) (*chaosAnswer, error) {
	var backlog queue.Backlog
	err := g.withBroker(ctx, g.way(chaosBench, chaosNATS, g.accounts().Broker), func(conn *queue.Conn) (err error) {
		backlog, err = conn.Backlog(ctx)
		return err
	})
	if err != nil || !backlog.Idle() {
		return nil, err
	}
	var x *chaosAnswer
	err = askAt(ctx, &g.rig.config, g.way(chaosBench, chaosClickHouse, g.accounts().Reader), func(r *query.Reader) error {
		status, err := r.Status(ctx)
		if err != nil || status.Covered.ScansThrough < backlog.LastScan {
			return err
		}
		table, err := r.Top(ctx, query.TopOptions{Sort: query.ByID})
		if err != nil {
			return err
		}
		projects, err := r.Projects(ctx, "")
		if err != nil {
			return err
		}
		x = newChaosAnswer(table, projects, status, backlog.Dead)
		return nil
	})
	var noData errNoData
	if errors.As(err, &noData) {
		return nil, nil //nolint:nilnil // no snapshot yet
	}
	return x, err
}

// lastErrors is the last line of each role that ended by itself.
func (g *chaosRun) lastErrors() string {
	var all []string
	for _, r := range g.roles {
		r.mu.Lock()
		if n := len(r.errs); n > 0 {
			all = append(all, r.name+": "+r.errs[n-1])
		}
		r.mu.Unlock()
	}
	slices.Sort(all)
	return strings.Join(all, "; ")
}

// close kills every process: the folders are thrown away.
func (g *chaosRun) close() {
	g.cancel()
	_ = g.running.Wait()
	for _, l := range g.links {
		l.close()
	}
	g.disk.close()
	_ = os.RemoveAll(g.dir)
}
