package store

import (
	"context"
	"fmt"
	"reflect"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// Column is one column of an insert: a slice with one value a row, of a type
// that the driver takes for the column's (string, uint32, time.Time, []string …).
type Column struct {
	Name   string
	Values any
}

// Insert inserts rows as one block, all or nothing, and returns when the server
// has them on disk. All columns must be of the same length; without rows it
// does nothing.
//
// Asynchronous inserts, on by default in servers since 26.3, are switched off:
// they answer per batch only when told to, and gain nothing here.
func (db *DB) Insert(ctx context.Context, table string, columns ...Column) error {
	rows := -1
	names := make([]string, len(columns))
	for i, c := range columns {
		n := reflect.ValueOf(c.Values).Len()
		if rows >= 0 && n != rows {
			return fmt.Errorf("store: insert into %s: column %s has %d rows, the ones before it %d", table, c.Name, n, rows)
		}
		rows, names[i] = n, "`"+c.Name+"`"
	}
	if rows <= 0 {
		return nil
	}
	ctx = clickhouse.Context(withoutDeadline(ctx), clickhouse.WithSettings(clickhouse.Settings{"async_insert": 0}))
	batch, err := db.conn.PrepareBatch(ctx, "INSERT INTO "+table+" ("+strings.Join(names, ", ")+")")
	if err != nil {
		return fmt.Errorf("store: insert into %s: %w", table, err)
	}
	defer func() { _ = batch.Close() }() // returns the connection; Send says what went wrong
	for i, c := range columns {
		if err := batch.Column(i).Append(c.Values); err != nil {
			return fmt.Errorf("store: insert into %s: column %s: %w", table, c.Name, err)
		}
	}
	if err := batch.Send(); err != nil {
		return fmt.Errorf("store: insert into %s: %w", table, err)
	}
	return nil
}

// Columns returns the columns that v, a struct of slices, holds: one a field
// with a `ch` tag, in order, those of embedded structs included.
func Columns(v any) []Column { return columnsOf(reflect.Indirect(reflect.ValueOf(v))) }

func columnsOf(s reflect.Value) []Column {
	columns := make([]Column, 0, s.NumField())
	for i := range s.NumField() {
		field := s.Type().Field(i)
		if field.Anonymous {
			columns = append(columns, columnsOf(s.Field(i))...)
		} else if name, ok := field.Tag.Lookup("ch"); ok {
			columns = append(columns, Column{Name: name, Values: s.Field(i).Interface()})
		}
	}
	return columns
}

// Reset empties the columns of v, a pointer to a struct as Columns takes it, and
// keeps their room for the next rows.
func Reset(v any) { resetColumns(reflect.ValueOf(v).Elem()) }

func resetColumns(s reflect.Value) {
	for i := range s.NumField() {
		field := s.Type().Field(i)
		if field.Anonymous {
			resetColumns(s.Field(i))
		} else if _, ok := field.Tag.Lookup("ch"); ok {
			s.Field(i).Clear() // lets go of what the rows refer to
			s.Field(i).SetLen(0)
		}
	}
}
