package worker

import (
	"strings"
	"testing"

	"prevalence/internal/pypi"
	"prevalence/worker/pysource"
)

var roleNames = map[pysource.Role]string{
	pysource.RoleModule: "module", pysource.RoleScript: "script", pysource.RoleInstall: "install",
	pysource.RoleStartup: "startup", pysource.RoleSupport: "support",
}

// checkPlaces compares "path role module" lines with a layout.
func checkPlaces(t *testing.T, l *layout, lines string) {
	t.Helper()
	for line := range strings.Lines(lines) {
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		p := l.place(f[0])
		got := f[0] + " " + roleNames[p.role]
		if p.module != "" && p.role != pysource.RoleInstall {
			got += " " + p.module
		}
		if got != strings.Join(f, " ") {
			t.Errorf("got  %s\nwant %s", got, strings.Join(f, " "))
		}
	}
}

func TestWheelPlaces(t *testing.T) {
	names := strings.Fields(`pkg/__init__.py pkg/a.py pkg/tests/test_a.py pkg/tests/helper.py pkg/test/__init__.py pkg/testing.py
		pkg/check/test/test_b.py pkg/check/test/c.py pkg/docs/d.py pkg/test_e.py other.py docs/conf.py evil.pth
		pkg/not.pth pkg-1.dist-info/METADATA pkg-1.data/scripts/run pkg-1.data/purelib/pure/__init__.py pkg-1.data/data/share/x.py`)
	l := newLayout(pypi.KindWheel)
	for _, n := range names {
		l.add(n)
	}
	l.setTops(topsOf(names))
	checkPlaces(t, l, `
		pkg/__init__.py module pkg.__init__
		pkg/a.py module pkg.a
		pkg/tests/test_a.py support pkg.tests.test_a
		pkg/tests/helper.py support pkg.tests.helper
		pkg/test/__init__.py module pkg.test.__init__
		pkg/testing.py module pkg.testing
		pkg/check/test/test_b.py support pkg.check.test.test_b
		pkg/check/test/c.py support pkg.check.test.c
		pkg/docs/d.py module pkg.docs.d
		pkg/test_e.py support pkg.test_e
		other.py module other
		docs/conf.py support docs.conf
		evil.pth startup
		pkg/not.pth support
		pkg-1.data/scripts/run script
		pkg-1.data/purelib/pure/__init__.py module pure.__init__
		pkg-1.data/data/share/x.py script
	`)
	sole := newLayout(pypi.KindWheel)
	sole.setTops([]string{"tests"})
	checkPlaces(t, sole, "tests/a.py module tests.a\n")
}

func TestSdistPlaces(t *testing.T) {
	names := strings.Fields(`pkg-1/setup.py pkg-1/helper.py pkg-1/unused.py pkg-1/src/pkg/__init__.py pkg-1/src/pkg/a.py
		pkg-1/src/pkg/tests/test_a.py pkg-1/tests/test_b.py pkg-1/docs/conf.py pkg-1/build_it/backend.py pkg-1/bin/run.py
		pkg-1/tests/pkg/__init__.py pkg-1/tools/setup.py pkg-1/pkg.pth`)
	guessed := func(project string, names ...string) *layout {
		l := newLayout(pypi.KindSdist)
		for _, n := range names {
			l.add(n)
		}
		l.guessTops(project)
		return l
	}
	l := guessed("pkg", names...)
	l.backend = []string{"build_it/"}
	l.helpers["helper"] = true
	checkPlaces(t, l, `
		pkg-1/setup.py install
		pkg-1/helper.py install
		pkg-1/unused.py support
		pkg-1/src/pkg/__init__.py module pkg.__init__
		pkg-1/src/pkg/a.py module pkg.a
		pkg-1/src/pkg/tests/test_a.py support pkg.tests.test_a
		pkg-1/tests/test_b.py support
		pkg-1/docs/conf.py support
		pkg-1/build_it/backend.py install
		pkg-1/bin/run.py script
		pkg-1/tests/pkg/__init__.py support
		pkg-1/tools/setup.py support
		pkg-1/pkg.pth startup
	`)
	checkPlaces(t, guessed("my-tool", "t-1/setup.py", "t-1/my_tool.py", "t-1/other.py", "t-1/conftest.py"), `
		t-1/my_tool.py module my_tool
		t-1/other.py support
		t-1/conftest.py support
	`)
	checkPlaces(t, guessed("x", "x-1/setup.py", "x-1/one.py", "x-1/two.py", "x-1/noxfile.py"), `
		x-1/one.py module one
		x-1/two.py module two
		x-1/noxfile.py support
	`)
	checkPlaces(t, guessed("ns-part", "n-1/ns/part/__init__.py", "n-1/setup.py"), "n-1/ns/part/__init__.py module ns.part.__init__\n")
	checkPlaces(t, guessed("crc", "c-1/python3/crc/__init__.py", "c-1/setup.py"), "c-1/python3/crc/__init__.py module crc.__init__\n")

	checkPlaces(t, guessed("u", "u-1/src/u/__init__.py", "u-1/dummy/__init__.py", "u-1/one.py"), `
		u-1/src/u/__init__.py module u.__init__
		u-1/dummy/__init__.py support
		u-1/one.py support
	`)
	renamed := newLayout(pypi.KindSdist)
	for _, n := range []string{"r-1/src/__init__.py", "r-1/src/a.py", "r-1/test/b.py"} {
		renamed.add(n)
	}
	renamed.setTops([]string{"r"})
	renamed.guessTops("r")
	checkPlaces(t, renamed, `
		r-1/src/__init__.py module r.__init__
		r-1/src/a.py module r.a
		r-1/test/b.py support
	`)
	self := guessed("tool", "tool-1/src/tool/__init__.py", "tool-1/src/tool/build.py", "tool-1/src/tool/other.py", "tool-1/src/extra.txt")
	self.backend, self.backendModule = []string{"src/"}, "tool.build"
	checkPlaces(t, self, `
		tool-1/src/tool/__init__.py module tool.__init__
		tool-1/src/tool/build.py install
		tool-1/src/tool/other.py module tool.other
	`)
	root := guessed("x", "x-1/x/__init__.py", "x-1/backend.py", "x-1/docs/conf.py", "x-1/noxfile.py")
	root.backend, root.backendModule = []string{""}, "backend"
	checkPlaces(t, root, `
		x-1/x/__init__.py module x.__init__
		x-1/backend.py install
		x-1/docs/conf.py support
		x-1/noxfile.py support
	`)

	wheel := newLayout(pypi.KindSdist)
	for _, n := range names {
		wheel.add(n)
	}
	wheel.installed = map[string]place{
		"pkg/__init__.py": {pysource.RoleModule, "pkg.__init__"}, "pkg/tests/test_a.py": {pysource.RoleSupport, ""}, "unused.py": {pysource.RoleModule, "unused"},
	}
	wheel.scripts = map[string]bool{"run.py": true}
	checkPlaces(t, wheel, `
		pkg-1/setup.py install
		pkg-1/unused.py module unused
		pkg-1/src/pkg/__init__.py module pkg.__init__
		pkg-1/src/pkg/a.py support
		pkg-1/src/pkg/tests/test_a.py support
		pkg-1/bin/run.py script
		pkg-1/tests/pkg/__init__.py support
	`)
}

func TestEggPlaces(t *testing.T) {
	l := newLayout(pypi.KindEgg)
	l.setTops([]string{"pkg", "tests"})
	checkPlaces(t, l, `
		pkg/__init__.py module pkg.__init__
		tests/a.py support tests.a
		EGG-INFO/scripts/run script
		EGG-INFO/x.py support
	`)
}

func TestMembers(t *testing.T) {
	elf := func(kind byte) string {
		return "\x7fELF\x02\x01\x01" + strings.Repeat("\x00", 9) + string(kind) + "\x00>\x00"
	}
	for _, tc := range []struct {
		name, head          string
		executable, archive bool
	}{
		{"pkg/a.png", elf(2), true, false},
		{"pkg/run", elf(3), true, false},
		{"pkg/x.o", elf(1), false, false},
		{"pkg/x.bin", elf(1), false, false},
		{"pkg/_a.cpython-312-x86_64-linux-gnu.so", elf(3), false, false},
		{"pkg/libx.so.1.2", elf(3), false, false},
		{"pkg/a.exe", "MZ and no more", false, false},
		{"pkg/a.whl", "PK\x03\x04", false, true},
		{"pkg/a.tar.gz", "\x1f\x8b", false, true},
		{"pkg/a.json.gz", "\x1f\x8b", false, false},
		{"pkg/a.npz", "PK\x03\x04", false, false},
		{"pkg/a.png", "PK\x03\x04", false, true},
		{"pkg/empty.zip", "", false, false},
	} {
		base := tc.name[strings.LastIndexByte(tc.name, '/')+1:]
		if got := isExecutable(base, []byte(tc.head)); got != tc.executable {
			t.Errorf("isExecutable(%q, %q) = %v", tc.name, tc.head, got)
		}
		if got := isNestedArchive(base, []byte(tc.head)); got != tc.archive {
			t.Errorf("isNestedArchive(%q, %q) = %v", tc.name, tc.head, got)
		}
	}
	for name, want := range map[string]string{
		"p/__pycache__/m.cpython-312.pyc": "p/m.py", "p/m.pyc": "p/m.py", "m.pyo": "m.py", "__pycache__/m.cpython-312.opt-1.pyc": "m.py",
	} {
		if got := sourceOf(name); got != want {
			t.Errorf("sourceOf(%q) = %q, want %q", name, got, want)
		}
	}
}
