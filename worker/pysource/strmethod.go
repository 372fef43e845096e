package pysource

import (
	"bytes"
	"unicode/utf8"
)

func firstRune(b []byte) rune {
	r, n := utf8.DecodeRune(b)
	if r == utf8.RuneError && n == 1 {
		return rune(b[0])
	}
	return r
}

func runeLen(b []byte) int {
	_, n := utf8.DecodeRune(b)
	return max(n, 1)
}

// strMethod folds a method of a constant.
func (s *Scanner) strMethod(r, callee, recv value, args []argument, first uint32) value {
	name := s.names.bytes(callee.name())
	name = name[len("builtins.str."):]
	b := s.text(recv)
	if !s.spend(len(b)) {
		return r
	}
	arg := func(i int) []byte {
		if v, ok := positional(args, i, 0); ok && v.kind == vStr {
			return s.text(v)
		}
		return nil
	}
	given := func(i int) bool { return i < len(args) }
	var out []byte
	switch string(name) {
	case "join":
		if len(args) == 1 {
			v := args[0].val
			if v.kind == vStr {
				v = s.characters(v)
			}
			if j, ok := s.joinStrings(recv, v, first); ok {
				j.taint |= r.taint
				return j
			}
		}
		return r
	case "encode", "decode":
		if !given(0) {
			return recoded(recv, string(name) == "encode")
		}
		if c := arg(0); c != nil {
			if v, ok := s.codec(c, recv, first); ok {
				v.taint |= r.taint
				return v
			}
		}
		return r
	case "lower", "casefold":
		out = bytes.ToLower(b)
	case "upper":
		out = bytes.ToUpper(b)
	case "swapcase":
		out = append(out, b...)
		for i, c := range out {
			if c|0x20 >= 'a' && c|0x20 <= 'z' {
				out[i] = c ^ 0x20
			}
		}
	case "title", "capitalize":
		out = bytes.ToLower(b)
		for i, c := range out {
			if c >= 'a' && c <= 'z' && (i == 0 || name[0] == 't' && !(out[i-1]|0x20 >= 'a' && out[i-1]|0x20 <= 'z')) {
				out[i] = c &^ 0x20
			}
		}
	case "strip", "lstrip", "rstrip":
		cut := " \t\n\r\f\v"
		if given(0) {
			if arg(0) == nil {
				return r
			}
			cut = string(arg(0))
		}
		out = b
		if name[0] != 'r' {
			out = bytes.TrimLeft(out, cut)
		}
		if name[0] != 'l' {
			out = bytes.TrimRight(out, cut)
		}
	case "removeprefix":
		out = bytes.TrimPrefix(b, arg(0))
	case "removesuffix":
		out = bytes.TrimSuffix(b, arg(0))
	case "replace":
		old, repl := arg(0), arg(1)
		if len(args) != 2 || len(old) == 0 || repl == nil && !isEmptyConst(s, args[1].val) {
			return r
		}
		if n := bytes.Count(b, old); len(b)+n*(len(repl)-len(old)) > maxConstant {
			return r
		}
		out = bytes.ReplaceAll(b, old, repl)
	case "split", "rsplit", "splitlines":
		return s.splitCall(r, recv, arg(0), given(0))
	case "format":
		if v, ok := s.formatCall(recv, args); ok {
			v.taint |= r.taint
			return v
		}
		return r
	case "hex":
		out = appendHex(nil, b)
	default:
		return r
	}
	if len(s.arena)+len(out) > maxFolded {
		s.cut("fold")
		return r
	}
	start := len(s.arena)
	s.arena = append(s.arena, out...)
	v := s.constOf(s.arena[start:len(s.arena):len(s.arena)], first, recv.flags|flagPending)
	v.taint = r.taint | recv.taint
	return v
}

func isEmptyConst(s *Scanner, v value) bool { return v.kind == vStr && len(s.text(v)) == 0 }

func recoded(v value, isBytes bool) value {
	v.flags &^= flagBytes
	if isBytes {
		v.flags |= flagBytes
	}
	return v
}

func appendHex(dst, b []byte) []byte {
	const digits = "0123456789abcdef"
	for _, c := range b {
		dst = append(dst, digits[c>>4], digits[c&15])
	}
	return dst
}

// splitCall folds "a b".split() and "a,b".split(",").
func (s *Scanner) splitCall(r, recv value, sep []byte, given bool) value {
	b := s.text(recv)
	if given && len(sep) == 0 || len(b) > 1<<16 {
		return r
	}
	base := len(s.vals)
	line := s.consts[recv.id].line
	add := func(p []byte) {
		if len(s.vals)-base <= maxElems {
			s.vals = append(s.vals, s.constOf(p[:len(p):len(p)], line, recv.flags&flagBytes))
		}
	}
	if given {
		for {
			i := bytes.Index(b, sep)
			if i < 0 {
				break
			}
			add(b[:i])
			b = b[i+len(sep):]
		}
		add(b)
	} else {
		for start, i := -1, 0; i <= len(b); i++ {
			if i < len(b) && stringBits[b[i]]&hasSpace == 0 {
				if start < 0 {
					start = i
				}
			} else if start >= 0 {
				add(b[start:i])
				start = -1
			}
		}
	}
	v := s.list(vList, s.vals[base:])
	s.vals = s.vals[:base]
	if v.kind == vUnknown {
		return r
	}
	return v
}

// formatCall folds "{} {0} {name}".format(constants).
func (s *Scanner) formatCall(recv value, args []argument) (value, bool) {
	b, start, auto := s.text(recv), len(s.arena), 0
	fail := func() (value, bool) {
		s.arena = s.arena[:start]
		return value{}, false
	}
	for len(b) > 0 {
		i := bytes.IndexAny(b, "{}")
		if i < 0 {
			break
		}
		if !s.grow(b[:i]) {
			return fail()
		}
		if i+1 < len(b) && b[i+1] == b[i] {
			s.grow(b[i : i+1])
			b = b[i+2:]
			continue
		}
		end := bytes.IndexByte(b, '}')
		if b[i] == '}' || end < i {
			return fail()
		}
		field := b[i+1 : end]
		b = b[end+1:]
		var v value
		var ok bool
		switch {
		case len(field) == 0:
			v, ok = positional(args, auto, 0)
			auto++
		case allDigits(field) && len(field) < 3:
			v, ok = positional(args, int(number(field).int()), 0)
		case identifierBytes(field):
			n := s.names.Intern(field)
			for _, a := range args {
				if a.keyword == n {
					v, ok = a.val, true
				}
			}
		}
		if !ok || !s.growValue(v, false) {
			return fail()
		}
	}
	if !s.grow(b) {
		return fail()
	}
	return s.constOf(s.arena[start:len(s.arena):len(s.arena)], s.consts[recv.id].line, flagPending), true
}

// joinStrings folds sep.join(list).
func (s *Scanner) joinStrings(sep, list value, first uint32) (value, bool) {
	if sep.kind != vStr || list.kind != vList || !s.spend(len(s.items(list))) {
		return value{}, false
	}
	start := len(s.arena)
	var flags vflag
	for i, e := range s.items(list) {
		if e.kind != vStr || i > 0 && !s.grow(s.text(sep)) || !s.grow(s.text(e)) {
			s.arena = s.arena[:start]
			return value{}, false
		}
		flags |= e.flags & flagChr
	}
	return s.constOf(s.arena[start:len(s.arena):len(s.arena)], first, flags|sep.flags&flagBytes|flagPending), true
}
