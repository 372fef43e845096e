package store

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// Table is the answer to a query whose columns nobody knew before.
type Table struct {
	Columns []string // names
	Types   []string // as ClickHouse writes them
	Rows    [][]any  // a value a column; nil where it is NULL
	Cut     bool     // there were more rows than asked for
}

// Limits bound a query of somebody else. A zero field is no limit, but of rows.
type Limits struct {
	Rows        int   // of the answer; the rest is left unread
	MemoryBytes int64 // of the server
	Seconds     int   // of the server; the context bounds the whole
}

// RefusedError says why the server did not answer a query, in one line.
type RefusedError struct {
	Code int32 // of ClickHouse
	Line string
}

func (e *RefusedError) Error() string { return e.Line }

// Query runs a query that somebody else wrote, which may read and do nothing
// else, whatever the account may do. A profile that is read-only already keeps
// its own limits, which nobody can change then; another gets those of l. The
// error is a RefusedError where the server refused or stopped the query.
func (db *DB) Query(ctx context.Context, query string, l Limits) (*Table, error) {
	setting, err := Select[struct {
		Readonly uint64 `ch:"readonly"`
	}](ctx, db, "SELECT toUInt64(getSetting('readonly')) AS readonly", nil)
	if err != nil {
		return nil, err
	}
	quiet := withoutDeadline(ctx)
	if len(setting) == 0 || setting[0].Readonly != 1 {
		quiet = clickhouse.Context(quiet, clickhouse.WithSettings(clickhouse.Settings{
			"readonly": 1, "max_memory_usage": l.MemoryBytes, "max_execution_time": l.Seconds,
		}))
	}
	t, err := db.read(quiet, query, l.Rows)
	if ex, ok := errors.AsType[*clickhouse.Exception](err); ok {
		if tooMuch(ex.Code) {
			return nil, fmt.Errorf("store: query: %w: %w", ErrTooMuch, &RefusedError{Code: ex.Code, Line: firstLine(ex.Message)})
		}
		return nil, &RefusedError{Code: ex.Code, Line: firstLine(ex.Message)}
	}
	if err != nil {
		return nil, fmt.Errorf("store: query: %w", err)
	}
	return t, nil
}

func (db *DB) read(ctx context.Context, query string, most int) (t *Table, err error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	rows, err := db.conn.Query(ctx, query)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	t = &Table{Columns: rows.Columns(), Rows: [][]any{}}
	types := rows.ColumnTypes()
	for _, c := range types {
		t.Types = append(t.Types, c.DatabaseTypeName())
	}
	for rows.Next() {
		if len(t.Rows) == most {
			t.Cut = true
			stop()
			return t, nil
		}
		into := make([]any, len(types))
		for i, c := range types {
			into[i] = reflect.New(c.ScanType()).Interface()
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		for i, x := range into {
			into[i] = plain(reflect.ValueOf(x).Elem())
		}
		t.Rows = append(t.Rows, into)
	}
	return t, rows.Err()
}

// plain is a value as any program can write it: no pointers, nil for NULL and
// for what is no number, lists of small numbers as numbers and not as bytes.
func plain(v reflect.Value) any {
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return nil
		}
		v = v.Elem()
	}
	switch x := v.Interface().(type) {
	case float64:
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return nil
		}
	case []uint8:
		numbers := make([]uint16, len(x))
		for i, n := range x {
			numbers[i] = uint16(n)
		}
		return numbers
	}
	return v.Interface()
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}
