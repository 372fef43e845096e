package pysource

import "bytes"

// Scanner reads source texts, one after another. It keeps its tables between
// them, so a worker's slot has one of its own; it is not safe for concurrent
// use.
type Scanner struct {
	names *Names
	lex   lexer
	src   []byte
	buf   []byte // of a text whose line ends were unified

	// The logical line that is being read, and the place in it.
	toks  []token
	p     int
	depth int
	tail  tail
	last  value // what the last target was given
	quiet int   // inside annotations: no references
	mute  int   // reading again: no facts at all

	// What names mean.
	gen       uint32
	symbols   []symbol
	bindings  []binding
	scopes    []scope
	blocks    []block
	log       []rebound
	serial    uint32 // of the current block
	serials   uint32
	indent    int
	ctx       Context
	qual      Name
	static    bool // the next function is a static method
	module    []Name
	stars     []Name
	classes   []class
	funcs     []value
	params    []parameter
	attrs     []attrSlot
	attrCount int
	attrShift uint
	attrSizes sizes[attrSlot]

	// Source in constants.
	nesting     int
	nestedBytes int
	nestedRuns  int
	nestedLex   [maxNesting]lexer
	blockBase   int   // blocks that were open around it
	result1     value // of its last expression

	// Values.
	inComprehension int
	folding         comprehensionFold
	lambdas         span // facts of the last lambda, which ended at lambdaEnd
	lambdaEnd       int
	foldSteps       int // what folding has cost
	folded          int // bytes that decoders gave
	opened          uint64
	callStart       int // token that the call begins with whose result is being found
	filemarks       []filemark
	semicolons      int

	consts []constant
	arena  []byte
	lists  []span
	elems  []value
	unions []union
	vals   []value
	args   []argument

	// Facts.
	facts        []Fact
	literals     []Literal
	lates        []lateNode
	known        []laterName // from a first reading of the text
	lateFacts    []lateFact
	lateBuiltins []uint32
	shadowed     bool
	scratch      []byte
	cutReason    string
}

// The budgets of one source text.
const (
	maxSource    = 8 << 20 // bytes read
	maxDecoded   = 2 << 20 // of a text that is neither UTF-8 nor ASCII
	maxFacts     = 1 << 19
	maxNewNames  = 1 << 17
	maxFolded    = 4 << 20 // bytes of constants
	maxFoldSteps = 1 << 22 // bytes, elements and tokens that folding looks at
)

// NewScanner returns a Scanner whose facts are named by n.
func NewScanner(n *Names) *Scanner { return &Scanner{names: n} }

// Scan reads one source text. It never fails: what cannot be understood is
// passed over. It does not change src.
func (s *Scanner) Scan(src []byte, f File) Result {
	s.known = s.known[:0]
	r := s.scan(src, f)
	if len(s.known) > 0 && s.cutReason == "" {
		// What is handed to a name that is imported further down is read
		// once it is known what the name stands for.
		r = s.scan(src, f)
	}
	return r
}

func (s *Scanner) scan(src []byte, f File) Result {
	s.begin()
	if len(src) > maxSource {
		src = src[:maxSource]
		s.cut("size")
	}
	t := prepare(src, &s.buf)
	if t.cut {
		s.cut("size")
	}
	s.setModule(f.Module)
	switch f.Role {
	case RoleScript:
		s.ctx = ContextCall
	case RoleInstall:
		s.ctx = ContextInstall
	case RoleStartup:
		s.ctx = ContextStartup
		s.startup(t.src)
		return s.result(t.src)
	case RoleSupport:
		s.ctx = ContextSupport
	default:
		s.ctx = ContextImport
	}
	s.read(t.src, 1, 1)
	if !t.ascii {
		if line := bidiLine(t.src); line > 0 {
			s.trait(traitBidi, line)
		}
	}
	if s.minified(t.src) {
		s.trait(traitMinified, 1)
	}
	return s.result(t.src)
}

// begin forgets the last text.
func (s *Scanner) begin() {
	s.gen++
	if s.gen == 0 { // wrapped: old stamps would look new
		clear(s.symbols)
		s.gen = 1
	}
	s.toks, s.p, s.depth, s.quiet, s.mute = nil, 0, 0, 0, 0
	s.bindings = append(s.bindings[:0], binding{})
	s.scopes, s.blocks, s.log = s.scopes[:0], s.blocks[:0], s.log[:0]
	s.serial, s.serials, s.indent, s.qual, s.static = 1, 1, 0, 0, false
	s.stars, s.classes, s.params = s.stars[:0], s.classes[:0], s.params[:0]
	s.resetAttrs()
	s.funcs = append(s.funcs[:0], value{})
	if cap(s.consts) > 1<<16 {
		s.consts = nil
	}
	s.consts, s.arena, s.lists, s.elems = s.consts[:0], s.arena[:0], s.lists[:0], s.elems[:0]
	s.unions, s.vals, s.args = s.unions[:0], s.vals[:0], s.args[:0]
	s.facts, s.literals = s.facts[:0], s.literals[:0]
	s.lates = append(s.lates[:0], lateNode{})
	s.lateFacts, s.lateBuiltins, s.shadowed = s.lateFacts[:0], s.lateBuiltins[:0], false
	s.cutReason = ""
	s.nesting, s.nestedBytes, s.nestedRuns, s.blockBase = 0, 0, 0, 0
	s.inComprehension, s.foldSteps, s.folded, s.opened, s.semicolons = 0, 0, 0, 0, 0
	s.filemarks = s.filemarks[:0]
}

// read reads a text whose lines count from line, step by step.
func (s *Scanner) read(src []byte, line, step uint32) {
	s.src = src
	l := &s.lex
	l.reset(s.names, src, line, step)
	maxLen := s.names.Len() + maxNewNames
	for {
		continued := l.mid
		if !l.next() {
			break
		}
		s.toks = l.toks
		s.logicalLine(continued)
		if s.names.Len() > maxLen {
			s.cut("names")
			break
		}
	}
	s.dedent(-1)
	if l.hidden != 0 {
		s.trait(traitHidden, l.hidden)
	}
	if l.odd != 0 {
		s.trait(traitHomoglyph, l.odd)
	}
}

func (s *Scanner) result(src []byte) Result {
	if len(s.lateFacts) > 0 || s.shadowed {
		s.resolveLate()
	}
	r := Result{Facts: s.facts, Strings: s.literals, Cut: s.cutReason}
	if len(src) > 0 {
		r.Lines = bytes.Count(src, newline)
		if src[len(src)-1] != '\n' {
			r.Lines++
		}
	}
	s.toks, s.src = nil, nil
	s.lex.truncate()
	return r
}

// cut notes the first budget that was exceeded.
func (s *Scanner) cut(why string) {
	if s.cutReason == "" {
		s.cutReason = why
	}
}

// trait adds a fact about the text.
func (s *Scanner) trait(t int, line uint32) {
	s.emitName(Trait, s.names.vocab.trait[t], 0, Resolved, line, line)
}

// setModule splits the module's dotted name into the packages that relative
// imports count from.
func (s *Scanner) setModule(module string) {
	s.module = s.module[:0]
	s.scratch = append(s.scratch[:0], module...)
	for rest := s.scratch; len(rest) > 0; {
		part := rest
		if i := bytes.IndexByte(rest, '.'); i >= 0 {
			part, rest = rest[:i], rest[i+1:]
		} else {
			rest = nil
		}
		s.module = append(s.module, s.names.Intern(part))
	}
}

// startup reads a .pth or .start file: the lines that begin with "import" are
// code, each on its own; "module:function" names what a .start file calls.
func (s *Scanner) startup(src []byte) {
	line := uint32(0)
	for len(src) > 0 {
		text := src
		if i := bytes.IndexByte(src, '\n'); i >= 0 {
			text, src = src[:i], src[i+1:]
		} else {
			src = nil
		}
		line++
		if bytes.HasPrefix(text, []byte("import ")) || bytes.HasPrefix(text, []byte("import\t")) {
			s.read(text, line, 0)
			continue
		}
		text = bytes.TrimSpace(text)
		i := bytes.IndexByte(text, ':')
		if i <= 0 || text[0] == '#' {
			continue
		}
		mod := s.dottedName(text[:i])
		fn := s.dottedName(text[i+1:])
		if mod != 0 && fn != 0 {
			s.emitName(Import, mod, 0, Resolved, line, line)
			s.emitName(Call, s.names.dot(mod, fn), 0, Resolved, line, line)
		}
	}
}

// dottedName returns the canonical Name of a dotted text, zero if it is none.
func (s *Scanner) dottedName(b []byte) Name {
	var full Name
	if len(b) == 0 || len(b) > 256 {
		return 0
	}
	for len(b) > 0 {
		part := b
		if i := bytes.IndexByte(b, '.'); i >= 0 {
			part, b = b[:i], b[i+1:]
		} else {
			b = nil
		}
		if !identifierBytes(part) {
			return 0
		}
		n := s.names.Intern(part)
		if full == 0 {
			full = s.names.vocab.canonical(n)
		} else {
			full = s.names.dot(full, n)
		}
	}
	return full
}
