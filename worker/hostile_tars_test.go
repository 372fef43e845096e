package worker

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"prevalence/internal/pypi/pypitest"
	"prevalence/schemas/message"
	"prevalence/worker/archive"
	"prevalence/worker/archive/archivetest"
)

// hostileTars are tars that contradict themselves, or that two readers take
// differently.
func hostileTars(t testing.TB) []hostile {
	evil := archivetest.File("demo-1.0/demo/evil.py", plantedCode)
	tar := func(name, sentence, kinds, also string, blocks ...archivetest.Block) hostile {
		return hostile{name: name, sentence: sentence, format: ".tar.gz", data: gzipped(sdistOf(blocks...)), kinds: kinds, sees: also}
	}
	raw := func(name, sentence string, data []byte, kinds, also string) hostile {
		return hostile{name: name, sentence: sentence, format: ".tar.gz", data: data, kinds: kinds, sees: also}
	}
	partial := func(h hostile, why string) hostile { h.outcome, h.why = message.OutcomePartial, why; return h }
	lost := func(h hostile, why string) hostile {
		h.outcome, h.why, h.blind = message.OutcomeUnanalysed, why, true
		return h
	}
	link := func(kind byte, name, target string) archivetest.Block {
		return archivetest.Block{Name: name, Type: kind, Link: target}
	}
	long := strings.Repeat("d/", 80) + "evil.py"
	good := gzipped(sdistOf(evil))
	sparse := archivetest.Block{Name: "demo-1.0/demo/s.py", Type: 'S', Magic: "ustar  \x00", Size: to(int64(512)), Data: make([]byte, 512), Change: func(h []byte) {
		copy(h[386:], "00000000000\x0000000001000\x00") // one piece: at 0, 512 bytes
		copy(h[483:], "77777777777\x00")                // of 8 GiB
	}}
	all := []hostile{
		tar("tar-plain", "What an honest build makes.", "", sees, evil),
		tar("tar-duplicate", "Two members of one name: the last stays on disk.", "duplicate-name", sees, archivetest.File("demo-1.0/demo/__init__.py", plantedCode)),
		tar("tar-case", "Two names that are one on Windows and macOS.", "case-collision", sees, archivetest.File("demo-1.0/DEMO/__init__.py", plantedCode)),
		tar("tar-absolute", "An absolute path.", "absolute-name", sees, archivetest.File("/tmp/evil.py", plantedCode)),
		tar("tar-up", "A path that leads out.", "parent-traversal", sees, archivetest.File("demo-1.0/../../evil.py", plantedCode)),
		partial(tar("tar-nul-in-pax", "A NUL in a name of an extended header, which Python takes and Go does not.", "", "", archivetest.Pax('x', "path", "demo-1.0/evil.py\x00x"), evil), archive.WhyTarHeader),
		tar("tar-rtl", "A name with a right-to-left override.", "invisible-name", sees, archivetest.Pax('x', "path", "demo-1.0/demo/evil\u202etxt.py"), evil),
		tar("tar-symlink", "A link inside of the archive.", "", "", link('2', "demo-1.0/demo/l.py", "__init__.py")),
		partial(tar("tar-symlink-code", "Code that is a link to a text.", "linked-code", "", archivetest.File("demo-1.0/notes.txt", plantedCode), link('2', "demo-1.0/demo/run.py", "../notes.txt")), archive.WhyLinkedCode),
		partial(tar("tar-hardlink-code", "Code that is a hard link to a text.", "linked-code", "", archivetest.File("demo-1.0/notes.txt", plantedCode), link('1', "demo-1.0/demo/run.py", "demo-1.0/notes.txt")), archive.WhyLinkedCode),
		tar("tar-symlink-out", "A link to /etc/passwd.", "escaping-link", "", link('2', "demo-1.0/l", "/etc/passwd")),
		tar("tar-symlink-up", "A link that leads out.", "escaping-link", "", link('2', "demo-1.0/l", "../../x")),
		tar("tar-hardlink-out", "A hard link that leads out.", "escaping-link", "", link('1', "demo-1.0/l", "../x")),
		tar("tar-symlink-folder", "A folder that is a link out, and a member below it.", "escaping-link", sees, link('2', "demo-1.0/out", "/tmp"), archivetest.File("demo-1.0/out/evil.py", plantedCode)),
		tar("tar-symlink-self", "A link to itself.", "", "", link('2', "demo-1.0/l", "l")),
		tar("tar-symlink-empty", "A link to nothing.", "", "", link('2', "demo-1.0/l", "")),
		partial(tar("tar-hardlink-data", "A hard link that carries data.", "", "", archivetest.Block{Name: "demo-1.0/l.py", Type: '1', Link: "demo-1.0/setup.py", Data: []byte(plantedCode)}), archive.WhyTarHeader),
		tar("tar-char-device", "A character device.", "device", "", archivetest.Block{Name: "demo-1.0/d", Type: '3', Major: 1, Minor: 5}),
		tar("tar-block-device", "A block device.", "device", "", archivetest.Block{Name: "demo-1.0/d", Type: '4', Major: 8}),
		tar("tar-fifo", "A FIFO, which stops who opens it.", "device", "", archivetest.Block{Name: "demo-1.0/setup.cfg", Type: '6'}),
		tar("tar-contiguous", "A member of type 7, which is a file to those who know it.", "", sees, archivetest.Block{Name: "demo-1.0/demo/c.py", Type: '7', Data: []byte(plantedCode)}),
		tar("tar-type-nul", "A member of type NUL, as before 1988.", "", sees, archivetest.Block{Name: "demo-1.0/demo/c.py", Data: []byte(plantedCode), Change: func(h []byte) { h[156] = 0 }}),
		tar("tar-type-unknown", "A member of type Z, which Python takes for a file.", "unknown-type", sees, archivetest.Block{Name: "demo-1.0/demo/c.py", Type: 'Z', Data: []byte(plantedCode)}),
		partial(tar("tar-folder-with-data", "A folder that has code in it.", "", "", archivetest.Block{Name: "demo-1.0/demo/c.py", Type: '5', Data: []byte(plantedCode)}), archive.WhyTarHeader),
		tar("tar-file-with-slash", "A file whose name ends like a folder's.", "", "", archivetest.File("demo-1.0/demo/c.py/", plantedCode)),
		tar("tar-volume-label", "A volume's label, as GNU writes it.", "", sees, archivetest.Block{Name: "label", Type: 'V', Magic: "ustar  \x00"}, evil),
		tar("tar-multivolume", "The continuation of a file on another volume.", "unknown-type", sees, archivetest.Block{Name: "demo-1.0/demo/c.py", Type: 'M', Magic: "ustar  \x00", Data: []byte(plantedCode)}),
		tar("tar-gnu-long-name", "A name beyond 100 bytes in GNU's form.", "", sees, archivetest.Block{Name: "././@LongLink", Type: 'L', Magic: "ustar  \x00", Data: []byte("demo-1.0/demo/" + strings.Repeat("n", 200) + ".py\x00")}, evil),
		tar("tar-gnu-long-link", "A target beyond 100 bytes in GNU's form.", "escaping-link", "", archivetest.Block{Name: "././@LongLink", Type: 'K', Magic: "ustar  \x00", Data: []byte("/" + strings.Repeat("n", 200) + "\x00")}, link('2', "demo-1.0/l", "x")),
		partial(tar("tar-gnu-long-name-huge", "A name of 10 MiB in GNU's form.", "", "", archivetest.Block{Name: "././@LongLink", Type: 'L', Magic: "ustar  \x00", Data: bytes.Repeat([]byte("n"), 10<<20)}, evil), archive.WhyTarHeader),
		tar("tar-gnu-long-name-alone", "A long name with no member after it.", "", "", archivetest.Block{Name: "././@LongLink", Type: 'L', Magic: "ustar  \x00", Data: []byte("x\x00")}),
		tar("tar-pax-path", "A name that an extended header replaces: a text that becomes code.", "", sees, archivetest.Pax('x', "path", "demo-1.0/demo/evil.py"), archivetest.File("demo-1.0/readme.txt", plantedCode)),
		tar("tar-pax-size", "A size that an extended header replaces: who goes by the header sees other members.", "", sees, archivetest.Pax('x', "size", fmt.Sprint(len(plantedCode))), archivetest.Block{Name: "demo-1.0/demo/evil.py", Size: to(int64(0)), Data: []byte(plantedCode)}),
		tar("tar-pax-size-smuggled", "An inner tar that is data by the extended header, and members by the header.", "", "", archivetest.Pax('x', "size", "1024"), archivetest.Block{Name: "demo-1.0/inner.tar", Size: to(int64(0)), Data: archivetest.Blocks(evil)}),
		tar("tar-pax-global", "A global header that names a commit, as git archive writes it.", "", sees, archivetest.Block{Name: "pax_global_header", Type: 'g', Data: []byte(archivetest.Record("comment", strings.Repeat("0", 40)))}, evil),
		tar("tar-pax-global-path", "A global header that gives every member one name.", "", sees, archivetest.Pax('g', "path", "demo-1.0/all.py"), evil),
		partial(tar("tar-pax-negative-size", "A negative size in an extended header.", "", "", archivetest.Pax('x', "size", "-1"), evil), archive.WhyTarHeader),
		partial(tar("tar-pax-huge-size", "A size of 8 EiB in an extended header.", "", "", archivetest.Pax('x', "size", "9223372036854775807"), evil), archive.WhyTruncated),
		partial(tar("tar-pax-broken", "An extended header that is none.", "", "", archivetest.Block{Name: "x", Type: 'x', Data: []byte("99999 path=x\n")}, evil), archive.WhyTarHeader),
		partial(tar("tar-pax-10-mib", "An extended header of 10 MiB.", "", "", archivetest.Pax('x', "comment", strings.Repeat("c", 10<<20)), evil), archive.WhyTarHeader),
		tar("tar-pax-many", "10,000 records in an extended header.", "", sees, archivetest.Block{Name: "x", Type: 'x', Data: []byte(strings.Repeat(archivetest.Record("x.y", "z"), 10_000))}, evil),
		tar("tar-pax-charset", "An extended header that is not UTF-8, and says so.", "name-encoding", sees, archivetest.Pax('x', "hdrcharset", "BINARY", "path", "demo-1.0/demo/caf\xe9.py"), evil),
		tar("tar-xattrs", "Extended attributes that make a file a privileged one.", "", sees, archivetest.Pax('x', "SCHILY.xattr.security.capability", "\x01"), evil),
		partial(tar("tar-sparse-gnu", "8 GiB of a sparse file in 512 bytes, in GNU's old form.", "", "", sparse), archive.WhyMemberTooLarge),
		partial(tar("tar-sparse-pax", "The same by extended headers, version 0.1.", "", "", archivetest.Pax('x', "GNU.sparse.size", "8589934592", "GNU.sparse.numblocks", "1", "GNU.sparse.map", "0,512"), archivetest.Block{Name: "demo-1.0/demo/s.py", Data: make([]byte, 512)}), archive.WhyMemberTooLarge),
		partial(tar("tar-sparse-1.0", "The same, version 1.0, under another name.", "", "", archivetest.Pax('x', "GNU.sparse.major", "1", "GNU.sparse.minor", "0", "GNU.sparse.name", "demo-1.0/demo/s.py", "GNU.sparse.realsize", "8589934592"), archivetest.Block{Name: "demo-1.0/GNUSparseFile.0/s.py", Data: append([]byte("1\n0\n512\n"), make([]byte, 1016)...)}), archive.WhyMemberTooLarge),
		partial(tar("tar-sparse-overlap", "A sparse file whose pieces overlap.", "", "", archivetest.Pax('x', "GNU.sparse.size", "2048", "GNU.sparse.numblocks", "2", "GNU.sparse.map", "0,512,256,512"), archivetest.Block{Name: "demo-1.0/s.py", Data: make([]byte, 1024)}), archive.WhyTarHeader),
		partial(tar("tar-checksum", "A header whose checksum is wrong: Python takes that for the end.", "", "", archivetest.Block{Name: "demo-1.0/demo/evil.py", Data: []byte(plantedCode), Spoil: func(h []byte) { h[0] ^= 1 }}), archive.WhyTarHeader),
		tar("tar-checksum-signed", "A checksum of signed bytes, as old writers made it.", "name-encoding", sees, archivetest.Block{Name: "demo-1.0/demo/caf\xe9.py", Data: []byte(plantedCode), Spoil: signedChecksum}),
		partial(tar("tar-size-octal", "A size that is no number.", "", "", archivetest.Block{Name: "demo-1.0/demo/evil.py", Data: []byte(plantedCode), Change: func(h []byte) { copy(h[124:], "0000000zz99\x00") }}), archive.WhyTarHeader),
		partial(tar("tar-size-negative", "A negative size in binary.", "", "", archivetest.Block{Name: "demo-1.0/demo/evil.py", Size: to(int64(-512)), Data: []byte(plantedCode)}), archive.WhyTarHeader),
		partial(tar("tar-size-huge", "A member of 4 EiB in binary.", "", "", archivetest.Block{Name: "demo-1.0/demo/evil.py", Size: to(int64(1 << 62)), Data: []byte(plantedCode)}), archive.WhyTruncated),
		tar("tar-v7", "A header without a magic, of 1979.", "", sees, archivetest.Block{Name: "demo-1.0/demo/evil.py", Magic: "\x00\x00\x00\x00\x00\x00\x00\x00", Data: []byte(plantedCode)}),
		tar("tar-prefix", "A name in two parts.", "", sees, archivetest.Block{Name: "evil.py", Data: []byte(plantedCode), Change: func(h []byte) { copy(h[345:], "demo-1.0/demo") }}),
		tar("tar-deep", "80 folders in each other.", "", "", archivetest.Pax('x', "path", "demo-1.0/"+long), evil),
		tar("tar-name-1-mib", "A name of 900 KiB in an extended header.", "", "", archivetest.Pax('x', "path", "demo-1.0/"+strings.Repeat("n", 900<<10)+".py"), evil),
		tar("tar-two-roots", "A second folder at the root.", "", sees, archivetest.File("other-2.0/demo/evil.py", plantedCode)),
		tar("tar-no-root", "Members without a folder at the root.", "", sees, archivetest.File("evil.py", plantedCode)),
		tar("tar-one-zero-block", "One empty block in the middle: Python takes that for the end, Go for a broken header.", "", ""),
		raw("tar-trailing", "Bytes after the end of the tar.", gzipped(append(sdistOf(evil), "more"...)), "trailing-bytes", sees),
		raw("tar-two-tars", "A second tar behind the first.", gzipped(append(sdistOf(), sdistOf(evil)...)), "trailing-bytes", ""),
		raw("tar-no-end", "A tar without the empty blocks at its end.", gzipped(archivetest.Blocks(append(honestBlocks(), evil)...)), "", sees),
		partial(raw("tar-truncated-member", "A tar that ends in the middle of a member.", gzipped(append(archivetest.Blocks(honestBlocks()...), archivetest.Blocks(archivetest.Block{Name: "demo-1.0/x.py", Size: to(int64(9999)), Data: []byte(plantedCode)})...)), "", ""), archive.WhyTruncated),
		partial(raw("tar-truncated-header", "A tar that ends in the middle of a header.", gzipped(append(archivetest.Blocks(honestBlocks()...), archivetest.Blocks(evil)[:300]...)), "", ""), archive.WhyTruncated),
		raw("gzip-two-members", "A tar in two gzip members; some readers see the first alone.", append(gzipped(archivetest.Blocks(honestBlocks()...)), gzipped(archivetest.Tar(evil))...), "", sees),
		raw("gzip-trailing", "Bytes after the gzip stream.", append(bytes.Clone(good), "more"...), "trailing-bytes", sees),
		raw("gzip-trailing-zeros", "Zeros after the gzip stream, as tapes had them.", append(bytes.Clone(good), make([]byte, 1024)...), "trailing-bytes", sees),
		raw("gzip-checksum", "A wrong checksum at the end of the gzip stream.", flipped(good, len(good)-8), "checksum-mismatch", sees),
		raw("gzip-length", "A wrong length at the end of the gzip stream.", flipped(good, len(good)-1), "checksum-mismatch", sees),
		lost(raw("gzip-truncated-head", "A gzip header and nothing else.", good[:10], "", ""), archive.WhyTruncated),
		partial(raw("gzip-truncated-half", "Half of a gzip stream.", good[:len(good)/2], "", ""), archive.WhyTruncated),
		raw("gzip-truncated-end", "A gzip stream without its last byte.", good[:len(good)-1], "trailing-bytes", sees),
		lost(raw("gzip-broken", "A gzip stream with a byte changed.", flipped(good, 30), "", ""), archive.WhyCompression),
		lost(raw("gzip-method", "A gzip header of an unknown method.", flipped(good, 2), "", ""), archive.WhyCompression),
		lost(raw("gzip-empty", "No bytes.", []byte{}, "", ""), archive.WhyTruncated),
		lost(raw("gzip-of-nothing", "A gzip stream of no bytes.", gzipped(nil), "", ""), WhyNoMembers),
		lost(raw("gzip-of-zeros", "An empty tar.", gzipped(make([]byte, 10240)), "", ""), WhyNoMembers),
		lost(raw("gzip-is-bzip2", "Another compression than the name promises, of a tar without members.", bzipZeros(), "format-mismatch", ""), WhyNoMembers),
		raw("gzip-is-xz", "The same with xz.", xzOf(t, sdistOf(evil)), "format-mismatch", sees),
		raw("gzip-is-plain", "The same with none.", sdistOf(evil), "format-mismatch", sees),
		lost(raw("gzip-is-zip", "A zip that is called .tar.gz.", wheelOf().Bytes(), "", ""), archive.WhyNotArchive),
		lost(raw("gzip-is-html", "A page that says 'not found'.", []byte("<!DOCTYPE html><title>404</title>"+strings.Repeat(" ", 600)), "format-mismatch", ""), archive.WhyNotArchive),
		lost(raw("gzip-is-7z", "A 7z archive that is called .tar.gz.", append([]byte("7z\xbc\xaf\x27\x1c"), make([]byte, 600)...), "format-mismatch", ""), archive.WhyNotArchive),
	}
	for i := range all {
		h := &all[i]
		switch h.name {
		case "tar-one-zero-block":
			h.data = gzipped(slices.Concat(archivetest.Blocks(honestBlocks()...), make([]byte, 512), archivetest.Tar(evil)))
			*h = partial(*h, archive.WhyTarHeader)
		case "gzip-truncated-half":
			h.blind = true
		case "tar-deep":
			*h = partial(*h, archive.WhyTooDeep)
		case "tar-name-1-mib":
			*h = partial(*h, archive.WhyNameTooLong)
		}
	}
	xz := xzOf(t, sdistOf(evil))
	all = append(all,
		hostile{name: "xz-plain", sentence: "An sdist in xz.", format: ".tar.xz", data: xz, sees: sees},
		hostile{name: "xz-truncated", sentence: "Half of an xz stream.", format: ".tar.xz", data: xz[:len(xz)/2], outcome: message.OutcomeUnanalysed, why: archive.WhyTruncated, blind: true},
		hostile{name: "xz-header", sentence: "An xz header with unknown flags.", format: ".tar.xz", data: flipped(xz, 6), outcome: message.OutcomeUnanalysed, why: archive.WhyCompression, blind: true},
		hostile{name: "xz-index", sentence: "An xz index that counts 2^62 blocks.", format: ".tar.xz", data: append(bytes.Clone(xz[:bytes.LastIndex(xz, []byte("YZ"))-12]), 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x3f), sees: sees, kinds: "trailing-bytes"},
		hostile{name: "zstd-plain", sentence: "An sdist in zstd.", format: ".tar.gz", kinds: "format-mismatch", data: zstOf(t, sdistOf(evil)), sees: sees},
		hostile{name: "zstd-skippable", sentence: "10,000 skippable frames of zstd before the tar.", format: ".tar.gz", kinds: "format-mismatch", data: append(bytes.Repeat([]byte{0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4}, 10_000), zstOf(t, sdistOf(evil))...), outcome: message.OutcomeUnanalysed, why: archive.WhyNotArchive, blind: true},
		hostile{name: "bzip2-truncated", sentence: "Half of a bzip2 stream.", format: ".tar.bz2", data: bzipZeros()[:20], outcome: message.OutcomeUnanalysed, why: archive.WhyTruncated, blind: true},
		hostile{name: "tar-z", sentence: "An sdist of compress, which nobody reads.", format: ".tar.Z", data: []byte("\x1f\x9d\x90"), outcome: message.OutcomeUnanalysed, why: WhyNoDistFiles, blind: true},
	)
	return all
}

func flipped(b []byte, at int) []byte {
	b = bytes.Clone(b)
	b[at] ^= 0x55
	return b
}

// signedChecksum replaces a header's checksum by the one of old writers.
func signedChecksum(h []byte) {
	copy(h[148:156], "        ")
	sum := 0
	for _, c := range h {
		sum += int(int8(c))
	}
	copy(h[148:], fmt.Sprintf("%06o\x00 ", sum))
}

// hostileServers are honest distributions that are served or described wrongly.
func hostileServers(testing.TB) []hostile {
	wheel, sdist := wheelOf(archivetest.Deflated("demo/evil.py", plantedCode)).Bytes(), gzipped(sdistOf(archivetest.File("demo-1.0/demo/evil.py", plantedCode)))
	served := func(name, sentence, format string, fault pypitest.Fault, why string) hostile {
		h := hostile{name: name, sentence: sentence, format: format, data: wheel, fault: &fault, sees: sees}
		if format != ".whl" {
			h.data = sdist
		}
		if why != "" {
			h.outcome, h.why, h.blind, h.sees = message.OutcomeUnanalysed, why, true, ""
		}
		return h
	}
	all := []hostile{
		served("server-drip-wheel", "A server that sends one byte at a time.", ".whl", pypitest.Fault{Kind: pypitest.Drip}, ""),
		served("server-drip-sdist", "The same for an sdist.", ".tar.gz", pypitest.Fault{Kind: pypitest.Drip}, ""),
		served("server-longer", "A server that sends a byte more than the index says.", ".whl", pypitest.Fault{Kind: pypitest.Longer}, WhyWrongSize),
		served("server-corrupt-wheel", "A server that changes bytes, twice.", ".whl", pypitest.Fault{Kind: pypitest.Corrupt}, WhyWrongHash),
		served("server-corrupt-sdist", "The same for an sdist.", ".tar.gz", pypitest.Fault{Kind: pypitest.Corrupt}, WhyWrongHash),
		served("server-corrupt-once", "A server that changes bytes once.", ".tar.gz", pypitest.Fault{Kind: pypitest.Corrupt, Times: 1}, ""),
		served("server-cut-once", "A connection that is cut once in the middle of the body.", ".tar.gz", pypitest.Fault{Kind: pypitest.HalfBody, Times: 1}, ""),
		served("server-short-once", "A body that ends a byte early, once.", ".tar.gz", pypitest.Fault{Kind: pypitest.Short, Times: 1}, ""),
		served("server-gone", "A file that the index lists and has not.", ".whl", pypitest.Fault{Kind: pypitest.Status, Code: 404}, WhyFileGone),
		served("server-forbidden", "A file that the index does not hand out.", ".whl", pypitest.Fault{Kind: pypitest.Status, Code: 451}, WhyFileRefused),
	}
	lie := func(name, sentence, format, why string, change func(h *hostile)) {
		h := served(name, sentence, format, pypitest.Fault{}, why)
		h.fault = nil
		change(&h)
		all = append(all, h)
	}
	lie("index-wrong-hash", "An index that gives another hash.", ".whl", WhyWrongHash, func(h *hostile) { h.sha256 = strings.Repeat("0", 64) })
	lie("index-size-smaller", "An index that gives a smaller size.", ".tar.gz", WhyWrongSize, func(h *hostile) { h.size = 5 })
	lie("index-size-larger", "An index that gives a larger size.", ".tar.gz", WhyWrongSize, func(h *hostile) { h.size = 5 << 20 })
	lie("index-size-huge", "An index that says 8 EiB.", ".tar.gz", WhyWrongSize, func(h *hostile) { h.size = 1<<63 - 1 })
	return all
}
