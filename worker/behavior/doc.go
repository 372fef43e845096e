// Package behavior matches the catalogue against the facts of one release and
// sums them: observations, symbols and indicators.
//
// Compile makes an immutable Matcher, which all workers share. Its Seeds are
// the first names of every pysource.Names, so that what a fact means to the
// rules is found by indexing an array with the fact's Name: the catalogue may
// grow without matching becoming slower. A name that is not a seed is looked at
// once a release, for wildcards.
//
// A Release takes the members of one release, in archive order, and is then
// asked for its Result. It is not safe for concurrent use.
package behavior
