package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"prevalence/internal/engine"
	"prevalence/internal/queue"
	"prevalence/internal/store"
	"prevalence/query"
	"prevalence/query/api"
	"prevalence/query/web"
	"prevalence/schemas/catalog"
)

func (a *app) serveCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Answer questions over HTTP: the API, its documentation, and pages",
		Long: `Serves the newest snapshot until interrupted, as a user who can read views and
nothing else: pages for people at /, and an HTTP API under /api/v1, described
by /api/v1/openapi.json and explained at /docs. It finds a database as the other
questions do: that of a running "up" on the data folder, one that it starts
itself, or --clickhouse.

It listens on loopback. Before you let others in, name a file of tokens (one a
line, any text without spaces of at least 16 characters): every request then
brings one, as "Authorization: Bearer TOKEN"; a browser asks for it as a
password. TLS is the business of a proxy in front; --behind-proxy then tells
clients apart by X-Forwarded-For.

A client may make --client-rate requests a second, and twice as many at once.
At most --queries quick questions and --slow-queries slow ones (patterns,
combinations, sets, SQL) are asked of the database at a time. Whoever waits
longer than 2 s, or whose question takes longer than --query-time, is told so:
503 with Retry-After. A slow question keeps no quick one waiting.

/healthz says that the process is there, /readyz that the database answers,
/metrics counts for Prometheus.`,
		Example: `  prevalence serve
  prevalence serve --data ./data --listen 127.0.0.1:9090
  prevalence serve --clickhouse db:9000 --tokens tokens.txt --behind-proxy`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := loadConfig(cmd)
			if err != nil {
				return err
			}
			return a.serve(cmd.Context(), c)
		},
	}
	addFlags(cmd.Flags(), "data", "engine", "clickhouse", "clickhouse-user", "clickhouse-tls", "nats", "nats-user", "nats-creds", "rules",
		"listen", "tokens", "behind-proxy", "client-rate", "queries", "slow-queries", "query-time")
	return cmd
}

// serve answers until ctx is done.
func (a *app) serve(ctx context.Context, c *config) error {
	log := c.logger(a.errs)
	rules, err := c.catalogue()
	if err != nil {
		return err
	}
	tokens, err := c.tokens()
	if err != nil {
		return usage(err)
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return usage(fmt.Errorf("listen %q: %w; name another with --listen", c.Listen, err))
	}
	defer listener.Close()
	at, died, stop, err := reachForServing(ctx, c, log)
	if err != nil {
		return err
	}
	defer stop()
	f, err := newFront(ctx, c, at, rules, tokens, log)
	if err != nil {
		return err
	}
	defer f.close()
	if len(tokens) == 0 && !isLoopback(listener.Addr()) {
		log.Warn("everybody who reaches this address may ask; --tokens names who may", "address", listener.Addr().String())
	}
	log.Info("serving", "address", "http://"+listener.Addr().String()+"/")
	return serveHTTP(ctx, listener, f.handler, died)
}

// reachForServing finds the database, or starts the services of the data folder
// and announces them, so that other commands find them while this one runs.
func reachForServing(ctx context.Context, c *config, log *slog.Logger) (at services, died <-chan error, stop func(), err error) {
	if c.ClickHouse == "" {
		switch dir, err := lookInDataDir(c.Data); {
		case err == nil:
			if err := dir.close(); err != nil {
				return services{}, nil, nil, err
			}
			s, err := startServices(ctx, c, log)
			if err != nil {
				return services{}, nil, nil, err
			}
			return s.services, s.died(), s.close, nil
		case !errors.Is(err, errDataInUse):
			return services{}, nil, nil, err
		}
	}
	at, err = reachServices(c)
	return at, nil, func() {}, err
}

// front is what answers requests, with its connections to the database.
type front struct {
	handler http.Handler
	dbs     []*store.DB
	broker  *queue.Conn // nil where none can be reached
}

func (f *front) close() {
	if f.broker != nil {
		f.broker.Close()
	}
	for _, db := range f.dbs {
		_ = db.Close()
	}
}

// newFront logs in at the database, as a reader, and puts everything that is
// served on one mux.
func newFront(ctx context.Context, c *config, at services, rules *catalog.Catalog, tokens []string, log *slog.Logger) (_ *front, err error) {
	f := new(front)
	defer func() {
		if err != nil {
			f.close()
		}
	}()
	open := func(conns int) (*query.Reader, error) {
		db, err := openDatabaseWith(ctx, c, at.Reader, engine.ViewsDatabase, conns)
		if err != nil {
			return nil, err
		}
		f.dbs = append(f.dbs, db)
		return query.New(db, rules), nil
	}
	quick, err := open(c.Queries + 1) // one looks for the newest snapshot
	if err != nil {
		return nil, err
	}
	slow, err := open(c.SlowQueries + 1) // a set is one more
	if err != nil {
		return nil, err
	}
	pool := query.NewPool(quick, slow, query.PoolOptions{Quick: c.Queries, Slow: c.SlowQueries, SlowTime: c.QueryTime, QuickTime: min(c.QueryTime, 5*time.Second)})
	o := api.Options{Pool: pool, Catalog: rules, Version: buildVersion(), Tokens: tokens, Rate: c.ClientRate, BehindProxy: c.BehindProxy, Log: log}
	if f.broker, err = connectBroker(ctx, c, at.Broker, log); err == nil {
		o.Backlog = f.broker.Backlog
	} else {
		log.Info("what waits for workers is not shown, as no broker can be reached", "reason", err)
	}
	front, err := api.New(o)
	if err != nil {
		return nil, err
	}
	site, err := web.New(web.Options{Pool: pool, Catalog: rules, Version: o.Version, Backlog: o.Backlog, Log: log})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	if err := front.Register(mux); err != nil {
		return nil, err
	}
	site.Register(mux)
	f.handler, err = front.Guard(mux)
	return f, err
}

// serveHTTP serves until ctx is done or what it asks has died; answers that are
// under way have a moment to end.
func serveHTTP(ctx context.Context, l net.Listener, h http.Handler, died <-chan error) error {
	g, ctx := errgroup.WithContext(ctx)
	server := &http.Server{
		Handler: h, BaseContext: func(net.Listener) context.Context { return ctx },
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10,
	}
	g.Go(func() error {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	g.Go(func() error {
		var err error
		select {
		case <-ctx.Done():
		case err = <-died:
			err = fmt.Errorf("the database engine ended: %w", err)
		}
		patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		return errors.Join(err, server.Shutdown(patience))
	})
	return g.Wait()
}

func isLoopback(a net.Addr) bool {
	tcp, ok := a.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// tokens reads the file of tokens: one a line, "#" begins a comment.
func (c *config) tokens() ([]string, error) {
	if c.Tokens == "" {
		return nil, nil
	}
	file, err := os.Open(c.Tokens)
	if err != nil {
		return nil, fmt.Errorf("tokens: %w", err)
	}
	defer file.Close()
	var list []string
	lines := bufio.NewScanner(file)
	for n := 1; lines.Scan(); n++ {
		token, _, _ := strings.Cut(lines.Text(), "#")
		token = strings.TrimSpace(token)
		switch {
		case token == "":
		case len(token) < 16 || strings.ContainsAny(token, " \t"):
			return nil, fmt.Errorf("tokens: %s, line %d is no token: at least 16 characters without spaces", c.Tokens, n)
		default:
			list = append(list, token)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("tokens: %w", err)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("tokens: %s holds no token; without --tokens everybody may ask", c.Tokens)
	}
	return list, nil
}
