package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"prevalence/internal/engine"
	"prevalence/internal/pypi/pypitest"
	"prevalence/internal/store"
)

// crawled is a data folder that has crawled a generated index.
type crawled struct {
	t              *testing.T
	universe       *pypitest.Universe
	data           string
	index, ranking string
}

func crawl(t *testing.T, projects int, args ...string) *crawled {
	t.Helper()
	c := &crawled{t: t, data: t.TempDir()}
	c.universe, _, c.index, c.ranking = serve(t, projects, pypitest.LikePyPI)
	c.up(nil, args...)
	return c
}

// up crawls until everything is counted, and returns all that was printed.
func (c *crawled) up(env []string, args ...string) string {
	c.t.Helper()
	cmd := prevalenceCommand(c.t, append([]string{"up", "--until-idle", "--data", c.data, "--index", c.index, "--ranking", c.ranking,
		"--progress", "none", "--log-level", "debug"}, args...)...)
	cmd.Env = append(cmd.Env, env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		c.t.Fatalf("up: %v\n%s", err, out)
	}
	return string(out)
}

// count counts rows of the tables, which nobody else may be using.
func (c *crawled) count(query string) (n uint64) {
	c.t.Helper()
	server, err := engine.StartClickHouse(c.t.Context(), engine.ClickHouseOptions{Dir: (&dataDir{path: c.data}).database(), MemoryBytes: 1 << 30})
	if err != nil {
		c.t.Fatal(err)
	}
	defer server.Close()
	db, err := store.Open(c.t.Context(), store.Options{Addr: server.Addr(), Database: engine.Database, User: server.Owner().User, Password: server.Owner().Password})
	if err != nil {
		c.t.Fatal(err)
	}
	defer db.Close()
	type row struct {
		N uint64 `ch:"n"`
	}
	rows, err := store.Select[row](c.t.Context(), db, "SELECT toUInt64("+query+") AS n", nil)
	if err != nil {
		c.t.Fatal(err)
	}
	return rows[0].N
}

// withoutTables takes the tables away, as if their disk were lost.
func (c *crawled) withoutTables() {
	c.t.Helper()
	if err := os.RemoveAll((&dataDir{path: c.data}).database()); err != nil {
		c.t.Fatal(err)
	}
}

// TestRebuild: the tables are built again from the streams, and say the same. A
// copy of the data folder is a backup.
func TestRebuild(t *testing.T) {
	t.Parallel()
	c := crawl(t, 60)
	want := tableOf(t, c.data)
	backup := t.TempDir()
	if err := os.CopyFS(backup, os.DirFS(c.data)); err != nil {
		t.Fatal(err)
	}
	c.withoutTables()
	c.up(nil)
	if diff := cmp.Diff(want, tableOf(t, c.data)); diff != "" {
		t.Errorf("the rebuilt tables say something else (-before +after):\n%s", diff)
	}
	if err := os.RemoveAll(c.data); err != nil {
		t.Fatal(err)
	}
	c.data = backup
	if diff := cmp.Diff(want, tableOf(t, c.data)); diff != "" {
		t.Errorf("the backup says something else (-before +after):\n%s", diff)
	}
	if log := c.up(nil); !strings.Contains(log, "nothing changed since the last sweep") {
		t.Errorf("the restored backup does not go on where it was:\n%s", log)
	}
}

// TestForget: what is forgotten is in no stream and no table, is not crawled
// again, and does not come back when the tables are built again.
func TestForget(t *testing.T) {
	t.Parallel()
	c := crawl(t, 60, "--email-key-id", "k1")
	victim := c.universe.Projects[7].Name
	const domain = "packages.example.org"
	gone := map[string]string{
		"scans":      "(SELECT count() FROM scans WHERE project = '" + victim + "')",
		"projects":   "(SELECT count() FROM projects WHERE project = '" + victim + "')",
		"members":    "(SELECT count() FROM snapshot_projects WHERE project = '" + victim + "')",
		"emails":     "(SELECT count() FROM emails WHERE domain = '" + domain + "')",
		"indicators": "(SELECT count() FROM indicators WHERE value LIKE '%" + domain + "%')",
	}
	check := func(when string, empty bool) {
		t.Helper()
		for what, query := range gone {
			if n := c.count(query); what != "indicators" && (n == 0) != empty {
				t.Errorf("%s: %d %s are there", when, n, what)
			}
		}
	}
	check("before", false)
	all := c.count("(SELECT uniq(project) FROM scans)")
	if code, line := failure(t, prevalenceCommand(t, "forget", victim, "--data", c.data)); code != exitUsage || !strings.Contains(line, "--yes") {
		t.Errorf("without --yes: exit code %d, %s", code, line)
	}
	for _, name := range []string{victim, "@" + domain} {
		output(t, prevalenceCommand(t, "forget", name, "--yes", "--data", c.data))
	}
	check("after", true)
	// Not even on the broker's disk. Tables may name it as a dependency of others.
	if found := filesWith(t, filepath.Join(c.data, "broker"), victim); len(found) > 0 {
		t.Errorf("%s is still in %v", victim, found)
	}
	c.up(nil)
	check("after a sweep", true)
	c.withoutTables()
	c.up(nil, "--rescan") // the workers see both again, the aggregator does not store them
	check("after a rebuild and a rescan", true)
	if n := c.count("(SELECT uniq(project) FROM scans)"); n != all-1 {
		t.Errorf("%d projects are stored, want %d", n, all-1)
	}
	// Again is no error.
	output(t, prevalenceCommand(t, "forget", victim, "--yes", "--data", c.data))
}

// filesWith lists the files below a folder that hold a text as it is.
func filesWith(t *testing.T, dir, text string) (found []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		if strings.Contains(string(b), text) {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestNoAddress: the addresses of the generated authors, the password of the
// index and the key of the hashes are in no log, no stream, no table, no
// metric and no export.
func TestNoAddress(t *testing.T) {
	t.Parallel()
	c := &crawled{t: t, data: t.TempDir()}
	c.universe, _, c.index, c.ranking = serve(t, 60, pypitest.LikePyPI)
	c.index = strings.Replace(c.index, "://", "://someone:index-password@", 1)
	secrets := []string{"PREVALENCE_EMAIL_KEY=first-key-of-the-hash"}
	said := c.up(secrets)
	out := t.TempDir()
	said += output(t, prevalenceCommand(t, "export", "--data", c.data, "--out", out))
	said += output(t, prevalenceCommand(t, "dead", "list", "--data", c.data))
	said += output(t, prevalenceCommand(t, "query", "email", "--data", c.data))
	for _, private := range []string{"quiet.author", "someone.else", "team@packages", "index-password", "first-key-of-the-hash"} {
		if strings.Contains(said, private) {
			t.Errorf("%q was printed", private)
		}
		for _, dir := range []string{c.data, out} {
			if found := filesWith(t, dir, private); len(found) > 0 {
				t.Errorf("%q is in %v", private, found)
			}
		}
	}
	const keyed = "(SELECT count() FROM emails WHERE key != '' AND key_id = '%s')"
	if n := c.count(fmt.Sprintf(keyed, "1")); n == 0 {
		t.Error("no hash was kept, so that nothing was tried")
	}

	// A new key: hashes of both stand side by side, told apart by their ids, until
	// every project was scanned again.
	c.up([]string{"PREVALENCE_EMAIL_KEY=second-key"}, "--rescan", "--email-key-id", "2")
	if n := c.count(fmt.Sprintf(keyed, "2")); n == 0 {
		t.Error("no hash of the new key")
	}
	const same = "(SELECT count() FROM emails AS a INNER JOIN emails AS b ON a.key = b.key WHERE a.key_id = '1' AND b.key_id = '2' AND a.key != '')"
	if n := c.count(same); n != 0 {
		t.Errorf("%d hashes are the same under both keys", n)
	}
	const newest = `(SELECT count() FROM emails WHERE key_id = '1' AND (project_id, scan_seq) IN
		(SELECT project_id, scan_seq FROM snapshot_projects WHERE snapshot = (SELECT max(snapshot) FROM snapshots)))`
	if n := c.count(newest); n != 0 {
		t.Errorf("%d hashes of the old key are in the newest snapshot", n)
	}
}
