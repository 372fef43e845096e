package pypitest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"prevalence/internal/pypi"
	"prevalence/schemas/message"
)

// WriteFolder writes the universe's distributions into dir, flat, and its
// ranking into dir/ranking.json: a wheelhouse. What only an index can say
// (yanked, quarantined, a wrong hash) is lost.
func (u *Universe) WriteFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, p := range u.Projects {
		for _, f := range p.Files {
			if err := os.WriteFile(filepath.Join(dir, f.Name), f.Data, 0o644); err != nil {
				return err
			}
		}
	}
	return os.WriteFile(filepath.Join(dir, "ranking.json"), u.RankingJSON(), 0o644)
}

// FromFolder makes a universe of any folder of distributions, with their true
// hashes, so that a Server can offer what a folder holds. All files are held in
// memory. Nothing is known of what they show.
func FromFolder(ctx context.Context, dir string) (*Universe, error) {
	folder, err := pypi.Open(dir, pypi.Options{})
	if err != nil {
		return nil, err
	}
	root, err := folder.Root(ctx)
	if err != nil {
		return nil, err
	}
	u := new(Universe)
	for i, listed := range root.Projects {
		page, err := folder.Project(ctx, listed.Name)
		if err != nil {
			return nil, err
		}
		p := &Project{Name: page.Name, Display: page.Name, Serial: uint64(i + 1), State: message.StateActive}
		for _, f := range page.Files {
			file, err := readFile(ctx, folder, f)
			if err != nil {
				return nil, fmt.Errorf("pypitest: %s: %w", f.Name, err)
			}
			p.Files = append(p.Files, file)
		}
		u.Projects = append(u.Projects, p)
	}
	return u, nil
}

func readFile(ctx context.Context, folder pypi.Index, f pypi.File) (File, error) {
	r, err := folder.Fetch(ctx, f)
	if err != nil {
		return File{}, err
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		return File{}, err
	}
	sum := sha256.Sum256(data)
	return File{Name: f.Name, Version: f.Version, Data: data, SHA256: hex.EncodeToString(sum[:]), Uploaded: epoch}, nil
}
