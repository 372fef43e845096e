package pysource

import (
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"compress/zlib"
	"encoding/ascii85"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"io"
	"strings"

	"github.com/ulikunitz/xz"
	"github.com/ulikunitz/xz/lzma"
)

// decode folds a decoder's call of a constant; the decoder is known by name.
func (s *Scanner) decode(callee Name, v value, first uint32) (value, bool) {
	name := s.names.bytes(callee)
	return s.decoded(string(name[bytes.LastIndexByte(name, '.')+1:]), bytes.HasPrefix(name, []byte("zlib")), bytes.HasPrefix(name, []byte("gzip")), bytes.HasPrefix(name, []byte("bz2")), v, first)
}

func (s *Scanner) decoded(fn string, isZlib, isGzip, isBzip2 bool, v value, first uint32) (value, bool) {
	b := s.text(v)
	if !s.spend(len(b)) {
		return value{}, false
	}
	var out []byte
	var err error
	switch fn {
	case "b64decode", "standard_b64decode", "decodebytes", "decodestring", "a2b_base64", "urlsafe_b64decode":
		out, err = decodeBase64(b)
	case "b32decode":
		out, err = base32.StdEncoding.DecodeString(string(bytes.ToUpper(b)))
	case "b16decode", "unhexlify", "a2b_hex", "fromhex":
		out, err = hex.DecodeString(strings.Join(strings.Fields(string(b)), ""))
	case "a85decode":
		out = make([]byte, len(b)*4+4)
		var n int
		n, _, err = ascii85.Decode(out, b, true)
		out = out[:n]
	case "b85decode":
		out, err = decodeBase85(b)
	case "decompress":
		out, err = s.inflate(b, isZlib, isGzip, isBzip2)
	default:
		return value{}, false
	}
	if err != nil || len(out) == 0 || len(out) > maxConstant {
		return value{}, false
	}
	if s.folded += len(out); s.folded > maxFolded {
		s.cut("fold")
		return value{}, false
	}
	r := s.constOf(out, first, flagBytes|flagDecoded|flagPending)
	r.taint = v.taint
	return r, true
}

// inflate decompresses at most maxConstant bytes.
func (s *Scanner) inflate(b []byte, isZlib, isGzip, isBzip2 bool) ([]byte, error) {
	var r io.Reader
	var err error
	src := bytes.NewReader(b)
	switch {
	case isZlib:
		r, err = zlib.NewReader(src)
	case isGzip:
		r, err = gzip.NewReader(src)
	case isBzip2:
		r = bzip2.NewReader(src)
	case bytes.HasPrefix(b, []byte("\xfd7zXZ\x00")):
		// A dictionary is as large as the header says: refuse large ones.
		r, err = xz.ReaderConfig{DictCap: 1 << 20, SingleStream: true}.NewReader(src)
	default:
		r, err = lzma.ReaderConfig{DictCap: 1 << 20}.NewReader(src)
	}
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(r, maxConstant+1))
}

// decodeBase64 is as lenient as Python: what is not of the alphabet is skipped.
func decodeBase64(b []byte) ([]byte, error) {
	kept := make([]byte, 0, len(b))
	for _, c := range b {
		switch {
		case c == '-':
			c = '+'
		case c == '_':
			c = '/'
		case c == '=':
			continue
		case base64Value(c) < 0:
			continue
		}
		kept = append(kept, c)
	}
	if len(kept)%4 == 1 {
		kept = kept[:len(kept)-1]
	}
	out := make([]byte, base64.RawStdEncoding.DecodedLen(len(kept)))
	n, err := base64.RawStdEncoding.Decode(out, kept)
	return out[:n], err
}

// decodeBase85 decodes Python's b85 (that of git).
func decodeBase85(b []byte) ([]byte, error) {
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~"
	pad := (5 - len(b)%5) % 5
	var out []byte
	for i := 0; i < len(b); i += 5 {
		var n uint64
		for j := i; j < i+5; j++ {
			d := 84
			if j < len(b) {
				if d = strings.IndexByte(digits, b[j]); d < 0 {
					return nil, hex.InvalidByteError(b[j])
				}
			}
			n = n*85 + uint64(d)
		}
		out = append(out, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	}
	return out[:max(0, len(out)-pad)], nil
}

// codec folds a str or bytes that is encoded or decoded by name.
func (s *Scanner) codec(name []byte, v value, first uint32) (value, bool) {
	b := s.text(v)
	if !s.spend(len(b)) {
		return value{}, false
	}
	switch strings.ReplaceAll(strings.ToLower(string(name[:min(len(name), 32)])), "-", "_") {
	case "rot13", "rot_13":
		return s.madeConst(rot13(nil, b), v, first)
	case "hex", "hex_codec":
		return s.decoded("unhexlify", false, false, false, v, first)
	case "base64", "base64_codec", "base_64":
		return s.decoded("b64decode", false, false, false, v, first)
	case "zlib", "zip", "zlib_codec":
		return s.decoded("decompress", true, false, false, v, first)
	case "bz2", "bz2_codec":
		return s.decoded("decompress", false, false, true, v, first)
	case "unicode_escape", "string_escape", "raw_unicode_escape":
		return s.madeConst(unescape(nil, b, name[0] == 'r', false), v, first)
	case "utf_7", "utf7":
		return s.madeConst(decodeUTF7(b), v, first)
	case "utf_8", "utf8", "ascii", "latin_1", "latin1", "iso_8859_1", "cp1252", "us_ascii", "utf_8_sig":
		return recoded(v, v.flags&flagBytes == 0), true
	case "utf_16", "utf_16_le", "utf_16le", "utf_32", "utf_32_le":
		// Each character of ASCII stands between zeros.
		if v.flags&flagBytes != 0 {
			return s.madeConst(bytes.ReplaceAll(bytes.TrimPrefix(b, []byte("\xff\xfe")), []byte{0}, nil), v, first)
		}
		return recoded(v, true), true
	}
	return value{}, false
}

func (s *Scanner) madeConst(out []byte, v value, first uint32) (value, bool) {
	if s.folded += len(out); s.folded > maxFolded {
		s.cut("fold")
		return value{}, false
	}
	r := s.constOf(out, first, v.flags&flagBytes|flagDecoded|flagPending)
	r.taint = v.taint
	return r, true
}
