package pysource

// The budgets of source that stands in constants of one text.
const (
	maxNesting     = 4       // constants inside constants
	maxNestedBytes = 1 << 20 // in all
	maxNestedRuns  = 20000
)

// nested reads a constant that exec or eval runs as source, in the scope of the
// call, and returns the value of its last expression. Its facts carry the line
// of the call.
func (s *Scanner) nested(v value, line uint32) value {
	src := s.text(v)
	if s.mute > 0 || len(src) == 0 {
		return value{taint: v.taint}
	}
	if s.nesting >= maxNesting || s.nestedBytes+len(src) > maxNestedBytes || s.nestedRuns >= maxNestedRuns {
		s.cut("nesting")
		return value{taint: v.taint}
	}
	s.nesting++
	s.nestedBytes += len(src)
	s.nestedRuns++
	s.emitName(Trait, s.names.vocab.trait[traitNested], 0, Resolved, line, line)

	saved := struct {
		lex                           lexer
		src                           []byte
		toks                          []token
		p, depth, indent, base, quiet int
		tail                          tail
		last                          value
		ctx                           Context
	}{s.lex, s.src, s.toks, s.p, s.depth, s.indent, s.blockBase, s.quiet, s.tail, s.last, s.ctx}

	s.lex = s.nestedLex[s.nesting-1]
	s.depth, s.indent, s.quiet, s.blockBase = 0, 0, 0, len(s.blocks)
	s.result1 = value{}
	var buf []byte // constants point into it, so it is a new one each time
	s.read(prepare(src, &buf).src, line, 0)
	r := s.result1
	s.nestedLex[s.nesting-1] = s.lex

	s.lex, s.src, s.toks = saved.lex, saved.src, saved.toks
	s.p, s.depth, s.indent, s.blockBase, s.quiet = saved.p, saved.depth, saved.indent, saved.base, saved.quiet
	s.tail, s.last, s.ctx = saved.tail, saved.last, saved.ctx
	s.nesting--
	r.taint |= v.taint
	return r
}
