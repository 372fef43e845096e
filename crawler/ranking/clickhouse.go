package ranking

import (
	"bytes"
	"cmp"
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"prevalence/internal/pypi"
	"prevalence/schemas/message"
)

// DefaultServer is the public ClickHouse whose database pypi holds the
// downloads of the default index, a day behind.
const DefaultServer = "https://demo@sql-clickhouse.clickhouse.com/?database=pypi"

// counted is what a ranking by SQL counts: the days up to the newest one in
// the table, and the projects that are kept.
const (
	countedDays     = 30
	countedProjects = 15_000
)

// clickHousePrefix opens a source that is asked by SQL: "clickhouse:" and a base.
const clickHousePrefix = "clickhouse:"

//go:embed sql
var sqlFiles embed.FS

// sqlBases are the bases that have a query.
func sqlBases() []string {
	entries, err := sqlFiles.ReadDir("sql")
	if err != nil {
		return nil // the folder is embedded
	}
	var bases []string
	for _, e := range entries {
		bases = append(bases, strings.TrimSuffix(e.Name(), ".sql"))
	}
	return bases
}

// ValidSource reports what can be known to be wrong with a source before
// anything is asked.
func ValidSource(source string) error {
	base, sql := strings.CutPrefix(source, clickHousePrefix)
	if sql && !slices.Contains(sqlBases(), base) {
		return fmt.Errorf("ranking: %s: no query for %q, only for %s", source, base, strings.Join(sqlBases(), " and "))
	}
	return nil
}

// ask has a ClickHouse server count, over its HTTP interface.
func ask(ctx context.Context, base string, o Options) (*message.Ranking, error) {
	query, err := sqlFiles.ReadFile("sql/" + base + ".sql")
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(cmp.Or(o.Server, DefaultServer))
	if err != nil || u.Host == "" {
		return nil, errors.New("the server's URL does not parse")
	}
	values := u.Query()
	values.Set("param_days", strconv.Itoa(countedDays))
	values.Set("param_projects", strconv.Itoa(countedProjects))
	address := *u
	address.User, address.RawQuery = nil, values.Encode()
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(o.Timeout, 2*time.Minute))
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address.String(), bytes.NewReader(query))
	if err != nil {
		return nil, errors.New("the server's URL does not parse")
	}
	req.Header.Set("User-Agent", cmp.Or(o.UserAgent, "prevalence"))
	if user := u.User.Username(); user != "" { // headers, because they are in no log
		req.Header.Set("X-ClickHouse-User", user)
		password, _ := u.User.Password()
		req.Header.Set("X-ClickHouse-Key", cmp.Or(o.Password, password))
	}
	resp, err := cmp.Or(o.Client, http.DefaultClient).Do(req)
	if err != nil {
		return nil, bareURL(err)
	}
	defer resp.Body.Close()
	b, err := bounded(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		line, _, _ := strings.Cut(string(b), "\n")
		return nil, fmt.Errorf("%s answers %d: %.300s", u.Host, resp.StatusCode, line)
	}
	names, date, err := parseRows(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", u.Host, err)
	}
	r, err := pin(names, date, cmp.Or(o.Base, base))
	if err != nil {
		return nil, err
	}
	r.Source = clickHousePrefix + base + " at " + u.Host
	return r, nil
}

// parseRows reads rows of project and newest day. What is no project's name is
// left out: the dataset counts requests, for names that never were as well.
func parseRows(b []byte) (names []string, newest time.Time, err error) {
	for line := range strings.Lines(string(b)) {
		name, day, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if newest, err = time.Parse(time.DateOnly, day); err != nil {
			return nil, newest, fmt.Errorf("%.100q is not a row of project and day", line)
		}
		if pypi.ValidName(pypi.Normalize(name)) {
			names = append(names, name)
		}
	}
	return names, newest, nil
}

// bareURL takes the URL, which may hold a password, off an error.
func bareURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// bounded reads at most MaxBytes.
func bounded(r io.Reader) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err == nil && len(b) > MaxBytes {
		err = fmt.Errorf("larger than %d MiB", MaxBytes>>20)
	}
	return b, err
}
