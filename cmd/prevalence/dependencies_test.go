package main

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestReportDependencies: issues on top, the rarest behaviour first, and what
// is not known is said.
func TestReportDependencies(t *testing.T) {
	askable(t)
	file := writeFile(t, "requirements.txt", "Alpha==1.0\nbeta\ngamma\nnever-heard-of\n./here\n")
	e := runHere(t, "report", "-r", file, "--format", "json")
	if e.code != exitOK {
		t.Fatal(e.errs)
	}
	var r dependencyReport
	if err := json.Unmarshal([]byte(e.out), &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Projects) != 3 || r.Projects[0] != (dependency{"alpha", "2.0", "1.0", "ok"}) || strings.Join(r.Unknown, " ") != "never-heard-of" || strings.Join(r.Skipped, " ") != "./here" {
		t.Errorf("%+v, unknown %v, skipped %v", r.Projects, r.Unknown, r.Skipped)
	}
	who := make(map[string]string)
	last := 0
	for _, b := range r.Behaviors {
		who[b.Behavior] = strings.Join(b.Projects, " ")
		if b.Community.Count < last {
			t.Errorf("%s, of %d, stands after one of %d", b.Behavior, b.Community.Count, last)
		}
		last = b.Community.Count
	}
	if who["file/delete"] != "alpha beta" || who["network/http-client"] != "alpha gamma" {
		t.Errorf("%v", who)
	}
	if len(r.Issues) == 0 || r.Issues[0].Project == "" || r.Issues[0].Prevalence == "" {
		t.Errorf("issues %+v", r.Issues)
	}
	table := runHere(t, "report", "-r", file).out
	for _, want := range []string{"Issues\n", "alpha 2.0 instead of 1.0", "Not looked into yet: never-heard-of", "No project of an index: ./here"} {
		if !strings.Contains(table, want) {
			t.Errorf("no %q in\n%s", want, table)
		}
	}
	if issues, behaviors := strings.Index(table, "(anonymous-author)"), strings.Index(table, "file/delete"); issues < 0 || behaviors < issues {
		t.Errorf("issues stand on top:\n%s", table)
	}
	refused(t, runHere(t, "report", "-r", writeFile(t, "r.txt", "never-heard-of\n")), exitNoData, "none of the 1 projects")
	refused(t, runHere(t, "report", "-r", writeFile(t, "uv.lock", "a = 1\n")), exitUsage, "uv.lock")
	refused(t, runHere(t, "report", "-r", "absent.txt"), exitUsage, "absent.txt")
	refused(t, runHere(t, "report", "alpha", "-r", file), exitUsage, "takes NAME")
}
