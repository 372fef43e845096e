package pypi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
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

// download is the stream of one file. When its connection breaks it asks for
// the rest by a range.
type download struct {
	c    *client
	ctx  context.Context // of the caller of Fetch, who also closes
	file File

	body    io.ReadCloser // nil between connections
	off     int64         // bytes given to the reader
	length  int64         // of the whole file as the answer declares it, -1 unknown
	etag    string
	reopens int
	err     error // in which the stream ended
}

// open makes one request for what is not yet read.
func (d *download) open() error {
	header := http.Header{"Accept-Encoding": {"identity"}} // the file's own bytes, whatever they are
	if d.off > 0 {
		header.Set("Range", fmt.Sprintf("bytes=%d-", d.off))
		if d.etag != "" {
			header.Set("If-Range", d.etag)
		}
	}
	resp, err := d.c.once(d.ctx, d.file.URL, header)
	if err != nil {
		if errors.Is(err, errRange) {
			return backoff.Permanent(fmt.Errorf("%w: it ends at %d of %d bytes", ErrSize, d.off, d.file.Size))
		}
		return err
	}
	skip := d.off
	d.length = resp.ContentLength
	if resp.StatusCode == http.StatusPartialContent {
		var from, to int64
		if _, err := fmt.Sscanf(resp.Header.Get("Content-Range"), "bytes %d-%d/", &from, &to); err != nil || from != d.off {
			resp.Body.Close()
			return backoff.Permanent(fmt.Errorf("%w: another range than the one asked for", ErrRefused))
		}
		skip = 0
		if d.length >= 0 {
			d.length += d.off
		}
	}
	if d.file.Size > 0 && d.length >= 0 && d.length != d.file.Size {
		resp.Body.Close()
		return backoff.Permanent(fmt.Errorf("%w: %d bytes where the index says %d", ErrSize, d.length, d.file.Size))
	}
	if tag := resp.Header.Get("ETag"); !strings.HasPrefix(tag, "W/") {
		d.etag = tag
	}
	if skip > 0 { // a server that knows no ranges
		if _, err := io.CopyN(io.Discard, resp.Body, skip); err != nil {
			resp.Body.Close()
			return fmt.Errorf("%w: %w", ErrUnavailable, errCut)
		}
	}
	d.body = resp.Body
	return nil
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
		if over := d.off + int64(n) - d.file.Size; d.file.Size > 0 && over > 0 {
			n -= int(over)
			err = fmt.Errorf("%w: more than the %d bytes that the index says", ErrSize, d.file.Size)
		}
		d.off += int64(n)
		switch {
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
