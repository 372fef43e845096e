package api_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	"golang.org/x/net/html"

	"prevalence/aggregator"
	"prevalence/query"
	"prevalence/query/api"
	"prevalence/schemas/message"
)

// TestETag: an answer is kept until another snapshot is published, and not
// asked for again meanwhile.
func TestETag(t *testing.T) {
	w := start(t)
	const path = "/api/v1/behaviors/file/delete"
	first := ask(t, w.server, http.MethodGet, path, "")
	tag := first.header.Get("ETag")
	if tag == "" || first.header.Get("Cache-Control") != "no-cache" {
		t.Fatalf("headers %v", first.header)
	}
	for _, known := range []string{tag, strings.TrimPrefix(tag, "W/"), `"other", ` + tag} {
		if a := ask(t, w.server, http.MethodGet, path, "", "If-None-Match", known); a.status != http.StatusNotModified || len(a.body) > 0 || a.header.Get("ETag") != tag {
			t.Errorf("%s: %d %s", known, a.status, a.body)
		}
	}
	if a := ask(t, w.server, http.MethodGet, "/api/v1/sets/projects", "", "If-None-Match", tag); a.status != http.StatusNotModified {
		t.Errorf("a set: %d", a.status)
	}
	for _, live := range []string{"/api/v1/status", "/api/v1/changes"} {
		if a := ask(t, w.server, http.MethodGet, live, "", "If-None-Match", tag); a.status != http.StatusOK || a.header.Get("ETag") != "" {
			t.Errorf("%s: %d, ETag %q", live, a.status, a.header.Get("ETag"))
		}
	}
	second(t, w)
	a := ask(t, w.server, http.MethodGet, path, "", "If-None-Match", tag)
	if a.status != http.StatusOK || a.header.Get("ETag") == tag {
		t.Errorf("after another snapshot: %d, ETag %q", a.status, a.header.Get("ETag"))
	}
}

// second publishes a second snapshot: one project is quarantined, and many new
// ones make file/rename, shown by one of them, rare.
func second(t *testing.T, w *world) {
	t.Helper()
	var scans []aggregator.Scan
	for i := projects; i < 1500; i++ {
		s := scanOf(i)
		s.Observations, s.Indicators, s.Symbols = nil, nil, nil
		if i == projects {
			s.Observations = []message.Observation{{Behavior: "file/rename", Context: message.ContextImport, Certainty: message.Resolved, Hits: 1}}
		}
		scans = append(scans, aggregator.Scan{Seq: uint64(i + 1), Scan: s})
		w.index.Projects[s.Project] = "1"
	}
	s := scanOf(5)
	s.State, s.JobSeq = message.StateQuarantined, 5000
	scans = append(scans, aggregator.Scan{Seq: 5000, Scan: s})
	s = scanOf(4) // could not be analysed: until it can, labels are open
	s.Outcome, s.Why, s.JobSeq = message.OutcomeOK, "", 5001
	scans = append(scans, aggregator.Scan{Seq: 5001, Scan: s})
	if err := w.a.UseIndex(t.Context(), w.index, 2); err != nil {
		t.Fatal(err)
	}
	if err := w.a.Add(t.Context(), scans); err != nil {
		t.Fatal(err)
	}
	w.publish(t)
}

// TestPaging: the pages of a list, of any size, are the list.
func TestPaging(t *testing.T) {
	w := start(t)
	type page struct {
		Rows     []struct{ Behavior string }
		Projects []struct{ Project string }
		Next     string
	}
	for _, list := range []struct {
		path string
		want int
	}{
		{"/behaviors?", 4}, {"/projects?", projects}, {"/behaviors/file/delete/projects?", projects - 1},
		{"/behaviors/file/delete/evidence?", projects - 1}, {"/gone/removed?", 1}, {"/gone/resurrected?", 1},
	} {
		whole := get[page](t, w.server, "/api/v1"+list.path+"limit=1000")
		if n := len(whole.Rows) + len(whole.Projects); whole.Next != "" || n < list.want-6 || n > list.want {
			t.Errorf("%s: %d rows, next %q", list.path, n, whole.Next)
		}
		for _, limit := range []int{1, 7} {
			var got page
			for after := ""; ; {
				p := get[page](t, w.server, fmt.Sprintf("/api/v1%slimit=%d&after=%s", list.path, limit, url.QueryEscape(after)))
				got.Rows, got.Projects = append(got.Rows, p.Rows...), append(got.Projects, p.Projects...)
				if after = p.Next; after == "" {
					break
				}
			}
			if diff := cmp.Diff(whole, got); diff != "" {
				t.Errorf("%s by %d: %s", list.path, limit, diff)
			}
		}
	}
}

// TestSymbolTwoWays: a name, whose rows are added up here, and a pattern that
// stands for the same name, which the database adds up, have one answer.
func TestSymbolTwoWays(t *testing.T) {
	w := start(t)
	for name, pattern := range map[string]string{"os.remove": "os.remov*e", "os": "*os", "os.call7": "*os.call7", "nobody.has": "nobody.*has", hostile: "*" + hostile} {
		one := get[query.Symbols](t, w.server, "/api/v1/symbols?limit=7&name="+url.QueryEscape(name))
		other := get[query.Symbols](t, w.server, "/api/v1/symbols?limit=7&name="+url.QueryEscape(pattern))
		other.Pattern = name
		if diff := cmp.Diff(other, one, cmpopts.IgnoreUnexported(query.Snapshot{})); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestChanges: the feed, in parts and as a whole, before and after a snapshot.
func TestChanges(t *testing.T) {
	w := start(t)
	var all []string
	cursor := ""
	read := func(limit int) {
		for more := true; more; {
			c := get[query.Changes](t, w.server, fmt.Sprintf("/api/v1/changes?limit=%d&since=%s", limit, url.QueryEscape(cursor)))
			for _, e := range c.Events {
				all = append(all, e.Kind+" "+e.Project+e.Behavior+" "+e.Before)
			}
			cursor, more = c.Next, c.More
		}
	}
	read(1)
	want := []string{"removed project-01 ", "removed " + hostile + " ", "resurrected project-01 "}
	if diff := cmp.Diff(want, all); diff != "" {
		t.Error(diff)
	}
	if read(1); len(all) != 3 {
		t.Errorf("read again: %v", all[3:])
	}
	time.Sleep(time.Second) // names of snapshots count seconds
	second(t, w)
	read(100)
	want = []string{"important file/delete ", "quarantined project-05 ", "rare file/rename Unseen"}
	if diff := cmp.Diff(want, all[3:]); diff != "" {
		t.Error(diff)
	}
	a := ask(t, w.server, http.MethodGet, "/api/v1/changes.atom", "")
	var feed struct {
		Entry []struct {
			ID    string `xml:"id"`
			Title string `xml:"title"`
		} `xml:"entry"`
	}
	if err := xml.Unmarshal(a.body, &feed); err != nil || !strings.HasPrefix(a.header.Get("Content-Type"), "application/atom+xml") {
		t.Fatalf("%v, %s", err, a.header.Get("Content-Type"))
	}
	var titles []string
	for _, e := range feed.Entry {
		titles = append(titles, e.Title)
	}
	slices.Sort(titles)
	wantTitles := []string{hostile + " was removed", "file/delete became Important", "file/rename became Rare, and was Unseen", "project-01 was removed", "project-01 was resurrected", "project-05 was quarantined"}
	slices.Sort(wantTitles)
	if diff := cmp.Diff(wantTitles, titles); diff != "" {
		t.Error(diff)
	}
}

// TestSets: a set has the same rows in every format.
func TestSets(t *testing.T) {
	w := start(t)
	for _, set := range []string{"prevalence", "projects", "behaviors", "population", "symbols"} {
		lines := ask(t, w.server, http.MethodGet, "/api/v1/sets/"+set, "")
		if lines.status != http.StatusOK || lines.header.Get("Content-Type") != "application/jsonl" || lines.header.Get("ETag") == "" ||
			!strings.HasPrefix(lines.header.Get("Content-Disposition"), `attachment; filename="`+set+"-") {
			t.Fatalf("%s: %d %v", set, lines.status, lines.header)
		}
		rows := bytes.Count(lines.body, []byte("\n"))
		var one map[string]any
		if err := json.Unmarshal(lines.body[:bytes.IndexByte(lines.body, '\n')], &one); err != nil || rows == 0 {
			t.Errorf("%s: %d rows, %v", set, rows, err)
		}
		table := ask(t, w.server, http.MethodGet, "/api/v1/sets/"+set+"?format=csv", "")
		records, err := csv.NewReader(bytes.NewReader(table.body)).ReadAll()
		if err != nil || len(records) != rows+1 {
			t.Errorf("%s: %d rows of CSV, want %d, %v", set, len(records)-1, rows, err)
		}
		columns := ask(t, w.server, http.MethodGet, "/api/v1/sets/"+set+"?format=parquet", "")
		file, err := parquet.OpenFile(bytes.NewReader(columns.body), int64(len(columns.body)))
		if err != nil || file.NumRows() != int64(rows) {
			t.Errorf("%s: %v of Parquet, want %d, %v", set, file, rows, err)
		}
	}
}

// TestCompression: zstd and gzip for whoever takes them, plain for others.
func TestCompression(t *testing.T) {
	w := start(t)
	read := func(accept string) (encoding string, text string) {
		a := ask(t, w.server, http.MethodGet, "/api/v1/openapi.json", "", "Accept-Encoding", accept)
		var body io.Reader = bytes.NewReader(a.body)
		var err error
		switch encoding = a.header.Get("Content-Encoding"); encoding {
		case "gzip":
			body, err = gzip.NewReader(body)
		case "zstd":
			body, err = zstd.NewReader(body, zstd.WithDecoderConcurrency(1))
		}
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(body)
		if err != nil {
			t.Fatal(err)
		}
		return encoding, string(b)
	}
	_, plain := read("identity")
	for accept, want := range map[string]string{"identity": "", "gzip": "gzip", "zstd, gzip": "zstd", "br": ""} {
		if encoding, text := read(accept); encoding != want || text != plain || !strings.Contains(text, "combinations") {
			t.Errorf("%s: encoded %q, %d characters", accept, encoding, len(text))
		}
	}
}

// TestTokens: with tokens, everything but the two signs of life needs one.
func TestTokens(t *testing.T) {
	w := start(t)
	s := w.serve(t, query.PoolOptions{}, func(o *api.Options) { o.Tokens = []string{"a-token-of-length", "another-token-also"} })
	for _, path := range []string{"/healthz", "/readyz"} {
		if a := ask(t, s, http.MethodGet, path, ""); a.status != http.StatusOK {
			t.Errorf("%s: %d", path, a.status)
		}
	}
	for _, path := range []string{"/api/v1/behaviors", "/api/v1/openapi.json", "/docs", "/metrics", "/api/v1/sets/projects", "/nowhere"} {
		for header, status := range map[string]int{"": 401, "Bearer": 401, "Bearer a-token-of-lengt": 401, "Bearer a-token-of-length": 200, "Bearer another-token-also": 200,
			"Basic eDphLXRva2VuLW9mLWxlbmd0aA==": 200, "Basic eDp3cm9uZw==": 401} {
			if path == "/nowhere" && status == 200 {
				status = 404
			}
			a := ask(t, s, http.MethodGet, path, "", "Authorization", header)
			if a.status != status || status == 401 && len(a.header.Values("Www-Authenticate")) == 0 {
				t.Errorf("%s with %q: %d, want %d", path, header, a.status, status)
			}
		}
	}
}

// TestRate: a client that asks too fast is told to wait, and another is not.
func TestRate(t *testing.T) {
	w := start(t)
	s := w.serve(t, query.PoolOptions{}, func(o *api.Options) { o.Rate, o.BehindProxy = 2, true })
	var statuses []int
	for range 6 {
		a := ask(t, s, http.MethodGet, "/api/v1/issues", "", "X-Forwarded-For", "198.51.100.9, 203.0.113.7")
		if statuses = append(statuses, a.status); a.status == http.StatusTooManyRequests && a.header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
	}
	if !slices.Equal(statuses[:4], []int{200, 200, 200, 200}) || statuses[5] != http.StatusTooManyRequests {
		t.Errorf("statuses %v", statuses)
	}
	if a := ask(t, s, http.MethodGet, "/api/v1/issues", "", "X-Forwarded-For", "203.0.113.8"); a.status != http.StatusOK {
		t.Errorf("another client: %d", a.status)
	}
	if a := ask(t, s, http.MethodGet, "/healthz", "", "X-Forwarded-For", "203.0.113.7"); a.status != http.StatusOK {
		t.Errorf("a sign of life: %d", a.status)
	}
}

// endless is a statement that no limit but time stops.
const endless = `{"statement": "SELECT sum(cityHash64(a.id, b.id, c.id, d.id, e.project)) FROM prevalence AS a, prevalence AS b, prevalence AS c, prevalence AS d, projects AS e"}`

// TestSlowQueries: questions that take too long are given up, those that find
// no place are refused, and quick ones go on as if nothing were.
func TestSlowQueries(t *testing.T) {
	w := start(t)
	s := w.serve(t, query.PoolOptions{Slow: 2, Wait: 300 * time.Millisecond, SlowTime: 3 * time.Second}, nil)
	var given, busy int
	var mu sync.Mutex
	var wait sync.WaitGroup
	began := time.Now()
	for range 6 {
		wait.Go(func() {
			a := ask(t, s, http.MethodPost, "/api/v1/sql", endless)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "":
				t.Errorf("%d %s", a.status, a.body)
			case strings.Contains(string(a.body), "too many questions"):
				busy++
			case strings.Contains(string(a.body), "took too long"):
				given++
			}
		})
	}
	time.Sleep(100 * time.Millisecond)
	for i := range 40 {
		asked := time.Now()
		if a := ask(t, s, http.MethodGet, fmt.Sprintf("/api/v1/projects/project-%02d", i), ""); a.status != http.StatusOK {
			t.Errorf("meanwhile: %d %s", a.status, a.body)
		}
		if took := time.Since(asked); took > 2*time.Second {
			t.Errorf("meanwhile a quick question took %v", took)
		}
	}
	wait.Wait()
	if given != 2 || busy != 4 {
		t.Errorf("%d were given up, %d found no place; want 2 and 4", given, busy)
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("the slow ones took %v", took)
	}
	// The places are free again, and the server has stopped what was given up.
	if a := ask(t, s, http.MethodGet, "/api/v1/symbols?name=os.*", ""); a.status != http.StatusOK {
		t.Errorf("afterwards: %d %s", a.status, a.body)
	}
	m := ask(t, s, http.MethodGet, "/metrics", "")
	for _, line := range []string{`prevalence_questions_given_up_total{why="busy"} 4`, `prevalence_questions_given_up_total{why="slow"} 2`,
		`prevalence_http_requests_total{code="200",route="/api/v1/projects/{project}"} 40`, `prevalence_questions{cost="slow"} 0`} {
		if !strings.Contains(string(m.body), line+"\n") {
			t.Errorf("no %s in the metrics", line)
		}
	}
	for line := range strings.Lines(string(m.body)) {
		if strings.Contains(line, "project-0") {
			t.Errorf("a name is in the metrics: %s", line)
		}
	}
}

// TestBrokenOff: a set that cannot be ended is not taken for whole.
func TestBrokenOff(t *testing.T) {
	w := start(t)
	s := w.serve(t, query.PoolOptions{LongTime: time.Nanosecond}, nil)
	if a := ask(t, s, http.MethodGet, "/api/v1/sets/projects", ""); a.status != http.StatusServiceUnavailable || a.header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("before the first byte: %d %v %s", a.status, a.header, a.body)
	}
}

// TestGone: a client that goes away leaves its place.
func TestGone(t *testing.T) {
	w := start(t)
	s := w.serve(t, query.PoolOptions{Slow: 1, Wait: 5 * time.Second, SlowTime: 20 * time.Second}, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+"/api/v1/sql", strings.NewReader(endless))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if resp, err := s.Client().Do(r); err == nil {
		resp.Body.Close()
		t.Fatalf("answered %d", resp.StatusCode)
	}
	if a := ask(t, s, http.MethodGet, "/api/v1/symbols?name=os.*", ""); a.status != http.StatusOK {
		t.Errorf("afterwards: %d %s", a.status, a.body)
	}
}

// TestHostile: what a package contains comes out as text: JSON that no browser
// takes for a page, under a policy without inline script, and well-formed XML.
func TestHostile(t *testing.T) {
	w := start(t)
	for _, path := range []string{"/api/v1/projects/project-03", "/api/v1/symbols?limit=5&name=" + url.QueryEscape(hostile), "/api/v1/gone/removed",
		"/api/v1/behaviors/file/delete/evidence", "/api/v1/changes", "/api/v1/changes.atom", "/api/v1/projects/" + url.PathEscape(hostile), "/api/v1/sets/projects"} {
		a := ask(t, w.server, http.MethodGet, path, "")
		if !strings.Contains(string(a.body), "alert(1)") && !strings.Contains(path, "/projects/%22") && !strings.Contains(path, "sets") {
			t.Errorf("%s: %d, nothing hostile in it: the test looks at the wrong place", path, a.status)
		}
		if a.status >= 500 || a.header.Get("X-Content-Type-Options") != "nosniff" || a.header.Get("Content-Security-Policy") != api.ContentPolicy || strings.Contains(a.header.Get("Content-Type"), "html") {
			t.Errorf("%s: %d %v", path, a.status, a.header)
		}
	}
	policy := api.ContentPolicy
	for _, word := range []string{"unsafe-inline", "unsafe-eval", "*", "http:", "https:"} {
		if strings.Contains(policy, word) {
			t.Errorf("the policy allows %s", word)
		}
	}
}

// TestDocs: the page of the documentation comes from here alone, without any
// script, names every operation, and its links lead somewhere.
func TestDocs(t *testing.T) {
	w := start(t)
	a := ask(t, w.server, http.MethodGet, "/docs", "")
	page, err := html.Parse(bytes.NewReader(a.body))
	if err != nil || a.status != http.StatusOK {
		t.Fatalf("%d, %v", a.status, err)
	}
	ids, links := map[string]bool{}, []string{}
	for n := range page.Descendants() {
		if n.Type == html.ElementNode && (n.Data == "script" || n.Data == "style" || n.Data == "iframe" || n.Data == "img") {
			t.Errorf("a %s", n.Data)
		}
		for _, x := range n.Attr {
			switch x.Key {
			case "id":
				ids[x.Val] = true
			case "href", "src":
				links = append(links, x.Val)
			case "style", "onclick", "onload":
				t.Errorf("an attribute %s", x.Key)
			}
		}
	}
	for _, methods := range documentOf(t, w).Paths {
		for _, op := range methods {
			if !ids[op.OperationID] {
				t.Errorf("%s is not on the page", op.OperationID)
			}
		}
	}
	for _, link := range links {
		anchor, here := strings.CutPrefix(link, "#")
		switch {
		case here && !ids[anchor]:
			t.Errorf("%s leads nowhere", link)
		case !here && (!strings.HasPrefix(link, "/") || ask(t, w.server, http.MethodGet, link, "").status != http.StatusOK):
			t.Errorf("%s leads elsewhere or nowhere", link)
		}
	}
	if len(a.body) > 300<<10 {
		t.Errorf("the page has %d bytes", len(a.body))
	}
}

// TestNothingPublished: without a snapshot there is a server, and no number.
func TestNothingPublished(t *testing.T) {
	w := startEmpty(t)
	for path, status := range map[string]int{"/healthz": 200, "/readyz": 200, "/docs": 200, "/api/v1/status": 200, "/api/v1/snapshots": 200, "/api/v1/changes": 200,
		"/api/v1/behaviors": 404, "/api/v1/projects/absent": 404, "/api/v1/sets/projects": 404, "/api/v1/changes.atom": 200, "/api/v1/rules": 200} {
		if a := ask(t, w.server, http.MethodGet, path, ""); a.status != status {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
}
