package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"prevalence/internal/prevalence"
	"prevalence/query"
	"prevalence/query/dataset"
)

// smallReference writes a reference.json in which deleting files is common,
// reading the keyboard rare and important, and sending mail unseen.
func smallReference(t *testing.T) string {
	t.Helper()
	ref := dataset.Reference{Schema: 1, Snapshot: "small", Taken: time.Date(2026, 11, 24, 10, 15, 0, 0, time.UTC), License: "CC-BY-4.0"}
	add := func(id string, label prevalence.Label, share float64, lift *dataset.Lift) {
		b := dataset.Behavior{ID: id, Label: label, Bands: map[string]query.Number{}, Lift: lift}
		for _, band := range prevalence.Bands() {
			b.Bands[band.String()] = query.Number{Band: band.String(), Count: int(share * 10_000), Scanned: 10_000, Size: 10_000, SizeExact: true, Share: &share, Low: &share, High: &share}
		}
		ref.Behaviors = append(ref.Behaviors, b)
	}
	add("file/delete", prevalence.Common, 0.2, nil)
	add("execution/process-spawn", prevalence.Common, 0.3, nil)
	add("monitor/keyboard", prevalence.Rare, 0.0005, &dataset.Lift{Ratio: 50, Low: 20, High: 100, Clusters: 40, Shown: 9, Important: true})
	add("network/smtp-send", prevalence.Unseen, 0, nil)
	data, err := json.Marshal(ref)
	if err != nil {
		t.Fatal(err)
	}
	return writeFile(t, "reference.json", string(data))
}

func TestAnnotateCommand(t *testing.T) {
	ownHome(t)
	ref := smallReference(t)
	report := "../../query/annotate/testdata/bandit.sarif"
	e := runHere(t, "annotate", report, "--reference", ref, "--hide", "common", "--sort", "rarity")
	if e.code != exitOK || !strings.Contains(e.out, `"snapshot": "small"`) || strings.Contains(e.out, `"ruleId": "B404"`) || !strings.Contains(e.out, `"ruleId": "B602"`) {
		t.Errorf("%d %s %s", e.code, e.errs, e.out)
	}
	e = runHere(t, "annotate", report, "--reference", ref, "--summary", "--format", "csv")
	if !strings.HasPrefix(e.out, "tool,rule,findings,hidden,label,behavior,fit,top100,top1k,top10k,community,lift\n") || !strings.Contains(e.out, "\nbandit,B404,1,0,Common,execution/process-spawn,more,3000,3000,3000,3000,\n") {
		t.Errorf("%s %s", e.out, e.errs)
	}
	mapping := writeFile(t, "house.yaml", "tool: bandit\nrules: [{rule: B602, fit: same, behaviors: [monitor/keyboard]}]\n")
	if e = runHere(t, "annotate", report, "--reference", ref, "--summary", "--mapping", mapping); !strings.Contains(e.out, "50.0") {
		t.Errorf("%s %s", e.out, e.errs)
	}
	for _, c := range []struct {
		args  []string
		words []string
	}{
		{[]string{report}, []string{"--reference", "prevalence export"}},
		{[]string{report, "--reference", "absent.json"}, []string{"absent.json"}},
		{[]string{report, "--reference", report}, []string{"no reference.json"}},
		{[]string{"absent.sarif", "--reference", ref}, []string{"absent.sarif cannot be read"}},
		{[]string{ref, "--reference", ref}, []string{"neither SARIF 2.1.0 nor"}},
		{[]string{report, "--reference", ref, "--hide", "rare"}, []string{"only common"}},
		{[]string{report, "--reference", ref, "--sort", "name"}, []string{"by rarity"}},
		{[]string{report, "--reference", ref, "--mapping", ref}, []string{"mapping"}},
		{[]string{report, "--reference", ref, "--indicators"}, []string{"no lists of common hosts"}},
	} {
		refused(t, runHere(t, append([]string{"annotate"}, c.args...)...), exitUsage, c.words...)
	}
}

// TestScanCheck: a release against a reference, a baseline, and the one before.
func TestScanCheck(t *testing.T) {
	ownHome(t)
	ref, dir := smallReference(t), t.TempDir()
	old, now := filepath.Join(dir, "demo-1.0.tar.gz"), filepath.Join(dir, "demo-1.1.tar.gz")
	first := member{"demo/a.py", "import os\n\ndef f(p):\n    os.remove(p)\n"}
	sdist(t, old, member{"PKG-INFO", metadata}, first)
	sdist(t, now, member{"PKG-INFO", strings.Replace(metadata, "1.0", "1.1", 1)}, member{"demo/a.py", "import os\n\n\ndef f(q):\n    os.remove(q)\n\ndef g(q):\n    os.remove(q)\n"},
		member{"demo/k.py", "from pynput import keyboard\n\ndef h(f):\n    keyboard.Listener(on_press=f).start()\n"},
		member{"tests/test_k.py", "import smtplib\n\ndef h(m):\n    smtplib.SMTP('localhost').sendmail('a', 'b', m)\n"})
	scan := func(args ...string) ended { return runHere(t, append([]string{"scan"}, args...)...) }

	for _, c := range []struct {
		args []string
		code int
		word string
	}{
		{[]string{now, "--reference", ref}, exitOK, ""},
		{[]string{now, "--reference", ref, "--fail-on", "rare"}, exitPolicy, "monitor/keyboard at demo-1.1/demo/k.py:4"},
		{[]string{now, "--reference", ref, "--fail-on", "important"}, exitPolicy, "monitor/keyboard"},
		{[]string{old, "--reference", ref, "--fail-on", "rare,important,unseen"}, exitOK, ""},
		{[]string{now, "--reference", ref, "--fail-on", "unseen"}, exitOK, ""}, // it stands in a test
		{[]string{now, "--reference", ref, "--fail-on", "common", "--since", old}, exitPolicy, "1 hit is not allowed"},
		{[]string{now, "--fail-on", "new", "--since", old}, exitPolicy, "hits are not allowed"},
		{[]string{old, "--fail-on", "new", "--since", old}, exitOK, ""},
	} {
		if e := scan(c.args...); e.code != c.code || !strings.Contains(e.errs, c.word) {
			t.Errorf("%v: exit code %d, %s", c.args, e.code, e.errs)
		}
	}

	table := scan(now, "--reference", ref, "--since", old).out
	if k, d := strings.Index(table, "monitor/keyboard"), strings.Index(table, "file/delete"); k < 0 || d < k || !strings.Contains(table, "Important") || !strings.Contains(table, "2000 of 10000") {
		t.Errorf("the rarest first, with counts:\n%s", table)
	}

	// A baseline is what scan prints, in either format.
	for _, format := range []string{"sarif", "json"} {
		known := writeFile(t, "known", scan(now, "--format", format, "--evidence", "all").out)
		if e := scan(now, "--fail-on", "new", "--baseline", known); e.code != exitOK {
			t.Errorf("baseline as %s: %s", format, e.errs)
		}
		if e := scan(now, "--fail-on", "new", "--baseline", writeFile(t, "none", "")); e.code != exitPolicy {
			t.Errorf("an empty baseline: %d", e.code)
		}
	}

	for _, c := range []struct {
		args  []string
		words []string
	}{
		{[]string{now, "--fail-on", "often"}, []string{`fail-on "often"`, "important"}},
		{[]string{now, "--fail-on", "rare"}, []string{"--reference"}},
		{[]string{now, "--fail-on", "new"}, []string{"--since"}},
		{[]string{now, "--baseline", "absent"}, []string{"absent"}},
		{[]string{now, "--baseline", writeFile(t, "b", "who knows\n")}, []string{":1 is no fingerprint"}},
		{[]string{now, "--since", "absent"}, []string{"absent"}},
		{[]string{now, "--reference", old}, []string{"no reference.json"}},
	} {
		refused(t, scan(c.args...), exitUsage, c.words...)
	}
	refused(t, runHere(t, "config", "--format", "sarif"), exitUsage, "is for scan")
	refused(t, runHere(t, "annotate", "x", "--format", "sarif"), exitUsage, "is for scan")
}

// TestScanSARIF: what a code host gets is valid, and what breaks the policy is
// an error.
func TestScanSARIF(t *testing.T) {
	ownHome(t)
	dir := t.TempDir()
	folder(t, dir, member{"demo/k k.py", "import os\nfrom pynput import keyboard\n\ndef h(f):\n    keyboard.Listener(on_press=f).start()\n    os.remove(f)\n"})
	e := runHere(t, "scan", dir, "--reference", smallReference(t), "--fail-on", "important", "--format", "sarif", "--baseline", writeFile(t, "b", "0011223344556677\n"))
	if e.code != exitPolicy {
		t.Fatalf("%d %s", e.code, e.errs)
	}
	validSARIF(t, e.out)
	var log sarifLog
	if err := json.Unmarshal([]byte(e.out), &log); err != nil {
		t.Fatal(err)
	}
	first := log.Runs[0].Results[0]
	if first.RuleID != "monitor/keyboard" || first.Level != "error" || first.BaselineState != "new" || len(first.PartialFingerprints[sarifFingerprint]) != 16 ||
		first.Locations[0].PhysicalLocation.ArtifactLocation.URI != "demo/k%20k.py" || first.Locations[0].PhysicalLocation.Region.StartLine != 5 || first.Rank == nil {
		t.Errorf("%+v", first)
	}
	if last := log.Runs[0].Results[len(log.Runs[0].Results)-1]; last.Level != "note" {
		t.Errorf("%+v", last)
	}
}
