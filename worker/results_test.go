package worker

import (
	"fmt"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"prevalence/schemas/message"
)

// TestReleasesShareWhatTheyHold scans three releases of one project at once and
// one by one: the scans are the same, and what they share is analysed once.
func TestReleasesShareWhatTheyHold(t *testing.T) {
	dir := t.TempDir()
	var files []txtar.File
	const same = 12
	for v := 1; v <= 3; v++ {
		for _, dist := range []string{"p-%d.tar.gz", "p-%d-py3-none-any.whl"} {
			root := fmt.Sprintf(dist, v) + "/"
			for m := range same {
				code := fmt.Sprintf("from . import other\nimport os, socket\nTEXT = 'a longer string %d'\n\ndef f():\n    os.remove('%d')\n    socket.create_connection(('h', 1))\n", m, m)
				files = append(files, txtar.File{Name: fmt.Sprintf("%sp/m%d.py", root, m), Data: []byte(code)})
			}
			files = append(files, txtar.File{Name: root + "p/__init__.py", Data: fmt.Appendf(nil, "import subprocess\nsubprocess.run('%d', shell=True)\n", v)})
			if root[len(root)-2] == 'z' {
				files = append(files, txtar.File{Name: root + "setup.py", Data: []byte("import setuptools\n")})
			}
		}
	}
	pack(t, dir, &txtar.Archive{Files: files})
	x := folder(t, dir)
	page, err := x.Project(t.Context(), "p")
	if err != nil {
		t.Fatal(err)
	}
	versions := page.Releases()
	a := newAnalyzer(t, Options{Index: x})
	d := a.sitDown(true)
	analysed := &d.bench.results.scans
	var together []*message.Scan
	for i, v := range versions {
		s, err := a.release(t.Context(), d, page, v)
		if err != nil {
			t.Fatal(err)
		}
		together = append(together, s)
		// Of the first all modules and setup.py, of each further one its __init__.py.
		if want := same + 2 + i; *analysed != want {
			t.Errorf("after %d releases %d sources were analysed, want %d", i+1, *analysed, want)
		}
	}
	d.leave()
	if d.bench.results.bytes != 0 {
		t.Error("results are kept for the next project")
	}
	for i, v := range versions {
		alone, err := newAnalyzer(t, Options{Index: x}).Release(t.Context(), page, v)
		if err != nil {
			t.Fatal(err)
		}
		alone.At, together[i].At = time.Time{}, time.Time{}
		if d := gocmp.Diff(alone, together[i]); d != "" {
			t.Errorf("release %s:\n%s", v, d)
		}
	}
}
