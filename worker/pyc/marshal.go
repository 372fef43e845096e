package pyc

import "encoding/binary"

// flagRef marks an object that later ones refer to by number.
const flagRef = 0x80

// value is one marshalled object. Only what Source needs is kept: strings,
// whole numbers, containers and code.
type value struct {
	text  []byte // of a string or bytes; shares the file's memory
	items []value
	code  *code
	n     int
	kind  valueKind
}

type valueKind uint8

const (
	other  valueKind = iota
	text             // str, and Python 2's 8-bit strings
	octets           // bytes
	number
	items
	constant // None, True, False: text is its name
)

// code is a code object.
type code struct {
	name      string
	bytecode  []byte
	consts    []value
	names     []value
	locals    []value // parameters first
	free      []value // cell and free variables, before 3.11
	arguments int     // positional and keyword-only ones
	flags     int
}

const (
	flagOptimized = 0x1 // locals are numbered: a function, not a class body or a module
	flagVarArgs   = 0x4
	flagVarKwargs = 0x8
)

// layout is how a version lays a code object out.
type layout struct {
	counts    int  // whole numbers before the bytecode
	arguments int  // the first of them are numbers of arguments
	plus      bool // 3.11: one list of locals, a qualified name, an exception table
	eightBit  valueKind
}

func layouts(version string) []layout {
	old, keywordOnly, positional, plus := layout{4, 1, false, text}, layout{5, 2, false, octets},
		layout{6, 3, false, octets}, layout{5, 3, true, octets}
	switch version {
	case "":
		return []layout{plus, positional, keywordOnly, old}
	case "2.3", "2.4", "2.5", "2.6", "2.7":
		return []layout{old}
	case "3.0", "3.1", "3.2", "3.3", "3.4", "3.5", "3.6", "3.7":
		return []layout{keywordOnly}
	case "3.8", "3.9", "3.10":
		// The first previews of 3.8 had no positional-only arguments.
		return []layout{positional}
	}
	return []layout{plus}
}

// reader reads marshal's encoding.
//
// Source: CPython, Python/marshal.c, formats 0 to 5.
type reader struct {
	data     []byte
	at       int
	layout   layout
	limits   Limits
	left     int     // objects that may still be read
	refs     []value // what 'r' refers to
	interned []value // what Python 2's 'R' refers to
	cut      string
}

func (r *reader) stop(why string) {
	if r.cut == "" {
		r.cut = why
	}
	r.at = len(r.data)
}

// take returns the next n bytes, fewer at the end.
func (r *reader) take(n int) []byte {
	if n < 0 || n > len(r.data)-r.at {
		b := r.data[r.at:]
		r.stop("damaged")
		if len(b) > n && n >= 0 {
			b = b[:n]
		}
		return b
	}
	b := r.data[r.at : r.at+n]
	r.at += n
	return b
}

func (r *reader) byte() int {
	if b := r.take(1); len(b) == 1 {
		return int(b[0])
	}
	return 0
}

func (r *reader) long() int {
	if b := r.take(4); len(b) == 4 {
		return int(int32(binary.LittleEndian.Uint32(b)))
	}
	return 0
}

// ended reports that there is nothing more to read.
func (r *reader) ended() bool { return r.at >= len(r.data) }

// value reads one object.
func (r *reader) value(depth int) value {
	v, _ := r.object(depth)
	return v
}

// object reads one object; null is the end of a dict.
func (r *reader) object(depth int) (v value, null bool) {
	if r.ended() {
		r.stop("damaged")
		return value{}, true
	}
	if depth > r.limits.Nesting {
		r.stop("nesting")
		return value{}, true
	}
	if r.left == 0 {
		r.stop("objects")
		return value{}, true
	}
	r.left--
	kind := r.byte()
	slot := -1
	if kind&flagRef != 0 {
		slot = len(r.refs)
		r.refs = append(r.refs, value{})
	}
	switch kind &^ flagRef {
	case '0':
		return value{}, true
	case 'i':
		v = value{kind: number, n: r.long()}
	case 'I', 'g':
		r.take(8)
	case 'y':
		r.take(16)
	case 'f':
		r.take(r.byte())
	case 'x':
		r.take(r.byte())
		r.take(r.byte())
	case 'l':
		n := r.long()
		r.take(2 * max(n, -n))
	case 's':
		v = value{kind: r.layout.eightBit, text: r.take(r.long())}
	case 'u', 'a', 'A':
		v = value{kind: text, text: r.take(r.long())}
	case 't':
		v = value{kind: text, text: r.take(r.long())}
		r.interned = append(r.interned, v)
	case 'z', 'Z':
		v = value{kind: text, text: r.take(r.byte())}
	case 'R':
		if n := r.long(); n >= 0 && n < len(r.interned) {
			v = r.interned[n]
		}
	case 'r':
		if n := r.long(); n >= 0 && n < len(r.refs) {
			v = r.refs[n]
		}
	case ')':
		v = r.list(r.byte(), depth)
	case '(', '[', '<', '>':
		v = r.list(r.long(), depth)
	case '{':
		v = r.dict(depth)
	case ':': // a slice
		v = r.list(3, depth)
	case 'c':
		v = value{code: r.code(depth)}
	case 'N':
		v = value{kind: constant, text: []byte("None")}
	case 'T':
		v = value{kind: constant, text: []byte("True")}
	case 'F':
		v = value{kind: constant, text: []byte("False")}
	case 'S', '.': // StopIteration, Ellipsis
	default:
		r.stop("damaged")
	}
	if slot >= 0 {
		r.refs[slot] = v
	}
	return v, false
}

func (r *reader) list(n, depth int) value {
	v := value{kind: items}
	for i := 0; i < n && !r.ended(); i++ {
		v.items = append(v.items, r.value(depth+1))
	}
	return v
}

func (r *reader) dict(depth int) value {
	v := value{kind: items}
	for !r.ended() {
		key, end := r.object(depth + 1)
		if end {
			break
		}
		v.items = append(v.items, key, r.value(depth+1))
	}
	return v
}

func (r *reader) code(depth int) *code {
	c := &code{}
	var counts [6]int
	for i := range r.layout.counts {
		counts[i] = r.long()
	}
	c.flags = counts[r.layout.counts-1]
	// Positional-only arguments are among the positional ones.
	c.arguments = counts[0]
	if r.layout.arguments > 1 {
		c.arguments += counts[r.layout.arguments-1]
	}
	next := func() value { return r.value(depth + 1) }
	c.bytecode = next().text
	c.consts = next().items
	c.names = next().items
	c.locals = next().items
	if r.layout.plus {
		next() // kinds of locals
	} else {
		free, cells := next(), next()
		c.free = append(append(c.free, cells.items...), free.items...)
	}
	next() // file name: where it was compiled, nobody's business
	c.name = string(next().text)
	if r.layout.plus {
		next() // qualified name
	}
	r.long() // first line
	next()   // lines
	if r.layout.plus {
		next() // exceptions
	}
	return c
}
