package pysource

import "bytes"

// getattr returns the attribute of v that the constant n names.
func (s *Scanner) getattr(v, n value) value {
	if n.kind != vStr {
		return value{}
	}
	b := s.text(n)
	if !identifierBytes(b) {
		// operator.attrgetter and pkgutil take dotted names.
		i := bytes.IndexByte(b, '.')
		if i <= 0 || len(b) > 128 {
			return value{}
		}
		head := s.constOf(b[:i], 0, 0)
		rest := s.constOf(b[i+1:], 0, 0)
		return s.getattr(s.getattr(v, head), rest)
	}
	name := s.names.Intern(b)
	switch v.kind {
	case vDotted, vInst, vUnion:
		r := s.attribute(v, name)
		r.flags |= flagIndirect
		return r
	case vSelf, vClass, vNamespace, vModules:
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
		if !nameByte[c] && !isDecimal(c) {
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
		fromlist := false
		for _, a := range args {
			fromlist = fromlist || a.keyword == s.names.vocab.id.fromlist
		}
		if !fromlist {
			r = dotted(root)
		}
	}
	r.flags |= flagIndirect
	return r
}

// namespaceAttribute is an attribute of globals(), vars(x) or x.__dict__: a
// dict's method, of which get, pop and __getitem__ look a name up.
func (s *Scanner) namespaceAttribute(v value, n Name) value {
	id := &s.names.vocab.id
	if n == id.get || n == id.pop || n == id.getitem || n == id.setdefault {
		return value{kind: vNamespaceMethod, id: v.id, flags: v.flags}
	}
	return value{kind: vPlain}
}

// index returns v[i].
func (s *Scanner) index(v, i value) value {
	switch v.kind {
	case vNamespace:
		return s.namespaceIndex(v, i)
	case vModules:
		if i.kind == vStr {
			if n := s.dottedName(s.text(i)); n != 0 {
				r := dotted(n)
				r.flags |= flagIndirect
				return r
			}
		}
		if i.kind == vNameOfModule {
			return value{kind: vNamespace, flags: flagPartial}
		}
		return value{}
	case vDotted:
		switch v.name() {
		case s.names.vocab.id.builtins:
			return s.getattr(v, i) // __builtins__["eval"]
		case s.names.vocab.id.sysModules:
			return s.index(value{kind: vModules}, i)
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
		if r, ok := s.dictItem(v, i); ok {
			return r
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
				return s.constOf(b[k:k+1:k+1], s.consts[v.id].line, v.flags|flagPending)
			}
		}
	}
	return value{taint: v.taint}
}

// namespaceIndex looks a name up in a module's or class's dict.
func (s *Scanner) namespaceIndex(v, i value) value {
	if i.kind != vStr || !identifierBytes(s.text(i)) {
		return value{}
	}
	if v.id != 0 {
		return s.getattr(dotted(v.name()), i)
	}
	r := s.nameValue(s.names.Intern(s.text(i)))
	if r.kind == vDotted {
		r.flags |= flagIndirect
	}
	return r
}

// dictItem looks a constant key up in a dict display.
func (s *Scanner) dictItem(v, i value) (value, bool) {
	if i.kind != vStr && i.kind != vInt {
		return value{}, false
	}
	items := s.items(v)
	for k := len(items) - 2; k >= 0; k -= 2 {
		if items[k].kind == i.kind && (i.kind == vInt && items[k].id == i.id ||
			i.kind == vStr && bytes.Equal(s.text(items[k]), s.text(i))) {
			return items[k+1], true
		}
	}
	return value{}, false
}

// attributeValue completes the value of an attribute: what reading it gives,
// and the indirections that some names are.
func (s *Scanner) attributeValue(r value) value {
	voc := &s.names.vocab
	if int(r.id) >= len(voc.known) || voc.known[r.id] == 0 {
		return r
	}
	in := &voc.infos[voc.known[r.id]]
	if in.attr == vUnknown {
		return r
	}
	return value{kind: in.attr, taint: r.taint, id: uint32(in.class)}
}

// applyMethod is apply for a method of an unknown receiver.
func (s *Scanner) applyMethod(callee, recv value, args []argument, first, end uint32) value {
	d := s.names.dot(0, callee.name())
	if in := s.names.vocab.info(d); in != nil {
		if len(in.args) > 0 {
			s.argAtoms(d, in, args, first, end)
		}
		callee.taint |= in.source
	}
	return value{taint: callee.taint}
}

// applyGetter calls operator.attrgetter(name) or methodcaller(name) on its
// argument.
func (s *Scanner) applyGetter(callee value, args []argument, first, end uint32) value {
	if len(args) == 0 {
		return value{}
	}
	r := s.getattr(args[0].val, value{kind: vStr, id: callee.id})
	if callee.flags&flagCallsite != 0 && r.kind == vDotted {
		s.emit(Call, r, first, end)
		s.indirectCall(r, first, end)
		return s.applyDotted(r, args[0].val, nil, first, end)
	}
	return r
}

// indirectCall notes that a callee was reached by way of its name in a string.
func (s *Scanner) indirectCall(v value, first, end uint32) {
	s.emitName(Trait, s.names.vocab.trait[traitIndirect], v.name(), Resolved, first, end)
}

// execStatement reports whether "exec (" begins Python 2's statement with more
// than a call: exec (code) in namespace.
func (s *Scanner) execStatement() bool {
	closing := int(s.toks[s.p+1].name)
	return closing > 0 && closing+1 < len(s.toks) && s.toks[closing+1].kind == kIn
}

// execCode reads Python 2's exec statement.
func (s *Scanner) execCode(first uint32) {
	s.p++
	v := dotted(s.names.vocab.id.builtinExec)
	mark := len(s.facts)
	s.emit(Call, v, first, first)
	base := len(s.args)
	start := s.p
	a := argument{val: s.binary(5), first: uint32(start), end: uint32(s.p)}
	a.val = s.settle(a.val)
	s.args = append(s.args, a)
	end := s.lastLine()
	if len(s.facts) > mark && s.mute == 0 {
		s.facts[mark].EndLine = end
	}
	s.apply(v, value{}, s.args[base:], first, end)
	s.args = s.args[:base]
	s.leftover()
}
