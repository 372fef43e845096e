package web

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"time"

	"prevalence/internal/store"
	"prevalence/query"
)

// statementPage is SQL of a reader's own against the views.
type statementPage struct {
	Statement string
	Examples  []example
	Views     []viewColumns
	Columns   []string
	Numeric   []bool // by column
	Rows      [][]string
	Cut       bool
	Ran       bool
	Took      string
	Refused   string // what the database said
	CSV, JSON string // addresses of the whole
}

type viewColumns struct {
	View    string
	Columns []query.View
}

// example is a statement to begin with.
type example struct{ Title, Statement, URL string }

// current is the newest snapshot in a statement.
const current = "(SELECT max(snapshot) FROM snapshots)"

// Examples are statements that the page offers; each runs on any dataset.
func examples() []example {
	list := []example{
		{Title: "Snapshots, the newest first", Statement: "SELECT snapshot, taken, ranking, projects\nFROM snapshots\nORDER BY taken DESC"},
		{Title: "What the Top 1k does that the community does not", Statement: "SELECT id, maxIf(share, band = 'top1k') AS top1k, maxIf(share, band = 'community') AS community,\n       round(top1k / community, 1) AS ratio\nFROM prevalence\nWHERE snapshot = " + current + " AND kind = 'behavior' AND context = ''\nGROUP BY id HAVING community > 0\nORDER BY ratio DESC\nLIMIT 20"},
		{Title: "Behaviours at installation", Statement: "SELECT id, count, resolved, scanned, round(100 * share, 2) AS percent\nFROM prevalence\nWHERE snapshot = " + current + " AND kind = 'behavior'\n  AND context = 'install' AND band = 'community' AND count > 0\nORDER BY count DESC"},
		{Title: "Symbols that the most projects use", Statement: "SELECT name, kind, community\nFROM symbol_counts\nWHERE snapshot = " + current + "\nORDER BY community DESC\nLIMIT 20"},
		{Title: "Build backends", Statement: "SELECT id AS backend, count AS projects, round(100 * share, 1) AS percent\nFROM prevalence\nWHERE snapshot = " + current + " AND kind = 'build-backend' AND band = 'community'\nORDER BY projects DESC"},
		{Title: "Projects that could not be analysed", Statement: "SELECT project, version, rank, why\nFROM projects\nWHERE snapshot = " + current + " AND outcome = 'unanalysed'\nORDER BY rank = 0, rank, project"},
	}
	for i := range list {
		list[i].URL = "/sql?statement=" + url.QueryEscape(list[i].Statement)
	}
	return list
}

// Rows of an export.
const exportRows = 10_000

// statement shows or exports what a statement returns.
func (s *Site) statement(w http.ResponseWriter, req *http.Request) {
	p := &statementPage{Statement: strings.TrimSpace(req.FormValue("statement")), Examples: examples()}
	format := req.FormValue("format")
	limit := statementMax
	if format != "" {
		limit = exportRows
	}
	v := view{template: "sql", title: "SQL", tab: "/sql", data: p}
	var answer *query.Answer
	var at *query.Snapshot
	err := s.o.Pool.Ask(req.Context(), query.Slow, func(ctx context.Context, r *query.Reader) (err error) {
		if at, err = r.Snapshot(ctx, ""); err != nil {
			return err
		}
		if format == "" {
			if err := p.describe(ctx, r); err != nil {
				return err
			}
		}
		if p.Statement == "" || len(p.Statement) > 20_000 {
			return nil
		}
		began := time.Now()
		if answer, err = r.SQL(ctx, p.Statement, limit); err == nil {
			p.Took = time.Since(began).Round(time.Millisecond).String()
		}
		return err
	})
	var refused *store.RefusedError
	switch {
	case errors.As(err, &refused) && format == "":
		p.Refused, v.status = refused.Line, http.StatusBadRequest
	case errors.As(err, &refused):
		s.fail(w, req, at, badRequest{"The database refused: " + refused.Line})
		return
	case err != nil:
		s.fail(w, req, at, err)
		return
	case format == "" && answer != nil:
		p.show(answer)
	case format == "csv" && answer != nil:
		s.writeCSV(w, answer)
		return
	case format == "json" && answer != nil:
		w.Header().Set("Content-Type", "application/json")
		attach(w, answer, "json")
		_ = json.NewEncoder(w).Encode(answer) // the client may have gone
		return
	case format != "":
		s.fail(w, req, at, badRequest{fmt.Sprintf("There is no format %q; it is csv or json, with a statement.", cut(format, 20))})
		return
	}
	s.show(w, req, at, v)
}

// describe lists the views.
func (p *statementPage) describe(ctx context.Context, r *query.Reader) error {
	columns, err := r.Views(ctx)
	if err != nil {
		return err
	}
	for _, c := range columns {
		if n := len(p.Views); n == 0 || p.Views[n-1].View != c.View {
			p.Views = append(p.Views, viewColumns{View: c.View})
		}
		at := &p.Views[len(p.Views)-1]
		at.Columns = append(at.Columns, c)
	}
	return nil
}

func (p *statementPage) show(a *query.Answer) {
	p.Ran, p.Columns, p.Cut = true, a.Columns, a.Cut
	for _, t := range a.Types {
		t = strings.TrimPrefix(t, "Nullable(")
		p.Numeric = append(p.Numeric, strings.HasPrefix(t, "UInt") || strings.HasPrefix(t, "Int") || strings.HasPrefix(t, "Float"))
	}
	for _, row := range a.Rows {
		p.Rows = append(p.Rows, cells(row))
	}
	p.CSV = "/sql?format=csv&statement=" + url.QueryEscape(p.Statement)
	p.JSON = "/sql?format=json&statement=" + url.QueryEscape(p.Statement)
}

func cells(row []any) []string {
	out := make([]string, len(row))
	for i, v := range row {
		out[i] = cell(v)
	}
	return out
}

// cell is a value of any type as text.
func cell(v any) string {
	switch x := v.(type) {
	case nil:
		return ""
	case string:
		return x
	case time.Time:
		return x.UTC().Format(time.RFC3339)
	}
	value := reflect.ValueOf(v)
	switch value.Kind() {
	case reflect.Pointer:
		if value.IsNil() {
			return ""
		}
		return cell(value.Elem().Interface())
	case reflect.Slice, reflect.Map, reflect.Struct:
		if text, err := json.Marshal(v); err == nil {
			return string(text)
		}
	}
	return fmt.Sprint(v)
}

// attach makes a download of an answer.
func attach(w http.ResponseWriter, a *query.Answer, format string) {
	w.Header().Set("Content-Disposition", `attachment; filename="prevalence-`+a.Snapshot.Taken.UTC().Format("20060102T150405Z")+"."+format+`"`)
	w.Header().Set("Cache-Control", "no-store")
}

func (s *Site) writeCSV(w http.ResponseWriter, a *query.Answer) {
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	attach(w, a, "csv")
	out := csv.NewWriter(w)
	_ = out.Write(a.Columns) // Flush tells; the client may have gone
	for _, row := range a.Rows {
		_ = out.Write(cells(row))
	}
	out.Flush()
}
