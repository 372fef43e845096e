package worker

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"prevalence/internal/pypi"
)

func TestChoose(t *testing.T) {
	for _, tc := range []struct {
		name  string
		which Files
		files string
		want  string
	}{
		{"pure before built", "", "a-1.tar.gz a-1-cp312-cp312-manylinux_2_17_x86_64.whl a-1-py3-none-any.whl", "a-1-py3-none-any.whl a-1.tar.gz"},
		{"newest CPython", "", "a-1-cp39-cp39-manylinux2014_x86_64.whl a-1-cp312-cp312-manylinux2014_x86_64.whl a-1-cp310-cp310-manylinux2014_x86_64.whl a-1-cp313-cp313-win_amd64.whl", "a-1-cp312-cp312-manylinux2014_x86_64.whl"},
		{"CPython before PyPy", "", "a-1-pp311-pypy311_pp73-manylinux2014_x86_64.whl a-1-cp39-abi3-manylinux2014_x86_64.whl", "a-1-cp39-abi3-manylinux2014_x86_64.whl"},
		{"manylinux before musl and mac", "", "a-1-cp312-cp312-musllinux_1_2_x86_64.whl a-1-cp312-cp312-macosx_11_0_arm64.whl a-1-cp311-cp311-manylinux_2_28_x86_64.whl", "a-1-cp311-cp311-manylinux_2_28_x86_64.whl"},
		{"any of what is there", "", "a-1-cp312-cp312-win32.whl a-1-cp312-cp312-win_amd64.whl", "a-1-cp312-cp312-win_amd64.whl"},
		{"py3 before py2", "", "a-1-py2-none-any.whl a-1-py3-none-any.whl", "a-1-py3-none-any.whl"},
		{"build number", "", "a-1-1-py3-none-any.whl a-1-2-py3-none-any.whl", "a-1-2-py3-none-any.whl"},
		{"compressed tags", "", "a-1-cp311-cp311-manylinux2014_x86_64.manylinux_2_17_x86_64.whl a-1-cp311-cp311-manylinux2014_aarch64.whl", "a-1-cp311-cp311-manylinux2014_x86_64.manylinux_2_17_x86_64.whl"},
		{"formats", "", "a-1.zip a-1.tar.bz2 a-1.tar.gz", "a-1.tar.gz"},
		{"egg alone", "", "a-1-py2.7.egg a-1-py3.6.egg a-1-py3.8-win32.egg", "a-1-py3.6.egg"},
		{"egg beside", "", "a-1-py2.7.egg a-1.zip", "a-1.zip"},
		{"sdist", FilesSdist, "a-1.zip a-1-py3-none-any.whl", "a-1.zip"},
		{"wheel", FilesWheel, "a-1.zip a-1-py3-none-any.whl", "a-1-py3-none-any.whl"},
		{"no wheel", FilesWheel, "a-1.zip", ""},
		{"all", FilesAll, "a-1.zip a-1.tar.gz a-1-py2.7.egg a-1-py3-none-any.whl a-1-py2-none-any.whl", "a-1-py3-none-any.whl a-1-py2-none-any.whl a-1.tar.gz a-1.zip a-1-py2.7.egg"},
		{"nothing readable", "", "a-1.tar.Z a-1.exe", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var files []pypi.File
			for n := range strings.FieldsSeq(tc.files) {
				_, kind, _ := pypi.GuessFileName(n)
				files = append(files, pypi.File{Name: n, Kind: kind})
			}
			for range 2 {
				var got []string
				for _, f := range choose(files, tc.which) {
					got = append(got, f.Name)
				}
				if d := cmp.Diff(tc.want, strings.Join(got, " ")); d != "" {
					t.Error(d)
				}
				slices.Reverse(files)
			}
		})
	}
	if _, err := ParseFiles("wheels"); err == nil {
		t.Error("ParseFiles takes anything")
	}
}
