package worker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"prevalence/internal/pypi"
	"prevalence/worker/archive"
)

// partFetcher is an index whose files can be read in parts: one over HTTP.
type partFetcher interface {
	FetchRange(ctx context.Context, f pypi.File, r pypi.Range) (*pypi.Part, error)
}

// probeBytes are asked for of a zip whose size the index does not say: most
// files are no larger.
const probeBytes = 64 << 10

// whyScattered marks a file that is read whole after all. It is no outcome.
const whyScattered = "read-whole"

// open opens a file of the index: a large zip by ranges, unless whole is true
// or the server has none.
func (a *Analyzer) open(ctx context.Context, f pypi.File, whole bool) (*packed, error) {
	format, _ := archive.FormatOf(f.Name)
	parts, ok := a.o.Index.(partFetcher)
	if ok && !whole && format == archive.FormatZip && (f.Size <= 0 || f.Size >= a.o.RangesFrom) {
		p, err := a.openParts(ctx, parts, f)
		if !errors.Is(err, pypi.ErrNoRanges) {
			return p, err
		}
	}
	r, err := a.o.Index.Fetch(ctx, f)
	if err != nil {
		return nil, err
	}
	file, _ := r.(*os.File)
	return &packed{stream: r, local: file}, nil
}

// openParts makes the first request for a part of a zip: its end, or its
// beginning where its size is not known.
func (a *Analyzer) openParts(ctx context.Context, parts partFetcher, f pypi.File) (*packed, error) {
	first := pypi.Range{Len: probeBytes}
	if f.Size > 0 {
		first = pypi.Range{Off: max(0, f.Size-archive.TailBytes), Len: min(f.Size, archive.TailBytes)}
	}
	part, err := parts.FetchRange(ctx, f, first)
	if err != nil {
		return nil, err
	}
	if part.Whole {
		return &packed{stream: part.ReadCloser}, nil
	}
	fetch := func(off, n int64) (io.ReadCloser, error) {
		p, err := parts.FetchRange(ctx, f, pypi.Range{Off: off, Len: n, ETag: part.ETag})
		if err != nil {
			return nil, err
		}
		if p.Whole { // it had ranges a moment ago
			p.Close()
			return nil, fmt.Errorf("worker: file %s: %w", f.Name, pypi.ErrNoRanges)
		}
		return p.ReadCloser, nil
	}
	switch {
	case f.Size <= 0 && part.Size <= 0:
		part.Close()
		return nil, fmt.Errorf("worker: file %s: its size is not told: %w", f.Name, pypi.ErrNoRanges)
	case f.Size <= 0 && part.Size <= first.Len:
		return &packed{stream: part.ReadCloser}, nil
	}
	known, err := io.ReadAll(part)
	part.Close() // before the next request: the host may allow one at a time
	if err != nil {
		return nil, err
	}
	if f.Size > 0 {
		return a.packRemote(archive.NewRemote(f.Size, nil, known, fetch), f.Size), nil
	}
	remote := archive.NewRemote(part.Size, known, nil, fetch)
	if part.Size >= a.o.RangesFrom {
		return a.packRemote(remote, part.Size), nil
	}
	rest, err := remote.Rest()
	if err != nil {
		return nil, err
	}
	return &packed{stream: rest}, nil
}

func (a *Analyzer) packRemote(r *archive.Remote, size int64) *packed {
	r.NeverWhole = size > a.o.ZipBytes
	return &packed{remote: r, size: size}
}

// Ranges says what reading one zip by ranges costs. Bytes are packed.
type Ranges struct {
	Whole     int64 // the file's size
	Directory int64 // the central directory and end records
	Needed    int64 // of the members, with their headers: what the scanner reads
	Fetched   int64 // what was asked for
	Requests  int
	// ReadWhole is true when nearly all was needed, so that the file was read whole
	// and can be verified.
	ReadWhole bool
}

// MeasureRanges reads a zip of an index as a scan does, whatever its size, and
// says what that cost. It returns an error when the index has no ranges.
func MeasureRanges(ctx context.Context, x pypi.Index, f pypi.File) (Ranges, error) {
	parts, ok := x.(partFetcher)
	if !ok {
		return Ranges{}, fmt.Errorf("worker: index %s: %w", x.URL(), pypi.ErrNoRanges)
	}
	a := &Analyzer{o: Options{Index: x, RangesFrom: 1}.withDefaults()}
	in, err := a.openParts(ctx, parts, f)
	if err != nil {
		return Ranges{}, err
	}
	defer in.close()
	if in.remote == nil {
		return Ranges{}, fmt.Errorf("worker: file %s: %w", f.Name, pypi.ErrNoRanges)
	}
	var w archive.Walker
	v := archive.Visitor{Want: wanted, More: wantedAfter, Member: func(archive.Member) error { return nil }}
	stats, err := w.Zip(ctx, in.remote, in.size, v)
	m := Ranges{Whole: in.size}
	if errors.Is(err, archive.ErrWhole) {
		m.ReadWhole = true
		rest, restErr := in.remote.Rest()
		if restErr != nil {
			return m, restErr
		}
		defer rest.Close()
		var b bench
		if _, err := b.fill(rest, in.size, in.size); err != nil {
			return m, err
		}
		stats, err = w.Zip(ctx, bytes.NewReader(b.zip), int64(len(b.zip)), v)
	}
	m.Directory, m.Needed = stats.DirectoryBytes, stats.NeededBytes
	m.Fetched, m.Requests = in.remote.Fetched()
	return m, err
}
