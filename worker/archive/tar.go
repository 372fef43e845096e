package archive

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
)

// Tar walks a tar, compressed or not, and calls v.Member for each regular
// member that v wants, in archive order. name is the file's name; it only
// tells which compression was promised. The reader is consumed to the end of
// the archive and what trails it, unless an error ends the walk.
//
// It returns a *FormatError for what is no tar or breaks off, a *LimitError
// when a limit ends the walk, and the errors of r, of ctx and of v as they are
// (wrapped).
//
// Sdists: PEP 517, PEP 625, PEP 721. GNU and PAX extensions as archive/tar.
func (w *Walker) Tar(ctx context.Context, r io.Reader, name string, v Visitor) (stats Stats, err error) {
	w.begin()
	src := &source{ctx: ctx, r: r}
	if w.packed == nil {
		w.packed = bufio.NewReaderSize(nil, 64<<10)
	}
	w.packed.Reset(src)
	m := &meter{limits: w.limits, packed: func() int64 { return src.n }}
	defer func() { stats.PackedBytes = src.n }()

	// fail says whose error ended the walk.
	fail := func(why string, err error) error {
		switch {
		case src.err != nil:
			return fmt.Errorf("archive: read %s: %w", name, src.err)
		case m.err != nil:
			return m.err
		case errors.Is(err, io.ErrUnexpectedEOF):
			return &FormatError{Why: WhyTruncated, Err: err}
		}
		return &FormatError{Why: why, Err: err}
	}

	plain, what, err := w.unpacked(w.packed)
	if err != nil {
		if what == "" {
			what = "archive"
		}
		if what == "zip" {
			return stats, fail(WhyNotArchive, err)
		}
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return stats, fail(WhyCompression, err)
	}
	if c, ok := plain.(io.Closer); ok {
		defer c.Close()
	}
	if promised := compressionOf(name); promised != what {
		stats.note(AnomalyFormat, "")
	}
	counted := &metered{ctx: ctx, r: plain, m: m}
	decompressed := &compressionErrors{r: counted}
	t := tar.NewReader(decompressed)
	for entries := 1; ; entries++ {
		h, err := t.Next()
		if err == io.EOF {
			break
		}
		if err != nil && !errors.Is(err, tar.ErrInsecurePath) {
			why := WhyTarHeader
			if decompressed.err != nil {
				why = WhyCompression
			} else if entries == 1 && !errors.Is(err, io.ErrUnexpectedEOF) {
				why = WhyNotArchive
			}
			return stats, fail(why, err)
		}
		if entries > w.limits.Members {
			return stats, &LimitError{Why: WhyTooManyMembers}
		}
		if err := w.tarEntry(t, h, v, &stats); err != nil {
			var own *visitorError
			if errors.As(err, &own) {
				return stats, own.err
			}
			why := WhyTarHeader
			if decompressed.err != nil {
				why = WhyCompression
			}
			return stats, fail(why, err)
		}
	}
	w.drain(decompressed, &stats)
	if src.err != nil {
		return stats, fail(WhyCompression, src.err)
	}
	if ctx.Err() != nil {
		return stats, ctx.Err()
	}
	return stats, nil
}

// visitorError marks an error as the visitor's own.
type visitorError struct{ err error }

func (e *visitorError) Error() string { return e.err.Error() }

// tarEntry handles one header and what follows it.
func (w *Walker) tarEntry(t *tar.Reader, h *tar.Header, v Visitor, stats *Stats) error {
	switch h.Typeflag {
	case tar.TypeReg, tar.TypeRegA, tar.TypeCont, tar.TypeGNUSparse: //nolint:staticcheck // old tars say TypeRegA
		if strings.HasSuffix(h.Name, "/") {
			return nil
		}
	case tar.TypeSymlink, tar.TypeLink:
		stats.Links++
		name, _ := w.enter(h.Name, 0, stats)
		symbolic := h.Typeflag == tar.TypeSymlink
		switch {
		case escapes(name, h.Linkname, symbolic):
			stats.note(AnomalyEscapingLink, name)
		case v.linksCode(name, h.Linkname, symbolic):
			stats.note(AnomalyLinkedCode, name)
			stats.cut(name, WhyLinkedCode, 0)
		}
		return nil
	case tar.TypeChar, tar.TypeBlock, tar.TypeFifo:
		stats.Devices++
		name, _ := w.enter(h.Name, 0, stats)
		stats.note(AnomalyDevice, name)
		return nil
	case tar.TypeDir, tar.TypeXGlobalHeader:
		return nil
	default: // Python's tarfile takes them for files
		if h.Size == 0 {
			return nil
		}
		stats.note(AnomalyUnknownType, h.Name)
	}
	stats.Members++
	stats.MemberBytes = addSize(stats.MemberBytes, h.Size)
	name, ok := w.enter(h.Name, h.Size, stats)
	if !ok {
		return nil
	}
	amount := v.want(name, h.Size)
	if amount == Nothing {
		return nil
	}
	whole := func() int64 {
		if h.Size <= w.limits.MemberBytes {
			return h.Size
		}
		stats.cut(name, WhyMemberTooLarge, h.Size)
		return int64(w.limits.HeadBytes)
	}
	n := int64(w.limits.HeadBytes)
	if amount == Whole {
		n = whole()
	}
	data, ended, err := w.take(t, n, h.Size)
	if err == nil && amount == Head && !ended && v.More != nil && v.More(name, h.Size, data) {
		data, ended, err = w.takeMore(t, whole(), h.Size)
	}
	if err != nil {
		return err
	}
	if err := v.Member(Member{Name: name, Size: h.Size, Data: data, Whole: ended}); err != nil {
		return &visitorError{err}
	}
	return nil
}

// linksCode reports whether a link is named as what is read whole, which is
// code and metadata, and leads to a member that is not: its content is not seen
// under the name that counts.
func (v *Visitor) linksCode(name, target string, symbolic bool) bool {
	if symbolic {
		target = path.Join(path.Dir(name), target)
	}
	return path.Ext(name) != "" && v.want(name, 0) == Whole && v.want(path.Clean(target), 0) != Whole
}

// addSize sums claimed sizes without overflow.
func addSize(a, b int64) int64 {
	if b < 0 || a > 1<<62 || b > 1<<62 {
		return a
	}
	return a + b
}

// drain reads what follows the end of a tar: zero padding is normal, anything
// else is an anomaly, and whatever goes wrong here no longer matters.
func (w *Walker) drain(r *compressionErrors, stats *Stats) {
	if cap(w.data) < 32<<10 {
		w.data = make([]byte, 0, 32<<10)
	}
	buf := w.data[:cap(w.data)]
	zeros := true
	for {
		n, err := r.Read(buf)
		if zeros && len(bytes.Trim(buf[:n], "\x00")) > 0 {
			zeros = false
			stats.note(AnomalyTrailingBytes, "")
		}
		if err == nil {
			continue
		}
		if zeros && r.err != nil {
			// A broken compressed stream after the archive's end: a wrong
			// checksum, or bytes that are no further stream.
			kind := AnomalyTrailingBytes
			if strings.Contains(r.err.Error(), "checksum") {
				kind = AnomalyChecksum
			}
			stats.note(kind, "")
		}
		return
	}
}

// compressionErrors remembers that the compressed stream, not the tar in it,
// was broken.
type compressionErrors struct {
	r   *metered
	err error
}

func (c *compressionErrors) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) && c.r.m.err == nil {
		c.err = err
	}
	return n, err
}

// compressionOf returns the compression that a tar's file name promises.
func compressionOf(name string) string {
	name = strings.ToLower(name)
	for _, s := range []struct{ suffix, what string }{
		{".gz", "gz"}, {".tgz", "gz"}, {".bz2", "bz2"}, {".tbz", "bz2"}, {".tbz2", "bz2"},
		{".xz", "xz"}, {".txz", "xz"}, {".zst", "zst"},
	} {
		if strings.HasSuffix(name, s.suffix) {
			return s.what
		}
	}
	return ""
}
