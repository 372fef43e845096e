package message_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	generate "github.com/invopop/jsonschema"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"prevalence/schemas/message"
)

var update = flag.Bool("update", false, "rewrite the schemas and golden examples")

// contracts are the message types with an example of each.
func contracts() map[string]any {
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	return map[string]any{
		"job": &message.Job{
			Schema: message.JobSchema, Project: "example-project", Serial: "31415926",
			Reason: message.ReasonNew, Sweep: at, Drawn: true,
		},
		"state": &message.State{
			Schema: message.StateSchema, Project: "example-project", State: message.StateResurrected, Serial: "31415926", At: at, Gone: at.Add(-24 * time.Hour),
		},
		"ranking": &message.Ranking{
			Schema: message.StateSchema, Name: "all@2026-11-01#1f0c9a2b", Base: "all", Date: at,
			Source: "https://rankings.example.org/top.json", Projects: []string{"example-project", "another"},
		},
		"index": &message.Index{
			Schema: message.StateSchema, Sweep: at, URL: "https://index.example.org/simple/", Serial: "31415999", Complete: true, Seed: 7,
			Ranking: "all@2026-11-01#1f0c9a2b", Projects: map[string]message.Serial{"example-project": "31415926"},
			Pending: []string{"busy"}, Removed: map[string]time.Time{"gone": at},
			States:    map[string]message.ProjectState{"example-project": message.StateArchived},
			Validator: `"5f2c"`,
		},
		"scan": exampleScan(at),
	}
}

func exampleScan(at time.Time) *message.Scan {
	return &message.Scan{
		Schema: message.ScanSchema, Project: "example-project", Version: "1.2.0", Serial: "31415926", PageLatest: true,
		Scanner: "1", Catalogue: "0123456789abcdef", JobSeq: 42, At: at, Drawn: true, Reason: message.ReasonNew,
		Outcome: message.OutcomePartial, Why: "member-too-large", Detail: "1 member of 12 was larger than 8 MiB",
		Cuts:  []message.Cut{{File: "example_project-1.2.0.tar.gz", Member: "example/data.py", Why: "member-too-large", Bytes: 9 << 20}},
		State: message.StateActive, Kinds: []string{message.KindSdist, message.KindWheelPure}, Attested: true,
		Vulnerabilities: &message.Vulnerabilities{IDs: []string{"PYSEC-2026-1"}},
		Releases:        7, First: at.Add(-1000 * time.Hour), Uploaded: at.Add(-time.Hour),
		Files: []message.File{{
			Name: "example_project-1.2.0.tar.gz", Kind: "sdist", Bytes: 20480, SHA256: strings.Repeat("ab", 32),
			Verified: true, Members: 12, MemberBytes: 10 << 20, PythonBytes: 40960,
		}},
		Metadata: message.Metadata{
			Name: "Example.Project", Version: "1.2.0", Summary: true, Description: true, License: "MIT", RequiresPython: ">=3.9",
			RequiresDist: []string{"requests>=2; extra == 'http'"}, SourceRepository: true, BuildBackend: "hatchling.build",
			Typed: true, Modules: []string{"example"},
		},
		Emails:     []message.Email{{Domain: "example.org", Class: "corporate", Key: strings.Repeat("0c", 32), KeyID: "1"}},
		EmailClass: "corporate",
		Observations: []message.Observation{{
			Behavior: "file/delete", Context: message.ContextCall, Certainty: message.Resolved, Hits: 2,
			Evidence: []message.Evidence{{Path: "example/cache.py", Line: 7, EndLine: 7, Symbol: "os.remove", Fingerprint: "9f86d081884c7d65"}},
		}},
		Symbols: []message.Symbol{{
			Name: "os.remove", Kind: message.SymbolCall, Context: message.ContextCall, Certainty: message.Resolved,
			Hits: 2, Path: "example/cache.py", Line: 7,
		}},
		Indicators: []message.Indicator{{Kind: "url", Value: "https://example.org/a", Context: message.ContextCall, Hits: 1, Path: "example/net.py", Line: 3}},
		Dropped:    map[string]int{"symbols": 3},
	}
}

// TestContracts keeps the JSON Schemas in step with the types, and shows that
// each golden example is what the types write and what the schemas accept.
func TestContracts(t *testing.T) {
	for name, example := range contracts() {
		t.Run(name, func(t *testing.T) {
			reflector := generate.Reflector{ExpandedStruct: true, AllowAdditionalProperties: true, Anonymous: true}
			schema := indent(t, reflector.Reflect(example))
			golden(t, name+".schema.json", schema)
			instance := indent(t, example)
			golden(t, filepath.Join("testdata", name+".json"), instance)
			if err := validate(t, schema, instance); err != nil {
				t.Errorf("the example does not fit the schema: %v", err)
			}
			if err := validate(t, schema, []byte(`{"schema": "one"}`)); err == nil {
				t.Error("the schema accepts nonsense")
			}
		})
	}
}

func TestScanRoundTrip(t *testing.T) {
	want := exampleScan(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))
	b, err := message.EncodeScan(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := message.DecodeScan(b)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("round trip (-want +got):\n%s", diff)
	}
}

func validate(t *testing.T, schema, instance []byte) error {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(instance))
	if err != nil {
		t.Fatal(err)
	}
	return compiled.Validate(value)
}

func indent(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(b, '\n')
}

func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; run the tests with -update and read the diff", err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}
