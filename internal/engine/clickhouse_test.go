package engine_test

import (
	"context"
	"strings"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"prevalence/internal/engine"
	"prevalence/internal/engine/enginetest"
)

func TestMain(m *testing.M) { enginetest.Main(m) }

func connect(t *testing.T, addr, database string, a engine.Account) driver.Conn {
	t.Helper()
	conn, err := clickhouse.Open(&clickhouse.Options{
		Addr: []string{addr},
		Auth: clickhouse.Auth{Database: database, Username: a.User, Password: a.Password},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func TestRights(t *testing.T) {
	c := enginetest.ClickHouse(t)
	owner := connect(t, c.Addr(), engine.Database, c.Owner())
	reader := connect(t, c.Addr(), engine.ViewsDatabase, c.Reader())

	tests := []struct {
		name  string
		conn  driver.Conn
		query string
		code  string // part of the refusal; empty: allowed
	}{
		{"owner creates a table", owner, `CREATE TABLE t (n UInt64) ENGINE = MergeTree ORDER BY n`, ""},
		{"owner inserts", owner, `INSERT INTO t SELECT number FROM numbers(1000)`, ""},
		{"owner creates a view", owner, `CREATE VIEW prevalence_views.v DEFINER = CURRENT_USER SQL SECURITY DEFINER AS SELECT count() AS n FROM prevalence.t`, ""},
		{"owner alters", owner, `ALTER TABLE t ADD COLUMN m UInt8`, ""},
		{"owner lists tables", owner, `SELECT count() FROM system.tables WHERE database = 'prevalence'`, ""},
		{"owner optimizes", owner, `OPTIMIZE TABLE t FINAL`, ""},
		{"owner exchanges", owner, `CREATE TABLE t2 AS t`, ""},
		{"owner exchanges", owner, `EXCHANGE TABLES t AND t2`, ""},
		{"owner exchanges back", owner, `EXCHANGE TABLES t AND t2`, ""},
		{"owner reads a file", owner, `SELECT * FROM file('/etc/passwd', 'LineAsString')`, "Not enough privileges"},
		{"owner reads a url", owner, `SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString', 'x String')`, "Not enough privileges"},
		{"owner creates a user", owner, `CREATE USER eve`, "Not enough privileges"},
		{"owner creates a database", owner, `CREATE DATABASE other`, "Not enough privileges"},
		{"reader reads a view", reader, `SELECT n FROM v`, ""},
		{"reader reads a table", reader, `SELECT n FROM prevalence.t`, "Not enough privileges"},
		{"reader inserts", reader, `INSERT INTO prevalence.t SELECT 1, 1`, "Not enough privileges"},
		{"reader reads a file", reader, `SELECT * FROM file('/etc/passwd', 'LineAsString')`, "Not enough privileges"},
		{"reader drops", reader, `DROP VIEW v`, "Not enough privileges"},
		{"reader lifts the limit", reader, `SELECT n FROM v SETTINGS max_execution_time = 0`, "max_execution_time"},
		{"reader lifts the memory limit", reader, `SELECT n FROM v SETTINGS max_memory_usage = 0`, "readonly"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.conn.Exec(t.Context(), tt.query)
			switch {
			case tt.code == "" && err != nil:
				t.Errorf("%s: %v", tt.query, err)
			case tt.code != "" && (err == nil || !strings.Contains(err.Error(), tt.code)):
				t.Errorf("%s: error %v, want one with %q", tt.query, err, tt.code)
			}
		})
	}

	for name, a := range map[string]engine.Account{
		"wrong password": {User: c.Owner().User, Password: "x"},
		"default":        {User: "default"},
	} {
		if err := connect(t, c.Addr(), "", a).Ping(t.Context()); err == nil {
			t.Errorf("%s: connected, want a refusal", name)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20e9)
	defer cancel()
	var n uint64
	if err := reader.QueryRow(ctx, "SELECT n FROM v").Scan(&n); err != nil || n != 1000 {
		t.Errorf("reader with a deadline: n = %d, %v; want 1000", n, err)
	}
}
