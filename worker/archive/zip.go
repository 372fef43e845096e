package archive

import (
	"bufio"
	"cmp"
	"compress/bzip2"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"strings"

	"github.com/ulikunitz/xz/lzma"
)

// Compression methods that are read.
const (
	methodStore   = 0
	methodDeflate = 8
	methodBzip2   = 12
	methodLZMA    = 14
	methodZstd    = 93
	methodXZ      = 95
)

// errMethod says that a member's compression is not read.
var errMethod = errors.New("archive: unknown compression method")

// Zip walks a zip of size bytes and calls v.Member for each regular member
// that its central directory lists, which is what installers go by, and that v
// wants, in the order of their places in the file. Local headers are compared with the directory, and
// members that it does not list are an anomaly; they are not read.
//
// Of a *Remote it asks for what v wants and the directory. It returns
// ErrWhole where it is better to read the file whole.
//
// It returns a *FormatError for what is no zip or breaks off, a *LimitError
// when a limit ends the walk, and the errors of r, of ctx and of v as they are
// (wrapped). A member that cannot be unpacked is a cut, not an error.
//
// Wheels: PEP 427. Eggs: setuptools' "The Internal Structure of Python Eggs".
func (w *Walker) Zip(ctx context.Context, r io.ReaderAt, size int64, v Visitor) (stats Stats, err error) {
	w.begin()
	if err := ctx.Err(); err != nil {
		return stats, err
	}
	remote, _ := r.(*Remote)
	src := &sourceAt{r: r}
	if remote != nil {
		if err := remote.keepFrom(max(0, size-TailBytes)); err != nil {
			return stats, fmt.Errorf("archive: read: %w", err)
		}
	}
	place, err := findDirectory(src, size, &stats)
	if err != nil {
		return stats, err
	}
	stats.DirectoryBytes = size - place.base - place.offset
	if remote != nil {
		if err := remote.keepFrom(place.base + place.offset); err != nil {
			return stats, fmt.Errorf("archive: read: %w", err)
		}
	}
	entries, dirErr := readDirectory(ctx, src, place, w.limits, &stats)
	if src.err != nil {
		return stats, fmt.Errorf("archive: read: %w", src.err)
	}
	if dirErr != nil && (len(entries) == 0 || !errors.Is(dirErr, ErrFormat)) {
		return stats, dirErr
	}
	names := w.enterAll(entries, &stats)

	m := &meter{limits: w.limits, packed: func() int64 { return min(stats.PackedBytes, size) }}
	stats.PackedBytes = place.size
	z := zipWalk{w: w, src: src, remote: remote, m: m, size: size, dirStart: place.base + place.offset, stats: &stats}
	slices.SortStableFunc(entries, func(a, b entry) int { return cmp.Compare(a.offset, b.offset) })
	if remote != nil {
		if err := remote.setPlan(z.spans(entries, v)); err != nil {
			return stats, err
		}
	}
	if v.Names != nil {
		v.Names(names)
	}
	end := int64(0)
	for i := range entries {
		if err := ctx.Err(); err != nil {
			return stats, err
		}
		if err := z.layout(ctx, &entries[i], i == 0, &end, v); err != nil {
			return stats, err
		}
		if entries[i].name == "" {
			continue
		}
		if err := z.member(ctx, &entries[i], v); err != nil {
			var limit *LimitError
			if errors.As(err, &limit) {
				stats.cutRest(entries[i:], limit.Why)
			}
			return stats, err
		}
	}
	if err := z.gap(ctx, end, z.dirStart, v); err != nil {
		return stats, err
	}
	if end > z.dirStart && end <= size { // beyond the file it is cut
		stats.note(AnomalyOverlap, "")
	}
	if src.err != nil {
		return stats, fmt.Errorf("archive: read: %w", src.err)
	}
	return stats, dirErr
}

// cutRest lists what a limit kept from being read.
func (s *Stats) cutRest(entries []entry, why string) {
	for i := range entries {
		if e := &entries[i]; e.name != "" {
			s.cut(e.name, why, e.size)
		}
	}
}

// enterAll cleans the names of the members and returns them; a folder keeps an
// empty name.
func (w *Walker) enterAll(entries []entry, stats *Stats) (names []string) {
	for i := range entries {
		e := &entries[i]
		switch {
		case e.isFolder(): // kept for its place in the layout
			continue
		case e.isLink(): // installers write a file with the target in it, whatever that is
			stats.Links++
		case e.isDevice():
			stats.Devices++
		}
		stats.Members++
		stats.MemberBytes = addSize(stats.MemberBytes, e.size)
		name, ok := w.enter(e.raw, e.size, stats)
		if e.isDevice() {
			stats.note(AnomalyDevice, name)
		}
		if ok {
			e.name = name
			names = append(names, name)
		}
	}
	return names
}

// zipWalk is the state of one walk over a zip.
type zipWalk struct {
	w        *Walker
	src      *sourceAt
	remote   *Remote // nil for a source at hand
	m        *meter
	size     int64
	dirStart int64
	stats    *Stats
	found    int // hidden members
	at       int64
	owner    string // the first listed name of the member at that offset
}

// layout looks whether an entry shares bytes with those before it, which reach
// to end, and for members in between that the directory does not list.
func (z *zipWalk) layout(ctx context.Context, e *entry, first bool, end *int64, v Visitor) error {
	if !first && e.offset < *end {
		z.stats.note(AnomalyOverlap, e.name)
	}
	if err := z.gap(ctx, *end, e.offset, v); err != nil {
		return err
	}
	var head [localLen]byte
	next := e.offset + localLen + int64(len(e.raw)) + e.packed
	if e.offset <= z.size-localLen && readAt(z.src, head[:], e.offset) == nil && binary.LittleEndian.Uint32(head[:]) == localSig {
		next = e.offset + localLen + int64(binary.LittleEndian.Uint16(head[26:])) + int64(binary.LittleEndian.Uint16(head[28:])) + e.packed
	}
	*end = max(*end, next)
	if z.src.err != nil {
		return fmt.Errorf("archive: read: %w", z.src.err)
	}
	return nil
}

// member reads one member, if the visitor wants it, and once more under the name
// or by the method that other readers take, where there is another.
func (z *zipWalk) member(ctx context.Context, e *entry, v Visitor) error {
	other, err := z.one(ctx, e, v, false)
	if err != nil {
		return err
	}
	if e.offset != z.at || z.owner == "" {
		z.at, z.owner = e.offset, e.raw
	} else if other.raw == z.owner { // of the member that these bytes are, too
		other.raw = ""
	}
	for _, second := range []string{other.raw, e.second} {
		again := *e
		if again.raw = second; second == "" {
			continue
		}
		if second == other.raw {
			again.method = other.method
		}
		if again.name = cleanName(second, func(string) {}); again.name == "" || again.name == e.name && again.method == e.method || len(second) > z.w.limits.NameBytes {
			continue
		}
		if _, err := z.one(ctx, &again, v, true); err != nil {
			return err
		}
	}
	return nil
}

// one reads a member as e says and returns what its local header says of name
// and method. Of a second reading nothing is noted.
func (z *zipWalk) one(ctx context.Context, e *entry, v Visitor, again bool) (other entry, err error) {
	amount := v.want(e.name, e.plausible())
	if e.flags&(flagCrypt|flagStrong|flagMasked) != 0 {
		z.stats.note(AnomalyEncrypted, e.name)
		z.stats.cut(e.name, WhyEncrypted, e.size)
		return other, nil
	}
	if amount == Nothing {
		return other, nil
	}
	start, other, err := z.dataStart(e)
	if err != nil {
		if z.src.err != nil {
			return other, fmt.Errorf("archive: read: %w", z.src.err)
		}
		z.stats.cut(e.name, WhyMemberOutside, e.size)
		return other, nil
	}
	cut := func(why string) {
		if !again {
			z.stats.cut(e.name, why, e.size)
		}
	}
	z.stats.NeededBytes += start - e.offset
	z.stats.PackedBytes = addSize(z.stats.PackedBytes, e.packed)
	var data []byte
	var ended bool
	if amount == Head {
		data, ended, err = z.head(ctx, e, start)
		if err == nil && !ended && v.More != nil && v.More(e.name, e.plausible(), data) {
			amount = Whole
			if z.remote != nil {
				z.remote.want(Span{start, e.packed})
			}
		}
	}
	if amount == Whole {
		z.stats.NeededBytes += e.packed
		data, ended, err = z.read(ctx, e, start, e.packed, z.w.limits.MemberBytes)
	}
	if errors.Is(err, errMethod) {
		if !again {
			z.stats.note(AnomalyMethod, e.name)
		}
		cut(WhyMethod)
		return other, nil
	}
	switch {
	case z.m.err != nil:
		return other, z.m.err
	case z.src.err != nil:
		return other, fmt.Errorf("archive: read: %w", z.src.err)
	case err != nil && amount == Whole || err != nil && len(data) == 0:
		cut(WhyMemberCorrupt)
		if len(data) == 0 {
			return other, nil
		}
	case amount == Whole && !ended:
		cut(WhyMemberTooLarge)
		data = data[:min(len(data), z.w.limits.HeadBytes)]
	}
	out := Member{Name: e.name, Size: e.size, Data: data, Whole: ended && err == nil}
	if out.Whole {
		out.Size = int64(len(data))
		streamed := e.hidden && e.flags&flagStream != 0 // its sizes stand after it
		if out.Size != e.size && !again && !streamed {
			z.stats.note(AnomalySize, e.name)
		}
		if !again && !streamed && crc32.ChecksumIEEE(data) != e.crc {
			z.stats.note(AnomalyChecksum, e.name)
		}
		if e.isLink() && escapes(e.name, string(data), true) {
			z.stats.note(AnomalyEscapingLink, e.name)
		}
	}
	return other, v.Member(out)
}

// head reads the first bytes of a member from as few packed ones as may be. A
// decompressor that is given all would read far ahead.
func (z *zipWalk) head(ctx context.Context, e *entry, start int64) (data []byte, ended bool, err error) {
	n := int64(z.w.limits.HeadBytes)
	for packed := e.headBytes(n); ; packed = min(2*packed+headSlack, e.packed) {
		data, ended, err = z.read(ctx, e, start, packed, n)
		short := err != nil && errors.Is(err, io.ErrUnexpectedEOF) || ended
		if short && packed < e.packed && z.m.err == nil && z.src.err == nil {
			continue
		}
		z.stats.NeededBytes += e.share(n)
		return data, ended, err
	}
}

// read unpacks at most n bytes of a member from its first packed ones.
func (z *zipWalk) read(ctx context.Context, e *entry, start, packed, n int64) (data []byte, ended bool, err error) {
	plain, err := z.open(e, io.NewSectionReader(z.src, start, packed))
	if err != nil {
		return nil, false, err
	}
	data, ended, err = z.w.take(&metered{ctx: ctx, r: plain, m: z.m}, n, e.plausible())
	if c, ok := plain.(io.Closer); ok && plain != z.w.flate {
		c.Close()
	}
	return data, ended, err
}

// dataStart returns where a member's packed bytes begin, and what its local
// header says of name and method, which is compared with the directory.
func (z *zipWalk) dataStart(e *entry) (start int64, local entry, err error) {
	var b [localLen]byte
	if err := readAt(z.src, b[:], e.offset); err != nil {
		return 0, local, err
	}
	if binary.LittleEndian.Uint32(b[:]) != localSig {
		return 0, local, &FormatError{Why: WhyMemberOutside}
	}
	nameLen := int(binary.LittleEndian.Uint16(b[26:]))
	name := make([]byte, nameLen)
	if err := readAt(z.src, name, e.offset+localLen); err != nil {
		return 0, local, err
	}
	local = entry{raw: string(name), method: binary.LittleEndian.Uint16(b[8:])}
	flags, packed, size := binary.LittleEndian.Uint16(b[6:]), binary.LittleEndian.Uint32(b[18:]), binary.LittleEndian.Uint32(b[22:])
	differs := local.raw != e.raw || local.method != e.method
	if flags&flagStream == 0 && packed != maxUint32 && size != maxUint32 {
		differs = differs || int64(packed) != e.packed || int64(size) != e.size
	}
	if differs && local.raw != e.second {
		z.stats.note(AnomalyDirectoryMismatch, e.name)
	}
	start = e.offset + localLen + int64(nameLen) + int64(binary.LittleEndian.Uint16(b[28:]))
	if start > z.size || e.packed > z.size-start {
		return 0, local, &FormatError{Why: WhyMemberOutside}
	}
	return start, local, nil
}

// open returns a reader over a member's plain bytes.
func (z *zipWalk) open(e *entry, packed io.Reader) (io.Reader, error) {
	if e.method == methodStore {
		return packed, nil
	}
	if z.w.inner == nil {
		z.w.inner = bufio.NewReaderSize(nil, 32<<10)
	}
	z.w.inner.Reset(packed)
	switch e.method {
	case methodDeflate:
		return z.w.inflate(z.w.inner)
	case methodBzip2:
		return bzip2.NewReader(z.w.inner), nil
	case methodZstd:
		return newZstd(z.w.inner, z.w.limits.WindowBytes)
	case methodXZ:
		return newXZ(z.w.inner, z.w.limits.WindowBytes), nil
	case methodLZMA:
		return newZipLZMA(z.w.inner, e.size, z.w.limits.WindowBytes)
	}
	return nil, errMethod
}

// newZipLZMA turns a zip member's LZMA stream into the classic .lzma format,
// whose header is the same five property bytes and the size.
func newZipLZMA(r io.Reader, size, window int64) (io.Reader, error) {
	var h [9]byte // version, length of properties, properties
	if _, err := io.ReadFull(r, h[:]); err != nil {
		return nil, unexpected(err)
	}
	if h[2] != 5 || h[3] != 0 {
		return nil, errMethod
	}
	var head strings.Builder
	head.Write(h[4:9])
	var s [8]byte
	binary.LittleEndian.PutUint64(s[:], uint64(size))
	head.Write(s[:])
	lr, err := lzma.ReaderConfig{DictCap: int(max(window, lzma.MinDictCap))}.NewReader(io.MultiReader(strings.NewReader(head.String()), r))
	if err != nil {
		return nil, fmt.Errorf("lzma: %w", err)
	}
	return lr, nil
}

// sourceAt keeps the error that is the source's own.
type sourceAt struct {
	r   io.ReaderAt
	err error
}

// ReadAt implements io.ReaderAt.
func (s *sourceAt) ReadAt(p []byte, off int64) (int, error) {
	n, err := s.r.ReadAt(p, off)
	if err != nil && !errors.Is(err, io.EOF) && s.err == nil {
		s.err = err
	}
	return n, err
}
