package catalog

import "embed"

//go:embed rules/*.yaml issues.yaml
var files embed.FS

// Default loads the rules and issues that this build carries.
func Default() (*Catalog, error) { return new(Catalog).Extend(files, "built-in") }
