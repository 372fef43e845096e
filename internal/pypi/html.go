package pypi

import (
	"errors"
	"io"
	"net/url"
	"strings"

	"golang.org/x/net/html"

	"prevalence/schemas/message"
)

// maxTokenBytes bounds one tag or text of an HTML page.
const maxTokenBytes = 1 << 20

// anchor is one <a> with its attributes, entities resolved.
type anchor struct {
	attr map[string]string
	text string
}

// head is what an HTML page says of itself.
type head struct {
	base   string // <base href>
	status string // PEP 792
	serial message.Serial
}

// anchors walks over an HTML page. It calls fn at the end of each anchor with
// the head as far as it was read, and returns the head at the page's end.
func anchors(r io.Reader, fn func(head, anchor)) (head, error) {
	z := html.NewTokenizer(r)
	z.SetMaxBuf(maxTokenBytes)
	var h head
	var a *anchor
	tags := 0
	for {
		switch z.Next() {
		case html.ErrorToken:
			if err := z.Err(); !errors.Is(err, io.EOF) {
				return h, err
			}
			if tags == 0 {
				return h, errors.New("no HTML")
			}
			if a != nil {
				fn(h, *a)
			}
			return h, nil
		case html.TextToken:
			if a != nil {
				a.text += string(z.Text())
			}
		case html.CommentToken: // <!--SERIAL 123-->, as PyPI and its mirrors write it
			if s, ok := strings.CutPrefix(strings.TrimSpace(string(z.Text())), "SERIAL "); ok {
				if _, ok := number(message.Serial(s)); ok {
					h.serial = message.Serial(s)
				}
			}
		case html.EndTagToken:
			tags++
			if name, _ := z.TagName(); string(name) == "a" && a != nil {
				fn(h, *a)
				a = nil
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			tags++
			name, more := z.TagName()
			switch string(name) {
			case "a":
				if a != nil { // the one before was never closed
					fn(h, *a)
				}
				a = &anchor{attr: attributes(z, more)}
			case "base":
				if href := attributes(z, more)["href"]; h.base == "" {
					h.base = href
				}
			case "meta":
				attr := attributes(z, more)
				switch strings.ToLower(attr["name"]) {
				case "pypi:repository-version":
					if err := checkAPIVersion(attr["content"]); err != nil {
						return h, err
					}
				case "pypi:project-status":
					h.status = strings.ToLower(strings.TrimSpace(attr["content"]))
				}
			}
		}
	}
}

func attributes(z *html.Tokenizer, more bool) map[string]string {
	attr := make(map[string]string)
	for more {
		var k, v []byte
		k, v, more = z.TagAttr()
		if _, dup := attr[string(k)]; !dup { // the first counts, as in a browser
			attr[string(k)] = string(v)
		}
	}
	return attr
}

// parseRootHTML reads a root. A name is an anchor's text; what stands in its
// address may be spelled otherwise. Source: PEP 503.
func parseRootHTML(r io.Reader) (*Root, error) {
	root := new(Root)
	h, err := anchors(r, func(_ head, a anchor) { root.add(a.text, "") })
	if err != nil {
		return nil, err
	}
	root.Serial = h.serial
	return root, nil
}

// parsePageHTML reads a project's page. Sources: PEP 503, 592, 658, 714,
// 740, 792.
func parsePageHTML(r io.Reader, name string, page *url.URL) (*Page, error) {
	p := &Page{Name: name}
	h, err := anchors(r, func(h head, a anchor) {
		base := page
		if h.base != "" {
			if u, err := page.Parse(h.base); err == nil {
				base = u
			}
		}
		href, ok := a.attr["href"]
		if !ok {
			return
		}
		address, sha256, file, ok := resolve(base, href)
		if !ok || !validFileName(file) {
			return
		}
		kind, version := ParseFileName(file, name)
		if kind == KindOther && !isInstaller(file) {
			return // navigation
		}
		reason, yanked := a.attr["data-yanked"]
		core, hasCore := a.attr["data-core-metadata"]
		if !hasCore {
			core, hasCore = a.attr["data-dist-info-metadata"]
		}
		p.Files = append(p.Files, File{
			Name:               file,
			URL:                address,
			Kind:               kind,
			Version:            version,
			SHA256:             sha256,
			Yanked:             yanked,
			YankedReason:       reason,
			RequiresPython:     a.attr["data-requires-python"],
			CoreMetadata:       hasCore && core != "false",
			CoreMetadataSHA256: validSHA256(strings.TrimPrefix(core, "sha256=")),
			Attested:           a.attr["data-provenance"] != "",
		})
	})
	if err != nil {
		return nil, err
	}
	p.Serial, p.State = h.serial, message.ProjectState(h.status)
	return p, nil
}
