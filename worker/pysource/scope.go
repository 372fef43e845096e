package pysource

import "math/bits"

// symbol is what an identifier stands for in the file being read: its binding
// at module level, and the innermost one in a function or class.
type symbol struct {
	gen   uint32 // of the file; another one's is void
	local uint32 // index in bindings; 0: none
	block uint32 // serial of the block that bound it at module level; 0: unbound
	mod   value
}

// binding is a name bound in a function, class, lambda or comprehension.
type binding struct {
	name   Name
	prev   uint32 // binding that this one hides
	scope  int32  // index in scopes
	block  uint32
	global bool // declared global: the module's binding is meant
	val    value
}

// scope is a function, class, lambda or comprehension that is being read.
type scope struct {
	isClass bool
	inert   bool // a lambda or comprehension: not part of qualified names
	name    Name
	qual    Name // qualified name; zero until it is asked for
	base    int  // bindings that were there before
	lates   int  // late names that were there before
	class   int32
	ctx     Context // of the code around it
	ret     value   // what its return statements give
	fn      uint32  // index in funcs
}

// block is an indented suite. Names that are bound anew in a conditional one
// are joined with what they were when it ends.
type block struct {
	indent int // of its header
	serial uint32
	log    int // rebound entries that were there before
	scoped bool
	guard  bool // if __name__ == "__main__"
	ctx    Context
}

// rebound remembers what a conditional block overwrote.
type rebound struct {
	name  Name
	bind  uint32 // 0: module level
	block uint32
	old   value
}

const maxScopes = 200

func (s *Scanner) symbol(n Name) *symbol {
	if int(n) >= len(s.symbols) {
		s.growSymbols()
	}
	e := &s.symbols[n]
	if e.gen != s.gen {
		*e = symbol{gen: s.gen}
	}
	return e
}

func (s *Scanner) growSymbols() {
	grown := make([]symbol, max(2*len(s.symbols), s.names.Len()+1024))
	copy(grown, s.symbols)
	s.symbols = grown
}

// lookup returns what a name stands for; bound is false when nothing in this
// file has bound it so far.
func (s *Scanner) lookup(n Name) (v value, bound bool) {
	e := s.symbol(n)
	for i := e.local; i != 0; i = s.bindings[i].prev {
		b := &s.bindings[i]
		if b.global {
			break
		}
		if s.scopes[b.scope].isClass && int(b.scope) != len(s.scopes)-1 {
			continue // a method does not see its class's names
		}
		return b.val, true
	}
	if e.block != 0 {
		return e.mod, true
	}
	return value{}, false
}

// bind gives a name a value in the current scope.
func (s *Scanner) bind(n Name, v value) {
	e := s.symbol(n)
	if len(s.scopes) > 0 {
		cur := int32(len(s.scopes) - 1)
		if i := e.local; i != 0 && s.bindings[i].scope == cur {
			b := &s.bindings[i]
			if !b.global {
				if b.block < s.serial {
					s.log = append(s.log, rebound{n, i, b.block, b.val})
					b.block = s.serial
				}
				b.val = v
				return
			}
		} else {
			s.bindings = append(s.bindings, binding{name: n, prev: e.local, scope: cur, block: s.serial, val: v})
			e.local = uint32(len(s.bindings) - 1)
			return
		}
	}
	s.bindModule(n, v)
}

func (s *Scanner) bindModule(n Name, v value) {
	e := s.symbol(n)
	if e.block != 0 && e.block < s.serial {
		s.log = append(s.log, rebound{n, 0, e.block, e.mod})
	}
	e.mod, e.block = v, s.serial
	if int(n) < len(s.names.vocab.builtin) && s.names.vocab.builtin[n] != 0 {
		s.shadowed = true
	}
}

// declareGlobal makes a name of the current function the module's.
func (s *Scanner) declareGlobal(n Name) {
	if len(s.scopes) == 0 {
		return
	}
	e := s.symbol(n)
	s.bindings = append(s.bindings, binding{name: n, prev: e.local, scope: int32(len(s.scopes) - 1), block: s.serial, global: true})
	e.local = uint32(len(s.bindings) - 1)
}

func (s *Scanner) pushScope(sc scope) bool {
	if len(s.scopes) >= maxScopes {
		s.cut("nesting")
		return false
	}
	sc.base, sc.lates, sc.ctx = len(s.bindings), len(s.lates), s.ctx
	s.scopes = append(s.scopes, sc)
	s.qual = 0
	return true
}

func (s *Scanner) popScope() {
	top := len(s.scopes) - 1
	sc := &s.scopes[top]
	if !sc.isClass {
		s.resolveEnclosed(int32(top), sc.lates)
	}
	for i := len(s.bindings) - 1; i >= sc.base; i-- {
		b := &s.bindings[i]
		s.symbols[b.name].local = b.prev
		if sc.isClass && !b.global {
			s.setAttr(sc.class, b.name, b.val)
		}
	}
	s.bindings = s.bindings[:sc.base]
	for n := len(s.filemarks); n > 0 && s.filemarks[n-1].scope > top; n-- {
		s.filemarks = s.filemarks[:n-1]
	}
	s.ctx = sc.ctx
	if sc.fn != 0 {
		s.funcs[sc.fn] = sc.ret
	}
	s.scopes = s.scopes[:top]
	s.qual = 0
}

// scopeName returns the qualified name of the definition that is being read.
func (s *Scanner) scopeName() Name {
	if s.qual != 0 || len(s.scopes) == 0 {
		return s.qual
	}
	var q Name
	for i := range s.scopes {
		sc := &s.scopes[i]
		if sc.inert {
			continue
		}
		if sc.qual == 0 {
			sc.qual = s.names.scoped(q, sc.name)
		}
		q = sc.qual
	}
	s.qual = q
	return q
}

// pushBlock opens the suite of a header with the current line's indentation.
// A plain one (of "with") changes nothing about its names.
func (s *Scanner) pushBlock(b block, plain bool) {
	b.indent, b.log, b.ctx = s.indent, len(s.log), s.ctx
	b.serial = s.serial
	if !plain {
		s.serials++
		s.serial = s.serials
	}
	s.blocks = append(s.blocks, b)
}

// dedent closes the suites that a line with this indentation is not part of.
func (s *Scanner) dedent(indent int) {
	for n := len(s.blocks); n > s.blockBase && indent <= s.blocks[n-1].indent; n-- {
		s.popBlock()
	}
}

func (s *Scanner) popBlock() {
	b := s.blocks[len(s.blocks)-1]
	s.blocks = s.blocks[:len(s.blocks)-1]
	if b.scoped {
		s.popScope()
	}
	for i := len(s.log) - 1; i >= b.log; i-- {
		r := &s.log[i]
		if r.bind == 0 {
			e := s.symbol(r.name)
			e.mod, e.block = s.join(r.old, e.mod), r.block
		} else if int(r.bind) < len(s.bindings) && s.bindings[r.bind].name == r.name {
			t := &s.bindings[r.bind]
			t.val, t.block = s.join(r.old, t.val), r.block
		}
	}
	s.log = s.log[:b.log]
	s.serial = b.serial
	if b.guard {
		s.ctx = b.ctx
	}
}

// class is a class of the file: its attributes are in Scanner.attrs.
type class struct {
	bases [3]value
}

// attrSlot maps an attribute of a class, by attrKey, to a value.
type attrSlot struct {
	key uint64
	val value
}

// attrKey is never zero.
func attrKey(cls int32, n Name) uint64 { return uint64(cls+1)<<32 | uint64(n) }

const minAttrs = 6 // log2 of the smallest table of attributes

func (s *Scanner) resetAttrs() {
	if s.attrs != nil {
		s.attrSizes.leave(s.attrs)
	}
	s.attrCount = 0
	s.setAttrs(minAttrs)
}

func (s *Scanner) setAttrs(log int) {
	s.attrs, s.attrShift = s.attrSizes.table(log), uint(64-log)
}

// attrSlot returns the slot of a key, or the free one where it belongs.
func (s *Scanner) attrSlot(key uint64) *attrSlot {
	for i := key * s.names.mul >> (s.attrShift & 63); ; i++ {
		a := &s.attrs[i&uint64(len(s.attrs)-1)]
		if a.key == key || a.key == 0 {
			return a
		}
	}
}

// setAttr notes what an attribute of a class's instances holds. Several
// assignments are joined: methods run in any order.
func (s *Scanner) setAttr(cls int32, n Name, v value) {
	key := attrKey(cls, n)
	a := s.attrSlot(key)
	if a.key != 0 {
		a.val = s.join(a.val, v)
		return
	}
	*a = attrSlot{key, v}
	s.attrCount++
	if 2*s.attrCount > len(s.attrs) {
		old := s.attrs
		s.setAttrs(bits.TrailingZeros(uint(len(old))) + 1)
		for _, a := range old {
			if a.key != 0 {
				*s.attrSlot(a.key) = a
			}
		}
		s.attrSizes.leave(old)
	}
}

// attr returns what is known of an attribute of a class of the file: its own,
// or, when it has a base from elsewhere, that one's.
func (s *Scanner) attr(cls int32, n Name) value {
	for range 20 {
		if a := s.attrSlot(attrKey(cls, n)); a.key != 0 {
			return a.val
		}
		next := int32(-1)
		for _, b := range s.classes[cls].bases {
			switch b.kind {
			case vDotted:
				return value{kind: vDotted, flags: flagMaybe, id: uint32(s.names.dot(b.name(), n))}
			case vClass:
				if next < 0 {
					next = int32(b.id)
				}
			}
		}
		if next < 0 {
			return value{}
		}
		cls = next
	}
	return value{}
}

// openClass returns what a name holds in the body of a class that is still
// being read.
func (s *Scanner) openClass(cls int32, n Name) value {
	for i := s.symbol(n).local; i != 0; i = s.bindings[i].prev {
		if sc := &s.scopes[s.bindings[i].scope]; sc.isClass && sc.class == cls {
			return s.bindings[i].val
		}
	}
	return value{}
}
