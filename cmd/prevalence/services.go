package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"prevalence/internal/engine"
	"prevalence/internal/queue"
	"prevalence/internal/store"
)

// running is the broker and the database that this process started, or the
// external ones that stand in for them.
type running struct {
	services
	dir      *dataDir
	embedded *engine.Broker     // nil with an external broker
	database *engine.ClickHouse // nil with an external database
}

// startServices starts what c does not take from elsewhere, brings the
// database's schema and the broker's streams up to date, and announces all in
// the data folder.
func startServices(ctx context.Context, c *config, log *slog.Logger) (_ *running, err error) {
	r := &running{services: services{PID: os.Getpid()}}
	defer func() {
		if err != nil {
			r.close()
		}
	}()
	if r.dir, err = openDataDir(c.Data); err != nil {
		return nil, err
	}
	var location engine.Location
	if c.ClickHouse == "" { // what is missing is said before anything runs
		if location, err = c.engineLocation(); err != nil {
			return nil, err
		}
	}
	if err := r.startBroker(ctx, c, log); err != nil {
		return nil, err
	}
	if err := r.startDatabase(ctx, c, location, log); err != nil {
		return nil, err
	}
	return r, r.dir.announce(r.services)
}

func (r *running) startBroker(ctx context.Context, c *config, log *slog.Logger) error {
	if c.NATS != "" {
		r.Broker = account{c.NATS, c.NATSUser, c.NATSPassword}
		r.Worker = r.Broker
	} else {
		host, portText, err := net.SplitHostPort(c.BrokerListen)
		if err != nil {
			return usage(err)
		}
		port, err := strconv.Atoi(portText)
		if err != nil {
			return usage(err)
		}
		broker, err := engine.StartBroker(ctx, engine.BrokerOptions{Dir: r.dir.broker(), Host: host, Port: port, Log: log})
		if err != nil {
			return err
		}
		r.embedded = broker
		r.Broker = account{broker.URL(), broker.Owner().User, broker.Owner().Password}
		r.Worker = account{broker.URL(), broker.Worker().User, broker.Worker().Password}
	}
	conn, err := connectBroker(ctx, c, r.Broker, log)
	if err != nil {
		return err
	}
	defer conn.Close()
	return conn.Ensure(ctx)
}

func (r *running) startDatabase(ctx context.Context, c *config, location engine.Location, log *slog.Logger) error {
	if c.ClickHouse != "" {
		r.Owner = account{c.ClickHouse, c.ClickHouseUser, c.ClickHousePassword}
		r.Reader = r.Owner
	} else {
		database, err := engine.StartClickHouse(ctx, engine.ClickHouseOptions{Dir: r.dir.database(), Engine: location, Log: log})
		if err != nil {
			return err
		}
		r.database = database
		r.Owner = account{database.Addr(), database.Owner().User, database.Owner().Password}
		r.Reader = account{database.Addr(), database.Reader().User, database.Reader().Password}
	}
	db, err := openDatabase(ctx, c, r.Owner, engine.Database)
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.Migrate(ctx)
	return err
}

// died is sent to when the embedded database ends by itself; nil, which never
// is, with an external one.
func (r *running) died() <-chan error {
	if r.database == nil {
		return nil
	}
	return r.database.Wait()
}

// close stops what startServices started.
func (r *running) close() {
	if r.database != nil {
		r.database.Close()
	}
	if r.embedded != nil {
		r.embedded.Close()
	}
	if r.dir != nil {
		_ = r.dir.close()
	}
}

// reachServices finds the broker and database for a role that runs alone: the
// external ones of c, or those of the process that holds the data folder.
func reachServices(c *config) (services, error) {
	external := services{
		Broker: account{c.NATS, c.NATSUser, c.NATSPassword},
		Owner:  account{c.ClickHouse, c.ClickHouseUser, c.ClickHousePassword},
	}
	external.Worker, external.Reader = external.Broker, external.Owner
	if c.NATS != "" && c.ClickHouse != "" {
		return external, nil
	}
	found, err := findServices(c.Data)
	if err != nil {
		if errors.Is(err, os.ErrNotExist) && (c.NATS != "" || c.ClickHouse != "") {
			return external, nil // a role that needs the missing one says so
		}
		return services{}, unreachable{fmt.Errorf("nothing runs on the data folder %s; start 'prevalence up' or 'prevalence engine run', or name servers with --nats and --clickhouse", c.Data)}
	}
	if c.NATS != "" {
		found.Broker, found.Worker = external.Broker, external.Worker
	}
	if c.ClickHouse != "" {
		found.Owner, found.Reader = external.Owner, external.Reader
	}
	return found, nil
}

// connectBroker logs in at a broker.
func connectBroker(ctx context.Context, c *config, at account, log *slog.Logger) (*queue.Conn, error) {
	return connectBrokerFor(ctx, c, at, nil, log)
}

// connectBrokerFor is connectBroker for a role, whose metrics count the connection.
func connectBrokerFor(ctx context.Context, c *config, at account, metrics prometheus.Registerer, log *slog.Logger) (*queue.Conn, error) {
	if at.Address == "" {
		return nil, usage(errors.New("no broker: name one with --nats, or a --data folder whose services run"))
	}
	return queue.Connect(ctx, queue.Options{
		URL: at.Address, User: at.User, Password: at.Password, Token: c.NATSToken, CredsFile: c.NATSCreds, CA: c.CA,
		Replicas: c.Replicas, Name: "prevalence", Metrics: metrics, Log: log,
	})
}

// openDatabase logs in at a database server.
func openDatabase(ctx context.Context, c *config, at account, database string) (*store.DB, error) {
	return openDatabaseWith(ctx, c, at, database, 0)
}

// openDatabaseWith is openDatabase with at most so many connections; 0: the
// default.
func openDatabaseWith(ctx context.Context, c *config, at account, database string, conns int) (*store.DB, error) {
	if at.Address == "" {
		return nil, usage(errors.New("no database: name one with --clickhouse, or a --data folder whose services run"))
	}
	return store.Open(ctx, store.Options{
		Addr: at.Address, Database: database, User: at.User, Password: at.Password, TLS: c.ClickHouseTLS, CA: c.CA, Conns: conns,
	})
}
