package native

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// tables collects what a reader finds and keeps it within the limits.
type tables struct {
	limits                      Limits
	entries                     int // left
	bytes                       int // left
	imports, exports, libraries set
	cut                         string
}

type set map[string]struct{}

func newTables(l Limits) *tables {
	return &tables{limits: l, entries: l.Entries, bytes: l.AllBytes, imports: set{}, exports: set{}, libraries: set{}}
}

func (s set) sorted() []string {
	if len(s) == 0 {
		return nil
	}
	names := make([]string, 0, len(s))
	for name := range s {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// next says whether one more table entry may be looked at.
func (t *tables) next() bool {
	if t.entries == 0 {
		t.cut = "symbols"
		return false
	}
	t.entries--
	return true
}

// damaged notes that a table points outside the file.
func (t *tables) damaged() {
	if t.cut == "" {
		t.cut = "damaged"
	}
}

func (t *tables) add(s set, name []byte) {
	if len(name) == 0 {
		return
	}
	if _, known := s[string(name)]; known {
		return
	}
	if len(s) >= t.limits.Symbols || len(name) > t.limits.NameBytes || len(name) > t.bytes {
		t.cut = "symbols"
		return
	}
	t.bytes -= len(name)
	s[string(name)] = struct{}{}
}

// view reads numbers and strings at offsets, none of which it trusts. Past the
// end numbers are 0 and strings empty.
type view struct {
	data  []byte
	order binary.ByteOrder
}

// has says whether size bytes stand at off.
func (v view) has(off, size uint64) bool {
	return off <= uint64(len(v.data)) && size <= uint64(len(v.data))-off
}

// from returns what begins at off, possibly nothing.
func (v view) from(off uint64) []byte {
	if off > uint64(len(v.data)) {
		return nil
	}
	return v.data[off:]
}

func (v view) u16(off uint64) uint64 {
	if !v.has(off, 2) {
		return 0
	}
	return uint64(v.order.Uint16(v.data[off:]))
}

func (v view) u32(off uint64) uint64 {
	if !v.has(off, 4) {
		return 0
	}
	return uint64(v.order.Uint32(v.data[off:]))
}

func (v view) u64(off uint64) uint64 {
	if !v.has(off, 8) {
		return 0
	}
	return v.order.Uint64(v.data[off:])
}

// text returns the bytes from off to the next NUL, at most limit+1 of them: a
// longer string shows by its length. Without a NUL there is no string.
func (v view) text(off uint64, limit int) []byte {
	b := v.from(off)
	if len(b) > limit+1 {
		b = b[:limit+1]
	}
	if i := bytes.IndexByte(b, 0); i >= 0 {
		return b[:i]
	}
	if len(b) > limit {
		return b
	}
	return nil
}
