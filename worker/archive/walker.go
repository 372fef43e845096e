package archive

import (
	"bufio"
	"compress/bzip2"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Walker reads archives one after the other and keeps its buffers in between.
// The zero value is ready to use. It is not safe for concurrent use; give each
// goroutine its own.
type Walker struct {
	Limits Limits // changes take effect with the next walk

	limits Limits
	packed *bufio.Reader // over the file
	inner  *bufio.Reader // over one member's packed bytes
	gzip   *gzip.Reader
	flate  io.ReadCloser
	data   []byte
	names  *nameSet
}

const (
	hintBytes = 4 << 20 // of a buffer that is made because of what a member claims to be
	keepBytes = 1 << 20 // of a buffer that is kept from one archive to the next
)

// begin readies the walker for an archive.
func (w *Walker) begin() {
	w.limits = w.Limits.withDefaults()
	if w.names == nil {
		w.names = newNameSet()
	}
	w.names.reset()
	if cap(w.data) > keepBytes {
		w.data = nil
	}
}

// enter counts an entry's name and reports whether the member may be read.
func (w *Walker) enter(raw string, size int64, stats *Stats) (name string, ok bool) {
	if len(raw) > w.limits.NameBytes {
		name = cleanName(raw[:w.limits.NameBytes], func(string) {})
		stats.cut(name, WhyNameTooLong, size)
		return name, false
	}
	var kinds []string
	name = cleanName(raw, func(kind string) { kinds = append(kinds, kind) })
	for _, kind := range kinds {
		stats.note(kind, name)
	}
	if name == "" {
		return "", false
	}
	depth := 1
	for i := range len(name) {
		if name[i] == '/' {
			depth++
		}
	}
	if depth > w.limits.Depth {
		stats.cut(name, WhyTooDeep, size)
		return name, false
	}
	if kind := w.names.add(name); kind != "" {
		stats.note(kind, name)
	}
	return name, true
}

// take reads at most n bytes of r into the walker's buffer and reports whether
// r ended there. hint is the size that is expected.
func (w *Walker) take(r io.Reader, n, hint int64) (data []byte, ended bool, err error) {
	w.data = w.data[:0]
	return w.takeMore(r, n, hint)
}

// takeMore goes on where take stopped, to n bytes in all.
func (w *Walker) takeMore(r io.Reader, n, hint int64) (data []byte, ended bool, err error) {
	if room := int(min(max(hint, 0), n, hintBytes)) + 1 - len(w.data); room > 0 {
		w.data = slices.Grow(w.data, room)
	}
	for {
		if int64(len(w.data)) > n {
			return w.data[:n], false, nil
		}
		if len(w.data) == cap(w.data) {
			w.data = slices.Grow(w.data, max(4096, len(w.data)))
		}
		room := w.data[len(w.data):min(int64(cap(w.data)), n+1)]
		m, err := r.Read(room)
		w.data = w.data[:len(w.data)+m]
		if err == io.EOF {
			if int64(len(w.data)) > n {
				return w.data[:n], false, nil
			}
			return w.data, true, nil
		}
		if err != nil {
			return w.data, false, err
		}
	}
}

// unpacked returns a reader over the plain bytes of a stream whose compression
// is told by its first bytes; what names that compression ("" for none).
func (w *Walker) unpacked(r *bufio.Reader) (plain io.Reader, what string, err error) {
	magic, err := r.Peek(6)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, "", err
	}
	if len(magic) == 0 {
		return nil, "", io.ErrUnexpectedEOF
	}
	has := func(prefix string) bool { return len(magic) >= len(prefix) && string(magic[:len(prefix)]) == prefix }
	switch {
	case has("\x1f\x8b"):
		if w.gzip == nil {
			w.gzip = new(gzip.Reader)
		}
		if err := w.gzip.Reset(r); err != nil {
			return nil, "gz", err
		}
		return w.gzip, "gz", nil
	case has("BZh"):
		return bzip2.NewReader(r), "bz2", nil
	case has("\xfd7zXZ\x00"):
		return newXZ(r, w.limits.WindowBytes), "xz", nil
	case has("\x28\xb5\x2f\xfd"):
		d, err := newZstd(r, w.limits.WindowBytes)
		return d, "zst", err
	case has("PK\x03\x04"), has("PK\x05\x06"):
		return nil, "zip", errors.New("a zip")
	}
	return r, "", nil
}

func newZstd(r io.Reader, window int64) (io.Reader, error) {
	d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(uint64(max(window, zstd.MinWindowSize))), zstd.WithDecoderMaxMemory(uint64(max(window, zstd.MinWindowSize))))
	if err != nil {
		return nil, fmt.Errorf("zstd: %w", err)
	}
	return d.IOReadCloser(), nil
}

func (w *Walker) inflate(r io.Reader) (io.Reader, error) {
	if w.flate == nil {
		w.flate = flate.NewReader(r)
		return w.flate, nil
	}
	if err := w.flate.(flate.Resetter).Reset(r, nil); err != nil {
		return nil, fmt.Errorf("flate: %w", err)
	}
	return w.flate, nil
}

// source counts what is consumed of a file and keeps the error that is the
// source's own, so that it is never mistaken for a malformed archive.
type source struct {
	ctx context.Context
	r   io.Reader
	n   int64
	err error
}

func (s *source) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		s.err = err
		return 0, err
	}
	n, err := s.r.Read(p)
	s.n += int64(n)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

// meter counts unpacked bytes over a whole walk and ends it at a limit.
type meter struct {
	limits Limits
	total  int64
	packed func() int64
	err    error
}

func (m *meter) add(n int) error {
	m.total += int64(n)
	if m.total > m.limits.TotalBytes {
		m.err = &LimitError{Why: WhyTotalTooLarge}
		return m.err
	}
	if m.total > m.limits.RatioFloorBytes && float64(m.total) > m.limits.Ratio*float64(max(m.packed(), 1)) {
		m.err = &LimitError{Why: WhyRatio}
		return m.err
	}
	return nil
}

// metered is a reader whose bytes go through a meter; the context is asked
// before each read.
type metered struct {
	ctx context.Context
	r   io.Reader
	m   *meter
}

func (r *metered) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		r.m.err = err
		return 0, err
	}
	n, err := r.r.Read(p)
	if n > 0 {
		if limit := r.m.add(n); limit != nil {
			return n, limit
		}
	}
	return n, err
}
