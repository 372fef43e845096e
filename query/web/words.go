package web

import (
	"fmt"
	"html/template"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"prevalence/internal/prevalence"
	"prevalence/query"
)

// functions are what templates can say.
func functions(f *files) template.FuncMap {
	return template.FuncMap{
		"file": f.address, "num": num, "percent": percent, "interval": interval, "date": date, "moment": moment, "size": size, "times": times,
		"bands": bands, "number": number, "title": bandTitle, "slug": slug, "behaviorURL": behaviorURL, "projectURL": projectURL,
		"symbolURL": symbolURL, "indicatorURL": indicatorURL, "inspector": inspector, "advisory": advisory,
		"spark": spark, "bar": bar, "meter": meter, "trendChart": trendChart, "join": strings.Join,
		"short": short, "covered": covered, "tail": tail, "contextWords": contextWords, "known": known,
		"pair": func(of frame, key, value string) any {
			return struct {
				Of         frame
				Key, Value string
			}{of, key, value}
		},
		"bars": bars, "list": func(words ...string) []string { return words }, "ref": func(x float64) *float64 { return &x },
		"isNil": func(list []string) bool { return list == nil },
	}
}

// thin is a narrow space that does not break.
const thin = "\u202f"

// num is a count with its thousands apart.
func num(n any) string {
	switch n := n.(type) {
	case int:
		return humanize.Comma(int64(n))
	case uint64:
		return humanize.Comma(int64(min(n, 1<<62)))
	case float64:
		return humanize.CommafWithDigits(n, 1)
	}
	return fmt.Sprint(n)
}

// percent is a share with as many digits as say something; "–" for none.
func percent(share *float64) string {
	if share == nil {
		return "–"
	}
	return digits(100**share) + thin + "%"
}

func digits(p float64) string {
	const nearly = 1e-6 // what arithmetic leaves of a whole number
	switch {
	case p < nearly || p > 100-nearly:
		return strconv.FormatFloat(p, 'f', 0, 64)
	case p > 99.9:
		return "99.9" // not all of them
	case p >= 0.95:
		return strconv.FormatFloat(p, 'f', 1, 64)
	case p >= 0.095:
		return strconv.FormatFloat(p, 'f', 2, 64)
	}
	return strconv.FormatFloat(p, 'g', 1, 64)
}

// interval is where the share lies with 95 %.
func interval(n query.Number) string {
	if n.Low == nil || n.High == nil {
		return "–"
	}
	return digits(100**n.Low) + "–" + digits(100**n.High) + thin + "%"
}

// times is a ratio; "–" for none.
func times(x *float64) string {
	if x == nil {
		return "–"
	}
	return strconv.FormatFloat(*x, 'f', 1, 64) + thin + "×"
}

func date(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.UTC().Format("2 Jan 2006")
}

func moment(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.UTC().Format("2 Jan 2006, 15:04 UTC")
}

func size(n any) string {
	switch n := n.(type) {
	case int64:
		return humanize.IBytes(uint64(max(n, 0)))
	case uint64:
		return humanize.IBytes(n)
	}
	return ""
}

// bands are the four bands, the smallest first.
func bands() []prevalence.Band {
	b := prevalence.Bands()
	return b[:]
}

func bandTitle(b prevalence.Band) string { return b.Title() }

// number is what a thing has in one band.
func number(n query.Numbers, b prevalence.Band) query.Number { return *n.Band(b) }

// covered is how far the crawl of a band was.
func covered(s *query.Snapshot, b prevalence.Band) query.Coverage {
	for _, c := range s.Bands {
		if c.Band == b.String() {
			return c
		}
	}
	return query.Coverage{Band: b.String()}
}

// barsOf are bars of numbers up to a share.
type barsOf struct {
	query.Numbers
	Edge float64
}

func bars(n query.Numbers) barsOf { return barsOf{n, rightEdge(&n)} }

// known reports whether anything is known of how common a thing is.
func known(n query.Numbers) bool { return n.Community.Scanned > 0 }

// slug is a word that can stand in a class: a label, an outcome, a state.
func slug(word any) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '-'
	}, fmt.Sprint(word))
}

// tail is what of a label a table says: nothing of an id but what follows the slash.
func tail(id string) string {
	if _, after, found := strings.Cut(id, "/"); found {
		return after
	}
	return id
}

// short cuts a text that would tear a table apart.
func short(text string, runes int) string {
	r := []rune(text)
	if len(r) <= runes {
		return text
	}
	return string(r[:runes]) + "…"
}

// contextWords says when code of a context runs.
func contextWords(context string) string {
	switch context {
	case "install":
		return "while it is installed"
	case "startup":
		return "at every start of the interpreter"
	case "import":
		return "when it is imported"
	case "call":
		return "when a function is called"
	case "package":
		return "in the package itself, no code"
	case "support":
		return "in tests, documentation, examples"
	}
	return context
}

func behaviorURL(id string) string {
	category, slug, _ := strings.Cut(id, "/")
	return "/behaviors/" + url.PathEscape(category) + "/" + url.PathEscape(slug)
}

func projectURL(name string) string { return "/projects/" + url.PathEscape(name) }

func symbolURL(name string) string { return "/symbols?q=" + url.QueryEscape(name) }

func indicatorURL(value string) string { return "/indicators?q=" + url.QueryEscape(value) }

// inspector is the page of a release where its files can be read; empty for an
// index whose files PyPI does not have.
func inspector(r *query.Report) string {
	u, err := url.Parse(r.Snapshot.Index.URL)
	if err != nil || u.Hostname() != "pypi.org" {
		return ""
	}
	return "https://inspector.pypi.io/project/" + url.PathEscape(r.Project) + "/" + url.PathEscape(r.Version) + "/"
}

// advisory is where a vulnerability is explained.
func advisory(id string) string { return "https://osv.dev/vulnerability/" + url.PathEscape(id) }
