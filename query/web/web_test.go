package web_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/html"

	// The pages are tested on what the aggregator really writes.
	"prevalence/aggregator"
	"prevalence/internal/engine"
	"prevalence/internal/engine/enginetest"
	"prevalence/internal/queue"
	"prevalence/internal/store"
	"prevalence/query"
	"prevalence/query/web"
	"prevalence/schemas/catalog"
	"prevalence/schemas/message"
)

func TestMain(m *testing.M) { enginetest.Main(m) }

// hostile stands wherever a package or a reader has room for a text of its own.
const hostile = `"><script>alert(1)</script><img src=x onerror='alert(2)'>{{.}}`

var words = &catalog.Catalog{
	Rules: []catalog.Rule{
		{ID: "file/delete", Sentence: "Deletes files.", Attack: "T1070.004", YAML: "id: file/delete\n"},
		{ID: "file/rename", Sentence: "Renames files, <b>boldly</b>.", YAML: "id: file/rename # " + hostile + "\n"},
		{ID: "network/socket", Sentence: "Opens a network socket.", YAML: "id: network/socket\n"},
	},
	Issues: []catalog.Issue{
		{ID: "anonymous-author", Title: "Anonymous author", Problem: "Nobody answers.\n", NextSteps: []string{"Look."}, Prevalence: "{community} of {community_scanned} ({label})."},
		{ID: "removed-components", Title: "Removed"}, {ID: "yanked", Title: "Yanked"}, {ID: "vulnerabilities", Title: "Vulnerable"},
	},
}

var at = time.Date(2026, 11, 24, 10, 15, 0, 0, time.UTC)

// world is a dataset with pages in front of it.
type world struct {
	owner  *store.DB
	a      *aggregator.Aggregator
	server *httptest.Server
	scans  atomic.Uint64 // that wait, as the broker says
}

// startEmpty returns pages over a dataset without a snapshot.
func startEmpty(t *testing.T) *world {
	t.Helper()
	ch := enginetest.ClickHouse(t)
	open := func(a engine.Account, database string) *store.DB {
		db, err := store.Open(t.Context(), store.Options{Addr: ch.Addr(), Database: database, Views: engine.ViewsDatabase, User: a.User, Password: a.Password})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		return db
	}
	w := &world{owner: open(ch.Owner(), engine.Database)}
	if _, err := w.owner.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	var err error
	if w.a, err = aggregator.New(t.Context(), w.owner, aggregator.Options{Catalog: words}); err != nil {
		t.Fatal(err)
	}
	reader := query.New(open(ch.Reader(), engine.ViewsDatabase), words)
	site, err := web.New(web.Options{
		Pool: query.NewPool(reader, reader, query.PoolOptions{Fresh: time.Nanosecond}), Catalog: words, Version: "test",
		Backlog: func(context.Context) (queue.Backlog, error) {
			return queue.Backlog{Jobs: 1234, Scans: w.scans.Load()}, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	site.Register(mux)
	w.server = httptest.NewServer(mux)
	t.Cleanup(w.server.Close)
	return w
}

// start returns pages over one snapshot of sixty projects of PyPI. Project 3 is
// hostile wherever it can be, project 5 says that it has no vulnerability,
// project 6 that it has one; project 7 was removed and came back.
func start(t *testing.T) *world {
	t.Helper()
	w := startEmpty(t)
	index := &message.Index{URL: "https://pypi.org/simple/", Serial: "77", Sweep: at, Complete: true, Projects: map[string]message.Serial{}}
	ranking := message.Ranking{Name: "all@2026-04-01#1f0c9a2b", Base: "all", Date: at}
	var scans []aggregator.Scan
	for i := range 60 {
		s := scanOf(i)
		index.Projects[s.Project] = "1"
		scans = append(scans, aggregator.Scan{Seq: uint64(i + 1), Scan: s})
		if i < 20 {
			ranking.Projects = append(ranking.Projects, s.Project)
		}
	}
	index.Ranking = ranking.Name
	states := []aggregator.State{{Seq: 10, Ranking: &ranking},
		{Seq: 11, State: &message.State{Project: "project-07", State: message.StateRemoved, At: at.Add(-2 * time.Hour)}},
		{Seq: 12, State: &message.State{Project: hostile, State: message.StateRemoved, At: at.Add(-time.Hour)}},
		{Seq: 13, State: &message.State{Project: "project-07", State: message.StateResurrected, At: at}}}
	for _, err := range []error{w.a.AddStates(t.Context(), states, 13), w.a.UseIndex(t.Context(), index, 1), w.a.Add(t.Context(), scans)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if ok, err := w.a.Snapshot(t.Context()); err != nil || !ok {
		t.Fatalf("snapshot: %v, %v", ok, err)
	}
	return w
}

func scanOf(i int) *message.Scan {
	name := "project-" + string(rune('0'+i/10)) + string(rune('0'+i%10))
	s := &message.Scan{Project: name, Version: "1.0", PageLatest: true, Scanner: "1", Catalogue: words.Hash(), JobSeq: uint64(i + 1), At: at,
		Outcome: message.OutcomeOK, State: message.StateActive, EmailClass: "privacy",
		Files:    []message.File{{Name: name + "-1.0.tar.gz", Kind: "sdist", Bytes: 1000, SHA256: strings.Repeat("0", 64), Verified: true, Members: 3}},
		Emails:   []message.Email{{Domain: "proton.me", Class: "privacy", Key: "secret", KeyID: "k"}},
		Metadata: message.Metadata{Name: name, Version: "1.0", License: "MIT", Modules: []string{"m" + name[8:]}, RequiresDist: []string{"project-00>=1"}},
		Observations: []message.Observation{
			{Behavior: "file/delete", Context: message.ContextCall, Certainty: message.Resolved, Hits: 2, Evidence: []message.Evidence{{Path: "p/m.py", Line: 3, Symbol: "os.remove"}}},
			{Behavior: "file/rename", Context: message.ContextImport, Certainty: message.Likely, Hits: 1, Evidence: []message.Evidence{{Path: "p/m.py", Line: 9}}}},
		Symbols:    []message.Symbol{{Name: "os.remove", Kind: message.SymbolCall, Context: message.ContextCall, Certainty: message.Resolved, Hits: 1, Path: "p/m.py", Line: 3}},
		Indicators: []message.Indicator{{Kind: "domain", Value: "cdn.example.net", Context: message.ContextCall, Hits: 1, Path: "p/m.py", Line: 4}}}
	switch i {
	case 5:
		s.Vulnerabilities = &message.Vulnerabilities{}
	case 6:
		s.Vulnerabilities = &message.Vulnerabilities{IDs: []string{"PYSEC-2026-1"}}
	case 3:
		s.Version, s.Files[0].Name, s.Metadata.License, s.Metadata.Modules = `1.0"><script>`, hostile, hostile, []string{hostile}
		s.Observations[0].Evidence = []message.Evidence{{Path: hostile, Line: 1, Symbol: hostile}}
		s.Symbols = append(s.Symbols, message.Symbol{Name: hostile, Kind: message.SymbolCall, Context: message.ContextCall, Certainty: message.Resolved, Hits: 1, Path: hostile, Line: 1})
		s.Indicators = append(s.Indicators, message.Indicator{Kind: "url", Value: "https://h.example/" + hostile, Context: message.ContextCall, Hits: 1, Path: hostile, Line: 1})
	case 4:
		s.Outcome, s.Why, s.Detail, s.Observations, s.Symbols, s.Indicators = message.OutcomeUnanalysed, "not-an-archive", hostile, nil, nil, nil
	}
	return s
}

// asked is one answer.
type asked struct {
	status int
	header http.Header
	body   string
}

func (w *world) get(t *testing.T, path string, headers ...string) asked {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.server.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := w.server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return asked{resp.StatusCode, resp.Header, string(b)}
}

// everyPage is at least one address of each page; those with a text of the
// reader's own hold a hostile one.
func everyPage() []string {
	q := url.QueryEscape(hostile)
	return []string{"/", "/?sort=category", "/?all=1&label=Common", "/?q=" + q, "/?category=" + q, "/?page=99999999999999999999", "/?band=" + q,
		"/behaviors/file/delete", "/behaviors/file/delete?context=call", "/behaviors/network/socket", "/behaviors/file/rename", "/behaviors/file/" + url.PathEscape(hostile),
		"/projects", "/projects?q=project-0", "/projects?q=" + q + "&outcome=" + q, "/projects/project-03", "/projects/project-04", "/projects/project-07", "/projects/Project.00",
		"/projects/" + url.PathEscape(hostile), "/search", "/search?q=project", "/search?q=" + q, "/symbols", "/symbols?q=os.*", "/symbols?q=" + q, "/symbols?q=*script*",
		"/indicators", "/indicators?q=*.net", "/indicators?q=https*", "/indicators?q=" + q, "/changes", "/changes?state=resurrected", "/changes?after=" + q, "/authors", "/authors?class=privacy",
		"/authors?class=" + q, "/packaging", "/words", "/status", "/sql", "/sql?statement=" + q, "/sql?statement=" + url.QueryEscape("SELECT '"+strings.ReplaceAll(hostile, "'", "")+"' AS x"), "/nothing/" + url.PathEscape(hostile)}
}

// TestEveryPage: no page fails, is too heavy, holds a script or a style of its
// own, or takes a hostile text for anything but text.
func TestEveryPage(t *testing.T) {
	w := start(t)
	for _, path := range everyPage() {
		a := w.get(t, path)
		if a.status >= 500 || a.header.Get("Content-Type") != "text/html; charset=utf-8" {
			t.Errorf("%s: %d %s", path, a.status, a.header.Get("Content-Type"))
		}
		if len(a.body) > 90_000 {
			t.Errorf("%s: %d bytes, and what it loads is 70 kB", path, len(a.body))
		}
		checkMarkup(t, path, a.body)
	}
}

// checkMarkup demands what the policy of the server demands, and that every
// element is one of a template.
func checkMarkup(t *testing.T, path, body string) {
	t.Helper()
	tokens := html.NewTokenizer(strings.NewReader(body))
	ids := make(map[string]bool)
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			return
		case html.StartTagToken, html.SelfClosingTagToken:
			e := tokens.Token()
			if e.Data == "style" || e.Data == "img" || e.Data == "b" && strings.Contains(body, "<b>boldly") {
				t.Errorf("%s: an element <%s>", path, e.Data)
			}
			src := ""
			for _, x := range e.Attr {
				switch {
				case x.Key == "src":
					src = x.Val
				case x.Key == "style", strings.HasPrefix(x.Key, "on"):
					t.Errorf("%s: <%s %s=%q>", path, e.Data, x.Key, x.Val)
				case (x.Key == "href" || x.Key == "action") && !safeAddress(x.Val):
					t.Errorf("%s: <%s %s=%q> leads elsewhere", path, e.Data, x.Key, x.Val)
				case x.Key == "id" && ids[x.Val]:
					t.Errorf("%s: two elements have the id %q", path, x.Val)
				case x.Key == "id":
					ids[x.Val] = true
				}
			}
			if e.Data == "script" && !strings.HasPrefix(src, "/static/") {
				t.Errorf("%s: a script from %q", path, src)
			}
		}
	}
}

// safeAddress reports whether an address stays here or leads where a template says.
func safeAddress(a string) bool {
	for _, start := range []string{"/", "#", "https://inspector.pypi.io/project/", "https://osv.dev/vulnerability/", "https://attack.mitre.org/techniques/"} {
		if strings.HasPrefix(a, start) && !strings.HasPrefix(a, "//") {
			return true
		}
	}
	return false
}

// TestPageSays: each page says what a reader comes for.
func TestPageSays(t *testing.T) {
	w := start(t)
	escaped := strings.NewReplacer(`"`, "&#34;", "'", "&#39;", "<", "&lt;", ">", "&gt;").Replace(hostile)
	for path, wants := range map[string][]string{
		"/":                               {"Deletes files.", "file/delete", "Renames files, &lt;b&gt;boldly&lt;/b&gt;.", "<b>59</b>", "24 Nov 2026", "1 that nobody shows are left out", "Top 100"},
		"/?category=network&all=1":        {"Opens a network socket.", "Unseen"},
		"/?q=nobody-says-this":            {"No behaviour matches"},
		"/behaviors/file/delete":          {"T1070.004", "Renames files", "Stands beside", "os.remove", "p/m.py:3", "100", "One snapshot so far", "Next page"},
		"/behaviors/file/rename":          {"likely"},
		"/projects/project-00":            {"Top issues", "Problem", "Nobody answers.", "Prevalence", "59 of 59 (Common).", "Next steps", "<li>Look.</li>", "p/m.py:3", "https://inspector.pypi.io/project/project-00/1.0/", "This index gives no vulnerability information.", "at proton.me", "Only this release was looked into", "project-01"},
		"/projects/project-03":            {escaped},
		"/projects/project-04":            {"not-an-archive", "could not be looked into"},
		"/projects/project-05":            {"No vulnerabilities found."},
		"/projects/project-06":            {"https://osv.dev/vulnerability/PYSEC-2026-1"},
		"/projects/project-07":            {"resurrected", "removed", "Since the name came back"},
		"/projects/nobody":                {"Not in this snapshot"},
		"/projects?outcome=unanalysed":    {"project-04", "not-an-archive"},
		"/search?q=delet":                 {"Deletes files.", "No project has this in its name"},
		"/symbols?q=os.remove":            {"os.remove", "project-00", "p/m.py:3"},
		"/indicators?q=*.example.net":     {"cdn.example.net", "domain"},
		"/changes":                        {escaped, "resurrected"},
		"/authors?class=privacy":          {"proton.me", "project-00"},
		"/status":                         {"1,234", "unanalysed/not-an-archive"},
		"/sql?statement=SELECT+1+AS+one":  {"As CSV", "<th scope=\"col\" class=\"n\">one</th>"},
		"/sql?statement=DROP+TABLE+scans": {"The database refused."},
	} {
		a := w.get(t, path)
		for _, want := range wants {
			if !strings.Contains(a.body, want) {
				t.Errorf("%s does not say %q", path, want)
			}
		}
	}
}

// TestNothingPublished: before the first snapshot every page says so.
func TestNothingPublished(t *testing.T) {
	w := startEmpty(t)
	for _, path := range everyPage() {
		a := w.get(t, path)
		if a.status >= 500 {
			t.Errorf("%s: %d", path, a.status)
		}
		checkMarkup(t, path, a.body)
	}
	for _, path := range []string{"/", "/projects/project-00", "/status"} {
		if a := w.get(t, path); a.status != http.StatusOK || !strings.Contains(a.body, "No prevalence information at this time") {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
}

// TestKept: a client keeps pages until the next snapshot, and files for ever.
func TestKept(t *testing.T) {
	w := start(t)
	a := w.get(t, "/")
	tag := a.header.Get("ETag")
	if tag == "" {
		t.Fatal("no ETag")
	}
	if again := w.get(t, "/", "If-None-Match", tag); again.status != http.StatusNotModified || again.body != "" {
		t.Errorf("the same tag: %d", again.status)
	}
	if err := w.a.Add(t.Context(), []aggregator.Scan{{Seq: 99, Scan: func() *message.Scan { s := scanOf(9); s.JobSeq, s.Version = 99, "2.0"; return s }()}}); err != nil {
		t.Fatal(err)
	}
	if ok, err := w.a.Snapshot(t.Context()); err != nil || !ok {
		t.Fatalf("snapshot: %v, %v", ok, err)
	}
	if later := w.get(t, "/", "If-None-Match", tag); later.status != http.StatusOK || later.header.Get("ETag") == tag {
		t.Errorf("after the next snapshot: %d, tag %s", later.status, later.header.Get("ETag"))
	}
	for _, file := range regexp.MustCompile(`"(/static/[^"]+)"`).FindAllStringSubmatch(a.body, -1) {
		f := w.get(t, file[1])
		if f.status != http.StatusOK || !strings.Contains(f.header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %d, %q", file[1], f.status, f.header.Get("Cache-Control"))
		}
		if again := w.get(t, file[1], "If-None-Match", f.header.Get("ETag")); again.status != http.StatusNotModified {
			t.Errorf("%s again: %d", file[1], again.status)
		}
	}
	for _, path := range []string{"/static/older/style.css", strings.Replace(regexp.MustCompile(`/static/[^"]+style.css`).FindString(a.body), "style.css", "layout.html", 1)} {
		if a := w.get(t, path); a.status != http.StatusNotFound {
			t.Errorf("%s: %d", path, a.status)
		}
	}
}

// TestExamples: every statement that the page offers runs, and its export holds
// the same.
func TestExamples(t *testing.T) {
	w := start(t)
	page := w.get(t, "/sql").body
	links := regexp.MustCompile(`<a href="(/sql\?statement=[^"]+)"`).FindAllStringSubmatch(page, -1)
	if len(links) < 5 {
		t.Fatalf("%d examples", len(links))
	}
	for _, l := range links {
		path := html.UnescapeString(l[1])
		if a := w.get(t, path); a.status != http.StatusOK || !strings.Contains(a.body, "As CSV") {
			t.Errorf("%s: %d %s", path, a.status, regexp.MustCompile(`role="alert">.*`).FindString(a.body))
		}
		var answer struct {
			Columns []string
			Rows    [][]any
		}
		if err := json.Unmarshal([]byte(w.get(t, path+"&format=json").body), &answer); err != nil || len(answer.Columns) == 0 {
			t.Errorf("%s as JSON: %v", path, err)
		}
		a := w.get(t, path+"&format=csv")
		if lines := strings.Count(a.body, "\n"); lines != len(answer.Rows)+1 || !strings.HasPrefix(a.body, strings.Join(answer.Columns, ",")) {
			t.Errorf("%s as CSV has %d lines for %d rows", path, lines, len(answer.Rows))
		}
	}
	if a := w.get(t, "/sql?format=xml&statement=SELECT+1"); a.status != http.StatusBadRequest {
		t.Errorf("as XML: %d", a.status)
	}
}

// TestLive: progress comes by itself, and a stream ends with its client.
func TestLive(t *testing.T) {
	w := start(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, w.server.URL+"/status/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := w.server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if got := resp.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Fatalf("type %q", got)
	}
	lines := bufio.NewScanner(resp.Body)
	next := func() (p web.Progress) {
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				if err := json.Unmarshal([]byte(data), &p); err != nil {
					t.Fatal(err)
				}
				return p
			}
		}
		t.Fatalf("the stream ended: %v", lines.Err())
		return p
	}
	first := next()
	w.scans.Store(77)
	second := next()
	if !first.Broker || first.Jobs != 1234 || first.Scans != 0 || second.Scans != 77 || second.Snapshot == "" || len(second.Scanned) != 4 {
		t.Errorf("first %+v, then %+v", first, second)
	}
}

func TestOptions(t *testing.T) {
	if _, err := web.New(web.Options{}); err == nil {
		t.Error("pages without a pool")
	}
}
