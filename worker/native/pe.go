package native

import (
	"bytes"
	"debug/pe"
	"encoding/binary"
	"fmt"
	"strings"
)

// peFile reads a PE image: the export, import and delay-import directories.
//
// Source: Microsoft, PE Format.
type peFile struct {
	view
	t        *tables
	wide     bool // PE32+
	base     uint64
	headers  uint64 // bytes mapped at address 0
	sections []peSection
}

type peSection struct{ addr, size, off, inFile uint64 }

const (
	maxSections    = 256
	maxDescriptors = 4096
)

func readPE(data []byte, t *tables, b *Binary) error {
	f := &peFile{view: view{data, binary.LittleEndian}, t: t}
	coff := f.u32(0x3C) + 4
	if !f.has(coff-4, 24) || string(data[coff-4:coff]) != "PE\x00\x00" {
		return fmt.Errorf("no PE header where the DOS header points to: %w", ErrFormat)
	}
	b.Machines = []string{peMachine(f.u16(coff))}
	n, size, traits := f.u16(coff+2), f.u16(coff+16), f.u16(coff+18)
	switch {
	case traits&pe.IMAGE_FILE_DLL != 0:
		b.Kind = SharedLibrary
	case traits&pe.IMAGE_FILE_EXECUTABLE_IMAGE != 0:
		b.Kind = Executable
	default:
		b.Kind = Object
	}
	optional := coff + 20
	var directories uint64
	switch f.u16(optional) {
	case 0x10B:
		f.base, directories = f.u32(optional+28), optional+92
	case 0x20B:
		f.wide, f.base, directories = true, f.u64(optional+24), optional+108
	default:
		return fmt.Errorf("no optional header: %w", ErrFormat)
	}
	f.headers = f.u32(optional + 60)
	f.readSections(optional+size, n, b)
	count := f.u32(directories)
	directory := func(i uint64) uint64 {
		if i >= count {
			return 0
		}
		return f.u32(directories + 4 + 8*i)
	}
	f.exports(directory(pe.IMAGE_DIRECTORY_ENTRY_EXPORT))
	f.imports(directory(pe.IMAGE_DIRECTORY_ENTRY_IMPORT))
	f.delayed(directory(pe.IMAGE_DIRECTORY_ENTRY_DELAY_IMPORT))
	return nil
}

func (f *peFile) readSections(at, n uint64, b *Binary) {
	if n > maxSections {
		n = maxSections
		f.t.damaged()
	}
	for i := range n {
		p := at + 40*i
		if !f.has(p, 40) {
			f.t.damaged()
			return
		}
		if bytes.HasPrefix(f.data[p:], []byte("UPX")) {
			b.Packer = "upx"
		}
		s := peSection{addr: f.u32(p + 12), size: f.u32(p + 8), off: f.u32(p+20) &^ 511, inFile: f.u32(p + 16)}
		s.size = max(s.size, s.inFile)
		f.sections = append(f.sections, s)
	}
}

// offset says where in the file a relative address is mapped from.
func (f *peFile) offset(addr uint64) (uint64, bool) {
	for _, s := range f.sections {
		if addr >= s.addr && addr-s.addr < s.size {
			return s.off + (addr - s.addr), addr-s.addr < s.inFile
		}
	}
	return addr, addr != 0 && addr < f.headers
}

// name reads the string at a relative address.
func (f *peFile) name(addr uint64) []byte {
	off, ok := f.offset(addr)
	if !ok {
		f.t.damaged()
		return nil
	}
	return f.text(off, f.t.limits.NameBytes)
}

// library reads and notes the name of a DLL, lower case as rules want it.
func (f *peFile) library(addr uint64) string {
	name := bytes.ToLower(f.name(addr))
	f.t.add(f.t.libraries, name)
	return string(name)
}

func (f *peFile) exports(addr uint64) {
	at, ok := f.offset(addr)
	if addr == 0 || !ok {
		return
	}
	names, ok := f.offset(f.u32(at + 32))
	if !ok {
		return
	}
	for i := range f.u32(at + 24) {
		p := names + 4*i
		if !f.has(p, 4) {
			f.t.damaged()
			return
		}
		if !f.t.next() {
			return
		}
		f.t.add(f.t.exports, f.name(f.u32(p)))
	}
}

func (f *peFile) imports(addr uint64) {
	at, ok := f.offset(addr)
	if addr == 0 || !ok {
		return
	}
	for i := range uint64(maxDescriptors) {
		p := at + 20*i
		name, thunks := f.u32(p+12), f.u32(p)
		if thunks == 0 {
			thunks = f.u32(p + 16) // bound before linking: the address table itself
		}
		if name == 0 || !f.t.next() {
			return
		}
		f.thunks(f.library(name), thunks)
	}
	f.t.cut = "symbols"
}

func (f *peFile) delayed(addr uint64) {
	at, ok := f.offset(addr)
	if addr == 0 || !ok {
		return
	}
	for i := range uint64(maxDescriptors) {
		p := at + 32*i
		name, thunks := f.u32(p+4), f.u32(p+16)
		if name == 0 || !f.t.next() {
			return
		}
		if f.u32(p)&1 == 0 { // of the first linkers: absolute addresses
			name, thunks = name-f.base, thunks-f.base
		}
		f.thunks(f.library(name), thunks)
	}
	f.t.cut = "symbols"
}

// thunks reads the list of functions taken from one library.
func (f *peFile) thunks(library string, addr uint64) {
	at, ok := f.offset(addr)
	if !ok {
		f.t.damaged()
		return
	}
	step, flag := uint64(4), uint64(1)<<31
	if f.wide {
		step, flag = 8, 1<<63
	}
	for ; f.has(at, step); at += step {
		entry := f.u32(at)
		if f.wide {
			entry = f.u64(at)
		}
		if entry == 0 || !f.t.next() {
			return
		}
		if entry&flag != 0 {
			f.t.add(f.t.imports, winOrdinal(strings.TrimSpace(library), entry&0xFFFF))
			continue
		}
		f.t.add(f.t.imports, winName(library, f.name(entry+2))) // 2: a hint
	}
	f.t.damaged()
}

func peMachine(m uint64) string {
	switch m {
	case pe.IMAGE_FILE_MACHINE_AMD64:
		return "x86-64"
	case pe.IMAGE_FILE_MACHINE_I386:
		return "x86"
	case pe.IMAGE_FILE_MACHINE_ARM64:
		return "arm64"
	case pe.IMAGE_FILE_MACHINE_ARM, pe.IMAGE_FILE_MACHINE_ARMNT:
		return "arm"
	}
	return "other"
}
