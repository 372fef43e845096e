package behavior

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"prevalence/schemas/catalog"
)

// TestCatalogueIsClean lints the rules that are built in.
func TestCatalogueIsClean(t *testing.T) {
	c, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	for i := range c.Rules {
		for _, err := range Lint(&c.Rules[i]) {
			t.Error(err)
		}
	}
}

func TestLint(t *testing.T) {
	const yaml = `category: test
rules:
  - id: test/rule
    sentence: Does it.
    contexts: [install]
    match:
      uses: [posixpath.join, 'os.*', os.remove]
      calls: [os.remove]
      args:
        - 'io.open#mode=w'
        - 'subprocess.run#shel=True'
      flows: ['decode>run']
      methods: [.remove, .unlink]
      traits: [long-lines]
      native: [CreateProcessW, _ZN1a, __strcpy_chk, ptrace]
      strings:
        - {kind: path, hosts: [a.dev]}
        - {kind: token, public: true}
        - {kind: url, hosts: ['https://a.dev']}
    combinations:
      - scope: member
        all: [{calls: [os.stat]}, {package: [no-metadata]}]
    examples:
      positive: [a, EDIT_ME]
      negative: [b, a]
`
	c, err := catalog.Load(fstest.MapFS{"test.yaml": {Data: []byte(yaml)}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, err := range Lint(&c.Rules[0]) {
		if len(catalog.Faults(err)) != 1 {
			t.Errorf("%v is no fault", err)
		}
		got = append(got, strings.TrimPrefix(err.Error(), "test.yaml:"))
	}
	want := []string{
		`7: posixpath.join is spelled os.path.join by the scanner`,
		`10: io.open is spelled builtins.open by the scanner`,
		`11: argument "shel" of subprocess.run is no fact; those of it that are: creationflags, program, shell, start_new_session, stderr, stdout`,
		`12: unknown flow "decode>run"; known are ` + flowList,
		`14: unknown trait "long-lines"; known are bidi-control, homoglyph-identifier, hidden-by-spacing, minified, chr-built-string, indirect-call, nested-code`,
		`15: symbol CreateProcessW is read as CreateProcess`,
		`15: symbol _ZN1a is not kept: it stands in every binary, or is Python's own`,
		`15: symbol __strcpy_chk is read as strcpy`,
		`17: a string of kind path has no host`,
		`18: a string of kind token is no address that could be public`,
		`19: "https://a.dev" is no host; a host stands for those below it too`,
		`7: os.remove stands in uses already`,
		`7: os.remove is covered by os.*`,
		`13: .remove() means many things; on an unknown receiver it says nothing`,
		`22: what is true of the release, or of a binary, is in no member: use scope: release`,
		`15: CreateProcessW is seen in the context package, which does not count for the rule`,
		`25: the example stands at line 24 already`,
		`24: EDIT_ME is to be replaced`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

const flowList = `decode>exec, decode>process, decode>file, decode>deserialize, decompress>exec, decompress>process, decompress>file, ` +
	`decompress>deserialize, download>exec, download>process, download>file, download>deserialize, download>file>exec, ` +
	`download>file>process, download>file>file, download>file>deserialize`
