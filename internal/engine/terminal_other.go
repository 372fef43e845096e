//go:build !linux

package engine

import (
	"errors"
	"os"
)

// openTerminal is not written for this system; the engine runs without a
// terminal, and a connection with a wrong password ends it.
func openTerminal() (master, slave *os.File, err error) {
	return nil, nil, errors.New("engine: no pseudo-terminal on this system")
}

func replaceStdin(*os.File) (*os.File, error) {
	return nil, errors.New("engine: no pseudo-terminal on this system")
}
