package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"prevalence/aggregator"
	"prevalence/internal/engine"
	"prevalence/internal/engine/enginetest"
	"prevalence/internal/prevalence"
	"prevalence/internal/store"
	"prevalence/query"
	"prevalence/schemas/catalog"
	"prevalence/schemas/message"
	"prevalence/worker/behavior"
)

// examplesDataset publishes a snapshot with a project for each Python example of
// a rule, ranked in their order. It returns how the reader sees it.
func examplesDataset(t *testing.T, rules *catalog.Catalog) *query.Reader {
	t.Helper()
	ch := enginetest.ClickHouse(t)
	_, a := datasetIn(t, ch, rules)
	var examples []catalog.Example
	for i := range rules.Rules {
		for _, e := range slices.Concat(rules.Rules[i].Positive, rules.Rules[i].Negative) {
			if strings.HasSuffix(e.Path, ".py") || e.Path == "" {
				examples = append(examples, e)
			}
		}
	}
	scans, index := scansOf(t, examples, rules)
	ranking := &message.Ranking{Name: "all@2026-04-01#1f0c9a2b", Base: "all", Date: time.Unix(1_790_000_000, 0)}
	for _, s := range scans[:len(scans)/2] {
		ranking.Projects = append(ranking.Projects, s.Scan.Project)
	}
	index.Ranking = ranking.Name
	for _, err := range []error{a.AddStates(t.Context(), []aggregator.State{{Seq: 1, Ranking: ranking}}, 1), a.UseIndex(t.Context(), index, 1), a.Add(t.Context(), scans)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if ok, err := a.Snapshot(t.Context()); err != nil || !ok {
		t.Fatalf("snapshot: %v, %v", ok, err)
	}
	db, err := store.Open(t.Context(), store.Options{Addr: ch.Addr(), Database: engine.ViewsDatabase, Views: engine.ViewsDatabase,
		User: ch.Reader().User, Password: ch.Reader().Password})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return query.New(db, rules)
}

// A rule that is tried has the numbers that the snapshot has of it, for every
// rule of the catalogue whose facts are all stored.
func TestTryEqualsSnapshot(t *testing.T) {
	rules, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	r := examplesDataset(t, rules)
	all, err := r.Top(t.Context(), query.TopOptions{})
	if err != nil {
		t.Fatal(err)
	}
	counted := make(map[string]query.TopRow)
	for _, row := range all.Rows {
		counted[row.Behavior] = row
	}
	compared, shown := 0, 0
	for i := 0; i < len(rules.Rules); {
		// Each tenth by itself, so that nothing but its own facts is read.
		n := 1
		if i%10 == 1 {
			n = min(9, len(rules.Rules)-i)
		}
		var some []*catalog.Rule
		for range n {
			some = append(some, &rules.Rules[i])
			i++
		}
		trial, err := r.Try(t.Context(), some, 3, trialPlan)
		if err != nil {
			t.Fatalf("%s: %v", some[0].ID, err)
		}
		for j, rule := range some {
			tried := trial.Rules[j]
			if why := behavior.Unstored(rule, nil); why != "" {
				if tried.Rescan != why || tried.Community.Scanned != 0 {
					t.Errorf("%s has a number, or not its reason: %+v", rule.ID, tried)
				}
				continue
			}
			compared++
			shown += min(1, tried.Community.Count)
			if diff := cmp.Diff(counted[rule.ID], tried.TopRow); diff != "" {
				t.Errorf("%s (-snapshot +try):\n%s", rule.ID, diff)
			}
			if p := tried.Parts; len(p) == 1 && p[0].Role == "enough" && len(rule.Contexts) == 0 && p[0].Community.Count != tried.Community.Count {
				t.Errorf("%s: its only part reaches %d projects, the rule %d", rule.ID, p[0].Community.Count, tried.Community.Count)
			}
			if j == 0 {
				compareWhole(t, r, tried)
			}
		}
	}
	if compared < 250 || shown < 200 {
		t.Errorf("%d rules compared, %d of them shown by a project", compared, shown)
	}
}

// A sample that holds every project gives the numbers of the dataset itself, for
// each rule that asks for no hosts; a smaller one gives estimates whose intervals
// hold nearly all of them.
func TestFacts(t *testing.T) {
	rules, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	r := examplesDataset(t, rules)
	var all []*catalog.Rule
	for i := range rules.Rules {
		all = append(all, &rules.Rules[i])
	}
	want, err := r.Try(t.Context(), all, 3, trialPlan)
	if err != nil {
		t.Fatal(err)
	}
	sample := func(each int) *query.Trial {
		t.Helper()
		var file bytes.Buffer
		e := json.NewEncoder(&file)
		if err := r.SampleFacts(t.Context(), each, e.Encode); err != nil {
			t.Fatal(err)
		}
		got, err := query.TryFacts(&file, all, 3, trialPlan)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	got, compared := sample(1_000_000), 0
	for i, tried := range got.Rules {
		if tried.Rescan != "" {
			continue
		}
		compared++
		if diff := cmp.Diff(want.Rules[i].TopRow, tried.TopRow); diff != "" {
			t.Errorf("%s (-dataset +sample):\n%s", tried.Behavior, diff)
		}
		if diff := cmp.Diff(want.Rules[i].Contexts, tried.Contexts); diff != "" {
			t.Errorf("%s by context (-dataset +sample):\n%s", tried.Behavior, diff)
		}
	}
	if compared < 230 {
		t.Errorf("%d rules compared", compared)
	}
	within, shown := 0, 0
	for i, tried := range sample(150).Rules {
		x, whole := tried.Community, want.Rules[i].Community
		if tried.Rescan != "" || x.Share == nil || whole.Share == nil || *whole.Share == 0 {
			continue
		}
		if x.Scanned >= whole.Scanned || x.Size != whole.Size {
			t.Errorf("%s: the sample has %d of %d projects, of %d", tried.Behavior, x.Scanned, whole.Scanned, x.Size)
		}
		shown++
		if *x.Low <= *whole.Share+1e-12 && *whole.Share <= *x.High {
			within++
		}
	}
	if shown < 200 || within < shown*85/100 { // one draw, in which everything rare is present or absent
		t.Errorf("of %d shares %d are within the interval of the sample", shown, within)
	}
	if _, err := query.TryFacts(strings.NewReader("{}"), all, 3, trialPlan); !errors.Is(err, query.ErrFacts) {
		t.Errorf("of no sample: %v", err)
	}
}

// compareWhole compares contexts and examples with what the snapshot has.
func compareWhole(t *testing.T, r *query.Reader, tried query.Tried) {
	t.Helper()
	b, err := r.Behavior(t.Context(), tried.Behavior, "", 3)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(b.Contexts, tried.Contexts); diff != "" {
		t.Errorf("%s by context (-snapshot +try):\n%s", tried.Behavior, diff)
	}
	if len(b.Projects) != len(tried.Examples) {
		t.Fatalf("%s: examples %+v, want %+v", tried.Behavior, tried.Examples, b.Projects)
	}
	for i, e := range tried.Examples {
		if p := b.Projects[i]; e.Rank != p.Rank || p.Rank > 0 && e.Project != p.Project || e.Path != "pkg/m.py" || e.Version != "1.0" {
			t.Errorf("%s: example %+v, want %+v", tried.Behavior, e, p)
		}
	}
}

func TestTryRule(t *testing.T) {
	rules, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	r := examplesDataset(t, rules)
	own, err := catalog.ParseRules("mine.yaml", []byte(`category: mine
rules:
  - id: mine/both
    sentence: Deletes what it found.
    combinations:
      - scope: release
        all: [{uses: [os.remove]}, {imports: [os]}]
    examples:
      positive: ["import os; os.remove('a')", "from os import remove; import os; remove('a')"]
      negative: ["import os", "x.remove(1)"]
  - id: mine/new-text
    sentence: Says a word that nobody looked for.
    match:
      uses: [os.remove]
      literals: [quixotic-zephyr]
    examples:
      positive: ["x = 'quixotic-zephyr'", "y = 'quixotic-zephyr'"]
      negative: ["import os", "x.remove(1)"]
`))
	if err != nil {
		t.Fatal(err)
	}
	trial, err := r.Try(t.Context(), []*catalog.Rule{&own[0], &own[1]}, 2, trialPlan)
	if err != nil {
		t.Fatal(err)
	}
	both, text := trial.Rules[0], trial.Rules[1]
	if both.Community.Count == 0 || len(both.Parts) != 2 || both.Parts[0].Community.Count < both.Community.Count || both.Parts[1].Role != "all" {
		t.Errorf("both: %+v", both)
	}
	if !strings.Contains(text.Rescan, "quixotic-zephyr") || text.Community.Share != nil || len(text.Examples) > 0 {
		t.Errorf("text: %+v", text)
	}
	if p := text.Parts; len(p) != 2 || p[0].Rescan != "" || p[0].Community.Count == 0 || p[1].Rescan == "" {
		t.Errorf("parts: %+v", p)
	}
	for allowed, want := range map[string]int{"community>0.0%": exitOver, "community>100%": exitNoData} {
		most, err := parseAllowance(allowed)
		if err != nil {
			t.Fatal(err)
		}
		if got := exitCode(t.Context(), most.check(trial)); got != want {
			t.Errorf("%s: exit code %d, want %d", allowed, got, want)
		}
	}
	most := &allowance{prevalence.Community, 100, "community>100%"}
	if err := most.check(&query.Trial{Rules: trial.Rules[:1]}); err != nil {
		t.Errorf("within what is allowed: %v", err)
	}
	for _, text := range []string{"top1k", "top1k>x%", "top5>1%", "top1k>1", "top1k>-1%", "top1k>NaN%", "top1k>101%"} {
		if _, err := parseAllowance(text); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%q", text)) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if most, err := parseAllowance(""); most != nil || err != nil || most.check(trial) != nil {
		t.Errorf("no limit: %v, %v", most, err)
	}
}
