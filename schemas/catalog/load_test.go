package catalog

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

const good = `category: file
rules:
  - id: file/delete
    sentence: Deletes files.
    attack: T1070.004
    confidence: medium
    contexts: [install, call]
    match:
      uses: ['os.{remove,unlink}', pathlib.Path.unlink]
      args: ['subprocess.*#shell=True', .decode#encoding=hex]
      methods: [.unlink]
      literals: [rm -rf, {text: DEL /F, fold: true, whole: true, word: true, regex: 'DEL'}]
      strings: [{kind: url, hosts: [bit.ly], contains: [x], public: true, regex: 'y'}]
      text: [{kinds: [shell], regex: 'rm ', literals: ['rm ']}]
    combinations:
      - scope: member
        all: [{calls: [os.stat]}]
        any: [{refs: [os.environ]}]
        unless: [{imports: ['test.*']}]
    examples:
      positive: [a, {path: x.sh, source: rm x}]
      negative: [b, {package: [no-author-email], native: [unlink]}]
`

func load(files ...string) (*Catalog, error) {
	m := fstest.MapFS{}
	for i := 0; i < len(files); i += 2 {
		m[files[i]] = &fstest.MapFile{Data: []byte(files[i+1])}
	}
	return Load(m)
}

func TestLoad(t *testing.T) {
	c, err := load("rules/file.yaml", good)
	if err != nil {
		t.Fatal(err)
	}
	want := Rule{
		ID: "file/delete", Sentence: "Deletes files.", Attack: "T1070.004", Confidence: Medium, Contexts: []string{"install", "call"},
		Match: Match{
			Uses: []string{"os.remove", "os.unlink", "pathlib.Path.unlink"}, Args: []string{"subprocess.*#shell=True", ".decode#encoding=hex"},
			Methods: []string{".unlink"}, Literals: []LiteralMatch{{Text: "rm -rf"}, {Text: "DEL /F", Fold: true, Whole: true, Word: true, Regex: "DEL"}},
			Strings: []StringMatch{{Kind: "url", Hosts: []string{"bit.ly"}, Contains: []string{"x"}, Public: true, Regex: "y"}},
			Text:    []TextMatch{{Kinds: []string{"shell"}, Regex: "rm ", Literals: []string{"rm "}}},
		},
		Combinations: []Combination{{
			Scope: ScopeMember, All: []Match{{Calls: []string{"os.stat"}}}, Any: []Match{{Refs: []string{"os.environ"}}},
			Unless: []Match{{Imports: []string{"test.*"}}},
		}},
		Positive: []Example{{Path: "module.py", Source: "a", Line: 21}, {Path: "x.sh", Source: "rm x", Line: 21}},
		Negative: []Example{{Path: "module.py", Source: "b", Line: 22}, {Path: "module.py", Package: []string{"no-author-email"}, Native: []string{"unlink"}, Line: 22}},
		File:     "rules/file.yaml", Line: 3,
		YAML: strings.ReplaceAll(strings.TrimPrefix(good, "category: file\nrules:\n  "), "\n    ", "\n  "),
	}
	if diff := cmp.Diff(want, c.Rules[0]); diff != "" {
		t.Error(diff)
	}
	if want.Category() != "file" || c.Rule("file/delete") == nil || c.Rule("file/x") != nil {
		t.Error("Category or Rule")
	}
}

func TestLoadRefuses(t *testing.T) {
	replace := func(old, new string) string { return strings.Replace(good, old, new, 1) }
	tests := []struct{ name, yaml, want string }{
		{"unknown field", replace("    attack:", "    attck:"), `rules/file.yaml:5: unknown field "attck" in a rule`},
		{"unknown matcher", replace("uses:", "use:"), `rules/file.yaml:9: unknown field "use" in a match`},
		{"field twice", replace("    attack: T1070.004", "    id: file/x"), `rules/file.yaml:5: field "id" stands twice`},
		{"bad id", replace("file/delete", "file/Delete"), `rules/file.yaml:3: id "file/Delete" is not of the form`},
		{"other category", replace("file/delete", "net/delete"), `rules/file.yaml:3: id "net/delete" is not of the category "file"`},
		{"file name", replace("category: file", "category: net"), `the file is named for "file"`},
		{"technique", replace("T1070.004", "T170"), `rules/file.yaml:5: attack "T170"`},
		{"sentence", replace("Deletes files.", "Deletes files"), `rules/file.yaml:4: sentence must be one line`},
		{"confidence", replace("medium", "sure"), `rules/file.yaml:6: confidence is`},
		{"context", replace("[install, call]", "[install, build]"), `rules/file.yaml:7: unknown context "build"`},
		{"scope", replace("scope: member", "scope: file"), `rules/file.yaml:16: unknown scope "file"`},
		{"name", replace("pathlib.Path.unlink", "pathlib..unlink"), `rules/file.yaml:9: "pathlib..unlink" is not a name`},
		{"name twice", replace("pathlib.Path.unlink", "os.remove"), `rules/file.yaml:9: "os.remove" stands twice`},
		{"method", replace("[.unlink]", "[unlink]"), `rules/file.yaml:11: "unlink" is not a name`},
		{"atom", replace(".decode#encoding=hex", "decode"), `rules/file.yaml:10: "decode" is not a name`},
		{"pattern", replace("regex: 'DEL'", "regex: '('"), `rules/file.yaml:12: error parsing regexp`},
		{"short literal", replace("rm -rf", "rm"), `rules/file.yaml:12: literal "rm" is shorter`},
		{"kind of string", replace("kind: url", "kind: uri"), `rules/file.yaml:13: unknown kind of string "uri"`},
		{"no examples", replace("    examples:\n      positive: [a, {path: x.sh, source: rm x}]\n      negative: [b, {package: [no-author-email], native: [unlink]}]\n", ""), `rules/file.yaml:3: rule file/delete has no examples`},
		{"one example", replace("[a, {path: x.sh, source: rm x}]", "[a]"), `has 1 positive and 2 negative examples`},
		{"empty example", replace("{path: x.sh, source: rm x}", "{path: x.sh}"), `rules/file.yaml:21: an example needs source`},
		{"alias", replace("[a, {path: x.sh, source: rm x}]", "[&a a, *a]"), `anchors and aliases are not allowed`},
		{"broken", "category: [", "rules/file.yaml:1: no YAML: did not find"},
		{"empty", "", "rules/file.yaml:1: the file is empty"},
		{"property", replace("package: [no-author-email]", "package: [no-author]"), `rules/file.yaml:22: unknown property of a release "no-author"`},
		{"not a mapping", "- a", "rules/file.yaml:1: a rules file must be a mapping"},
		{"two documents", good + "---\na: b\n", "one document a file"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.yaml == good {
				t.Fatal("the fault was not put in")
			}
			_, err := load("rules/file.yaml", test.yaml)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %s", err, test.want)
			}
		})
	}
}

func TestLoadRefusesDuplicates(t *testing.T) {
	double := good + strings.TrimPrefix(good, "category: file\nrules:\n")
	_, err := load("rules/file.yaml", double)
	if err == nil || !strings.Contains(err.Error(), "rules/file.yaml:23: rule file/delete is already at rules/file.yaml:3") {
		t.Error(err)
	}
	c, err := load("rules/file.yaml", good)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.With(c); err == nil {
		t.Error("With took the same rule twice")
	}
	own := fstest.MapFS{"file.yaml": {Data: []byte(good)}}
	_, err = c.Extend(own, "own")
	if err == nil || err.Error() != "own/file.yaml:3: rule file/delete is already at rules/file.yaml:3" {
		t.Error(err)
	}
}

// TestExtend shows that rules of one's own are part of the catalogue and of its
// hash, and that faults name their file.
func TestExtend(t *testing.T) {
	c, err := load("rules/file.yaml", good)
	if err != nil {
		t.Fatal(err)
	}
	own := strings.ReplaceAll(good, "file/delete", "file/remove")
	more, err := c.Extend(fstest.MapFS{"file.yaml": {Data: []byte(own)}, "other.yaml": {Data: []byte("broken")}}, "own", "file.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Rules) != 1 || len(more.Rules) != 2 || more.Rule("file/remove").File != "own/file.yaml" {
		t.Errorf("%+v", more.Rules)
	}
	if c.Hash() == more.Hash() {
		t.Error("own rules are not in the hash")
	}
	_, err = c.Extend(fstest.MapFS{"file.yaml": {Data: []byte(strings.Replace(own, "attack", "attck", 1))}, "other.yaml": {Data: []byte("a: b\nc: d\n")}}, "own")
	var got []string
	for _, f := range Faults(fmt.Errorf("x: %w", err)) {
		got = append(got, f.File+":"+strconv.Itoa(f.Line)+": "+f.What)
	}
	want := []string{
		`own/file.yaml:5: unknown field "attck" in a rule`, `own/other.yaml:1: unknown field "a" in a rules file`,
		`own/other.yaml:2: unknown field "c" in a rules file`, `own/other.yaml:1: category is "", but the file is named for "other"`,
		`own/other.yaml:1: rules are missing`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, err := c.Extend(fstest.MapFS{}, "own"); err == nil || !strings.Contains(err.Error(), "no file of rules (NAME.yaml) in own") {
		t.Error(err)
	}
}

func TestFaultfFindsTheLine(t *testing.T) {
	c, err := load("rules/file.yaml", good)
	if err != nil {
		t.Fatal(err)
	}
	for name, line := range map[string]string{"os.unlink": "9", "pathlib.Path.unlink": "9", ".unlink": "11", "os.stat": "17", "nowhere": "3"} {
		if err := c.Rules[0].Faultf(name, "x"); err.Error() != "rules/file.yaml:"+line+": x" {
			t.Errorf("%s: %v, want line %s", name, err, line)
		}
	}
}

func TestLoadIssues(t *testing.T) {
	issue := func(prevalence, behavior string) string {
		return "issues:\n  - id: a-b\n    title: T\n    problem: P\n    prevalence: '" + prevalence + "'\n    next_steps: [N]\n    behaviors: [" + behavior + "]\n"
	}
	if _, err := load("rules/file.yaml", good, "issues.yaml", issue("{top1k} of them", "file/delete")); err != nil {
		t.Error(err)
	}
	for _, test := range [][2]string{
		{issue("{top2k} of them", "file/delete"), `issues.yaml:5: unknown placeholder "top2k"`},
		{issue("x", "file/nothing"), "names behaviour file/nothing, which no rule makes"},
		{"issues: [{id: a}]", "an issue needs id, title"},
	} {
		if _, err := load("rules/file.yaml", good, "issues.yaml", test[0]); err == nil || !strings.Contains(err.Error(), test[1]) {
			t.Errorf("error %v, want %s", err, test[1])
		}
	}
}

func TestHash(t *testing.T) {
	hash := func(old, new string) string {
		t.Helper()
		c, err := load("rules/file.yaml", strings.Replace(good, old, new, 1))
		if err != nil {
			t.Fatal(err)
		}
		return c.Hash()
	}
	base := hash("", "")
	for _, same := range [][2]string{
		{"Deletes files.", "Removes files."}, {"confidence: medium", "confidence: low"}, {"T1070.004", "T1070"},
		{"[install, call]", "[call, install]"}, {"'os.{remove,unlink}', pathlib.Path.unlink", "pathlib.Path.unlink, os.unlink, os.remove"},
		{"positive: [a,", "positive: [c,"},
	} {
		if hash(same[0], same[1]) != base {
			t.Errorf("%q changes the hash", same[1])
		}
	}
	for _, other := range [][2]string{
		{"id: file/delete", "id: file/remove"}, {"[install, call]", "[install]"}, {"os.{remove", "os.{rename"}, {"fold: true", "fold: false"},
		{"scope: member", "scope: release"}, {"public: true", "public: false"},
	} {
		if hash(other[0], other[1]) == base {
			t.Errorf("%q does not change the hash", other[1])
		}
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(good)
	f.Add("category: file\nrules: []")
	f.Add("a: &a [*a]")
	f.Add("category: file\nrules:\n  - id: file/x\n    match: {uses: ['{a,{b,c}{d,e}}']}")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := load("rules/file.yaml", text)
		if err != nil {
			return
		}
		for i := range c.Rules {
			if r := &c.Rules[i]; r.Category() != "file" || len(r.Positive) < 2 || len(r.Negative) < 2 || r.Sentence == "" {
				t.Errorf("a rule was let through: %+v", r)
			}
		}
		if len(c.Hash()) != 16 {
			t.Error("hash")
		}
	})
}
