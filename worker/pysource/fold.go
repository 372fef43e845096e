package pysource

import (
	"bytes"
	"math"
)

func truth(b bool) value {
	if b {
		return value{kind: vTrue}
	}
	return value{kind: vFalse}
}

func integer(i int64) value {
	if i < math.MinInt32 || i > math.MaxInt32 {
		return value{kind: vPlain}
	}
	return value{kind: vInt, id: uint32(int32(i))}
}

// number reads a small integer literal.
func number(b []byte) value {
	if len(b) == 1 && isDecimal(b[0]) {
		return value{kind: vInt, id: uint32(b[0] - '0')}
	}
	base := int64(10)
	if len(b) > 1 && b[0] == '0' {
		switch b[1] | 0x20 {
		case 'x':
			base, b = 16, b[2:]
		case 'o':
			base, b = 8, b[2:]
		case 'b':
			base, b = 2, b[2:]
		default:
			if isDecimal(b[1]) {
				base, b = 8, b[1:] // Python 2's octal
			}
		}
	}
	n := int64(0)
	for _, c := range b {
		var d int64
		switch {
		case c == '_':
			continue
		case isDecimal(c):
			d = int64(c - '0')
		case base == 16 && isHex(c):
			d = int64(hexValue(c))
		default:
			return value{kind: vPlain}
		}
		if n = n*base + d; d >= base || n > math.MaxInt32 {
			return value{kind: vPlain}
		}
	}
	return integer(n)
}

// operate returns "v op w".
func (s *Scanner) operate(op kind, v, w value) value {
	switch op {
	case tPlus:
		if v.kind == vStr && w.kind == vStr {
			return s.concat(v, w)
		}
		if v.kind == vList && w.kind == vList && s.spend(len(s.items(v))+len(s.items(w))) {
			base := len(s.vals)
			s.vals = append(append(s.vals, s.items(v)...), s.items(w)...)
			r := s.list(vList, s.vals[base:])
			s.vals = s.vals[:base]
			return r
		}
	case tPercent:
		if v.kind == vStr {
			if r, ok := s.percent(v, w); ok {
				return r
			}
			s.settle(v)
			s.settle(w)
			return value{kind: vInst, taint: v.taint | w.taint, id: uint32(s.names.vocab.id.str)}
		}
	case tStar:
		if v.kind == vStr && w.kind == vInt {
			return s.repeat(v, w.int())
		}
	case tSlash:
		if v.kind == vInst && v.name() == s.names.vocab.id.path || w.kind == vInst && w.name() == s.names.vocab.id.path {
			s.settle(v)
			s.settle(w)
			return instance(s.names.vocab.id.path)
		}
	case kOr, kAnd:
		return s.join(s.settle(v), s.settle(w))
	case tBar:
		if s.quiet > 0 {
			return s.join(v, w)
		}
	}
	if v.kind == vInt && w.kind == vInt {
		if r, ok := arithmetic(op, v.int(), w.int()); ok {
			return integer(r)
		}
	}
	if v.flags&flagPending != 0 {
		s.settle(v)
	}
	if w.flags&flagPending != 0 {
		s.settle(w)
	}
	if precedence[op] <= 4 {
		return value{}
	}
	r := value{taint: v.taint | w.taint}
	if op == tPlus && (v.kind == vStr || w.kind == vStr) {
		r.kind, r.id = vInst, uint32(s.names.vocab.id.str)
	}
	return r
}

func arithmetic(op kind, a, b int64) (int64, bool) {
	switch op {
	case tPlus:
		return a + b, true
	case tMinus:
		return a - b, true
	case tStar:
		return a * b, true
	case tCaret:
		return a ^ b, true
	case tAmp:
		return a & b, true
	case tBar:
		return a | b, true
	case tShl:
		if b >= 0 && b < 31 {
			return a << b, true
		}
	case tShr:
		if b >= 0 && b < 32 {
			return a >> b, true
		}
	case tDSlash, tSlash, tPercent:
		if b == 0 || op == tSlash && a%b != 0 {
			return 0, false
		}
		q, m := a/b, a%b
		if m != 0 && (m < 0) != (b < 0) {
			q, m = q-1, m+b
		}
		if op == tPercent {
			return m, true
		}
		return q, true
	case tDStar:
		r := int64(1)
		if b < 0 || b > 31 {
			return 0, false
		}
		for range b {
			if r *= a; r > math.MaxInt32 || r < math.MinInt32 {
				return 0, false
			}
		}
		return r, true
	}
	return 0, false
}

// grow appends to the arena of folded constants; it fails past the budget.
func (s *Scanner) grow(b []byte) bool {
	if len(s.arena)+len(b) > maxFolded {
		s.cut("fold")
		return false
	}
	s.arena = append(s.arena, b...)
	return true
}

// concat joins two constants. A long chain of additions extends the last
// result in place, so that it costs no more than its length.
func (s *Scanner) concat(v, w value) value {
	a, b := s.text(v), s.text(w)
	flags := v.flags&flagBytes | (v.flags|w.flags)&(flagChr|flagDecoded) | flagPending
	line := s.consts[v.id].line
	t := v.taint | w.taint
	if len(a)+len(b) > maxConstant {
		s.settle(v)
		s.settle(w)
		return value{taint: t}
	}
	start := len(s.arena) - len(a)
	if !(len(a) > 0 && start >= 0 && len(s.arena) > 0 && &s.arena[len(s.arena)-1] == &a[len(a)-1]) {
		start = len(s.arena)
		if !s.grow(a) {
			return value{taint: t}
		}
	}
	if !s.grow(b) {
		return value{taint: t}
	}
	r := s.constOf(s.arena[start:len(s.arena):len(s.arena)], line, flags)
	r.taint = t
	return r
}

func (s *Scanner) repeat(v value, n int64) value {
	b := s.text(v)
	if n < 0 || n > 4096 || !s.spend(len(b)*int(n)/8) || int64(len(b))*n > 1<<16 {
		s.settle(v)
		return value{taint: v.taint}
	}
	start := len(s.arena)
	for range n {
		if !s.grow(b) {
			return value{taint: v.taint}
		}
	}
	return s.constOf(s.arena[start:len(s.arena):len(s.arena)], s.consts[v.id].line, v.flags|flagPending)
}

// percent folds "…" % constants; %s, %d and %c of strings and integers.
func (s *Scanner) percent(v, w value) (value, bool) {
	var items []value
	switch w.kind {
	case vList:
		items = s.items(w)
	case vStr, vInt:
		items = []value{w}
	default:
		return value{}, false
	}
	b, start := s.text(v), len(s.arena)
	if !s.spend(len(b)) {
		return value{}, false
	}
	for len(b) > 0 {
		i := bytes.IndexByte(b, '%')
		if i < 0 || i+1 >= len(b) {
			break
		}
		if !s.grow(b[:i]) {
			return value{}, false
		}
		c := b[i+1]
		b = b[i+2:]
		if c == '%' {
			s.grow([]byte{'%'})
			continue
		}
		if len(items) == 0 || c != 's' && c != 'd' && c != 'c' || !s.growValue(items[0], c == 'c') {
			s.arena = s.arena[:start]
			return value{}, false
		}
		items = items[1:]
	}
	s.grow(b)
	return s.constOf(s.arena[start:len(s.arena):len(s.arena)], s.consts[v.id].line, v.flags&flagBytes|flagPending), true
}

// slice cuts v[from:to:step] out of a constant or list.
func (s *Scanner) slice(v value, bounds [3]value) value {
	var n int
	switch v.kind {
	case vStr:
		n = len(s.text(v))
	case vList:
		n = len(s.items(v))
	case vIter:
		return v
	default:
		return value{taint: v.taint}
	}
	at := [3]int{0, n, 1}
	for i, b := range bounds {
		switch b.kind {
		case vInt:
			at[i] = int(b.int())
			if i < 2 && at[i] < 0 {
				at[i] += n
			}
		case vUnknown, vNone:
			bounds[i].kind = vNone
		default:
			return value{taint: v.taint}
		}
	}
	step := at[2]
	if step == 0 {
		return value{taint: v.taint}
	}
	if step < 0 {
		if bounds[0].kind == vNone {
			at[0] = n - 1
		}
		if bounds[1].kind == vNone {
			at[1] = -1
		}
		at[0] = min(at[0], n-1)
	} else {
		at[0], at[1] = max(at[0], 0), min(at[1], n)
	}
	count := 0
	if step > 0 && at[1] > at[0] {
		count = (at[1] - at[0] + step - 1) / step
	} else if step < 0 && at[0] > at[1] && at[0] >= 0 {
		count = (at[0] - max(at[1], -1) - step - 1) / -step
	}
	if !s.spend(count / 8) {
		return value{taint: v.taint}
	}
	if v.kind == vList {
		items := s.items(v)
		base := len(s.vals)
		for i := range min(count, maxElems) {
			s.vals = append(s.vals, items[at[0]+i*step])
		}
		r := s.list(vList, s.vals[base:])
		s.vals = s.vals[:base]
		return r
	}
	b := s.text(v)
	if count == 0 {
		return s.constOf(nil, s.consts[v.id].line, v.flags)
	}
	if step == 1 {
		r := s.constOf(b[at[0]:at[0]+count:at[0]+count], s.consts[v.id].line, v.flags|flagPending)
		r.taint = v.taint
		return r
	}
	start := len(s.arena)
	if start+count > maxFolded {
		s.cut("fold")
		return value{taint: v.taint}
	}
	for i := range count {
		s.arena = append(s.arena, b[at[0]+i*step])
	}
	r := s.constOf(s.arena[start:len(s.arena):len(s.arena)], s.consts[v.id].line, v.flags|flagPending)
	r.taint = v.taint
	return r
}

// growValue appends what str() or chr() makes of v.
func (s *Scanner) growValue(v value, char bool) bool {
	switch v.kind {
	case vStr:
		return s.grow(s.text(v))
	case vInt:
		if char {
			return s.grow(encodeRune(v.int()))
		}
		return s.grow(appendInt(nil, v.int()))
	}
	return false
}
