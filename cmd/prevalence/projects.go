package main

import (
	"bufio"
	"cmp"
	"fmt"
	"os"
	"strings"

	"prevalence/internal/pypi"
)

// projectNames is a list of names, normalised, in which @FILE stands for the
// lines of a file and NAME==VERSION asks for one release.
func projectNames(list []string) (names []string, versions map[string][]string, err error) {
	versions = make(map[string][]string)
	add := func(entry string) error {
		name, version, one := strings.Cut(entry, "==")
		name, version = pypi.Normalize(strings.TrimSpace(name)), strings.TrimSpace(version)
		switch {
		case !pypi.ValidName(name):
			return fmt.Errorf("projects: %q is no project name", cmp.Or(strings.TrimSpace(entry), name))
		case one && version == "":
			return fmt.Errorf("projects: %q names no version", entry)
		}
		names = append(names, name)
		if one {
			versions[name] = append(versions[name], version)
		}
		return nil
	}
	for _, entry := range list {
		file, isFile := strings.CutPrefix(entry, "@")
		if !isFile {
			if err := add(entry); err != nil {
				return nil, nil, err
			}
			continue
		}
		f, err := os.Open(file)
		if err != nil {
			return nil, nil, fmt.Errorf("projects: %w", err)
		}
		defer f.Close()
		lines := bufio.NewScanner(f)
		for lines.Scan() {
			if line := strings.TrimSpace(lines.Text()); line != "" && !strings.HasPrefix(line, "#") {
				if err := add(line); err != nil {
					return nil, nil, fmt.Errorf("%w, in %s", err, file)
				}
			}
		}
		if err := lines.Err(); err != nil {
			return nil, nil, fmt.Errorf("projects: %s: %w", file, err)
		}
	}
	return names, versions, nil
}
