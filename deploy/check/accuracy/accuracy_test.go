package main

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"prevalence/schemas/catalog"
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
		"a.whl.d/m.py\t3\t3\tbuiltins.eval\t",                               // seen
		"a.whl.d/m.py\t5\t5\tos.unlink|shutil.rmtree\tseveral",              // no behaviour in common
		"a.whl.d/m.py\t5\t5\tpathlib.Path.unlink\tinstance",                 // seen
		"a.whl.d/m.py\t7\t7\tbuiltins.eval\talias",                          // missed
		"a.whl.d/m.py\t8\t10\tbuiltins.exec\t",                              // near
		"a.whl.d/m.py\t5\t5\tio.open#mode=w\targument", "# files parsed: 1", // an argument
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
	if list, _ := os.ReadFile(misses); string(list) != "execution/dynamic-code\ta.whl.d/m.py:7\tbuiltins.eval\talias\talias\n"+
		"file/write\ta.whl.d/m.py:5\tio.open#mode=w\targument\targument\n" {
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
	bandit := write(t, "bandit.json", `{"results":[{"filename":"./a.whl.d/m.py","line_number":9,"line_range":[9],"test_id":"B102"}],"errors":[{"filename":"./a.whl.d/m.py","reason":"syntax error"}]}`)
	dir := t.TempDir()
	var out strings.Builder
	if err := run([]string{"peers", "-scan", scan, "-tree", tree, "-ruff", ruff, "-bandit", bandit, "-out", dir}, &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"ruff dynamic code 1 1 1 50.0% 50.0% 0", "bandit dynamic code 1 0 1 100.0% 50.0% 1"} {
		if !strings.Contains(strings.Join(strings.Fields(out.String()), " "), want) {
			t.Errorf("no line %q in\n%s", want, out.String())
		}
	}
	for name, want := range map[string]string{
		"ruff.tsv":   "dynamic code\ttheirs\ta.whl.d/m.py:20\tS307\t\ndynamic code\tours\ta.whl.d/m.py:9\tbuiltins.exec\t\n",
		"bandit.tsv": "dynamic code\tours\ta.whl.d/m.py:3\tbuiltins.eval\tunparsed\n",
	} {
		if list, _ := os.ReadFile(filepath.Join(dir, name)); string(list) != want {
			t.Errorf("%s: %s", name, list)
		}
	}
}

func TestSample(t *testing.T) {
	scan := write(t, "scan.jsonl", scanOutput)
	draw := func(args ...string) string {
		var out strings.Builder
		if err := run(append([]string{"sample", "-scan", scan, "-each", "1"}, args...), &out); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	first := draw("-seed", "7")
	if first != draw("-seed", "7") || strings.Count(first, "\n") != 4 || !strings.HasPrefix(first, "# seed 7\n") ||
		!strings.Contains(first, "a.whl\tm.py:5\tfile/delete\t\t\t.unlink\tsupport\tlikely\n") {
		t.Errorf("a draw of one a category:\n%s", first)
	}
	for _, only := range []string{"file", "file/delete"} {
		if one := draw("-seed", "7", "-only", only); strings.Count(one, "\n") != 3 || !strings.Contains(one, "file/delete") {
			t.Errorf("a draw from %s:\n%s", only, one)
		}
	}
}

func TestPrecision(t *testing.T) {
	verdicts := write(t, "v.tsv", strings.Join([]string{
		"file\tat\tbehaviour\tverdict\treason",
		"# seed 1",
		"a.whl\tm.py:3\texecution/dynamic-code\tyes",
		"a.whl\tm.py:5\tfile/delete\tno\tno-file",
		"# seed 2",
		"a.whl\tm.py:6\tfile/delete\tyes",
	}, "\n"))
	var out strings.Builder
	if err := run([]string{"precision", verdicts}, &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| execution | 1 of 1 | 1 | 1 of 1 | 100.0 % |", "| file | 0 of 1 | 2 | 1 of 1 | 100.0 % |", "| all | 1 of 2 | 2 | 2 of 2 |"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	for text, want := range map[string]string{
		"# nothing\n":                     "no verdicts",
		"a\tb\tc/d\tyes\n":                ":1: a verdict above",
		"# seed 1\na\tb\tc/d\tmaybe\n":    ":2: the verdict is yes or no",
		"# seed 1\na\tb\tc/d\tno\n":       ":2: a \"no\"",
		"# seed 1\na\tb\tc/d\tyes\tx\n":   ":2: a \"no\"",
		"# seed 1\na\tb\tc/d\n":           ":2: 3 columns",
		"# seed 1\na\tb\tc/d\tno\tx\tv\n": ":2: 6 columns",
	} {
		if err := run([]string{"precision", write(t, "v.tsv", text)}, &out); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q gave %v, not %q", text, err, want)
		}
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

var update = flag.Bool("update", false, "write the table of precision into docs/accuracy.md")

// TestDocument compares the table in docs/accuracy.md with the verdicts that it
// is computed from.
func TestDocument(t *testing.T) {
	const document, begin, end = "../../../docs/accuracy.md", "<!-- precision: make precision -->\n", "<!-- /precision -->"
	var table strings.Builder
	if err := precision(&table, "verdicts.tsv"); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	shown, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no %q … %q", document, begin, end)
	}
	if shown == table.String() {
		return
	}
	if !*update {
		t.Fatalf("the table in %s is not what verdicts.tsv gives; make precision writes it:\n%s", document, cmp.Diff(shown, table.String()))
	}
	if err := os.WriteFile(document, []byte(before+begin+table.String()+end+after), 0o666); err != nil { //nolint:gosec // a page to be read
		t.Fatal(err)
	}
}

// TestVerdicts checks that what was judged still names rules that there are,
// and enough of it.
func TestVerdicts(t *testing.T) {
	v, err := readVerdicts("verdicts.tsv")
	if err != nil {
		t.Fatal(err)
	}
	c, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	for behavior := range v.rules {
		if c.Rule(behavior) == nil {
			t.Errorf("verdicts on %s, which no rule makes", behavior)
		}
	}
	for i := range c.Rules {
		if v.categories[c.Rules[i].Category()] == nil {
			t.Errorf("nothing of %s was judged", c.Rules[i].Category())
		}
	}
	for category, byDraw := range v.categories {
		first := byDraw[v.draws[0]]
		if first == nil || first.judged() != 40 {
			t.Errorf("%s: the first draw is not of 40", category)
		}
	}
}
