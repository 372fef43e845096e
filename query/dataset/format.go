package dataset

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"reflect"

	"prevalence/internal/store"
)

// folder is where a dataset is written.
type folder struct {
	dir       string
	resources []resource
}

// resource is one file of a dataset, as Frictionless describes it.
type resource struct {
	Name        string `json:"name"`
	Path        string `json:"path"`
	Description string `json:"description"`
	Format      string `json:"format"`
	MediaType   string `json:"mediatype"`
	Bytes       int64  `json:"bytes"`
	Hash        string `json:"hash"` // "sha256:" and hexadecimal digits
	Rows        int    `json:"rows,omitempty"`
	Schema      any    `json:"schema,omitempty"` // the columns of a table, or the address of a JSON Schema
}

// tableSchema is a Table Schema: the columns in order.
type tableSchema struct {
	Fields []field `json:"fields"`
}

type field struct {
	Name        string `json:"name"`
	Type        string `json:"type"`
	Unit        string `json:"unit,omitempty"` // "1" is a share
	Description string `json:"description"`
}

// output is a file that is hashed and measured while it is written.
type output struct {
	file  *os.File
	buf   *bufio.Writer
	hash  hash.Hash
	bytes int64
}

func (f *folder) create(path string) (*output, error) {
	name := filepath.Join(f.dir, filepath.FromSlash(path))
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return nil, err
	}
	file, err := os.Create(name)
	if err != nil {
		return nil, err
	}
	o := &output{file: file, hash: sha256.New()}
	o.buf = bufio.NewWriterSize(o.counted(), 1<<18)
	return o, nil
}

func (o *output) counted() io.Writer { return io.MultiWriter(o.file, o.hash, (*counter)(&o.bytes)) }

// counter counts the bytes written to it.
type counter int64

func (c *counter) Write(p []byte) (int, error) { *c += counter(len(p)); return len(p), nil }

func (o *output) Write(p []byte) (int, error) { return o.buf.Write(p) }

// finish closes the file and says what is in it.
func (o *output) finish(r resource) (resource, error) {
	if err := errors.Join(o.buf.Flush(), o.file.Close()); err != nil {
		return r, err
	}
	r.Bytes, r.Hash = o.bytes, "sha256:"+hex.EncodeToString(o.hash.Sum(nil))
	return r, nil
}

// writeJSON writes one value as a file.
func (f *folder) writeJSON(name, path, description string, schema, value any) error {
	o, err := f.create(path)
	if err != nil {
		return err
	}
	e := json.NewEncoder(o)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	err = e.Encode(value)
	r, finishErr := o.finish(resource{Name: name, Path: path, Description: description, Format: "json", MediaType: "application/json", Schema: schema})
	f.resources = append(f.resources, r)
	return errors.Join(err, finishErr)
}

// table is a table of a dataset.
type table struct {
	name, description, sql string
	ranged                 bool // read by ranges of project ids
}

// write reads a table once and writes it in all formats. A T is one row.
func write[T any](ctx context.Context, f *folder, db *store.DB, t table, p store.Params, ids idRange) error {
	files := make([]*output, len(formats))
	encoders := make([]encoder[T], len(formats))
	defer func() {
		for _, o := range files {
			if o != nil {
				_ = o.file.Close() // again, where all went well
			}
		}
	}()
	for i, format := range formats {
		var err error
		if files[i], err = f.create(t.name + "." + format.Name); err != nil {
			return err
		}
		encoders[i] = newEncoder[T](files[i], format.Name)
	}
	rows := 0
	err := each(ctx, db, t, p, ids, func(row *T) error {
		rows++
		for _, e := range encoders {
			if err := e.add(row); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	fields := fieldsOf[T]()
	for i, format := range formats {
		if err := encoders[i].end(); err != nil {
			return err
		}
		r, err := files[i].finish(resource{Name: t.name + "-" + format.Name, Path: t.name + "." + format.Name, Description: t.description,
			Format: format.Name, MediaType: format.MediaType, Rows: rows, Schema: tableSchema{fields}})
		if err != nil {
			return err
		}
		f.resources = append(f.resources, r)
	}
	return nil
}

// each reads a table, row by row.
func each[T any](ctx context.Context, db *store.DB, t table, p store.Params, ids idRange, add func(row *T) error) error {
	for from, to := range ids.chunks(t.ranged) {
		p["first"], p["last"] = from, to
		if err := store.Each(ctx, db, t.sql, p, add); err != nil {
			return err
		}
	}
	return nil
}

// fieldsOf describes the columns of a row.
func fieldsOf[T any]() []field {
	t := reflect.TypeFor[T]()
	fields := make([]field, t.NumField())
	for i := range fields {
		c := t.Field(i)
		fields[i] = field{Name: c.Tag.Get("ch"), Type: typeOf(c.Type), Unit: c.Tag.Get("unit"), Description: c.Tag.Get("doc")}
	}
	return fields
}

// typeOf is a Go type as Table Schema calls it.
func typeOf(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "boolean"
	case reflect.Pointer:
		return "number"
	case reflect.String:
		return "string"
	}
	return "integer"
}

// cells are the columns of a row as text; a missing number is empty.
func cells(row any) []string {
	v := reflect.ValueOf(row).Elem()
	out := make([]string, v.NumField())
	for i := range out {
		c := v.Field(i)
		if c.Kind() == reflect.Pointer {
			if c.IsNil() {
				continue
			}
			c = c.Elem()
		}
		out[i] = fmt.Sprint(c.Interface())
	}
	return out
}
