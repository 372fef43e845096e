// Command refresh fetches the domain lists of others with the npm client, which
// checks them against the registry's hashes, and writes them sorted and
// compressed beside the package. Change a version here, run go generate, read
// what changed in SOURCES.md.
package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/idna"
)

// source is one list: the files of a package that are joined into it.
type source struct {
	list, pack, version, licence, home string
	files                              []string
}

var sources = []source{
	{
		"disposable", "disposable-email-domains", "1.0.62", "MIT",
		"https://github.com/ivolo/disposable-email-domains", []string{"package/index.json", "package/wildcard.json"},
	},
	{
		"free", "free-email-domains", "1.12.6", "MIT",
		"https://github.com/Kikobeats/free-email-domains", []string{"package/domains.json"},
	},
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "refresh:", err)
		os.Exit(1)
	}
}

func run() error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	dir, err := os.MkdirTemp("", "emaildomains")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a left-over folder harms nobody
	about := "# Where the lists come from\n\n| list | package | version | licence | entries | home |\n|---|---|---|---|---:|---|\n"
	for _, s := range sources {
		domains, err := fetch(ctx, dir, s)
		if err != nil {
			return fmt.Errorf("list %s: %w", s.list, err)
		}
		if err := write(s.list+".txt.gz", domains); err != nil {
			return err
		}
		about += fmt.Sprintf("| `%s.txt.gz` | npm `%s` | %s | %s | %d | %s |\n", s.list, s.pack, s.version, s.licence, len(domains), s.home)
	}
	about += "\n`privacy.yaml` is our own, reviewed, with a source an entry, under this project's licence. The licences of the\n" +
		"others stand in LICENSES.txt. `go generate ./schemas/emaildomains` writes this file and the lists.\n"
	return os.WriteFile("SOURCES.md", []byte(about), 0o644)
}

// fetch returns the domains of a source: lower case A-labels, sorted, each once.
func fetch(ctx context.Context, dir string, s source) ([]string, error) {
	cmd := exec.CommandContext(ctx, "npm", "pack", "--silent", "--ignore-scripts", "--pack-destination", dir, s.pack+"@"+s.version)
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("npm pack: %w", err)
	}
	f, err := os.Open(filepath.Join(dir, s.pack+"-"+s.version+".tgz"))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	var domains []string
	for r, found := tar.NewReader(z), 0; found < len(s.files); {
		h, err := r.Next()
		if err != nil {
			return nil, fmt.Errorf("find %v: %w", s.files, err)
		}
		if !slices.Contains(s.files, h.Name) {
			continue
		}
		found++
		data, err := io.ReadAll(r)
		if err != nil {
			return nil, err
		}
		var list []string
		if err := json.Unmarshal(data, &list); err != nil {
			return nil, fmt.Errorf("%s: %w", h.Name, err)
		}
		for _, d := range list {
			d, err := idna.Lookup.ToASCII(strings.ToLower(strings.TrimSpace(d)))
			if err == nil && strings.Contains(d, ".") {
				domains = append(domains, d)
			}
		}
	}
	slices.Sort(domains)
	return slices.Compact(domains), nil
}

func write(name string, domains []string) error {
	var buf bytes.Buffer
	z, err := gzip.NewWriterLevel(&buf, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(z, strings.Join(domains, "\n")+"\n"); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	return os.WriteFile(name, buf.Bytes(), 0o644)
}
