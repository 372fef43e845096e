// Package dataset holds the contracts of exported datasets: the JSON Schema of
// reference.json.
package dataset

import _ "embed"

// ReferenceSchema is the JSON Schema of reference.json. It goes with every
// dataset, as reference.schema.json.
//
//go:embed reference.schema.json
var ReferenceSchema []byte
