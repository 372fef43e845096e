// Package coremeta reads what a distribution says about itself: METADATA and
// PKG-INFO, pyproject.toml, setup.cfg and the small files beside them. It is
// tolerant: what cannot be understood is passed over, and nothing here fails
// because a package is odd.
//
// Addresses are in its results as they were found; they must not leave the
// worker.
package coremeta

import (
	"bytes"
	"mime"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
)

// Limits of what is read.
const (
	maxInputBytes   = 16 << 20 // of a file; the rest is not read
	maxValueBytes   = 64 << 10 // kept of one header; the rest is counted
	maxValues       = 10_000   // kept of a repeated header
	maxDecodedWords = 1000     // RFC 2047 words of a file; further ones stay as they are
)

// Metadata is what one METADATA or PKG-INFO file says. Values are UTF-8, RFC
// 2047 words decoded, folded lines joined by newlines; "UNKNOWN", which
// distutils wrote for nothing, is nothing. A repeated header that should stand
// once keeps its first value.
//
// Source: the core metadata specifications 1.0 to 2.5 (PEP 241, 314, 345, 566,
// 639, 643, 685, 753, 794).
type Metadata struct {
	MetadataVersion  string
	Name             string
	Version          string
	Summary          string
	DescriptionBytes int // of the long description, in a header or as the body, blanks at its ends not counted
	License          string
	LicenseExpr      string // License-Expression, PEP 639
	RequiresPython   string
	HomePage         string
	DownloadURL      string
	ProjectURLs      []Link
	RequiresDist     []string
	ImportNames      []string // PEP 794, import-namespace excluded

	// Author, AuthorEmail, Maintainer, MaintainerEmail hold addresses and names
	// of people: every value of each header.
	Author, AuthorEmail, Maintainer, MaintainerEmail []string

	// Repeated names the single-use headers that stand more than once.
	Repeated []string
	// NotUTF8 is true when the file was no valid UTF-8; it was then read as
	// Latin-1.
	NotUTF8 bool
	// Cut is true when something was longer than the limits and was not kept.
	Cut bool
}

// Link is a labelled URL.
type Link struct{ Label, URL string }

// Parse reads a METADATA or PKG-INFO file. It never fails: a file that is none
// gives a Metadata without a name.
func Parse(b []byte) Metadata {
	var m Metadata
	if len(b) > maxInputBytes {
		b, m.Cut = b[:maxInputBytes], true
	}
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(b) {
		m.NotUTF8 = true
	}
	p := parser{m: &m}
	for len(b) > 0 {
		var line []byte
		line, b = cutLine(b)
		if len(line) == 0 {
			p.end()
			if n := len(bytes.TrimSpace(b)); n > m.DescriptionBytes && !unknown(bytes.TrimSpace(b)) {
				m.DescriptionBytes = n
			}
			return m
		}
		p.line(line)
	}
	p.end()
	return m
}

// cutLine splits off one line; "\r\n" and lone "\r" end lines too, as they do
// for Python's parser.
func cutLine(b []byte) (line, rest []byte) {
	i := bytes.IndexAny(b, "\r\n")
	if i < 0 {
		return b, nil
	}
	line = b[:i]
	if b[i] == '\r' && i+1 < len(b) && b[i+1] == '\n' {
		i++
	}
	return line, b[i+1:]
}

// parser gathers one header's lines.
type parser struct {
	m     *Metadata
	name  string
	value []byte
	size  int // of the value, what was not kept included
	seen  map[string]bool
	words int // RFC 2047 words so far
}

// line takes one line of the header part: a new header, or more of the last
// one. Lines that are neither belong to the last header too: distutils wrote
// multi-line values without indenting them.
func (p *parser) line(line []byte) {
	if line[0] != ' ' && line[0] != '\t' {
		if name, value, ok := splitHeader(line); ok {
			p.end()
			p.name = name
			p.value = append(p.value[:0], value...)
			p.size = len(value)
			p.limit()
			return
		}
	}
	if p.name == "" {
		return
	}
	p.size += 1 + len(line)
	if len(p.value) < maxValueBytes {
		line = bytes.TrimLeft(line, " \t")
		line = bytes.TrimPrefix(line, []byte("|")) // how distutils kept the lines of a licence or description
		p.value = append(append(p.value, '\n'), line...)
	}
	p.limit()
}

func (p *parser) limit() {
	if len(p.value) > maxValueBytes {
		p.value = p.value[:maxValueBytes]
		if p.name != "description" {
			p.m.Cut = true
		}
	}
}

// splitHeader splits "Name: value". Names are letters, digits and hyphens.
func splitHeader(line []byte) (name string, value []byte, ok bool) {
	i := bytes.IndexByte(line, ':')
	if i <= 0 || i > 40 {
		return "", nil, false
	}
	for _, c := range line[:i] {
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && c != '-' && (c < '0' || c > '9') {
			return "", nil, false
		}
	}
	return strings.ToLower(string(line[:i])), bytes.TrimSpace(line[i+1:]), true
}

// end takes the header that was gathered.
func (p *parser) end() {
	if p.name == "" {
		return
	}
	name := p.name
	p.name = ""
	value := bytes.TrimSpace(p.value)
	if unknown(value) {
		return
	}
	m := p.m
	if name == "description" {
		m.DescriptionBytes = max(m.DescriptionBytes, min(p.size, max(len(value), p.size)))
		p.once(name)
		return
	}
	text := p.decode(value)
	switch name {
	case "metadata-version":
		p.set(name, &m.MetadataVersion, text)
	case "name":
		p.set(name, &m.Name, text)
	case "version":
		p.set(name, &m.Version, text)
	case "summary":
		p.set(name, &m.Summary, text)
	case "license":
		p.set(name, &m.License, text)
	case "license-expression":
		p.set(name, &m.LicenseExpr, text)
	case "requires-python":
		p.set(name, &m.RequiresPython, text)
	case "home-page":
		p.set(name, &m.HomePage, text)
	case "download-url":
		p.set(name, &m.DownloadURL, text)
	case "project-url":
		label, url, ok := strings.Cut(text, ",")
		if !ok {
			label, url = "", text
		}
		if len(m.ProjectURLs) < maxValues {
			m.ProjectURLs = append(m.ProjectURLs, Link{strings.TrimSpace(label), strings.TrimSpace(url)})
		}
	case "requires-dist", "requires":
		p.add(&m.RequiresDist, strings.Join(strings.Fields(text), " "))
	case "import-name":
		n, _, _ := strings.Cut(text, ";") // "; private" may follow
		if n = strings.TrimSpace(n); n != "" {
			p.add(&m.ImportNames, n)
		}
	case "author":
		p.add(&m.Author, text)
	case "author-email":
		p.add(&m.AuthorEmail, text)
	case "maintainer":
		p.add(&m.Maintainer, text)
	case "maintainer-email":
		p.add(&m.MaintainerEmail, text)
	}
}

func (p *parser) set(name string, to *string, text string) {
	if p.once(name) {
		*to = text
	}
}

// once reports whether a header stands for the first time.
func (p *parser) once(name string) bool {
	if p.seen[name] {
		if len(p.m.Repeated) < 100 {
			p.m.Repeated = append(p.m.Repeated, name)
		}
		return false
	}
	if p.seen == nil {
		p.seen = make(map[string]bool)
	}
	p.seen[name] = true
	return true
}

func (p *parser) add(to *[]string, text string) {
	if len(*to) >= maxValues {
		p.m.Cut = true
		return
	}
	*to = append(*to, text)
}

func unknown(value []byte) bool {
	return len(value) == 0 || len(value) == len("UNKNOWN") && bytes.EqualFold(value, []byte("UNKNOWN"))
}

// decode turns a header's bytes into text: UTF-8, else Latin-1; then RFC 2047.
func (p *parser) decode(value []byte) string {
	text := string(value)
	if !utf8.ValidString(text) {
		runes := make([]rune, len(value))
		for i, c := range value {
			runes[i] = rune(c)
		}
		text = string(runes)
	}
	n := strings.Count(text, "=?")
	if p.words += n; n == 0 || p.words > maxDecodedWords {
		return text
	}
	d := mime.WordDecoder{CharsetReader: charset.NewReaderLabel}
	if out, err := d.DecodeHeader(text); err == nil && utf8.ValidString(out) {
		return out
	}
	return text
}
