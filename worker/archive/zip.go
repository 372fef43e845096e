package archive

import (
	"bufio"
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
// that v wants, in the order of its central directory, which is what
// installers go by. Local headers are compared with the directory, and members
// that it does not list are an anomaly; they are not read.
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
	src := &sourceAt{r: r}
	place, err := findDirectory(src, size, &stats)
	if err != nil {
		return stats, err
	}
	entries, dirErr := readDirectory(ctx, src, place, w.limits, &stats)
	if src.err != nil {
		return stats, fmt.Errorf("archive: read: %w", src.err)
	}
	if dirErr != nil && (len(entries) == 0 || !errors.Is(dirErr, ErrFormat)) {
		return stats, dirErr
	}
	w.enterAll(entries, v, &stats)

	m := &meter{limits: w.limits, packed: func() int64 { return min(stats.PackedBytes, size) }}
	stats.PackedBytes = place.size
	z := zipWalk{w: w, src: src, m: m, size: size, dirStart: place.base + place.offset, stats: &stats}
	z.checkLayout(entries)
	for i := range entries {
		if err := ctx.Err(); err != nil {
			return stats, err
		}
		if entries[i].name == "" {
			continue
		}
		if err := z.member(ctx, &entries[i], v); err != nil {
			return stats, err
		}
	}
	return stats, dirErr
}

// enterAll cleans the names of the regular members and tells them to the
// visitor; every other entry keeps an empty name.
func (w *Walker) enterAll(entries []entry, v Visitor, stats *Stats) {
	var names []string
	for i := range entries {
		e := &entries[i]
		switch {
		case e.isFolder(): // kept, as what follows, for its place in the layout
		case e.isLink():
			stats.Links++
			w.enter(e.raw, 0, stats)
		case e.isDevice():
			stats.Devices++
			name, _ := w.enter(e.raw, 0, stats)
			stats.note(AnomalyDevice, name)
		default:
			stats.Members++
			stats.MemberBytes = addSize(stats.MemberBytes, e.size)
			if name, ok := w.enter(e.raw, e.size, stats); ok {
				e.name = name
				names = append(names, name)
			}
		}
	}
	if v.Names != nil {
		v.Names(names)
	}
}

// zipWalk is the state of one walk over a zip.
type zipWalk struct {
	w        *Walker
	src      *sourceAt
	m        *meter
	size     int64
	dirStart int64
	stats    *Stats
}

// checkLayout looks for members that share bytes and for members that the
// directory does not list, between the listed ones.
func (z *zipWalk) checkLayout(entries []entry) {
	order := make([]int32, len(entries))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int {
		return int(min(max(entries[a].offset-entries[b].offset, -1), 1))
	})
	var head [localLen]byte
	end := int64(-1)
	for _, i := range order {
		e := &entries[i]
		if end >= 0 && e.offset < end {
			z.stats.note(AnomalyOverlap, e.name)
		}
		if end >= 0 && z.hidden(end, e.offset) || end < 0 && z.hidden(0, e.offset) {
			z.stats.note(AnomalyHiddenMember, "")
		}
		next := e.offset + localLen + int64(len(e.raw)) + e.packed
		if e.offset <= z.size-localLen && readAt(z.src, head[:], e.offset) == nil && binary.LittleEndian.Uint32(head[:]) == localSig {
			next = e.offset + localLen + int64(binary.LittleEndian.Uint16(head[26:])) + int64(binary.LittleEndian.Uint16(head[28:])) + e.packed
		}
		end = max(end, next)
	}
	if end >= 0 && z.hidden(end, z.dirStart) {
		z.stats.note(AnomalyHiddenMember, "")
	}
}

// hidden reports whether a local header stands in the gap from a to b, at its
// start or after a data descriptor.
func (z *zipWalk) hidden(a, b int64) bool {
	if b-a < localLen || a < 0 || b > z.size {
		return false
	}
	var gap [24 + 4]byte
	n := min(int64(len(gap)), b-a)
	if readAt(z.src, gap[:n], a) != nil {
		return false
	}
	for _, skip := range []int64{0, 12, 16, 20, 24} {
		if skip+4 <= n && binary.LittleEndian.Uint32(gap[skip:]) == localSig {
			return true
		}
	}
	return false
}

// member reads one member, if the visitor wants it.
func (z *zipWalk) member(ctx context.Context, e *entry, v Visitor) error {
	amount := v.want(e.name, e.size)
	if e.flags&(flagCrypt|flagStrong|flagMasked) != 0 {
		z.stats.note(AnomalyEncrypted, e.name)
		z.stats.cut(e.name, WhyEncrypted, e.size)
		return nil
	}
	if amount == Nothing {
		return nil
	}
	start, err := z.dataStart(e)
	if err != nil {
		if z.src.err != nil {
			return fmt.Errorf("archive: read: %w", z.src.err)
		}
		z.stats.cut(e.name, WhyMemberOutside, e.size)
		return nil
	}
	plain, err := z.open(ctx, e, start)
	if errors.Is(err, errMethod) {
		z.stats.note(AnomalyMethod, e.name)
		z.stats.cut(e.name, WhyMethod, e.size)
		return nil
	}
	var data []byte
	var ended bool
	if err == nil {
		n := int64(z.w.limits.HeadBytes)
		if amount == Whole {
			n = z.w.limits.MemberBytes
		}
		z.stats.PackedBytes = addSize(z.stats.PackedBytes, e.packed)
		data, ended, err = z.w.take(&metered{ctx: ctx, r: plain, m: z.m}, n, e.size)
		if c, ok := plain.(io.Closer); ok && plain != z.w.flate {
			c.Close()
		}
	}
	switch {
	case z.m.err != nil:
		return z.m.err
	case z.src.err != nil:
		return fmt.Errorf("archive: read: %w", z.src.err)
	case err != nil && amount == Whole || err != nil && len(data) == 0:
		z.stats.cut(e.name, WhyMemberCorrupt, e.size)
		if len(data) == 0 {
			return nil
		}
	case amount == Whole && !ended:
		z.stats.cut(e.name, WhyMemberTooLarge, e.size)
		data = data[:min(len(data), z.w.limits.HeadBytes)]
	}
	out := Member{Name: e.name, Size: e.size, Data: data, Whole: ended && err == nil}
	if out.Whole {
		out.Size = int64(len(data))
		if out.Size != e.size {
			z.stats.note(AnomalySize, e.name)
		}
		if crc32.ChecksumIEEE(data) != e.crc {
			z.stats.note(AnomalyChecksum, e.name)
		}
	}
	return v.Member(out)
}

// dataStart returns where a member's packed bytes begin, and compares its
// local header with the directory on the way.
func (z *zipWalk) dataStart(e *entry) (int64, error) {
	var b [localLen]byte
	if err := readAt(z.src, b[:], e.offset); err != nil {
		return 0, err
	}
	if binary.LittleEndian.Uint32(b[:]) != localSig {
		return 0, &FormatError{Why: WhyMemberOutside}
	}
	nameLen := int(binary.LittleEndian.Uint16(b[26:]))
	name := make([]byte, nameLen)
	if err := readAt(z.src, name, e.offset+localLen); err != nil {
		return 0, err
	}
	flags, packed, size := binary.LittleEndian.Uint16(b[6:]), binary.LittleEndian.Uint32(b[18:]), binary.LittleEndian.Uint32(b[22:])
	differs := string(name) != e.raw || binary.LittleEndian.Uint16(b[8:]) != e.method
	if flags&flagStream == 0 && packed != maxUint32 && size != maxUint32 {
		differs = differs || int64(packed) != e.packed || int64(size) != e.size
	}
	if differs {
		z.stats.note(AnomalyDirectoryMismatch, e.name)
	}
	start := e.offset + localLen + int64(nameLen) + int64(binary.LittleEndian.Uint16(b[28:]))
	if start > z.size || e.packed > z.size-start {
		return 0, &FormatError{Why: WhyMemberOutside}
	}
	return start, nil
}

// open returns a reader over a member's plain bytes.
func (z *zipWalk) open(ctx context.Context, e *entry, start int64) (io.Reader, error) {
	section := io.NewSectionReader(z.src, start, e.packed)
	if e.method == methodStore {
		return section, nil
	}
	if z.w.inner == nil {
		z.w.inner = bufio.NewReaderSize(nil, 32<<10)
	}
	z.w.inner.Reset(section)
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
