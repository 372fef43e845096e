package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const scanOutput = `{"path":"/x/a.whl.d","outcome":"ok","observations":[` +
	`{"behavior":"execution/dynamic-code","context":"call","certainty":"resolved","hits":2,"evidence":[{"path":"m.py","line":3,"end_line":4,"symbol":"builtins.eval"},{"path":"m.py","line":9,"symbol":"builtins.exec"}]},` +
	`{"behavior":"file/delete","context":"support","certainty":"likely","hits":1,"evidence":[{"path":"m.py","line":5,"symbol":".unlink"}]}]}
`

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRecall(t *testing.T) {
	scan := write(t, "scan.jsonl", scanOutput)
	calls := write(t, "calls.tsv", strings.Join([]string{
		"a.whl.d/m.py\t3\t3\tbuiltins.eval\t",                       // seen
		"a.whl.d/m.py\t5\t5\tos.unlink|shutil.rmtree\tseveral",      // no behaviour in common
		"a.whl.d/m.py\t5\t5\tpathlib.Path.unlink\tinstance",         // seen
		"a.whl.d/m.py\t7\t7\tbuiltins.eval\talias",                  // missed
		"a.whl.d/m.py\t8\t10\tbuiltins.exec\t", "# files parsed: 1", // near
	}, "\n")+"\n")
	misses := filepath.Join(t.TempDir(), "misses.tsv")
	var out strings.Builder
	err := run([]string{"recall", "-scan", scan, "-calls", calls, "-misses", misses, "-behaviors", "1"}, &out)
	if err == nil || !strings.Contains(err.Error(), "execution/dynamic-code") || strings.Contains(err.Error(), "file/delete") {
		t.Errorf("recall of 2 in 3 gave %v", err)
	}
	for _, want := range []string{"execution/dynamic-code                   3       1       1  66.67%  alias 1", "file/delete                              1       1       0 100.00%"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no line %q in\n%s", want, out.String())
		}
	}
	if list, _ := os.ReadFile(misses); string(list) != "execution/dynamic-code\ta.whl.d/m.py:7\tbuiltins.eval\talias\talias\n" {
		t.Errorf("misses: %s", list)
	}
	if err := run([]string{"recall", "-scan", scan, "-calls", calls, "-least", "0.5"}, &out); err == nil || !strings.Contains(err.Error(), "60 are wanted") {
		t.Errorf("one behaviour gave %v", err)
	}
}

func TestPeers(t *testing.T) {
	scan := write(t, "scan.jsonl", scanOutput)
	tree := t.TempDir()
	ruff := write(t, "ruff.json", `[{"filename":"`+filepath.Join(tree, "a.whl.d/m.py")+`","code":"S307","location":{"row":3},"end_location":{"row":3}},`+
		`{"filename":"`+filepath.Join(tree, "a.whl.d/m.py")+`","code":"S307","location":{"row":20},"end_location":{"row":20}}]`)
	bandit := write(t, "bandit.json", `{"results":[{"filename":"./a.whl.d/m.py","line_number":9,"line_range":[9],"test_id":"B102"}]}`)
	dir := t.TempDir()
	var out strings.Builder
	if err := run([]string{"peers", "-scan", scan, "-tree", tree, "-ruff", ruff, "-bandit", bandit, "-out", dir}, &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"ruff dynamic code 1 1 1 50.0%", "bandit dynamic code 1 0 1 100.0%"} {
		if !strings.Contains(strings.Join(strings.Fields(out.String()), " "), want) {
			t.Errorf("no line %q in\n%s", want, out.String())
		}
	}
	if list, _ := os.ReadFile(filepath.Join(dir, "ruff.tsv")); string(list) != "dynamic code\ttheirs\ta.whl.d/m.py:20\tS307\ndynamic code\tours\ta.whl.d/m.py:9\tbuiltins.exec\n" {
		t.Errorf("disagreements: %s", list)
	}
}

func TestSampleAndPrecision(t *testing.T) {
	scan := write(t, "scan.jsonl", scanOutput)
	draw := func(seed string) string {
		var out strings.Builder
		if err := run([]string{"sample", "-scan", scan, "-seed", seed, "-each", "1"}, &out); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	first := draw("7")
	if first != draw("7") || strings.Count(first, "\n") != 5 || !strings.Contains(first, "a.whl\tm.py:5\tfile/delete\t.unlink\tsupport\tlikely\t\t\n") {
		t.Errorf("a draw of one a category:\n%s", first)
	}
	judged := strings.Replace(strings.Replace(first, "resolved\t\t", "resolved\tyes\t", 1), "likely\t\t", "likely\tno\t", 1)
	var out strings.Builder
	if err := run([]string{"precision", write(t, "v.tsv", judged)}, &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| all | 2 | 1 | 1 | 0 | 50.0 % |", "| execution | 1 | 1 | 0 | 0 | 100.0 % |", "* file/delete: 1 of 1"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	if err := run([]string{"precision", write(t, "none.tsv", "# nothing\n")}, &out); err == nil {
		t.Error("a table without verdicts")
	}
}

func TestShares(t *testing.T) {
	scan := write(t, "scan.jsonl", scanOutput)
	manifest := write(t, "manifest.tsv", "project\tversion\tfile\tbytes\tsha256\trank\na\t1\ta.whl\t1\tx\t50\n")
	var out strings.Builder
	if err := run([]string{"shares", "-scan", scan, "-manifest", manifest}, &out); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "| execution/dynamic-code | 1 (100 %) | 1 (100 %) | 1 (100 %) | 1 (100 %) |") || strings.Contains(out.String(), "file/delete") {
		t.Errorf("shares:\n%s", out.String())
	}
}
