// Package clickhouse holds the tables and views of the dataset as goose
// migrations, one statement a file, because ClickHouse has no transaction to
// roll half a migration back. Every statement may run twice.
//
// Tables stand in one database, which belongs to the aggregator. What a reader
// may see stands in a second database and consists of views that run with
// their owner's rights. A migration writes ${database} and ${views} where it
// means these; Migrations puts the names in.
//
// docs/adr/003-tables.md argues the layout. The package imports nothing of ours.
package clickhouse

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"time"
)

//go:embed migrations/*.sql
var migrations embed.FS

// identifier is what a database may be called: it is put into statements.
var identifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,62}$`)

// Migrations returns the migrations as files at the root of a file system, with
// the names of the two databases put in. It returns an error for a name that is
// not a plain identifier.
func Migrations(database, views string) (fs.FS, error) {
	for _, name := range []string{database, views} {
		if !identifier.MatchString(name) {
			return nil, fmt.Errorf("clickhouse: database name %q: use letters, digits and underscores", name)
		}
	}
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, fmt.Errorf("clickhouse: migrations: %w", err)
	}
	return named{sub, strings.NewReplacer("${database}", database, "${views}", views)}, nil
}

// named is a file system whose files have names put in as they are opened.
type named struct {
	fs.FS
	names *strings.Replacer
}

// Open opens a file with the names put in; folders are as they are.
func (n named) Open(name string) (fs.File, error) {
	if path.Ext(name) != ".sql" {
		return n.FS.Open(name)
	}
	b, err := fs.ReadFile(n.FS, name)
	if err != nil {
		return nil, err
	}
	text := n.names.Replace(string(b))
	return &file{Reader: strings.NewReader(text), name: path.Base(name), size: int64(len(text))}, nil
}

// file is an open file whose text is in memory. It is its own fs.FileInfo.
type file struct {
	*strings.Reader
	name string
	size int64
}

func (f *file) Stat() (fs.FileInfo, error) { return info{f.name, f.size}, nil }
func (f *file) Close() error               { return nil }

// info describes a file.
type info struct {
	name string
	size int64
}

func (i info) Name() string       { return i.name }
func (i info) Size() int64        { return i.size }
func (i info) Mode() fs.FileMode  { return 0o444 }
func (i info) ModTime() time.Time { return time.Time{} }
func (i info) IsDir() bool        { return false }
func (i info) Sys() any           { return nil }
