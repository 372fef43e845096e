package worker

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf16"

	"prevalence/schemas/message"
	"prevalence/worker/archive/archivetest"
)

// hostileTexts are metadata and sources that lie, in archives that do not.
func hostileTexts() []hostile {
	var all []hostile
	metadata := func(name, sentence, text string) *hostile {
		z := archivetest.Zip{Entries: []archivetest.Entry{
			archivetest.Deflated("demo/__init__.py", honestCode), archivetest.Deflated("demo-1.0.dist-info/METADATA", text),
		}}
		all = append(all, hostile{name: "metadata-" + name, sentence: sentence, format: ".whl", data: z.Bytes()})
		return &all[len(all)-1]
	}
	head := "Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n"
	metadata("none", "Metadata without a byte.", "")
	metadata("no-headers", "Metadata of a body alone.", "\n\nName: other\n")
	metadata("injected", "An author whose name goes on with a header of its own.", head+"Author: A\r\nAuthor-email: other@host.example\r\nName: other\r\n\r\nText\n")
	metadata("injected-cr", "A header that is ended by a carriage return alone.", head+"Author: A\rName: other\rVersion: 9\n\nText\n")
	metadata("injected-nul", "A NUL in the name.", "Metadata-Version: 2.1\nName: demo\x00other\nVersion: 1.0\n\n")
	metadata("injected-separators", "Line and paragraph separators of Unicode in a header.", head+"Summary: a\u2028Name: other\u2029Name: third\x85Name: fourth\x0bName: fifth\n\n")
	metadata("folded", "A header that is folded over 100,000 lines.", head+"Keywords: a"+strings.Repeat("\n b", 100_000)+"\n\nText\n")
	metadata("twice", "Every header twice, with other values.", head+"Name: other\nVersion: 2.0\nMetadata-Version: 9\n\n")
	metadata("no-colon", "100,000 lines without a colon.", head+strings.Repeat("x\n", 100_000))
	metadata("name-of-2-mib", "A name of 2 MiB.", "Metadata-Version: 2.1\nName: "+strings.Repeat("n", 2<<20)+"\nVersion: 1.0\n\n")
	metadata("header-of-7-mib", "A header of 7 MiB, which just fits.", head+"Summary: "+strings.Repeat("s", 7<<20)+"\n\n")
	h := metadata("header-of-10-mib", "A header of 10 MiB.", head+"Summary: "+strings.Repeat("s", 10<<20)+"\n\n")
	h.outcome, h.why = message.OutcomePartial, "member-too-large"
	metadata("headers-100000", "100,000 headers of names of their own.", head+numbered(100_000, "X-%d: y\n")+"\n")
	metadata("dependencies-50000", "50,000 dependencies.", head+numbered(50_000, "Requires-Dist: dep%d\n")+"\n")
	metadata("addresses-50000", "50,000 author addresses in one header.", head+"Author-email: "+numbered(50_000, "a%d@host.example, ")+"\n\n")
	metadata("address-nested", "An address in 10,000 comments in each other.", head+"Author-email: "+strings.Repeat("(", 10_000)+"a@host.example"+strings.Repeat(")", 10_000)+"\n\n")
	metadata("address-quotes", "An address with an open quote of 1 MiB.", head+"Author-email: \""+strings.Repeat("q", 1<<20)+" <a@host.example>\n\n")
	metadata("encoded-words", "20,000 encoded words (RFC 2047) of an unknown character set.", head+"Author: "+strings.Repeat("=?x-none?Q?=00?= ", 20_000)+"\n\n")
	metadata("encoded-injection", "A line break inside an encoded word.", head+"Author: =?utf-8?B?QQpOYW1lOiBvdGhlcg==?=\n\n")
	metadata("utf-16", "Metadata in UTF-16.", string(utf16Of(head, binary.LittleEndian)))
	metadata("latin-1", "Metadata in Latin-1.", head+"Author: Ren\xe9\n\n")
	metadata("bom", "Metadata behind a byte order mark.", "\ufeff"+head+"\n")
	metadata("rtl", "A name with a right-to-left override, and one of zero-width letters.", "Metadata-Version: 2.1\nName: de\u202emo\u200b\nVersion: 1.0\nSummary: \u202etxt\n\n")
	metadata("escape", "Escape sequences of a terminal in a summary.", head+"Summary: \x1b]0;title\x07\x1b[2J\n\n")
	metadata("urls", "A home page that is a script.", head+"Home-page: javascript:alert(1)\nProject-URL: Source, data:text/html,<script>\n\n")
	metadata("version-long", "A version of 100,000 parts.", "Metadata-Version: 2.1\nName: demo\nVersion: "+strings.Repeat("1.", 100_000)+"0\n\n")
	for _, c := range []struct{ name, sentence, file, text string }{
		{"toml-deep", "A pyproject.toml of 100,000 arrays in each other.", "pyproject.toml", "x = " + strings.Repeat("[", 100_000)},
		{"toml-dotted", "A key of 50,000 parts.", "pyproject.toml", strings.Repeat("a.", 50_000) + "b = 1\n"},
		{"toml-no-utf-8", "A pyproject.toml that is no UTF-8.", "pyproject.toml", "name = \"\xff\xfe\"\n"},
		{"cfg-interpolation", "A setup.cfg whose values name each other.", "setup.cfg", "[metadata]\nname = %(version)s%(version)s\nversion = %(name)s%(name)s\n"},
		{"cfg-sections", "A setup.cfg of 100,000 sections.", "setup.cfg", strings.Repeat("[s]\n", 100_000)},
		{"requires-huge", "A requires.txt of 5 MiB.", "demo.egg-info/requires.txt", strings.Repeat("x\n", 5<<19)},
	} {
		all = append(all, hostile{name: "build-" + c.name, sentence: c.sentence, format: ".tar.gz", data: gzipped(sdistOf(archivetest.File("demo-1.0/"+c.file, c.text)))})
	}

	// What CPython runs must be seen; what it refuses needs not be.
	source := func(name, sentence string, text []byte, seen bool, kinds string) *hostile {
		h := hostile{name: "source-" + name, sentence: sentence, format: ".whl", data: wheelOf(archivetest.Deflated("demo/evil.py", string(text))).Bytes(), kinds: kinds}
		if seen {
			h.sees = sees
		}
		all = append(all, h)
		return &all[len(all)-1]
	}
	coded := func(coding string) []byte { return []byte("# -*- coding: " + coding + " -*-\n" + plantedCode) }
	for _, coding := range []string{"utf-8", "latin-1", "cp1252", "ascii", "koi8-r", "shift_jis", "gbk", "big5", "euc-jp", "iso-8859-15", "utf_8_sig", "mac-roman", "cp437"} {
		source("coding-"+strings.ReplaceAll(coding, "_", "-"), "Plain text that says it is "+coding+".", coded(coding), true, "")
	}
	source("coding-utf-7", "Code in UTF-7 that is a comment to who reads ASCII.", []byte("# coding: utf-7\n+AAo-import socket+AAo-socket.create_connection(('h',1))\n"), true, "")
	source("coding-utf-7-plain", "Plain text that says it is UTF-7.", coded("utf-7"), true, "")
	source("coding-unicode-escape", "Code behind escapes of a whole file.", []byte("# coding: unicode_escape\n#\\x0aimport socket\\x0asocket.create_connection(('h',1))\n"), true, "")
	source("coding-raw-unicode-escape", "The same with the raw codec.", []byte("# coding: raw_unicode_escape\n#\\u000aimport socket\\u000asocket.create_connection(('h',1))\n"), true, "")
	source("coding-rot13", "A codec that is none of texts, which CPython refuses.", []byte("# coding: rot13\nvzcbeg fbpxrg\nfbpxrg.perngr_pbaarpgvba(('u',1))\n"), false, "")
	source("coding-hex", "Another.", []byte("# coding: hex\n696d706f7274\n"), false, "")
	source("coding-unknown", "An encoding that nobody knows: CPython refuses it.", coded("x-nobody"), false, "")
	source("coding-undefined", "The codec that always fails.", coded("undefined"), false, "")
	source("coding-line-2", "A declaration on the second line.", []byte("#!/usr/bin/env python3\n# vim: set fileencoding=latin-1 :\n# \xe9\n"+plantedCode), true, "")
	source("coding-line-3", "A declaration on the third line, where it is none.", []byte("#\n#\n# coding: utf-7\n"+plantedCode), true, "")
	source("coding-two", "Two declarations, of which the first counts.", []byte("# coding: latin-1\n# coding: utf-7\n# \xe9\n"+plantedCode), true, "")
	source("coding-bom-lie", "A byte order mark and a declaration that contradicts it, which CPython refuses.", append([]byte("\ufeff"), coded("latin-1")...), false, "")
	source("bom", "A byte order mark.", append([]byte("\ufeff"), plantedCode...), true, "")
	source("utf-16", "UTF-16 with its mark, which CPython refuses.", append([]byte{0xff, 0xfe}, utf16Of(plantedCode, binary.LittleEndian)...), false, "")
	source("utf-16-declared", "Plain text that says it is UTF-16.", coded("utf-16"), false, "")
	source("utf-32", "UTF-32.", append([]byte{0xff, 0xfe, 0, 0}, bytes.Repeat([]byte{'x', 0, 0, 0}, 40)...), false, "")
	source("no-utf-8", "A byte that is no UTF-8 and no declaration: CPython 3 refuses it, CPython 2 did not look.", []byte("# \xe9\n"+plantedCode), true, "")
	source("nul", "A NUL in the middle: code before it ran in older versions.", []byte(plantedCode+"\x00\nimport os\n"), true, "")
	source("nuls", "1 MiB of NULs.", make([]byte, 1<<20), false, "")
	source("form-feed", "A form feed before the code.", []byte("\x0c"+plantedCode), true, "")
	source("cr", "Lines that are ended by carriage returns.", []byte(strings.ReplaceAll(plantedCode, "\n", "\r")), true, "")
	source("line-of-7-mib", "One line of 7 MiB.", []byte("x = '"+strings.Repeat("a", 7<<20)+"'\n"+plantedCode), true, "")
	h = source("of-9-mib", "9 MiB of source.", append(bytes.Repeat([]byte("# line\n"), 9<<20/7), plantedCode...), false, "")
	h.outcome, h.why = message.OutcomePartial, "member-too-large"
	source("indented-far", "Code behind 10,000 spaces, out of sight of a window.", []byte("import socket;"+strings.Repeat(" ", 10_000)+"socket.create_connection(('h',1))\n"), true, "")
	source("bidi", "Bidirectional controls that show other code than runs (CVE-2021-42574).", []byte("import socket\n# \u202e \u2066\nsocket.create_connection(('h',1))\n"), true, "")
	source("zero-width", "Zero-width spaces in a string.", []byte("import socket\nx = 'a\u200bb'\nsocket.create_connection(('h',1))\n"), true, "")
	source("homoglyph", "An identifier with a Cyrillic letter.", []byte("import socket\ns\u043ecket = 1\nsocket.create_connection(('h',1))\n"), true, "")
	source("fullwidth", "Identifiers of fullwidth letters, which Python takes for plain ones.", []byte("import \uff53\uff4f\uff43\uff4b\uff45\uff54\n\uff53\uff4f\uff43\uff4b\uff45\uff54.create_connection(('h',1))\n"), true, "")
	for _, c := range []struct{ name, sentence, text string }{
		{"parentheses", "100,000 open parentheses.", strings.Repeat("(", 100_000)},
		{"brackets", "100,000 pairs of brackets.", "x = " + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + "\n"},
		{"indents", "Blocks that are 2,000 deep.", indents(2000)},
		{"f-strings", "f-strings that are 1,000 deep.", strings.Repeat("f'{", 1000) + "1" + strings.Repeat("}'", 1000) + "\n"},
		{"additions", "A sum of 500,000 strings.", "x = 'a'" + strings.Repeat(" + 'a'", 500_000) + "\n"},
		{"doublings", "A string that doubles in every line.", "a = 'xxxxxxxx'\n" + strings.Repeat("a = a + a\n", 200)},
		{"names", "200,000 names.", numbered(200_000, "n%d = 1\n")},
		{"imports", "100,000 imports.", numbered(100_000, "import m%d\n")},
		{"calls", "200,000 calls of one function.", "import os\n" + strings.Repeat("os.getcwd()\n", 200_000)},
		{"strings", "100,000 addresses.", "x = [" + numbered(100_000, "'https://h%d.example/p',\n") + "]\n"},
		{"open-string", "A string of three quotes that is not closed.", "'''" + strings.Repeat("x\n", 500_000)},
		{"backslashes", "1 MiB of continuation lines.", strings.Repeat("\\\n", 1<<19)},
		{"semicolons", "1 MiB of semicolons.", strings.Repeat(";", 1<<20)},
		{"decorators", "50,000 decorators.", strings.Repeat("@x\n", 50_000) + "def f(): pass\n"},
		{"attributes", "A chain of 200,000 attributes.", "x" + strings.Repeat(".a", 200_000) + "\n"},
		{"lambdas", "50,000 lambdas in each other.", "x = " + strings.Repeat("lambda: ", 50_000) + "0\n"},
		{"base64", "4 MiB of base64.", "x = '" + strings.Repeat("QUJD", 1<<20) + "'\n"},
	} {
		h := hostile{name: "source-" + c.name, sentence: c.sentence, format: ".whl", data: wheelOf(archivetest.Deflated("demo/evil.py", plantedCode+c.text)).Bytes(), sees: sees}
		switch c.name {
		case "parentheses", "brackets", "f-strings", "lambdas":
			h.outcome, h.why = message.OutcomePartial, "source-nesting"
		case "names":
			h.outcome, h.why = message.OutcomePartial, "source-names"
		}
		all = append(all, h)
	}
	return all
}

func utf16Of(s string, order binary.AppendByteOrder) (b []byte) {
	for _, u := range utf16.Encode([]rune(s)) {
		b = order.AppendUint16(b, u)
	}
	return b
}

func numbered(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

func indents(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat(" ", i) + "if x:\n")
	}
	return b.String() + strings.Repeat(" ", n) + "pass\n"
}
