package main

import (
	"encoding/csv"
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// checkFormats asks a running data folder everything in every format.
func checkFormats(t *testing.T, data, folder string) {
	t.Helper()
	project := strings.Split(runHere(t, "query", "projects", "--data", data, "--format", "csv").out, "\n")[1]
	project, _, _ = strings.Cut(project, ",")
	for _, args := range [][]string{
		{"query", "top", "--context", "import"}, {"query", "behavior", "file/delete"}, {"query", "projects"},
		{"report", project}, {"status", "--storage"}, {"migrate"}, {"engine", "path"},
		{"crawl", "--index", folder, "--limit", "1", "--progress", "none", "--log-level", "error", "--force"},
		{"config"}, {"scan", "testdata/example.py"},
	} {
		name := strings.Join(args, " ")
		if !slices.Contains([]string{"config", "scan", "engine"}, args[0]) {
			args = append(args, "--data", data)
		}
		table := runHere(t, append(args, "--format", "table")...)
		if table.code != exitOK || strings.TrimSpace(table.out) == "" {
			t.Errorf("%s: code %d, %q, %s", name, table.code, table.out, table.errs)
		}
		asJSON := runHere(t, append(args, "--format", "json")...)
		var v any
		if err := json.Unmarshal([]byte(asJSON.out), &v); err != nil {
			t.Errorf("%s: no JSON: %v\n%s", name, err, asJSON.out)
		}
		asCSV := runHere(t, append(args, "--format", "csv")...)
		rows, err := csv.NewReader(strings.NewReader(asCSV.out)).ReadAll()
		if err != nil || len(rows) < 2 {
			t.Errorf("%s: no CSV: %d rows, %v\n%s", name, len(rows), err, asCSV.out)
		}
	}
	refused(t, runHere(t, "report", "no-such-project", "--data", data), exitNoData, "no-such-project")
	refused(t, runHere(t, "query", "behavior", "no/such", "--data", data), exitNoData, "no/such")
	refused(t, runHere(t, "query", "top", "--snapshot", "none", "--data", data), exitNoData, "none")
}
