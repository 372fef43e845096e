package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/pressly/goose/v3"

	schema "prevalence/schemas/clickhouse"
)

// ErrNewer is returned for a database that a newer build has migrated.
var ErrNewer = errors.New("the database was migrated by a newer version of prevalence; upgrade this one")

// Migration says what Migrate did: the versions before and after.
type Migration struct {
	From, To int64
}

// Migrate brings tables and views up to date. It may be interrupted at any
// moment and run again; two processes must not run it at once. It returns an
// error that wraps ErrNewer when the database is ahead of this build, and then
// has changed nothing.
//
// The user needs all rights on both databases. They are created where the user
// may create them.
func (db *DB) Migrate(ctx context.Context) (Migration, error) {
	p, done, err := db.provider()
	if err != nil {
		return Migration{}, err
	}
	defer done()
	ctx = withoutDeadline(ctx)
	current, target, err := p.GetVersions(ctx)
	if err != nil {
		return Migration{}, fmt.Errorf("store: migrate: read the version: %w", err)
	}
	m := Migration{From: current, To: target}
	if current > target {
		return m, fmt.Errorf("store: %w (it is at %d, this build knows %d)", ErrNewer, current, target)
	}
	if current == target {
		return m, nil
	}
	if err := db.Exec(ctx, "CREATE DATABASE IF NOT EXISTS "+db.o.Views, nil); err != nil {
		return m, fmt.Errorf("store: migrate: the database of the views: %w", err)
	}
	if _, err := p.Up(ctx); err != nil {
		return m, fmt.Errorf("store: migrate: %w", err)
	}
	return m, nil
}

func (db *DB) provider() (*goose.Provider, func(), error) {
	files, err := schema.Migrations(db.o.Database, db.o.Views)
	if err != nil {
		return nil, nil, fmt.Errorf("store: migrate: %w", err)
	}
	o, err := db.o.driver()
	if err != nil {
		return nil, nil, err
	}
	o.MaxOpenConns, o.MaxIdleConns = 0, 0 // database/sql has its own pool
	conn := clickhouse.OpenDB(o)
	p, err := goose.NewProvider(goose.DialectClickHouse, conn, files,
		goose.WithLogger(log.New(io.Discard, "", 0)), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		_ = conn.Close()
		return nil, nil, fmt.Errorf("store: migrate: %w", err)
	}
	return p, func() { _ = conn.Close() }, nil
}

// Current reports whether the database is at the version of this build, without
// changing anything. It returns an error that wraps ErrNewer as Migrate does.
func (db *DB) Current(ctx context.Context) (bool, error) {
	p, done, err := db.provider()
	if err != nil {
		return false, err
	}
	defer done()
	current, target, err := p.GetVersions(withoutDeadline(ctx))
	if err != nil {
		return false, fmt.Errorf("store: read the version: %w", err)
	}
	if current > target {
		return false, fmt.Errorf("store: %w (it is at %d, this build knows %d)", ErrNewer, current, target)
	}
	return current == target, nil
}
