// Package pyc reads compiled Python files (.pyc, .pyo) of CPython 2.3 to 3.13
// without running them, and writes down what they use as Python source text.
//
// Read undoes marshal's encoding within limits. Module.Source then walks the
// bytecode once, in order, and writes a text that has the same imports, dotted
// names, calls, string constants and nesting of functions and classes as the
// file, though neither its control flow nor its arguments: who can read facts
// off source reads them off bytecode the same way. A call's arguments are
// written as "*_", which nobody can take for a value.
//
// How sure is that? Imports and their aliases are exact. A dotted name is
// exact. That a name is called is exact from 3.11 on; before, it is called if a
// call follows in the same statement, so that a function handed to another one
// counts as called. Lines mean nothing.
//
// For magic numbers that are not known the opcodes are not known: the text then
// has the string constants alone, and Module.Known is false.
//
// Nothing here keeps state; everything is safe for concurrent use.
package pyc

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrFormat says that the bytes are no compiled Python file, or that what
// follows the header cannot be read at all.
var ErrFormat = errors.New("not a readable compiled Python file")

// Module is what was read off one file.
type Module struct {
	// Python is the version that wrote the file, "2.7" or "3.11", or empty when
	// its magic number is not known.
	Python string
	// Known says whether Source could follow the bytecode.
	Known bool
	// Cut says why something was left unread: "objects", "nesting" or "source" when
	// that limit was reached, "damaged" when the data end too early; else empty.
	// Source may set it too.
	Cut string

	root    *code
	opcodes *opcodes
	limits  Limits
}

// Limits bounds what is taken from one file. A zero field takes the default
// beside it.
type Limits struct {
	Objects     int // marshalled objects; default 262,144
	Nesting     int // objects within objects; default 100
	SourceBytes int // length of Source's text; default 4 MiB
}

func (l Limits) withDefaults() Limits {
	set := func(n *int, byDefault int) {
		if *n <= 0 {
			*n = byDefault
		}
	}
	set(&l.Objects, 1<<18)
	set(&l.Nesting, 100)
	set(&l.SourceBytes, 4<<20)
	return l
}

// Sniff reports whether a file that begins with head is a compiled Python file.
// It wants 17 bytes and looks at the magic number and at what follows the header.
func Sniff(head []byte) bool {
	v, header := version(head)
	return v != "" && len(head) > header && head[header]&^flagRef == 'c'
}

// Read reads one compiled file. It neither changes data nor keeps them beyond
// the Module. It returns ErrFormat when there is no code object to be read;
// damage further on shortens the result and sets Cut.
func Read(data []byte, limits Limits) (m Module, err error) {
	m.limits = limits.withDefaults()
	var header int
	m.Python, header = version(data)
	if header == 0 {
		return Module{}, fmt.Errorf("pyc: %w", ErrFormat)
	}
	headers := []int{header}
	if m.Python == "" { // try them all
		headers = []int{16, 12, 8}
	}
	m.opcodes = opcodesOf(m.Python)
	m.Known = m.opcodes != nil
	// The reader checks every offset; this is for what was overlooked.
	defer func() {
		if r := recover(); r != nil {
			m, err = Module{}, fmt.Errorf("pyc: %v: %w", r, ErrFormat)
		}
	}()
	for _, header := range headers {
		for _, layout := range layouts(m.Python) {
			if header >= len(data) {
				continue
			}
			r := &reader{data: data[header:], layout: layout, limits: m.limits, left: m.limits.Objects}
			if v := r.value(0); v.code != nil {
				m.root, m.Cut = v.code, r.cut
				if r.cut == "" || m.Python != "" {
					return m, nil
				}
			}
		}
	}
	if m.root == nil {
		return Module{}, fmt.Errorf("pyc: %w", ErrFormat)
	}
	return m, nil
}

// magics are the first magic number of each version; those of a version follow
// each other, with gaps.
//
// Source: CPython, Lib/importlib/_bootstrap_external.py and Python/import.c.
var magics = []struct {
	first, last uint16
	version     string
	header      int
}{
	{62011, 62021, "2.3", 8}, {62041, 62061, "2.4", 8}, {62071, 62131, "2.5", 8}, {62151, 62161, "2.6", 8}, {62171, 62211, "2.7", 8},
	{3000, 3131, "3.0", 8}, {3140, 3151, "3.1", 8}, {3160, 3180, "3.2", 8},
	{3190, 3230, "3.3", 12}, {3250, 3310, "3.4", 12}, {3320, 3351, "3.5", 12}, {3360, 3379, "3.6", 12},
	{3390, 3394, "3.7", 16}, {3400, 3413, "3.8", 16}, {3420, 3425, "3.9", 16}, {3430, 3439, "3.10", 16},
	{3450, 3495, "3.11", 16}, {3500, 3531, "3.12", 16}, {3550, 3571, "3.13", 16}, {3600, 3649, "3.14", 16}, {3650, 3699, "3.15", 16},
}

// version tells the version by the magic number, and how long the header is:
// 0 when this is no compiled file at all. Later versions than we know of, and
// builds with a number of their own, have an empty version.
func version(head []byte) (string, int) {
	if len(head) < 9 || head[2] != '\r' || head[3] != '\n' {
		return "", 0
	}
	magic := binary.LittleEndian.Uint16(head)
	for _, m := range magics {
		if magic >= m.first && magic <= m.last {
			return m.version, m.header
		}
	}
	return "", 16
}
