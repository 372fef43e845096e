package rights_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	chgo "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/nats-io/nats.go"
)

// refusedByBroker tries what each role must not do, and what it may.
func refusedByBroker(t *testing.T, url string) {
	for _, c := range []struct {
		user, subject string
		publish       bool // or subscribe
		allowed       bool
	}{
		{"worker", "scans.requests.1_0", true, true},
		{"worker", "jobs.requests", true, false},
		{"worker", "states.project.requests", true, false},
		{"worker", "$KV.prevalence.index", true, false},
		{"worker", "scans.>", false, false},
		{"worker", "jobs.>", false, false},
		{"worker", "_INBOX.aggregator.>", false, false},
		{"worker", "_INBOX.>", false, false},
		{"worker", "$JS.API.CONSUMER.CREATE.SCANS.eve", true, false},
		{"worker", "$JS.API.CONSUMER.CREATE.JOBS.eve", true, false},
		{"worker", "$JS.API.CONSUMER.CREATE.STATES.eve", true, false},
		{"worker", "$JS.API.STREAM.MSG.GET.SCANS", true, false},
		{"worker", "$JS.API.DIRECT.GET.SCANS", true, false}, // by sequence
		{"worker", "$JS.API.STREAM.MSG.GET.JOBS", true, false},
		{"worker", "$JS.API.DIRECT.GET.JOBS.jobs.requests", true, false},
		{"worker", "$JS.API.DIRECT.GET.DEAD.dead.jobs.requests", true, false},
		{"worker", "$JS.API.STREAM.PURGE.SCANS", true, false},
		{"worker", "$JS.API.STREAM.DELETE.JOBS", true, false},
		{"worker", "$JS.API.STREAM.SNAPSHOT.SCANS", true, false},
		{"worker", "$JS.API.CONSUMER.DELETE.JOBS.workers", true, false},

		{"crawler", "jobs.requests", true, true},
		{"crawler", "scans.requests.1_0", true, false},
		{"crawler", "$JS.API.CONSUMER.CREATE.SCANS.eve", true, false},
		{"crawler", "$JS.API.CONSUMER.CREATE.JOBS.workers", true, false},
		{"crawler", "$JS.API.CONSUMER.MSG.NEXT.JOBS.workers", true, false},
		{"crawler", "$JS.API.DIRECT.GET.SCANS.scans.requests.1_0", true, false},
		{"crawler", "$JS.API.STREAM.DELETE.SCANS", true, false},
		{"crawler", "$JS.API.STREAM.PURGE.SCANS", true, false},
		{"crawler", "scans.>", false, false},
		{"crawler", "_INBOX.worker.>", false, false},

		{"aggregator", "$JS.API.CONSUMER.INFO.SCANS.aggregator", true, true},
		{"aggregator", "jobs.requests", true, false},
		{"aggregator", "scans.requests.1_0", true, false},
		{"aggregator", "states.project.requests", true, false},
		{"aggregator", "$KV.prevalence.index", true, false},
		{"aggregator", "$JS.API.STREAM.PURGE.SCANS", true, false},
		{"aggregator", "$JS.API.CONSUMER.MSG.NEXT.JOBS.workers", true, false},
		{"aggregator", "_INBOX.crawler.>", false, false},

		{"reader", "$JS.API.STREAM.INFO.JOBS", true, true},
		{"reader", "jobs.requests", true, false},
		{"reader", "$JS.API.CONSUMER.CREATE.SCANS.eve", true, false},
		{"reader", "$JS.API.STREAM.MSG.GET.SCANS", true, false},
		{"reader", "scans.>", false, false},

		{"operator", "dead.jobs.x", true, true},
	} {
		got, err := tries(t, url, c.user, c.subject, c.publish)
		if err != nil {
			t.Errorf("%s: %v", c.user, err)
		} else if got != c.allowed {
			t.Errorf("%s, publish %v on %s: allowed %v, want %v", c.user, c.publish, c.subject, got, c.allowed)
		}
	}
	for _, login := range []nats.Option{nats.UserInfo("worker", "wrong"), nats.UserInfo("prevalence", ""), func(*nats.Options) error { return nil }} {
		if nc, err := nats.Connect(url, login); err == nil {
			nc.Close()
			t.Error("somebody without a password was let in")
		}
	}
}

// tries reports whether the broker lets a user publish or subscribe.
func tries(t *testing.T, url, user, subject string, publish bool) (bool, error) {
	t.Helper()
	refused := make(chan error, 8)
	nc, err := nats.Connect(url, nats.UserInfo(user, secrets["NATS_PASSWORD_"+strings.ToUpper(user)]), nats.NoReconnect(),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { refused <- err }))
	if err != nil {
		return false, err
	}
	defer nc.Close()
	if publish {
		err = nc.Publish(subject, nil) // no request: whatever it asks for is malformed, and answered to nobody
	} else {
		_, err = nc.SubscribeSync(subject)
	}
	if err == nil {
		err = nc.FlushTimeout(5 * time.Second)
	}
	if err != nil {
		return false, err
	}
	select {
	case err := <-refused:
		if !errors.Is(err, nats.ErrPermissionViolation) {
			return false, err
		}
		return false, nil
	case <-time.After(50 * time.Millisecond):
		return true, nil
	}
}

// refusedByDatabase tries what each user must not do, and what it may.
func refusedByDatabase(t *testing.T, addr string) {
	const denied = "Not enough privileges"
	for _, c := range []struct{ user, query, refusal string }{
		{"reader", "SELECT count() FROM prevalence_views.projects", ""},
		{"reader", "SELECT count() FROM prevalence.scans", denied},
		{"reader", "INSERT INTO prevalence.projects VALUES ('x', 1)", denied},
		{"reader", "CREATE TABLE prevalence_views.x (n UInt8) ENGINE = Memory", denied},
		{"reader", "DROP VIEW prevalence_views.projects", denied},
		{"reader", "ALTER TABLE prevalence.scans DELETE WHERE 1", denied},
		{"reader", "SELECT * FROM file('/etc/passwd', 'LineAsString')", denied},
		{"reader", "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString', 'x String')", denied},
		{"reader", "CREATE USER eve", denied},
		{"reader", "SELECT 1 SETTINGS max_memory_usage = 0", "readonly"},
		{"reader", "SELECT 1 SETTINGS max_execution_time = 0", "max_execution_time"},
		{"reader", "SELECT 1 SETTINGS max_execution_time = 60", ""},

		{"writer", "SELECT count() FROM prevalence.scans", ""},
		{"writer", "CREATE TABLE prevalence.x (n UInt8) ENGINE = Memory", denied},
		{"writer", "DROP TABLE prevalence.scans", denied},
		{"writer", "ALTER TABLE prevalence.scans ADD COLUMN x UInt8", denied},
		{"writer", "SELECT count() FROM prevalence_views.projects", denied},
		{"writer", "SELECT * FROM file('/etc/passwd', 'LineAsString')", denied},
		{"writer", "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString', 'x String')", denied},
		{"writer", "CREATE USER eve", denied},

		{"owner", "SELECT * FROM file('/etc/passwd', 'LineAsString')", denied},
		{"owner", "CREATE USER eve", denied},
	} {
		err := database(t, addr, "prevalence_"+c.user, secrets[strings.ToUpper(c.user)]).Exec(t.Context(), c.query)
		switch {
		case c.refusal == "" && err != nil:
			t.Errorf("%s: %s: %v", c.user, c.query, err)
		case c.refusal != "" && (err == nil || !strings.Contains(err.Error(), c.refusal)):
			t.Errorf("%s: %s: error %v, want one with %q", c.user, c.query, err, c.refusal)
		}
	}
	// Nobody else is known: a worker's or crawler's login at the broker opens nothing here.
	for user, password := range map[string]string{
		"worker": secrets["NATS_PASSWORD_WORKER"], "prevalence_worker": secrets["NATS_PASSWORD_WORKER"],
		"crawler": secrets["NATS_PASSWORD_CRAWLER"], "prevalence_reader": "", "prevalence_owner": "wrong",
	} {
		if err := database(t, addr, user, password).Ping(t.Context()); err == nil {
			t.Errorf("%s was let in", user)
		}
	}
}

func database(t *testing.T, addr, user, password string) chgo.Conn {
	t.Helper()
	conn, err := chgo.Open(&chgo.Options{Addr: []string{addr}, Auth: chgo.Auth{Username: user, Password: password}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}
