package store

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// Options says which server to talk to and as whom.
type Options struct {
	// Addr is "host:port" of the native protocol, or a URL
	// clickhouse://user:password@host:port/database?secure=true, whose parts fill
	// the fields below that are empty.
	Addr     string
	Database string // default "prevalence"
	// Views is the database of the views; default Database + "_views". Only Migrate needs it.
	Views    string
	User     string // default "default"
	Password string
	TLS      bool
	// CA is a file of certificates (PEM) that the server's is checked against;
	// empty: the system's.
	CA string
	// DialTimeout bounds one attempt to connect; default 5 s.
	DialTimeout time.Duration
	// Conns is how many connections are kept at most; default 8.
	Conns int
}

// Validate fills in what Addr says when it is a URL, takes the defaults, and
// reports what is wrong in one line, without the password.
func (o *Options) Validate() error {
	if strings.Contains(o.Addr, "://") {
		if err := o.parse(); err != nil {
			return err
		}
	}
	if _, port, err := net.SplitHostPort(o.Addr); err != nil || port == "" {
		return fmt.Errorf("store: ClickHouse address %q: want host:port or clickhouse://host:port/database", o.Addr)
	}
	if o.Database == "" {
		o.Database = "prevalence"
	}
	if o.Views == "" {
		o.Views = o.Database + "_views"
	}
	if o.User == "" {
		o.User = "default"
	}
	if o.DialTimeout <= 0 {
		o.DialTimeout = 5 * time.Second
	}
	if o.Conns <= 0 {
		o.Conns = 8
	}
	return nil
}

func (o *Options) parse() error {
	u, err := url.Parse(o.Addr)
	if err != nil {
		// The error of url.Parse repeats the address, password included.
		return errors.New("store: the ClickHouse address is not a URL; want clickhouse://host:port/database")
	}
	switch u.Scheme {
	case "clickhouse", "tcp", "native":
	default:
		return fmt.Errorf("store: ClickHouse address %s: scheme %q; want clickhouse://, the native protocol (port 9000, or 9440 with TLS)", u.Redacted(), u.Scheme)
	}
	for key := range u.Query() {
		if key != "secure" {
			return fmt.Errorf("store: ClickHouse address %s: unknown parameter %q; only secure=true is", u.Redacted(), key)
		}
	}
	secure := u.Query().Get("secure")
	if secure != "" && secure != "true" && secure != "false" {
		return fmt.Errorf("store: ClickHouse address %s: secure=%q; want true or false", u.Redacted(), secure)
	}
	o.TLS = o.TLS || secure == "true"
	o.Addr = u.Host
	if u.Port() == "" && u.Host != "" {
		port := "9000"
		if o.TLS {
			port = "9440"
		}
		o.Addr = net.JoinHostPort(u.Hostname(), port)
	}
	if o.Database == "" {
		o.Database = strings.Trim(u.Path, "/")
	}
	if o.User == "" {
		o.User = u.User.Username()
	}
	if password, ok := u.User.Password(); ok && o.Password == "" {
		o.Password = password
	}
	return nil
}

// DB is a pool of connections as one user. Its methods are safe for concurrent use.
type DB struct {
	conn driver.Conn
	o    Options
}

// Errors of Open that a caller may want to tell apart.
var (
	ErrUnreachable = errors.New("ClickHouse does not answer")
	ErrDenied      = errors.New("ClickHouse refuses user or password")
	ErrNoDatabase  = errors.New("ClickHouse has no such database")
)

// Open connects and asks the server for a sign of life. Its errors wrap
// ErrUnreachable, ErrDenied or ErrNoDatabase and name the address, never the
// password.
func Open(ctx context.Context, o Options) (*DB, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	settings, err := o.driver()
	if err != nil {
		return nil, err
	}
	conn, err := clickhouse.Open(settings)
	if err != nil {
		return nil, fmt.Errorf("store: open ClickHouse at %s: %w", o.Addr, err)
	}
	db := &DB{conn: conn, o: o}
	if err := conn.Ping(withoutDeadline(ctx)); err != nil {
		_ = conn.Close()
		return nil, db.explain(err)
	}
	return db, nil
}

func (o *Options) driver() (*clickhouse.Options, error) {
	d := &clickhouse.Options{
		Addr:         []string{o.Addr},
		Auth:         clickhouse.Auth{Database: o.Database, Username: o.User, Password: o.Password},
		DialTimeout:  o.DialTimeout,
		MaxOpenConns: o.Conns,
		MaxIdleConns: o.Conns,
		Compression:  &clickhouse.Compression{Method: clickhouse.CompressionLZ4},
		ClientInfo: clickhouse.ClientInfo{Products: []struct{ Name, Version string }{{
			Name: "prevalence", Version: "1"}}},
	}
	if o.TLS {
		host, _, _ := net.SplitHostPort(o.Addr)
		d.TLS = &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
		if o.CA != "" {
			b, err := os.ReadFile(o.CA)
			if err != nil {
				return nil, fmt.Errorf("store: certificates: %w", err)
			}
			d.TLS.RootCAs = x509.NewCertPool()
			if !d.TLS.RootCAs.AppendCertsFromPEM(b) {
				return nil, fmt.Errorf("store: %s holds no certificate (PEM)", o.CA)
			}
		}
	}
	return d, nil
}

// explain turns what the driver says about a connection into a line that says
// what to do.
func (db *DB) explain(err error) error {
	var ex *clickhouse.Exception
	if errors.As(err, &ex) {
		switch ex.Code {
		case 516, 193, 192: // AUTHENTICATION_FAILED, WRONG_PASSWORD, UNKNOWN_USER
			return fmt.Errorf("store: %w: %q at %s; check --clickhouse", ErrDenied, db.o.User, db.o.Addr)
		case 81: // UNKNOWN_DATABASE
			return fmt.Errorf("store: %w: %q at %s; create it, or run `prevalence migrate` as its owner", ErrNoDatabase, db.o.Database, db.o.Addr)
		}
		return fmt.Errorf("store: ClickHouse at %s: %w", db.o.Addr, err)
	}
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("store: ClickHouse at %s: %w", db.o.Addr, err)
	}
	hint := ""
	if errors.Is(err, io.EOF) || strings.Contains(err.Error(), "unexpected packet") {
		hint = " (is this the native port, and is TLS as the server has it?)"
	}
	if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) {
		hint = " (no answer in time)"
	}
	return fmt.Errorf("store: %w at %s%s: %w", ErrUnreachable, db.o.Addr, hint, err)
}

// Close closes all connections.
func (db *DB) Close() error { return db.conn.Close() }

// Database is the database that names without one refer to.
func (db *DB) Database() string { return db.o.Database }

// Views is the database of the views.
func (db *DB) Views() string { return db.o.Views }

// withoutDeadline hides the deadline of ctx from the driver, which would turn
// it into the setting max_execution_time, and a read-only user may not set one.
// Cancellation, by deadline too, works as before.
func withoutDeadline(ctx context.Context) context.Context { return noDeadline{ctx} }

type noDeadline struct{ context.Context }

func (noDeadline) Deadline() (time.Time, bool) { return time.Time{}, false }
