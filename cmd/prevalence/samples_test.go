package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
)

// Samples become counts of the dataset, by which a later snapshot says what is
// Important; nothing that names one of them is stored.
func TestSamples(t *testing.T) {
	dir := t.TempDir()
	wheelhouse, data := filepath.Join(dir, "wheelhouse"), filepath.Join(dir, "data")
	output(t, prevalenceCommand(t, "demo", "--write", wheelhouse))
	up := func() {
		t.Helper()
		output(t, prevalenceCommand(t, "up", "--until-idle", "--data", data, "--index", wheelhouse, "--progress", "none", "--log-level", "error"))
	}
	up()
	var got profiled
	out := output(t, prevalenceCommand(t, "scan", "--label", "malicious", "--source", "lab", "--data", data, "--format", "json", wheelhouse))
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	if got.Source != "lab" || got.Samples < 300 || got.Clusters < 100 || got.Skipped == 0 {
		t.Errorf("%+v", got)
	}
	up()
	rows := output(t, prevalenceCommand(t, "query", "sql", "--data", data, "--format", "csv",
		"SELECT left_out, clusters FROM importance WHERE behavior = 'file/delete' AND snapshot = (SELECT max(snapshot) FROM snapshots) ORDER BY left_out"))
	if lines := strings.Split(strings.TrimSpace(rows), "\n"); len(lines) != 3 || !strings.HasPrefix(lines[2], "lab,") {
		t.Errorf("importance:\n%s", rows)
	}
	for args, want := range map[string]string{
		"--label benign": "malicious is the only one", "--source lab": "--label malicious",
		"--label malicious --data " + filepath.Join(dir, "nowhere"): "no dataset",
	} {
		refused(t, runHere(t, append(append([]string{"scan"}, strings.Fields(args)...), wheelhouse)...), map[bool]int{true: exitNoData, false: exitUsage}[strings.Contains(want, "dataset")], want)
	}
}
