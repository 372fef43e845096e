package api

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

var (
	//go:embed docs.html
	docsHTML string
	//go:embed docs.css
	docsCSS []byte
)

// docPage is what the page of the documentation is made of.
type docPage struct {
	Title, Version string
	About          []string
	Groups         []docGroup
	Schemas        []docSchema
}

type docGroup struct {
	Tag        string
	Operations []docOperation
}

type docOperation struct {
	ID, Method, Path, Summary, About string
	Parameters                       []docField
	Answer                           string // name of the answer's schema; empty: no JSON
	Example                          string // a command that asks it
}

type docSchema struct {
	Name, About string
	Fields      []docField
}

type docField struct {
	Name, In, Type, About string
	Schema                string // that the type leads to
	Required              bool
}

// documentation renders the page: no script, and nothing from elsewhere.
func documentation(doc *huma.OpenAPI) ([]byte, error) {
	p := docPage{Title: doc.Info.Title, Version: doc.Info.Version, About: strings.Split(doc.Info.Description, "\n\n")}
	for _, path := range slices.Sorted(maps.Keys(doc.Paths)) {
		item := doc.Paths[path]
		for method, op := range map[string]*huma.Operation{http.MethodGet: item.Get, http.MethodPost: item.Post} {
			if op == nil {
				continue
			}
			i := slices.IndexFunc(p.Groups, func(g docGroup) bool { return g.Tag == op.Tags[0] })
			if i < 0 {
				i = len(p.Groups)
				p.Groups = append(p.Groups, docGroup{Tag: op.Tags[0]})
			}
			p.Groups[i].Operations = append(p.Groups[i].Operations, describeOperation(method, path, op))
		}
	}
	slices.SortFunc(p.Groups, func(a, b docGroup) int { return strings.Compare(a.Tag, b.Tag) })
	schemas := doc.Components.Schemas.Map()
	for _, name := range slices.Sorted(maps.Keys(schemas)) {
		s := docSchema{Name: name, About: schemas[name].Description}
		for _, property := range slices.Sorted(maps.Keys(schemas[name].Properties)) {
			of := schemas[name].Properties[property]
			text, leads := typeName(of)
			s.Fields = append(s.Fields, docField{Name: property, Type: text, Schema: leads, About: of.Description, Required: slices.Contains(schemas[name].Required, property)})
		}
		p.Schemas = append(p.Schemas, s)
	}
	t, err := template.New("docs").Parse(docsHTML)
	if err != nil {
		return nil, fmt.Errorf("api: documentation: %w", err)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, p); err != nil {
		return nil, fmt.Errorf("api: documentation: %w", err)
	}
	return b.Bytes(), nil
}

func describeOperation(method, path string, op *huma.Operation) docOperation {
	d := docOperation{ID: op.OperationID, Method: method, Path: path, Summary: op.Summary, About: op.Description}
	address, query := path, []string{}
	for _, x := range op.Parameters {
		text, _ := typeName(x.Schema)
		f := docField{Name: x.Name, In: x.In, Type: text, About: firstNonEmpty(x.Description, x.Schema.Description), Required: x.Required}
		if x.Schema.Default != nil {
			f.About += fmt.Sprintf(" (default %v)", x.Schema.Default)
		}
		d.Parameters = append(d.Parameters, f)
		example := fmt.Sprint(firstNonNil(x.Example, x.Schema.Examples, x.Schema.Enum, "…"))
		switch {
		case x.In == "path":
			address = strings.Replace(address, "{"+x.Name+"}", example, 1)
		case x.Required:
			query = append(query, "--data-urlencode '"+x.Name+"="+example+"'")
		}
	}
	switch {
	case method == http.MethodPost:
		d.Example = `curl -H 'Content-Type: application/json' -d '{"statement": "SELECT snapshot, taken, projects FROM snapshots"}' http://127.0.0.1:8080` + address
	case len(query) > 0:
		d.Example = "curl -G " + strings.Join(query, " ") + " http://127.0.0.1:8080" + address
	default:
		d.Example = "curl http://127.0.0.1:8080" + address
	}
	if ok := op.Responses["200"]; ok != nil && ok.Content["application/json"] != nil && ok.Content["application/json"].Schema != nil {
		_, d.Answer = typeName(ok.Content["application/json"].Schema)
	}
	return d
}

// firstNonNil is the first example that is there, of a list its first.
func firstNonNil(values ...any) any {
	for _, v := range values {
		if list, ok := v.([]any); ok {
			if len(list) == 0 {
				continue
			}
			return list[0]
		}
		if v != nil {
			return v
		}
	}
	return ""
}

// typeName is a schema in a word or two, and the schema that it leads to.
func typeName(s *huma.Schema) (text, leads string) {
	if s.Ref != "" {
		name := s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]
		return name, name
	}
	if len(s.OneOf) > 0 {
		text, leads = typeName(s.OneOf[0])
		return text + " or null", leads
	}
	if s.Items != nil {
		text, leads = typeName(s.Items)
		return "list of " + text, leads
	}
	text = firstNonEmpty(s.Type, "any")
	if s.Format != "" && s.Type == huma.TypeString {
		text = s.Format
	}
	if len(s.Enum) > 0 {
		var words []string
		for _, v := range s.Enum {
			words = append(words, fmt.Sprint(v))
		}
		text = strings.Join(words, " | ")
	}
	return text, ""
}

func (a *API) docs(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	_, _ = w.Write(a.page)
}

func style(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	_, _ = w.Write(docsCSS)
}
