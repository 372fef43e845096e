package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"golang.org/x/crypto/bcrypt"
)

// brokerSyncInterval is how often the broker calls fsync. Every acknowledged
// message has been written to the file already, so that the end of the process,
// however it comes, loses nothing; this is what a power cut may cost.
const brokerSyncInterval = 5 * time.Second

// ErrAddress is returned when the broker cannot listen where it should.
var ErrAddress = errors.New("address not to be had")

// The names of the broker's accounts.
const (
	brokerOwnerUser  = "prevalence"
	brokerWorkerUser = "prevalence_worker"
)

// BrokerOptions says where the embedded broker keeps its files and where it
// listens. The zero value of every field but Dir takes the default beside it.
type BrokerOptions struct {
	// Dir holds the streams. It is created with mode 0700; one broker at a time
	// may use it.
	Dir string
	// Host is the address to listen on; default 127.0.0.1.
	Host string
	// Port to listen on; default 0: a free one (see Broker.URL).
	Port int
	// MaxStoreBytes bounds the streams on disk; default: 3/4 of what is free.
	MaxStoreBytes int64
	// Owner and Worker are the accounts, whose names are given; one without a password gets a new one at
	// every start, so that only who reads the answer can log in.
	Owner, Worker Account
	// Log gets the broker's warnings and errors; nil discards.
	Log *slog.Logger
}

// Broker is a NATS server with JetStream inside this process. Its methods are
// safe for concurrent use.
type Broker struct {
	server        *server.Server
	owner, worker Account
	lock          *os.File
}

// StartBroker starts the broker and returns when it takes connections. ctx
// bounds the start alone. The
// caller must Close what it was given.
func StartBroker(ctx context.Context, o BrokerOptions) (*Broker, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	b, err := startBroker(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("engine: start the broker: %w", err)
	}
	o.Log.Info("broker is ready", "url", b.URL())
	return b, nil
}

func startBroker(ctx context.Context, o BrokerOptions) (*Broker, error) {
	if o.Dir == "" {
		return nil, errors.New("no folder given")
	}
	if o.Host == "" {
		o.Host = "127.0.0.1"
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, err
	}
	// The server ends the process when it cannot listen, so that is tried first.
	address := net.JoinHostPort(o.Host, strconv.Itoa(o.Port))
	probe, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("%w: %w; choose another port or stop what uses it", ErrAddress, err)
	}
	_ = probe.Close()
	port := o.Port
	if port == 0 {
		port = server.RANDOM_PORT
	}

	b := &Broker{owner: o.Owner.orNew(brokerOwnerUser), worker: o.Worker.orNew(brokerWorkerUser)}
	opts := &server.Options{
		ServerName:        "prevalence",
		Host:              o.Host,
		Port:              port,
		NoSigs:            true,
		JetStream:         true,
		StoreDir:          o.Dir,
		JetStreamMaxStore: o.MaxStoreBytes,
		SyncInterval:      brokerSyncInterval,
	}
	for _, u := range []struct {
		Account
		permissions *server.Permissions
	}{{b.owner, nil}, {b.worker, workerPermissions()}} {
		// The server wants no plain passwords. These are random and live as long as
		// the process, so the cheapest hash is strong enough.
		hash, err := bcrypt.GenerateFromPassword([]byte(u.Password), bcrypt.MinCost)
		if err != nil {
			return nil, err
		}
		opts.Users = append(opts.Users, &server.User{Username: u.User, Password: string(hash), Permissions: u.permissions})
	}
	if b.server, err = server.NewServer(opts); err != nil {
		return nil, err
	}
	b.server.SetLoggerV2(brokerLog{o.Log}, false, false, false)
	lockCtx, cancel := context.WithTimeout(ctx, lockTimeout)
	defer cancel()
	if b.lock, err = lockFile(lockCtx, filepath.Join(o.Dir, "lock")); err != nil {
		return nil, fmt.Errorf("%s: %w", o.Dir, err)
	}
	b.server.Start()
	if !b.server.ReadyForConnections(startTimeout) || !b.server.JetStreamEnabled() {
		b.Close()
		return nil, errors.New("not ready in time; the log has the reason")
	}
	return b, nil
}

// workerPermissions are what a worker needs: to take jobs, to publish scans
// and dead jobs, to look up a release's last scan, to note stale pages, and to
// share the rate of requests with the others. The names are internal/queue's,
// and the list is that of deploy/nats/accounts.conf, which is tried there.
func workerPermissions() *server.Permissions {
	return &server.Permissions{
		Publish: &server.SubjectPermission{Allow: []string{
			"scans.*.*", "dead.jobs.>", "$KV.prevalence_stale.>",
			"$JS.API.INFO",
			"$JS.API.STREAM.INFO.JOBS", "$JS.API.STREAM.INFO.SCANS", "$JS.API.STREAM.INFO.KV_prevalence_stale",
			"$JS.API.CONSUMER.CREATE.JOBS.workers", "$JS.API.CONSUMER.INFO.JOBS.workers",
			"$JS.API.CONSUMER.MSG.NEXT.JOBS.workers", "$JS.ACK.JOBS.workers.>",
			"$JS.API.DIRECT.GET.SCANS.scans.*.*", "$JS.FC.>",
			"$KV.prevalence_fleet.>", "$JS.API.STREAM.INFO.KV_prevalence_fleet", "$JS.API.DIRECT.GET.KV_prevalence_fleet.>",
			"$JS.API.CONSUMER.CREATE.KV_prevalence_fleet.>", "$JS.API.CONSUMER.DELETE.KV_prevalence_fleet.>",
			"$KV.prevalence_manners.>", "$JS.API.STREAM.INFO.KV_prevalence_manners", "$JS.API.DIRECT.GET.KV_prevalence_manners.>",
			"$JS.API.CONSUMER.CREATE.KV_prevalence_manners.>", "$JS.API.CONSUMER.DELETE.KV_prevalence_manners.>",
		}},
		Subscribe: &server.SubjectPermission{Allow: []string{"_INBOX." + brokerWorkerUser + ".>"}},
	}
}

// URL is where the broker listens: nats://host:port, without credentials.
func (b *Broker) URL() string { return b.server.ClientURL() }

// Owner is the account that may do everything: the crawler's and aggregator's.
func (b *Broker) Owner() Account { return b.owner }

// Worker is the account that may take jobs, publish scans and dead jobs, and
// note stale pages.
func (b *Broker) Worker() Account { return b.worker }

// InProcessConn is a connection to the broker that uses no port. It wants
// credentials like any other.
func (b *Broker) InProcessConn() (net.Conn, error) { return b.server.InProcessConn() }

// Close stops the broker and returns when everything is on disk.
func (b *Broker) Close() {
	b.server.Shutdown()
	b.server.WaitForShutdown()
	_ = b.lock.Close()
}

// brokerLog gives the server's warnings and errors to a slog.Logger; its
// notices are debugging matter.
type brokerLog struct{ log *slog.Logger }

func (l brokerLog) Noticef(format string, v ...any) {
	l.log.Debug("broker", "text", fmt.Sprintf(format, v...))
}

func (l brokerLog) Warnf(format string, v ...any) {
	l.log.Warn("broker", "text", fmt.Sprintf(format, v...))
}

func (l brokerLog) Errorf(format string, v ...any) {
	l.log.Error("broker", "text", fmt.Sprintf(format, v...))
}

func (l brokerLog) Fatalf(format string, v ...any) {
	l.log.Error("broker", "text", fmt.Sprintf(format, v...))
}
func (l brokerLog) Debugf(string, ...any) {}
func (l brokerLog) Tracef(string, ...any) {}
