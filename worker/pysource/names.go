package pysource

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// Names is an interning table: equal strings have equal Names, and a dotted
// name is found from its parent and its last part without touching bytes.
// It may serve many files after one another, so that a matcher's name ids stay
// good; it is not safe for concurrent use. Make one with NewNames.
type Names struct {
	slots []uint32   // open addressing: Name and a tag of 8 bits; a power of two long, at most half full
	pairs []pairSlot // the same, of pairs
	ents  []nameEnt  // by Name; ents[0] is the empty string
	arena []byte
	nPair int

	fixed      int // ents that survive Reset
	fixedArena int
	fixedPairs int
	dirtySlots []uint32 // places of names that Reset forgets
	dirtyPairs []uint32

	vocab vocabulary
}

// pairSlot maps parent<<32|child to a Name. The top bit of the key marks
// scope names, which are kept as pairs and spelled out only by String.
type pairSlot struct {
	key uint64
	id  Name
	age uint32 // how many were put before it
}

// nameEnt places a name's bytes in the arena and holds enough of them to tell
// it: up to 16 bytes the string itself, in two words that may overlap; of a
// longer one the first bytes and a hash. A name that is kept as a pair has
// pairSize for its size, and parent and child in the arena.
type nameEnt struct {
	word, tail uint64
	off, size  uint32
}

const (
	pairSize     = ^uint32(0)
	idBits       = 24 // of a slot; the rest is the tag
	idMask       = 1<<idBits - 1
	scopeBit     = uint64(1) << 63
	hashMul      = 0x9E3779B97F4A7C15
	minSlots     = 1 << 14
	maxKeptSlots = 1 << 18 // of a table that Reset keeps
	maxDotted    = 300     // bytes; attributes of a longer dotted name are left off
	maxString    = 1 << 12 // longer names are cut, so that no chain of dots can grow the arena quadratically
)

// NewNames returns a table in which the seeds have the Names 1 to len(seed),
// in their order; they survive Reset. Seeds must differ from one another.
func NewNames(seed ...string) *Names {
	n := &Names{
		slots: make([]uint32, minSlots),
		pairs: make([]pairSlot, minSlots),
		ents:  make([]nameEnt, 1, 8192),
		arena: make([]byte, 0, 1<<17),
	}
	for _, s := range seed {
		n.add(s)
	}
	n.vocab.load(n)
	n.fixed, n.fixedArena, n.fixedPairs = len(n.ents), len(n.arena), n.nPair
	n.dirtySlots, n.dirtyPairs = n.dirtySlots[:0], n.dirtyPairs[:0]
	return n
}

// Reset forgets every name but the seeds. Names handed out before, other than
// those of the seeds, must not be used any more.
func (n *Names) Reset() {
	// What was added last is taken out; the rest stays where it was put, because
	// names never move but when the table grows, in the order of their ids.
	for _, i := range n.dirtySlots {
		n.slots[i] = 0
	}
	for _, i := range n.dirtyPairs {
		n.pairs[i] = pairSlot{}
	}
	n.dirtySlots, n.dirtyPairs = n.dirtySlots[:0], n.dirtyPairs[:0]
	n.ents = n.ents[:n.fixed]
	n.arena = n.arena[:n.fixedArena]
	n.nPair = n.fixedPairs
	if len(n.slots) > maxKeptSlots || len(n.pairs) > maxKeptSlots || cap(n.ents) > maxKeptSlots {
		n.shrink()
	}
}

// shrink gives back what one giant needed.
func (n *Names) shrink() {
	if len(n.slots) > maxKeptSlots {
		n.rehash(minSlots)
	}
	if len(n.pairs) > maxKeptSlots {
		n.rehashPairs(minSlots)
	}
	n.ents = append([]nameEnt(nil), n.ents...)
	n.arena = append([]byte(nil), n.arena...)
	n.dirtySlots, n.dirtyPairs = nil, nil
}

// Len returns one more than the highest Name handed out.
func (n *Names) Len() int { return len(n.ents) }

// String returns the name's text; empty for zero and for a Name unknown here.
func (n *Names) String(id Name) string {
	if int(id) >= len(n.ents) {
		return ""
	}
	e := n.ents[id]
	if e.size != pairSize {
		return string(n.arena[e.off : e.off+e.size])
	}
	return string(n.Append(nil, id))
}

// Append appends the name's text to dst.
func (n *Names) Append(dst []byte, id Name) []byte {
	if int(id) >= len(n.ents) {
		return dst
	}
	e := n.ents[id]
	if e.size != pairSize {
		return append(dst, n.arena[e.off:e.off+e.size]...)
	}
	parent, child := n.pairParts(e)
	if len(dst) > maxString {
		return dst
	}
	return n.Append(append(n.Append(dst, parent), '.'), child)
}

func (n *Names) pairParts(e nameEnt) (parent, child Name) {
	b := n.arena[e.off : e.off+8]
	return Name(binary.LittleEndian.Uint32(b)), Name(binary.LittleEndian.Uint32(b[4:]))
}

// bytes returns the text of a name that is not a pair. It must not be kept
// across calls that intern.
func (n *Names) bytes(id Name) []byte {
	e := n.ents[id]
	if e.size == pairSize {
		return n.Append(nil, id)
	}
	return n.arena[e.off : e.off+e.size]
}

// Intern returns the Name of b, which it copies when it is new.
func (n *Names) Intern(b []byte) Name {
	if len(b) == 0 {
		return 0
	}
	if len(b) > maxString {
		b = b[:maxString]
	}
	word, tail := nameWords(b)
	return n.intern(b, word, tail)
}

func (n *Names) add(s string) Name { return n.Intern([]byte(s)) }

// nameWords returns the words under which b is kept.
func nameWords(b []byte) (word, tail uint64) {
	switch {
	case len(b) > 16:
		return longWords(b)
	case len(b) > 8:
		return binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[len(b)-8:])
	}
	for i := len(b) - 1; i >= 0; i-- {
		word = word<<8 | uint64(b[i])
	}
	return word, 0
}

// longWords mixes more than 16 bytes.
func longWords(b []byte) (word, tail uint64) {
	word = binary.LittleEndian.Uint64(b)
	h := word * hashMul
	for i := 8; i+8 < len(b); i += 8 {
		h = (bits.RotateLeft64(h, 23) ^ binary.LittleEndian.Uint64(b[i:])) * hashMul
	}
	return word, (bits.RotateLeft64(h, 23) ^ binary.LittleEndian.Uint64(b[len(b)-8:])) * hashMul
}

// nameHash spreads the words of a name: its low bits choose a slot, its top
// bits are the tag.
func nameHash(word, tail uint64, size int) uint64 {
	h := (word ^ bits.RotateLeft64(tail, 29) ^ uint64(size)) * hashMul
	return h ^ h>>32
}

func (n *Names) intern(b []byte, word, tail uint64) Name {
	slots := n.slots
	h := nameHash(word, tail, len(b))
	tag := uint32(h>>56) << idBits
	for i := h; ; i++ {
		slot := slots[i&uint64(len(slots)-1)]
		if slot == 0 {
			return n.insert(b, word, tail, i&uint64(len(slots)-1), tag)
		}
		if slot&^idMask != tag {
			continue
		}
		e := &n.ents[slot&idMask]
		if e.word == word && e.tail == tail && e.size == uint32(len(b)) &&
			(len(b) <= 16 || string(n.arena[e.off:e.off+e.size]) == string(b)) {
			return Name(slot & idMask)
		}
	}
}

func (n *Names) insert(b []byte, word, tail, i uint64, tag uint32) Name {
	if len(n.ents) >= idMask {
		return 0
	}
	id := Name(len(n.ents))
	n.ents = append(n.ents, nameEnt{word, tail, uint32(len(n.arena)), uint32(len(b))})
	n.arena = append(n.arena, b...)
	n.slots[i] = uint32(id) | tag
	n.dirtySlots = append(n.dirtySlots, uint32(i))
	if 2*len(n.ents) > len(n.slots) {
		n.rehash(2 * len(n.slots))
	}
	return id
}

// rehash moves the names to a table of another size, in the order of their
// ids, so that taking out the last ones never breaks a chain.
func (n *Names) rehash(size int) {
	n.slots = make([]uint32, size)
	n.dirtySlots = n.dirtySlots[:0]
	mask := uint64(size - 1)
	for id := 1; id < len(n.ents); id++ {
		e := &n.ents[id]
		if e.size == pairSize {
			continue
		}
		h := nameHash(e.word, e.tail, int(e.size))
		i := h & mask
		for n.slots[i] != 0 {
			i = (i + 1) & mask
		}
		n.slots[i] = uint32(id) | uint32(h>>56)<<idBits
		if n.fixed != 0 && id >= n.fixed {
			n.dirtySlots = append(n.dirtySlots, uint32(i))
		}
	}
}

// pair finds the slot of a key: its Name, or zero and where to put it.
func (n *Names) pair(key uint64) (Name, uint64) {
	mask := uint64(len(n.pairs) - 1)
	i := pairHash(key) & mask
	for {
		s := &n.pairs[i]
		if s.id == 0 {
			return 0, i
		}
		if s.key == key {
			return s.id, i
		}
		i = (i + 1) & mask
	}
}

func pairHash(key uint64) uint64 {
	h := key * hashMul
	return h ^ h>>29
}

func (n *Names) setPair(key uint64, i uint64, id Name) {
	n.pairs[i] = pairSlot{key, id, uint32(n.nPair)}
	n.dirtyPairs = append(n.dirtyPairs, uint32(i))
	n.nPair++
	if 2*n.nPair > len(n.pairs) {
		n.rehashPairs(2 * len(n.pairs))
	}
}

// rehashPairs is rehash for pairs.
func (n *Names) rehashPairs(size int) {
	byAge := make([]pairSlot, n.nPair)
	for _, s := range n.pairs {
		if s.id != 0 {
			byAge[s.age] = s
		}
	}
	n.pairs = make([]pairSlot, size)
	n.dirtyPairs = n.dirtyPairs[:0]
	mask := uint64(size - 1)
	for _, s := range byAge {
		i := pairHash(s.key) & mask
		for n.pairs[i].id != 0 {
			i = (i + 1) & mask
		}
		n.pairs[i] = s
		if n.fixed != 0 && int(s.age) >= n.fixedPairs {
			n.dirtyPairs = append(n.dirtyPairs, uint32(i))
		}
	}
}

// dot returns the canonical Name of parent.child. A zero parent gives ".child".
func (n *Names) dot(parent, child Name) Name {
	key := uint64(parent)<<32 | uint64(child)
	id, i := n.pair(key)
	if id != 0 {
		return id
	}
	if len(n.bytes(parent)) > maxDotted {
		return parent
	}
	if n.vocab.through(parent, child) {
		id = n.vocab.canonical(child)
		n.setPair(key, i, id)
		return id
	}
	var buf [128]byte
	b := append(buf[:0], n.bytes(parent)...)
	b = append(b, '.')
	b = append(b, n.bytes(child)...)
	id = n.vocab.canonical(n.Intern(b))
	n.setPair(key, i, id)
	return id
}

// scoped returns the Name of a definition inside another; its text is put
// together only when it is asked for.
func (n *Names) scoped(parent, child Name) Name {
	if parent == 0 {
		return child
	}
	key := scopeBit | uint64(parent)<<32 | uint64(child)
	id, i := n.pair(key)
	if id != 0 {
		return id
	}
	id = Name(len(n.ents))
	if len(n.ents) >= idMask {
		return parent
	}
	n.ents = append(n.ents, nameEnt{off: uint32(len(n.arena)), size: pairSize})
	n.arena = binary.LittleEndian.AppendUint32(n.arena, uint32(parent))
	n.arena = binary.LittleEndian.AppendUint32(n.arena, uint32(child))
	n.setPair(key, i, id)
	return id
}

// getattribute returns the parent of a dotted name that ends in
// "__getattribute__" or "__getattr__", or zero.
func (n *Names) getattribute(id Name) Name {
	b := n.bytes(id)
	if len(b) < 12 || b[len(b)-1] != '_' {
		return 0
	}
	for _, suffix := range []string{".__getattribute__", ".__getattr__"} {
		if p, ok := bytes.CutSuffix(b, []byte(suffix)); ok {
			return n.Intern(p)
		}
	}
	return 0
}
