package api

import (
	"bytes"
	"encoding/json"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"prevalence/query"
	"prevalence/schemas/catalog"
)

var update = flag.Bool("update", false, "write comments.json anew")

var (
	nilWord = regexp.MustCompile(`\bnil\b`)
	quoted  = strings.NewReplacer("\n", " ", "`", "")
)

// TestComments: comments.json is what the comments of the Go types say, and
// every property of every answer has one or speaks for itself.
func TestComments(t *testing.T) {
	a, err := New(Options{Pool: query.NewPool(nil, nil, query.PoolOptions{}), Catalog: &catalog.Catalog{}})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Register(http.NewServeMux()); err != nil {
		t.Fatal(err)
	}
	sources := make(map[string]map[string]*ast.StructType)
	texts := make(map[*ast.StructType]string)
	of := func(t reflect.Type) *ast.StructType {
		folder, ours := strings.CutPrefix(t.PkgPath(), "prevalence/")
		if !ours {
			return nil
		}
		if sources[folder] == nil {
			sources[folder] = structsIn(filepath.Join("../..", folder), texts)
		}
		return sources[folder][t.Name()]
	}
	comments := make(map[string]string)
	registry := a.huma.OpenAPI().Components.Schemas
	for name := range registry.Map() {
		typ := registry.TypeFromRef("#/components/schemas/" + name)
		for typ.Kind() == reflect.Pointer {
			typ = typ.Elem()
		}
		source := of(typ)
		if source == nil {
			continue // unnamed, or of the library
		}
		if text := texts[source]; text != "" {
			comments[name] = text
		}
		addFields(comments, name, typ, of)
	}
	if len(comments) < 150 {
		t.Errorf("only %d comments were found", len(comments))
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", " ")
	e.SetEscapeHTML(false)
	if err := e.Encode(comments); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("comments.json", b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(commentsJSON, b.Bytes()) {
		t.Error("comments.json is not what the comments say: run this test with -update")
	}
}

// structsIn are the structs of a package, with their comments in texts.
func structsIn(folder string, texts map[*ast.StructType]string) map[string]*ast.StructType {
	found := make(map[string]*ast.StructType)
	files, _ := filepath.Glob(filepath.Join(folder, "*.go"))
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			continue
		}
		for _, d := range file.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, s := range g.Specs {
				spec, ok := s.(*ast.TypeSpec)
				if !ok {
					continue
				}
				if of, ok := spec.Type.(*ast.StructType); ok {
					found[spec.Name.Name] = of
					texts[of] = wordsOf(spec.Name.Name, spec.Doc, g.Doc)
				}
			}
		}
	}
	return found
}

// addFields adds the comments of a type's fields, embedded ones included.
func addFields(comments map[string]string, name string, typ reflect.Type, of func(reflect.Type) *ast.StructType) {
	source := of(typ)
	for i := range typ.NumField() {
		f := typ.Field(i)
		inner := f.Type
		for inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		if f.Anonymous && f.Tag.Get("json") == "" && inner.Kind() == reflect.Struct {
			addFields(comments, name, inner, of)
			continue
		}
		property, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if property == "" {
			property = f.Name
		}
		if source == nil || !f.IsExported() {
			continue
		}
		for _, x := range source.Fields.List {
			for _, n := range x.Names {
				if n.Name == f.Name {
					if text := wordsOf(f.Name, x.Doc, x.Comment); text != "" {
						comments[name+"."+property] = text
					}
				}
			}
		}
	}
}

// wordsOf is the first of some comments, in the words of JSON.
func wordsOf(name string, groups ...*ast.CommentGroup) string {
	for _, g := range groups {
		if text := strings.TrimSpace(g.Text()); text != "" {
			text = nilWord.ReplaceAllString(strings.TrimPrefix(quoted.Replace(text), name+" "), "null")
			text = strings.TrimPrefix(strings.TrimPrefix(text, "is "), "are ")
			return strings.ToUpper(text[:1]) + text[1:]
		}
	}
	return ""
}
