package archive

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
	"unicode/utf8"
)

// Sizes and signatures of the zip format (APPNOTE.TXT 6.3.10).
const (
	endLen      = 22
	end64Len    = 56
	locatorLen  = 20
	entryLen    = 46
	localLen    = 30
	maxComment  = 1<<16 - 1
	endSig      = 0x06054b50
	end64Sig    = 0x06064b50
	locatorSig  = 0x07064b50
	entrySig    = 0x02014b50
	localSig    = 0x04034b50
	maxUint16   = 1<<16 - 1
	maxUint32   = 1<<32 - 1
	flagCrypt   = 1 << 0
	flagStream  = 1 << 3
	flagStrong  = 1 << 6
	flagMasked  = 1 << 13
	unixCreator = 3
)

// entry is one line of a zip's central directory.
type entry struct {
	raw    string // name as it stands there
	name   string // cleaned; empty when it may not be read
	flags  uint16
	method uint16
	crc    uint32
	packed int64
	size   int64
	offset int64  // of the local header, from the file's start
	extra  uint16 // length of the extra field, which the local header often has as well
	mode   uint32
	second string // another name that the directory gives, as it stands there
	hidden bool   // the directory does not list it
}

// isFolder reports whether the entry names a folder. Installers go by the name
// alone; the mode is the archive's own claim.
func (e *entry) isFolder() bool { return strings.HasSuffix(e.raw, "/") }

// isLink reports whether the entry is a symbolic link.
func (e *entry) isLink() bool { return e.mode&0o170000 == 0o120000 }

// isDevice reports whether the entry is a device, FIFO or socket.
func (e *entry) isDevice() bool {
	switch e.mode & 0o170000 {
	case 0o010000, 0o020000, 0o060000, 0o140000:
		return true
	}
	return false
}

// directoryPlace is where a zip's end record says that its directory is.
type directoryPlace struct {
	offset, size int64
	entries      uint64
	base         int64 // bytes before the zip's own start
}

// findDirectory reads the end record, and the zip64 one when there is one.
func findDirectory(r io.ReaderAt, size int64, stats *Stats) (d directoryPlace, err error) {
	var tail []byte
	end, tailStart := -1, int64(0)
	// An end record without a comment is the rule, and far from the end it may be dear to read.
	for _, n := range []int64{min(size, 1<<10), min(size, endLen+maxComment)} {
		tail, tailStart = make([]byte, n), size-n
		if err := readAt(r, tail, tailStart); err != nil {
			return d, err
		}
		if end = endRecord(tail); end >= 0 || n == size {
			break
		}
	}
	if end < 0 {
		return d, &FormatError{Why: WhyNotArchive}
	}
	b := tail[end:]
	if end+endLen+int(binary.LittleEndian.Uint16(b[20:])) < len(tail) {
		stats.note(AnomalyTrailingBytes, "")
	}
	d.entries = uint64(binary.LittleEndian.Uint16(b[10:]))
	d.size = int64(binary.LittleEndian.Uint32(b[12:]))
	d.offset = int64(binary.LittleEndian.Uint32(b[16:]))
	dirEnd := tailStart + int64(end)
	if d.entries == maxUint16 || d.size == maxUint32 || d.offset == maxUint32 {
		if at, ok, err := find64(r, dirEnd, &d); err != nil {
			return d, err
		} else if ok {
			dirEnd = at
		}
	}
	if d.size < 0 || d.offset < 0 || d.size > dirEnd || d.offset > dirEnd-d.size {
		return d, &FormatError{Why: WhyDirectory, Err: errors.New("directory outside of the file")}
	}
	d.base = dirEnd - d.size - d.offset
	if d.base > 0 {
		// Either something stands before the zip, or between directory and end.
		var sig [4]byte
		if err := readAt(r, sig[:], d.offset); err == nil && binary.LittleEndian.Uint32(sig[:]) == entrySig {
			d.base = 0
			stats.note(AnomalyTrailingBytes, "")
		} else {
			stats.note(AnomalyPrefixBytes, "")
		}
	}
	return d, nil
}

// endRecord returns where the last end record of a zip's tail begins, or -1.
func endRecord(tail []byte) int {
	for i := len(tail) - endLen; i >= 0; i-- {
		if binary.LittleEndian.Uint32(tail[i:]) == endSig && i+endLen+int(binary.LittleEndian.Uint16(tail[i+20:])) <= len(tail) {
			return i
		}
	}
	return -1
}

// find64 reads the zip64 end record in front of an end record at before.
func find64(r io.ReaderAt, before int64, d *directoryPlace) (at int64, ok bool, err error) {
	if before < locatorLen {
		return 0, false, nil
	}
	var l [locatorLen]byte
	if err := readAt(r, l[:], before-locatorLen); err != nil {
		return 0, false, err
	}
	if binary.LittleEndian.Uint32(l[:]) != locatorSig {
		return 0, false, nil
	}
	at = int64(binary.LittleEndian.Uint64(l[8:]))
	var b [end64Len]byte
	for _, candidate := range []int64{at, before - locatorLen - end64Len} {
		if candidate < 0 || candidate > before-locatorLen-end64Len {
			continue
		}
		if err := readAt(r, b[:], candidate); err != nil {
			return 0, false, err
		}
		if binary.LittleEndian.Uint32(b[:]) == end64Sig {
			d.entries = binary.LittleEndian.Uint64(b[32:])
			d.size = int64(binary.LittleEndian.Uint64(b[40:]))
			d.offset = int64(binary.LittleEndian.Uint64(b[48:]))
			return candidate, true, nil
		}
	}
	return 0, false, &FormatError{Why: WhyDirectory, Err: errors.New("no zip64 end record")}
}

// readDirectory reads the central directory's entries, at most maxEntries.
func readDirectory(ctx context.Context, r io.ReaderAt, d directoryPlace, limits Limits, stats *Stats) ([]entry, error) {
	if d.size > limits.DirectoryBytes {
		return nil, &LimitError{Why: WhyDirectoryTooLong}
	}
	br := bufio.NewReaderSize(io.NewSectionReader(r, d.base+d.offset, d.size), 64<<10)
	var entries []entry
	var fixed [entryLen]byte
	var variable []byte
	for left := d.size; left > 0; {
		if len(entries)%1024 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if len(entries) == limits.Members {
			return nil, &LimitError{Why: WhyTooManyMembers}
		}
		if _, err := io.ReadFull(br, fixed[:]); err != nil {
			return directoryEnd(entries, left, err)
		}
		if binary.LittleEndian.Uint32(fixed[:]) != entrySig {
			// An archive signature or extra records may follow the entries.
			return directoryEnd(entries, left, errors.New("no entry where one is due"))
		}
		u16 := func(i int) uint16 { return binary.LittleEndian.Uint16(fixed[i:]) }
		u32 := func(i int) uint32 { return binary.LittleEndian.Uint32(fixed[i:]) }
		nameLen, extraLen, commentLen := int(u16(28)), int(u16(30)), int(u16(32))
		n := nameLen + extraLen + commentLen
		if cap(variable) < n {
			variable = make([]byte, n)
		}
		variable = variable[:n]
		if _, err := io.ReadFull(br, variable); err != nil {
			return directoryEnd(entries, left, err)
		}
		left -= int64(entryLen + n)
		e := entry{
			raw: string(variable[:nameLen]), flags: u16(8), method: u16(10), crc: u32(16),
			packed: int64(u32(20)), size: int64(u32(24)), offset: int64(u32(42)), extra: u16(30),
		}
		if fixed[5] == unixCreator {
			e.mode = u32(38) >> 16
		}
		if e.second = unicodePath(e.raw, variable[nameLen:nameLen+extraLen]); e.second != "" {
			stats.note(AnomalyDirectoryMismatch, "")
		}
		if !e.read64(variable[nameLen:nameLen+extraLen], u32(20), u32(24), u32(42)) {
			stats.note(AnomalyDirectoryMismatch, "")
		}
		if e.offset < 0 || e.packed < 0 || e.size < 0 {
			return nil, &FormatError{Why: WhyDirectory, Err: errors.New("negative size")}
		}
		e.offset += d.base
		entries = append(entries, e)
	}
	if uint64(len(entries))&maxUint16 != d.entries&maxUint16 {
		stats.note(AnomalyDirectoryCount, "")
	}
	return entries, nil
}

// directoryEnd says what a directory that breaks off is worth: nothing when no
// entry was read, else the entries before.
func directoryEnd(entries []entry, left int64, err error) ([]entry, error) {
	return entries, &FormatError{Why: WhyDirectory, Err: fmt.Errorf("%d bytes before its end: %w", left, err)}
}

// read64 takes 64-bit sizes from the zip64 extra field where the 32-bit ones
// are full; ok is false when the extra field that is needed is missing.
func (e *entry) read64(extra []byte, packed, size, offset uint32) (ok bool) {
	needs := size == maxUint32 || packed == maxUint32 || offset == maxUint32
	for len(extra) >= 4 {
		id, n := binary.LittleEndian.Uint16(extra), int(binary.LittleEndian.Uint16(extra[2:]))
		extra = extra[4:]
		if n > len(extra) {
			return !needs
		}
		field := extra[:n]
		extra = extra[n:]
		if id != 1 || !needs {
			continue
		}
		for _, f := range []struct {
			full bool
			to   *int64
		}{{size == maxUint32, &e.size}, {packed == maxUint32, &e.packed}, {offset == maxUint32, &e.offset}} {
			if !f.full {
				continue
			}
			if len(field) < 8 {
				return false
			}
			*f.to = int64(binary.LittleEndian.Uint64(field))
			field = field[8:]
		}
		return true
	}
	return !needs
}

// unicodePath returns the name of an entry's Unicode path extra field (APPNOTE
// 4.6.9), which Python takes for the entry's name, where it is another one.
func unicodePath(name string, extra []byte) string {
	for len(extra) >= 4 {
		id, n := binary.LittleEndian.Uint16(extra), int(binary.LittleEndian.Uint16(extra[2:]))
		if extra = extra[4:]; n > len(extra) {
			return ""
		}
		field := extra[:n]
		extra = extra[n:]
		if id != 0x7075 || n < 6 || field[0] != 1 || binary.LittleEndian.Uint32(field[1:]) != crc32.ChecksumIEEE([]byte(name)) {
			continue
		}
		if second := string(field[5:]); second != name && utf8.ValidString(second) {
			return second
		}
	}
	return ""
}

// readAt fills b from r at off. The end of the file is a *FormatError, any
// other failure the reader's own.
func readAt(r io.ReaderAt, b []byte, off int64) error {
	n, err := r.ReadAt(b, off)
	if n == len(b) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		return &FormatError{Why: WhyTruncated, Err: io.ErrUnexpectedEOF}
	}
	return fmt.Errorf("archive: read: %w", err)
}
