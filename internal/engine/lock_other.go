//go:build !unix

package engine

import (
	"context"
	"os"
)

// lockFile opens the file at path. This system has no lock that a child
// inherits; the servers' own locks remain.
func lockFile(_ context.Context, path string) (*os.File, error) {
	return os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
}
