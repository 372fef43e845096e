package message

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/klauspost/compress/zstd"
)

// MaxScanBytes bounds an encoded scan. The broker's default limit is 1 MiB a
// message; the rest is room for headers and for a lower limit elsewhere.
const MaxScanBytes = 768 << 10

// maxDecodedBytes bounds what DecodeScan and DecodeIndex unpack: far above
// what any writer produces, far below what hurts.
const maxDecodedBytes = 512 << 20

// ErrSchema is returned for a message that is newer than this build can read.
var ErrSchema = errors.New("message: written by a newer version of prevalence; upgrade this process")

var (
	encoder = sync.OnceValues(func() (*zstd.Encoder, error) { return zstd.NewWriter(nil) })
	decoder = sync.OnceValues(func() (*zstd.Decoder, error) {
		return zstd.NewReader(nil, zstd.WithDecoderMaxMemory(maxDecodedBytes))
	})
)

// EncodeScan encodes s as zstd-compressed JSON of at most MaxScanBytes. What
// does not fit is cut by kind, symbols before indicators before evidence, the
// rarest-to-matter last, and counted in s.Dropped. It changes s only in that
// way. It is safe for concurrent use on different scans.
func EncodeScan(s *Scan) ([]byte, error) {
	for {
		b, err := encode(s)
		if err != nil {
			return nil, fmt.Errorf("message: encode scan of %s %s: %w", s.Project, s.Version, err)
		}
		if len(b) <= MaxScanBytes {
			return b, nil
		}
		if !s.shrink() {
			return nil, fmt.Errorf("message: scan of %s %s is %d bytes after every cut", s.Project, s.Version, len(b))
		}
	}
}

// shrink halves the largest part of s that may be cut and reports whether
// there was one.
func (s *Scan) shrink() bool {
	if s.Dropped == nil {
		s.Dropped = make(map[string]int)
	}
	drop := func(kind string, n int) int {
		keep := n / 2
		s.Dropped[kind] += n - keep
		return keep
	}
	switch {
	case len(s.Symbols) > 0 && len(s.Symbols) >= len(s.Indicators):
		s.Symbols = s.Symbols[:drop("symbols", len(s.Symbols))]
	case len(s.Indicators) > 0:
		s.Indicators = s.Indicators[:drop("indicators", len(s.Indicators))]
	case len(s.Metadata.RequiresDist) > 0:
		s.Metadata.RequiresDist = s.Metadata.RequiresDist[:drop("requires_dist", len(s.Metadata.RequiresDist))]
	case len(s.Metadata.Modules) > 0:
		s.Metadata.Modules = s.Metadata.Modules[:drop("modules", len(s.Metadata.Modules))]
	default:
		cut := false
		for i, o := range s.Observations {
			if n := len(o.Evidence); n > 0 {
				s.Observations[i].Evidence = o.Evidence[:drop("evidence", n)]
				cut = true
			}
		}
		return cut
	}
	return true
}

// DecodeScan decodes what EncodeScan wrote. It returns ErrSchema for a scan
// that is newer than this build.
func DecodeScan(b []byte) (*Scan, error) {
	s := new(Scan)
	if err := decode(b, s); err != nil {
		return nil, fmt.Errorf("message: decode scan: %w", err)
	}
	if s.Schema > ScanSchema {
		return nil, ErrSchema
	}
	return s, nil
}

func encode(v any) ([]byte, error) {
	enc, err := encoder()
	if err != nil {
		return nil, err
	}
	var buf bytes.Buffer
	j := json.NewEncoder(&buf)
	j.SetEscapeHTML(false)
	if err := j.Encode(v); err != nil {
		return nil, err
	}
	return enc.EncodeAll(buf.Bytes(), nil), nil
}

func decode(b []byte, v any) error {
	dec, err := decoder()
	if err != nil {
		return err
	}
	plain, err := dec.DecodeAll(b, nil)
	if err != nil {
		return err
	}
	return jsonv2.Unmarshal(plain, v) // an aggregator reads thousands a second
}
