package archive

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"slices"
)

// Span is a piece of a file: Len bytes from byte Off on.
type Span struct{ Off, Len int64 }

func (s Span) end() int64 { return s.Off + s.Len }

// ErrWhole is returned by Zip for a Remote of which nearly all is needed, or
// needed in too many pieces: read the file whole instead. In the first case
// the visitor was not asked for anything but Want.
var ErrWhole = errors.New("archive: better read whole")

// TailBytes is how much of a file's end is asked for first: it holds the end
// record, and most directories.
const TailBytes = 8 << 10

// How a Remote asks. Bytes are packed.
const (
	tailBytes     = 8 << 10  // first asked for: the end record, and most directories with it
	keepTailBytes = 1 << 20  // of the directory; a larger one is not kept
	bridgeBytes   = 64 << 10 // a gap that is bridged, instead of asking twice, at most
	bridgeShare   = 0.025    // of what is asked for that may be bridged gaps
	wholeShare    = 0.96     // of the file from which on it is read whole
	bridgedShare  = 0.8      // the same, where too many gaps had to be bridged
	maxSpans      = 64       // requests that are planned; beyond, gaps are bridged at any price
	maxUnplanned  = 128      // requests that turn out necessary while reading
	remoteWindow  = 128 << 10
	remoteOverlap = 32 << 10 // of the window that stays when it moves on
	drainBytes    = 16 << 10 // read to its end rather than break a connection
)

// Remote is a zip at a distance, which Walker.Zip reads by ranges: the
// directory first, then the pieces that the visitor wants, in the order of the
// file, neighbouring ones by one request. It holds no more than a window of it.
// Close it. It is not safe for concurrent use.
type Remote struct {
	size int64
	open func(off, n int64) (io.ReadCloser, error)
	head []byte // of the file, when that was read before

	tail   []byte // the file's end
	plan   []Span // sorted, apart from each other
	body   io.ReadCloser
	pos    int64 // of body
	end    int64 // of body
	buf    []byte
	bufOff int64

	// NeverWhole says that the file is too large to be read whole: Zip does not
	// return ErrWhole, and a file in too many pieces ends in a *LimitError.
	NeverWhole bool

	fetched   int64
	requests  int
	unplanned int
}

// NewRemote returns a Remote of a file of size bytes. open asks for n bytes
// from off on and returns a stream of just these. head and tail are what was
// fetched of the file's beginning and end already, or nil.
func NewRemote(size int64, head, tail []byte, open func(off, n int64) (io.ReadCloser, error)) *Remote {
	r := &Remote{size: size, open: open, head: head, tail: tail}
	for _, b := range [][]byte{head, tail} {
		if len(b) > 0 {
			r.fetched += int64(len(b))
			r.requests++
		}
	}
	return r
}

// Fetched returns how many bytes were asked for, in how many requests.
func (r *Remote) Fetched() (bytes int64, requests int) { return r.fetched, r.requests }

// Close ends the request under way.
func (r *Remote) Close() error {
	if r.body == nil {
		return nil
	}
	if left := r.end - r.pos; left <= drainBytes {
		_, _ = io.CopyN(io.Discard, r.body, left) // for the connection's sake; it is not read any more
	}
	err := r.body.Close()
	r.body = nil
	return err
}

// Rest returns a reader of the whole file that asks for what is not held yet:
// one request. It is for who was answered ErrWhole.
func (r *Remote) Rest() (io.ReadCloser, error) {
	if err := r.Close(); err != nil {
		return nil, err
	}
	from, to := int64(len(r.head)), r.size-int64(len(r.tail))
	if from >= to {
		from = to
	}
	parts := []io.Reader{bytes.NewReader(r.head[:from])}
	closer := io.NopCloser(nil)
	if from < to {
		body, err := r.request(from, to-from)
		if err != nil {
			return nil, err
		}
		parts, closer = append(parts, body), body
	}
	parts = append(parts, bytes.NewReader(r.tail))
	return struct {
		io.Reader
		io.Closer
	}{io.MultiReader(parts...), closer}, nil
}

// ReadAt implements io.ReaderAt. What is in no planned span is asked for as it
// is read.
func (r *Remote) ReadAt(p []byte, off int64) (n int, err error) {
	for n < len(p) {
		at := off + int64(n)
		switch from := r.size - int64(len(r.tail)); {
		case at < 0 || at >= r.size:
			return n, io.EOF
		case at < int64(len(r.head)):
			n += copy(p[n:], r.head[at:])
		case at >= from:
			n += copy(p[n:], r.tail[at-from:])
		case at >= r.bufOff && at < r.bufOff+int64(len(r.buf)):
			n += copy(p[n:], r.buf[at-r.bufOff:])
		default:
			if err := r.advance(at, min(int64(len(p)-n), from-at)); err != nil {
				return n, err
			}
		}
	}
	return n, nil
}

// keepFrom holds the file's end from off on, unless that is too much.
func (r *Remote) keepFrom(off int64) error {
	from := r.size - int64(len(r.tail))
	switch {
	case off >= from:
		return nil
	case r.size-off > keepTailBytes: // it will be streamed
		r.plan = append(r.plan[:0], Span{off, from - off})
		return nil
	}
	b := make([]byte, r.size-off)
	copy(b[from-off:], r.tail)
	if err := r.read(b[:from-off], off); err != nil {
		return err
	}
	r.tail = b
	return nil
}

// read fills b by a request of its own.
func (r *Remote) read(b []byte, off int64) error {
	body, err := r.request(off, int64(len(b)))
	if err != nil {
		return err
	}
	defer body.Close()
	if _, err := io.ReadFull(body, b); err != nil {
		return cutShort(err)
	}
	return nil
}

func (r *Remote) request(off, n int64) (io.ReadCloser, error) {
	r.requests++
	r.fetched += n
	return r.open(off, n)
}

var errCutShort = errors.New("archive: a range ended early")

// cutShort keeps the end of an answer from being taken for the end of the file.
func cutShort(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errCutShort
	}
	return err
}

// advance moves the window so that it holds the byte at off; n are wanted.
func (r *Remote) advance(off, n int64) error {
	if r.body == nil || off < r.pos || off >= r.end {
		if err := r.reopen(off, n); err != nil {
			return err
		}
	}
	for {
		if r.bufOff+int64(len(r.buf)) != r.pos { // another stream
			r.buf, r.bufOff = r.buf[:0], r.pos
		}
		if r.buf == nil {
			r.buf = make([]byte, 0, remoteWindow)
		}
		if len(r.buf) == cap(r.buf) {
			keep := copy(r.buf, r.buf[len(r.buf)-remoteOverlap:])
			r.buf, r.bufOff = r.buf[:keep], r.pos-int64(keep)
		}
		m, err := r.body.Read(r.buf[len(r.buf):min(int64(cap(r.buf)), int64(len(r.buf))+r.end-r.pos)])
		r.buf = r.buf[:len(r.buf)+m]
		r.pos += int64(m)
		if off < r.pos {
			return nil
		}
		if err != nil {
			return cutShort(err)
		}
	}
}

// reopen begins the request that has the byte at off.
func (r *Remote) reopen(off, n int64) error {
	if err := r.Close(); err != nil {
		return err
	}
	span := Span{off, n}
	i, found := slices.BinarySearchFunc(r.plan, off, func(s Span, off int64) int { return cmp.Compare(s.Off, off) })
	if !found && i > 0 {
		i--
	}
	switch {
	case i < len(r.plan) && r.plan[i].Off <= off && off < r.plan[i].end():
		span.Len = r.plan[i].end() - off
	default:
		if i < len(r.plan) && r.plan[i].Off > off { // up to what is planned anyway
			span.Len = min(span.Len, r.plan[i].Off-off)
		}
		if r.unplanned++; r.unplanned > maxUnplanned {
			if r.NeverWhole {
				return &LimitError{Why: WhyScattered}
			}
			return ErrWhole
		}
	}
	body, err := r.request(span.Off, span.Len)
	if err != nil {
		return err
	}
	r.body, r.pos, r.end = body, span.Off, span.end()
	return nil
}

// want adds a span to the plan while the file is read.
func (r *Remote) want(s Span) {
	i, _ := slices.BinarySearchFunc(r.plan, s.Off, func(s Span, off int64) int { return cmp.Compare(s.Off, off) })
	if i > 0 && r.plan[i-1].end() >= s.Off && r.plan[i-1].end() < s.end() {
		r.plan[i-1].Len = s.end() - r.plan[i-1].Off
		return
	}
	r.plan = slices.Insert(r.plan, i, s)
}

// setPlan takes what will be read, in any order, and merges what is close
// together. It returns ErrWhole when that is nearly everything.
func (r *Remote) setPlan(spans []Span) error {
	from := r.size - int64(len(r.tail))
	spans = clip(spans, int64(len(r.head)), from)
	if !r.NeverWhole && float64(total(spans)+int64(len(r.tail)+len(r.head))) >= wholeShare*float64(r.size) {
		return ErrWhole
	}
	needed := total(spans)
	r.plan = bridge(spans)
	if got := total(r.plan); !r.NeverWhole && got > needed+needed/10 && float64(got) >= bridgedShare*float64(r.size) {
		return ErrWhole
	}
	return nil
}

func total(spans []Span) (sum int64) {
	for _, s := range spans {
		sum += s.Len
	}
	return sum
}

// clip sorts spans, cuts them to the piece of the file from lo to hi, and
// merges those that touch.
func clip(spans []Span, lo, hi int64) []Span {
	out := make([]Span, 0, len(spans))
	for _, s := range spans {
		if from, to := max(s.Off, lo), min(s.end(), hi); from < to {
			out = append(out, Span{from, to - from})
		}
	}
	slices.SortFunc(out, func(a, b Span) int { return cmp.Compare(a.Off, b.Off) })
	return merge(out, 0)
}

// bridge merges clipped spans over the smallest gaps, as long as that adds
// little, or there are too many spans.
func bridge(spans []Span) []Span {
	gaps := make([]int64, 0, len(spans))
	for i := 1; i < len(spans); i++ {
		gaps = append(gaps, spans[i].Off-spans[i-1].end())
	}
	slices.Sort(gaps)
	left := int64(bridgeShare * float64(total(spans)))
	widest := int64(0)
	for i := 0; i < len(gaps); {
		same := i // gaps of one size are bridged together
		for ; i < len(gaps) && gaps[i] == gaps[same]; i++ {
			left -= gaps[i]
		}
		if len(gaps)-same < maxSpans && (gaps[same] > bridgeBytes || left < 0) {
			break
		}
		widest = gaps[same]
	}
	return merge(spans, widest)
}

// merge joins sorted spans that are at most gap apart.
func merge(spans []Span, gap int64) []Span {
	out := spans[:0]
	for _, s := range spans {
		if n := len(out); n > 0 && s.Off-out[n-1].end() <= gap {
			out[n-1].Len = max(out[n-1].Len, s.end()-out[n-1].Off)
			continue
		}
		out = append(out, s)
	}
	return out
}
