package archive

import "hash/maphash"

// Anomaly is something odd about an archive that did not stop the walk.
type Anomaly struct {
	Kind   string // an Anomaly… slug
	Member string // first member that showed it; empty when the archive as a whole did
	Count  int
}

// The kinds of anomalies.
const (
	AnomalyAbsoluteName      = "absolute-name"      // the name begins with a slash
	AnomalyTraversal         = "parent-traversal"   // the name contains ".."
	AnomalyDriveLetter       = "drive-letter"       // the name begins like "C:"
	AnomalyBackslash         = "backslash-name"     // the name contains a backslash
	AnomalyControlName       = "control-name"       // the name contains a control character, or is cut at a NUL
	AnomalyInvisibleName     = "invisible-name"     // the name contains a zero-width or bidirectional control character
	AnomalyConfusableName    = "confusable-name"    // two names look alike: in another normal form or width, or with letters of other scripts
	AnomalyLinkedCode        = "linked-code"        // a link that is named as code, to what is not
	AnomalyUnknownType       = "unknown-type"       // a tar entry of a type that nobody defined, which some readers take for a file
	AnomalyNameEncoding      = "name-encoding"      // the name is not UTF-8
	AnomalyEmptyName         = "empty-name"         // nothing is left of the name
	AnomalyDuplicateName     = "duplicate-name"     // two members share a name
	AnomalyCaseCollision     = "case-collision"     // two names differ in case alone
	AnomalyDevice            = "device"             // a device or FIFO
	AnomalyEscapingLink      = "escaping-link"      // a link whose target lies outside of the archive
	AnomalyTrailingBytes     = "trailing-bytes"     // data after the archive's end
	AnomalyPrefixBytes       = "prefix-bytes"       // data before a zip's first member
	AnomalyHiddenMember      = "hidden-member"      // a zip member that the directory does not list
	AnomalyDirectoryMismatch = "directory-mismatch" // a zip's local header contradicts its directory
	AnomalyDirectoryCount    = "directory-count"    // a zip's directory claims another number of entries
	AnomalyOverlap           = "overlapping-member" // two zip members share bytes
	AnomalyChecksum          = "checksum-mismatch"  // a CRC does not fit
	AnomalySize              = "size-mismatch"      // a member is larger or smaller than it claims
	AnomalyEncrypted         = "encrypted-member"   // a member needs a password
	AnomalyMethod            = "unknown-method"     // a member's compression is not read
	AnomalyFormat            = "format-mismatch"    // the compression is not the one that the name promises
)

// note counts an anomaly of a kind.
func (s *Stats) note(kind, member string) {
	for i := range s.Anomalies {
		if s.Anomalies[i].Kind == kind {
			s.Anomalies[i].Count++
			return
		}
	}
	s.Anomalies = append(s.Anomalies, Anomaly{Kind: kind, Member: member, Count: 1})
}

// nameSet tells repeated names from those that only look the same. Keys are
// seeded hashes, so that a crafted list of names costs 16 bytes each and no more.
type nameSet struct {
	seed  maphash.Seed
	exact map[uint64]uint64 // hash of the folded name → hash of the name, whose last bit says whether it is ASCII
	fold  []byte
}

func newNameSet() *nameSet {
	return &nameSet{seed: maphash.MakeSeed(), exact: make(map[uint64]uint64)}
}

func (n *nameSet) reset() { clear(n.exact) }

// add returns the anomaly that name makes, or "".
func (n *nameSet) add(name string) string {
	ascii := uint64(1)
	n.fold = n.fold[:0]
	for i := range len(name) {
		c := name[i]
		if c >= 0x80 {
			ascii = 0
			n.fold = append(n.fold[:0], skeleton(name)...)
			break
		}
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		n.fold = append(n.fold, c)
	}
	key, exact := maphash.Bytes(n.seed, n.fold), maphash.String(n.seed, name)&^1|ascii
	old, seen := n.exact[key]
	switch {
	case !seen:
		n.exact[key] = exact
		return ""
	case old == exact:
		return AnomalyDuplicateName
	case old&exact&1 == 1:
		return AnomalyCaseCollision
	default:
		return AnomalyConfusableName
	}
}
