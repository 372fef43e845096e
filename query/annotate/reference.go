package annotate

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"prevalence/query/dataset"
)

// Reference is an exported snapshot: reference.json, and the lists of common
// hosts and addresses where they stand beside it.
type Reference struct {
	dataset.Reference
	behaviors map[string]*dataset.Behavior
	lists     []*warningList
}

// warningList is a MISP warning list.
type warningList struct {
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Values      []string `json:"list"`
	has         map[string]bool
}

// Open reads a reference.json, or the one in a dataset's folder.
func Open(path string) (*Reference, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, "reference.json")
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("annotate: %w", err)
	}
	r := &Reference{behaviors: make(map[string]*dataset.Behavior)}
	if err := json.Unmarshal(data, &r.Reference); err != nil {
		return nil, fmt.Errorf("annotate: %s is no reference.json of 'prevalence export': %w", path, err)
	}
	if r.Schema != 1 || r.Snapshot == "" || len(r.Behaviors) == 0 {
		return nil, fmt.Errorf("annotate: %s is no reference.json of 'prevalence export' that this version reads", path)
	}
	for i := range r.Behaviors {
		r.behaviors[r.Behaviors[i].ID] = &r.Behaviors[i]
	}
	for _, name := range []string{"hosts", "addresses"} {
		l, err := openList(filepath.Join(filepath.Dir(path), "misp", name, "list.json"))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		r.lists = append(r.lists, l)
	}
	return r, nil
}

func openList(path string) (*warningList, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	l := &warningList{has: make(map[string]bool)}
	if err := json.Unmarshal(data, l); err != nil {
		return nil, fmt.Errorf("annotate: %s is no MISP warning list: %w", path, err)
	}
	for _, v := range l.Values {
		l.has[strings.ToLower(v)] = true
	}
	return l, nil
}

// Behavior is what the reference says of a behaviour, nil if nothing.
func (r *Reference) Behavior(id string) *dataset.Behavior { return r.behaviors[id] }

// listed returns the list that holds a host or an address, nil if none does.
func (r *Reference) listed(value string) *warningList {
	value = strings.ToLower(strings.TrimSuffix(value, "."))
	if at, err := netip.ParseAddr(value); err == nil {
		at = at.Unmap()
		value = netip.PrefixFrom(at, at.BitLen()).String()
	}
	for _, l := range r.lists {
		if l.has[value] {
			return l
		}
	}
	return nil
}

// lines are the lines of a text that are not empty and no comments.
func lines(text []byte) []string {
	var all []string
	s := bufio.NewScanner(bytes.NewReader(text))
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		if line := strings.TrimSpace(s.Text()); line != "" && line[0] != '#' {
			all = append(all, line)
		}
	}
	return all
}
