// Package nativetest makes tiny binaries for tests: inert files with just the
// tables that a loader reads to find imports and exports, and no code.
package nativetest

import (
	"bytes"
	"encoding/binary"
)

// le appends little-endian numbers of the given sizes.
func le(b *bytes.Buffer, numbers ...any) {
	for _, n := range numbers {
		_ = binary.Write(b, binary.LittleEndian, n) // a Buffer takes everything
	}
}

// pad appends zeros up to offset.
func pad(b *bytes.Buffer, offset int) {
	if n := offset - b.Len(); n > 0 {
		b.Write(make([]byte, n))
	}
}

// names lays strings out one after another, each ended by a NUL, after an
// empty one, and returns where each begins.
func names(lists ...[]string) (table []byte, at map[string]uint32) {
	table, at = []byte{0}, map[string]uint32{}
	for _, list := range lists {
		for _, s := range list {
			at[s] = uint32(len(table))
			table = append(append(table, s...), 0)
		}
	}
	return table, at
}

// ELF returns a 64-bit shared library for x86-64 without section headers.
func ELF(libraries, imports, exports []string) []byte {
	const dynamicAt = 64 + 2*56
	table, at := names(libraries, imports, exports)
	dynamic := len(libraries) + 5
	symbolsAt := dynamicAt + 16*dynamic
	symbols := 1 + len(imports) + len(exports)
	hashAt := symbolsAt + 24*symbols
	stringsAt := hashAt + 4*(2+1+symbols)
	size := stringsAt + len(table)

	var b bytes.Buffer
	b.Write([]byte{0x7F, 'E', 'L', 'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	le(&b, uint16(3), uint16(62), uint32(1), uint64(0), uint64(64), uint64(0), uint32(0),
		uint16(64), uint16(56), uint16(2), uint16(0), uint16(0), uint16(0))
	le(&b, uint32(1), uint32(4), uint64(0), uint64(0), uint64(0), uint64(size), uint64(size), uint64(4096)) // load
	le(&b, uint32(2), uint32(4), uint64(dynamicAt), uint64(dynamicAt), uint64(dynamicAt), uint64(16*dynamic), uint64(16*dynamic), uint64(8))
	for _, l := range libraries {
		le(&b, uint64(1), uint64(at[l]))
	}
	le(&b, uint64(4), uint64(hashAt), uint64(5), uint64(stringsAt), uint64(6), uint64(symbolsAt), uint64(10), uint64(len(table)), uint64(0), uint64(0))
	le(&b, make([]byte, 24))
	for _, s := range imports {
		le(&b, at[s], uint8(0x12), uint8(0), uint16(0), uint64(0), uint64(0))
	}
	for _, s := range exports {
		le(&b, at[s], uint8(0x12), uint8(0), uint16(7), uint64(0x1000), uint64(0))
	}
	le(&b, uint32(1), uint32(symbols), uint32(0), make([]uint32, symbols))
	b.Write(table)
	return b.Bytes()
}

// Imported is what a PE file takes from one library. A name "#7" is an import
// by number.
type Imported struct {
	Library string
	Names   []string
}

// PE returns a 64-bit DLL for Windows on x86-64.
func PE(imports []Imported, exports []string) []byte {
	const (
		headers = 0x200
		section = 0x1000 // address of the one section, which begins at headers in the file
	)
	var s bytes.Buffer // the section
	here := func() uint32 { return uint32(section + s.Len()) }
	var exportAt, importAt uint32
	if len(exports) > 0 {
		var at []uint32
		for _, e := range exports {
			at = append(at, here())
			s.WriteString(e + "\x00")
		}
		pad(&s, (s.Len()+3)&^3)
		table := here()
		le(&s, at)
		exportAt = here()
		le(&s, uint32(0), uint32(0), uint32(0), uint32(0), uint32(1), uint32(0), uint32(len(exports)), uint32(0), table, uint32(0))
	}
	if len(imports) > 0 {
		type descriptor struct{ thunks, library uint32 }
		var descriptors []descriptor
		for _, i := range imports {
			var thunks []uint64
			for _, n := range i.Names {
				if n[0] == '#' {
					var number uint64
					for _, c := range n[1:] {
						number = number*10 + uint64(c-'0')
					}
					thunks = append(thunks, 1<<63|number)
					continue
				}
				pad(&s, (s.Len()+1)&^1)
				thunks = append(thunks, uint64(here()))
				s.WriteString("\x00\x00" + n + "\x00")
			}
			d := descriptor{library: here()}
			s.WriteString(i.Library + "\x00")
			pad(&s, (s.Len()+7)&^7)
			d.thunks = here()
			le(&s, append(thunks, 0))
			descriptors = append(descriptors, d)
		}
		importAt = here()
		for _, d := range descriptors {
			le(&s, d.thunks, uint32(0), uint32(0), d.library, d.thunks)
		}
		le(&s, make([]byte, 20))
	}
	pad(&s, (s.Len()+511)&^511)

	var b bytes.Buffer
	b.WriteString("MZ")
	pad(&b, 0x3C)
	le(&b, uint32(0x40))
	b.WriteString("PE\x00\x00")
	le(&b, uint16(0x8664), uint16(1), uint32(0), uint32(0), uint32(0), uint16(240), uint16(0x2022))
	le(&b, uint16(0x20B), make([]byte, 22), uint64(0x180000000), uint32(0x1000), uint32(0x200), make([]byte, 16),
		uint32(section+s.Len()), uint32(headers), make([]byte, 44), uint32(16))
	le(&b, exportAt, uint32(0), importAt, uint32(0), make([]byte, 14*8))
	b.WriteString(".rdata\x00\x00")
	le(&b, uint32(s.Len()), uint32(section), uint32(s.Len()), uint32(headers), make([]byte, 12), uint32(0x40000040))
	pad(&b, headers)
	b.Write(s.Bytes())
	return b.Bytes()
}

// MachO returns a 64-bit bundle for macOS on arm64. Names get their underscore.
func MachO(libraries, imports, exports []string) []byte {
	underscored := func(list []string) []string {
		var out []string
		for _, s := range list {
			out = append(out, "_"+s)
		}
		return out
	}
	imports, exports = underscored(imports), underscored(exports)
	table, at := names(imports, exports)
	var commands bytes.Buffer
	for _, l := range libraries {
		size := (24 + len(l) + 1 + 7) &^ 7
		start := commands.Len()
		le(&commands, uint32(0xC), uint32(size), uint32(24), uint32(0), uint32(0), uint32(0))
		commands.WriteString(l)
		pad(&commands, start+size)
	}
	symbolsAt := 32 + commands.Len() + 24
	symbols := len(imports) + len(exports)
	le(&commands, uint32(2), uint32(24), uint32(symbolsAt), uint32(symbols), uint32(symbolsAt+16*symbols), uint32(len(table)))

	var b bytes.Buffer
	le(&b, uint32(0xFEEDFACF), uint32(0x0100000C), uint32(0), uint32(8), uint32(len(libraries)+1), uint32(commands.Len()), uint32(0), uint32(0))
	b.Write(commands.Bytes())
	for _, s := range imports {
		le(&b, at[s], uint8(1), uint8(0), uint16(0x100), uint64(0))
	}
	for _, s := range exports {
		le(&b, at[s], uint8(0xF), uint8(1), uint16(0), uint64(0x1000))
	}
	b.Write(table)
	return b.Bytes()
}

// Fat returns a fat file of Mach-O parts.
func Fat(parts ...[]byte) []byte {
	var b bytes.Buffer
	be := func(numbers ...uint32) {
		for _, n := range numbers {
			_ = binary.Write(&b, binary.BigEndian, n)
		}
	}
	be(0xCAFEBABE, uint32(len(parts)))
	at := (8 + 20*len(parts) + 15) &^ 15
	for _, p := range parts {
		be(0x0100000C, 0, uint32(at), uint32(len(p)), 4)
		at += (len(p) + 15) &^ 15
	}
	for _, p := range parts {
		pad(&b, (b.Len()+15)&^15)
		b.Write(p)
	}
	return b.Bytes()
}
