package api

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"regexp"

	"github.com/danielgtaylor/huma/v2"
)

// comments.json holds the comments of the Go types that answers are made of, by
// type and by type and property. A test writes it anew (-update).
//
//go:embed comments.json
var commentsJSON []byte

// describe gives the schemas of the document the words of the Go types. An
// object of which they say that it may be nil may be null.
func describe(doc *huma.OpenAPI) error {
	var comments map[string]string
	if err := json.Unmarshal(commentsJSON, &comments); err != nil {
		return fmt.Errorf("api: comments: %w", err)
	}
	for name, schema := range doc.Components.Schemas.Map() {
		schema.Description = firstNonEmpty(schema.Description, comments[name])
		for property, of := range schema.Properties {
			about := comments[name+"."+property]
			switch {
			case of.Ref == "":
				of.Description = firstNonEmpty(of.Description, about)
			case missing.MatchString(about):
				schema.Properties[property] = &huma.Schema{Description: about, OneOf: []*huma.Schema{{Ref: of.Ref}, {Type: "null"}}}
			}
		}
	}
	return nil
}

var missing = regexp.MustCompile(`\b[Nn]ull\b`)

func firstNonEmpty(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
