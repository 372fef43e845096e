package dataset

import (
	"encoding/csv"
	"encoding/json"
	"io"

	"github.com/parquet-go/parquet-go"
)

// Format is how a table is written.
type Format struct {
	Name      string // and the ending of a file's name
	MediaType string
}

var formats = []Format{
	{"parquet", "application/vnd.apache.parquet"}, {"csv", "text/csv"}, {"jsonl", "application/jsonl"},
}

// encoder writes rows of one table; end writes what is held back.
type encoder[T any] interface {
	add(row *T) error
	end() error
}

// groupRows is how many rows of a Parquet file are held in memory at a time.
const groupRows = 1 << 20

// newEncoder returns an encoder for one of the formats.
func newEncoder[T any](w io.Writer, format string) encoder[T] {
	switch format {
	case "parquet":
		return parquetEncoder[T]{parquet.NewGenericWriter[T](w, parquet.Compression(&parquet.Zstd), parquet.MaxRowsPerRowGroup(groupRows))}
	case "csv":
		return &csvEncoder[T]{w: csv.NewWriter(w)}
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return jsonEncoder[T]{e}
}

type parquetEncoder[T any] struct{ w *parquet.GenericWriter[T] }

func (e parquetEncoder[T]) add(row *T) error {
	_, err := e.w.Write([]T{*row})
	return err
}

func (e parquetEncoder[T]) end() error { return e.w.Close() }

type jsonEncoder[T any] struct{ e *json.Encoder }

func (e jsonEncoder[T]) add(row *T) error { return e.e.Encode(row) }
func (e jsonEncoder[T]) end() error       { return nil }

type csvEncoder[T any] struct {
	w      *csv.Writer
	headed bool
}

func (e *csvEncoder[T]) add(row *T) error {
	if err := e.head(); err != nil {
		return err
	}
	return e.w.Write(cells(row))
}

// head writes the names of the columns, which stand there without any row too.
func (e *csvEncoder[T]) head() error {
	if e.headed {
		return nil
	}
	e.headed = true
	fields := fieldsOf[T]()
	header := make([]string, len(fields))
	for i, c := range fields {
		header[i] = c.Name
	}
	return e.w.Write(header)
}

func (e *csvEncoder[T]) end() error {
	if err := e.head(); err != nil {
		return err
	}
	e.w.Flush()
	return e.w.Error()
}
