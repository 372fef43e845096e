package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// ownRules are rules of somebody's own, with one of everything that "rules
// show" has words for.
const ownRules = `category: mine
about: Rules of the tests.
rules:
  - id: mine/settings
    sentence: Reads the settings of another program. # said in one line
    attack: T1005.001
    confidence: medium
    contexts: [install, call]
    match:
      uses: ['other.{load,read}', 'other.config.*']
      calls: [other.Config]
      refs: [other.settings]
      imports: [otherconfig]
      args: ['other.open#mode=w', 'builtins.open#mode=w', 'os.open#mode=?']
      flows: ['download>file>process', decode>exec]
      methods: [.load_other]
      strings:
        - {kind: url, hosts: [other.dev], contains: [/settings], except: [www.other.dev], regex: '^https'}
        - {kind: ipv4, public: true}
      literals: [.otherrc, {text: Other, fold: true, word: true, whole: true, regex: '^O'}]
      traits: [minified]
      native: [other_load]
      package: [no-metadata]
      text: [{kinds: [shell, setup-cfg], literals: [other], regex: 'other \w+'}]
    combinations:
      - scope: function
        all: [{calls: [os.stat]}, {imports: [other]}]
        any: [{calls: [a.b]}, {calls: [c.d]}]
        unless: [{refs: [e.f]}]
      - scope: release
        any: [{native: [system]}]
    examples:
      positive:
        - 'import other; f = lambda: other.load()'
        - {path: setup.py, source: 'import other.config as c; c.x()'}
      negative:
        - '# other.load()'
        - {path: tests/a.py, source: 'import other; other.load()'}

  # A comment between rules belongs to the next one.
  - id: mine/wrong
    sentence: Shows what a failing test looks like.
    match: {calls: [os.getcwd]}
    examples:
      positive: ['import os; os.getcwd()', 'import os; os.getlogin()']
      negative: ['x = 1', 'import os; print(os.getcwd())']
`

// brokenRules have faults that loading finds.
const brokenRules = `category: broken
rules:
  - id: broken/one
    sentense: Misspelt.
    match: {calls: [a.b]}
  - id: file/delete
    sentence: Deletes.
    match: {uses: [a..b]}
    examples: {positive: [a], negative: [b, c]}
`

// faultyRules load and have faults that lint finds.
const faultyRules = `category: faulty
rules:
  - id: faulty/one
    sentence: Opens.
    match:
      uses: [io.open]
      args: ['os.system#shell=yes']
    examples:
      positive: ['a', 'b']
      negative: ['c', 'd']
`

func rulesFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	folder(t, dir, member{"own/mine.yaml", ownRules}, member{"broken/broken.yaml", brokenRules}, member{"faulty/faulty.yaml", faultyRules},
		member{"both/mine.yaml", ownRules}, member{"both/more/x.yaml", "x"}, member{"empty/readme.txt", "x"},
		member{"clash/file.yaml", strings.ReplaceAll(strings.Replace(faultyRules, "category: faulty", "category: file", 1), "faulty/one", "file/delete")},
		member{"a.py", "import other\ndef f():\n    other.load()\n"})
	return dir
}

// rulesIn runs "prevalence ARGS" in dir.
func rulesIn(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := prevalenceCommand(t, args...)
	cmd.Dir = dir
	return output(t, cmd)
}

func TestRulesOutputs(t *testing.T) {
	dir := rulesFolder(t)
	for name, args := range map[string][]string{
		"rules/list.txt":  {"list", "--rules", "own", "--category", "mine"},
		"rules/list.csv":  {"list", "--rules", "own", "--category", "mine", "--format", "csv"},
		"rules/show.txt":  {"show", "mine/settings", "--rules", "own"},
		"rules/show.json": {"show", "mine/settings", "--rules", "own", "--format", "json"},
	} {
		t.Run(name, func(t *testing.T) { golden(t, name, rulesIn(t, dir, append([]string{"rules"}, args...)...)) })
	}
}

// TestRulesList shows that all built-in rules are listed, in each format.
func TestRulesList(t *testing.T) {
	dir := t.TempDir()
	var list []ruleView
	if err := json.Unmarshal([]byte(rulesIn(t, dir, "rules", "list", "--format", "json")), &list); err != nil {
		t.Fatal(err)
	}
	if len(list) < 190 {
		t.Errorf("%d rules", len(list))
	}
	table := rulesIn(t, dir, "rules", "list")
	for _, r := range list {
		if !strings.Contains(table, r.ID+" ") {
			t.Errorf("%s is missing in the table", r.ID)
		}
		if len(r.Hits) == 0 || len(r.Positive) < 2 || len(r.Negative) < 2 || !r.BuiltIn || !strings.Contains(r.YAML, "id: "+r.ID) {
			t.Errorf("%s: %d sentences, %d and %d examples, built in: %v", r.ID, len(r.Hits), len(r.Positive), len(r.Negative), r.BuiltIn)
		}
		for _, words := range r.Hits {
			if !regexp.MustCompile(`^[A-Z].*\.$`).MatchString(words) || strings.Contains(words, "%!") || strings.Contains(words, "  ") && !strings.Contains(words, "/") {
				t.Errorf("%s: %q is no sentence", r.ID, words)
			}
		}
	}
	cmd := prevalenceCommand(t, "rules", "list", "--category", "nothing")
	if code, errs := failure(t, cmd); code != exitUsage || !strings.Contains(errs, `no rule has the category "nothing"; there are anomaly, `) {
		t.Errorf("exit %d, %s", code, errs)
	}
	cmd = prevalenceCommand(t, "rules", "show", "file/delet")
	if code, errs := failure(t, cmd); code != exitNoData || !strings.Contains(errs, "did you mean file/delete?") {
		t.Errorf("exit %d, %s", code, errs)
	}
}

// runBoth runs a command that may fail and returns what it printed.
func runBoth(t *testing.T, dir string, args ...string) (code int, out, errs string) {
	t.Helper()
	cmd := prevalenceCommand(t, args...)
	cmd.Dir = dir
	var o strings.Builder
	cmd.Stdout = &o
	code, errs = failure(t, cmd)
	return code, o.String(), errs
}

func TestRulesTest(t *testing.T) {
	dir := rulesFolder(t)
	code, out, errs := runBoth(t, dir, "rules", "test", "own")
	golden(t, "rules/test.txt", out)
	if code != exitFailed || errs != "prevalence: 2 of 8 examples failed\n" {
		t.Errorf("exit %d, %q", code, errs)
	}
	_, out, _ = runBoth(t, dir, "rules", "test", "own/mine.yaml", "--format", "json")
	var tries []tryView
	if err := json.Unmarshal([]byte(out), &tries); err != nil {
		t.Fatal(err)
	}
	var failed []string
	for _, v := range tries {
		if !v.Passed {
			failed = append(failed, v.Rule+" "+v.Kind+" "+v.Source)
		}
	}
	if diff := cmp.Diff([]string{"mine/wrong positive import os; os.getlogin()", "mine/wrong negative import os; print(os.getcwd())"}, failed); diff != "" {
		t.Error(diff)
	}
	if code, _, errs := runBoth(t, dir, "rules", "test", "broken"); code != exitUsage ||
		errs != "prevalence: broken/broken.yaml:4: unknown field \"sentense\" in a rule (and 6 more: 'prevalence rules lint broken' lists them)\n" {
		t.Errorf("exit %d, %s", code, errs)
	}
	if out := rulesIn(t, dir, "rules", "test"); !regexp.MustCompile(`\n\n2\d\d rules, [89]\d\d examples, 0 failed\n$`).MatchString(out) &&
		!regexp.MustCompile(`\n\n\d+ rules, \d+ examples, 0 failed\n$`).MatchString(out) {
		t.Errorf("the built-in rules: %s", out[max(0, len(out)-300):])
	}
}

func TestRulesLint(t *testing.T) {
	dir := rulesFolder(t)
	code, out, errs := runBoth(t, dir, "rules", "lint", "broken")
	golden(t, "rules/lint-broken.txt", out)
	if code != exitFailed || errs != "prevalence: 7 faults\n" {
		t.Errorf("exit %d, %q", code, errs)
	}
	code, out, _ = runBoth(t, dir, "rules", "lint", "faulty", "clash")
	if want := "clash/file.yaml:3: rule file/delete is already at built-in/rules/file.yaml:"; code != exitFailed || !strings.HasPrefix(out, want) {
		t.Errorf("exit %d, %s", code, out)
	}
	_, out, _ = runBoth(t, dir, "rules", "lint", "faulty", "--format", "csv")
	golden(t, "rules/lint.csv", out)
	if out := rulesIn(t, dir, "rules", "lint"); out != "" {
		t.Errorf("the built-in rules have faults: %s", out)
	}
	for _, path := range []string{"faulty", "faulty/faulty.yaml", "./faulty/"} {
		if _, out, _ := runBoth(t, dir, "rules", "lint", path, "--rules", "faulty"); strings.Count(out, "\n") != 2 || strings.Contains(out, "already") {
			t.Errorf("what --rules names was read twice: %s", out)
		}
	}
	source, err := filepath.Abs("../../schemas/catalog")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{source, filepath.Join(source, "rules"), filepath.Join(source, "rules/file.yaml")} {
		if out := rulesIn(t, dir, "rules", "lint", path); out != "" {
			t.Errorf("%s: %s", path, out)
		}
	}
	for arg, want := range map[string]string{
		"missing": "prevalence: rules missing cannot be read: no such file or directory\n",
		"empty":   "prevalence: catalog: no file of rules (NAME.yaml) in empty\n",
	} {
		if code, _, errs := runBoth(t, dir, "rules", "lint", arg); code != exitUsage || errs != want {
			t.Errorf("exit %d, %q", code, errs)
		}
	}
}

// TestRulesNew goes the way of somebody's first rule: template, edit, lint.
func TestRulesNew(t *testing.T) {
	dir := t.TempDir()
	out := rulesIn(t, dir, "rules", "new", "mine/first", "--rules", "own")
	golden(t, "rules/new.txt", out)
	file := filepath.Join(dir, "own", "mine.yaml")
	template, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "rules/new.yaml", string(template))
	code, out, _ := runBoth(t, dir, "rules", "lint", "own")
	if code != exitFailed || strings.Count(out, "EDIT_ME is to be replaced") != strings.Count(out, "\n") {
		t.Errorf("exit %d, %s", code, out)
	}
	edited := strings.NewReplacer("sentence: EDIT_ME reads", "sentence: Reads", "EDIT_ME.function", "settings.read",
		"import EDIT_ME", "import settings", "from EDIT_ME import function", "from settings import read", "EDIT_ME = []", "settings = []").Replace(string(template))
	if err := os.WriteFile(file, []byte(edited), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := rulesIn(t, dir, "rules", "lint", "own"); out != "" {
		t.Errorf("after editing: %s", out)
	}
	rulesIn(t, dir, "rules", "test", "own")

	rulesIn(t, dir, "rules", "new", "mine/second", "--rules", "own")
	both, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(both), edited) || !strings.Contains(string(both), "id: mine/second") {
		t.Errorf("the first rule was not kept:\n%s", both)
	}
	for arg, want := range map[string]string{
		"mine/first":  "rule mine/first is already at own/mine.yaml:4; nothing was written",
		"file/delete": "rule file/delete is already at built-in/rules/file.yaml:",
		"Mine":        `"Mine" cannot be a rule's id`,
	} {
		code, errs := failureIn(t, dir, "rules", "new", arg, "--rules", "own")
		if code != exitUsage || !strings.Contains(errs, want) {
			t.Errorf("%s: exit %d, %s", arg, code, errs)
		}
	}
	if after, err := os.ReadFile(file); err != nil || string(after) != string(both) {
		t.Error("a refused rule changed the file")
	}
	// A file that the template would break is left alone.
	odd := "category: odd\nrules: []\n"
	if err := os.WriteFile(filepath.Join(dir, "own", "odd.yaml"), []byte(odd), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, errs := failureIn(t, dir, "rules", "new", "odd/one", "--rules", "own"); code != exitUsage || !strings.Contains(errs, "nothing was written") {
		t.Errorf("exit %d, %s", code, errs)
	}
}

func failureIn(t *testing.T, dir string, args ...string) (int, string) {
	t.Helper()
	cmd := prevalenceCommand(t, args...)
	cmd.Dir = dir
	return failure(t, cmd)
}

// TestScanWithOwnRules shows that rules of one's own take part, change the
// catalogue's hash, and are refused in one line when they do not load.
func TestScanWithOwnRules(t *testing.T) {
	dir := rulesFolder(t)
	plain, own := scanAt(t, dir, "a.py")[0], scanAt(t, dir, "--rules", "own", "a.py")[0]
	if got := seen(own); !slices.Contains(got, "mine/settings call a.py:3 (other.load)") {
		t.Errorf("%q", got)
	}
	if len(plain.Observations) != 0 {
		t.Errorf("%q without the rules", seen(plain))
	}
	if plain.Catalogue == own.Catalogue || len(own.Catalogue) != 16 {
		t.Errorf("catalogue %s, with rules %s", plain.Catalogue, own.Catalogue)
	}
	for arg, want := range map[string]string{
		"broken":  "prevalence: broken/broken.yaml:4: unknown field \"sentense\" in a rule (and 6 more: 'prevalence rules lint broken' lists them)\n",
		"clash":   "prevalence: clash/file.yaml:3: rule file/delete is already at built-in/rules/file.yaml:",
		"missing": "prevalence: rules missing cannot be read: no such file or directory\n",
	} {
		if code, errs := failureIn(t, dir, "scan", "--rules", arg, "a.py"); code != exitUsage || !strings.HasPrefix(errs, want) {
			t.Errorf("%s: exit %d, %q", arg, code, errs)
		}
	}
}

// TestUpWithOwnRules counts a rule of one's own over an index, through every
// role and into the answers.
func TestUpWithOwnRules(t *testing.T) {
	dir := rulesFolder(t)
	if err := os.Mkdir(filepath.Join(dir, "index"), 0o777); err != nil {
		t.Fatal(err)
	}
	wheel(t, filepath.Join(dir, "index", "demo-1.0-py3-none-any.whl"),
		member{"demo/__init__.py", "import other\n\ndef f():\n    other.load()\n"}, member{"demo-1.0.dist-info/METADATA", metadata})
	rulesIn(t, dir, "up", "--index", "index", "--data", "data", "--ranking", "none", "--until-idle", "--rules", "own", "--progress", "none")
	page := rulesIn(t, dir, "query", "behavior", "mine/settings", "--data", "data", "--rules", "own")
	if !strings.Contains(page, "Reads the settings of another program.") || !strings.Contains(page, "demo") {
		t.Errorf("the answer is\n%s", page)
	}
	if page := rulesIn(t, dir, "report", "demo", "--data", "data", "--rules", "own"); !strings.Contains(page, "mine/settings            Reads the settings of another program.") || !strings.Contains(page, "demo/__init__.py:4") {
		t.Errorf("the report is\n%s", page)
	}
	if code, errs := failureIn(t, dir, "up", "--index", "index", "--data", "data2", "--until-idle", "--rules", "broken"); code != exitUsage ||
		!strings.HasPrefix(errs, "prevalence: broken/broken.yaml:4: unknown field") || strings.Count(errs, "\n") != 1 {
		t.Errorf("exit %d, %q", code, errs)
	}
	if _, err := os.Stat(filepath.Join(dir, "data2")); !os.IsNotExist(err) {
		t.Error("something was started although the rules are wrong")
	}
}
