package archive

import (
	"archive/tar"
	"archive/zip"
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"

	"prevalence/worker/archive/archivetest"
)

type file struct {
	name, data string
	link       string
	typeflag   byte
}

func makeTar(t testing.TB, files ...file) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for _, f := range files {
		h := &tar.Header{Name: f.name, Mode: 0o644, Size: int64(len(f.data)), Typeflag: tar.TypeReg, Linkname: f.link}
		if f.typeflag != 0 {
			h.Typeflag = f.typeflag
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, f.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func makeZip(t testing.TB, files ...file) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for _, f := range files {
		e, err := w.CreateHeader(&zip.FileHeader{Name: f.name, Method: zip.Deflate})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(e, f.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func gz(t testing.TB, b []byte) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func xzed(t testing.TB, b []byte, c xz.WriterConfig) []byte {
	t.Helper()
	var buf bytes.Buffer
	w, err := c.NewWriter(&buf)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func zst(t testing.TB, b []byte) []byte {
	t.Helper()
	e, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return e.EncodeAll(b, nil)
}

func bz2(t testing.TB, b []byte) []byte {
	t.Helper()
	cmd := exec.Command("bzip2", "-c")
	cmd.Stdin = bytes.NewReader(b)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("bzip2: %v", err)
	}
	return out
}

// collect notes what a walk gives, as "name=data" with "…" after a head.
func collect(members *[]string, want func(string, int64) Amount) Visitor {
	return Visitor{Want: want, Member: func(m Member) error {
		s := m.Name + "=" + string(m.Data)
		if !m.Whole {
			s += "…"
		}
		*members = append(*members, s)
		return nil
	}}
}

func anomalies(s Stats) map[string]int {
	out := map[string]int{}
	for _, a := range s.Anomalies {
		out[a.Kind] = a.Count
	}
	return out
}

func cuts(s Stats) []string {
	var out []string
	for _, c := range s.Cuts {
		out = append(out, c.Member+":"+c.Why)
	}
	return out
}

func TestTarCompressions(t *testing.T) {
	plain := makeTar(t, file{name: "pkg-1/setup.py", data: "x = 1\n"}, file{name: "pkg-1/pkg/__init__.py", data: strings.Repeat("y = 2\n", 5000)})
	multi := append(xzed(t, plain[:700], xz.WriterConfig{}), make([]byte, 8)...)
	multi = append(multi, xzed(t, plain[700:], xz.WriterConfig{BlockSize: 1024, CheckSum: xz.SHA256})...)
	half := append(gz(t, plain[:1000]), gz(t, plain[1000:])...)
	for _, tc := range []struct {
		name string
		data []byte
	}{
		{"pkg-1.tar", plain},
		{"pkg-1.tar.gz", gz(t, plain)},
		{"pkg-1.tgz", half},
		{"pkg-1.tar.bz2", bz2(t, plain)},
		{"pkg-1.tar.xz", xzed(t, plain, xz.WriterConfig{})},
		{"two-streams.tar.xz", multi},
		{"pkg-1.tar.zst", zst(t, plain)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var members []string
			var w Walker
			for range 2 { // buffers are kept
				members = nil
				stats, err := w.Tar(t.Context(), bytes.NewReader(tc.data), tc.name, collect(&members, nil))
				if err != nil {
					t.Fatal(err)
				}
				if len(stats.Anomalies) != 0 || stats.PackedBytes != int64(len(tc.data)) {
					t.Errorf("stats = %+v, want none odd, %d packed", stats, len(tc.data))
				}
			}
			want := []string{"pkg-1/setup.py=x = 1\n", "pkg-1/pkg/__init__.py=" + strings.Repeat("y = 2\n", 5000)}
			if d := cmp.Diff(want, members); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestTarOddities(t *testing.T) {
	data := makeTar(t,
		file{name: "/etc/x.py", data: "1"},
		file{name: "../up.py", data: "2"},
		file{name: `dir\win.py`, data: "3"},
		file{name: "C:/drive.py", data: "4"},
		file{name: "a.py", data: "5"},
		file{name: "a.py", data: "6"},
		file{name: "A.py", data: "7"},
		file{name: "l1", link: "a.py", typeflag: tar.TypeSymlink},
		file{name: "d/l2", link: "../../etc/passwd", typeflag: tar.TypeSymlink},
		file{name: "l3", link: "/abs", typeflag: tar.TypeLink},
		file{name: "fifo", typeflag: tar.TypeFifo},
		file{name: "dir/", typeflag: tar.TypeDir},
		file{name: strings.Repeat("d/", 70) + "deep.py", data: "8"},
		file{name: "bad\xff.py", data: "9"},
	)
	data = append(data, "trailing"...)
	var members []string
	var w Walker
	stats, err := w.Tar(t.Context(), bytes.NewReader(gz(t, data)), "x.tar.bz2", collect(&members, nil))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"etc/x.py=1", "up.py=2", "dir/win.py=3", "drive.py=4", "a.py=5", "a.py=6", "A.py=7", "bad\uFFFD.py=9"}
	if d := cmp.Diff(want, members); d != "" {
		t.Error(d)
	}
	wantAnomalies := map[string]int{
		AnomalyAbsoluteName: 2, AnomalyTraversal: 1, AnomalyBackslash: 1, AnomalyDriveLetter: 1, AnomalyDuplicateName: 1,
		AnomalyCaseCollision: 1, AnomalyEscapingLink: 2, AnomalyDevice: 1, AnomalyNameEncoding: 1, AnomalyTrailingBytes: 1,
		AnomalyFormat: 1,
	}
	if d := cmp.Diff(wantAnomalies, anomalies(stats)); d != "" {
		t.Error(d)
	}
	if stats.Links != 3 || stats.Devices != 1 || stats.Members != 9 {
		t.Errorf("links %d devices %d members %d, want 3 1 9", stats.Links, stats.Devices, stats.Members)
	}
	if d := cmp.Diff([]string{strings.Repeat("d/", 70) + "deep.py:" + WhyTooDeep}, cuts(stats)); d != "" {
		t.Error(d)
	}
}

func TestTarErrors(t *testing.T) {
	big := makeTar(t, file{name: "zeros", data: string(make([]byte, 4<<20))})
	good := gz(t, makeTar(t, file{name: "a.py", data: "a"}, file{name: "b.py", data: fmt.Sprintf("%x", bytes.Repeat([]byte("random"), 9999))}))
	limit := Limits{TotalBytes: 1 << 20, RatioFloorBytes: 1 << 30}
	ratio := Limits{RatioFloorBytes: 1 << 16, Ratio: 10}
	for _, tc := range []struct {
		name   string
		data   []byte
		limits Limits
		why    string
	}{
		{"empty", nil, Limits{}, WhyTruncated},
		{"text", []byte(strings.Repeat("not an archive at all ", 100)), Limits{}, WhyNotArchive},
		{"zip", makeZip(t, file{name: "a"}), Limits{}, WhyNotArchive},
		{"truncated", good[:len(good)/2], Limits{}, WhyTruncated},
		{"flipped", append(append(bytes.Clone(good[:40]), 0xff, 0xff, 0xff, 0xff), good[44:]...), Limits{}, WhyCompression},
		{"total", gz(t, big), limit, WhyTotalTooLarge},
		{"ratio", gz(t, big), ratio, WhyRatio},
		{"members", makeTar(t, file{name: "a"}, file{name: "b"}), Limits{Members: 1}, WhyTooManyMembers},
		{"xz window", xzed(t, big, xz.WriterConfig{DictCap: 64 << 20}), Limits{WindowBytes: 1 << 20}, WhyCompression},
		{"zstd window", zst(t, big), Limits{WindowBytes: 1 << 10}, WhyCompression},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := Walker{Limits: tc.limits}
			_, err := w.Tar(t.Context(), bytes.NewReader(tc.data), "x.tar.gz", Visitor{Member: func(Member) error { return nil }})
			if why, ok := Why(err); !ok || why != tc.why {
				t.Errorf("err = %v, want %s", err, tc.why)
			}
		})
	}
}

func TestSourceErrorIsNoFormatError(t *testing.T) {
	broken := errors.New("connection reset")
	data := gz(t, makeTar(t, file{name: "a.py", data: strings.Repeat("x", 99999)}))
	r := io.MultiReader(bytes.NewReader(data[:len(data)-30]), errReader{broken})
	var w Walker
	_, err := w.Tar(t.Context(), r, "x.tar.gz", Visitor{Member: func(Member) error { return nil }})
	if !errors.Is(err, broken) || errors.Is(err, ErrFormat) {
		t.Errorf("err = %v, want the source's", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.Tar(ctx, bytes.NewReader(data), "x.tar.gz", Visitor{}); !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v, want canceled", err)
	}
	own := errors.New("enough")
	if _, err := w.Tar(t.Context(), bytes.NewReader(data), "x.tar.gz", Visitor{Member: func(Member) error { return own }}); !errors.Is(err, own) {
		t.Errorf("err = %v, want the visitor's", err)
	}
}

type errReader struct{ err error }

func (e errReader) Read([]byte) (int, error) { return 0, e.err }

func TestAmounts(t *testing.T) {
	files := []file{{name: "whole.py", data: "0123456789"}, {name: "head.bin", data: "0123456789"}, {name: "none.txt", data: "0123456789"}, {name: "big.py", data: strings.Repeat("b", 99)}}
	want := func(name string, size int64) Amount {
		switch name {
		case "head.bin":
			return Head
		case "none.txt":
			return Nothing
		}
		return Whole
	}
	expect := []string{"whole.py=0123456789", "head.bin=0123…", "big.py=bbbb…"}
	w := Walker{Limits: Limits{HeadBytes: 4, MemberBytes: 50}}
	for _, kind := range []string{"tar", "zip"} {
		var members []string
		var stats Stats
		var err error
		if kind == "tar" {
			stats, err = w.Tar(t.Context(), bytes.NewReader(makeTar(t, files...)), "x.tar", collect(&members, want))
		} else {
			z := makeZip(t, files...)
			stats, err = w.Zip(t.Context(), bytes.NewReader(z), int64(len(z)), collect(&members, want))
		}
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(expect, members); d != "" {
			t.Errorf("%s: %s", kind, d)
		}
		if d := cmp.Diff([]string{"big.py:" + WhyMemberTooLarge}, cuts(stats)); d != "" {
			t.Errorf("%s: %s", kind, d)
		}
		if stats.Members != 4 || stats.MemberBytes != 129 {
			t.Errorf("%s: %d members of %d bytes, want 4 of 129", kind, stats.Members, stats.MemberBytes)
		}
	}
}

// rawEntry describes a zip member freely, lies included.
type rawEntry struct {
	local, central string // names
	data           []byte
	method, flags  uint16
	size           uint32
	crc            uint32
	mode           uint32
	unlisted       bool
	offset         *uint32
}

// rawZip writes a zip byte by byte.
func rawZip(prefix string, entries ...rawEntry) []byte {
	z := archivetest.Zip{Prefix: []byte(prefix)}
	for _, e := range entries {
		z.Entries = append(z.Entries, archivetest.Entry{
			Name: e.central, Local: e.local, Data: e.data, Method: e.method, Flags: e.flags, Size: uint64(e.size), CRC: e.crc,
			Mode: e.mode, Unlisted: e.unlisted, At: e.offset,
		})
	}
	return z.Bytes()
}

func stored(name, data string) rawEntry {
	return rawEntry{local: name, central: name, data: []byte(data), size: uint32(len(data)), crc: crc32.ChecksumIEEE([]byte(data))}
}

func TestZipOddities(t *testing.T) {
	with := func(e rawEntry, change func(*rawEntry)) rawEntry { change(&e); return e }
	zero, far := uint32(0), uint32(1<<30)
	for _, tc := range []struct {
		name      string
		data      []byte
		members   []string
		anomalies map[string]int
		cuts      []string
	}{
		{"plain", rawZip("", stored("a.py", "a")), []string{"a.py=a"}, map[string]int{}, nil},
		{"prefix", rawZip("#!/usr/bin/python\n", stored("a.py", "a")), []string{"a.py=a"}, map[string]int{AnomalyPrefixBytes: 1}, nil},
		{"trailing", append(rawZip("", stored("a.py", "a")), "more"...), []string{"a.py=a"}, map[string]int{AnomalyTrailingBytes: 1}, nil},
		{
			"name differs", rawZip("", with(stored("a.py", "a"), func(e *rawEntry) { e.local = "b.py" })),
			[]string{"a.py=a", "b.py=a"}, map[string]int{AnomalyDirectoryMismatch: 1}, nil,
		},
		{
			"unlisted", rawZip("", stored("a.py", "a"), with(stored("evil.py", "e"), func(e *rawEntry) { e.unlisted = true }), stored("b.py", "b")),
			[]string{"a.py=a", "evil.py=e", "b.py=b"}, map[string]int{AnomalyHiddenMember: 1}, nil,
		},
		{
			"unlisted last", rawZip("", stored("a.py", "a"), with(stored("evil.py", "e"), func(e *rawEntry) { e.unlisted = true })),
			[]string{"a.py=a", "evil.py=e"}, map[string]int{AnomalyHiddenMember: 1}, nil,
		},
		{
			"encrypted", rawZip("", with(stored("a.py", "a"), func(e *rawEntry) { e.flags = flagCrypt }), stored("b.py", "b")),
			[]string{"b.py=b"}, map[string]int{AnomalyEncrypted: 1}, []string{"a.py:" + WhyEncrypted},
		},
		{
			"method", rawZip("", with(stored("a.py", "a"), func(e *rawEntry) { e.method = 77 })),
			nil, map[string]int{AnomalyMethod: 1}, []string{"a.py:" + WhyMethod},
		},
		{
			"broken deflate", rawZip("", with(stored("a.py", "\xff\xff\xff"), func(e *rawEntry) { e.method = methodDeflate })),
			nil, map[string]int{}, []string{"a.py:" + WhyMemberCorrupt},
		},
		{
			"wrong crc and size", rawZip("", with(stored("a.py", "a"), func(e *rawEntry) { e.crc, e.size = 7, 9 })),
			[]string{"a.py=a"}, map[string]int{AnomalyChecksum: 1, AnomalySize: 1}, nil,
		},
		{
			"overlap", rawZip("", stored("a.py", "a"), with(stored("a.py", "a"), func(e *rawEntry) { e.offset, e.central = &zero, "b.py" })),
			[]string{"a.py=a", "b.py=a"}, map[string]int{AnomalyOverlap: 1, AnomalyDirectoryMismatch: 1}, nil,
		},
		{
			"outside", rawZip("", stored("a.py", "a"), with(stored("b.py", "a"), func(e *rawEntry) { e.offset = &far })),
			[]string{"a.py=a"}, map[string]int{}, []string{"b.py:" + WhyMemberOutside},
		},
		{
			"link and device", rawZip("", with(stored("l", "/etc"), func(e *rawEntry) { e.mode = 0o120777 }), with(stored("d", ""), func(e *rawEntry) { e.mode = 0o020666 })),
			[]string{"l=/etc", "d="}, map[string]int{AnomalyDevice: 1, AnomalyEscapingLink: 1}, nil,
		},
		{
			"names", rawZip("", stored("a\x00.py", "a"), stored("..\\b.py", "b"), stored("/", ""), stored("..", "x")),
			[]string{"a=a", "b.py=b"}, map[string]int{AnomalyControlName: 1, AnomalyBackslash: 1, AnomalyTraversal: 2, AnomalyEmptyName: 1}, nil,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var members []string
			var w Walker
			stats, err := w.Zip(t.Context(), bytes.NewReader(tc.data), int64(len(tc.data)), collect(&members, nil))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tc.members, members); d != "" {
				t.Error(d)
			}
			if d := cmp.Diff(tc.anomalies, anomalies(stats)); d != "" {
				t.Error(d)
			}
			if d := cmp.Diff(tc.cuts, cuts(stats)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestZipMethods(t *testing.T) {
	text := strings.Repeat("import os\n", 100)
	for _, tc := range []struct {
		name   string
		method uint16
		data   []byte
	}{
		{"bzip2", methodBzip2, bz2(t, []byte(text))},
		{"zstd", methodZstd, zst(t, []byte(text))},
		{"xz", methodXZ, xzed(t, []byte(text), xz.WriterConfig{})},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e := stored("a.py", text)
			e.data, e.method = tc.data, tc.method
			z := rawZip("", e)
			var members []string
			var w Walker
			stats, err := w.Zip(t.Context(), bytes.NewReader(z), int64(len(z)), collect(&members, nil))
			if err != nil || len(stats.Anomalies) != 0 {
				t.Fatalf("stats %+v, err %v", stats, err)
			}
			if d := cmp.Diff([]string{"a.py=" + text}, members); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestZipErrors(t *testing.T) {
	good := makeZip(t, file{name: "a.py", data: "a"}, file{name: "b.py", data: string(make([]byte, 1<<20))})
	noDirectory := bytes.Clone(good)
	before, _, _ := bytes.Cut(noDirectory, []byte("PK\x01\x02"))
	copy(noDirectory[len(before):], "XXXX")
	for _, tc := range []struct {
		name   string
		data   []byte
		limits Limits
		why    string
	}{
		{"empty", nil, Limits{}, WhyNotArchive},
		{"text", []byte(strings.Repeat("no zip ", 100)), Limits{}, WhyNotArchive},
		{"truncated", good[:len(good)-30], Limits{}, WhyNotArchive},
		{"no directory", noDirectory, Limits{}, WhyDirectory},
		{"members", good, Limits{Members: 1}, WhyTooManyMembers},
		{"directory", good, Limits{DirectoryBytes: 20}, WhyDirectoryTooLong},
		{"total", good, Limits{TotalBytes: 1 << 19}, WhyTotalTooLarge},
		{"ratio", good, Limits{RatioFloorBytes: 1 << 10, Ratio: 5}, WhyRatio},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := Walker{Limits: tc.limits}
			_, err := w.Zip(t.Context(), bytes.NewReader(tc.data), int64(len(tc.data)), Visitor{Member: func(Member) error { return nil }})
			if why, ok := Why(err); !ok || why != tc.why {
				t.Errorf("err = %v, want %s", err, tc.why)
			}
		})
	}
}

func TestFormatOf(t *testing.T) {
	for name, want := range map[string]Format{
		"a-1.tar.gz": FormatTar, "A-1.TGZ": FormatTar, "a.tar.bz2": FormatTar, "a.tar.xz": FormatTar, "a.tar": FormatTar, "a.tar.zst": FormatTar,
		"a-1-py3-none-any.whl": FormatZip, "a.zip": FormatZip, "a.egg": FormatZip, "a.exe": 0, "a.rpm": 0, "a": 0,
	} {
		if got, ok := FormatOf(name); got != want || ok != (want != 0) {
			t.Errorf("FormatOf(%q) = %v, %v", name, got, ok)
		}
	}
}

func FuzzTar(f *testing.F) {
	plain := makeTar(f, file{name: "p/setup.py", data: "x"}, file{name: "../e", link: "/etc", typeflag: tar.TypeSymlink})
	f.Add(plain, "a.tar")
	f.Add(gz(f, plain), "a.tar.gz")
	f.Add(xzed(f, plain, xz.WriterConfig{}), "a.tar.xz")
	f.Add(zst(f, plain), "a.tar.zst")
	w := Walker{Limits: Limits{TotalBytes: 4 << 20, MemberBytes: 1 << 20, WindowBytes: 1 << 20}}
	f.Fuzz(func(t *testing.T, data []byte, name string) {
		_, err := w.Tar(t.Context(), bytes.NewReader(data), name, checker(t, w.Limits))
		if _, ok := Why(err); err != nil && !ok {
			t.Errorf("neither format nor limit: %v", err)
		}
	})
}

func FuzzXZ(f *testing.F) {
	f.Add(xzed(f, []byte("text text text text"), xz.WriterConfig{}))
	f.Add(xzed(f, nil, xz.WriterConfig{CheckSum: xz.SHA256}))
	two := xzed(f, bytes.Repeat([]byte("ab"), 500), xz.WriterConfig{BlockSize: 512, CheckSum: xz.CRC32})
	f.Add(append(append(slices.Clone(two), 0, 0, 0, 0), two...))
	f.Fuzz(func(t *testing.T, data []byte) {
		const limit = 4 << 20
		n, err := io.Copy(io.Discard, io.LimitReader(newXZ(bufio.NewReader(bytes.NewReader(data)), 1<<20), limit))
		if err == nil && n > 0 && !bytes.Contains(data, []byte("\xfd7zXZ\x00")) {
			t.Error("text without a stream")
		}
	})
}

func FuzzZip(f *testing.F) {
	f.Add(makeZip(f, file{name: "p/setup.py", data: "x"}, file{name: "p/b.py", data: "yyyyyyyyyyyyyy"}))
	f.Add(rawZip("pre", stored("a", "b"), rawEntry{local: "x", central: "y", unlisted: true}))
	w := Walker{Limits: Limits{TotalBytes: 4 << 20, MemberBytes: 1 << 20, WindowBytes: 1 << 20}}
	f.Fuzz(func(t *testing.T, data []byte) {
		_, err := w.Zip(t.Context(), bytes.NewReader(data), int64(len(data)), checker(t, w.Limits))
		if _, ok := Why(err); err != nil && !ok {
			t.Errorf("neither format nor limit: %v", err)
		}
	})
}

// checker fails the test for a member that breaks Walk's promises.
func checker(t *testing.T, l Limits) Visitor {
	return Visitor{Member: func(m Member) error {
		if again := cleanName(m.Name, func(kind string) { t.Errorf("%q still has %s", m.Name, kind) }); again != m.Name {
			t.Errorf("%q is not clean: %q", m.Name, again)
		}
		if int64(len(m.Data)) > l.MemberBytes {
			t.Errorf("%d bytes of %q", len(m.Data), m.Name)
		}
		if m.Whole && m.Size != int64(len(m.Data)) {
			t.Errorf("%q: size %d, %d bytes", m.Name, m.Size, len(m.Data))
		}
		return nil
	}}
}
