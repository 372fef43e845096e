package worker

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"prevalence/internal/pypi"
)

func TestOffered(t *testing.T) {
	files := []pypi.File{
		{Name: "a-1.0.tar.gz", Kind: pypi.KindSdist},
		{Name: "a-1.0-py3-none-any.whl", Kind: pypi.KindWheel},
		{Name: "a-1.0-2-py2.py3-none-any.whl", Kind: pypi.KindWheel},
		{Name: "a-1.0-cp39-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", Kind: pypi.KindWheel, Attested: true},
		{Name: "a-1.0-cp312-cp312-win_amd64.whl", Kind: pypi.KindWheel},
		{Name: "a-1.0-py3-none-macosx_11_0_arm64.whl", Kind: pypi.KindWheel},
		{Name: "a-1.0-py3.9.egg", Kind: pypi.KindEgg},
		{Name: "a-1.0.win32.exe", Kind: pypi.KindOther},
		{Name: "odd.whl", Kind: pypi.KindWheel},
	}
	kinds, attested := offered(files)
	if diff := cmp.Diff([]string{"egg", "sdist", "wheel-abi3", "wheel-native", "wheel-pure"}, kinds); diff != "" || !attested {
		t.Errorf("attested %t, kinds %s", attested, diff)
	}
	if kinds, attested := offered(nil); len(kinds) > 0 || attested {
		t.Errorf("of nothing: %v, %t", kinds, attested)
	}
}

// The mark of types counts where it is installed.
func TestTyped(t *testing.T) {
	for name, want := range map[string]bool{
		"a-1.0/src/a/py.typed": true, "a-1.0/a/py.typed": true, "a-1.0/tests/a/py.typed": false, "a-1.0/py.typed": false, "a-1.0/a/untyped": false,
	} {
		l := newLayout(pypi.KindSdist)
		l.add("a-1.0/setup.py")
		l.add(name)
		if l.typed != want {
			t.Errorf("%s: %t", name, l.typed)
		}
	}
}
