package coremeta

import (
	"bytes"
	"strings"
)

// ParseSetupCfg reads the [metadata] and [options] sections of a setup.cfg as
// setuptools does: "file:" and "attr:" values are not followed and count as
// given. It never fails.
func ParseSetupCfg(b []byte) Metadata {
	var m Metadata
	if len(b) > maxPyprojectBytes {
		b, m.Cut = b[:maxPyprojectBytes], true
	}
	values := map[string][]byte{}
	section, key := "", ""
	for len(b) > 0 {
		var raw []byte
		raw, b = cutLine(b)
		line := strings.ToValidUTF8(string(raw), "\uFFFD")
		body := strings.TrimSpace(line)
		switch {
		case body == "" || body[0] == '#' || body[0] == ';':
		case line[0] == '[' && strings.Contains(body, "]"):
			section, key = strings.TrimSpace(body[1:strings.IndexByte(body, ']')]), ""
		case line[0] == ' ' || line[0] == '\t':
			if key != "" && len(values[key]) < maxValueBytes {
				values[key] = append(append(values[key], '\n'), body...)
			}
		default:
			i := strings.IndexAny(body, "=:")
			if i <= 0 || section != "metadata" && section != "options" {
				key = ""
				continue
			}
			key = section + "." + strings.ReplaceAll(strings.ToLower(strings.TrimSpace(body[:i])), "-", "_")
			values[key] = []byte(strings.TrimSpace(body[i+1:]))
		}
	}
	get := func(names ...string) string {
		for _, n := range names {
			if v := strings.TrimSpace(string(values[n])); v != "" {
				return v
			}
		}
		return ""
	}
	m.Name = get("metadata.name")
	if v := get("metadata.version"); !strings.HasPrefix(v, "attr:") && !strings.HasPrefix(v, "file:") {
		m.Version = v
	}
	m.Summary = get("metadata.description", "metadata.summary")
	m.DescriptionBytes = len(get("metadata.long_description", "metadata.description_file"))
	m.License = get("metadata.license")
	m.HomePage = get("metadata.url", "metadata.home_page")
	m.DownloadURL = get("metadata.download_url")
	m.RequiresPython = get("options.python_requires")
	for _, l := range lines(get("metadata.project_urls")) {
		label, url, _ := strings.Cut(l, "=")
		m.ProjectURLs = append(m.ProjectURLs, Link{strings.TrimSpace(label), strings.TrimSpace(url)})
	}
	m.RequiresDist = lines(get("options.install_requires"))
	m.Author, m.AuthorEmail = lines(get("metadata.author")), lines(get("metadata.author_email"))
	m.Maintainer, m.MaintainerEmail = lines(get("metadata.maintainer")), lines(get("metadata.maintainer_email"))
	return m
}

// ParseTopLevel reads a top_level.txt: one module a line, slashes as dots.
func ParseTopLevel(b []byte) []string {
	var out []string
	for _, l := range lines(string(b[:min(len(b), maxPyprojectBytes)])) {
		if len(l) <= 256 && len(out) < maxValues {
			out = append(out, strings.ReplaceAll(l, "/", "."))
		}
	}
	return out
}

// ParseRequires reads an egg-info's requires.txt into requirements as
// Requires-Dist spells them: a section "[extra:marker]" becomes a marker.
func ParseRequires(b []byte) []string {
	var out []string
	marker := ""
	for _, l := range lines(string(bytes.ToValidUTF8(b[:min(len(b), maxPyprojectBytes)], []byte("\uFFFD")))) {
		if l[0] == '[' && l[len(l)-1] == ']' {
			extra, condition, ok := strings.Cut(l[1:len(l)-1], ":")
			var parts []string
			if ok && condition != "" {
				parts = append(parts, condition)
			}
			if extra != "" {
				parts = append(parts, `extra == "`+extra+`"`)
			}
			marker = strings.Join(parts, " and ")
			continue
		}
		if marker != "" {
			l += "; " + marker
		}
		if len(out) < maxValues {
			out = append(out, l)
		}
	}
	return out
}

// lines returns the lines of s that are not blank and no comment, trimmed.
func lines(s string) []string {
	var out []string
	for l := range strings.Lines(s) {
		if l = strings.TrimSpace(l); l != "" && l[0] != '#' {
			out = append(out, l)
		}
	}
	return out
}
