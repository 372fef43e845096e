// Package peers says which behaviours of the catalogue the rules of other
// scanners stand for. The mapping is data, reviewed like rules: a file a tool,
// which lists every rule that the tool has for Python.
//
//	rule       id of the rule, as the tool prints it
//	name       what the tool calls it, for the reviewer
//	behaviors  what a finding of it may be; each is one of the catalogue
//	fit        how the rule compares with them, see Fit
//	none       why no behaviour of the catalogue fits; instead of the two above
//
// Where several behaviours stand, a finding is one of them and the rule does
// not say which.
package peers
