package store_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"prevalence/internal/engine"
	"prevalence/internal/engine/enginetest"
	"prevalence/internal/store"
)

func TestMain(m *testing.M) { enginetest.Main(m) }

// open connects to ch as the given account.
func open(t *testing.T, ch *engine.ClickHouse, a engine.Account, database string) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{
		Addr: ch.Addr(), Database: database, Views: engine.ViewsDatabase, User: a.User, Password: a.Password})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func TestValidate(t *testing.T) {
	tests := []struct {
		addr string
		want store.Options // of the fields that an address gives
		err  string
	}{
		{addr: "db.example.org:9000", want: store.Options{Addr: "db.example.org:9000", Database: "prevalence", User: "default"}},
		{addr: "clickhouse://ann:s%40t@db.example.org/facts?secure=true",
			want: store.Options{Addr: "db.example.org:9440", Database: "facts", User: "ann", Password: "s@t", TLS: true}},
		{addr: "clickhouse://[::1]/", want: store.Options{Addr: "[::1]:9000", Database: "prevalence", User: "default"}},
		{addr: "db.example.org", err: "want host:port"},
		{addr: "", err: "want host:port"},
		{addr: "http://ann:secret@db.example.org:8123", err: "native protocol"},
		{addr: "clickhouse://ann:secret@db.example.org/?tls=1", err: `unknown parameter "tls"`},
		{addr: "clickhouse://ann:secret@db.example.org/?secure=1", err: "want true or false"},
		{addr: "clickhouse://ann:secret@db.example.org:port/", err: "not a URL"},
	}
	for _, tt := range tests {
		o := store.Options{Addr: tt.addr}
		err := o.Validate()
		if tt.err != "" {
			if err == nil || !strings.Contains(err.Error(), tt.err) || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "\n") {
				t.Errorf("%q: error %v, want one line with %q", tt.addr, err, tt.err)
			}
			continue
		}
		tt.want.Views, tt.want.DialTimeout, tt.want.Conns = tt.want.Database+"_views", 5*time.Second, 8
		if diff := cmp.Diff(tt.want, o); err != nil || diff != "" {
			t.Errorf("%q: %v %s", tt.addr, err, diff)
		}
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	ch := enginetest.ClickHouse(t)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	mute, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer mute.Close()
	owner := ch.Owner()
	tests := []struct {
		name string
		o    store.Options
		want error
	}{
		{"nobody listens", store.Options{Addr: closed.Addr().String()}, store.ErrUnreachable},
		{"nobody answers", store.Options{Addr: mute.Addr().String(), DialTimeout: 300 * time.Millisecond}, store.ErrUnreachable},
		{"wrong password", store.Options{Addr: ch.Addr(), User: owner.User, Password: "wrong"}, store.ErrDenied},
		{"unknown user", store.Options{Addr: ch.Addr(), User: "nobody", Password: "wrong"}, store.ErrDenied},
		{"unknown database", store.Options{Addr: ch.Addr(), User: owner.User, Password: owner.Password, Database: "absent"}, store.ErrNoDatabase},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			defer cancel()
			db, err := store.Open(ctx, tt.o)
			if err == nil {
				_ = db.Close()
				t.Fatal("opened")
			}
			if !errors.Is(err, tt.want) || strings.Contains(err.Error(), "wrong") || !strings.Contains(err.Error(), tt.o.Addr) {
				t.Errorf("error %q, want %q with the address", err, tt.want)
			}
			t.Log(err)
		})
	}
}

func TestInsertAndSelect(t *testing.T) {
	ch := enginetest.ClickHouse(t)
	db := open(t, ch, ch.Owner(), engine.Database)
	ctx := t.Context()
	if err := db.Exec(ctx, "CREATE TABLE things (id UInt64, name String, tags Array(LowCardinality(String)), at DateTime('UTC')) ENGINE = MergeTree ORDER BY id", nil); err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 24, 10, 15, 0, 0, time.UTC)
	names := []string{"plain", `quote ' and \ back`, "tab\tand\nline", "", "ünï", "{name:String}"}
	ids, tags, times := make([]uint64, len(names)), make([][]string, len(names)), make([]time.Time, len(names))
	for i := range names {
		ids[i], tags[i], times[i] = uint64(i), []string{"x", fmt.Sprint(i)}, at
	}
	columns := []store.Column{{Name: "id", Values: ids}, {Name: "name", Values: names}, {Name: "tags", Values: tags}, {Name: "at", Values: times}}
	if err := db.Insert(ctx, "things", columns...); err != nil {
		t.Fatal(err)
	}
	type thing struct {
		ID   uint64    `ch:"id"`
		Name string    `ch:"name"`
		Tags []string  `ch:"tags"`
		At   time.Time `ch:"at"`
	}
	deadline, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for i, name := range names {
		got, err := store.Select[thing](deadline, db, "SELECT * FROM things WHERE name = {name:String} AND at = {at:DateTime('UTC')} AND name IN {names:Array(String)}",
			store.Params{"name": name, "at": at, "names": names})
		if err != nil {
			t.Fatal(err)
		}
		want := []thing{{uint64(i), name, tags[i], at}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q: %s", name, diff)
		}
	}
	if err := db.Insert(ctx, "things", store.Column{Name: "id", Values: []uint64{7}}, store.Column{Name: "name", Values: []string{}}); err == nil {
		t.Error("columns of different lengths were inserted")
	}
	if err := db.Insert(ctx, "things", store.Column{Name: "id", Values: []uint64{}}); err != nil {
		t.Errorf("no rows: %v", err)
	}
	if err := db.Insert(ctx, "absent", store.Column{Name: "id", Values: []uint64{1}}); err == nil || !strings.Contains(err.Error(), "absent") {
		t.Errorf("insert into a table that does not exist: %v", err)
	}
	// A cancelled context ends a query; a pool that it broke heals.
	gone, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := store.Select[thing](gone, db, "SELECT * FROM things", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := store.Select[thing](ctx, db, "SELECT * FROM things", nil); err != nil {
		t.Errorf("after a cancelled query: %v", err)
	}
}

func TestMigrate(t *testing.T) {
	ch := enginetest.ClickHouse(t)
	db := open(t, ch, ch.Owner(), engine.Database)
	ctx := t.Context()
	if current, err := db.Current(ctx); err != nil || current {
		t.Fatalf("empty database: current %v, %v", current, err)
	}
	first, err := db.Migrate(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if first.From != 0 || first.To < 20 {
		t.Errorf("migrated from %d to %d", first.From, first.To)
	}
	if current, err := db.Current(ctx); err != nil || !current {
		t.Fatalf("migrated database: current %v, %v", current, err)
	}
	// Interrupted before the version was noted: every statement may run again.
	if err := db.Exec(ctx, "ALTER TABLE goose_db_version DELETE WHERE version_id > 0 SETTINGS mutations_sync = 2", nil); err != nil {
		t.Fatal(err)
	}
	if again, err := db.Migrate(ctx); err != nil || again.To != first.To {
		t.Fatalf("again: %+v, %v", again, err)
	}
	if err := db.Exec(ctx, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)", nil); err != nil {
		t.Fatal(err)
	}
	for name, run := range map[string]func() error{
		"Migrate": func() error { _, err := db.Migrate(ctx); return err },
		"Current": func() error { _, err := db.Current(ctx); return err },
	} {
		if err := run(); !errors.Is(err, store.ErrNewer) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s of a newer database: %v, want one line", name, err)
		}
	}
}

func TestReaderSeesViewsOnly(t *testing.T) {
	ch := enginetest.ClickHouse(t)
	owner := open(t, ch, ch.Owner(), engine.Database)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := owner.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	type name struct {
		Name string `ch:"name"`
	}
	tables := func(database string) []name {
		rows, err := store.Select[name](ctx, owner, "SELECT name FROM system.tables WHERE database = {database:String}", store.Params{"database": database})
		if err != nil || len(rows) < 10 {
			t.Fatalf("%d tables in %s, %v", len(rows), database, err)
		}
		return rows
	}
	reader := open(t, ch, ch.Reader(), engine.ViewsDatabase)
	for _, v := range tables(engine.ViewsDatabase) {
		if err := reader.Exec(ctx, "SELECT * FROM "+v.Name+" LIMIT 1", nil); err != nil {
			t.Errorf("view %s: %v", v.Name, err)
		}
		if err := reader.Exec(ctx, "INSERT INTO "+v.Name+" SELECT * FROM "+v.Name, nil); err == nil {
			t.Errorf("the reader inserted into view %s", v.Name)
		}
	}
	for _, tab := range tables(engine.Database) {
		if err := reader.Exec(ctx, "SELECT * FROM "+engine.Database+"."+tab.Name+" LIMIT 1", nil); err == nil {
			t.Errorf("the reader reads table %s", tab.Name)
		}
	}
	for _, statement := range []string{
		"INSERT INTO prevalence.projects (project, project_id) VALUES ('x', 1)",
		"DROP VIEW prevalence_views.projects",
		"CREATE TABLE prevalence_views.x (a UInt8) ENGINE = Memory",
		"SELECT * FROM file('/etc/hostname', 'LineAsString')",
		"SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
	} {
		if err := reader.Exec(ctx, statement, nil); err == nil {
			t.Errorf("the reader may: %s", statement)
		}
	}
	// What identifies a person is in no view.
	columns, err := store.Select[name](ctx, owner, "SELECT table || '.' || name AS name FROM system.columns WHERE database = {database:String} AND name IN ('key', 'key_id')",
		store.Params{"database": engine.ViewsDatabase})
	if err != nil || len(columns) > 0 {
		t.Errorf("views show keyed hashes: %v %v", columns, err)
	}
}
