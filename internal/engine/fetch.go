package engine

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"strings"
)

// A pin is a package of the engine and the hash of its tarball.
type pin struct {
	npm       string // the package, without version
	integrity string // "sha512-" and base64, as npm writes it
}

// pins are the packages by GOOS/GOARCH. A platform that is not here has no
// package of this version that was tried.
func pins() map[string]pin {
	return map[string]pin{
		"linux/amd64": {
			npm:       "@chdb/lib-linux-x64-gnu",
			integrity: "sha512-XP97mMqnc5tZpKQywR8N7cLTsHNiTmHr30pC5mzo3jWmukjKn2IBa60c2B/gWUNcuFjOMjWoorQICCqBVj5wpw==",
		},
	}
}

// ErrIntegrity is returned when what the package client delivered is not what
// this build was tested with.
var ErrIntegrity = errors.New("the downloaded engine is not the expected one")

// maxLibraryBytes bounds the unpacked library; it has 566 MB.
const maxLibraryBytes = 2 << 30

// Fetch puts the engine's library into the cache folder (see LibraryPath) and
// returns its path: it asks the npm client for the package of Version, checks
// the tarball's SHA-512 against the one in this source, and unpacks the one
// file. When the file is there already, Fetch does nothing. progress, which
// may be nil, gets the bytes unpacked so far, now and then.
//
// It downloads 178 MB and stores 566 MB, and needs `npm` on PATH.
func Fetch(ctx context.Context, progress func(bytes int64)) (string, error) {
	target, err := LibraryPath()
	if err != nil {
		return "", err
	}
	platform := runtime.GOOS + "/" + runtime.GOARCH
	p, ok := pins()[platform]
	if !ok {
		return "", fmt.Errorf("engine: there is no tested engine package for %s; put a `clickhouse` binary of version 26 on PATH, "+
			"or name one in %s", platform, LibraryEnv)
	}
	if progress == nil {
		progress = func(int64) {}
	}
	if err := fetch(ctx, p, target, progress); err != nil {
		return "", fmt.Errorf("engine: fetch %s@%s: %w", p.npm, Version, err)
	}
	return target, nil
}

func fetch(ctx context.Context, p pin, target string, progress func(int64)) error {
	folder := filepath.Dir(target)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	// Two fetches at a time: the second one waits and finds the file.
	lock, err := lockFile(ctx, filepath.Join(folder, "lock"))
	if err != nil {
		return err
	}
	defer lock.Close()
	if info, err := os.Stat(target); err == nil && info.Mode().IsRegular() && info.Size() > 0 {
		return nil
	}
	temp, err := os.MkdirTemp(folder, "fetch-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	tarball, err := npmPack(ctx, p.npm+"@"+Version, temp)
	if err != nil {
		return err
	}
	if err := verify(tarball, p.integrity); err != nil {
		return err
	}
	library := filepath.Join(temp, filepath.Base(target))
	if err := unpack(ctx, tarball, filepath.Base(target), library, progress); err != nil {
		return err
	}
	return os.Rename(library, target) // the name appears with the whole file behind it
}

// npmPack lets the npm client download a package's tarball into folder.
func npmPack(ctx context.Context, spec, folder string) (string, error) {
	npm, err := exec.LookPath("npm")
	if err != nil {
		return "", errors.New("needs `npm` (Node.js) on PATH")
	}
	cmd := exec.CommandContext(ctx, npm, "pack", spec, "--ignore-scripts", "--loglevel=error", "--pack-destination", folder)
	cmd.Dir = folder
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
		line, _, _ := strings.Cut(strings.TrimSpace(stderr.String()), "\n")
		return "", fmt.Errorf("npm pack: %w: %s", err, line)
	}
	found, err := filepath.Glob(filepath.Join(folder, "*.tgz"))
	if err != nil || len(found) != 1 {
		return "", fmt.Errorf("npm pack left %d tarballs, want 1", len(found))
	}
	return found[0], nil
}

// verify checks a file against npm's spelling of a hash.
func verify(name, integrity string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	hash := sha512.New()
	if _, err := io.Copy(hash, f); err != nil {
		return err
	}
	if got := "sha512-" + base64.StdEncoding.EncodeToString(hash.Sum(nil)); got != integrity {
		return fmt.Errorf("%w: its hash is %s, want %s", ErrIntegrity, got, integrity)
	}
	return nil
}

// unpack writes the one member of the tarball with that base name to target.
func unpack(ctx context.Context, tarball, member, target string, progress func(int64)) error {
	f, err := os.Open(tarball)
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	for t := tar.NewReader(z); ; {
		header, err := t.Next()
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("%w: there is no %s in the package", ErrIntegrity, member)
		}
		if err != nil {
			return err
		}
		if header.Typeflag != tar.TypeReg || path.Base(header.Name) != member {
			continue
		}
		if header.Size > maxLibraryBytes {
			return fmt.Errorf("%w: %s has %d bytes", ErrIntegrity, member, header.Size)
		}
		return writeFile(ctx, target, t, progress)
	}
}

func writeFile(ctx context.Context, target string, r io.Reader, progress func(int64)) error {
	out, err := os.OpenFile(target, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	defer out.Close()
	for done := int64(0); ; {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		n, err := io.CopyN(out, r, 8<<20)
		done += n
		progress(done)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
	}
	if err := out.Sync(); err != nil {
		return err
	}
	return out.Close()
}
