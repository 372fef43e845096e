package native

import (
	"debug/macho"
	"encoding/binary"
	"fmt"
)

// machFile reads a thin Mach-O file: the symbol table, and what dyld binds
// from when there is none: bind opcodes or chained fixups.
//
// Source: <mach-o/loader.h>, <mach-o/fixup-chains.h>.
type machFile struct {
	view
	t    *tables
	wide bool
}

const (
	maxFatArchitectures = 32
	maxLoadCommands     = 4096
)

const (
	lcSymtab          = 0x2
	lcLoadDylib       = 0xC
	lcLazyLoadDylib   = 0x20
	lcLoadWeakDylib   = 0x80000018
	lcReexportDylib   = 0x8000001F
	lcLoadUpwardDylib = 0x80000023
	lcDyldInfo        = 0x22
	lcDyldInfoOnly    = 0x80000022
	lcChainedFixups   = 0x80000034
)

func readMachO(data []byte, t *tables, b *Binary) error {
	magic := binary.BigEndian.Uint32(data)
	if magic != macho.MagicFat && magic != macho.MagicFat+1 {
		return readThinMachO(data, t, b)
	}
	// A fat file stands for all its parts.
	v := view{data, binary.BigEndian}
	step := uint64(20)
	if magic != macho.MagicFat {
		step = 32
	}
	read := false
	for i := range v.u32(4) {
		p := 8 + i*step
		off, size := v.u32(p+8), v.u32(p+12)
		if step == 32 {
			off, size = v.u64(p+8), v.u64(p+16)
		}
		if !v.has(off, size) || size < 16 {
			t.damaged()
			continue
		}
		part := data[off : off+size]
		if m := binary.BigEndian.Uint32(part); m == macho.MagicFat || m == macho.MagicFat+1 {
			t.damaged() // no fat file within a fat file
			continue
		}
		if readThinMachO(part, t, b) == nil {
			read = true
		} else {
			t.damaged()
		}
	}
	if !read {
		return fmt.Errorf("no readable part: %w", ErrFormat)
	}
	return nil
}

func readThinMachO(data []byte, t *tables, b *Binary) error {
	f := &machFile{view: view{data, binary.LittleEndian}, t: t}
	switch binary.BigEndian.Uint32(data) {
	case 0xFEEDFACE:
		f.order = binary.BigEndian
	case 0xFEEDFACF:
		f.order, f.wide = binary.BigEndian, true
	case 0xCEFAEDFE:
	case 0xCFFAEDFE:
		f.wide = true
	default:
		return fmt.Errorf("unknown magic: %w", ErrFormat)
	}
	header := uint64(28)
	if f.wide {
		header = 32
	}
	if !f.has(0, header) {
		return fmt.Errorf("cut off in its header: %w", ErrFormat)
	}
	b.Machines = append(b.Machines, machMachine(macho.Cpu(f.u32(4))))
	switch macho.Type(f.u32(12)) {
	case macho.TypeExec:
		b.Kind = Executable
	case macho.TypeDylib, macho.TypeBundle:
		b.Kind = SharedLibrary
	case macho.TypeObj:
		b.Kind = Object
	default:
		b.Kind = Other
	}
	n := f.u32(16)
	if n > maxLoadCommands {
		n = maxLoadCommands
		t.damaged()
	}
	at := header
	for range n {
		command, size := f.u32(at), f.u32(at+4)
		if size < 8 || !f.has(at, size) {
			t.damaged()
			return nil
		}
		f.command(command, at, size)
		at += size
	}
	return nil
}

func (f *machFile) command(command, at, size uint64) {
	switch command {
	case lcSymtab:
		f.symbols(f.u32(at+8), f.u32(at+12), f.u32(at+16), f.u32(at+20))
	case lcLoadDylib, lcLazyLoadDylib, lcLoadWeakDylib, lcReexportDylib, lcLoadUpwardDylib:
		if name := f.u32(at + 8); name < size {
			f.t.add(f.t.libraries, view{f.data[:at+size], f.order}.text(at+name, f.t.limits.NameBytes))
		}
	case lcDyldInfo, lcDyldInfoOnly:
		f.binds(f.u32(at+16), f.u32(at+20)) // bind
		f.binds(f.u32(at+24), f.u32(at+28)) // weak bind
		f.binds(f.u32(at+32), f.u32(at+36)) // lazy bind
	case lcChainedFixups:
		f.fixups(f.u32(at + 8))
	}
}

// symbols reads the symbol table.
func (f *machFile) symbols(off, n, strings, stringBytes uint64) {
	const (
		stab, kind, external   = 0xE0, 0x0E, 0x01
		undefined, prebound    = 0x0, 0xC
		narrowEntry, wideEntry = 12, 16
	)
	size := uint64(narrowEntry)
	if f.wide {
		size = wideEntry
	}
	names := f.view
	if f.has(strings, stringBytes) {
		names.data = f.data[:strings+stringBytes]
	}
	for i := range n {
		p := off + i*size
		if !f.has(p, size) {
			f.t.damaged()
			return
		}
		if !f.t.next() {
			return
		}
		t := f.data[p+4]
		if t&stab != 0 || t&external == 0 {
			continue
		}
		name := names.text(strings+f.u32(p), f.t.limits.NameBytes)
		if k := t & kind; k == undefined || k == prebound {
			f.t.add(f.t.imports, machName(name))
			continue
		}
		if len(name) > 0 && name[0] == '_' {
			name = name[1:]
		}
		f.t.add(f.t.exports, name)
	}
}

// binds reads the names out of a stream of bind opcodes.
func (f *machFile) binds(off, size uint64) {
	if size == 0 {
		return
	}
	if !f.has(off, size) {
		f.t.damaged()
		return
	}
	v := view{f.data[:off+size], f.order}
	number := func() { // skips one LEB128
		for off < uint64(len(v.data)) && v.data[off] >= 0x80 {
			off++
		}
		off++
	}
	for off < uint64(len(v.data)) && f.t.next() {
		op := v.data[off] & 0xF0
		off++
		switch op {
		case 0x40: // set symbol
			name := v.text(off, f.t.limits.NameBytes)
			f.t.add(f.t.imports, machName(name))
			off += uint64(len(name)) + 1
		case 0x20, 0x60, 0x70, 0x80, 0xA0: // ordinal, addend, segment and offset, add address, bind and add
			number()
		case 0xC0: // bind repeatedly
			number()
			number()
		}
	}
}

// fixups reads the imports of chained fixups.
func (f *machFile) fixups(off uint64) {
	table, names := off+f.u32(off+8), off+f.u32(off+12)
	n, format := f.u32(off+16), f.u32(off+20)
	if f.u32(off+24) != 0 { // compressed names, which no linker writes
		f.t.damaged()
		return
	}
	step := map[uint64]uint64{1: 4, 2: 8, 3: 16}[format]
	if step == 0 {
		if n > 0 {
			f.t.damaged()
		}
		return
	}
	for i := range n {
		p := table + i*step
		if !f.has(p, step) {
			f.t.damaged()
			return
		}
		if !f.t.next() {
			return
		}
		at := f.u32(p) >> 9 // after 8 bits of library and a weak bit
		if format == 3 {
			at = f.u64(p) >> 32
		}
		f.t.add(f.t.imports, machName(f.text(names+at, f.t.limits.NameBytes)))
	}
}

func machMachine(c macho.Cpu) string {
	switch c {
	case macho.CpuAmd64:
		return "x86-64"
	case macho.Cpu386:
		return "x86"
	case macho.CpuArm64:
		return "arm64"
	case macho.CpuArm:
		return "arm"
	case macho.CpuPpc, macho.CpuPpc64:
		return "ppc"
	}
	return "other"
}
