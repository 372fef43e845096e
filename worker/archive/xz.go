package archive

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/ulikunitz/xz/lzma"
)

// xzReader reads the xz container over ulikunitz/xz's LZMA2 decoder. The
// container of that library takes the dictionary size that a block header
// asks for, up to 4 GiB for each block; here it is bounded by window, and what
// all blocks ask for by what they unpack to. Checks (CRC, SHA-256) and the
// index are the file's own claims about itself and are stepped over.
//
// Format: The .xz File Format, version 1.2.1.
type xzReader struct {
	r        *bufio.Reader
	window   int64
	checkLen int
	header   bool // a stream header was read
	block    io.Reader
	counted  *countingByteReader
	asked    int64 // dictionary bytes allocated so far
	unpacked int64
	err      error
}

var errXZ = errors.New("xz: broken container")

func newXZ(r *bufio.Reader, window int64) io.Reader {
	return &xzReader{r: r, window: window}
}

// Read implements io.Reader.
func (x *xzReader) Read(p []byte) (int, error) {
	for x.err == nil {
		if x.block == nil {
			x.err = x.next()
			continue
		}
		n, err := x.block.Read(p)
		x.unpacked += int64(n)
		if errors.Is(err, io.EOF) {
			x.block, err = nil, x.endBlock()
		}
		x.err = err
		if n > 0 || len(p) == 0 {
			return n, nil
		}
	}
	return 0, x.err
}

// next steps to the next block, over stream headers, indexes and footers.
func (x *xzReader) next() error {
	if !x.header {
		return x.streamHeader()
	}
	size, err := x.r.ReadByte()
	if err != nil {
		return unexpected(err)
	}
	if size == 0 {
		return x.endStream()
	}
	rest := make([]byte, (int(size)+1)*4-1)
	if _, err := io.ReadFull(x.r, rest); err != nil {
		return unexpected(err)
	}
	dict, err := blockDictionary(rest)
	if err != nil {
		return err
	}
	if dict > x.window {
		return fmt.Errorf("xz: dictionary of %d bytes is over the limit of %d", dict, x.window)
	}
	if x.asked += dict; x.asked > 8*x.window+16*x.unpacked {
		return errors.New("xz: too many blocks for what they hold")
	}
	x.counted = &countingByteReader{r: x.r}
	x.block, err = lzma.Reader2Config{DictCap: int(max(dict, lzma.MinDictCap))}.NewReader2(x.counted)
	return err
}

// blockDictionary returns the dictionary size of a block header that holds
// LZMA2 as its only filter. rest is the header without its size byte.
func blockDictionary(rest []byte) (int64, error) {
	flags, b := rest[0], rest[1:len(rest)-4] // the last four bytes are its CRC
	if flags&0x3f != 0 {
		return 0, errors.New("xz: filters other than LZMA2")
	}
	for _, bit := range []byte{0x40, 0x80} { // packed and unpacked size, optional
		if flags&bit != 0 {
			_, n := binary.Uvarint(b)
			if n <= 0 {
				return 0, errXZ
			}
			b = b[n:]
		}
	}
	if len(b) < 3 || b[0] != 0x21 || b[1] != 1 {
		return 0, errors.New("xz: filters other than LZMA2")
	}
	return lzma.DecodeDictCap(b[2])
}

// endBlock steps over a block's padding and check.
func (x *xzReader) endBlock() error {
	pad := (4 - x.counted.n%4) % 4
	_, err := x.r.Discard(int(pad) + x.checkLen)
	return unexpected(err)
}

// streamHeader reads a stream's header, or finds the end of the file.
func (x *xzReader) streamHeader() error {
	for { // streams may be padded with zeros, four at a time
		b, err := x.r.Peek(4)
		if len(b) < 4 {
			if err == io.EOF && len(b) == 0 {
				return io.EOF
			}
			return unexpected(err)
		}
		if binary.LittleEndian.Uint32(b) != 0 {
			break
		}
		if _, err := x.r.Discard(4); err != nil {
			return unexpected(err)
		}
	}
	var h [12]byte
	if _, err := io.ReadFull(x.r, h[:]); err != nil {
		return unexpected(err)
	}
	if string(h[:6]) != "\xfd7zXZ\x00" || h[6] != 0 {
		return errXZ
	}
	x.checkLen = [16]int{0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64}[h[7]&15]
	x.header = true
	return nil
}

// endStream steps over index and footer; the index indicator was read.
func (x *xzReader) endStream() error {
	c := &countingByteReader{r: x.r, n: 1}
	records, err := binary.ReadUvarint(c)
	if err != nil {
		return unexpected(err)
	}
	for range records {
		for range 2 {
			if _, err := binary.ReadUvarint(c); err != nil {
				return unexpected(err)
			}
		}
	}
	pad := (4 - c.n%4) % 4
	if _, err := x.r.Discard(int(pad) + 4 + 12); err != nil {
		return unexpected(err)
	}
	x.header = false
	return nil
}

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// countingByteReader counts what goes through it.
type countingByteReader struct {
	r *bufio.Reader
	n int64
}

func (c *countingByteReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

func (c *countingByteReader) ReadByte() (byte, error) {
	b, err := c.r.ReadByte()
	if err == nil {
		c.n++
	}
	return b, err
}
