package pysource

import "bytes"

// operation does what an op asks for, and returns the call's result, which is
// r when nothing better is known.
func (s *Scanner) operation(o op, r, callee, recv value, args []argument, first, end uint32) value {
	arg := func(i int) value {
		v, _ := positional(args, i, 0)
		return v
	}
	switch o {
	case opGetattr:
		if v := s.getattr(arg(0), arg(1), first, end); v.kind != vUnknown {
			return v
		}
		return value{kind: vMethod, taint: arg(0).taint}.unnamed()
	case opImport:
		return s.importCall(callee, args, first, end)
	case opGlobals:
		return value{kind: vNamespace}
	case opVars:
		switch v := arg(0); v.kind {
		case vDotted:
			return value{kind: vNamespace, id: v.id, flags: flagIndirect}
		case vUnknown:
			if len(args) == 0 {
				return value{kind: vNamespace}
			}
		}
	case opPartial:
		if v := arg(0); v.kind == vDotted {
			return v
		}
	case opStr:
		if v := arg(0); v.kind == vStr {
			return v
		}
	case opChr:
		if v := arg(0); v.kind == vInt && v.int() >= 0 {
			return s.constOf(encodeRune(v.int()), first, flagPending|flagChr)
		}
	case opJoin:
		if v, ok := s.joinStrings(recv, arg(0), first); ok {
			return v
		}
	case opElements:
		switch v := arg(0); v.kind {
		case vIter, vList:
			return v
		}
	}
	return r
}

// unnamed makes an unknown callee of v: calling it is no fact.
func (v value) unnamed() value { return value{taint: v.taint} }

// getattr returns the attribute of v that the constant n names.
func (s *Scanner) getattr(v, n value, first, end uint32) value {
	if n.kind != vStr {
		return value{}
	}
	b := s.text(n)
	if !identifierBytes(b) {
		return value{}
	}
	name := s.names.Intern(b)
	switch v.kind {
	case vDotted, vInst, vUnion:
		r := s.attribute(v, name)
		r.flags |= flagIndirect
		return r
	case vSelf, vClass:
		return s.attribute(v, name)
	}
	return value{}
}

// identifierBytes reports whether b can be an identifier.
func identifierBytes(b []byte) bool {
	if len(b) == 0 || len(b) > 128 || isDecimal(b[0]) {
		return false
	}
	for _, c := range b {
		if !nameByte[c] {
			return false
		}
	}
	return true
}

// importCall reads __import__("a.b") and importlib.import_module("a.b").
func (s *Scanner) importCall(callee value, args []argument, first, end uint32) value {
	v, _ := positional(args, 0, s.names.vocab.id.nameWord)
	if v.kind != vStr {
		return value{}
	}
	b := s.text(v)
	if len(b) == 0 || b[0] == '.' || len(b) > 256 {
		return value{}
	}
	var full, root Name
	for len(b) > 0 {
		part := b
		if i := bytes.IndexByte(b, '.'); i >= 0 {
			part, b = b[:i], b[i+1:]
		} else {
			b = nil
		}
		if !identifierBytes(part) {
			return value{}
		}
		n := s.names.Intern(part)
		if root == 0 {
			root = s.names.vocab.canonical(n)
			full = root
		} else {
			full = s.names.dot(full, n)
		}
		s.emitName(Import, full, 0, Resolved, first, end)
	}
	r := dotted(full)
	if callee.name() == s.names.vocab.id.dunderImport && len(args) < 4 {
		r = dotted(root)
	}
	r.flags |= flagIndirect
	return r
}

// namespaceAttribute is an attribute of globals(), vars(x) or x.__dict__: a
// dict's method.
func (s *Scanner) namespaceAttribute(v value, n Name) value {
	return value{kind: vNamespaceMethod, id: v.id}
}

// index returns v[i].
func (s *Scanner) index(v, i value) value {
	switch v.kind {
	case vNamespace:
		if i.kind != vStr || !identifierBytes(s.text(i)) {
			return value{}
		}
		n := s.names.Intern(s.text(i))
		if v.id != 0 {
			return s.getattr(dotted(v.name()), i, 0, 0)
		}
		r := s.nameValue(n)
		r.flags |= flagIndirect
		return r
	case vModules:
		if i.kind == vStr && identifierBytes(s.text(i)) {
			r := dotted(s.names.vocab.canonical(s.names.Intern(s.text(i))))
			r.flags |= flagIndirect
			return r
		}
	case vList:
		items := s.items(v)
		if i.kind == vInt {
			k := int(i.int())
			if k < 0 {
				k += len(items)
			}
			if k >= 0 && k < len(items) {
				return items[k]
			}
		}
		return s.element(v)
	case vIter:
		return value{kind: vInst, taint: v.taint, id: v.id}
	case vDict:
		if i.kind == vStr || i.kind == vInt {
			items := s.items(v)
			for k := len(items) - 2; k >= 0; k -= 2 {
				if items[k].kind == i.kind && (i.kind == vInt && items[k].id == i.id ||
					i.kind == vStr && bytes.Equal(s.text(items[k]), s.text(i))) {
					return items[k+1]
				}
			}
		}
	case vStr:
		if i.kind == vInt {
			b := s.text(v)
			k := int(i.int())
			if k < 0 {
				k += len(b)
			}
			if k >= 0 && k < len(b) && b[k] < 0x80 {
				if v.flags&flagBytes != 0 {
					return integer(int64(b[k]))
				}
				return s.constOf(b[k:k+1], s.consts[v.id].line, flagPending)
			}
		}
	}
	return value{taint: v.taint}
}

// attributeValue completes the value of an attribute: what reading it gives,
// and the indirections that some names are.
func (s *Scanner) attributeValue(r, v value) value {
	if in := s.names.vocab.info(r.name()); in != nil && in.attr != vUnknown {
		return value{kind: in.attr, taint: r.taint, id: uint32(in.class)}
	}
	if r.name() == s.names.vocab.id.sysModules {
		return value{kind: vModules}
	}
	return r
}

// slice reads what the tokens of a subscript with colons cut out of v.
func (s *Scanner) slice(v value, open int) value {
	switch v.kind {
	case vIter:
		return v
	}
	return value{taint: v.taint}
}

// joinStrings folds sep.join(list).
func (s *Scanner) joinStrings(sep, list value, first uint32) (value, bool) {
	if sep.kind != vStr || list.kind != vList {
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
	return s.constOf(s.arena[start:len(s.arena):len(s.arena)], first, flags|flagPending), true
}

// applyMethod is apply for a method of an unknown receiver.
func (s *Scanner) applyMethod(callee, recv value, args []argument, first, end uint32) value {
	d := s.names.dot(0, callee.name())
	if in := s.names.vocab.info(d); in != nil {
		if len(in.args) > 0 {
			s.argAtoms(d, in, args, first, end)
		}
	}
	return value{taint: callee.taint}
}

func (s *Scanner) applyGetter(callee value, args []argument, first, end uint32) value {
	return value{}
}

// execStatement reports whether "exec (" begins Python 2's statement: a call is
// read as a call.
func (s *Scanner) execStatement() bool { return false }

// execCode reads Python 2's exec statement.
func (s *Scanner) execCode(first uint32) {
	s.p++
	v := dotted(s.names.vocab.id.builtinExec)
	mark := len(s.facts)
	s.emit(Call, v, first, first)
	base := len(s.args)
	a := argument{val: s.binary(5)}
	s.args = append(s.args, a)
	s.leftover()
	end := s.lastLine()
	if len(s.facts) > mark {
		s.facts[mark].EndLine = end
	}
	s.apply(v, value{}, s.args[base:], first, end)
	s.args = s.args[:base]
}
