package dataset

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"prevalence/internal/store"
	"prevalence/query"
)

// ErrExists is returned when the dataset has been written before.
var ErrExists = errors.New("is there already")

// Options say what to export.
type Options struct {
	Out      string // folder in which the dataset's own folder is made
	Snapshot string // name; "" is the newest
	Version  string // of the program, as it stands in datapackage.json
}

// Package is what datapackage.json says: a Frictionless Data Package.
type Package struct {
	Name        string          `json:"name"`
	Title       string          `json:"title"`
	Description string          `json:"description"`
	Created     time.Time       `json:"created"` // when the snapshot was taken
	Version     string          `json:"version"` // name of the snapshot
	Licenses    []license       `json:"licenses"`
	Generator   string          `json:"generator"`
	Snapshot    *query.Snapshot `json:"snapshot"`
	Resources   []resource      `json:"resources"`
}

type license struct {
	Name  string `json:"name"`
	Path  string `json:"path"`
	Title string `json:"title"`
}

// licenses are what the dataset is given out under.
func licenses() []license {
	return []license{{"CC-BY-4.0", "https://creativecommons.org/licenses/by/4.0/", "Creative Commons Attribution 4.0"}}
}

// tables lists the tables of a dataset, rows of which are read by ranges where
// there is one a project.
var (
	prevalenceTable = table{"prevalence", "How many projects of each band show what, with estimates.", prevalenceSQL, false}
	projectsTable   = table{"projects", "The release that speaks for each project, and how its scan ended.", projectsSQL, true}
	behaviorsTable  = table{"behaviors", "What each counted project shows, a row a project and behaviour.", behaviorsSQL, true}
	populationTable = table{"population", "The files that were read: what to scan for the same denominator.", populationSQL, true}
	symbolsTable    = table{"symbols", "Symbols that at least 5 projects hold; kept for the newest two snapshots.", symbolsSQL, false}
)

// Export writes a snapshot into a new folder below o.Out that is named for the
// time at which it was taken, and returns that folder. It appears when it is
// whole. Export returns ErrExists if it is there, and query.ErrNoSnapshot.
func Export(ctx context.Context, r *query.Reader, o Options) (string, error) {
	s, err := r.Snapshot(ctx, o.Snapshot)
	if err != nil {
		return "", err
	}
	name := "prevalence-" + s.Taken.UTC().Format("20060102T150405Z")
	dir := filepath.Join(o.Out, name)
	if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
		return "", errors.Join(err, fmt.Errorf("dataset: %s %w", dir, ErrExists))
	}
	if err := os.MkdirAll(o.Out, 0o755); err != nil {
		return "", fmt.Errorf("dataset: %w", err)
	}
	partial, err := os.MkdirTemp(o.Out, "."+name+"-")
	if err != nil {
		return "", fmt.Errorf("dataset: %w", err)
	}
	defer os.RemoveAll(partial)
	s.Index.URL = publicIndex(s.Index.URL)
	f := &folder{dir: partial}
	if err := f.export(ctx, r, s, o.Version); err != nil {
		return "", fmt.Errorf("dataset: export of %s: %w", s.Name, err)
	}
	if err := errors.Join(os.Chmod(partial, 0o755), os.Rename(partial, dir)); err != nil {
		return "", fmt.Errorf("dataset: %w", err)
	}
	return dir, nil
}

func (f *folder) export(ctx context.Context, r *query.Reader, s *query.Snapshot, version string) error {
	ids, err := rangeOf(ctx, r.DB(), s.Name)
	if err != nil {
		return err
	}
	p := store.Params{"snapshot": s.Name, "catalogue": s.Catalogue}
	for _, err := range []error{
		write[prevalenceRow](ctx, f, r.DB(), prevalenceTable, p, ids),
		write[projectRow](ctx, f, r.DB(), projectsTable, p, ids),
		write[behaviorRow](ctx, f, r.DB(), behaviorsTable, p, ids),
		write[populationRow](ctx, f, r.DB(), populationTable, p, ids),
		write[symbolRow](ctx, f, r.DB(), symbolsTable, p, ids),
		f.writeReference(ctx, r, s),
		f.writeWarningLists(ctx, r, s),
		f.writeFacts(ctx, r, s),
	} {
		if err != nil {
			return err
		}
	}
	return f.writeJSON("datapackage", "datapackage.json", "", nil, Package{
		Name: "prevalence", Title: "Prevalence of behaviours in Python packages",
		Description: "How many projects of a package index show each behaviour, counted in their latest releases.",
		Created:     s.Taken.UTC(), Version: s.Name, Licenses: licenses(), Generator: "prevalence " + version, Snapshot: s, Resources: f.resources,
	})
}

// publicIndex is the address of an index without user, password and query, and
// "a folder" for one on the machine, whose path is nobody's business.
func publicIndex(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" {
		return "a folder"
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

// idRange is a range of project ids, both ends included.
type idRange struct {
	First uint32 `ch:"first"`
	Last  uint32 `ch:"last"`
}

// chunkIDs is how many projects are read at a time.
const chunkIDs = 100_000

func rangeOf(ctx context.Context, db *store.DB, snapshot string) (idRange, error) {
	rows, err := store.Select[idRange](ctx, db,
		"SELECT min(project_id) AS first, max(project_id) AS last FROM projects WHERE snapshot = {snapshot:String}", store.Params{"snapshot": snapshot})
	if err != nil || len(rows) == 0 {
		return idRange{}, err
	}
	return rows[0], nil
}

// chunks splits the range, if that is asked for.
func (r idRange) chunks(split bool) iter.Seq2[uint32, uint32] {
	return func(yield func(first, last uint32) bool) {
		if !split {
			yield(r.First, r.Last)
			return
		}
		for first := uint64(r.First); first <= uint64(r.Last); first += chunkIDs {
			if !yield(uint32(first), uint32(min(uint64(r.Last), first+chunkIDs-1))) {
				return
			}
		}
	}
}
