package lockfile_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"prevalence/query/lockfile"
)

func TestRead(t *testing.T) {
	for _, c := range []struct{ name, text, want, skipped string }{
		{"requirements.txt", "# all\n--index-url https://index.example/simple\nRequests[socks]==2.31.0 ; python_version > '3'\nflask>=2\nzope.interface == 5.0 \\\n  --hash=sha256:00\nurllib3 @ https://x.example/u.zip\n./local\nhttps://x.example/y.zip\n-e .\ndjango==4.*\nclick~=8.0 # cli\nsix\r\n-r more.txt\n",
			"requests 2.31.0, flask , zope-interface 5.0, urllib3 , django , click , six , attrs 23.1", "./local, https://x.example/y.zip, -e ."},
		{"pylock.toml", "lock-version = '1.0'\n[[packages]]\nname = 'attrs'\nversion = '25.1.0'\n[[packages]]\nname = 'Cattrs'\n", "attrs 25.1.0, cattrs ", ""},
		{"uv.lock", "version = 1\n[[package]]\nname = 'mine'\nversion = '0.1'\nsource = { editable = '.' }\n[[package]]\nname = 'anyio'\nversion = '4.0'\nsource = { registry = 'https://index.example/simple' }\n", "anyio 4.0", ""},
		{"poetry.lock", "[[package]]\nname = \"certifi\"\nversion = \"2024.1\"\ndescription = \"x\"\n[metadata]\nlock-version = \"2.0\"\n", "certifi 2024.1", ""},
		{"bom.json", `{"bomFormat":"CycloneDX","specVersion":"1.5","components":[{"type":"library","name":"x","purl":"pkg:pypi/typing-extensions@4.1%2Blocal?q=1","components":[{"type":"library","name":"y","purl":"pkg:pypi/idna@3.4"}]},{"type":"library","name":"z","purl":"pkg:npm/left@1"}]}`,
			"typing-extensions 4.1+local, idna 3.4", "pkg:npm/left@1"},
	} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, c.name), c.text)
		write(t, filepath.Join(dir, "more.txt"), "attrs==23.1\nflask\n-r requirements.txt\n")
		l, err := lockfile.Read(filepath.Join(dir, c.name))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var got []string
		for _, d := range l.Dependencies {
			got = append(got, d.Project+" "+d.Version)
		}
		if diff := cmp.Diff(c.want, strings.Join(got, ", ")); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
		if diff := cmp.Diff(c.skipped, strings.Join(l.Skipped, ", ")); diff != "" {
			t.Errorf("%s, skipped: %s", c.name, diff)
		}
	}
}

func write(t testing.TB, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestReadRefuses(t *testing.T) {
	for name, text := range map[string]string{"x.json": `{"a":1}`, "y.json": `{`, "uv.lock": "a = 1\n", "poetry.lock": "[[", "requirements.txt": "\x00", "r.txt": "-r absent.txt\n"} {
		file := filepath.Join(t.TempDir(), name)
		write(t, file, text)
		if _, err := lockfile.Read(file); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzRead: no file stops it.
func FuzzRead(f *testing.F) {
	f.Add("requirements.txt", "a==1\n-r b\n")
	f.Add("uv.lock", "[[package]]\nname = 'a'\n")
	f.Add("bom.json", `{"bomFormat":"CycloneDX"}`)
	f.Fuzz(func(t *testing.T, name, text string) {
		if name = filepath.Base(name); !filepath.IsLocal(name) || strings.ContainsRune(name, 0) || len(name) > 100 || name == "." {
			return
		}
		file := filepath.Join(t.TempDir(), name)
		write(t, file, strings.ReplaceAll(text, "-r", "")) // it includes no file of the machine
		_, _ = lockfile.Read(file)
	})
}
