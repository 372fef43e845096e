// Package queue is the way of jobs, scans and states over NATS JetStream: it
// owns the streams, their subjects and their guarantees, and is the only
// importer of nats.go.
//
// Everything is at least once. A consumer acknowledges when the next store has
// confirmed: a worker acknowledges a job after PublishScan returned, the
// aggregator acknowledges a batch after its insert. Order is never counted by
// hand: JobDelivery.Seq and SeqScan.Seq are the broker's sequences, which stay
// the same when a message is delivered again and go on upward when a stream is
// created anew.
//
// # Streams and subjects
//
//	JOBS    jobs.<project>            work queue, at most one message a subject
//	SCANS   scans.<project>.<version> the newest 2 of each release, replayable
//	STATES  states.project.<project>  every change of a project's state
//	        states.ranking.<name>     one message a ranking
//	        states.forgotten.<hash>   a tombstone each, see Forget
//	DEAD    dead.<subject>            what could not be processed, with the reason
//	REAP    the broker's advisories   which jobs it gave up delivering, until Reap
//
// and the key-value buckets prevalence (key index: which object holds the
// published index), prevalence_stale (a key a project), prevalence_fleet (a
// key a process that fetches) and prevalence_manners (pauses and the day's
// counts, see Fleet), and the object store prevalence_index. In subjects and keys, names are spelled as Token
// says.
package queue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
)

// Errors of this package, to be told apart by errors.Is.
var (
	// ErrNotFound: nothing of that name was ever saved.
	ErrNotFound = errors.New("queue: not found")
	// ErrConflict: somebody else saved first; load again.
	ErrConflict = errors.New("queue: changed by somebody else meanwhile")
	// ErrTooLarge: the message is over the broker's limit.
	ErrTooLarge = errors.New("queue: message is larger than the broker takes")
	// ErrUnreachable: no broker answers, or not to these credentials.
	ErrUnreachable = errors.New("queue: cannot connect to NATS")
	// ErrClosed: the connection was closed for good.
	ErrClosed = errors.New("queue: connection is closed")
)

const (
	connectTimeout = 10 * time.Second
	requestTimeout = 10 * time.Second // of one request to the broker, where the caller's context has no deadline
	reconnectWait  = 500 * time.Millisecond
	publishWindow  = 4096 // jobs in flight
)

// Options says how to reach the broker.
type Options struct {
	// URL is one address, or several separated by commas: nats://host:port.
	URL string
	// InProcess connects without a port instead; the URL is not used then.
	InProcess interface{ InProcessConn() (net.Conn, error) }
	// User and Password, or Token, or CredsFile; all empty: no credentials.
	User, Password, Token, CredsFile string
	// Name tells this connection from others in the broker's own tools.
	Name string
	// Metrics is where the connection's metrics are registered, one connection at
	// each; nil: nobody sees them.
	Metrics prometheus.Registerer
	// CA is a file of certificates (PEM) that the broker's is checked against;
	// empty: the system's.
	CA string
	// Replicas is how many copies of each stream Ensure wants; 0: as many as there
	// are, 1 of a new one.
	Replicas int
	// Log gets a line when the connection is lost and found again; nil discards.
	Log *slog.Logger
}

// Conn is a connection to the broker. It is safe for concurrent use. It finds
// its way back after the broker was away, for as long as that takes.
type Conn struct {
	nc   *nats.Conn
	js   jetstream.JetStream
	jobs *JobPublisher

	metrics  *metrics
	replicas int
}

// plainName is a user's name that can be a part of a subject.
var plainName = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// Connect connects to the broker. An error says which address could not be
// reached, without its credentials. The caller must Close the connection.
func Connect(ctx context.Context, o Options) (*Conn, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	timeout := connectTimeout
	if deadline, ok := ctx.Deadline(); ok {
		timeout = min(timeout, time.Until(deadline))
	}
	if err := ctx.Err(); err != nil || timeout <= 0 {
		return nil, fmt.Errorf("queue: connect: %w", context.Cause(ctx))
	}
	count := newMetrics(o.Metrics)
	options := []nats.Option{
		nats.Name(o.Name),
		nats.Timeout(timeout),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(reconnectWait),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			count.connected.Set(0)
			if err != nil {
				count.disconnects.Inc()
				o.Log.Warn("broker is away, waiting for it", "error", err)
			}
		}),
		nats.ReconnectHandler(func(nc *nats.Conn) {
			count.connected.Set(1)
			o.Log.Info("broker is back", "url", redact(nc.ConnectedUrl()))
		}),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			o.Log.Warn("broker reports an error", "error", err)
		}),
	}
	if plainName.MatchString(o.User) {
		// The answers to one role's requests are not for the others to hear: a
		// server's permissions can tell the users' inboxes apart.
		options = append(options, nats.CustomInboxPrefix(nats.InboxPrefix+o.User))
	}
	if o.CA != "" {
		options = append(options, nats.RootCAs(o.CA))
	}
	where := redact(o.URL)
	switch {
	case o.InProcess != nil:
		where = "the embedded broker"
		options = append(options, nats.InProcessServer(o.InProcess))
	case o.URL == "":
		return nil, errors.New("queue: no address of a NATS server given")
	}
	switch {
	case o.User != "":
		options = append(options, nats.UserInfo(o.User, o.Password))
	case o.Token != "":
		options = append(options, nats.Token(o.Token))
	case o.CredsFile != "":
		options = append(options, nats.UserCredentials(o.CredsFile))
	}
	nc, err := nats.Connect(o.URL, options...)
	if err != nil {
		return nil, fmt.Errorf("%w at %s: %w", ErrUnreachable, where, err)
	}
	js, err := jetstream.New(nc,
		jetstream.WithPublishAsyncMaxPending(2*publishWindow),
		jetstream.WithPublishAsyncTimeout(requestTimeout),
		jetstream.WithDefaultTimeout(requestTimeout))
	if err != nil {
		nc.Close()
		return nil, fmt.Errorf("queue: %w", err)
	}
	count.connected.Set(1)
	c := &Conn{nc: nc, js: js, metrics: count, replicas: o.Replicas}
	c.jobs = newJobPublisher(c)
	return c, nil
}

// Close closes the connection. What was published but not waited for may be
// lost; deliveries that were not acknowledged come again.
func (c *Conn) Close() {
	_ = c.nc.FlushTimeout(time.Second)
	c.nc.Close()
}

// checkSize returns ErrTooLarge for a message that the broker would refuse.
func (c *Conn) checkSize(m *nats.Msg) error {
	if limit := c.nc.MaxPayload(); limit > 0 && int64(m.Size()) > limit {
		return fmt.Errorf("%w: %d of %d bytes on %s", ErrTooLarge, m.Size(), limit, m.Subject)
	}
	return nil
}

// redact removes the credentials from a list of addresses.
func redact(addresses string) string {
	list := strings.Split(addresses, ",")
	for i, address := range list {
		if u, err := url.Parse(strings.TrimSpace(address)); err == nil && u.User != nil {
			u.User = nil
			list[i] = u.String()
		} else if at := strings.LastIndexByte(address, '@'); at >= 0 {
			list[i] = address[at+1:]
		}
	}
	return strings.Join(list, ",")
}

// apiCode is the error code of the broker in err, or 0.
func apiCode(err error) jetstream.ErrorCode {
	if e, ok := errors.AsType[jetstream.JetStreamError](err); ok && e.APIError() != nil {
		return e.APIError().ErrorCode
	}
	return 0
}

// isWrongLastSequence reports whether a publish was refused because the
// subject holds another last message than was expected.
func isWrongLastSequence(err error) bool {
	code := apiCode(err)
	return code == jetstream.JSErrCodeStreamWrongLastSequence || code == jetstream.JSErrCodeStreamWrongLastSequenceConstant
}

// sleep waits for d or until ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
