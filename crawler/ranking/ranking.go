// Package ranking reads where ranks come from: the JSON of
// hugovk/top-pypi-packages, a ClickHouse with the public download counts, or a
// list of one's own; and compares two of them.
//
// A ranking is pinned: its Name holds its base (what was counted), its date and
// a hash of its order, so that another order has another name. Rankings of
// several bases stand side by side.
package ranking

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"prevalence/internal/pypi"
	"prevalence/schemas/message"
)

// MaxBytes bounds a ranking: a list of every name of the largest index has 20 MB.
const MaxBytes = 64 << 20

// Options says how a ranking is fetched. The zero value is useful.
type Options struct {
	// Base says what was counted; default "all" for the JSON form, whose public
	// copy counts downloads by all installers, and "own" for a list.
	Base string
	// Server is the URL of a ClickHouse's HTTP interface, with user and database,
	// for a source that is asked by SQL; default DefaultServer. Password is the
	// user's, where the URL has none.
	Server, Password string

	UserAgent string        // default "prevalence"
	Timeout   time.Duration // of the whole request; default 1 min
	Client    *http.Client  // default http.DefaultClient
}

// Load reads a ranking from an http(s) URL or a file, or has it counted:
// "clickhouse:all" asks Options.Server for downloads by all installers,
// "clickhouse:pip-uv" for those by pip and uv. What is read is told by its
// first character: "{" opens the JSON of hugovk/top-pypi-packages, anything else
// is a list: a name per line, "rank,name" or "name,count" in the order of rank,
// with or without a line of headings; "#" opens a comment. Names are
// normalised, repeated ones keep their best rank, and what is no name is refused.
func Load(ctx context.Context, source string, o Options) (*message.Ranking, error) {
	if base, ok := strings.CutPrefix(source, clickHousePrefix); ok {
		if err := ValidSource(source); err != nil {
			return nil, err
		}
		r, err := ask(ctx, base, o)
		if err != nil {
			return nil, fmt.Errorf("ranking: %s: %w", source, err)
		}
		return r, nil
	}
	var b []byte
	var date time.Time
	var err error
	shown := filepath.Base(source)
	if strings.HasPrefix(source, "http://") || strings.HasPrefix(source, "https://") {
		b, date, shown, err = fetch(ctx, source, o)
	} else {
		b, date, err = read(source)
	}
	if err != nil {
		return nil, fmt.Errorf("ranking: %s: %w", shown, err)
	}
	r, err := Parse(b, date, o.Base)
	if err != nil {
		return nil, fmt.Errorf("ranking: %s: %w", shown, err)
	}
	r.Source = shown
	return r, nil
}

// Parse reads a ranking from memory. The date counts where the ranking does not
// give its own. Source is left empty.
func Parse(b []byte, date time.Time, base string) (*message.Ranking, error) {
	b = bytes.TrimPrefix(b, []byte("\ufeff"))
	var names []string
	var err error
	def := "own"
	if head := bytes.TrimSpace(b); len(head) > 0 && head[0] == '{' {
		def = "all"
		var given time.Time
		if names, given, err = parseJSON(b); !given.IsZero() {
			date = given
		}
	} else {
		names, err = parseList(b)
	}
	if err != nil {
		return nil, err
	}
	return pin(names, date, cmp.Or(base, def))
}

// pin makes a ranking of names in order, and names it.
func pin(names []string, date time.Time, base string) (*message.Ranking, error) {
	if !pypi.ValidName(base) {
		return nil, fmt.Errorf("%q is no name of a base: lower-case letters, digits and hyphens make one", base)
	}
	names, err := tidy(names)
	if err != nil {
		return nil, err
	}
	r := &message.Ranking{
		Schema:   message.StateSchema,
		Base:     base,
		Date:     date.UTC(),
		Projects: names,
	}
	h := sha256.New()
	for _, n := range names {
		h.Write([]byte(n + "\n"))
	}
	r.Name = fmt.Sprintf("%s@%s#%s", r.Base, r.Date.Format(time.DateOnly), hex.EncodeToString(h.Sum(nil)[:4]))
	return r, nil
}

func tidy(names []string) ([]string, error) {
	seen := make(map[string]bool, len(names))
	out := names[:0]
	for i, n := range names {
		n = pypi.Normalize(strings.TrimSpace(n))
		if !pypi.ValidName(n) {
			return nil, fmt.Errorf("entry %d: %.60q is no project's name", i+1, n)
		}
		if !seen[n] {
			seen[n] = true
			out = append(out, n)
		}
	}
	if len(out) == 0 {
		return nil, errors.New("it names no project")
	}
	return out, nil
}

func parseJSON(b []byte) (names []string, date time.Time, err error) {
	var in struct {
		LastUpdate string `json:"last_update"`
		Rows       []struct {
			Project string `json:"project"`
		} `json:"rows"`
	}
	if err := json.Unmarshal(b, &in); err != nil {
		return nil, date, fmt.Errorf("not the JSON of top-pypi-packages: %w", err)
	}
	for _, layout := range []string{time.DateTime, time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, in.LastUpdate); err == nil {
			date = t
			break
		}
	}
	for _, r := range in.Rows {
		names = append(names, r.Project)
	}
	return names, date, nil
}

func parseList(b []byte) ([]string, error) {
	r := csv.NewReader(bufio.NewReader(bytes.NewReader(b)))
	r.FieldsPerRecord, r.Comment, r.TrimLeadingSpace, r.ReuseRecord = -1, '#', true, true
	type entry struct {
		rank int
		name string
	}
	var entries []entry
	ranked := false
	for first := true; ; first = false {
		row, err := r.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		line, _ := r.FieldPos(0)
		switch {
		case first && isHeading(row):
		case len(row) == 1:
			entries = append(entries, entry{len(entries) + 1, row[0]})
		default:
			rank, err := strconv.Atoi(strings.TrimSpace(row[0]))
			isRank := err == nil
			if len(entries) > 0 && isRank != ranked && ranked {
				return nil, fmt.Errorf("line %d: %.20q is no rank", line, row[0])
			}
			if len(entries) == 0 {
				ranked = isRank
			}
			if ranked {
				entries = append(entries, entry{rank, row[1]})
			} else {
				entries = append(entries, entry{len(entries) + 1, row[0]})
			}
		}
	}
	slices.SortStableFunc(entries, func(a, b entry) int { return cmp.Compare(a.rank, b.rank) })
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.name
	}
	return names, nil
}

// isHeading reports whether a first row names columns.
func isHeading(row []string) bool {
	known := []string{"rank", "name", "project", "package", "downloads", "download_count", "count"}
	matches := 0
	for _, f := range row {
		if slices.Contains(known, strings.ToLower(strings.TrimSpace(f))) {
			matches++
		}
	}
	return matches == len(row)
}

func read(path string) ([]byte, time.Time, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, time.Time{}, bare(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, time.Time{}, bare(err)
	}
	b, err := bounded(f)
	return b, info.ModTime(), err
}

// bare takes the path off a file error: the caller names it.
func bare(err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

func fetch(ctx context.Context, source string, o Options) (b []byte, date time.Time, shown string, err error) {
	u, err := url.Parse(source)
	if err != nil || u.Host == "" {
		return nil, date, "URL", errors.New("it does not parse")
	}
	public := *u
	public.User, public.RawQuery, public.Fragment = nil, "", ""
	shown = public.String()
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(o.Timeout, time.Minute))
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, source, nil)
	if err != nil {
		return nil, date, shown, errors.New("it does not parse")
	}
	req.Header.Set("User-Agent", cmp.Or(o.UserAgent, "prevalence"))
	resp, err := cmp.Or(o.Client, http.DefaultClient).Do(req)
	if err != nil {
		return nil, date, shown, bareURL(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, date, shown, fmt.Errorf("status %d", resp.StatusCode)
	}
	if date, err = http.ParseTime(resp.Header.Get("Last-Modified")); err != nil {
		date = time.Now()
	}
	b, err = bounded(resp.Body)
	return b, date, shown, err
}

// DefaultSource is the public ranking of the default index: the 15,000 most
// downloaded projects, made monthly by hugovk/top-pypi-packages.
const DefaultSource = "https://hugovk.github.io/top-pypi-packages/top-pypi-packages.min.json"
