package native

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
)

// elfFile reads an ELF file the way the loader does: program headers, the
// dynamic segment, and from there. Section headers are looked at in unlinked
// objects alone.
//
// Sources: System V ABI, chapters 4 and 5; the GNU hash table as glibc's
// dl-lookup reads it.
type elfFile struct {
	view
	wide  bool // 64 bit
	t     *tables
	loads []elfLoad
}

// elfLoad is a part of the file that is mapped.
type elfLoad struct{ addr, off, size uint64 }

const maxSegments = 512

func readELF(data []byte, t *tables, b *Binary) error {
	f := &elfFile{view: view{data, binary.LittleEndian}, wide: data[4] == 2, t: t}
	if data[5] == 2 {
		f.order = binary.BigEndian
	}
	if !f.has(0, f.pick(52, 64)) {
		return fmt.Errorf("cut off in its header: %w", ErrFormat)
	}
	b.Machines = []string{elfMachine(elf.Machine(f.u16(18)))}
	dynOff, dynSize, interpreter := f.segments()
	switch elf.Type(f.u16(16)) {
	case elf.ET_REL:
		b.Kind = Object
		f.objectSymbols()
		return nil
	case elf.ET_EXEC:
		b.Kind = Executable
	case elf.ET_DYN:
		b.Kind = SharedLibrary
		if interpreter {
			b.Kind = Executable // position-independent
		}
	default:
		b.Kind = Other
		return nil
	}
	if bytes.Contains(data[:min(len(data), 1024)], []byte("UPX!")) {
		b.Packer = "upx"
	}
	if dynSize > 0 {
		if pie := f.dynamic(dynOff, dynSize); pie && b.Kind == SharedLibrary {
			b.Kind = Executable // statically linked, position-independent
		}
	}
	return nil
}

// pick returns the one of two sizes or offsets that the class of the file asks for.
func (f *elfFile) pick(narrow, wide uint64) uint64 {
	if f.wide {
		return wide
	}
	return narrow
}

// word reads an address or offset.
func (f *elfFile) word(off uint64) uint64 {
	if f.wide {
		return f.u64(off)
	}
	return f.u32(off)
}

// segments fills loads and returns the dynamic segment.
func (f *elfFile) segments() (dynOff, dynSize uint64, interpreter bool) {
	at, size, n := f.word(f.pick(28, 32)), f.u16(f.pick(42, 54)), f.u16(f.pick(44, 56))
	if size < f.pick(32, 56) {
		return 0, 0, false
	}
	if n > maxSegments {
		n = maxSegments
		f.t.damaged()
	}
	for i := range n {
		p := at + i*size
		if p < at || !f.has(p, size) {
			f.t.damaged()
			break
		}
		off, addr, inFile := f.word(p+f.pick(4, 8)), f.word(p+f.pick(8, 16)), f.word(p+f.pick(16, 32))
		switch elf.ProgType(f.u32(p)) {
		case elf.PT_LOAD:
			f.loads = append(f.loads, elfLoad{addr, off, inFile})
		case elf.PT_DYNAMIC:
			dynOff, dynSize = off, inFile
		case elf.PT_INTERP:
			interpreter = true
		}
	}
	return dynOff, dynSize, interpreter
}

// offset says where in the file an address is mapped from.
func (f *elfFile) offset(addr uint64) (uint64, bool) {
	for _, l := range f.loads {
		if addr >= l.addr && addr-l.addr < l.size {
			off := l.off + (addr - l.addr)
			return off, off >= l.off && off <= uint64(len(f.data))
		}
	}
	return 0, false
}

// dynamic reads the dynamic segment: libraries and symbols. It reports whether
// the segment says that the file is an executable.
func (f *elfFile) dynamic(off, size uint64) (pie bool) {
	tags := map[elf.DynTag]uint64{}
	var needed []uint64
	step := f.pick(8, 16)
	for end := off + size; off < end && f.has(off, step); off += step {
		tag, value := elf.DynTag(f.word(off)), f.word(off+step/2)
		if tag == elf.DT_NULL || !f.t.next() {
			break
		}
		if tag == elf.DT_NEEDED {
			needed = append(needed, value)
			continue
		}
		tags[tag] = value
	}
	pie = elf.DynFlag1(tags[elf.DT_FLAGS_1])&elf.DF_1_PIE != 0
	strings, ok := f.offset(tags[elf.DT_STRTAB])
	if !ok {
		if len(tags) > 0 {
			f.t.damaged()
		}
		return pie
	}
	names := view{f.data, f.order}
	if n := tags[elf.DT_STRSZ]; n > 0 && f.has(strings, n) {
		names.data = f.data[:strings+n]
	}
	for _, n := range needed {
		f.t.add(f.t.libraries, names.text(strings+n, f.t.limits.NameBytes))
	}
	symbols, ok := f.offset(tags[elf.DT_SYMTAB])
	if !ok {
		return pie
	}
	f.symbols(symbols, f.symbolCount(tags, symbols, strings), func(n uint64) []byte {
		if strings+n < strings {
			return nil
		}
		return names.text(strings+n, f.t.limits.NameBytes)
	})
	return pie
}

// symbols reads n entries of a symbol table.
func (f *elfFile) symbols(off, n uint64, name func(uint64) []byte) {
	size := f.pick(16, 24)
	for i := uint64(1); i < n; i++ {
		p := off + i*size
		if p < off || !f.has(p, size) {
			f.t.damaged()
			return
		}
		if !f.t.next() {
			return
		}
		info, section := f.data[p+f.pick(12, 4)], elf.SectionIndex(f.u16(p+f.pick(14, 6)))
		if bind := elf.ST_BIND(info); bind == elf.STB_LOCAL {
			continue
		}
		text := name(f.u32(p))
		if section == elf.SHN_UNDEF {
			f.t.add(f.t.imports, cName(text))
		} else {
			f.t.add(f.t.exports, text)
		}
	}
}

// symbolCount finds out how long the dynamic symbol table is. Nothing says so
// directly: the hash tables do by the way, and so does each relocation that
// refers to a symbol. The largest wins, for any of them may be made up.
func (f *elfFile) symbolCount(tags map[elf.DynTag]uint64, symbols, strings uint64) uint64 {
	size := f.pick(16, 24)
	var n uint64
	if at, ok := f.offset(tags[elf.DT_HASH]); ok && tags[elf.DT_HASH] != 0 {
		n = f.u32(at + 4)
	}
	if at, ok := f.offset(tags[elf.DT_GNU_HASH]); ok && tags[elf.DT_GNU_HASH] != 0 {
		n = max(n, f.gnuHashCount(at))
	}
	n = max(n, f.relocated(tags[elf.DT_JMPREL], tags[elf.DT_PLTRELSZ], tags[elf.DT_PLTREL] == uint64(elf.DT_RELA)),
		f.relocated(tags[elf.DT_RELA], tags[elf.DT_RELASZ], true),
		f.relocated(tags[elf.DT_REL], tags[elf.DT_RELSZ], false))
	if n == 0 && strings > symbols { // by custom the strings follow
		n = (strings - symbols) / size
	}
	return min(n, (uint64(len(f.data))-symbols)/size)
}

// gnuHashCount walks the longest chain of a GNU hash table.
func (f *elfFile) gnuHashCount(at uint64) uint64 {
	buckets, first, bloom := f.u32(at), f.u32(at+4), f.u32(at+8)
	start := at + 16 + bloom*f.pick(4, 8)
	if !f.has(start, buckets*4) {
		return first
	}
	var last uint64
	for i := range buckets {
		if !f.t.next() {
			return first
		}
		last = max(last, f.u32(start+4*i))
	}
	if last < first {
		return first
	}
	for chain := start + 4*buckets; f.has(chain+4*(last-first), 4) && f.t.next(); last++ {
		if f.u32(chain+4*(last-first))&1 == 1 {
			break
		}
	}
	return last + 1
}

// relocated returns one more than the highest symbol that a relocation table
// refers to.
func (f *elfFile) relocated(addr, bytes uint64, addend bool) uint64 {
	at, ok := f.offset(addr)
	if !ok || addr == 0 || !f.has(at, bytes) {
		return 0
	}
	step, shift := f.pick(8, 16), f.pick(8, 32)
	if addend {
		step += f.pick(4, 8)
	}
	var n uint64
	for p := at; p+step <= at+bytes && f.t.next(); p += step {
		n = max(n, f.word(p+f.pick(4, 8))>>shift+1)
	}
	return n
}

// objectSymbols reads the symbol tables of an unlinked object.
func (f *elfFile) objectSymbols() {
	at, size, n := f.word(f.pick(32, 40)), f.u16(f.pick(46, 58)), f.u16(f.pick(48, 60))
	if size < f.pick(40, 64) {
		return
	}
	for i := range n {
		p := at + i*size
		if p < at || !f.has(p, size) {
			f.t.damaged()
			return
		}
		if elf.SectionType(f.u32(p+4)) != elf.SHT_SYMTAB || !f.t.next() {
			continue
		}
		off, bytes, link := f.word(p+f.pick(16, 24)), f.word(p+f.pick(20, 32)), f.u32(p+f.pick(24, 40))
		strings := f.word(at + link*size + f.pick(16, 24))
		f.symbols(off, bytes/f.pick(16, 24), func(n uint64) []byte {
			return f.text(strings+n, f.t.limits.NameBytes)
		})
	}
}

func elfMachine(m elf.Machine) string {
	switch m {
	case elf.EM_X86_64:
		return "x86-64"
	case elf.EM_386:
		return "x86"
	case elf.EM_AARCH64:
		return "arm64"
	case elf.EM_ARM:
		return "arm"
	case elf.EM_PPC64:
		return "ppc64"
	case elf.EM_S390:
		return "s390"
	case elf.EM_RISCV:
		return "riscv"
	}
	return "other"
}
