package api_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// operation is what the tests read of the OpenAPI document.
type operation struct {
	OperationID string `json:"operationId"`
	Parameters  []struct {
		Name     string `json:"name"`
		In       string `json:"in"`
		Required bool   `json:"required"`
		Schema   struct {
			Type any      `json:"type"`
			Enum []string `json:"enum"`
		} `json:"schema"`
	} `json:"parameters"`
	Responses map[string]struct {
		Content map[string]struct{ Schema map[string]any } `json:"content"`
	} `json:"responses"`
}

// document is the OpenAPI document.
type document struct {
	OpenAPI string                          `json:"openapi"`
	Paths   map[string]map[string]operation `json:"paths"`
	raw     []byte
}

func documentOf(t *testing.T, w *world) document {
	t.Helper()
	a := ask(t, w.server, http.MethodGet, "/api/v1/openapi.json", "")
	d := document{raw: a.body}
	if err := json.Unmarshal(a.body, &d); err != nil || a.status != http.StatusOK {
		t.Fatalf("%d, %v", a.status, err)
	}
	return d
}

// schemaOf compiles the schema of an operation's answer.
func (d document) schemaOf(t *testing.T, path, method string) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(d.raw))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("openapi.json", doc); err != nil {
		t.Fatal(err)
	}
	pointer := strings.NewReplacer("~", "~0", "/", "~1").Replace(path)
	s, err := c.Compile("openapi.json#/paths/" + url.PathEscape(pointer) + "/" + method + "/responses/200/content/" + url.PathEscape("application~1json") + "/schema")
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return s
}

// TestContract: every operation answers what the document says, and some of it
// is what is known of the dataset.
func TestContract(t *testing.T) {
	w := start(t)
	d := documentOf(t, w)
	if !strings.HasPrefix(d.OpenAPI, "3.1") {
		t.Errorf("OpenAPI %s", d.OpenAPI)
	}
	name := get[struct{ Name string }](t, w.server, "/api/v1/snapshots/newest").Name
	tests := map[string]struct {
		ask  string // path and query, or a body for POST
		want []string
	}{
		"snapshots":         {"/snapshots", []string{`"name":"` + name + `"`}},
		"snapshot":          {"/snapshots/" + name, []string{`"serial":"77"`, `"band":"community","listed":54,"size":54`}},
		"behaviors":         {"/behaviors?label=Common&sort=count", []string{`"behavior":"file/delete"`, `"total":1`}},
		"behavior":          {"/behaviors/file/delete?limit=2", []string{`"sentence":"Deletes a file."`, `"project":"project-00"`, `"count":53`, `"context":"call"`, `"attack":"T1070.004"`}},
		"behavior-projects": {"/behaviors/file/delete/projects?limit=2&context=call", []string{`"project":"project-01"`, `"next":"2.project-01"`}},
		"behavior-evidence": {"/behaviors/file/delete/evidence?limit=4", []string{`"path":"p/m.py","line":3`, `"symbol":"os.remove"`}},
		"behavior-trend":    {"/behaviors/file/delete/trend", []string{`"snapshot":"` + name + `"`, `"count":53`}},
		"behavior-updates":  {"/behaviors/file/delete/updates", []string{`"updates":0`}},
		"combination":       {"/combinations?behavior=file/delete,network/socket", []string{`"lift"`, `"behavior":"network/socket"`}},
		"projects":          {"/projects?outcome=unanalysed", []string{`"project":"project-04"`, `"why":"not-an-archive"`}},
		"project": {"/projects/Project_01", []string{`"project":"project-01"`, `"state":"resurrected"`, `"vulnerabilities":null`, `{"project":"project-00","requirement":"project-00>=1"}`,
			`"requirement":"away @ …"`, `"id":"removed-components"`, `"domain":"proton.me"`, `"path":"p/m.py","line":3`}},
		"project-new":   {"/projects/project-01/new", []string{`"before":""`}},
		"project-users": {"/projects/project-00/users?limit=3", []string{`"use":"declared"`, `"project":"project-01"`}},
		"module":        {"/modules/m01", []string{`"project":"project-01"`}},
		"gone":          {"/gone/removed", []string{`DROP TABLE`}},
		"symbol":        {"/symbols?name=os.remove&limit=2", []string{`"name":"os.remove","kind":"call"`, `"count":53`, `"path":"p/m.py","line":3`}},
		"indicator":     {"/indicators?value=cdn.example.net", []string{`"kind":"domain"`, `"projects":53`}},
		"email":         {"/email", []string{`"id":"privacy"`}},
		"email-class":   {"/email/privacy?limit=1", []string{`"domain":"proton.me","projects":`, `"project":"project-00"`}},
		"domain":        {"/domains/cdn.example.net", []string{`"authors":null`, `"count":53`}},
		"facets":        {"/facets?kind=license,issue", []string{`"kind":"license"`, `"id":"anonymous-author"`}},
		"diff":          {"/diff?from=" + name + "&to=" + name, []string{`"rows":[]`}},
		"status":        {"/status", []string{`"storage":[{`, `"backlog":null`}},
		"rules":         {"/rules?category=network", []string{`"id":"network/socket"`}},
		"rule":          {"/rules/file/delete", []string{`"yaml":"id: file/delete\n"`, `"attack_url":"https://attack.mitre.org/`}},
		"issues":        {"/issues", []string{`"title":"Anonymous author"`}},
		"views":         {"/views", []string{`"view":"projects"`}},
		"sql":           {`{"statement": "SELECT count() AS n FROM projects WHERE listed;", "limit": 5}`, []string{`"columns":["n"]`, `"rows":[[60]]`}},
		"changes":       {"/changes", []string{`"kind":"removed"`, `"project":"project-01"`, `"more":false`}},
		"sets":          {"/sets", []string{`"name":"population"`, `"jsonl"`}},
	}
	for path, methods := range d.Paths {
		for method, op := range methods {
			if _, isJSON := op.Responses["200"].Content["application/json"]; !isJSON {
				continue // the feed and the sets have tests of their own
			}
			tt, ok := tests[op.OperationID]
			if !ok {
				t.Errorf("%s has no test", op.OperationID)
				continue
			}
			t.Run(op.OperationID, func(t *testing.T) {
				address, body := "/api/v1"+tt.ask, ""
				if method == "post" {
					address, body = path, tt.ask
				}
				a := ask(t, w.server, strings.ToUpper(method), address, body)
				if a.status != http.StatusOK {
					t.Fatalf("%d %s", a.status, a.body)
				}
				value, err := jsonschema.UnmarshalJSON(bytes.NewReader(a.body))
				if err != nil {
					t.Fatal(err)
				}
				if err := d.schemaOf(t, path, method).Validate(value); err != nil {
					t.Errorf("the answer is not what the document says: %v", err)
				}
				for _, part := range tt.want {
					if !strings.Contains(string(a.body), part) {
						t.Errorf("no %s in\n%.1500s", part, a.body)
					}
				}
			})
		}
	}
}

// TestProblems: what cannot be answered is a problem with the right status.
func TestProblems(t *testing.T) {
	w := start(t)
	for path, want := range map[string]struct {
		status int
		says   string
	}{
		"/behaviors/file/absent":                   {404, `behaviour \"file/absent\": not found`},
		"/behaviors/file/absent/projects":          {404, "not found"},
		"/projects/absent":                         {404, "not found"},
		"/snapshots/absent":                        {404, "No prevalence information at this time."},
		"/behaviors?snapshot=absent":               {404, "No prevalence information at this time."},
		"/diff?from=absent&to=absent":              {404, "there is no snapshot"},
		"/behaviors/file/delete/projects?after=x":  {400, "no such cursor"},
		"/changes?since=x":                         {400, "no such cursor"},
		"/gone/removed?after=x":                    {400, "no such cursor"},
		"/symbols?name=**":                         {400, "the pattern stands for everything"},
		"/symbols":                                 {422, "required query parameter is missing"},
		"/combinations?behavior=file/delete":       {422, "expected array length >= 2"},
		"/behaviors?sort=size":                     {422, "expected value to be one of"},
		"/behaviors?limit=1001":                    {422, "expected number <= 1000"},
		"/behaviors?lmit=1":                        {422, "unknown query parameter"},
		"/nothing":                                 {404, "there is nothing here"},
		"/sets/absent":                             {422, "expected value to be one of"},
		"/sets/projects?snapshot=absent":           {404, "No prevalence information at this time."},
		"/behaviors/file/delete/trend?snapshots=0": {422, "expected number >= 1"},
	} {
		a := ask(t, w.server, http.MethodGet, "/api/v1"+path, "")
		if a.status != want.status || a.header.Get("Content-Type") != "application/problem+json" || !strings.Contains(string(a.body), want.says) {
			t.Errorf("%s: %d %s %s", path, a.status, a.header.Get("Content-Type"), a.body)
		}
	}
	for statement, want := range map[string]struct {
		status int
		says   string
	}{
		`{"statement": "SELECT"}`:                                      {400, "the database refused"},
		`{"statement": "SELECT * FROM prevalence.emails"}`:             {400, "the database refused"},
		`{"statement": "DROP VIEW projects"}`:                          {400, "the database refused"},
		`{"statement": "SELECT * FROM url('http://127.0.0.1/', CSV)"}`: {400, "the database refused"},
		`{"statement": "SELECT 1", "limit": 0}`:                        {422, "expected number >= 1"},
		`{`:                                                            {400, "unexpected end of JSON input"},
	} {
		if a := ask(t, w.server, http.MethodPost, "/api/v1/sql", statement); a.status != want.status || !strings.Contains(string(a.body), want.says) {
			t.Errorf("%s: %d %s", statement, a.status, a.body)
		}
	}
}
