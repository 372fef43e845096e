package pypitest

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/ulikunitz/xz"

	"prevalence/schemas/message"
)

// member is one file of an archive.
type member struct {
	path string
	data string
}

// release are the members of one release, by where they end up.
type release struct {
	pkg      string // the package's folder
	code     []member
	setup    string
	tests    []member
	metadata string
}

// bz2Fixture is an sdist whose package deletes a file when it is imported, reads
// the environment in a function, and names team@packages.example.org as author.
//
//go:embed fixture.tar.bz2
var bz2Fixture []byte

var bz2Truth = map[string][]message.Context{
	"file/delete":                 {message.ContextImport},
	"search/environment-variable": {message.ContextCall},
}

var moduleNames = []string{"alpha", "bravo", "carrier", "depot", "engine", "folio", "gauge", "hinge", "index", "joiner", "kernel", "ledger", "mixer", "needle", "outline", "panel", "queue", "roster", "signal", "token", "union", "vertex", "window", "xray", "yield_", "zone"}

// members writes the plan down as files.
func members(p *Project, version string, pl plan) release {
	rel := release{pkg: strings.ReplaceAll(p.Name, "-", "_")}
	var hookImports, hookStatement string
	used := 0
	module := func() string {
		name := moduleNames[used%len(moduleNames)]
		if used >= len(moduleNames) {
			name += fmt.Sprint(used / len(moduleNames))
		}
		used++
		return name
	}
	initial := fmt.Sprintf("\"\"\"%s, a generated package.\"\"\"\n\n__version__ = %q\n", p.Display, version)
	for _, s := range pl.placed {
		switch s.context {
		case message.ContextInstall:
			hookImports, hookStatement = s.imports+"\n", fixture+s.statement+"\n"
		case message.ContextSupport:
			rel.tests = append(rel.tests, member{"tests/test_" + module() + ".py", function("test_it", s)})
		case message.ContextCall:
			rel.code = append(rel.code, member{rel.pkg + "/" + module() + ".py", function("apply", s)})
		default:
			name := module()
			rel.code = append(rel.code, member{rel.pkg + "/" + name + ".py", s.imports + "\n\n" + fixture + "\n" + s.statement + "\n"})
			initial += "from . import " + name + "\n"
		}
	}
	for _, d := range pl.decoys {
		rel.code = append(rel.code, member{rel.pkg + "/" + module() + ".py", decoys[d]})
	}
	rel.code = append([]member{{rel.pkg + "/__init__.py", initial}}, rel.code...)

	rel.setup = "from setuptools import setup\n" + hookImports
	extra := ""
	if pl.hook {
		rel.setup += "from setuptools.command.install import install\n\n\nclass Own(install):\n    def run(self):\n        install.run(self)\n"
		extra = ", cmdclass={'install': Own}"
	}
	rel.setup += "\n" + hookStatement + fmt.Sprintf("setup(name=%q, version=%q, packages=[%q]%s)\n", p.Display, version, rel.pkg, extra)

	rel.metadata = fmt.Sprintf("Metadata-Version: 2.1\nName: %s\nVersion: %s\nSummary: A generated package\n", p.Display, version)
	if pl.email != "" {
		rel.metadata += "Author-email: The Authors <" + pl.email + ">\n"
	}
	rel.metadata += "\nIt does nothing.\n"
	return rel
}

// function wraps a snippet in a function.
func function(name string, s placed) string {
	imports := s.imports + "\n\n\n"
	body := s.statement
	if s.inner {
		imports, body = "", s.imports+"\n"+body
	}
	return imports + "def " + name + "(" + params + "):\n    " + strings.ReplaceAll(body, "\n", "\n    ") + "\n"
}

func sdistName(project, version, ending string) string {
	return strings.ReplaceAll(project, "-", "_") + "-" + version + ending
}

func wheelName(project, version string) string {
	return strings.ReplaceAll(project, "-", "_") + "-" + version + "-py3-none-any.whl"
}

func eggName(project, version string) string {
	return strings.ReplaceAll(project, "-", "_") + "-" + version + "-py3.11.egg"
}

// sdistMembers are the members of a source distribution.
func (rel release) sdistMembers(p *Project, version string) []member {
	root := strings.ReplaceAll(p.Name, "-", "_") + "-" + version + "/"
	all := []member{{"PKG-INFO", rel.metadata}, {"setup.py", rel.setup}}
	all = append(append(all, rel.code...), rel.tests...)
	for i := range all {
		all[i].path = root + all[i].path
	}
	return all
}

// sdist packs a source distribution.
func (rel release) sdist(p *Project, version, ending string) ([]byte, error) {
	all := rel.sdistMembers(p, version)
	if ending == ".zip" {
		return zipped(all)
	}
	var b bytes.Buffer
	var w io.WriteCloser = gzip.NewWriter(&b)
	if ending == ".tar.xz" {
		x, err := xz.WriterConfig{DictCap: 64 << 10}.NewWriter(&b)
		if err != nil {
			return nil, err
		}
		w = x
	}
	t := tar.NewWriter(w)
	for _, m := range all {
		h := &tar.Header{Typeflag: tar.TypeReg, Name: m.path, Mode: 0o644, Size: int64(len(m.data)), ModTime: epoch, Format: tar.FormatUSTAR}
		if err := t.WriteHeader(h); err != nil {
			return nil, err
		}
		if _, err := io.WriteString(t, m.data); err != nil {
			return nil, err
		}
	}
	if err := t.Close(); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// wheel packs a wheel (PEP 427).
func (rel release) wheel(p *Project, version string) ([]byte, error) {
	return zipped(rel.wheelMembers(p, version))
}

// wheelMembers are the members of a wheel.
func (rel release) wheelMembers(p *Project, version string) []member {
	info := strings.ReplaceAll(p.Name, "-", "_") + "-" + version + ".dist-info/"
	all := slices.Concat(rel.code, []member{
		{info + "METADATA", rel.metadata},
		{info + "WHEEL", "Wheel-Version: 1.0\nGenerator: pypitest\nRoot-Is-Purelib: true\nTag: py3-none-any\n"},
		{info + "top_level.txt", rel.pkg + "\n"},
	})
	record := ""
	for _, m := range all {
		record += m.path + ",,\n"
	}
	return append(all, member{info + "RECORD", record + info + "RECORD,,\n"})
}

// egg packs an egg.
func (rel release) egg() ([]byte, error) {
	return zipped(slices.Concat(rel.code, []member{{"EGG-INFO/PKG-INFO", rel.metadata}, {"EGG-INFO/top_level.txt", rel.pkg + "\n"}}))
}

func zipped(all []member) ([]byte, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, m := range all {
		w, err := z.CreateHeader(&zip.FileHeader{Name: m.path, Method: zip.Deflate, Modified: epoch})
		if err != nil {
			return nil, err
		}
		if _, err = io.WriteString(w, m.data); err != nil {
			return nil, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
