package pypi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"prevalence/schemas/message"
)

// dir is a folder of distributions as an index: files in the folder itself, or
// in one folder a project. Names and versions come from file names, serials
// from names and sizes: nothing is read but the listing. Links that lead out
// of the folder, and absolute ones, are not followed.
type dir struct {
	path string // absolute

	mu      sync.Mutex
	listing *listing
}

// listing is what one walk over the folder saw.
type listing struct {
	at       time.Time            // before the walk began
	folders  map[string]time.Time // modification times of all folders walked
	projects map[string][]File    // sorted by name
	skipped  int
}

func openDir(path string) (*dir, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("pypi: folder %s: %w", path, err)
	}
	if info, err := os.Stat(abs); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("pypi: index %q is no folder that exists", path)
	}
	return &dir{path: abs}, nil
}

// URL implements Index.
func (d *dir) URL() string { return "file://" + filepath.ToSlash(d.path) }

// Root implements Index.
func (d *dir) Root(ctx context.Context) (*Root, error) {
	l, err := d.list(ctx, true)
	if err != nil {
		return nil, err
	}
	root := &Root{Skipped: l.skipped, Projects: make([]RootProject, 0, len(l.projects))}
	for name, files := range l.projects {
		root.Projects = append(root.Projects, RootProject{name, PageHash(dirPage(name, files))})
	}
	root.settle()
	return root, nil
}

// Project implements Index.
func (d *dir) Project(ctx context.Context, name string) (*Page, error) {
	name = Normalize(name)
	l, err := d.list(ctx, false)
	if err != nil {
		return nil, err
	}
	files, ok := l.projects[name]
	if !ok {
		return nil, fmt.Errorf("pypi: page of %s: %w", name, ErrNotFound)
	}
	p := dirPage(name, slices.Clone(files))
	p.settle()
	return p, nil
}

func dirPage(name string, files []File) *Page {
	return &Page{Name: name, State: message.StateActive, Files: files}
}

// Fetch implements Index.
func (d *dir) Fetch(ctx context.Context, f File) (io.ReadCloser, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(d.path)
	if err != nil {
		return nil, fmt.Errorf("pypi: folder %s: %w: %w", d.path, ErrUnavailable, err)
	}
	defer func() { _ = root.Close() }() // it was only read from
	name := filepath.FromSlash(f.URL)
	info, err := root.Stat(name) // before opening, which would wait at a pipe
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("pypi: file %s: %w", f.Name, ErrNotFound)
	case err != nil || !info.Mode().IsRegular():
		return nil, fmt.Errorf("pypi: file %s: %w: no regular file of the folder", f.Name, ErrRefused)
	case f.Size > 0 && info.Size() != f.Size:
		return nil, fmt.Errorf("pypi: file %s: %w: %d bytes where the listing said %d", f.Name, ErrSize, info.Size(), f.Size)
	}
	file, err := root.Open(name)
	if err != nil {
		return nil, fmt.Errorf("pypi: file %s: %w: %w", f.Name, ErrRefused, err)
	}
	return file, nil
}

// list returns the folder's listing, a new one if asked for or if a folder
// changed since the last. A folder that changed less than a second before it
// was walked may have changed again within its clock's tick.
func (d *dir) list(ctx context.Context, anew bool) (*listing, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	root, err := os.OpenRoot(d.path)
	if err != nil {
		return nil, fmt.Errorf("pypi: folder %s: %w: %w", d.path, ErrUnavailable, err)
	}
	defer func() { _ = root.Close() }() // it was only read from
	if !anew && d.listing != nil && d.listing.current(root) {
		return d.listing, nil
	}
	l := &listing{at: time.Now(), folders: make(map[string]time.Time), projects: make(map[string][]File)}
	if err := l.walk(ctx, root, ".", true); err != nil {
		return nil, fmt.Errorf("pypi: folder %s: %w", d.path, err)
	}
	for _, files := range l.projects {
		slices.SortFunc(files, func(a, b File) int {
			if a.Name != b.Name {
				return strings.Compare(a.Name, b.Name)
			}
			return strings.Compare(a.URL, b.URL)
		})
	}
	// The same name in two folders is one file; the first path counts.
	for name, files := range l.projects {
		l.projects[name] = slices.CompactFunc(files, func(a, b File) bool { return a.Name == b.Name })
	}
	d.listing = l
	return l, nil
}

func (l *listing) current(root *os.Root) bool {
	for name, was := range l.folders {
		info, err := root.Stat(name)
		if err != nil || !info.ModTime().Equal(was) || l.at.Sub(was) < time.Second {
			return false
		}
	}
	return true
}

// walk lists one folder, and the folders in it if it is the top.
func (l *listing) walk(ctx context.Context, root *os.Root, folder string, top bool) error {
	info, err := root.Stat(folder)
	if err != nil {
		return err
	}
	l.folders[folder] = info.ModTime()
	entries, err := fs.ReadDir(root.FS(), filepath.ToSlash(folder))
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return err
		}
		name := e.Name()
		path := name
		if !top {
			path = folder + "/" + name
		}
		info, err := e.Info()
		if err == nil && info.Mode()&fs.ModeSymlink != 0 {
			info, err = root.Stat(path) // fails for what leads out of the folder
		}
		switch {
		case err != nil:
			l.skipped++
		case info.IsDir() && top && name[0] != '.':
			if err := l.walk(ctx, root, name, false); err != nil {
				if ctx.Err() != nil {
					return err
				}
				l.skipped++ // a folder that may not be read hides no other
			}
		case info.Mode().IsRegular() && validFileName(name):
			l.add(folder, path, name, info.Size())
		default:
			l.skipped++
		}
	}
	return nil
}

// add files a distribution under its project: the folder's name if the file's
// own name agrees, else what the file's name says.
func (l *listing) add(folder, path, name string, size int64) {
	project := Normalize(folder)
	kind, version := KindOther, ""
	if folder != "." && ValidName(project) {
		if k, stem := splitEnding(name); k == KindSdist {
			if v, ok := splitByProject(stem, project); ok {
				kind, version = k, v
			}
		}
	}
	if kind == KindOther {
		project, kind, version = GuessFileName(name)
	}
	if kind == KindOther {
		l.skipped++
		return
	}
	l.projects[project] = append(l.projects[project], File{Name: name, URL: path, Kind: kind, Version: version, Size: size})
}
