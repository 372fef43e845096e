// Package labels reads what feeds and local lists say is malicious: OSV records
// of malicious packages, package-campaigns JSON, and plain lists. It does no I/O
// but through the file system or reader that it is given, and trusts nothing in
// it: what makes no sense is left out and counted.
package labels

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Class says what a labelled release is.
type Class string

// The classes. Malware alone is what behaviours are compared with and what
// leaves counts and sizes.
const (
	Malware        Class = "malware"
	ProofOfConcept Class = "proof-of-concept" // harmless: shows that a name could be taken
	Canary         Class = "canary"           // put there to be found, by those who test scanners
)

// Classes lists all classes.
func Classes() [3]Class { return [3]Class{Malware, ProofOfConcept, Canary} }

// ParseClass is the inverse of Class.
func ParseClass(s string) (Class, error) {
	all := Classes()
	if c := Class(s); slices.Contains(all[:], c) {
		return c, nil
	}
	return "", fmt.Errorf("labels: no class %q; it is one of malware, proof-of-concept, canary", s)
}

// Label says that a version of a project is malicious, and who says so.
type Label struct {
	Source    string    `json:"source"`
	Project   string    `json:"project"`           // normalised by PEP 503
	Version   string    `json:"version,omitempty"` // empty: every version
	ID        string    `json:"id"`                // of the record in its source
	Class     Class     `json:"class"`
	Campaign  string    `json:"campaign,omitempty"`
	Published time.Time `json:"published,omitzero"`
	Withdrawn time.Time `json:"withdrawn,omitzero"` // zero while it stands
}

// Read is what a feed gave.
type Read struct {
	Labels []Label
	// Skipped counts records that are no label, by reason: of another ecosystem,
	// of a category that says nothing about malice, malformed.
	Skipped map[string]int
}

func (r *Read) skip(why string) {
	if r.Skipped == nil {
		r.Skipped = make(map[string]int)
	}
	r.Skipped[why]++
}

// Limits of what a feed may hold.
const (
	maxRecordBytes = 16 << 20
	maxNameBytes   = 200
	maxLineBytes   = 4 << 10
)

var (
	validName  = regexp.MustCompile(`^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$`)
	separators = regexp.MustCompile(`[-_.]+`)
)

// project normalises a name by PEP 503; it reports false for what is none.
func project(name string) (string, bool) {
	name = strings.TrimSpace(name)
	if len(name) > maxNameBytes || !validName.MatchString(name) {
		return "", false
	}
	return strings.ToLower(separators.ReplaceAllString(name, "-")), true
}

// osvRecord is what is read of an OSV record (https://ossf.github.io/osv-schema/).
type osvRecord struct {
	ID        string    `json:"id"`
	Published time.Time `json:"published"`
	Withdrawn time.Time `json:"withdrawn"`
	Affected  []struct {
		Package struct {
			Ecosystem string `json:"ecosystem"`
			Name      string `json:"name"`
		} `json:"package"`
		Versions []string `json:"versions"`
		Ranges   []struct {
			Events []map[string]string `json:"events"`
		} `json:"ranges"`
	} `json:"affected"`
}

// OSV reads every MAL- record below the root of fsys: a folder, or a zip that was
// opened as one. A record without versions, or with a range that never ends,
// labels every version.
func OSV(fsys fs.FS, source string) (Read, error) {
	var r Read
	records := 0
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasPrefix(path.Base(name), "MAL-") || path.Ext(name) != ".json" {
			return err
		}
		records++
		b, err := readFile(fsys, name)
		if err != nil {
			return err
		}
		if rec, ok := parse[osvRecord](b); ok && rec.ID != "" {
			r.addOSV(&rec, source)
		} else {
			r.skip("malformed")
		}
		return nil
	})
	if err != nil {
		return Read{}, fmt.Errorf("labels: read OSV records: %w", err)
	}
	if records == 0 {
		return Read{}, errors.New("labels: no MAL-*.json here; want a folder or zip of OSV records of malicious packages")
	}
	return r, nil
}

func (r *Read) addOSV(rec *osvRecord, source string) {
	for _, a := range rec.Affected {
		if !strings.EqualFold(a.Package.Ecosystem, "PyPI") {
			r.skip("of another ecosystem")
			continue
		}
		name, ok := project(a.Package.Name)
		if !ok {
			r.skip("malformed")
			continue
		}
		versions := a.Versions
		for _, g := range a.Ranges {
			if open(g.Events) {
				versions = nil
			}
		}
		if len(versions) == 0 {
			versions = []string{""}
		}
		for _, v := range versions {
			r.Labels = append(r.Labels, Label{Source: source, Project: name, Version: v, ID: rec.ID, Class: Malware,
				Published: rec.Published.UTC(), Withdrawn: rec.Withdrawn.UTC()})
		}
	}
}

// open reports whether a range begins with the first version and never ends.
func open(events []map[string]string) bool {
	begins, ends := false, false
	for _, e := range events {
		begins = begins || e["introduced"] == "0"
		ends = ends || e["fixed"] != "" || e["last_affected"] != ""
	}
	return begins && !ends
}

// campaign is one entry of package-campaigns JSON.
type campaign struct {
	Name      string            `json:"name"`
	Ecosystem string            `json:"ecosystem"`
	Category  string            `json:"category"`
	Packages  []campaignPackage `json:"packages"`
}

// campaignPackage is a name, or an object with versions.
type campaignPackage struct {
	Name     string   `json:"name"`
	Versions []string `json:"versions"`
}

// UnmarshalJSON takes either form.
func (p *campaignPackage) UnmarshalJSON(b []byte) error {
	if json.Unmarshal(b, &p.Name) == nil {
		return nil
	}
	type object campaignPackage
	return json.Unmarshal(b, (*object)(p))
}

// campaignClasses are the categories of campaigns that label. Spam, tools that
// are no malware by themselves and mere suspicions do not.
var campaignClasses = map[string]Class{"malicious": Malware, "pentest": ProofOfConcept, "probably_pentest": ProofOfConcept}

// Campaigns reads every *.json below the root of fsys as package-campaigns JSON:
// a campaign, or a list of them, each with name, ecosystem, category and
// packages.
func Campaigns(fsys fs.FS, source string) (Read, error) {
	var r Read
	files := 0
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(name) != ".json" {
			return err
		}
		files++
		b, err := readFile(fsys, name)
		if err != nil {
			return err
		}
		list, many := parse[[]campaign](b)
		if one, ok := parse[campaign](b); ok {
			list = []campaign{one}
		} else if !many {
			r.skip("malformed")
		}
		for _, c := range list {
			r.addCampaign(c, source)
		}
		return nil
	})
	if err != nil {
		return Read{}, fmt.Errorf("labels: read campaigns: %w", err)
	}
	if files == 0 {
		return Read{}, errors.New("labels: no *.json here; want package-campaigns JSON")
	}
	return r, nil
}

func (r *Read) addCampaign(c campaign, source string) {
	class, labels := campaignClasses[c.Category]
	switch {
	case c.Name == "":
		r.skip("malformed")
		return
	case !strings.EqualFold(c.Ecosystem, "pypi"):
		r.skip("of another ecosystem")
		return
	case !labels:
		r.skip("of category " + c.Category)
		return
	}
	for _, p := range c.Packages {
		name, ok := project(p.Name)
		if !ok {
			r.skip("malformed")
			continue
		}
		if len(p.Versions) == 0 {
			p.Versions = []string{""}
		}
		for _, v := range p.Versions {
			r.Labels = append(r.Labels, Label{Source: source, Project: name, Version: v, ID: c.Name, Class: class, Campaign: c.Name})
		}
	}
}

// List reads a plain list: a line a project, "name" or "name==version"; what
// follows a # is a comment.
func List(in io.Reader, source string, class Class) (Read, error) {
	var r Read
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxLineBytes)
	for lines.Scan() {
		text, _, _ := strings.Cut(lines.Text(), "#")
		text = strings.TrimSpace(text)
		if text == "" {
			continue
		}
		name, version, _ := strings.Cut(text, "==")
		name, ok := project(name)
		if !ok {
			r.skip("malformed")
			continue
		}
		r.Labels = append(r.Labels, Label{Source: source, Project: name, Version: strings.TrimSpace(version), ID: source, Class: class})
	}
	if err := lines.Err(); err != nil {
		return Read{}, fmt.Errorf("labels: read list: %w", err)
	}
	return r, nil
}

// parse decodes JSON; it reports false for what is none, or of another shape.
func parse[T any](b []byte) (v T, ok bool) {
	ok = json.Unmarshal(b, &v) == nil
	return v, ok
}

func readFile(fsys fs.FS, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // nothing was written
	b, err := io.ReadAll(io.LimitReader(f, maxRecordBytes+1))
	if err == nil && len(b) > maxRecordBytes {
		err = fmt.Errorf("%s: larger than %d bytes", name, maxRecordBytes)
	}
	return b, err
}
