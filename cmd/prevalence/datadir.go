package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/gofrs/flock"
)

// dataFormat is the layout of the data folder that this build writes: the
// broker's files, the database's files, and what is in them.
const dataFormat = 1

// dataDir is the folder of the embedded broker and database, locked for this
// process.
type dataDir struct {
	path string
	lock *flock.Flock
}

// errDataInUse says that another process holds the data folder.
var errDataInUse = errors.New("in use")

// openDataDir makes and locks the folder. It refuses one of a newer format
// with a usageError and one that is held by another process with errDataInUse.
func openDataDir(path string) (*dataDir, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, usage(fmt.Errorf("data folder: %w; name another with --data", err))
	}
	d := &dataDir{path: path, lock: flock.New(filepath.Join(path, "lock"))}
	held, err := d.lock.TryLock()
	if err != nil {
		return nil, usage(fmt.Errorf("data folder %s cannot be locked: %w", path, err))
	}
	if !held {
		return nil, fmt.Errorf("data folder %s is %w by another prevalence; stop that one or name another with --data", path, errDataInUse)
	}
	if err := d.checkFormat(); err != nil {
		return nil, errors.Join(err, d.close())
	}
	return d, nil
}

// lookInDataDir opens a folder that is expected to hold something: it makes
// none.
func lookInDataDir(path string) (*dataDir, error) {
	if _, err := os.Stat(filepath.Join(path, "FORMAT")); err != nil {
		return nil, errNoData{fmt.Sprintf("there is no dataset in %s yet; run 'prevalence up', or name another folder with --data", path)}
	}
	return openDataDir(path)
}

func (d *dataDir) checkFormat() error {
	file := filepath.Join(d.path, "FORMAT")
	b, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return os.WriteFile(file, []byte(strconv.Itoa(dataFormat)+"\n"), 0o600)
	}
	if err != nil {
		return err
	}
	format, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		return usage(fmt.Errorf("%s is not a data folder of prevalence: FORMAT says %q", d.path, b))
	}
	if format > dataFormat {
		return usage(fmt.Errorf("data folder %s was written by a newer prevalence (format %d, this build knows %d); upgrade, or name another with --data",
			d.path, format, dataFormat))
	}
	return nil
}

func (d *dataDir) broker() string   { return filepath.Join(d.path, "broker") }
func (d *dataDir) database() string { return filepath.Join(d.path, "database") }

func (d *dataDir) close() error {
	return errors.Join(d.lock.Unlock(), removeIfThere(runFile(d.path)))
}

// services is where a running broker and database listen and how to log in.
// It stands in the data folder, readable by its owner alone, while an "up" or
// an "engine run" holds the folder.
type services struct {
	PID    int     `json:"pid"`
	Broker account `json:"broker"`
	Worker account `json:"worker"` // the broker's account for workers
	Owner  account `json:"owner"`  // the database's account for the aggregator
	Reader account `json:"reader"` // the database's account for questions
}

// account is an address with a login. The zero value means "none".
type account struct {
	Address  string `json:"address"`
	User     string `json:"user"`
	Password string `json:"password"`
}

func runFile(dataDir string) string { return filepath.Join(dataDir, "run.json") }

// announce writes the services of this process into the data folder.
func (d *dataDir) announce(s services) error {
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	temporary := runFile(d.path) + ".new"
	if err := os.WriteFile(temporary, b, 0o600); err != nil {
		return err
	}
	return os.Rename(temporary, runFile(d.path))
}

// findServices reads what a process that holds the folder announced.
func findServices(path string) (services, error) {
	b, err := os.ReadFile(runFile(path))
	if err != nil {
		return services{}, err
	}
	var s services
	if err := json.Unmarshal(b, &s); err != nil {
		return services{}, fmt.Errorf("%s: %w", runFile(path), err)
	}
	return s, nil
}

func removeIfThere(file string) error {
	if err := os.Remove(file); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
