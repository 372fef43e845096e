package pysource

// Result is what one source text gave. Its slices belong to the Scanner and
// are valid until its next Scan.
type Result struct {
	Facts   []Fact
	Strings []Literal
	// Cut names the budget that was exceeded, so that the rest was read less
	// closely or not at all: "size", "nesting", "names", "facts", "fold"; empty when
	// everything was read.
	Cut   string
	Lines int // of the text
}

// Literal is a string constant of at least 4 bytes, after folding, for literal
// matching. Value has its escapes undone.
type Literal struct {
	Value   []byte
	Context Context
	Doc     bool   // a docstring, or any string that stands alone as a statement
	Line    uint32 // 1-based, where it begins
}
