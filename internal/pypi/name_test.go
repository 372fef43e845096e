package pypi

import (
	"strings"
	"testing"
)

func TestNormalize(t *testing.T) {
	for in, want := range map[string]string{
		"requests":         "requests",
		"Foo.Bar__baz--Q":  "foo-bar-baz-q",
		"a-b":              "a-b",
		"zope.interface":   "zope-interface",
		"ruamel.yaml.clib": "ruamel-yaml-clib",
		"_x_":              "-x-",
		"":                 "",
	} {
		if got := Normalize(in); got != want {
			t.Errorf("Normalize(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestValidName(t *testing.T) {
	for name, want := range map[string]bool{
		"a": true, "a-b2": true, "2to3": true, strings.Repeat("a", 214): true,
		"": false, "-a": false, "a-": false, "a b": false, "a/b": false, "a.b": false, "é": false, "a>b": false, "a*": false,
		strings.Repeat("a", 215): false,
	} {
		if got := ValidName(name); got != want {
			t.Errorf("ValidName(%q) = %t, want %t", name, got, want)
		}
	}
}

func TestParseFileName(t *testing.T) {
	for _, c := range []struct {
		file, project string
		kind          Kind
		version       string
	}{
		{"foo-1.0.tar.gz", "foo", KindSdist, "1.0"},
		{"foo_bar-1.0.tar.gz", "foo-bar", KindSdist, "1.0"},
		{"foo-bar-1.0.tar.gz", "foo-bar", KindSdist, "1.0"},
		{"Foo.Bar-1.0-beta.zip", "foo-bar", KindSdist, "1.0-beta"},
		{"foo-2-1.0.tar.bz2", "foo-2", KindSdist, "1.0"},
		{"backports.ssl_match_hostname-3.7.0.1.tar.gz", "backports-ssl-match-hostname", KindSdist, "3.7.0.1"},
		{"python-dateutil-2.9.0.post0.tar.gz", "python-dateutil", KindSdist, "2.9.0.post0"},
		{"yaml-5.tgz", "pyyaml", KindSdist, "5"}, // not named like the project
		{"pytz-2004d.tar.gz", "pytz", KindSdist, "2004d"},
		{"foo-1.0.tar.xz", "foo", KindSdist, "1.0"},
		{"FOO-1.0.TAR.GZ", "foo", KindSdist, "1.0"},
		{"foo-1.0-py3-none-any.whl", "foo", KindWheel, "1.0"},
		{"foo_bar-1.0-1-cp311-cp311-manylinux_2_17_x86_64.whl", "foo-bar", KindWheel, "1.0"},
		{"foo-1.0+ubuntu_1-py3-none-any.whl", "foo", KindWheel, "1.0+ubuntu.1"},
		{"foo-1.0_1-py3-none-any.whl", "foo", KindWheel, "1.0-1"},
		{"foo-1.0.whl", "foo", KindOther, ""},
		{"foo-1.0-py2.7.egg", "foo", KindEgg, "1.0"},
		{"foo_bar-1.0-py2.7-linux-x86_64.egg", "foo-bar", KindEgg, "1.0"},
		{"foo-1.0.egg", "foo", KindEgg, "1.0"},
		{"foo-1.0.win32.exe", "foo", KindOther, ""},
		{"foo.tar.gz", "foo", KindOther, ""},
		{"readme.txt", "foo", KindOther, ""},
		{"", "foo", KindOther, ""},
		{".tar.gz", "foo", KindOther, ""},
	} {
		kind, version := ParseFileName(c.file, c.project)
		if kind != c.kind || version != c.version {
			t.Errorf("ParseFileName(%q, %q) = %q %q, want %q %q", c.file, c.project, kind, version, c.kind, c.version)
		}
	}
}

func TestGuessFileName(t *testing.T) {
	for _, c := range []struct {
		file, project string
		kind          Kind
		version       string
	}{
		{"python-dateutil-2.9.0.post0.tar.gz", "python-dateutil", KindSdist, "2.9.0.post0"},
		{"foo-2-1.0.tar.gz", "foo-2", KindSdist, "1.0"},
		{"foo-1.0-1.tar.gz", "foo", KindSdist, "1.0-1"},
		{"foo-1.0-beta.zip", "foo", KindSdist, "1.0-beta"},
		{"pytz-2004x.tar.gz", "pytz", KindSdist, "2004x"},
		{"Foo_Bar-1.0-py3-none-any.whl", "foo-bar", KindWheel, "1.0"},
		{"Foo-1.0-py2.7.egg", "foo", KindEgg, "1.0"},
		{"photos.zip", "", KindOther, ""},
		{"backup-old.tar.gz", "", KindOther, ""},
		{"-1.0.tar.gz", "", KindOther, ""},
	} {
		project, kind, version := GuessFileName(c.file)
		if project != c.project || kind != c.kind || version != c.version {
			t.Errorf("GuessFileName(%q) = %q %q %q, want %q %q %q", c.file, project, kind, version, c.project, c.kind, c.version)
		}
	}
}

func FuzzFileName(f *testing.F) {
	for _, s := range []string{"foo-1.0.tar.gz", "foo-1.0-py3-none-any.whl", "a-b-2-1.zip", "x-1-py2.egg", "--.tar.gz", "-1.whl"} {
		f.Add(s, "foo")
	}
	f.Fuzz(func(t *testing.T, file, project string) {
		kind, version := ParseFileName(file, Normalize(project))
		if (kind == KindOther) != (version == "") {
			t.Fatalf("kind %q with version %q", kind, version)
		}
		name, kind, version := GuessFileName(file)
		if kind == KindOther {
			if name != "" || version != "" {
				t.Fatalf("no distribution, and yet %q %q", name, version)
			}
			return
		}
		if !ValidName(name) || version == "" {
			t.Fatalf("%q %q of a %s", name, version, kind)
		}
		if k, v := ParseFileName(file, name); k != kind || v == "" {
			t.Fatalf("guessed %s %s %s, but as a file of it %s %s", name, kind, version, k, v)
		}
	})
}
