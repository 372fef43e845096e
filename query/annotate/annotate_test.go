package annotate_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"prevalence/internal/prevalence"
	"prevalence/query"
	"prevalence/query/annotate"
	"prevalence/query/dataset"
	"prevalence/schemas/peers"
)

const snapshot = "20261124T101500Z_all@2026-11-01_s1_c1_i1"

// shares of the community; what has none here is missing from the reference.
var shares = map[string]float64{
	"execution/process-spawn": 0.2, "execution/shell-command": 0.05, "execution/dynamic-code": 0.04, "execution/deserialization": 0.03,
	"network/ftp": 0.0005, "network/http-client": 0.3, "network/socket": 0.01, "monitor/keyboard": 0, "anomaly/disposable-email": 0.002,
}

// reference is a dataset with these shares and one common host.
func reference(t testing.TB) *annotate.Reference {
	t.Helper()
	ref := dataset.Reference{Schema: 1, Snapshot: snapshot, Taken: time.Date(2026, 11, 24, 10, 15, 0, 0, time.UTC), Scanner: "1", Catalogue: "1", License: "CC-BY-4.0"}
	for id, share := range shares {
		b := dataset.Behavior{ID: id, Label: labelOf(share), Bands: map[string]query.Number{}}
		for _, band := range prevalence.Bands() {
			b.Bands[band.String()] = query.Number{Band: band.String(), Count: int(share * 10_000), Scanned: 10_000, Size: 10_000, Share: &share, Low: &share, High: &share}
		}
		if share < 0.001 {
			b.Lift = &dataset.Lift{Ratio: 12, Low: 4, High: 36, Clusters: 40, Shown: 9, Important: true}
		}
		ref.Behaviors = append(ref.Behaviors, b)
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "reference.json"), ref)
	write(t, filepath.Join(dir, "misp/hosts/list.json"), map[string]any{"name": "hosts", "list": []string{"cdn.example.net"}})
	write(t, filepath.Join(dir, "misp/addresses/list.json"), map[string]any{"name": "addresses", "list": []string{"8.8.8.8/32", "2001:db8::1/128"}})
	r, err := annotate.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func labelOf(share float64) prevalence.Label {
	switch {
	case share >= 0.01:
		return prevalence.Common
	case share >= 0.001:
		return prevalence.Uncommon
	case share > 0:
		return prevalence.Rare
	}
	return prevalence.Unseen
}

func write(t testing.TB, path string, v any) {
	t.Helper()
	data, err := json.Marshal(v)
	if err := errors.Join(err, os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, data, 0o600)); err != nil {
		t.Fatal(err)
	}
}

// annotator knows a rule of the house besides.
func annotator(t testing.TB) *annotate.Annotator {
	t.Helper()
	house, err := peers.Parse([]byte("tool: semgrep oss\nrules: [{rule: house.subprocess, fit: same, behaviors: [execution/process-spawn]}]"))
	if err != nil {
		t.Fatal(err)
	}
	a, err := annotate.New(reference(t), house)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func read(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func run(t *testing.T, name string, o annotate.Options) (*annotate.Result, map[string]any) {
	t.Helper()
	r, err := annotator(t).Annotate(read(t, name), o)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	var v any
	if err := json.Unmarshal(r.Report, &v); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if strings.HasSuffix(name, ".sarif") {
		valid(t, name, r.Report)
	}
	m, ok := v.(map[string]any)
	if !ok {
		m = map[string]any{"results": v}
	}
	return r, m
}

// valid checks a report against the schema of SARIF 2.1.0.
func valid(t *testing.T, name string, report []byte) {
	t.Helper()
	schema, err := jsonschema.UnmarshalJSON(bytes.NewReader(read(t, "sarif-schema-2.1.0.json")))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("sarif.json", schema); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("sarif.json")
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(report))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Validate(v); err != nil {
		t.Errorf("%s: %v", name, err)
	}
}

func results(v map[string]any) []map[string]any {
	list, _ := v["results"].([]any)
	if runs, ok := v["runs"].([]any); ok {
		list, _ = runs[0].(map[string]any)["results"].([]any)
	}
	var out []map[string]any
	for _, x := range list {
		out = append(out, x.(map[string]any))
	}
	return out
}

// rule is the id of a finding's rule, in any of the formats. ruff names rules
// where its preview is on, as it is in ruff.sarif.
func rule(t *testing.T, f map[string]any) string {
	t.Helper()
	all, err := peers.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		for _, key := range []string{"ruleId", "test_id", "code"} {
			if s, ok := f[key].(string); ok && p.Rule(s) != nil {
				return p.Rule(s).ID
			}
		}
	}
	t.Fatalf("no rule in %v", f)
	return ""
}

func note(f map[string]any) map[string]any {
	if p, ok := f["properties"].(map[string]any); ok {
		f = p
	}
	n, _ := f["prevalence"].(map[string]any)
	return n
}

// TestKeepsEverything: what a tool printed is still there, field by field, but
// for what was added.
func TestKeepsEverything(t *testing.T) {
	for _, name := range []string{"bandit.sarif", "ruff.sarif", "bandit.json", "ruff.json", "guarddog.json", "verify.json", "semgrep.sarif"} {
		t.Run(name, func(t *testing.T) {
			r, err := annotator(t).Annotate(read(t, name), annotate.Options{})
			if err != nil {
				t.Fatal(err)
			}
			var before, after any
			if err := errors.Join(json.Unmarshal(read(t, name), &before), json.Unmarshal(r.Report, &after)); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(before, stripped(after)); diff != "" {
				t.Error(diff)
			}
			if r.Hidden != 0 || !bytes.Contains(r.Report, []byte(snapshot)) {
				t.Errorf("%d hidden; the snapshot must be named", r.Hidden)
			}
		})
	}
}

// stripped takes off what annotating adds.
func stripped(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = stripped(v[i])
		}
	case map[string]any:
		p, _ := v["properties"].(map[string]any)
		_, isResult := v["message"]
		if n := note(v); isResult && n["rarity"] != nil {
			delete(v, "rank")
			if was, ok := p["rankOfTool"]; ok {
				v["rank"] = was
				delete(p, "rankOfTool")
			}
		}
		delete(v, "prevalence")
		if p != nil {
			delete(p, "prevalence")
			if len(p) == 0 {
				delete(v, "properties")
			}
		}
		for k := range v {
			v[k] = stripped(v[k])
		}
	}
	return v
}

func TestNotes(t *testing.T) {
	for name, want := range map[string]map[string]string{
		// rule: label, fit, rarity, count in the community
		"bandit.sarif": {"B402": "Rare more 66 5", "B404": "Common more 14 2000", "B602": "Common part 26 500", "B101": "Not enough data  <nil> "},
		"bandit.json":  {"B402": "Rare more 66 5", "B101": "Not enough data  <nil> "},
		"ruff.sarif":   {"S402": "Rare more 66 5", "S404": "Common more 14 2000", "S307": "Common part 28 400"},
		"ruff.json":    {"S402": "Rare more 66 5", "S101": "Not enough data  <nil> "},
	} {
		_, v := run(t, name, annotate.Options{})
		seen := 0
		for _, f := range results(v) {
			n := note(f)
			if n == nil {
				t.Errorf("%s: %s has no note", name, rule(t, f))
			}
			got := fmt.Sprintf("%v %v %v ", n["label"], orEmpty(n["fit"]), n["rarity"])
			if list := n["behaviors"].([]any); len(list) > 0 {
				got += fmt.Sprint(list[0].(map[string]any)["bands"].(map[string]any)["community"].(map[string]any)["count"])
			}
			if w, ok := want[rule(t, f)]; ok {
				seen++
				if got != w {
					t.Errorf("%s: %s: %q, want %q", name, rule(t, f), got, w)
				}
			}
			if ranked := f["rank"]; strings.HasSuffix(name, ".sarif") && !cmp.Equal(ranked, n["rarity"]) {
				t.Errorf("%s: rank %v of rarity %v", name, ranked, n["rarity"])
			}
		}
		if seen < len(want) {
			t.Errorf("%s: %d of %v seen", name, seen, want)
		}
	}
}

func orEmpty(v any) any {
	if v == nil {
		return ""
	}
	return v
}

// TestHideAndSort: only what is common for certain goes, and is counted.
func TestHideAndSort(t *testing.T) {
	for _, name := range []string{"bandit.sarif", "ruff.sarif", "bandit.json", "ruff.json"} {
		_, all := run(t, name, annotate.Options{})
		r, v := run(t, name, annotate.Options{Hide: true, Sort: true})
		if r.Hidden != 2 || len(results(v))+r.Hidden != len(results(all)) {
			t.Errorf("%s: %d hidden, %d of %d left", name, r.Hidden, len(results(v)), len(results(all)))
		}
		var kept []string
		for _, f := range results(v) {
			kept = append(kept, rule(t, f)[1:])
		}
		if slices.Contains(kept, "404") || slices.Contains(kept, "403") || kept[0] != "402" && kept[0] != "321" || kept[len(kept)-1] != "101" {
			t.Errorf("%s: left, the rarest first: %v", name, kept)
		}
	}
	r, v := run(t, "semgrep.sarif", annotate.Options{Sort: true})
	got := results(v)
	if r.Hidden != 0 || got[0]["rank"] != 14.0 || got[1]["rank"] != 7.5 || note(got[0])["label"] != "Common" || !strings.Contains(fmt.Sprint(note(got[1])["none"]), "No prevalence information at this time") {
		t.Errorf("rules of a mapping of one's own: %v", got)
	}
}

func TestGuardDog(t *testing.T) {
	r, v := run(t, "guarddog.json", annotate.Options{Hide: true})
	p := v["prevalence"].(map[string]any)
	if diff := cmp.Diff([]any{"threat-runtime-keylogging", "deceptive_author", "capability-network-outbound"}, p["rarest_first"]); diff != "" {
		t.Error(diff)
	}
	keys := p["rules"].(map[string]any)["threat-runtime-keylogging"].(map[string]any)
	if keys["label"] != "Unseen" || keys["rarity"] != 100.0 || r.Hidden != 0 || v["issues"] != 4.0 {
		t.Errorf("%v, %d hidden, %v issues: a rule that is only near hides nothing", keys, r.Hidden, v["issues"])
	}
	if lift := keys["behaviors"].([]any)[0].(map[string]any)["lift"].(map[string]any); lift["important"] != true {
		t.Errorf("lift %v", lift)
	}
	if r, _ := run(t, "verify.json", annotate.Options{}); r.Format != "guarddog" || len(r.Rules) != 1 || r.Rules[0].Findings != 1 {
		t.Errorf("verify: %+v", r.Rules)
	}
}

func TestRefuses(t *testing.T) {
	a := annotator(t)
	for text, want := range map[string]string{
		"": "neither SARIF", "{": "neither SARIF", "{}": "neither SARIF", "[1]": "neither SARIF", "{} {}": "goes on", `{"version":"2.0.0","runs":[]}`: "SARIF 2.0.0",
		`{"runs":[]}`: "only 2.1.0", `[{"result":{}}]`: "neither SARIF",
	} {
		if _, err := a.Annotate([]byte(text), annotate.Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	bad := filepath.Join(t.TempDir(), "reference.json")
	for _, text := range []string{"", "[]", `{"schema":2}`} {
		if err := os.WriteFile(bad, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := annotate.Open(bad); err == nil || !strings.Contains(err.Error(), "no reference.json") {
			t.Errorf("reference %q: %v", text, err)
		}
	}
}

func TestIndicators(t *testing.T) {
	ref := reference(t)
	for name, list := range map[string]string{
		"text": "# seen\nhttps://cdn.example.net/x\nCDN.example.net\nevil.example.org\n8.8.8[.]8\n[2001:db8::1]:443\n",
		"misp": `{"Event":{"Attribute":[{"type":"url","value":"https://cdn.example.net/x"},{"type":"md5","value":"00"},{"type":"domain","value":"evil.example.org"}],
			"Object":[{"Attribute":[{"type":"ip-dst","value":"8.8.8.8"}]}]}}`,
		"osv": `{"id":"MAL-1","database_specific":{"iocs":{"domains":["cdn.example.net","evil.example.org"],"ips":["8.8.8.8"]}}}`,
	} {
		found, err := ref.Indicators([]byte(list))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		common, rest := 0, ""
		for _, i := range found {
			if i.Common != "" {
				common++
			} else {
				rest += i.Value
			}
		}
		if rest != "evil.example.org" || common < 2 {
			t.Errorf("%s: %+v", name, found)
		}
	}
	for _, text := range []string{"{", `{"a":1}`} {
		if _, err := ref.Indicators([]byte(text)); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}

// FuzzAnnotate: no report stops it, and what it prints it reads again.
func FuzzAnnotate(f *testing.F) {
	for _, name := range []string{"bandit.json", "ruff.json", "guarddog.json", "verify.json", "semgrep.sarif"} {
		f.Add(read(f, name))
	}
	a := annotator(f)
	f.Fuzz(func(t *testing.T, report []byte) {
		r, err := a.Annotate(report, annotate.Options{Sort: true, Hide: true})
		if err != nil {
			return
		}
		if _, err := a.Annotate(r.Report, annotate.Options{}); err != nil {
			t.Errorf("%v of %s", err, r.Report)
		}
	})
}
