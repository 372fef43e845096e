package query_test

import (
	"errors"
	"testing"

	"prevalence/internal/store"
)

func TestSQL(t *testing.T) {
	db, r := open(t)
	fill(t, db)
	a, err := r.SQL(t.Context(), "SELECT project, rank, if(rank = 0, NULL, rank) AS place, [1, 2] AS list FROM projects ORDER BY project;", 3)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "columns", []string{"project", "rank", "place", "list"}, a.Columns)
	if len(a.Rows) != 3 || !a.Cut {
		t.Errorf("%d rows, cut %v", len(a.Rows), a.Cut)
	}
	same(t, "first row", []any{"alpha", uint32(1), uint32(1), []uint16{1, 2}}, a.Rows[0])
	same(t, "a NULL", any(nil), a.Rows[2][2])
	if a.Snapshot == nil {
		t.Error("no snapshot is named")
	}
	for _, statement := range []string{
		"SELECT * FROM prevalence.emails", // a table, with the hashes of addresses
		"SELECT project FROM prevalence.scans",
		"INSERT INTO projects (project) VALUES ('x')",
		"DROP VIEW projects",
		"CREATE TABLE x (a Int8) ENGINE = Memory",
		"SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a String')",
		"SELECT * FROM file('/etc/passwd', 'CSV', 'a String')",
		"SELECT sleepEachRow(3) FROM numbers(100) SETTINGS max_execution_time = 1000",
		"SELECT count() FROM projects SETTINGS max_memory_usage = 0",
		"SET readonly = 0",
		"SELEKT 1",
	} {
		_, err := r.SQL(t.Context(), statement, 10)
		if refused, ok := errors.AsType[*store.RefusedError](err); !ok || refused.Line == "" {
			t.Errorf("%s: %v", statement, err)
		}
	}
	views, err := r.Views(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, v := range views {
		found[v.View+"."+v.Column] = true
	}
	if !found["prevalence.share"] || !found["current_symbols.name"] || found["emails.key"] {
		t.Errorf("views %v", views)
	}
}

// TestSQLOfAnOwner: whoever asks with an account that may do everything can
// only read.
func TestSQLOfAnOwner(t *testing.T) {
	db, _ := open(t)
	if _, err := db.Query(t.Context(), "CREATE TABLE x (a Int8) ENGINE = Memory", store.Limits{Rows: 1}); err == nil {
		t.Error("a table was created")
	}
	if _, err := db.Query(t.Context(), "SELECT groupArray(number) FROM numbers(100000000)", store.Limits{Rows: 1, MemoryBytes: 1 << 20}); err == nil {
		t.Error("memory is not limited")
	}
}
