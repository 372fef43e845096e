package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// Params are the values of a statement's parameters {name:Type}. They are
// passed beside the statement, never put into it. Values are strings, numbers,
// bool, time.Time, and slices of these.
type Params map[string]any

func (p Params) arguments() []any {
	args := make([]any, 0, len(p))
	for name, v := range p {
		args = append(args, clickhouse.Named(name, v))
	}
	return args
}

// ErrNoTables is returned for a database that was never migrated, or not to
// what this build asks for.
var ErrNoTables = errors.New("the tables are not there")

// ErrTooMuch is returned where the server stopped a query that took too much
// time or memory.
var ErrTooMuch = errors.New("the query took too much time or memory")

// failed says what went wrong with a query.
func failed(err error) error {
	if ex, ok := errors.AsType[*clickhouse.Exception](err); ok && tooMuch(ex.Code) {
		return fmt.Errorf("store: select: %w: %w", ErrTooMuch, err)
	}
	return fmt.Errorf("store: select: %w", err)
}

// tooMuch reports whether a code of ClickHouse's says that a limit was passed:
// rows to read, time, estimated time, queries at a time, memory, result rows.
func tooMuch(code int32) bool {
	switch code {
	case 158, 159, 160, 202, 241, 396:
		return true
	}
	return false
}

// Select runs a query and returns its rows. T is a struct whose fields name
// columns by `ch` tags.
func Select[T any](ctx context.Context, db *DB, query string, p Params) ([]T, error) {
	var rows []T
	if err := db.conn.Select(withoutDeadline(ctx), &rows, query, p.arguments()...); err != nil {
		var ex *clickhouse.Exception
		if errors.As(err, &ex) && ex.Code == 60 { // UNKNOWN_TABLE
			return nil, fmt.Errorf("store: %w: run 'prevalence migrate' as the owner of %q at %s", ErrNoTables, db.o.Database, db.o.Addr)
		}
		return nil, failed(err)
	}
	return rows, nil
}

// Each runs a query and gives fn one row after the other, so that a result may
// be larger than memory. T is as in Select;
// an error of fn ends the query and is returned as it is.
func Each[T any](ctx context.Context, db *DB, query string, p Params, fn func(row *T) error) error {
	rows, err := db.conn.Query(withoutDeadline(ctx), query, p.arguments()...)
	if err != nil {
		return failed(err)
	}
	defer func() { _ = rows.Close() }() // Err says what went wrong
	for rows.Next() {
		row := new(T)
		if err := rows.ScanStruct(row); err != nil {
			return fmt.Errorf("store: select: %w", err)
		}
		if err := fn(row); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return failed(err)
	}
	return nil
}

// Exec runs a statement that returns no rows.
func (db *DB) Exec(ctx context.Context, statement string, p Params) error {
	if err := db.conn.Exec(withoutDeadline(ctx), statement, p.arguments()...); err != nil {
		return fmt.Errorf("store: execute: %w", err)
	}
	return nil
}
