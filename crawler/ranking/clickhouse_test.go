package ranking

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"prevalence/internal/engine"
	"prevalence/internal/engine/enginetest"
	"prevalence/schemas/message"
)

func TestMain(m *testing.M) { enginetest.Main(m) }

// publicTables make tables like those of the public dataset, with a project
// whose downloads are a mirror's, one that was popular long ago, and a name
// that is none.
const publicTables = `
CREATE DATABASE pypi ENGINE = Atomic;
CREATE TABLE pypi.pypi_downloads_per_day_by_version_by_installer_by_type
  (project String, version String, date Date, installer String, type String, count Int64)
  ENGINE = SummingMergeTree ORDER BY (project, version, date, installer, type);
CREATE TABLE pypi.pypi_downloads_per_day (date Date, project String, count Int64)
  ENGINE = SummingMergeTree ORDER BY (project, date);
INSERT INTO pypi.pypi_downloads_per_day_by_version_by_installer_by_type VALUES
  ('requests', '2.0', '2026-11-20', 'pip', 'bdist_wheel', 500), ('requests', '2.0', '2026-11-19', 'uv', 'bdist_wheel', 400),
  ('Mirror.Only', '1.0', '2026-11-20', 'bandersnatch', 'sdist', 5000), ('Mirror.Only', '1.0', '2026-11-20', 'uv', 'sdist', 1),
  ('faded', '1.0', '2026-09-01', 'pip', 'sdist', 100000), ('faded', '1.0', '2026-11-01', 'pip', 'sdist', 600),
  ('not a name', '1.0', '2026-11-20', 'pip', 'sdist', 700), ('boto3', '1.0', '2026-10-22', 'pip', 'sdist', 650),
  ('too-old', '1.0', '2026-10-21', 'pip', 'sdist', 9000);
INSERT INTO pypi.pypi_downloads_per_day
  SELECT date, project, sum(count) FROM pypi.pypi_downloads_per_day_by_version_by_installer_by_type GROUP BY date, project;
`

// httpClickHouse starts a real engine that listens for HTTP on the loopback
// address and holds publicTables.
func httpClickHouse(t *testing.T) string {
	t.Helper()
	found, err := engine.Find()
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	port := filepath.Join(dir, "port")
	query := publicTables + `SYSTEM START LISTEN HTTP;
		SELECT getServerPort('http_port') INTO OUTFILE '` + port + `' FORMAT TSV;
		SELECT count() FROM system.numbers WHERE NOT ignore(sleepEachRow(1)) SETTINGS max_block_size = 1, function_sleep_max_microseconds_per_block = 2000000`
	ctx, cancel := context.WithCancel(t.Context())
	cmd := exec.CommandContext(ctx, self, "engine", "child", found.Path, "--path="+dir, "--listen_host=127.0.0.1", "--http_port=0", "--query", query)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stdin.Close()
		cancel()
		_ = cmd.Wait()
	})
	for range 600 {
		if b, err := os.ReadFile(port); err == nil && strings.HasSuffix(string(b), "\n") {
			return "http://default@127.0.0.1:" + strings.TrimSpace(string(b)) + "/?database=pypi"
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("the engine does not listen")
	return ""
}

// TestClickHouse counts in a real ClickHouse over its HTTP interface.
func TestClickHouse(t *testing.T) {
	server := httpClickHouse(t)
	for base, want := range map[string][]string{
		"all":    {"mirror-only", "requests", "boto3", "faded"},
		"pip-uv": {"requests", "boto3", "faded", "mirror-only"},
	} {
		r, err := Load(t.Context(), "clickhouse:"+base, Options{Server: server})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, r.Projects); diff != "" {
			t.Errorf("%s: %s", base, diff)
		}
		if !strings.HasPrefix(r.Name, base+"@2026-11-20#") || r.Base != base || !strings.HasPrefix(r.Source, "clickhouse:"+base+" at 127.0.0.1:") {
			t.Errorf("%s: %+v", base, r)
		}
	}
	_, err := Load(t.Context(), "clickhouse:all", Options{Server: strings.Replace(server, "pypi", "elsewhere", 1)})
	if err == nil || !strings.Contains(err.Error(), "answers 404: Code: 81") || strings.Contains(err.Error(), "\n") {
		t.Errorf("no such database: %v", err)
	}
}

// TestClickHouseRefused looks at what a server could say, and at what it is told.
func TestClickHouseRefused(t *testing.T) {
	var answer string
	var user, key, query string
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, key, query = r.Header.Get("X-ClickHouse-User"), r.Header.Get("X-ClickHouse-Key"), r.URL.RawQuery
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(h.Close)
	server := strings.Replace(h.URL, "http://", "http://demo:secret@", 1) + "/?database=pypi"
	for text, want := range map[string]string{
		"": "names no project", "requests\n": "is not a row", "requests\tyesterday\n": "is not a row", "<html>\n": "is not a row",
	} {
		answer = text
		_, err := Load(t.Context(), "clickhouse:all", Options{Server: server})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	if user != "demo" || key != "secret" || !strings.Contains(query, "database=pypi") || !strings.Contains(query, "param_days=30") {
		t.Errorf("user %q, key %q, query %q", user, key, query)
	}
	for source, o := range map[string]Options{
		"clickhouse:dependents":  {Server: server},
		"clickhouse:../sql/all":  {Server: server},
		"clickhouse:all":         {Server: "nowhere"},
		"clickhouse:pip-uv":      {Server: "http://u:secret@127.0.0.1:1/"},
		"testdata/not-there.csv": {},
	} {
		if r, err := Load(t.Context(), source, o); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v, %v", source, r, err)
		}
	}
}

func TestCompare(t *testing.T) {
	rank := func(names ...string) *message.Ranking {
		return &message.Ranking{Name: names[0] + "…", Projects: names}
	}
	filler := func(prefix string, n int) (names []string) {
		for i := range n {
			names = append(names, prefix+strings.Repeat("x", i))
		}
		return names
	}
	before := rank(append(filler("a", 100), "climber", "gone")...)
	after := rank(append(append([]string{"climber"}, filler("a", 100)...), "fresh")...)
	got := Compare(before, after)
	last := "a" + strings.Repeat("x", 99)
	want := Diff{
		Before: "a…", After: "climber…",
		Bands: []BandDiff{{Top: 100, Stayed: 99, Entered: 1, Left: 1}, {Top: 1000, Stayed: 101, Entered: 1, Left: 1}, {Top: 10_000, Stayed: 101, Entered: 1, Left: 1}},
		Moves: []Move{{"climber", 101, 1}, {last, 100, 101}, {"fresh", 0, 102}, {"gone", 102, 0}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if d := Compare(before, before); len(d.Moves) != 0 {
		t.Errorf("compared with itself: %+v", d.Moves)
	}
}
