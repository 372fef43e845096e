package pypitest

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"strings"
	"sync"

	"github.com/klauspost/compress/flate"
)

// piece is the content of a member, compressed once and put into as many
// archives as want it.
type piece struct {
	data   []byte // padded to whole tar blocks
	size   int    // without the padding
	crc    uint32
	zipped []byte // a deflate stream of the content
	tarred []byte // deflate blocks of the padded content, ending on a byte, none of them final
}

const tarBlock = 512

func newPiece(content string, w *flate.Writer) (*piece, error) {
	p := &piece{size: len(content), crc: crc32.ChecksumIEEE([]byte(content))}
	p.data = make([]byte, (len(content)+tarBlock-1)/tarBlock*tarBlock)
	copy(p.data, content)
	var b bytes.Buffer
	w.Reset(&b)
	if _, err := w.Write(p.data); err != nil {
		return nil, err
	}
	if err := w.Flush(); err != nil {
		return nil, err
	}
	p.tarred = bytes.Clone(b.Bytes())
	b.Reset()
	w.Reset(&b)
	if _, err := w.Write([]byte(content)); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	p.zipped = bytes.Clone(b.Bytes())
	return p, nil
}

// pieces remembers the pieces of contents that come again and again.
type pieces struct {
	known   sync.Map  // content → *piece
	writers sync.Pool // of *flate.Writer, which are large
}

func (s *pieces) get(content string) (*piece, error) {
	if p, ok := s.known.Load(content); ok {
		return p.(*piece), nil
	}
	w, ok := s.writers.Get().(*flate.Writer)
	if !ok {
		var err error
		if w, err = flate.NewWriter(nil, flate.DefaultCompression); err != nil {
			return nil, err
		}
	}
	defer s.writers.Put(w)
	p, err := newPiece(content, w)
	if err != nil {
		return nil, err
	}
	s.known.Store(strings.Clone(content), p)
	return p, nil
}

// packed is a member of an archive that is put together from pieces. A nil
// piece is compressed from data on the spot.
type packed struct {
	path  string
	data  string
	piece *piece
}

// packTarGz is a .tar.gz (RFC 1952) of the members, of which only the headers
// and the contents without a piece are compressed now.
func packTarGz(all []packed) ([]byte, error) {
	size := 64
	for _, m := range all {
		size += 128 + len(m.data)
		if m.piece != nil {
			size += len(m.piece.tarred)
		}
	}
	out := bytes.NewBuffer(make([]byte, 0, size))
	out.Write([]byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255})
	var crc, total uint32
	var plain bytes.Buffer
	deflate := func(last bool) error {
		crc = crc32.Update(crc, crc32.IEEETable, plain.Bytes())
		total += uint32(plain.Len())
		err := flate.StatelessDeflate(out, plain.Bytes(), last, nil)
		plain.Reset()
		return err
	}
	for _, m := range all {
		h := tar.Header{Typeflag: tar.TypeReg, Name: m.path, Mode: 0o644, Size: int64(len(m.data)), ModTime: epoch, Format: tar.FormatUSTAR}
		if m.piece != nil {
			h.Size = int64(m.piece.size)
		}
		if err := tar.NewWriter(&plain).WriteHeader(&h); err != nil {
			return nil, err
		}
		if m.piece == nil {
			plain.WriteString(m.data)
			plain.Write(make([]byte, -len(m.data)&(tarBlock-1)))
			continue
		}
		if err := deflate(false); err != nil {
			return nil, err
		}
		crc = crc32.Update(crc, crc32.IEEETable, m.piece.data)
		total += uint32(len(m.piece.data))
		out.Write(m.piece.tarred)
	}
	plain.Write(make([]byte, 2*tarBlock))
	if err := deflate(true); err != nil {
		return nil, err
	}
	return binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(out.Bytes(), crc), total), nil
}

// packZip is a ZIP of the members.
func packZip(all []packed) ([]byte, error) {
	var out, small bytes.Buffer
	z := zip.NewWriter(&out)
	for _, m := range all {
		h := zip.FileHeader{Name: m.path, Method: zip.Deflate, Modified: epoch}
		var body []byte
		if m.piece != nil {
			h.CRC32, h.UncompressedSize64, body = m.piece.crc, uint64(m.piece.size), m.piece.zipped
		} else {
			small.Reset()
			if err := flate.StatelessDeflate(&small, []byte(m.data), true, nil); err != nil {
				return nil, err
			}
			h.CRC32, h.UncompressedSize64, body = crc32.ChecksumIEEE([]byte(m.data)), uint64(len(m.data)), small.Bytes()
		}
		h.CompressedSize64 = uint64(len(body))
		w, err := z.CreateRaw(&h)
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(body); err != nil {
			return nil, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
