// Package engine runs the two servers that prevalence needs, NATS with
// JetStream and ClickHouse, on this machine, so that nothing has to be
// installed: the broker inside this process (StartBroker), the database as a
// child process of it (StartClickHouse).
//
// ClickHouse comes from libchdb.so, the engine as a shared library, which
// Fetch puts into the cache folder, or from a `clickhouse` binary on PATH;
// Find says which. The child is this same executable: every main and every
// TestMain that starts a ClickHouse calls RunIfChild first. Tests use package
// enginetest, where that is one line.
//
// The build tag `noengine` leaves the library loader out, so that a binary can
// be linked statically; such a binary still runs a `clickhouse` from PATH.
package engine

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Version is the version of the engine library that Fetch gets and that the
// tests ran with.
const Version = "26.7.3-stable.1"

// The databases that StartClickHouse creates. Tables, and everything else that
// the dataset is made of, live in Database; the reader has no right there.
// What it may see is a view in ViewsDatabase, created by the owner as
//
//	CREATE VIEW prevalence_views.x DEFINER = CURRENT_USER SQL SECURITY DEFINER AS SELECT … FROM prevalence.…
//
// and nothing but such views belongs there: the reader's one grant is SELECT
// on all of ViewsDatabase.
const (
	Database      = "prevalence"
	ViewsDatabase = "prevalence_views"
)

// LibraryEnv names the environment variable that says where the engine is: the
// path of a libchdb.so or of a clickhouse binary. It wins over the cache
// folder and PATH.
const LibraryEnv = "PREVALENCE_ENGINE"

// ErrNoEngine is returned when this machine has no ClickHouse to start. Its
// text says both ways to get one.
var ErrNoEngine = errors.New("no ClickHouse engine found: run `prevalence engine fetch` (or `make engine`; it needs npm), " +
	"or put a `clickhouse` binary of version 26 on PATH; or use a server that runs already, with --clickhouse")

// Kind says what a Location points at.
type Kind string

// The kinds of engine.
const (
	KindLibrary Kind = "library" // libchdb.so
	KindBinary  Kind = "binary"  // clickhouse, started as `clickhouse local`
)

// Location is an engine on this machine.
type Location struct {
	Kind Kind
	Path string // absolute
}

// Find looks for an engine: $PREVALENCE_ENGINE, then the library in the cache
// folder, then `clickhouse` on PATH. It returns ErrNoEngine when there is none.
func Find() (Location, error) {
	if path := os.Getenv(LibraryEnv); path != "" {
		return Locate(path)
	}
	if path, err := LibraryPath(); err == nil && canLoad {
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return Location{Kind: KindLibrary, Path: path}, nil
		}
	}
	if path, err := exec.LookPath("clickhouse"); err == nil {
		if path, err = filepath.Abs(path); err == nil {
			return Location{Kind: KindBinary, Path: path}, nil
		}
	}
	return Location{}, ErrNoEngine
}

// Locate says what the file at path is: a library by its extension (.so,
// .dylib), else a binary. It returns an error that names the file when it
// cannot be used.
func Locate(path string) (Location, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return Location{}, fmt.Errorf("engine: %w", err)
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return Location{}, fmt.Errorf("engine: %w (named by %s or the configuration)", err, LibraryEnv)
	case info.IsDir():
		return Location{}, fmt.Errorf("engine: %s is a folder; name libchdb.so or a clickhouse binary (%s)", path, LibraryEnv)
	}
	if ext := filepath.Ext(path); ext == ".so" || ext == ".dylib" {
		if !canLoad {
			return Location{}, fmt.Errorf("engine: %s: this binary was built without the library loader (tag noengine); name a clickhouse binary", path)
		}
		return Location{Kind: KindLibrary, Path: path}, nil
	}
	return Location{Kind: KindBinary, Path: path}, nil
}

// LibraryPath is where Fetch puts the library and Find looks for it, in the
// user's cache folder. The file need not be there.
func LibraryPath() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("engine: no cache folder: %w", err)
	}
	return filepath.Join(cache, "prevalence", "engine-"+Version, "libchdb.so"), nil
}
