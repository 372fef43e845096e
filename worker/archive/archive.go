// Package archive reads sdists, wheels and eggs as a bounded stream of
// members: never to disk, never more than its limits, whatever is in them.
//
// A Walker reads tars from an io.Reader (Tar) and zips from an io.ReaderAt
// (Zip), and gives each regular member to a Visitor. What is odd about an
// archive is counted as an Anomaly and reading goes on; what was left unread
// is listed as a Cut; what makes it unreadable is a *FormatError or a
// *LimitError. The archive's own claims (sizes, CRCs, its directory) are
// compared with what is there, and never a reason to skip a member.
package archive

import (
	"errors"
	"strings"
)

// Format is the container and compression of a distribution file.
type Format uint8

// The formats. A compressed tar's compression is sniffed from its first
// bytes, so FormatTar stands for all of them.
const (
	FormatTar Format = iota + 1 // .tar, .tar.gz, .tgz, .tar.bz2, .tar.xz, .tar.zst …
	FormatZip                   // .zip, .whl, .egg
)

// FormatOf returns the format that a distribution's file name promises; ok is
// false for a name that is neither. It never looks at content.
func FormatOf(name string) (f Format, ok bool) {
	name = strings.ToLower(name)
	for _, suffix := range []string{".whl", ".zip", ".egg"} {
		if strings.HasSuffix(name, suffix) {
			return FormatZip, true
		}
	}
	for _, suffix := range []string{".tar.gz", ".tgz", ".tar.bz2", ".tbz", ".tbz2", ".tar.xz", ".txz", ".tar.zst", ".tar"} {
		if strings.HasSuffix(name, suffix) {
			return FormatTar, true
		}
	}
	return 0, false
}

// Amount says how much of a member a Visitor wants.
type Amount uint8

// The amounts.
const (
	Nothing Amount = iota // the member is counted only
	Head                  // its first Limits.HeadBytes
	Whole                 // all of it, if Limits.MemberBytes allow
)

// Member is one regular file inside an archive.
type Member struct {
	// Name is cleaned: slash-separated, never absolute, without "." and "..",
	// without control characters, valid UTF-8. Two members may share a name.
	Name string
	// Size is the member's uncompressed size in bytes: what was read of a whole
	// member, what the archive claims of another.
	Size int64
	// Data holds the whole member or its head; it is reused after the
	// Visitor's function returns.
	Data []byte
	// Whole is true when Data is all of the member.
	Whole bool
}

// Visitor says what is wanted of an archive and takes it. Nil functions are
// allowed, except Member. Functions are called from the goroutine that called
// Tar or Zip.
type Visitor struct {
	// Names is called once, before the first member, with the cleaned names of
	// all regular members. Only zips know them beforehand; tars never call it.
	Names func(names []string)
	// Want says how much of a member to read; nil means Whole for each. size is
	// what the archive claims, as far as its packed size allows that claim. Of a
	// Remote it is asked twice for each member, and must answer the same.
	Want func(name string, size int64) Amount
	// More is asked, when a member's head was wanted and read, and more follows,
	// whether it is wanted whole after all; nil means never.
	More func(name string, size int64, head []byte) bool
	// Member takes one member, in archive order. An error stops the walk and is
	// returned as it is.
	Member func(Member) error
}

func (v *Visitor) want(name string, size int64) Amount {
	if v.Want == nil {
		return Whole
	}
	return v.Want(name, size)
}

// Stats sums up one walk. It is valid, for what was read, after an error too.
type Stats struct {
	Members     int   // regular members, read or not
	MemberBytes int64 // their uncompressed size: as read, or as claimed where not read
	PackedBytes int64 // bytes of the file that were consumed
	Links       int   // symbolic and hard links, skipped
	Devices     int   // devices and FIFOs, skipped
	// NeededBytes are the packed bytes of what a visitor wanted of a zip's members,
	// with their headers: all that is needed of it beside DirectoryBytes, which
	// are its directory and end records.
	NeededBytes, DirectoryBytes int64
	// Anomalies holds at most one entry a kind, in order of first sight.
	Anomalies []Anomaly
	// Cuts lists members that were wanted and not read whole, at most 100.
	Cuts []Cut
	// CutsLeftOut counts the cuts beyond that.
	CutsLeftOut int
}

// Cut is one member that was left unread.
type Cut struct {
	Member string
	Why    string // a Why… slug
	Bytes  int64  // uncompressed bytes as claimed
}

// maxCuts bounds Stats.Cuts.
const maxCuts = 100

func (s *Stats) cut(member, why string, bytes int64) {
	if len(s.Cuts) >= maxCuts {
		s.CutsLeftOut++
		return
	}
	s.Cuts = append(s.Cuts, Cut{Member: member, Why: why, Bytes: max(bytes, 0)})
}

// The slugs of cuts, limits and malformations.
const (
	WhyMemberTooLarge   = "member-too-large"   // cut: larger than Limits.MemberBytes
	WhyEncrypted        = "encrypted-member"   // cut: needs a password
	WhyMethod           = "unknown-method"     // cut, format: a compression that is not read
	WhyMemberCorrupt    = "member-corrupt"     // cut: its data could not be unpacked to the end
	WhyMemberOutside    = "member-outside"     // cut: the directory points outside of the file
	WhyNameTooLong      = "name-too-long"      // cut: longer than Limits.NameBytes
	WhyLinkedCode       = "linked-code"        // cut: a link that is named as code, to a member that is not
	WhyTooDeep          = "too-deep"           // cut: more path components than Limits.Depth
	WhyTotalTooLarge    = "total-too-large"    // limit: Limits.TotalBytes
	WhyRatio            = "ratio"              // limit: Limits.Ratio
	WhyTooManyMembers   = "too-many-members"   // limit: Limits.Members
	WhyDirectoryTooLong = "directory-too-long" // limit: Limits.DirectoryBytes
	WhyScattered        = "too-scattered"      // limit: what is needed of a remote zip lies in too many pieces
	WhyTruncated        = "truncated"          // format: the file ends early
	WhyCompression      = "compression"        // format: the compressed stream is broken
	WhyTarHeader        = "tar-header"         // format: a tar header is broken
	WhyNotArchive       = "not-an-archive"     // format: no zip directory, no tar at all
	WhyDirectory        = "zip-directory"      // format: the zip directory is broken
)

// ErrFormat matches every *FormatError.
var ErrFormat = errors.New("archive: malformed")

// FormatError says why an archive cannot be read, or not to its end. Members
// that were given to the Visitor before stay valid.
type FormatError struct {
	Why string // slug
	Err error  // cause, may be nil
}

// Error returns the slug and the cause.
func (e *FormatError) Error() string {
	if e.Err == nil {
		return "archive: malformed: " + e.Why
	}
	return "archive: malformed: " + e.Why + ": " + e.Err.Error()
}

// Is reports whether target is ErrFormat.
func (e *FormatError) Is(target error) bool { return target == ErrFormat }

// Unwrap returns the cause.
func (e *FormatError) Unwrap() error { return e.Err }

// ErrLimit matches every *LimitError.
var ErrLimit = errors.New("archive: limit passed")

// LimitError says which limit ended a walk. Members that were given to the
// Visitor before stay valid.
type LimitError struct {
	Why string // slug
}

// Error returns the slug.
func (e *LimitError) Error() string { return "archive: limit passed: " + e.Why }

// Is reports whether target is ErrLimit.
func (e *LimitError) Is(target error) bool { return target == ErrLimit }

// Why returns the slug of a *FormatError or *LimitError in err's chain; ok is
// false for any other error, which is then the source's or the visitor's own.
func Why(err error) (slug string, ok bool) {
	var f *FormatError
	if errors.As(err, &f) {
		return f.Why, true
	}
	var l *LimitError
	if errors.As(err, &l) {
		return l.Why, true
	}
	return "", false
}
