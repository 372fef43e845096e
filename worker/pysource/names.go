package pysource

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
	"slices"
)

// Names is an interning table: equal strings have equal Names, and a dotted
// name is found from its parent and its last part without touching bytes.
// It may serve many files after one another, so that a matcher's name ids stay
// good; it is not safe for concurrent use. Make one with NewNames.
type Names struct {
	// What is looked up stands in tables as large as what was used since Reset
	// asks for, because a table that fits the processor's cache is worth more
	// than anything else here. The seeds wait in one of their own until they are
	// used for the first time.
	slots  []nameSlot
	used   int
	shift  uint
	seeds  []nameSlot
	pairs  []pairSlot
	nPair  int
	pshift uint

	ents  []nameEnt // by Name; ents[0] is the empty string
	arena []byte

	fixed      int // ents that survive Reset
	fixedArena int

	// Hashes depend on drawn numbers, so that nobody can prepare a file whose
	// names all want the same place.
	mul, salt uint64

	slotSizes sizes[nameSlot]
	pairSizes sizes[pairSlot]

	vocab vocabulary
}

// nameSlot finds a name by the words that nameWords gives.
type nameSlot struct {
	word, tail uint64
	id         Name
	size       uint16
	kind       kind // tName, or of a keyword its kind
}

// pairSlot maps parent<<32|child to a Name. The top bit of the key marks
// scope names, which are kept as pairs and spelled out only by String.
type pairSlot struct {
	key uint64
	id  Name
}

// nameEnt places a name's bytes in the arena. One that is kept as a pair has
// pairSize for its size, and parent and child in the arena.
type nameEnt struct{ off, size uint32 }

const (
	pairSize  = ^uint32(0)
	maxNames  = 1 << 24
	scopeBit  = uint64(1) << 63
	minSlots  = 11      // log2 of the smallest table
	keptSlots = 16      // log2 of the largest that is kept while it is not in use
	maxKept   = 1 << 17 // names that Reset keeps room for
	maxDotted = 300     // bytes; attributes of a longer dotted name are left off
	maxString = 1 << 12 // longer names are cut, so that no chain of dots can grow the arena quadratically
)

// sizes keeps one table of each power of two, all zero while it is not in use.
type sizes[T any] [32][]T

func (s *sizes[T]) table(log int) []T {
	if s[log] == nil {
		s[log] = make([]T, 1<<log)
	}
	return s[log]
}

// leave takes back a table that is not in use any more; a large one is given up.
func (s *sizes[T]) leave(t []T) {
	log := bits.TrailingZeros(uint(len(t)))
	if log > keptSlots {
		s[log] = nil
		return
	}
	clear(t)
}

// NewNames returns a table in which the seeds have the Names 1 to len(seed),
// in their order; they survive Reset. Seeds must differ from one another.
func NewNames(seed ...string) *Names {
	n := &Names{
		ents:  make([]nameEnt, 1, 8192),
		arena: make([]byte, 0, 1<<17),
		mul:   rand.Uint64() | 1,
		salt:  rand.Uint64(),
	}
	n.setSlots(minSlots)
	n.setPairs(minSlots)
	for _, s := range seed {
		n.add(s)
	}
	n.vocab.load(n)
	n.fixed, n.fixedArena = len(n.ents), len(n.arena)
	n.seeds = slices.Clone(n.slots)
	n.Reset()
	return n
}

// Reset forgets every name but the seeds. Names handed out before, other than
// those of the seeds, must not be used any more.
func (n *Names) Reset() {
	n.ents, n.arena = n.ents[:n.fixed], n.arena[:n.fixedArena]
	if cap(n.ents) > maxKept {
		n.ents, n.arena = slices.Clone(n.ents), slices.Clone(n.arena)
	}
	n.slotSizes.leave(n.slots)
	n.pairSizes.leave(n.pairs)
	n.used, n.nPair = 0, 0
	n.setSlots(minSlots)
	n.setPairs(minSlots)
}

func (n *Names) setSlots(log int) { n.slots, n.shift = n.slotSizes.table(log), uint(64-log) }

func (n *Names) setPairs(log int) { n.pairs, n.pshift = n.pairSizes.table(log), uint(64-log) }

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
	return n.slot(b).id
}

// slot is Intern for what is not empty; the slot is good until the next call.
func (n *Names) slot(b []byte) *nameSlot {
	if len(b) > maxString {
		b = b[:maxString]
	}
	word, tail := n.nameWords(b)
	return n.find(b, word, tail)
}

func (n *Names) add(s string) Name { return n.Intern([]byte(s)) }

// shortWord packs up to 8 bytes.
func shortWord(b []byte) (word uint64) {
	for i := len(b) - 1; i >= 0; i-- {
		word = word<<8 | uint64(b[i])
	}
	return word
}

// mix folds the product of two words.
func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

// nameWords returns the words under which b is kept: up to 16 bytes they are
// the name itself and may overlap, of a longer one the second is a hash.
func (n *Names) nameWords(b []byte) (word, tail uint64) {
	if len(b) <= 8 {
		return shortWord(b), 0
	}
	word, tail = binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[len(b)-8:])
	if len(b) > 16 {
		tail ^= n.salt
		for i := 8; i+8 < len(b); i += 8 {
			tail = mix(tail^binary.LittleEndian.Uint64(b[i:]), n.mul)
		}
	}
	return word, tail
}

// hash spreads the words of a name; its top bits choose a slot. Most names are
// short, and what stands in the lexer for them is the first line of this.
func (n *Names) hash(word, tail uint64, size int) uint64 {
	if size <= 8 {
		return word * n.mul
	}
	return mix(word^n.salt, tail^n.mul)
}

// find finds or adds the name b, of which word and tail are the words. The
// slot is good until the next call.
func (n *Names) find(b []byte, word, tail uint64) *nameSlot {
	h := n.hash(word, tail, len(b))
	slots := n.slots
	for i := h >> (n.shift & 63); ; i++ {
		slot := &slots[i&uint64(len(slots)-1)]
		if slot.word == word && slot.tail == tail && int(slot.size) == len(b) && n.is(slot.id, b) {
			return slot
		}
		if slot.id == 0 {
			break
		}
	}
	for i := h >> uint(64-bits.TrailingZeros(uint(len(n.seeds)))); len(n.seeds) > 0; i++ {
		seed := &n.seeds[i&uint64(len(n.seeds)-1)]
		if seed.word == word && seed.tail == tail && int(seed.size) == len(b) && n.is(seed.id, b) {
			return n.put(*seed)
		}
		if seed.id == 0 {
			break
		}
	}
	return n.insert(b, word, tail)
}

// is reports whether a name is b, which has its words and its size.
func (n *Names) is(id Name, b []byte) bool {
	if len(b) <= 16 {
		return true
	}
	e := n.ents[id]
	return string(n.arena[e.off:e.off+e.size]) == string(b)
}

// noName stands for the names beyond the last that there may be.
var noName = nameSlot{kind: tName}

func (n *Names) insert(b []byte, word, tail uint64) *nameSlot {
	if len(n.ents) >= maxNames {
		slot := noName
		return &slot
	}
	id := Name(len(n.ents))
	n.ents = append(n.ents, nameEnt{uint32(len(n.arena)), uint32(len(b))})
	n.arena = append(n.arena, b...)
	return n.put(nameSlot{word, tail, id, uint16(len(b)), tName})
}

// put adds a slot that is not there yet.
func (n *Names) put(s nameSlot) *nameSlot {
	if 2*n.used >= len(n.slots) {
		old := n.slots
		n.setSlots(bits.TrailingZeros(uint(len(old))) + 1)
		for i := range old {
			if old[i].id != 0 {
				*n.free(&old[i]) = old[i]
			}
		}
		n.slotSizes.leave(old)
	}
	n.used++
	slot := n.free(&s)
	*slot = s
	return slot
}

// free returns the place for a name that is not there yet.
func (n *Names) free(s *nameSlot) *nameSlot {
	for i := n.hash(s.word, s.tail, int(s.size)) >> (n.shift & 63); ; i++ {
		if slot := &n.slots[i&uint64(len(n.slots)-1)]; slot.id == 0 {
			return slot
		}
	}
}

// pair finds the slot of a key: its Name, or zero and where to put it.
func (n *Names) pair(key uint64) (Name, uint64) {
	mask := uint64(len(n.pairs) - 1)
	i := key * n.mul >> (n.pshift & 63)
	for {
		s := &n.pairs[i&mask]
		if s.key == key || s.id == 0 {
			return s.id, i & mask
		}
		i++
	}
}

func (n *Names) setPair(key uint64, i uint64, id Name) {
	n.pairs[i] = pairSlot{key, id}
	n.nPair++
	if 2*n.nPair > len(n.pairs) {
		old := n.pairs
		n.setPairs(bits.TrailingZeros(uint(len(old))) + 1)
		for _, s := range old {
			if s.id != 0 {
				_, i := n.pair(s.key)
				n.pairs[i] = s
			}
		}
		n.pairSizes.leave(old)
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
	if len(n.ents) >= maxNames {
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
