package api

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// comments.json holds the comments of the Go types that answers are made of, by
// type and by type and property. A test writes it anew (-update).
//
//go:embed comments.json
var commentsJSON []byte

// describe gives the schemas of the document the words of the Go types.
func describe(doc *huma.OpenAPI) error {
	var comments map[string]string
	if err := json.Unmarshal(commentsJSON, &comments); err != nil {
		return fmt.Errorf("api: comments: %w", err)
	}
	for name, schema := range doc.Components.Schemas.Map() {
		schema.Description = firstNonEmpty(schema.Description, comments[strings.ToLower(name)])
		for property, of := range schema.Properties {
			if of.Ref == "" {
				of.Description = firstNonEmpty(of.Description, comments[strings.ToLower(name)+"."+property], comments["*."+property])
			}
		}
	}
	return nil
}

func firstNonEmpty(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
