package worker

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"slices"
	"strings"

	"prevalence/internal/pypi"
	"prevalence/schemas/message"
	"prevalence/worker/archive"
)

// packed is an opened distribution file: a stream, and where that is better
// something to be read in place.
type packed struct {
	stream io.ReadCloser   // nil when remote is not
	local  *os.File        // for zips: read in place; nil for a stream
	remote *archive.Remote // read by ranges
	size   int64           // of remote
}

// close ends what is under way; it was read as far as it was wanted.
func (p *packed) close() {
	if p.remote != nil {
		_ = p.remote.Close()
	} else {
		_ = p.stream.Close()
	}
}

// What a file weighs in the budget, beside what it is held in.
const (
	remoteWeight = 24 << 20 // a window, and the largest member
	packRatio    = 8        // an sdist's source against its packed size
)

// errTime is the cause of a file's context that ran out.
var errTime = errors.New("worker: no time is left for this file")

// read reads one distribution file. It returns a *fileError when the file
// cannot be had as promised, and other errors when the index or the network
// failed; a malformed file is noted in the scan.
func (r *reading) read(ctx context.Context, f pypi.File, whole bool, open opener) error {
	r.begin(f.Name, f.Kind)
	format, _ := archive.FormatOf(f.Name)
	weight := int64(r.a.o.HeldBytes)
	switch {
	case format == archive.FormatTar && f.Size > 0:
		weight = min(weight, packRatio*f.Size)
	case format == archive.FormatZip && !whole && f.Size >= r.a.o.RangesFrom:
		weight = remoteWeight
	case format == archive.FormatZip:
		weight = r.zipWeight(f)
	}
	free, err := r.a.budget.take(ctx, weight)
	if err != nil {
		return err
	}
	defer func() {
		r.b.trim()
		free()
	}()

	ctx, cancel := context.WithTimeoutCause(ctx, r.a.o.FileTimeout, errTime)
	defer cancel()
	in, err := open(ctx, f, whole)
	if err != nil {
		return r.lost(ctx, f, err)
	}
	defer in.close()
	if in.remote != nil {
		stats, err := r.b.walker.Zip(ctx, in.remote, in.size, r.visitor())
		if !errors.Is(err, archive.ErrWhole) {
			return r.endRemote(ctx, f, in, stats, err)
		}
		if len(r.layout.names) > 0 { // facts were taken already
			return &fileError{file: f.Name, why: whyScattered, err: err}
		}
	}
	if in.remote != nil || format == archive.FormatZip && in.local == nil && weight == remoteWeight {
		// Nothing is held open while this waits: it may be the only connection, and
		// the one who has the budget may wait for it.
		in.close()
		free()
		if free, err = r.a.budget.take(ctx, r.zipWeight(f)); err != nil {
			free = func() {}
			return r.lost(ctx, f, err)
		}
		all, err := rest(ctx, f, in, open)
		if err != nil {
			return r.lost(ctx, f, err)
		}
		defer all.close()
		in = all
	}
	return r.readStream(ctx, f, in, format)
}

// rest opens a file that is read whole after all.
func rest(ctx context.Context, f pypi.File, in *packed, open opener) (*packed, error) {
	if in.remote == nil {
		return open(ctx, f, true)
	}
	stream, err := in.remote.Rest()
	if err != nil {
		return nil, err
	}
	return &packed{stream: stream}, nil
}

// zipWeight is what a zip weighs that is held in memory.
func (r *reading) zipWeight(f pypi.File) int64 {
	if f.Size <= 0 {
		return r.a.o.ZipBytes
	}
	return min(f.Size, r.a.o.ZipBytes)
}

// readStream reads a file from its beginning to its end.
func (r *reading) readStream(ctx context.Context, f pypi.File, in *packed, format archive.Format) error {
	sum := &hashing{r: in.stream, h: newHash()}
	var stats archive.Stats
	var walkErr error
	switch {
	case format == archive.FormatTar:
		stats, walkErr = r.b.walker.Tar(ctx, sum, f.Name, r.visitor())
	case in.local != nil:
		stats, walkErr = r.zipInPlace(ctx, in.local)
	case f.Size > r.a.o.ZipBytes:
		r.leaveOut(f, WhyNeedsRanges)
		return nil
	default:
		over, err := r.b.fill(sum, f.Size, r.a.o.ZipBytes)
		if err != nil {
			return r.lost(ctx, f, err)
		}
		if over {
			r.leaveOut(f, WhyNeedsRanges)
			return nil
		}
		if bad := verify(f, sum); bad != nil {
			return bad
		}
		stats, walkErr = r.b.walker.Zip(ctx, bytes.NewReader(r.b.zip), int64(len(r.b.zip)), r.visitor())
	}
	why, known := archive.Why(walkErr)
	timeout := false
	if walkErr != nil && !known {
		if timeout = outOfTime(ctx); !timeout {
			return classify(f.Name, walkErr)
		}
		why = WhyTimeout
	}
	verified := false
	if !timeout && !errors.Is(walkErr, archive.ErrLimit) {
		// What trails the archive belongs to the file's hash. A bomb is left alone.
		if _, err := io.Copy(io.Discard, sum); err != nil {
			return r.lost(ctx, f, err)
		}
		if bad := verify(f, sum); bad != nil {
			return bad
		}
		verified = f.SHA256 != ""
	}
	r.end(f, stats, message.File{Bytes: sum.n, SHA256: sum.hex(), Verified: verified}, why)
	return nil
}

// endRemote sums up a file that was read by ranges, which nobody can verify.
func (r *reading) endRemote(ctx context.Context, f pypi.File, in *packed, stats archive.Stats, err error) error {
	why, known := archive.Why(err)
	if err != nil && !known {
		if !outOfTime(ctx) {
			return classify(f.Name, err)
		}
		why = WhyTimeout
	}
	r.end(f, stats, message.File{Bytes: in.size, SHA256: f.SHA256}, why)
	return nil
}

func outOfTime(ctx context.Context) bool { return errors.Is(context.Cause(ctx), errTime) }

// lost says what it means that a file cannot be read on: that it is left out
// when its time is over, and else what classify says.
func (r *reading) lost(ctx context.Context, f pypi.File, err error) error {
	if outOfTime(ctx) {
		r.leaveOut(f, WhyTimeout)
		return nil
	}
	return classify(f.Name, err)
}

// zipInPlace reads a local zip without holding it in memory.
func (r *reading) zipInPlace(ctx context.Context, f *os.File) (archive.Stats, error) {
	info, err := f.Stat()
	if err != nil {
		return archive.Stats{}, fmt.Errorf("worker: %w", err)
	}
	return r.b.walker.Zip(ctx, f, info.Size(), r.visitor())
}

// fill reads a zip into memory; over is true when it is larger than limit.
func (b *bench) fill(r io.Reader, size, limit int64) (over bool, err error) {
	b.zip = slices.Grow(b.zip[:0], int(min(max(size, 64<<10), limit))+1)
	for {
		if len(b.zip) == cap(b.zip) {
			b.zip = slices.Grow(b.zip, len(b.zip))
		}
		n, err := r.Read(b.zip[len(b.zip):cap(b.zip)])
		b.zip = b.zip[:len(b.zip)+n]
		if int64(len(b.zip)) > limit {
			return true, nil
		}
		if err == io.EOF {
			return false, nil
		}
		if err != nil {
			return false, err
		}
	}
}

// classify tells files that cannot be had from faults that may pass.
func classify(file string, err error) error {
	for _, c := range []struct {
		is  error
		why string
	}{{pypi.ErrNotFound, WhyFileGone}, {pypi.ErrRefused, WhyFileRefused}, {pypi.ErrSize, WhyWrongSize}, {pypi.ErrChanged, WhyFileChanged}} {
		if errors.Is(err, c.is) {
			return &fileError{file: file, why: c.why, err: err}
		}
	}
	if errors.Is(err, pypi.ErrNoRanges) { // which it had a moment ago
		return &fileError{file: file, why: whyScattered, err: err}
	}
	return fmt.Errorf("worker: file %s: %w", file, err)
}

// hashing sums what is read through it.
type hashing struct {
	r io.Reader
	h hash.Hash
	n int64
}

func newHash() hash.Hash { return sha256.New() }

func (h *hashing) Read(p []byte) (int, error) {
	n, err := h.r.Read(p)
	h.h.Write(p[:n])
	h.n += int64(n)
	return n, err
}

func (h *hashing) hex() string { return hex.EncodeToString(h.h.Sum(nil)) }

// verify compares what was read with what the index says of it.
func verify(f pypi.File, got *hashing) error {
	if f.Size > 0 && got.n != f.Size {
		return &fileError{file: f.Name, why: WhyWrongSize, err: fmt.Errorf("%d bytes instead of %d", got.n, f.Size)}
	}
	if f.SHA256 != "" && !strings.EqualFold(f.SHA256, got.hex()) {
		return &fileError{file: f.Name, why: WhyWrongHash, err: errors.New("sha256 differs")}
	}
	return nil
}
