package pyc

import (
	"bytes"
	"slices"
	"strconv"
	"unicode/utf8"
)

// unknown stands for every value that is not followed.
const unknown = "_unknown"

// Source returns the text that the package comment describes. It sets Cut when
// a limit ends it early. The zero Module has no text.
func (m *Module) Source() []byte {
	w := &writer{m: m}
	if m.root == nil {
		return nil
	}
	if !m.Known {
		w.constants(m.root, 0)
		return w.out
	}
	w.body(m.root, 0)
	return w.out
}

// writer writes the text.
type writer struct {
	m     *Module
	out   []byte
	work  int // steps and bytes so far; text may be written and thrown away
	depth int // code objects within code objects
}

// maxWork bounds the work on one file: code and constants may be referred to
// any number of times.
const maxWork = 64 << 20

// spend notes work.
func (w *writer) spend(n int) {
	if w.work += n; w.work > maxWork {
		w.m.Cut = "source"
	}
}

// line writes one line of text.
func (w *writer) line(indent int, parts ...string) {
	size := indent + 1
	for _, p := range parts {
		size += len(p)
	}
	if len(w.out)+size > w.m.limits.SourceBytes {
		w.m.Cut = "source"
		return
	}
	for range indent {
		w.out = append(w.out, ' ')
	}
	for _, p := range parts {
		w.out = append(w.out, p...)
	}
	w.out = append(w.out, '\n')
}

func (w *writer) full() bool { return w.m.Cut == "source" }

// constants writes the string constants of a code object and of those in it.
func (w *writer) constants(c *code, indent int) {
	for _, v := range c.consts {
		w.spend(16)
		switch {
		case w.full():
			return
		case v.code != nil:
			w.block(v.code, indent, w.constants)
		default:
			s, ok := literal(v, 0)
			w.spend(len(s))
			if ok {
				w.line(indent, unknown, " = ", s)
			}
		}
	}
}

// block writes a nested code object: a function, a class, or, for what runs
// where it stands, its body alone.
func (w *writer) block(c *code, indent int, body func(*code, int)) {
	w.depth++
	defer func() { w.depth-- }()
	switch {
	case w.depth > w.m.limits.Nesting:
		w.m.Cut = "nesting"
	case slices.Contains([]string{"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"}, c.name):
		body(c, indent)
	case c.flags&flagOptimized == 0:
		w.line(indent, "class ", identifier([]byte(c.name)), ":")
		body(c, indent+1)
		w.line(indent+1, "pass")
	default:
		w.line(indent, "def ", identifier([]byte(c.name)), "(", c.parameters(), "):")
		body(c, indent+1)
		w.line(indent+1, "pass")
	}
}

// parameters returns the names of a function's parameters.
func (c *code) parameters() string {
	n := c.arguments
	if c.flags&flagVarArgs != 0 {
		n++
	}
	if c.flags&flagVarKwargs != 0 {
		n++
	}
	var b []byte
	for i := 0; i < n && i < len(c.locals) && i < 256; i++ {
		if i > 0 {
			b = append(b, ", "...)
		}
		name := identifier(c.locals[i].text)
		if name == unknown { // Python 2's tuples
			name += strconv.Itoa(i)
		}
		b = append(b, name...)
	}
	return string(b)
}

// body writes what the bytecode of c uses, in its order.
func (w *writer) body(c *code, indent int) {
	b := &body{writer: w, code: c, indent: indent}
	ops := w.m.opcodes
	extended := 0
	for at := 0; at < len(c.bytecode) && !w.full(); {
		w.spend(16)
		number := c.bytecode[at]
		arg := 0
		switch {
		case ops.narrow() && number < 90:
			at++
		case ops.narrow():
			if at+3 > len(c.bytecode) {
				at = len(c.bytecode)
				continue
			}
			arg = int(c.bytecode[at+1]) | int(c.bytecode[at+2])<<8 | extended<<16
			at += 3
		default:
			if at+2 > len(c.bytecode) {
				at = len(c.bytecode)
				continue
			}
			arg = int(c.bytecode[at+1]) | extended<<8
			at += 2 + 2*ops.caches[number]
		}
		extended = 0
		o := ops.names[number]
		if o == opExtendedArg {
			extended = arg & 0xFFFF
			continue
		}
		b.step(o, arg)
	}
	b.flush()
	b.settle(false)
}

// identifier returns a name, or unknown when it is none.
func identifier(name []byte) string {
	for i, c := range name {
		letter := c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
		if !letter && (i == 0 || c < '0' || c > '9') {
			return unknown
		}
	}
	if len(name) == 0 || len(name) > 200 || slices.Contains(keywords, string(name)) || !utf8.Valid(name) {
		return unknown
	}
	return string(name)
}

// dotted returns a module's name, or unknown.
func dotted(name []byte) string {
	for part := range bytes.SplitSeq(name, []byte(".")) {
		if identifier(part) == unknown {
			return unknown
		}
	}
	return string(name)
}

var keywords = []string{
	"None", "True", "False", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del", "elif",
	"else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal", "not", "or", "pass",
	"raise", "return", "try", "while", "with", "yield",
}

// literal writes a constant as Python does; ok says that it holds a string.
func literal(v value, depth int) (s string, ok bool) {
	switch v.kind {
	case text:
		return quote(v.text, false), true
	case octets:
		return "b" + quote(v.text, true), true
	case number:
		return strconv.Itoa(v.n), false
	case constant:
		return string(v.text), false
	case items:
		if depth > 4 || len(v.items) > 10000 {
			return unknown, false
		}
		b := []byte("(")
		for _, item := range v.items {
			s, has := literal(item, depth+1)
			ok = ok || has
			b = append(append(b, s...), ", "...)
			if len(b) > 1<<20 {
				break
			}
		}
		return string(append(b, ')')), ok
	}
	return unknown, false
}

// quote writes a string. One that is not UTF-8 is written byte by byte.
func quote(s []byte, octets bool) string {
	const digits = "0123456789abcdef"
	plain := !octets && utf8.Valid(s)
	b := make([]byte, 0, len(s)+2)
	b = append(b, '\'')
	for _, c := range s {
		switch {
		case c == '\'' || c == '\\':
			b = append(b, '\\', c)
		case c == '\n':
			b = append(b, `\n`...)
		case c < 0x20 || c == 0x7F || c >= 0x80 && !plain:
			b = append(b, '\\', 'x', digits[c>>4], digits[c&15])
		default:
			b = append(b, c)
		}
	}
	return string(append(b, '\''))
}
