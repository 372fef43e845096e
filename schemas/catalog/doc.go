// Package catalog holds the rules and issues: which facts of a release make
// which behaviour, and which behaviours and metadata make a judgement that a
// person acts on. Rules are YAML, one file a category under rules/, embedded;
// Default loads them, Load reads a folder of the same form.
//
// The package reads and checks the YAML and knows nothing of how facts are
// found: worker/behavior compiles a Catalog and runs the examples of its rules.
// See docs/adr/007-rule-format.md for the format and docs/writing-rules.md for
// how to write one.
//
// A Catalog is never changed after it was loaded and may be shared. The package
// imports nothing of ours and, apart from the file system that it is given,
// does no I/O.
package catalog
