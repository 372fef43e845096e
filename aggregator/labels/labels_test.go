package labels

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func file(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }

func TestOSV(t *testing.T) {
	fsys := fstest.MapFS{
		"osv/a/MAL-2026-1.json": file(`{"id":"MAL-2026-1","published":"2026-01-02T03:04:05Z","affected":[
			{"package":{"ecosystem":"PyPI","name":"Ex_Ample"},"versions":["1.0","1.1"]},
			{"package":{"ecosystem":"npm","name":"x"},"versions":["1.0"]}]}`),
		"osv/b/MAL-2026-2.json": file(`{"id":"MAL-2026-2","withdrawn":"2026-02-01T00:00:00Z","affected":[
			{"package":{"ecosystem":"PyPI","name":"other"},"versions":["1.0"],"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"}]}]},
			{"package":{"ecosystem":"PyPI","name":"fixed"},"versions":["2.0"],"ranges":[{"events":[{"introduced":"0"},{"fixed":"3"}]}]}]}`),
		"osv/c/MAL-2026-3.json":   file(`{"id":`),
		"osv/d/PYSEC-2026-3.json": file(`{"id":"PYSEC-2026-3","affected":[{"package":{"ecosystem":"PyPI","name":"no"}}]}`),
		"osv/e/MAL-2026-4.json":   file(`{"id":"MAL-2026-4","affected":[{"package":{"ecosystem":"PyPI","name":"../evil"}}]}`),
	}
	got, err := OSV(fsys, "osv")
	if err != nil {
		t.Fatal(err)
	}
	published, withdrawn := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)
	want := Read{
		Labels: []Label{
			{Source: "osv", Project: "ex-ample", Version: "1.0", ID: "MAL-2026-1", Class: Malware, Published: published},
			{Source: "osv", Project: "ex-ample", Version: "1.1", ID: "MAL-2026-1", Class: Malware, Published: published},
			{Source: "osv", Project: "other", ID: "MAL-2026-2", Class: Malware, Withdrawn: withdrawn},
			{Source: "osv", Project: "fixed", Version: "2.0", ID: "MAL-2026-2", Class: Malware, Withdrawn: withdrawn},
		},
		Skipped: map[string]int{"malformed": 2, "of another ecosystem": 1},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, err := OSV(fstest.MapFS{"x.json": file("{}")}, "osv"); err == nil || !strings.Contains(err.Error(), "MAL-") {
		t.Errorf("no records: %v", err)
	}
}

func TestCampaigns(t *testing.T) {
	got, err := Campaigns(fstest.MapFS{
		"one.json": file(`{"name":"a campaign","ecosystem":"pypi","category":"malicious","packages":["A.b",{"name":"c","versions":["1","2"]},"-"]}`),
		"many.json": file(`[{"name":"tests","ecosystem":"pypi","category":"probably_pentest","packages":["d"]},
			{"name":"ads","ecosystem":"pypi","category":"spam","packages":["e"]}, {"name":"js","ecosystem":"npm","category":"malicious","packages":["f"]}]`),
		"odd.json": file(`"text"`),
		"notes.md": file(`no JSON`),
	}, "campaigns")
	if err != nil {
		t.Fatal(err)
	}
	want := Read{
		Labels: []Label{
			{Source: "campaigns", Project: "d", ID: "tests", Class: ProofOfConcept, Campaign: "tests"},
			{Source: "campaigns", Project: "a-b", ID: "a campaign", Class: Malware, Campaign: "a campaign"},
			{Source: "campaigns", Project: "c", Version: "1", ID: "a campaign", Class: Malware, Campaign: "a campaign"},
			{Source: "campaigns", Project: "c", Version: "2", ID: "a campaign", Class: Malware, Campaign: "a campaign"},
		},
		Skipped: map[string]int{"malformed": 2, "of category spam": 1, "of another ecosystem": 1},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestList(t *testing.T) {
	got, err := List(strings.NewReader("# ours\nFoo_bar  # everything\n\nbaz == 1.0\n?\n"), "ours", Canary)
	if err != nil {
		t.Fatal(err)
	}
	want := Read{
		Labels: []Label{
			{Source: "ours", Project: "foo-bar", ID: "ours", Class: Canary},
			{Source: "ours", Project: "baz", Version: "1.0", ID: "ours", Class: Canary},
		},
		Skipped: map[string]int{"malformed": 1},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
