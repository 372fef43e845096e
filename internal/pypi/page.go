package pypi

import (
	"time"

	"prevalence/schemas/message"
)

// Page is one project's page: everything that the index offers of it.
type Page struct {
	// Name is normalised (see Normalize).
	Name string
	// Serial is the index's own serial of the page, or PageHash where it has none.
	Serial message.Serial
	// State is PEP 792's, StateActive where the index gives none. A quarantined
	// page has no files.
	State message.ProjectState
	// Versions are the release versions as the index spells them, those of the
	// files where it lists none; without duplicates, in no order.
	Versions []string
	// Files are all files of all releases, those that are no distributions
	// included (KindOther).
	Files []File
}

// Kind says what sort of distribution a file is. It is read off the name.
type Kind string

// The kinds of files.
const (
	KindSdist Kind = "sdist" // .tar.gz .tgz .tar.bz2 .tar.xz .zip and kin
	KindWheel Kind = "wheel" // PEP 427
	KindEgg   Kind = "egg"
	KindOther Kind = "" // installers (.exe, .msi, .rpm …) and whatever else is offered
)

// File is one file of a release, as the page describes it.
type File struct {
	Name string
	// URL is absolute. Of a folder it is the slash-separated path inside it.
	URL     string
	Kind    Kind
	Version string // read off the name; empty for KindOther
	// Size is in bytes; 0 when the index does not say.
	Size int64
	// SHA256 is lower-case hexadecimal, empty when the index does not say. Fetch
	// does not check it: who reads the stream does.
	SHA256         string
	Yanked         bool
	YankedReason   string
	RequiresPython string
	UploadTime     time.Time // zero when the index does not say
	// CoreMetadata is true when the file's METADATA can be fetched alone (PEP
	// 658), see File.Metadata; CoreMetadataSHA256 may be empty all the same.
	CoreMetadata       bool
	CoreMetadataSHA256 string
	Attested           bool // the index has a provenance of the file (PEP 740)
}

// Metadata describes the file's core metadata as a file of its own, at the
// same URL with ".metadata" behind it. It reports false when the index does
// not offer it.
func (f File) Metadata() (File, bool) {
	if !f.CoreMetadata {
		return File{}, false
	}
	return File{
		Name:    f.Name + ".metadata",
		URL:     withSuffix(f.URL, ".metadata"),
		Version: f.Version,
		SHA256:  f.CoreMetadataSHA256,
	}, true
}
