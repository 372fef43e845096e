package pypi

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"time"

	"prevalence/schemas/message"
)

type metaJSON struct {
	LastSerial uint64 `json:"_last-serial"`
	APIVersion string `json:"api-version"`
}

// check refuses a form of the API that this program does not know (PEP 629).
func checkAPIVersion(v string) error {
	if major, _, _ := strings.Cut(v, "."); v != "" && major != "1" {
		return fmt.Errorf("version %q of the Simple API is not supported", v)
	}
	return nil
}

func serialOf(n uint64) message.Serial {
	if n == 0 {
		return ""
	}
	return message.Serial(strconv.FormatUint(n, 10))
}

type pageJSON struct {
	Meta     metaJSON   `json:"meta"`
	Name     string     `json:"name"`
	Versions []string   `json:"versions"`
	Files    []fileJSON `json:"files"`
	Status   statusJSON `json:"project-status"`
}

type fileJSON struct {
	Filename       string            `json:"filename"`
	URL            string            `json:"url"`
	Hashes         map[string]string `json:"hashes"`
	Size           int64             `json:"size"`
	RequiresPython string            `json:"requires-python"`
	UploadTime     string            `json:"upload-time"`
	Yanked         markJSON          `json:"yanked"`
	CoreMetadata   markJSON          `json:"core-metadata"`
	DistInfo       markJSON          `json:"dist-info-metadata"` // the older name of core-metadata (PEP 714)
	Provenance     markJSON          `json:"provenance"`         // its address (PEP 740)
}

// statusJSON is an object with a status (PEP 792), or by some servers a bare string.
type statusJSON string

func (s *statusJSON) UnmarshalJSON(b []byte) error {
	var text string
	var object struct {
		Status string `json:"status"`
	}
	if json.Unmarshal(b, &text) != nil {
		_ = json.Unmarshal(b, &object) // anything else says nothing
		text = object.Status
	}
	*s = statusJSON(text)
	return nil
}

// markJSON is false, true, a reason, or an object of hashes.
type markJSON struct {
	set    bool
	reason string
	hashes map[string]string
}

func (m *markJSON) UnmarshalJSON(b []byte) error {
	*m = markJSON{}
	switch {
	case json.Unmarshal(b, &m.set) == nil: // null, too, leaves it false
	case json.Unmarshal(b, &m.reason) == nil:
		m.set = true // an empty reason is a reason: PEP 592 asks for the mark's presence
	case json.Unmarshal(b, &m.hashes) == nil:
		m.set = true
	}
	return nil
}

// parsePageJSON reads a project's page. Sources: PEP 691, 700, 714, 740, 792.
func parsePageJSON(r io.Reader, name string, base *url.URL) (*Page, error) {
	var in pageJSON
	if err := json.NewDecoder(r).Decode(&in); err != nil {
		return nil, err
	}
	if err := checkAPIVersion(in.Meta.APIVersion); err != nil {
		return nil, err
	}
	if in.Name != "" && Normalize(in.Name) != name {
		return nil, fmt.Errorf("it is the page of %.100q", in.Name)
	}
	if in.Name == "" && in.Files == nil {
		return nil, errors.New("no files are listed")
	}
	p := &Page{
		Name:     name,
		Serial:   serialOf(in.Meta.LastSerial),
		State:    message.ProjectState(in.Status),
		Versions: in.Versions,
		Files:    make([]File, 0, len(in.Files)),
	}
	for _, f := range in.Files {
		address, sha256, _, ok := resolve(base, f.URL)
		if !ok || !validFileName(f.Filename) {
			continue
		}
		if h := validSHA256(f.Hashes["sha256"]); h != "" {
			sha256 = h
		}
		core := f.CoreMetadata
		if !core.set {
			core = f.DistInfo
		}
		kind, version := ParseFileName(f.Filename, name)
		uploaded, _ := time.Parse(time.RFC3339, f.UploadTime) // zero when it is no time
		p.Files = append(p.Files, File{
			Name:               f.Filename,
			URL:                address,
			Kind:               kind,
			Version:            version,
			Size:               max(0, f.Size),
			SHA256:             sha256,
			Yanked:             f.Yanked.set,
			YankedReason:       f.Yanked.reason,
			RequiresPython:     f.RequiresPython,
			UploadTime:         uploaded,
			CoreMetadata:       core.set,
			CoreMetadataSHA256: validSHA256(core.hashes["sha256"]),
			Attested:           f.Provenance.reason != "",
		})
	}
	return p, nil
}
