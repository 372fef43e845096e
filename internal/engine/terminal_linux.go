package engine

import (
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// openTerminal opens a pseudo-terminal that nobody types into. Closing master
// hangs it up.
//
// The engine needs one as its standard input: only when it believes to be
// interactive (a terminal, and --interactive) does it leave out the handler
// that ends the whole process at the first exception in a connection, which a
// wrong password is.
func openTerminal() (master, slave *os.File, err error) {
	master, err = os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("engine: open a terminal: %w", err)
	}
	fd := int(master.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		_ = master.Close()
		return nil, nil, fmt.Errorf("engine: unlock the terminal: %w", err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		_ = master.Close()
		return nil, nil, fmt.Errorf("engine: name of the terminal: %w", err)
	}
	slave, err = os.OpenFile("/dev/pts/"+strconv.Itoa(n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		_ = master.Close()
		return nil, nil, fmt.Errorf("engine: open the terminal: %w", err)
	}
	return master, slave, nil
}

// replaceStdin makes f the standard input of this process, C code included,
// and returns the former one.
func replaceStdin(f *os.File) (*os.File, error) {
	fd, err := unix.FcntlInt(0, unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return nil, fmt.Errorf("engine: keep standard input: %w", err)
	}
	if err := unix.Dup3(int(f.Fd()), 0, 0); err != nil {
		return nil, fmt.Errorf("engine: replace standard input: %w", err)
	}
	return os.NewFile(uintptr(fd), "stdin"), nil
}
