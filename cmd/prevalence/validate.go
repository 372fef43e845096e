package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
)

// Validate reports the first setting that cannot work, in one line that says
// what to write instead.
func (c *config) Validate() error {
	checks := []func() error{
		func() error { return validIndex(c.Index) },
		func() error {
			if !isURL(c.Ranking) {
				return nil
			}
			return validURL("ranking", c.Ranking, "https", "http")
		},
		func() error { return validURL("ranking-server", c.RankingServer, "https", "http") },
		func() error { return validURL("nats", c.NATS, "nats", "tls", "ws", "wss") },
		func() error {
			return validHostPort("clickhouse", c.ClickHouse, "ClickHouse's native port is usually 9000")
		},
		func() error {
			return validHostPort("broker-listen", c.BrokerListen, "127.0.0.1:4222, or port 0 for a free one")
		},
		func() error { return validHostPort("metrics", c.Metrics, "127.0.0.1:9464, for example") },
		func() error { return atLeast("replicas", c.Replicas, 0) },
		func() error { return oneOf("files", c.Files, "both", "sdist", "wheel", "all") },
		func() error { return oneOf("format", c.Format, "table", "csv", "json", "sarif") },
		func() error { return oneOf("log-format", c.LogFormat, "text", "json") },
		func() error { return oneOf("progress", c.Progress, "auto", "bar", "lines", "none") },
		func() error { return oneOf("evidence", c.Evidence, "first", "all") },
		func() error { return atLeast("threads", c.Threads, 0) },
		func() error { return atLeast("workers", c.Workers, 0) },
		func() error { return atLeast("slots", c.Slots, 1) },
		func() error { return atLeast("connections", c.Connections, 1) },
		func() error { return atLeast("top", c.Top, 0) },
		func() error { return atLeast("limit", c.Limit, 0) },
		func() error { return atLeast("releases", c.Releases, 1) },
		func() error { return atLeast("every", c.Every, time.Second) },
		func() error {
			if c.Jitter < 0 || c.Jitter > 1 {
				return fmt.Errorf("jitter is %v, and must be between 0 and 1", c.Jitter)
			}
			return nil
		},
		func() error { return atLeast("rate", c.Rate, 0) },
		func() error { return atLeast("timeout", c.Timeout, 1) },
		func() error { return atLeast("ack-wait", c.AckWait, time.Second) },
		func() error { return atLeast("keep-releases", c.KeepReleases, 1) },
		func() error { return atLeast("snapshot-every", c.SnapshotEvery, 0) },
		func() error { return validHostPort("listen", c.Listen, "127.0.0.1:8080, or port 0 for a free one") },
		func() error { return atLeast("client-rate", c.ClientRate, 0) },
		func() error { return atLeast("queries", c.Queries, 1) },
		func() error { return atLeast("slow-queries", c.SlowQueries, 1) },
		func() error { return atLeast("query-time", c.QueryTime, time.Second) },
		func() error { _, err := c.logLevel(); return err },
		func() error { _, err := c.memoryBytes(); return err },
		func() error { _, err := c.memoryLimitBytes(); return err },
		func() error { _, err := c.budget(); return err },
	}
	for _, check := range checks {
		if err := check(); err != nil {
			return err
		}
	}
	if c.following() && c.UntilIdle {
		return errors.New("follow never comes to an end, so until-idle cannot wait for it: choose one")
	}
	if c.NATS == "" && (c.NATSUser != "" || c.NATSCreds != "") {
		return fmt.Errorf("nats-user and nats-creds belong to an external broker: set nats as well")
	}
	return nil
}

// validIndex accepts an http or https URL with a host, or what may be a
// folder; whether it is one, validFolder says to who needs it.
func validIndex(index string) error {
	if !isURL(index) {
		return nil
	}
	return validURL("index", index, "http", "https")
}

func isURL(s string) bool { return strings.Contains(s, "://") }

// validFolder accepts a folder that can be read and holds something.
func validFolder(index string) error {
	folder, err := os.Open(index)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("index %q is neither a URL (https://host/simple/) nor a folder that exists", index)
	}
	if err != nil {
		return fmt.Errorf("index %q cannot be read: %w", index, bareError(err))
	}
	defer folder.Close()
	if info, err := folder.Stat(); err == nil && !info.IsDir() {
		return fmt.Errorf("index %q is a file; name the folder that holds the distributions", index)
	}
	switch _, err := folder.ReadDir(1); {
	case errors.Is(err, io.EOF):
		return fmt.Errorf("index %q is an empty folder; name the one that holds the distributions", index)
	case err != nil:
		return fmt.Errorf("index %q cannot be read: %w", index, bareError(err))
	}
	return nil
}

// bareError takes the operation and the path off an error: the caller names them.
func bareError(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

func validURL(key, value string, schemes ...string) error {
	if value == "" {
		return nil
	}
	u, err := url.Parse(value)
	if err != nil || u.Host == "" || !slices.Contains(schemes, u.Scheme) {
		return fmt.Errorf("%s is not a URL that can be used: write %s://host[:port]/…", key, schemes[0])
	}
	if _, secret := u.User.Password(); secret && key != "index" {
		return fmt.Errorf("%s holds a password; give it by %s or the configuration file", key, envName(key+"-password"))
	}
	return nil
}

func validHostPort(key, value, hint string) error {
	if value == "" {
		return nil
	}
	_, port, err := net.SplitHostPort(value)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return fmt.Errorf("%s %q is not host:port (%s)", key, value, hint)
	}
	return nil
}

func oneOf(key, value string, allowed ...string) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	return fmt.Errorf("%s %q is none of %s", key, value, strings.Join(allowed, ", "))
}

func atLeast[T int | float64 | ~int64](key string, value, least T) error {
	if value < least {
		return fmt.Errorf("%s is %v, and must be at least %v", key, value, least)
	}
	return nil
}

func (c *config) logLevel() (slog.Level, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		return 0, fmt.Errorf("log-level %q is none of debug, info, warn, error", c.LogLevel)
	}
	return level, nil
}

// memoryBytes is the soft memory limit of a worker, in bytes.
func (c *config) memoryBytes() (int64, error) {
	n, err := humanize.ParseBytes(c.Memory)
	if err != nil || n < 64<<20 || n > 1<<50 {
		return 0, fmt.Errorf("memory %q is no size of at least 64MiB (write 400MiB or 1GiB)", c.Memory)
	}
	return int64(n), nil
}

// memoryLimitBytes is the hard memory limit of a worker, in bytes; 0 is none.
func (c *config) memoryLimitBytes() (int64, error) {
	soft, err := c.memoryBytes()
	if err != nil {
		return 0, err
	}
	switch c.MemoryLimit {
	case "":
		return max(1<<30, 4*soft), nil
	case "none":
		return 0, nil
	}
	n, err := humanize.ParseBytes(c.MemoryLimit)
	if err != nil || n < uint64(soft)+256<<20 || n > 1<<50 {
		return 0, fmt.Errorf("memory-limit %q is no size of at least 256MiB more than memory, which is %s (write 2GiB, or none)", c.MemoryLimit, c.Memory)
	}
	return int64(n), nil
}

// isFile reports whether a file of that name is there.
func isFile(name string) bool {
	info, err := os.Stat(name)
	return err == nil && !info.IsDir()
}

// limits of a day; 0 is none.
type limits struct{ requests, bytes int64 }

// budget reads a number of requests, a size, or both: "200000,50GB".
func (c *config) budget() (l limits, err error) {
	wrong := fmt.Errorf("budget %q is no number of requests, no size and not both (write 200000, 50GB or 200000,50GB)", c.Budget)
	for part := range strings.SplitSeq(c.Budget, ",") {
		part = strings.TrimSpace(part)
		if part == "" && c.Budget == "" {
			return limits{}, nil
		}
		if n, err := strconv.ParseInt(part, 10, 64); err == nil {
			if n <= 0 || l.requests != 0 {
				return limits{}, wrong
			}
			l.requests = n
			continue
		}
		n, err := humanize.ParseBytes(part)
		if err != nil || n == 0 || n > 1<<60 || l.bytes != 0 {
			return limits{}, wrong
		}
		l.bytes = int64(n)
	}
	return l, nil
}
