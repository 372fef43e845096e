// Package archivetest writes archives byte by byte, lies included, for tests of
// their readers.
package archivetest

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"hash/crc32"
	"sync"
)

// Entry is a zip member. What is not set is what an honest writer writes.
type Entry struct {
	Name   string // in the central directory
	Local  string // in the local header, where that differs
	Data   []byte // as it stands in the file: packed
	Method uint16 // 0 is stored
	Flags  uint16
	CRC    uint32
	Size   uint64 // plain
	Packed uint64 // where it is not the length of Data
	Mode   uint32 // Unix, type and permissions

	LocalMethod              *uint16
	LocalSize, LocalPacked   *uint32
	LocalExtra, CentralExtra []byte
	Comment                  []byte  // in the central directory
	Unlisted                 bool    // it has no line in the directory
	At                       *uint32 // it has no local header of its own; the directory points here
}

// Stored is a member that is not compressed.
func Stored(name, data string) Entry {
	return Entry{Name: name, Data: []byte(data), Size: uint64(len(data)), CRC: crc32.ChecksumIEEE([]byte(data))}
}

// Deflated is a member as most are.
func Deflated(name, data string) Entry {
	e := Stored(name, data)
	e.Method, e.Data = 8, Deflate([]byte(data))
	return e
}

// compressors are kept: one takes more memory than most of what it packs.
var compressors = sync.Pool{New: func() any {
	w, _ := flate.NewWriter(nil, flate.BestCompression) // the level is a valid one
	return w
}}

// Deflate packs data.
func Deflate(data []byte) []byte {
	var buf bytes.Buffer
	w := compressors.Get().(*flate.Writer)
	defer compressors.Put(w)
	w.Reset(&buf)
	_, _ = w.Write(data) // a buffer does not fail
	_ = w.Close()
	return buf.Bytes()
}

// Zip is a zip file. What is not set is what an honest writer writes.
type Zip struct {
	Prefix   []byte // before the first member; offsets are as if it were not there
	Entries  []Entry
	Between  []byte // between the members and the directory
	After    []byte // between the directory and its end record
	Comment  []byte
	Trailing []byte

	// What the end record says, where it lies.
	Count, DirSize, DirOffset, CommentLen *uint32
	// Zip64 adds the end record of zip64, which the 32-bit one points to, with
	// what it says of the directory where it lies.
	Zip64                           bool
	Count64, DirSize64, DirOffset64 *uint64
	NoEnd, NoEnd64                  bool
}

// Signatures, see APPNOTE.TXT.
const (
	localSig   = 0x04034b50
	entrySig   = 0x02014b50
	endSig     = 0x06054b50
	end64Sig   = 0x06064b50
	locatorSig = 0x07064b50
)

// Bytes writes the file.
func (z Zip) Bytes() []byte {
	le := binary.LittleEndian
	out, dir := bytes.Clone(z.Prefix), []byte(nil)
	count := uint64(0)
	for _, e := range z.Entries {
		packed := e.Packed
		if packed == 0 {
			packed = uint64(len(e.Data))
		}
		at := uint32(len(out) - len(z.Prefix))
		if e.At != nil {
			at = *e.At
		} else {
			name := e.Local
			if name == "" {
				name = e.Name
			}
			out = le.AppendUint32(out, localSig)
			out = le.AppendUint16(out, 20)
			out = le.AppendUint16(out, e.Flags)
			out = le.AppendUint16(out, or(e.LocalMethod, e.Method))
			out = le.AppendUint32(out, 0)
			out = le.AppendUint32(out, e.CRC)
			out = le.AppendUint32(out, or(e.LocalPacked, uint32(packed)))
			out = le.AppendUint32(out, or(e.LocalSize, uint32(e.Size)))
			out = le.AppendUint16(out, uint16(len(name)))
			out = le.AppendUint16(out, uint16(len(e.LocalExtra)))
			out = append(out, name...)
			out = append(out, e.LocalExtra...)
			out = append(out, e.Data...)
		}
		if e.Unlisted {
			continue
		}
		count++
		dir = le.AppendUint32(dir, entrySig)
		dir = le.AppendUint16(dir, 3<<8|20)
		dir = le.AppendUint16(dir, 20)
		dir = le.AppendUint16(dir, e.Flags)
		dir = le.AppendUint16(dir, e.Method)
		dir = le.AppendUint32(dir, 0)
		dir = le.AppendUint32(dir, e.CRC)
		dir = le.AppendUint32(dir, uint32(packed))
		dir = le.AppendUint32(dir, uint32(e.Size))
		dir = le.AppendUint16(dir, uint16(len(e.Name)))
		dir = le.AppendUint16(dir, uint16(len(e.CentralExtra)))
		dir = le.AppendUint16(dir, uint16(len(e.Comment)))
		dir = le.AppendUint32(dir, 0)
		dir = le.AppendUint32(dir, e.Mode<<16)
		dir = le.AppendUint32(dir, at)
		dir = append(dir, e.Name...)
		dir = append(dir, e.CentralExtra...)
		dir = append(dir, e.Comment...)
	}
	out = append(out, z.Between...)
	start := uint64(len(out) - len(z.Prefix))
	out = append(append(out, dir...), z.After...)
	if z.Zip64 {
		at := uint64(len(out) - len(z.Prefix))
		if !z.NoEnd64 {
			out = le.AppendUint32(out, end64Sig)
			out = le.AppendUint64(out, 44)
			out = le.AppendUint32(out, 45<<16|45)
			out = le.AppendUint64(out, 0)
			out = le.AppendUint64(out, or(z.Count64, count))
			out = le.AppendUint64(out, or(z.Count64, count))
			out = le.AppendUint64(out, or(z.DirSize64, uint64(len(dir))))
			out = le.AppendUint64(out, or(z.DirOffset64, start))
		}
		out = le.AppendUint32(out, locatorSig)
		out = le.AppendUint32(out, 0)
		out = le.AppendUint64(out, at)
		out = le.AppendUint32(out, 1)
	}
	if !z.NoEnd {
		out = le.AppendUint32(out, endSig)
		out = le.AppendUint32(out, 0)
		out = le.AppendUint16(out, uint16(or(z.Count, uint32(count))))
		out = le.AppendUint16(out, uint16(or(z.Count, uint32(count))))
		out = le.AppendUint32(out, or(z.DirSize, uint32(len(dir))))
		out = le.AppendUint32(out, or(z.DirOffset, uint32(start)))
		out = le.AppendUint16(out, uint16(or(z.CommentLen, uint32(len(z.Comment)))))
		out = append(out, z.Comment...)
	}
	return append(out, z.Trailing...)
}

func or[T any](lie *T, honest T) T {
	if lie != nil {
		return *lie
	}
	return honest
}
