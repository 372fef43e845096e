package worker

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"slices"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"

	"prevalence/schemas/message"
	"prevalence/worker/archive"
	"prevalence/worker/archive/archivetest"
)

var gzipWriter = gzip.NewWriter(nil) // kept, because it takes more memory than most of what it packs

func gzipped(b []byte) []byte {
	var buf bytes.Buffer
	w := gzipWriter
	w.Reset(&buf)
	_, _ = w.Write(b) // a buffer does not fail
	_ = w.Close()
	return buf.Bytes()
}

// zeroBlocks is deflate's form of n MiB of zeros after some head, without an
// end.
func zeroBlocks(head []byte, n int) []byte {
	var buf bytes.Buffer
	w, _ := flate.NewWriter(&buf, flate.BestCompression)
	var one []byte // a MiB, which refers to zeros before it
	for range 2 {
		before := buf.Len()
		_, _ = w.Write(head) // a buffer does not fail
		_, _ = w.Write(make([]byte, 1<<20))
		_ = w.Flush()
		head, one = nil, bytes.Clone(buf.Bytes()[before:])
	}
	return append(buf.Bytes(), bytes.Repeat(one, n-2)...)
}

// zeroBomb is a deflated member of n MiB of zeros.
func zeroBomb(name string, n int) archivetest.Entry {
	z := zeros(n)
	z.Name = name
	return z
}

var zeros = cached(func(n int) archivetest.Entry {
	var sum uint32 // right, unless nobody gets as far as that
	mib := make([]byte, 1<<20)
	for range min(n, 64) {
		sum = crc32.Update(sum, crc32.IEEETable, mib)
	}
	return archivetest.Entry{Data: append(zeroBlocks(nil, n), 1, 0, 0, 0xff, 0xff), Method: 8, Size: uint64(n) << 20, CRC: sum}
})

// cached makes each once.
func cached[K comparable, V any](make func(K) V) func(K) V {
	made := map[K]V{}
	return func(k K) V {
		v, ok := made[k]
		if !ok {
			v = make(k)
			made[k] = v
		}
		return v
	}
}

func xzOf(t testing.TB, b []byte) []byte {
	t.Helper()
	var buf bytes.Buffer
	w, err := xz.WriterConfig{DictCap: 1 << 20}.NewWriter(&buf)
	if err == nil {
		_, err = w.Write(b)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func zstOf(t testing.TB, b []byte) []byte {
	t.Helper()
	e, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return e.EncodeAll(b, nil)
}

// bzipZeros is bzip2's form of 8 MiB of zeros: there is no writer of it here.
func bzipZeros() []byte {
	b, err := hex.DecodeString(bzipZerosHex)
	if err != nil {
		panic(err)
	}
	return b
}

// hostileBombs unpack to more than anybody has.
func hostileBombs(t testing.TB) []hostile {
	giant := int64(8 << 30)
	head := archivetest.Blocks(append(honestBlocks(), archivetest.Block{Name: "demo-1.0/demo/zeros.py", Size: &giant})...)
	gzipHead := []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255}
	plain := make([]byte, 8<<20)
	nested := gzipped(bytes.Repeat(plain, 2))
	nestedZip := archivetest.Zip{Entries: []archivetest.Entry{zeroBomb("z", 64)}}.Bytes()
	for range 4 {
		nestedZip = archivetest.Zip{Entries: []archivetest.Entry{archivetest.Deflated("in.zip", string(nestedZip))}}.Bytes()
	}
	return []hostile{
		{name: "zip-flat", sentence: "One Python member of 4 GiB of zeros.", format: ".whl", data: wheelOf(zeroBomb("demo/z.py", 4095)).Bytes(), outcome: message.OutcomePartial, why: archive.WhyMemberTooLarge},
		{name: "zip-many", sentence: "300 Python members of 8 MiB of zeros each.", format: ".whl", data: wheelOf(many(300, func(i int) archivetest.Entry { return zeroBomb(fmt.Sprintf("demo/z%d.py", i), 8) })...).Bytes(), outcome: message.OutcomePartial, why: archive.WhyRatio},
		{name: "zip-small-claim", sentence: "64 MiB of zeros that claim to be 10 bytes.", format: ".whl", data: wheelOf(changed(zeroBomb("demo/z.py", 64), func(e *archivetest.Entry) { e.Size = 10 })).Bytes(), outcome: message.OutcomePartial, why: archive.WhyMemberTooLarge},
		{name: "zip-large-claim", sentence: "Ten bytes that claim to be 4 GiB.", format: ".whl", data: wheelOf(changed(archivetest.Stored("demo/z.py", "x = 12345\n"), func(e *archivetest.Entry) { e.Size = 1<<32 - 2 })).Bytes(), kinds: "size-mismatch"},
		{name: "zip-overlapping", sentence: "1,000 members that share one kernel of 8 MiB of zeros, each with a header of its own in front (Fifield's quoted form).", format: ".whl", data: overlapping(1000), outcome: message.OutcomePartial, why: archive.WhyRatio, kinds: "overlapping-member"},
		{name: "zip-same-header", sentence: "1,000 names that point to one member of 8 MiB of zeros.", format: ".whl", data: wheelOf(append([]archivetest.Entry{zeroBomb("demo/z.py", 8)}, many(1000, func(i int) archivetest.Entry {
			return changed(zeroBomb(fmt.Sprintf("demo/z%d.py", i), 8), func(e *archivetest.Entry) { e.At = to(uint32(honestLength())) })
		})...)...).Bytes(), outcome: message.OutcomePartial, why: archive.WhyRatio, kinds: "directory-mismatch overlapping-member"},
		{name: "zip-nested", sentence: "A zip in a zip, five deep, with 64 MiB of zeros in the last.", format: ".whl", data: wheelOf(archivetest.Stored("demo/in.zip", string(nestedZip))).Bytes(), sees: "payload/nested-archive"},
		{name: "zip-in-itself", sentence: "A member whose packed bytes are all that follows its own header, the directory that lists it included.", format: ".whl", data: selfContained(), kinds: "checksum-mismatch overlapping-member", sees: "payload/nested-archive"},
		{name: "zip-count", sentence: "250,000 empty members.", format: ".whl", data: wheelOf(many(250_000, func(i int) archivetest.Entry { return archivetest.Entry{Name: fmt.Sprintf("d/%d", i)} })...).Bytes(), outcome: message.OutcomeUnanalysed, why: archive.WhyTooManyMembers, blind: true},
		{name: "zip-count-of-one", sentence: "A directory of 150,000 lines, all of the same member.", format: ".whl", data: wheelOf(slices.Repeat([]archivetest.Entry{changed(honestEntries()[0], func(e *archivetest.Entry) { e.At = to(uint32(0)) })}, 150_000)...).Bytes(), kinds: "duplicate-name overlapping-member"},
		{name: "zip-directory-size", sentence: "A directory of 40 MiB of comments.", format: ".whl", data: wheelOf(many(640, func(i int) archivetest.Entry {
			return changed(archivetest.Stored(fmt.Sprintf("demo/%d.txt", i), ""), func(e *archivetest.Entry) { e.Comment = make([]byte, 65535) })
		})...).Bytes(), outcome: message.OutcomeUnanalysed, why: archive.WhyDirectoryTooLong, blind: true},
		{name: "zip-names-of-64-kib", sentence: "200 names of 64 KiB each.", format: ".whl", data: wheelOf(many(200, func(i int) archivetest.Entry {
			return archivetest.Stored(fmt.Sprintf("demo/%065000d.py", i), plantedCode)
		})...).Bytes(), outcome: message.OutcomePartial, why: archive.WhyNameTooLong},
		{name: "zip-bzip2", sentence: "A member of 8 MiB of zeros in 45 bytes of bzip2.", format: ".whl", data: wheelOf(archivetest.Entry{Name: "demo/z.py", Method: 12, Data: bytes.Repeat(bzipZeros(), 40), Size: 320 << 20}).Bytes(), outcome: message.OutcomePartial, why: archive.WhyMemberTooLarge},
		{name: "zip-xz", sentence: "A member of 800 MiB of zeros in xz.", format: ".whl", data: wheelOf(archivetest.Entry{Name: "demo/z.py", Method: 95, Data: bytes.Repeat(xzOf(t, plain), 100), Size: 800 << 20}).Bytes(), outcome: message.OutcomePartial, why: archive.WhyMemberTooLarge},
		{name: "zip-zstd", sentence: "A member of 800 MiB of zeros in zstd.", format: ".whl", data: wheelOf(archivetest.Entry{Name: "demo/z.py", Method: 93, Data: bytes.Repeat(zstOf(t, plain), 100), Size: 800 << 20}).Bytes(), outcome: message.OutcomePartial, why: archive.WhyMemberTooLarge},

		{name: "gzip-flat", sentence: "One Python member of 8 GiB of zeros.", format: ".tar.gz", data: append(bytes.Clone(gzipHead), zeroBlocks(head, 3000)...), outcome: message.OutcomePartial, why: archive.WhyRatio},
		{name: "gzip-twice", sentence: "A .tar.gz that is compressed once more.", format: ".tar.gz", data: gzipped(gzipped(sdistOf())), outcome: message.OutcomeUnanalysed, why: archive.WhyTruncated, blind: true},
		{name: "gzip-nested", sentence: "A member that is 16 MiB of zeros in 16 KiB of gzip.", format: ".tar.gz", data: gzipped(sdistOf(archivetest.Block{Name: "demo-1.0/in.tar.gz", Data: nested})), sees: "payload/nested-archive"},
		{name: "gzip-members", sentence: "200,000 empty gzip members before the tar.", format: ".tar.gz", data: append(bytes.Repeat(gzipped(nil), 200_000), gzipped(sdistOf())...)},
		{name: "gzip-header-10-mib", sentence: "A gzip header whose file name is 10 MiB long.", format: ".tar.gz", data: slices.Concat([]byte{0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 255}, bytes.Repeat([]byte("n"), 10<<20), []byte{0}, gzipped(sdistOf())[10:]), outcome: message.OutcomeUnanalysed, why: archive.WhyCompression, blind: true},
		{name: "gzip-after-end", sentence: "2 GiB of zeros after the end of the tar.", format: ".tar.gz", data: append(bytes.Clone(gzipHead), zeroBlocks(sdistOf(), 2046)...)},
		{name: "tar-count", sentence: "250,000 empty members.", format: ".tar.gz", data: gzipped(archivetest.Tar(append(honestBlocks(), manyBlocks(250_000)...)...)), outcome: message.OutcomePartial, why: archive.WhyTooManyMembers},
		{name: "tar-links", sentence: "100,000 links to each other.", format: ".tar.gz", data: gzipped(sdistOf(manyLinks(100_000)...))},
		{name: "xz-flat", sentence: "800 MiB of zeros in xz after the head of a member of 8 GiB.", format: ".tar.xz", data: append(xzOf(t, head), bytes.Repeat(xzOf(t, plain), 100)...), outcome: message.OutcomePartial, why: archive.WhyRatio},
		{name: "xz-window", sentence: "A block that asks for a dictionary of 4 GiB.", format: ".tar.xz", data: xzWindow(t), outcome: message.OutcomeUnanalysed, why: archive.WhyCompression, blind: true},
		{name: "xz-blocks", sentence: "20,000 streams that ask for a dictionary each and hold nothing.", format: ".tar.xz", data: append(xzOf(t, head), bytes.Repeat(xzOf(t, nil), 20_000)...), outcome: message.OutcomePartial, why: archive.WhyCompression},
		{name: "xz-in-gzip", sentence: "A .tar.xz in gzip.", format: ".tar.gz", data: gzipped(xzOf(t, sdistOf())), outcome: message.OutcomeUnanalysed, why: archive.WhyTruncated, blind: true},
		{name: "bzip2-flat", sentence: "2 GiB of zeros in 12 KiB of bzip2, which is a tar without members.", format: ".tar.bz2", data: bytes.Repeat(bzipZeros(), 250), outcome: message.OutcomeUnanalysed, why: WhyNoMembers, blind: true},
		{name: "zstd-flat", sentence: "800 MiB of zeros in zstd after the head of a member of 8 GiB.", format: ".tar.gz", kinds: "format-mismatch", data: append(zstOf(t, head), bytes.Repeat(zstOf(t, plain), 100)...), outcome: message.OutcomePartial, why: archive.WhyRatio},
		{name: "zstd-window", sentence: "A frame that asks for a window of 2 GiB.", format: ".tar.gz", kinds: "format-mismatch", data: []byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, 21 << 3, 0x01, 0x00, 0x00}, outcome: message.OutcomeUnanalysed, why: archive.WhyCompression, blind: true},
	}
}

// honestLength is where the first member after the honest ones begins.
func honestLength() int {
	z := archivetest.Zip{Entries: honestEntries()}
	return bytes.Index(z.Bytes(), []byte("PK\x01\x02"))
}

func many(n int, one func(i int) archivetest.Entry) []archivetest.Entry {
	all := make([]archivetest.Entry, n)
	for i := range all {
		all[i] = one(i)
	}
	return all
}

func manyBlocks(n int) []archivetest.Block {
	all := make([]archivetest.Block, n)
	for i := range all {
		all[i] = archivetest.Block{Name: fmt.Sprintf("demo-1.0/%d", i)}
	}
	return all
}

func manyLinks(n int) []archivetest.Block {
	all := make([]archivetest.Block, n)
	for i := range all {
		all[i] = archivetest.Block{Name: fmt.Sprintf("demo-1.0/l%d", i), Link: fmt.Sprintf("l%d", (i+1)%n), Type: '2'}
	}
	return all
}

// overlapping has n members of which each holds the headers of those that
// follow, as a stored block of deflate, and then the kernel that all share.
func overlapping(n int) []byte {
	kernel := zeroBomb("demo/k.py", 8)
	z := wheelOf(kernel)
	base := archivetest.Zip{Entries: z.Entries}.Bytes()
	dir := bytes.Index(base, []byte("PK\x01\x02"))
	start := honestLength()
	tail := bytes.Clone(base[start:dir]) // header and data of the kernel
	size := uint64(8 << 20)
	var entries []archivetest.Entry
	for i := n - 1; i >= 0; i-- {
		name := fmt.Sprintf("demo/%04d.py", i)
		quoted := 30 + len(name) // the next header's length
		if i == n-1 {
			quoted = 30 + len(kernel.Name)
		}
		quote := binary.LittleEndian.AppendUint16([]byte{0}, uint16(quoted))
		quote = binary.LittleEndian.AppendUint16(quote, ^uint16(quoted))
		e := archivetest.Entry{Name: name, Method: 8, Size: size, Packed: uint64(len(quote) + len(tail))}
		header := archivetest.Zip{Entries: []archivetest.Entry{e}}.Bytes()[:30+len(name)]
		tail = slices.Concat(header, quote, tail)
		entries = append(entries, e)
	}
	// Places are known once all headers stand.
	out := archivetest.Zip{Prefix: nil, Entries: honestEntries(), Between: tail}
	at := uint32(start)
	slices.Reverse(entries)
	for i := range entries {
		entries[i].At = to(at)
		at += uint32(30 + len(entries[i].Name) + 5)
	}
	out.Entries = append(out.Entries, entries...)
	return out.Bytes()
}

// selfContained is a stored member that reaches to the end of the file.
func selfContained() []byte {
	e := archivetest.Stored("demo/in.zip", "PK\x03\x04")
	first := wheelOf(e).Bytes()
	start := honestLength() + 30 + len(e.Name)
	e.Packed, e.Size = uint64(len(first)-start), uint64(len(first)-start)
	return wheelOf(e).Bytes()
}

// xzWindow is a stream whose block header asks for the largest dictionary.
func xzWindow(t testing.TB) []byte {
	b := xzOf(t, []byte("text"))
	b[12+4] = 40 // 4 GiB − 1; nobody checks the header's own checksum
	return b
}

const bzipZerosHex = "425a6839314159265359a23d4b580040404080c00000040008200030cc0529a60100d8808078bb9229c2848511ea5ac0"
