package pypi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/cenkalti/backoff/v5"
)

// errRange: the range that was asked for lies behind the file's end.
var errRange = errors.New("status 416")

// Fetch implements Index.
func (c *client) Fetch(ctx context.Context, f File) (io.ReadCloser, error) {
	d := &download{c: c, ctx: ctx, file: f}
	if err := c.again(ctx, f.Name, d.open); err != nil {
		return nil, fmt.Errorf("pypi: file %s: %w", f.Name, err)
	}
	return d, nil
}

// Range is a piece of a file that is asked for.
type Range struct {
	Off, Len int64  // Len is at least 1
	ETag     string // of an earlier Part of the file, empty for the first
}

// Part is the answer to a Range. Its stream ends after the bytes that were
// asked for, or where the file does, and is taken up again where it breaks.
type Part struct {
	io.ReadCloser
	// Whole is true when the server does not know ranges: the stream is the whole
	// file, bounded by File.Size like that of Fetch.
	Whole bool
	// Size is the whole file's size in bytes, 0 when the server does not say.
	Size int64
	// ETag is strong, or empty.
	ETag string
}

// FetchRange asks for a piece of a file. Only positive ranges are used: some
// servers answer 501 to others. It returns ErrNoRanges when the server will
// not have ranges of this file, ErrChanged when it is no longer the one of
// r.ETag, and otherwise what Fetch does. A folder of distributions has no
// FetchRange: its files are at hand (Fetch returns an *os.File).
//
// RFC 9110, sections 13.1.5 and 14.
func (c *client) FetchRange(ctx context.Context, f File, r Range) (*Part, error) {
	d := &download{c: c, ctx: ctx, file: f, off: r.Off, end: r.Off + r.Len, etag: r.ETag, ranged: true}
	if err := c.again(ctx, f.Name, d.open); err != nil {
		return nil, fmt.Errorf("pypi: file %s: %w", f.Name, err)
	}
	return &Part{ReadCloser: d, Whole: !d.ranged, Size: max(d.length, 0), ETag: d.etag}, nil
}

// download is the stream of one file. When its connection breaks it asks for
// the rest by a range.
type download struct {
	c    *client
	ctx  context.Context // of the caller of Fetch, who also closes
	file File

	ranged bool  // the file is read from off to end alone
	off    int64 // of the next byte
	end    int64 // of the piece; 0 for the file's own end

	body    io.ReadCloser // nil between connections
	length  int64         // of the whole file as the answer declares it, -1 unknown
	etag    string
	reopens int
	err     error // in which the stream ended
}

// open makes one request for what is not yet read.
func (d *download) open() error {
	header := http.Header{"Accept-Encoding": {"identity"}} // the file's own bytes, whatever they are
	asked := d.off > 0 || d.ranged
	if asked {
		last := ""
		if d.end > 0 {
			last = strconv.FormatInt(d.end-1, 10)
		}
		header.Set("Range", fmt.Sprintf("bytes=%d-%s", d.off, last))
		if d.etag != "" {
			header.Set("If-Range", d.etag)
		}
	}
	resp, err := d.c.once(d.ctx, d.file.URL, header)
	if err != nil {
		switch {
		case errors.Is(err, errRange):
			return backoff.Permanent(fmt.Errorf("%w: nothing at byte %d", ErrSize, d.off))
		case errors.Is(err, errNotImplemented) && d.ranged:
			return backoff.Permanent(fmt.Errorf("%w: %w", ErrNoRanges, err))
		}
		return err
	}
	if err := d.accept(resp); err != nil {
		resp.Body.Close()
		return err
	}
	d.body = resp.Body
	return nil
}

// accept compares an answer with what was asked for.
func (d *download) accept(resp *http.Response) error {
	tag := resp.Header.Get("ETag")
	if strings.HasPrefix(tag, "W/") {
		tag = ""
	}
	skip := d.off
	d.length = resp.ContentLength
	if resp.StatusCode == http.StatusPartialContent {
		from, length, ok := contentRange(resp.Header.Get("Content-Range"))
		if !ok || from != d.off {
			return backoff.Permanent(fmt.Errorf("%w: another range than the one asked for", ErrRefused))
		}
		if d.etag != "" && tag != "" && tag != d.etag {
			return backoff.Permanent(ErrChanged)
		}
		skip, d.length = 0, length
		if d.ranged && length > 0 {
			d.end = min(d.end, length)
		}
	} else if d.ranged {
		if d.etag != "" {
			return backoff.Permanent(ErrChanged)
		}
		if d.off > 0 && d.body != nil {
			return backoff.Permanent(ErrNoRanges) // it knew them a moment ago
		}
		d.ranged, d.off, d.end, skip = false, 0, 0, 0
	}
	if d.file.Size > 0 && d.length >= 0 && d.length != d.file.Size {
		return backoff.Permanent(fmt.Errorf("%w: %d bytes where the index says %d", ErrSize, d.length, d.file.Size))
	}
	if tag != "" {
		d.etag = tag
	}
	if skip > 0 { // a server that knows no ranges
		if _, err := io.CopyN(io.Discard, resp.Body, skip); err != nil {
			return fmt.Errorf("%w: %w", ErrUnavailable, errCut)
		}
	}
	return nil
}

// contentRange reads "bytes 0-9/100"; length is -1 for "*".
func contentRange(s string) (from, length int64, ok bool) {
	var to int64
	var whole string
	if n, err := fmt.Sscanf(s, "bytes %d-%d/%s", &from, &to, &whole); err != nil || n != 3 {
		return 0, 0, false
	}
	length = -1
	if whole != "*" {
		var err error
		if length, err = strconv.ParseInt(whole, 10, 64); err != nil || length <= to {
			return 0, 0, false
		}
	}
	return from, length, true
}

// Read implements io.Reader.
func (d *download) Read(p []byte) (int, error) {
	for {
		if d.err != nil {
			return 0, d.err
		}
		if len(p) == 0 {
			return 0, nil
		}
		n, err := d.body.Read(p)
		switch limit := d.file.Size; {
		case d.ranged:
			n = int(min(int64(n), d.end-d.off))
		case limit > 0 && d.off+int64(n) > limit:
			n = int(limit - d.off)
			err = fmt.Errorf("%w: more than the %d bytes that the index says", ErrSize, limit)
		}
		d.off += int64(n)
		switch {
		case d.ranged && d.off == d.end:
			d.err = io.EOF
		case err == nil:
		case errors.Is(err, io.EOF) && d.whole():
			d.err = io.EOF
		case errors.Is(err, io.EOF) || errors.Is(err, errCut) || errors.Is(err, errStalled):
			d.err = d.reopen(err)
		default:
			d.err = err
		}
		if d.err != nil && !errors.Is(d.err, io.EOF) {
			d.err = fmt.Errorf("pypi: file %s: %w", d.file.Name, d.err)
		}
		if n > 0 {
			return n, nil
		}
	}
}

// whole reports whether the file's end may be here.
func (d *download) whole() bool {
	if d.ranged {
		return d.off >= d.end
	}
	if d.file.Size > 0 {
		return d.off == d.file.Size
	}
	return d.length < 0 || d.off >= d.length
}

// reopen asks for the rest after the connection broke.
func (d *download) reopen(cause error) error {
	d.body.Close()
	if d.reopens++; d.reopens >= d.c.opts.Tries {
		return fmt.Errorf("%w: broke off %d times: %w", ErrUnavailable, d.reopens, cause)
	}
	d.c.opts.Log.Warn("file is taken up again", "file", d.file.Name, "at", d.off, "error", cause)
	return d.c.again(d.ctx, d.file.Name, d.open)
}

// Close implements io.Closer.
func (d *download) Close() error {
	if d.err == nil {
		d.err = errors.New("pypi: file is closed")
	}
	return d.body.Close()
}
