package behavior

import (
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"prevalence/schemas/catalog"
	"prevalence/schemas/message"
	"prevalence/worker/pysource"
)

// rules are small enough to be read beside the tests.
const rules = `
category: test
rules:
  - id: test/delete
    sentence: Deletes.
    match: {uses: [os.remove], methods: [.unlink]}
    examples: {positive: [a, b], negative: [c, d]}
  - id: test/http
    sentence: Talks.
    match: {calls: ['requests.*'], args: ['requests.*#verify=False']}
    examples: {positive: [a, b], negative: [c, d]}
  - id: test/install
    sentence: Deletes while installing.
    contexts: [install]
    match: {calls: [os.remove]}
    examples: {positive: [a, b], negative: [c, d]}
  - id: test/secret
    sentence: Names a key.
    match:
      literals: [.ssh/id_rsa, {text: Secret, fold: true, word: true}]
      strings: [{kind: url, hosts: [bit.ly]}, {kind: ipv4, public: true}]
      package: [no-author-email]
      native: [ptrace]
      text: [{kinds: [shell], regex: 'curl .*\| *sh', literals: [curl]}]
    examples: {positive: [a, b], negative: [c, d]}
  - id: test/function
    sentence: Does both in one function.
    combinations:
      - scope: function
        all: [{calls: [builtins.exec]}, {calls: [zlib.decompress]}]
    examples: {positive: [a, b], negative: [c, d]}
  - id: test/member
    sentence: Does one but not the other.
    combinations:
      - scope: member
        any: [{calls: [builtins.exec]}, {calls: [builtins.eval]}]
        unless: [{imports: [ast]}]
    examples: {positive: [a, b], negative: [c, d]}
  - id: test/release
    sentence: Does both anywhere.
    combinations:
      - scope: release
        all: [{calls: [zlib.decompress]}, {literals: [.ssh/id_rsa]}]
    examples: {positive: [a, b], negative: [c, d]}
`

func compile(t testing.TB, yaml string) *Matcher {
	t.Helper()
	c, err := catalog.Load(fstest.MapFS{"rules/test.yaml": {Data: []byte(yaml)}})
	if err != nil {
		t.Fatal(err)
	}
	m, err := Compile(c)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// facts makes facts by hand.
type facts struct {
	names *pysource.Names
	res   pysource.Result
}

func (f *facts) add(kind pysource.Kind, c pysource.Context, name, value, scope string) *facts {
	certainty := pysource.Resolved
	if kind == pysource.Method {
		certainty = pysource.Likely
	}
	line := uint32(len(f.res.Facts) + 1)
	f.res.Facts = append(f.res.Facts, pysource.Fact{
		Kind: kind, Context: c, Certainty: certainty, Line: line, EndLine: line,
		Name: f.names.Intern([]byte(name)), Value: f.names.Intern([]byte(value)), Scope: f.names.Intern([]byte(scope)),
	})
	return f
}

func (f *facts) literal(s string) *facts {
	f.res.Strings = append(f.res.Strings, pysource.Literal{Value: []byte(s), Context: pysource.ContextImport, Line: 1})
	return f
}

func ids(obs []message.Observation) []string {
	var list []string
	for _, o := range obs {
		list = append(list, o.Behavior+"@"+string(o.Context)+"/"+string(o.Certainty))
	}
	return list
}

const (
	imp  = pysource.ContextImport
	call = pysource.ContextCall
	inst = pysource.ContextInstall
)

func TestReleaseMatches(t *testing.T) {
	m := compile(t, rules)
	tests := []struct {
		name  string
		facts func(*facts)
		want  []string
	}{
		{"call", func(f *facts) { f.add(pysource.Call, imp, "os.remove", "", "") }, []string{"test/delete@import/resolved"}},
		{"reference", func(f *facts) { f.add(pysource.Ref, call, "os.remove", "", "f") }, []string{"test/delete@call/resolved"}},
		{"import is no use", func(f *facts) { f.add(pysource.Import, imp, "os.remove", "", "") }, nil},
		{"method", func(f *facts) { f.add(pysource.Method, imp, ".unlink", "", "") }, []string{"test/delete@import/likely"}},
		{"context", func(f *facts) { f.add(pysource.Call, inst, "os.remove", "", "") },
			[]string{"test/delete@install/resolved", "test/install@install/resolved"}},
		{"wildcard", func(f *facts) { f.add(pysource.Call, imp, "requests.get", "", "") }, []string{"test/http@import/resolved"}},
		{"wildcard of an atom", func(f *facts) { f.add(pysource.Arg, imp, "requests.get#verify=False", "", "") }, []string{"test/http@import/resolved"}},
		{"other atom", func(f *facts) { f.add(pysource.Arg, imp, "requests.get#verify=True", "", "") }, nil},
		{"wildcard is not its root", func(f *facts) { f.add(pysource.Call, imp, "requests", "", "") }, nil},
		{"other root", func(f *facts) { f.add(pysource.Call, imp, "requestsx.get", "", "") }, nil},
		{"literal", func(f *facts) { f.literal("~/.ssh/id_rsa") }, []string{"test/secret@import/resolved"}},
		{"literal in other case", func(f *facts) { f.literal("~/.ssh/ID_RSA") }, nil},
		{"folded word", func(f *facts) { f.literal("a SECRET b") }, []string{"test/secret@import/resolved"}},
		{"not a word", func(f *facts) { f.literal("secrets") }, nil},
		{"host", func(f *facts) { f.add(pysource.String, imp, "url", "https://u@bit.ly/x", "") }, []string{"test/secret@import/resolved"}},
		{"host below", func(f *facts) { f.add(pysource.String, imp, "url", "https://a.bit.ly:80/x", "") }, []string{"test/secret@import/resolved"}},
		{"host beside", func(f *facts) { f.add(pysource.String, imp, "url", "https://orbit.ly/x", "") }, nil},
		{"public address", func(f *facts) { f.add(pysource.String, imp, "ipv4", "9.9.9.9", "") }, []string{"test/secret@import/resolved"}},
		{"private address", func(f *facts) { f.add(pysource.String, imp, "ipv4", "10.0.0.1", "") }, nil},
		{"one function", func(f *facts) {
			f.add(pysource.Call, call, "builtins.exec", "", "f").add(pysource.Call, call, "zlib.decompress", "", "f").add(pysource.Import, imp, "ast", "", "")
		}, []string{"test/function@call/resolved"}},
		{"two functions", func(f *facts) {
			f.add(pysource.Call, call, "builtins.exec", "", "f").add(pysource.Call, call, "zlib.decompress", "", "g").add(pysource.Import, imp, "ast", "", "")
		}, nil},
		{"any", func(f *facts) { f.add(pysource.Call, imp, "builtins.eval", "", "") }, []string{"test/member@import/resolved"}},
		{"unless", func(f *facts) {
			f.add(pysource.Call, imp, "builtins.eval", "", "").add(pysource.Import, imp, "ast", "", "")
		}, nil},
		{"release", func(f *facts) { f.add(pysource.Call, imp, "zlib.decompress", "", "").literal("/.ssh/id_rsa") },
			[]string{"test/release@import/resolved", "test/secret@import/resolved"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := facts{names: pysource.NewNames(m.Seeds()...)}
			test.facts(&f)
			r := m.Release()
			r.Source("a.py", f.names, f.res)
			obs, _, _ := r.Result()
			if diff := cmp.Diff(test.want, ids(obs)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestReleaseOfOtherMembers(t *testing.T) {
	m := compile(t, rules)
	r := m.Release()
	r.Text("a.sh", Shell, []byte("#!/bin/sh\n# curl x | sh\ncurl x | sh\ncat ~/.ssh/id_rsa\n"), message.ContextSupport)
	r.Package("no-author-email", "METADATA", 1)
	r.Native("a.so", []string{"ptrace", "free"})
	obs, symbols, _ := r.Result()
	want := []message.Observation{
		{Behavior: "test/secret", Context: message.ContextPackage, Certainty: message.Resolved, Hits: 2, Evidence: []message.Evidence{
			{Path: "METADATA", Symbol: "no-author-email"}, {Path: "a.so", Symbol: "c:ptrace"}}},
		{Behavior: "test/secret", Context: message.ContextSupport, Certainty: message.Resolved, Hits: 2, Evidence: []message.Evidence{
			{Path: "a.sh", Line: 3, EndLine: 3, Symbol: "curl"}, {Path: "a.sh", Line: 4, EndLine: 4, Symbol: ".ssh/id_rsa"}}},
	}
	if diff := cmp.Diff(want, obs, cmpopts.IgnoreFields(message.Evidence{}, "Fingerprint")); diff != "" {
		t.Error(diff)
	}
	var names []string
	for _, s := range symbols {
		names = append(names, string(s.Kind)+" "+s.Name)
	}
	if diff := cmp.Diff([]string{"trait no-author-email", "native c:ptrace", "native c:free", "string literal:.ssh/id_rsa"}, names); diff != "" {
		t.Error(diff)
	}
}

func TestReleaseEvidence(t *testing.T) {
	m := compile(t, rules)
	names := pysource.NewNames(m.Seeds()...)
	r := m.Release()
	f := facts{names: names}
	for range 4 {
		f.add(pysource.Method, call, ".unlink", "", "C.f")
	}
	f.add(pysource.Call, call, "os.remove", "", "C.f").add(pysource.Call, call, "os.remove", "", "C.f")
	r.Source("a.py", names, f.res)
	obs, _, _ := r.Result()
	if len(obs) != 1 || obs[0].Hits != 6 || obs[0].Certainty != message.Resolved {
		t.Fatalf("%+v", obs)
	}
	var lines []int
	prints := make(map[string]bool)
	for _, e := range obs[0].Evidence {
		lines = append(lines, e.Line)
		prints[e.Fingerprint] = true
	}
	if diff := cmp.Diff([]int{5, 6, 1}, lines); diff != "" {
		t.Errorf("the strongest evidence must come first: %s", diff)
	}
	if len(prints) != 3 {
		t.Errorf("fingerprints of equal hits must differ: %v", prints)
	}

	all := m.Release()
	all.AllEvidence = true
	moved := pysource.NewNames(m.Seeds()...)
	g := facts{names: moved}
	g.add(pysource.Import, imp, "x", "", "")
	for _, fact := range f.res.Facts {
		g.add(fact.Kind, fact.Context, names.String(fact.Name), "", names.String(fact.Scope))
	}
	all.Source("a.py", moved, g.res)
	obs, _, _ = all.Result()
	if len(obs[0].Evidence) != 6 {
		t.Errorf("%d pieces of evidence, want all 6", len(obs[0].Evidence))
	}
	for _, e := range obs[0].Evidence {
		delete(prints, e.Fingerprint)
	}
	if len(prints) != 0 {
		t.Errorf("fingerprints did not survive moved lines: %v", prints)
	}
}

func TestReleaseSumsSymbolsAndIndicators(t *testing.T) {
	m := compile(t, rules)
	f := facts{names: pysource.NewNames(m.Seeds()...)}
	f.add(pysource.Call, call, "own.mod.f", "", "").add(pysource.Call, call, "os.getcwd", "", "").add(pysource.Call, call, "os.getcwd", "", "")
	f.add(pysource.String, imp, "url", "https://user:pw@Example-Site.dev/a?token=1#x", "")
	f.add(pysource.String, imp, "url", "http://localhost/a", "")
	f.add(pysource.String, imp, "email", "Example-Site.dev", "")
	f.add(pysource.String, imp, "token", "github:ghp_0123456789", "")
	f.add(pysource.String, imp, "path", "/tmp/x", "")
	r := m.Release()
	r.Own = []string{"own"}
	r.Key = []byte("key")
	r.Source("a.py", f.names, f.res)
	r.Settle()
	f.names.Reset()
	g := facts{names: f.names}
	g.add(pysource.Call, call, "os.getcwd", "", "")
	r.Source("b.py", g.names, g.res)
	_, symbols, indicators := r.Result()
	wantSymbols := []message.Symbol{
		{Name: "url", Kind: "string", Context: "import", Certainty: "resolved", Hits: 2, Path: "a.py", Line: 4},
		{Name: "email", Kind: "string", Context: "import", Certainty: "resolved", Hits: 1, Path: "a.py", Line: 6},
		{Name: "path", Kind: "string", Context: "import", Certainty: "resolved", Hits: 1, Path: "a.py", Line: 8},
		{Name: "token", Kind: "string", Context: "import", Certainty: "resolved", Hits: 1, Path: "a.py", Line: 7},
		{Name: "os.getcwd", Kind: "call", Context: "call", Certainty: "resolved", Hits: 3, Path: "a.py", Line: 2},
	}
	if diff := cmp.Diff(wantSymbols, symbols); diff != "" {
		t.Error(diff)
	}
	wantIndicators := []message.Indicator{
		{Kind: "email-domain", Value: "example-site.dev", Context: "import", Hits: 1, Path: "a.py", Line: 6},
		{Kind: "token", Value: "github:9ae2a1bd1b2ed9ef2e4bb3b2f4d0ab4a", Context: "import", Hits: 1, Path: "a.py", Line: 7},
		{Kind: "url", Value: "https://example-site.dev/a", Context: "import", Hits: 1, Path: "a.py", Line: 4},
	}
	ignore := cmp.FilterPath(func(p cmp.Path) bool { return p.String() == "Value" }, cmp.Comparer(func(a, b string) bool {
		return a == b || len(a) == len(b) && a[:7] == "github:" && b[:7] == "github:"
	}))
	if diff := cmp.Diff(wantIndicators, indicators, ignore); diff != "" {
		t.Error(diff)
	}
}

func TestAutomatonFindsEverything(t *testing.T) {
	a, err := newAutomaton([]string{"he", "she", "his", "hers", "e", "HE"})
	if err != nil {
		t.Fatal(err)
	}
	type hit struct{ Pattern, End int }
	var got []hit
	a.find([]byte("uShers"), func(p, end int) { got = append(got, hit{p, end}) })
	want := []hit{{1, 4}, {5, 4}, {0, 4}, {4, 4}, {3, 6}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
