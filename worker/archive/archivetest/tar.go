package archivetest

import (
	"bytes"
	"fmt"
	"strconv"
)

// Block is one entry of a tar, header first. What is not set is what an honest
// writer writes.
type Block struct {
	Name string // cut to 100 bytes
	Link string
	Type byte // 0 is '0', a regular file
	Data []byte
	// Size is what the header says, where it is not the length of Data.
	Size *int64
	// Magic is "ustar\x0000" unless set.
	Magic string
	// Major and Minor are a device's.
	Major, Minor int
	// Change is done to the header before its checksum is made, Spoil after.
	Change, Spoil func(header []byte)
	// Unpadded leaves out what fills Data up to 512 bytes.
	Unpadded bool
}

// File is a regular file.
func File(name, data string) Block { return Block{Name: name, Data: []byte(data)} }

// Pax is an extended header ('x', or 'g' for a global one), whose records are
// keys and values in turn.
func Pax(kind byte, records ...string) Block {
	var data []byte
	for i := 0; i+1 < len(records); i += 2 {
		data = append(data, Record(records[i], records[i+1])...)
	}
	return Block{Name: "PaxHeaders/x", Type: kind, Data: data}
}

// Record is one record of an extended header.
func Record(key, value string) string {
	n := len(key) + len(value) + 3
	length := n + len(strconv.Itoa(n))
	if length2 := n + len(strconv.Itoa(length)); length2 != length {
		length = length2
	}
	return fmt.Sprintf("%d %s=%s\n", length, key, value)
}

// Tar writes blocks and the two empty ones that end an archive.
func Tar(blocks ...Block) []byte { return append(Blocks(blocks...), make([]byte, 1024)...) }

// Blocks writes blocks without an end.
func Blocks(blocks ...Block) []byte {
	var out []byte
	for _, b := range blocks {
		h := make([]byte, 512)
		copy(h[:100], b.Name)
		copy(h[100:], "0000644\x000000000\x000000000\x00")
		size := int64(len(b.Data))
		if b.Size != nil {
			size = *b.Size
		}
		copy(h[124:], octal(size))
		copy(h[136:], "00000000000\x00")
		h[156] = '0'
		if b.Type != 0 {
			h[156] = b.Type
		}
		copy(h[157:257], b.Link)
		magic := b.Magic
		if magic == "" {
			magic = "ustar\x0000"
		}
		copy(h[257:265], magic)
		copy(h[329:], fmt.Sprintf("%07o\x00%07o\x00", b.Major, b.Minor))
		if b.Change != nil {
			b.Change(h)
		}
		Checksum(h)
		if b.Spoil != nil {
			b.Spoil(h)
		}
		out = append(append(out, h...), b.Data...)
		if rest := len(b.Data) % 512; rest > 0 && !b.Unpadded {
			out = append(out, make([]byte, 512-rest)...)
		}
	}
	return out
}

// octal is a size field: octal, or beyond 8 GiB the binary form of GNU.
func octal(n int64) string {
	if n >= 0 && n < 1<<33 {
		return fmt.Sprintf("%011o\x00", n)
	}
	b := make([]byte, 12)
	for i := 11; i >= 4; i-- {
		b[i] = byte(n)
		n >>= 8
	}
	if n < 0 {
		copy(b, bytes.Repeat([]byte{0xff}, 4))
	} else {
		b[0] = 0x80
	}
	return string(b)
}

// Checksum writes a header's checksum.
func Checksum(h []byte) {
	copy(h[148:156], "        ")
	sum := 0
	for _, c := range h {
		sum += int(c)
	}
	copy(h[148:], fmt.Sprintf("%06o\x00 ", sum))
}
