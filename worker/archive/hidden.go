package archive

import (
	"bytes"
	"context"
	"encoding/binary"
)

// Members that the directory does not list.
const (
	maxHidden   = 1000    // of them that are read
	searchBytes = 1 << 20 // of a gap, for the header after a member whose length stands behind it
)

// gap looks at what stands between two members, from a to b, or in front of the
// directory. Readers that go from header to header, as streaming installers do,
// unpack what they find there; so it is read as well, and noted.
func (z *zipWalk) gap(ctx context.Context, a, b int64, v Visitor) error {
	if b = min(b, z.size); a < 0 {
		return nil
	}
	for {
		at, ok := z.header(a, b)
		if !ok {
			return nil
		}
		z.stats.note(AnomalyHiddenMember, "")
		e, next, ok := z.unlisted(at, b)
		if z.found++; !ok || z.found > maxHidden {
			return nil
		}
		z.stats.Members++
		z.stats.MemberBytes = addSize(z.stats.MemberBytes, e.size)
		if name, ok := z.w.enter(e.raw, e.size, z.stats); ok && !e.isFolder() {
			e.name = name
			if err := z.member(ctx, &e, v); err != nil {
				return err
			}
		}
		a = next
	}
}

// header returns where a local header stands in the gap from a to b: at its
// start, or after a data descriptor.
func (z *zipWalk) header(a, b int64) (at int64, ok bool) {
	if b-a < localLen {
		return 0, false
	}
	var gap [24 + 4]byte
	n := min(int64(len(gap)), b-a)
	if readAt(z.src, gap[:n], a) != nil {
		return 0, false
	}
	for _, skip := range []int64{0, 12, 16, 20, 24} {
		if skip+4 <= n && b-a-skip >= localLen && binary.LittleEndian.Uint32(gap[skip:]) == localSig {
			return a + skip, true
		}
	}
	return 0, false
}

// unlisted makes an entry of a local header, and says where the next may stand.
func (z *zipWalk) unlisted(at, end int64) (e entry, next int64, ok bool) {
	var b [localLen]byte
	if readAt(z.src, b[:], at) != nil {
		return e, 0, false
	}
	u16 := func(i int) uint16 { return binary.LittleEndian.Uint16(b[i:]) }
	u32 := func(i int) uint32 { return binary.LittleEndian.Uint32(b[i:]) }
	name := make([]byte, u16(26))
	start := at + localLen + int64(len(name)) + int64(u16(28))
	if start > end || readAt(z.src, name, at+localLen) != nil {
		return e, 0, false
	}
	e = entry{
		raw: string(name), flags: u16(6), method: u16(8), crc: u32(14), packed: int64(u32(18)), size: int64(u32(22)),
		offset: at, hidden: true,
	}
	if e.flags&flagStream != 0 && e.packed == 0 {
		e.packed = z.untilHeader(start, end) - start
		e.size = e.packed * maxInflation
	}
	if e.packed > end-start {
		return e, 0, false
	}
	return e, start + e.packed, true
}

// untilHeader returns where the next header or descriptor stands from start on,
// or end.
func (z *zipWalk) untilHeader(start, end int64) int64 {
	b := make([]byte, min(end-start, searchBytes))
	if readAt(z.src, b, start) != nil {
		return end
	}
	next := end
	for _, sig := range []string{"PK\x03\x04", "PK\x07\x08"} {
		if i := bytes.Index(b, []byte(sig)); i >= 0 {
			next = min(next, start+int64(i))
		}
	}
	return next
}
