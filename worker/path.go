package worker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"prevalence/internal/pypi"
	"prevalence/schemas/message"
	"prevalence/worker/archive"
)

// ErrNothing says that a path holds nothing that can be scanned.
var ErrNothing = errors.New("neither a distribution, nor Python source, nor a folder of either")

// KindTree is the kind, in Scan.Files, of a source tree or a single file.
const KindTree = "tree"

// Expand returns what a path stands for: a folder that holds distribution
// files stands for them, in order; everything else for itself. A file that
// cannot be scanned is ErrNothing.
func Expand(name string) ([]string, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		if base := filepath.Base(name); !isPython(base) && !isStartup(base) {
			if _, ok := archive.FormatOf(base); !ok {
				return nil, ErrNothing
			}
		}
		return []string{name}, nil
	}
	entries, err := os.ReadDir(name)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, e := range entries {
		if _, ok := archive.FormatOf(e.Name()); ok && e.Type().IsRegular() {
			if _, kind, _ := pypi.GuessFileName(e.Name()); kind != pypi.KindOther {
				out = append(out, filepath.Join(name, e.Name()))
			}
		}
	}
	if len(out) == 0 {
		return []string{name}, nil
	}
	return out, nil
}

// Path scans one local distribution file, Python file, or source tree. Project
// and version are read off the file's name, or off the metadata of a tree.
// Errors are those of the file system and of ctx, and ErrNothing.
func (a *Analyzer) Path(ctx context.Context, name string) (*message.Scan, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("worker: %w", err)
	}
	base := filepath.Base(name)
	if info.IsDir() {
		return a.tree(ctx, name)
	}
	if isPython(base) || isStartup(base) {
		return a.tree(ctx, name)
	}
	if _, ok := archive.FormatOf(base); !ok {
		return nil, fmt.Errorf("worker: %s: %w", name, ErrNothing)
	}
	project, kind, version := pypi.GuessFileName(base)
	if kind == pypi.KindOther {
		kind = pypi.KindSdist
		if strings.HasSuffix(strings.ToLower(base), ".whl") {
			kind = pypi.KindWheel
		}
	}
	f := pypi.File{Name: base, URL: name, Kind: kind, Version: version, Size: info.Size()}
	open := func(context.Context, pypi.File, bool) (*packed, error) {
		file, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		return &packed{stream: file, local: file}, nil
	}
	d := a.sitDown(false)
	defer d.leave()
	return a.files(ctx, d, a.newScan(project, version), []pypi.File{f}, open)
}

// tree scans a source tree, or a single Python file, as an sdist without an
// archive around it. Links are not followed.
func (a *Analyzer) tree(ctx context.Context, root string) (*message.Scan, error) {
	shown := root
	root, err := filepath.EvalSymlinks(root)
	if err != nil {
		return nil, fmt.Errorf("worker: %w", err)
	}
	s := *a.newScan("", "")
	d := a.sitDown(false)
	defer d.leave()
	r := newReading(a, d.bench, &s)
	r.begin(filepath.Base(shown), pypi.KindSdist)
	r.layout.rootKnown = true
	if full, err := filepath.Abs(root); err == nil {
		r.folder = pypi.Normalize(filepath.Base(full))
	}
	single, project := false, false
	limits := a.o.Limits
	if limits.MemberBytes == 0 {
		limits.MemberBytes = 8 << 20
	}
	var stats archive.Stats
	err = filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		rel, relErr := filepath.Rel(root, p)
		if relErr != nil {
			return relErr
		}
		name := path.Clean(filepath.ToSlash(rel))
		if errors.Is(err, fs.ErrPermission) && p != root {
			stats.Cuts = append(stats.Cuts, archive.Cut{Member: name, Why: WhyUnreadable})
			return nil
		}
		if err != nil {
			return err
		}
		if d.IsDir() {
			if n := d.Name(); p != root && (n == ".git" || n == ".hg" || n == ".svn" || n == ".tox" || n == ".venv" || n == "node_modules" || n == "__pycache__") {
				return fs.SkipDir
			}
			return nil
		}
		if !d.Type().IsRegular() {
			stats.Links++
			return nil
		}
		if name == "." {
			name, single = filepath.Base(shown), true
		}
		project = project || name == "setup.py" || name == "setup.cfg" || name == "pyproject.toml" || name == "PKG-INFO"
		err = r.localMember(p, name, limits.MemberBytes, &stats)
		if errors.Is(err, fs.ErrPermission) && !single {
			stats.Cuts = append(stats.Cuts, archive.Cut{Member: name, Why: WhyUnreadable})
			return nil
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("worker: %w", err)
	}
	if stats.Members == 0 {
		return nil, fmt.Errorf("worker: %s: %w", shown, ErrNothing)
	}
	if !project {
		// No source tree of a project: what an installation looks like.
		r.layout.kind = pypi.KindEgg
		r.layout.setTops(topsOf(slices.Collect(maps.Keys(r.layout.names))))
	}
	r.release()
	for _, x := range r.suspects {
		r.judge(x)
	}
	for _, c := range stats.Cuts {
		r.cut(message.Cut{File: r.file, Member: c.Member, Why: c.Why, Bytes: c.Bytes})
	}
	if len(r.said.modules) == 0 {
		for top := range r.layout.tops {
			r.said.module(top)
		}
	}
	if single {
		r.rel.Own = r.said.modules
		s.Observations, s.Symbols, s.Indicators = r.rel.Result()
		r.outcome()
	} else {
		r.finish()
		s.Project, s.Version = pypi.Normalize(s.Metadata.Name), s.Metadata.Version
	}
	s.Files = []message.File{{
		Name: r.file, Kind: KindTree, Members: stats.Members, MemberBytes: stats.MemberBytes, PythonBytes: r.pythonBytes,
	}}
	s.At = a.now().UTC()
	a.o.Log.DebugContext(ctx, "tree read", slog.Int("members", stats.Members))
	return &s, nil
}

// localMember reads one file of a tree as far as it is wanted.
func (r *reading) localMember(file, name string, limit int64, stats *archive.Stats) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	stats.Members++
	stats.MemberBytes += info.Size()
	n := int64(4 << 10)
	amount := wanted(name, info.Size())
	if amount == archive.Whole {
		n = limit
	}
	data, err := r.b.readFile(f, n+1, info.Size())
	if err != nil {
		return err
	}
	whole := int64(len(data)) <= n
	if !whole && amount == archive.Head && wantedAfter(name, info.Size(), data[:n]) {
		amount, n = archive.Whole, limit
		rest, err := io.ReadAll(io.LimitReader(f, n-int64(len(data))+1))
		if err != nil {
			return err
		}
		data = append(data, rest...)
		whole = int64(len(data)) <= n
	}
	if !whole {
		data = data[:min(n, 4<<10)]
		if amount == archive.Whole {
			stats.Cuts = append(stats.Cuts, archive.Cut{Member: name, Why: archive.WhyMemberTooLarge, Bytes: info.Size()})
		}
	}
	r.take(archive.Member{Name: name, Size: info.Size(), Data: data, Whole: whole})
	return nil
}
