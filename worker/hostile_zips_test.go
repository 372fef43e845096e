package worker

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"

	"prevalence/schemas/message"
	"prevalence/worker/archive"
	"prevalence/worker/archive/archivetest"
)

// extra64 is a zip64 extra field with these values.
func extra64(values ...uint64) []byte {
	b := binary.LittleEndian.AppendUint16(nil, 1)
	b = binary.LittleEndian.AppendUint16(b, uint16(8*len(values)))
	for _, v := range values {
		b = binary.LittleEndian.AppendUint64(b, v)
	}
	return b
}

// hostileZips are zips that contradict themselves.
func hostileZips() []hostile {
	zip := func(name, sentence string, z archivetest.Zip, kinds, also string) hostile {
		return hostile{name: name, sentence: sentence, format: ".whl", data: z.Bytes(), kinds: kinds, sees: also}
	}
	evil := archivetest.Deflated("demo/evil.py", plantedCode)
	partial := func(h hostile, why string) hostile { h.outcome, h.why = message.OutcomePartial, why; return h }
	lost := func(h hostile, why string) hostile {
		h.outcome, h.why, h.blind = message.OutcomeUnanalysed, why, true
		return h
	}
	raw := func(name, sentence string, data []byte, kinds string) hostile {
		return hostile{name: name, sentence: sentence, format: ".whl", data: data, kinds: kinds}
	}
	good := wheelOf(evil).Bytes()
	with := func(change func(z *archivetest.Zip)) archivetest.Zip {
		z := wheelOf(evil)
		change(&z)
		return z
	}
	unlisted := func(e archivetest.Entry) archivetest.Entry { e.Unlisted = true; return e }
	lie := func(change func(e *archivetest.Entry)) archivetest.Zip { return wheelOf(changed(evil, change)) }
	far := uint32(1 << 30)
	first := wheelOf(evil).Bytes()
	return []hostile{
		zip("zip-plain", "What an honest build makes.", wheelOf(evil), "", sees),
		zip("zip-prefix", "A script in front, as of a self-extracting archive.", with(func(z *archivetest.Zip) { z.Prefix = []byte("#!/bin/sh\nexit\n") }), "prefix-bytes", sees),
		zip("zip-trailing", "Bytes after the end record.", with(func(z *archivetest.Zip) { z.Trailing = []byte("more") }), "trailing-bytes", sees),
		zip("zip-trailing-60-kib", "60 KiB after the end record, nearly as far as readers look.", with(func(z *archivetest.Zip) { z.Trailing = make([]byte, 60<<10) }), "trailing-bytes", sees),
		lost(zip("zip-trailing-70-kib", "70 KiB after the end record, farther than readers look.", with(func(z *archivetest.Zip) { z.Trailing = make([]byte, 70<<10) }), "", ""), archive.WhyNotArchive),
		zip("zip-comment", "A comment of 65,535 bytes.", with(func(z *archivetest.Zip) { z.Comment = make([]byte, 65535) }), "", sees),
		zip("zip-comment-length", "A comment that is shorter than the end record says.", with(func(z *archivetest.Zip) { z.CommentLen, z.Trailing = to(uint32(3)), []byte("12345") }), "trailing-bytes", sees),
		lost(zip("zip-comment-missing", "A comment length that leads out of the file.", with(func(z *archivetest.Zip) { z.CommentLen = to(uint32(500)) }), "", ""), archive.WhyNotArchive),
		zip("zip-end-in-comment", "An end record of no members in the comment: who looks from the back finds that one.", with(func(z *archivetest.Zip) { z.Comment = append(archivetest.Zip{}.Bytes(), 'x') }), "hidden-member prefix-bytes trailing-bytes", sees),
		zip("zip-two-zips", "A whole wheel with other code in front of the wheel: readers from the front see the first, those from the back the second.", with(func(z *archivetest.Zip) { z.Prefix, z.Entries = first, honestEntries() }), "duplicate-name hidden-member prefix-bytes", sees),
		zip("zip-between", "4 KiB between the members and the directory.", with(func(z *archivetest.Zip) { z.Between = make([]byte, 4096) }), "", sees),
		zip("zip-after-directory", "Bytes between the directory and the end record.", with(func(z *archivetest.Zip) { z.After = []byte("signature") }), "trailing-bytes", sees),
		zip("zip-count-lower", "An end record that counts fewer members than the directory has.", with(func(z *archivetest.Zip) { z.Count = to(uint32(1)) }), "directory-count", sees),
		zip("zip-count-higher", "An end record that counts more.", with(func(z *archivetest.Zip) { z.Count = to(uint32(9)) }), "directory-count", sees),
		lost(zip("zip-directory-outside", "A directory that lies beyond the file.", with(func(z *archivetest.Zip) { z.DirOffset = &far }), "", ""), archive.WhyDirectory),
		lost(zip("zip-directory-huge", "A directory that is longer than the file.", with(func(z *archivetest.Zip) { z.DirSize = &far }), "", ""), archive.WhyDirectory),
		lost(zip("zip-directory-at-0", "A directory that is said to begin at the first member.", with(func(z *archivetest.Zip) { z.DirOffset, z.DirSize = to(uint32(0)), to(uint32(len(first)-22)) }), "", ""), archive.WhyDirectory),
		zip("zip-directory-short", "A directory whose size leaves out its last line.", with(func(z *archivetest.Zip) {
			z.DirSize, z.Count = to(uint32(bytes.LastIndex(first, []byte("PK\x01\x02"))-bytes.Index(first, []byte("PK\x01\x02")))), to(uint32(3))
		}), "hidden-member trailing-bytes", sees),
		lost(zip("zip-no-end", "No end record.", with(func(z *archivetest.Zip) { z.NoEnd = true }), "", ""), archive.WhyNotArchive),
		{name: "zip-no-members", sentence: "An end record and nothing else.", format: ".whl", data: archivetest.Zip{}.Bytes(), outcome: message.OutcomeUnanalysed, why: WhyNoMembers, blind: true},

		zip("zip-hidden", "A member between others that the directory does not list: streaming installers have written it, others not.", wheelOf(unlisted(evil), archivetest.Stored("demo/last.txt", "x")), "hidden-member", sees),
		zip("zip-hidden-last", "The same behind the last member.", wheelOf(unlisted(evil)), "hidden-member", sees),
		zip("zip-hidden-stored", "The same, not compressed.", wheelOf(unlisted(archivetest.Stored("demo/evil.py", plantedCode))), "hidden-member", sees),
		zip("zip-hidden-stream", "The same with its sizes after its data.", wheelOf(unlisted(changed(evil, func(e *archivetest.Entry) {
			e.Flags, e.LocalSize, e.LocalPacked = 8, to(uint32(0)), to(uint32(0))
		})), archivetest.Stored("demo/last.txt", "x")), "hidden-member", sees),
		zip("zip-hidden-gap", "The same after a gap of 100 zeros.", with(func(z *archivetest.Zip) {
			z.Entries = honestEntries()
			z.Between = append(make([]byte, 100), archivetest.Zip{Entries: []archivetest.Entry{unlisted(evil)}}.Bytes()...)
		}), "", ""),
		zip("zip-hidden-replaces", "A hidden member of the name of a listed one.", wheelOf(unlisted(archivetest.Deflated("demo/__init__.py", plantedCode)), archivetest.Stored("demo/last.txt", "x")), "duplicate-name hidden-member", sees),

		zip("zip-name-differs", "A local header that names a text where the directory names code.", lie(func(e *archivetest.Entry) { e.Local = "demo/readme.txt" }), "directory-mismatch", sees),
		zip("zip-name-differs-back", "A local header that names code where the directory names a text.", lie(func(e *archivetest.Entry) { e.Name, e.Local = "demo/readme.txt", "demo/evil.py" }), "directory-mismatch", sees),
		zip("zip-method-differs", "A local header that says stored, a directory that says deflated.", lie(func(e *archivetest.Entry) { e.LocalMethod = to(uint16(0)) }), "directory-mismatch", sees),
		zip("zip-method-differs-back", "The other way round: by the directory it is stored.", lie(func(e *archivetest.Entry) { e.Method, e.LocalMethod = 0, to(uint16(8)) }), "checksum-mismatch directory-mismatch size-mismatch", sees),
		zip("zip-size-differs", "Another size in the local header.", lie(func(e *archivetest.Entry) { e.LocalSize = to(uint32(7)) }), "directory-mismatch", sees),
		zip("zip-packed-differs", "Another packed size in the local header.", lie(func(e *archivetest.Entry) { e.LocalPacked = to(uint32(7)) }), "directory-mismatch", sees),
		zip("zip-crc", "A wrong checksum, which pip refuses and others do not.", lie(func(e *archivetest.Entry) { e.CRC = 1 }), "checksum-mismatch", sees),
		zip("zip-size-smaller", "A member that claims to be smaller than it is.", lie(func(e *archivetest.Entry) { e.Size = 3 }), "size-mismatch", sees),
		zip("zip-size-larger", "A member that claims to be larger.", lie(func(e *archivetest.Entry) { e.Size = 3000 }), "size-mismatch", sees),
		partial(zip("zip-packed-short", "A packed size that cuts the data off.", lie(func(e *archivetest.Entry) { e.Packed = 10 }), "", ""), archive.WhyMemberCorrupt),
		zip("zip-packed-long", "A packed size that reaches over the directory.", lie(func(e *archivetest.Entry) { e.Packed = uint64(len(e.Data)) + 40 }), "overlapping-member", sees),
		partial(zip("zip-packed-outside", "A packed size that leads out of the file.", lie(func(e *archivetest.Entry) { e.Packed = 1 << 20 }), "", ""), archive.WhyMemberOutside),
		partial(zip("zip-offset-outside", "A member beyond the file.", lie(func(e *archivetest.Entry) { e.At = &far }), "", ""), archive.WhyMemberOutside),
		partial(zip("zip-offset-in-data", "A member that begins in the middle of another.", lie(func(e *archivetest.Entry) { e.At = to(uint32(60)) }), "overlapping-member", ""), archive.WhyMemberOutside),
		zip("zip-offset-shared", "Two names for the same bytes.", wheelOf(changed(archivetest.Deflated("demo/__init__.py", honestCode), func(e *archivetest.Entry) { e.Name, e.At = "demo/two.py", to(uint32(0)) })), "directory-mismatch overlapping-member", ""),
		partial(zip("zip-encrypted", "A member behind a password.", lie(func(e *archivetest.Entry) { e.Flags = 1 }), "encrypted-member", ""), archive.WhyEncrypted),
		partial(zip("zip-encrypted-strong", "A member behind strong encryption.", lie(func(e *archivetest.Entry) { e.Flags = 1 | 1<<6 }), "encrypted-member", ""), archive.WhyEncrypted),
		partial(zip("zip-encrypted-directory", "A member whose header is masked.", lie(func(e *archivetest.Entry) { e.Flags = 1 << 13 }), "encrypted-member", ""), archive.WhyEncrypted),
		partial(zip("zip-aes", "A member of method 99, AES.", lie(func(e *archivetest.Entry) { e.Flags, e.Method = 1, 99 }), "encrypted-member", ""), archive.WhyEncrypted),
		partial(zip("zip-method-implode", "A method that nobody has used since 1993.", lie(func(e *archivetest.Entry) { e.Method = 6 }), "unknown-method", ""), archive.WhyMethod),
		partial(zip("zip-method-deflate64", "Deflate64, which pip's reader does not know.", lie(func(e *archivetest.Entry) { e.Method = 9 }), "unknown-method", ""), archive.WhyMethod),
		partial(zip("zip-method-unheard", "Method 65,535.", lie(func(e *archivetest.Entry) { e.Method = 65535 }), "unknown-method", ""), archive.WhyMethod),
		partial(zip("zip-deflate-broken", "A member whose deflate stream is noise.", lie(func(e *archivetest.Entry) { e.Data = bytes.Repeat([]byte{0xff}, 60) }), "", ""), archive.WhyMemberCorrupt),
		partial(zip("zip-deflate-endless", "A deflate stream without a last block.", lie(func(e *archivetest.Entry) { e.Data = zeroBlocks([]byte(plantedCode), 2) }), "", ""), archive.WhyMemberCorrupt),
		zip("zip-deflate-more", "Bytes after the last block of deflate.", lie(func(e *archivetest.Entry) { e.Data = append(e.Data, "more"...) }), "", sees),
		zip("zip-descriptor", "Sizes after the data, as a streaming writer leaves them.", lie(func(e *archivetest.Entry) { e.Flags, e.LocalSize, e.LocalPacked = 8, to(uint32(0)), to(uint32(0)) }), "", sees),
		zip("zip-link", "A link of the name of code that leads to a text with code in it.", wheelOf(archivetest.Stored("demo/notes.txt", plantedCode), changed(archivetest.Stored("demo/evil.py", "notes.txt"), func(e *archivetest.Entry) { e.Mode = 0o120777 })), "", ""),
		zip("zip-link-out", "A link to /etc/passwd.", wheelOf(changed(archivetest.Stored("demo/l", "/etc/passwd"), func(e *archivetest.Entry) { e.Mode = 0o120777 })), "escaping-link", ""),
		zip("zip-link-up", "A link that leads two folders up.", wheelOf(changed(archivetest.Stored("demo/l", "../../x"), func(e *archivetest.Entry) { e.Mode = 0o120777 })), "escaping-link", ""),
		zip("zip-link-with-code", "Code that is marked as a link: installers write a file, whatever the mark says.", wheelOf(changed(evil, func(e *archivetest.Entry) { e.Mode = 0o120777 })), "", sees),
		zip("zip-device-with-code", "Code that is marked as a device.", wheelOf(changed(evil, func(e *archivetest.Entry) { e.Mode = 0o020666 })), "device", sees),
		zip("zip-folder-with-code", "Code that is marked as a folder.", wheelOf(changed(evil, func(e *archivetest.Entry) { e.Mode = 0o040755 })), "", sees),
		zip("zip-device", "A character device.", wheelOf(changed(archivetest.Stored("demo/d", ""), func(e *archivetest.Entry) { e.Mode = 0o020666 })), "device", ""),
		zip("zip-fifo", "A FIFO of the name of code.", wheelOf(changed(archivetest.Stored("demo/d.py", ""), func(e *archivetest.Entry) { e.Mode = 0o010666 })), "device", ""),
		zip("zip-socket", "A socket.", wheelOf(changed(archivetest.Stored("demo/d", ""), func(e *archivetest.Entry) { e.Mode = 0o140666 })), "device", ""),
		zip("zip-folder-with-data", "A folder that has code in it.", wheelOf(archivetest.Stored("demo/evil.py/", plantedCode)), "", ""),
		zip("zip-setuid", "A member with every bit of its mode set that is none of a type.", lie(func(e *archivetest.Entry) { e.Mode = 0o107777 }), "", sees),

		zip("zip64-honest", "The zip64 end record where none is needed.", with(func(z *archivetest.Zip) {
			z.Zip64, z.Count, z.DirSize, z.DirOffset = true, to(uint32(0xffff)), to(^uint32(0)), to(^uint32(0))
		}), "", sees),
		zip("zip64-ignored", "A zip64 end record that contradicts the ordinary one, which does not point to it.", with(func(z *archivetest.Zip) {
			z.Zip64, z.Count64, z.DirSize64, z.DirOffset64 = true, to(uint64(0)), to(uint64(0)), to(uint64(0))
		}), "trailing-bytes", sees),
		lost(zip("zip64-outside", "A zip64 directory at 2^62.", with(func(z *archivetest.Zip) {
			z.Zip64, z.DirOffset, z.DirOffset64 = true, to(^uint32(0)), to(uint64(1<<62))
		}), "", ""), archive.WhyDirectory),
		lost(zip("zip64-negative", "A zip64 directory of a size that is negative when it is signed.", with(func(z *archivetest.Zip) {
			z.Zip64, z.DirSize, z.DirSize64 = true, to(^uint32(0)), to(^uint64(0)-5)
		}), "", ""), archive.WhyDirectory),
		zip("zip64-count", "A zip64 end record that counts 2^60 members.", with(func(z *archivetest.Zip) { z.Zip64, z.Count, z.Count64 = true, to(uint32(0xffff)), to(uint64(1<<60)) }), "directory-count", sees),
		lost(zip("zip64-no-end", "A locator without an end record.", with(func(z *archivetest.Zip) { z.Zip64, z.NoEnd64, z.DirOffset = true, true, to(^uint32(0)) }), "", ""), archive.WhyDirectory),
		zip("zip64-member", "A member whose sizes stand in a zip64 field.", lie(func(e *archivetest.Entry) {
			n, size := uint64(len(e.Data)), e.Size
			e.Packed, e.Size, e.CentralExtra = 1<<32-1, 1<<32-1, extra64(size, n)
			e.LocalPacked, e.LocalSize = to(uint32(n)), to(uint32(size))
		}), "", sees),
		partial(zip("zip64-member-missing", "A member that points to a zip64 field that it has not.", lie(func(e *archivetest.Entry) { e.Packed, e.Size = 1<<32-1, 1<<32-1 }), "directory-mismatch", ""), archive.WhyMemberOutside),
		lost(zip("zip64-member-negative", "A zip64 field with a negative offset.", lie(func(e *archivetest.Entry) { e.At, e.CentralExtra = to(^uint32(0)), extra64(1<<63) }), "", ""), archive.WhyDirectory),
		zip("zip-extra-broken", "An extra field whose length leads out of it.", lie(func(e *archivetest.Entry) { e.CentralExtra = []byte{1, 0, 255, 255} }), "", sees),
		zip("zip-extra-unicode-path", "An extra field with another name (0x7075), which some readers take.", lie(func(e *archivetest.Entry) {
			e.Name, e.Local = "demo/readme.txt", "demo/readme.txt"
			e.CentralExtra = binary.LittleEndian.AppendUint32([]byte{0x75, 0x70, 17, 0, 1}, crc32.ChecksumIEEE([]byte(e.Name)))
			e.CentralExtra = append(e.CentralExtra, "demo/evil.py"...)
		}), "directory-mismatch", sees),
		zip("zip-extra-64-kib", "Extra fields of 64 KiB.", lie(func(e *archivetest.Entry) {
			e.LocalExtra = make([]byte, 65000)
			e.CentralExtra = e.LocalExtra
		}), "", sees),

		lost(raw("zip-truncated-half", "Half of a wheel.", good[:len(good)/2], ""), archive.WhyNotArchive),
		lost(raw("zip-truncated-end", "A wheel without its last byte.", good[:len(good)-1], ""), archive.WhyNotArchive),
		lost(raw("zip-truncated-front", "A wheel without its first 200 bytes.", good[200:], ""), archive.WhyDirectory),
		lost(raw("zip-empty", "No bytes.", []byte{}, ""), archive.WhyNotArchive),
		lost(raw("zip-one-byte", "One byte.", []byte("P"), ""), archive.WhyNotArchive),
		lost(raw("zip-is-tar", "A .tar.gz that is called a wheel.", gzipped(sdistOf()), ""), archive.WhyNotArchive),
		lost(raw("zip-is-html", "A page that says 'not found', with status 200.", []byte("<!DOCTYPE html><title>404</title>"), ""), archive.WhyNotArchive),
		lost(raw("zip-signatures", "10,000 end records in a row.", bytes.Repeat([]byte("PK\x05\x06"), 10_000), "trailing-bytes"), archive.WhyDirectory),
		{name: "egg-plain", sentence: "An egg, as setuptools left them.", format: ".egg", data: wheelOf(evil).Bytes(), sees: sees},
		{name: "sdist-zip", sentence: "An sdist that is a zip.", format: ".zip", data: archivetest.Zip{Entries: []archivetest.Entry{
			archivetest.Deflated("demo-1.0/PKG-INFO", hostileMetadata), archivetest.Deflated("demo-1.0/setup.py", plantedCode), archivetest.Deflated("demo-1.0/demo.py", honestCode),
		}}.Bytes(), sees: sees},
	}
}

// hostileNames are members whose names are not what they look like.
func hostileNames() []hostile {
	var all []hostile
	add := func(name, sentence, kinds, also string, members ...string) {
		h := hostile{name: name, sentence: sentence, format: ".whl", kinds: kinds, sees: also}
		var entries []archivetest.Entry
		for _, m := range members {
			entries = append(entries, archivetest.Deflated(m, plantedCode))
		}
		h.data = wheelOf(entries...).Bytes()
		all = append(all, h)
	}
	add("name-duplicate", "Two members of one name: the first wins here, the last there.", "duplicate-name", sees, "demo/__init__.py")
	add("name-duplicate-dot", "The same, spelled with a dot.", "duplicate-name", sees, "demo/./__init__.py")
	add("name-duplicate-slashes", "The same, spelled with two slashes.", "duplicate-name", sees, "demo//__init__.py")
	add("name-case", "Two names that are one on Windows and macOS.", "case-collision", sees, "demo/__INIT__.py")
	add("name-case-unicode", "The same beyond ASCII.", "confusable-name", sees, "demo/\u00e4.py", "demo/\u00c4.py")
	add("name-normal-form", "One name composed and decomposed, which macOS takes for one.", "confusable-name", sees, "demo/\u00e9.py", "demo/e\u0301.py")
	add("name-fullwidth", "A module of fullwidth letters, which Python imports under the plain name.", "confusable-name", sees, "demo/util.py", "demo/\uff55\uff54\uff49\uff4c.py")
	add("name-cyrillic", "A module whose 'i' is Cyrillic beside the one whose is not.", "confusable-name", sees, "demo/util.py", "demo/ut\u0456l.py")
	add("name-greek", "A module whose 'o' is Greek.", "confusable-name", sees, "demo/core.py", "demo/c\u03bfre.py")
	add("name-rtl", "A name that a right-to-left override shows as 'evilyp.txt'.", "invisible-name", sees, "demo/evil\u202etxt.py")
	add("name-isolate", "A name with bidirectional isolates.", "invisible-name", sees, "demo/a\u2066b\u2069.py")
	add("name-zero-width", "A name with a zero-width space.", "invisible-name", sees, "demo/__init__\u200b.py")
	add("name-zero-width-joiner", "A name with a zero-width joiner.", "invisible-name", sees, "demo/ut\u200dil.py")
	add("name-soft-hyphen", "A name with a soft hyphen.", "invisible-name", sees, "demo/ut\u00adil.py")
	add("name-bom", "A name with a byte order mark.", "invisible-name", sees, "\ufeffdemo/x.py")
	add("name-nul", "A NUL in a name, where Python's zipfile stops: this is code.", "control-name", sees, "demo/evil.py\x00.txt")
	add("name-nul-end", "A name that ends with a NUL.", "control-name", sees, "demo/evil.py\x00")
	add("name-newline", "A line break in a name, as an entry in a log or in RECORD.", "control-name", sees, "demo/a\nb.py")
	add("name-escape", "An escape sequence of a terminal in a name.", "control-name", sees, "demo/\x1b[2Jx.py")
	add("name-delete", "A delete character.", "control-name", sees, "demo/x\x7f.py")
	add("name-c1", "A control character of the second set.", "control-name", sees, "demo/x\u009b.py")
	add("name-absolute", "An absolute path.", "absolute-name", sees, "/etc/evil.py")
	add("name-up", "A path that leads out.", "parent-traversal", sees, "../evil.py")
	add("name-up-inside", "A path that leads out and comes back.", "parent-traversal", sees, "demo/../../demo/evil.py")
	add("name-up-harmless", "A path with dots that stays inside.", "parent-traversal", sees, "demo/x/../evil.py")
	add("name-drive", "A path on a drive of Windows.", "absolute-name drive-letter", sees, "C:/evil.py")
	add("name-drive-relative", "A path on a drive, from the current folder.", "drive-letter", sees, "c:evil.py")
	add("name-backslash", "Backslashes, which are separators to some readers.", "backslash-name", sees, `demo\evil.py`)
	add("name-backslash-up", "Backslashes that lead out.", "backslash-name parent-traversal", sees, `..\..\evil.py`)
	add("name-unc", "A path on another machine.", "absolute-name backslash-name", sees, `\\host\share\evil.py`)
	add("name-device-path", "A path of Windows' devices.", "absolute-name backslash-name", sees, `\\?\C:\evil.py`)
	add("name-reserved", "A name that is a device on Windows.", "", sees, "demo/aux.py")
	add("name-stream", "An alternate data stream of Windows.", "", "", "demo/x.txt:evil.py")
	add("name-trailing-dot", "A dot at the end, which Windows drops.", "", "", "demo/evil.py.")
	add("name-trailing-space", "A space at the end, which Windows drops.", "", "", "demo/evil.py ")
	add("name-empty", "No name.", "empty-name", "", "")
	add("name-dot", "A name of a dot alone.", "empty-name", "", ".")
	add("name-up-alone", "A name of two dots alone.", "empty-name parent-traversal", "", "..")
	add("name-latin-1", "A name that is no UTF-8.", "name-encoding", sees, "demo/caf\xe9.py")
	add("name-overlong", "A slash as an overlong sequence of UTF-8.", "name-encoding", sees, "demo/..\xc0\xaf..\xc0\xafevil.py")
	add("name-surrogate", "A surrogate in UTF-8.", "name-encoding", sees, "demo/\xed\xa0\x80.py")
	add("name-scheme", "A name that looks like a URL.", "", sees, "https://host.example/evil.py")
	add("name-home", "A name with a tilde.", "", sees, "~/evil.py")
	add("name-variable", "A name with a variable of the shell.", "", sees, "$HOME/evil.py")
	add("name-hyphens", "A name that looks like an option.", "", sees, "--help.py")
	add("name-quotes", "A name that ends a string of SQL or JSON.", "", sees, "demo/a'\"; DROP TABLE scans;--.py")
	add("name-markup", "A name that is markup.", "", sees, "demo/<script>alert(1)</script>.py")
	deep := ""
	for range 80 {
		deep += "d/"
	}
	add("name-deep", "80 folders in each other.", "", "", deep+"evil.py")
	all[len(all)-1].outcome, all[len(all)-1].why = message.OutcomePartial, archive.WhyTooDeep
	add("name-pth", "A .pth file beside the package, which Python runs at every start.", "", sees, "evil.py")
	add("name-folder-and-file", "A name that is a file and a folder.", "", sees, "demo/x", "demo/x/evil.py")
	return all
}
