// Package pysource turns Python source text into facts: imports, resolved
// calls, argument atoms, flows, strings of a kind, traits of the text. It
// works on tokens, in one pass, without a syntax tree, and knows no rules.
package pysource
