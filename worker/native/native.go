// Package native reads which symbols a compiled binary takes from outside and
// which it offers: ELF, PE and Mach-O (fat files too), from bytes, without
// trusting any of them.
//
// It reads what the platform's loader would read (the dynamic segment, the
// import directory, the bind tables), not what debuggers read, because section
// tables and symbol tables may be stripped or made up. It knows no rules.
//
// # How symbols are spelled
//
// One name a function, whatever the platform: the name that its manual page
// has. Decorations are taken off, so that one rule matches all of them:
//
//   - Mach-O's leading underscore and its "$INODE64", "$UNIX2003", "$NOCANCEL"
//     endings: "_open$NOCANCEL" is "open";
//   - ELF's symbol versions, glibc's checked and large-file variants:
//     "__read_chk" is "read", "fopen64" is "fopen", "__isoc99_sscanf" is "sscanf";
//   - Windows' A and W endings: "CreateProcessW" is "CreateProcess"; imports of
//     ws2_32 by number have their names, others are "oleaut32#2".
//
// C++ and Rust names stay mangled. Rules write these names as they are:
// "ptrace", "CreateRemoteThread"; a stored symbol has the prefix "c:".
//
// Nothing here keeps state; everything is safe for concurrent use.
package native

import (
	"errors"
	"fmt"
	"slices"
)

// ErrFormat says that the bytes are no binary that this package reads, or that
// its header is cut off.
var ErrFormat = errors.New("not a readable ELF, PE or Mach-O binary")

// Format is a container format.
type Format string

// The formats.
const (
	ELF   Format = "elf"
	PE    Format = "pe"
	MachO Format = "macho"
)

// Kind says what a binary is for.
type Kind string

// The kinds.
const (
	Extension     Kind = "extension" // a Python extension: it exports PyInit_NAME or Python 2's initNAME
	SharedLibrary Kind = "shared-library"
	Executable    Kind = "executable"
	Object        Kind = "object" // not linked yet
	Other         Kind = "other"  // firmware, core dumps, debug symbols
)

// Binary is what was read off one file.
type Binary struct {
	Format Format
	Kind   Kind
	// Machines are the architectures, "x86-64", "arm64" …; several in a fat file.
	Machines []string
	// Imports are the symbols taken from outside, sorted, each once, spelled as
	// the package comment says.
	Imports []string
	// Exports are the symbols offered, as they stand in the file but for
	// Mach-O's underscore; sorted, each once.
	Exports []string
	// Libraries are the libraries asked for: "libcrypto.so.3", "kernel32.dll"
	// (lower case), "/usr/lib/libSystem.B.dylib"; sorted, each once.
	Libraries []string
	// Modules are the names under which an extension can be imported.
	Modules []string
	// Packer names the packer whose marks the file bears ("upx"), or is empty.
	Packer string
	// Cut says why something was left unread: "symbols" when a limit was
	// reached, "damaged" when a table points outside the file; else empty.
	Cut string
}

// Limits bounds what Read takes from one binary. A zero field takes the
// default beside it.
type Limits struct {
	Symbols   int // imports and exports, each, that are kept; default 65,536
	NameBytes int // longest name that is kept; a longer one counts as cut; default 2,048
	AllBytes  int // sum over all names kept; default 16 MiB
	Entries   int // table entries that are looked at; default 1,048,576
}

func (l Limits) withDefaults() Limits {
	set := func(n *int, byDefault int) {
		if *n <= 0 {
			*n = byDefault
		}
	}
	set(&l.Symbols, 1<<16)
	set(&l.NameBytes, 2048)
	set(&l.AllBytes, 16<<20)
	set(&l.Entries, 1<<20)
	return l
}

// Read reads one binary. It neither changes nor keeps data. It returns
// ErrFormat for anything but a binary; whatever is wrong behind the header
// shortens the result and sets Cut. It takes time linear in Limits.Entries,
// not in what the tables claim.
func Read(data []byte, limits Limits) (b Binary, err error) {
	format, ok := Sniff(data)
	if !ok {
		return Binary{}, fmt.Errorf("native: %w", ErrFormat)
	}
	// The readers check every offset; this is for what was overlooked.
	defer func() {
		if r := recover(); r != nil {
			b, err = Binary{}, fmt.Errorf("native: %s: %v: %w", format, r, ErrFormat)
		}
	}()
	t := newTables(limits.withDefaults())
	b.Format = format
	switch format {
	case ELF:
		err = readELF(data, t, &b)
	case PE:
		err = readPE(data, t, &b)
	case MachO:
		err = readMachO(data, t, &b)
	}
	if err != nil {
		return Binary{}, fmt.Errorf("native: %s: %w", format, err)
	}
	b.Imports, b.Exports, b.Libraries = t.imports.sorted(), t.exports.sorted(), t.libraries.sorted()
	b.Cut = t.cut
	b.Modules = modules(b.Exports, b.Imports)
	if len(b.Modules) > 0 && (b.Kind == SharedLibrary || b.Kind == Executable) {
		b.Kind = Extension
	}
	slices.Sort(b.Machines)
	b.Machines = slices.Compact(b.Machines)
	return b, nil
}
