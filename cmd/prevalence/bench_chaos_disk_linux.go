package main

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
)

// chaosDisk is a small file system in memory for the database's folder, which
// only root can mount.
type chaosDisk struct {
	path string // empty: there is none
}

// chaosDiskBytes is what the database gets.
const chaosDiskBytes = "size=384m"

// newChaosDisk mounts a file system on path, or gives one that cannot be filled.
func newChaosDisk(path string) *chaosDisk {
	if os.MkdirAll(path, 0o700) != nil || syscall.Mount("tmpfs", path, "tmpfs", 0, chaosDiskBytes) != nil {
		return &chaosDisk{}
	}
	return &chaosDisk{path}
}

func (d *chaosDisk) there() bool { return d.path != "" }

// fill writes until nothing more fits; free takes that back.
func (d *chaosDisk) fill() (free func()) {
	if !d.there() {
		return func() {}
	}
	ballast := filepath.Join(d.path, "ballast")
	f, err := os.Create(ballast)
	if err != nil {
		return func() {}
	}
	defer f.Close()
	block := make([]byte, 1<<20)
	for len(block) > 0 {
		if _, err := f.Write(block); errors.Is(err, syscall.ENOSPC) {
			block = block[:len(block)/2] // the last bytes too
		} else if err != nil {
			break
		}
	}
	return func() { _ = os.Remove(ballast) }
}

func (d *chaosDisk) close() {
	if d.there() {
		_ = syscall.Unmount(d.path, syscall.MNT_DETACH)
	}
}
