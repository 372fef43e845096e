package pysource

// value is what the scanner knows of an expression's value.
type value struct {
	kind  vkind
	taint taint
	flags vflag
	id    uint32
}

type vkind uint8

// What a value can be, and what its id holds.
const (
	vUnknown         vkind = iota
	vDotted                // a module, class, function or attribute: its canonical Name
	vInst                  // an instance of the class of that Name
	vIter                  // something that yields instances of the class of that Name
	vMethod                // an attribute of an unknown receiver: the attribute's Name
	vStr                   // a constant str or bytes: index in consts
	vInt                   // a small integer, as int32
	vNone                  //
	vTrue                  //
	vFalse                 //
	vList                  // a list, tuple or set: index in lists
	vDict                  // a dict: index in lists, keys and values by turns
	vUnion                 // one of several: index in unions
	vFunc                  // a function or lambda of this file: index in funcs, or 0
	vClass                 // a class of this file: index in classes
	vSelf                  // an instance of that class
	vNamespace             // the dict of a module or class of that Name; 0: of this module
	vDictMethod            // get or kin of a vDict: index in lists
	vItemGetter            // operator.itemgetter of that integer
	vNamespaceMethod       // a method of such a dict
	vModules               // sys.modules
	vNameOfModule          // __name__
	vLate                  // a name that nothing has bound yet, or attributes of it: index in lates
	vPlain                 // a container or number: its methods are no fact
	vGetter                // operator.attrgetter or methodcaller of the constant with that index
)

type vflag uint16

const (
	flagBytes    vflag = 1 << iota // of a vStr: bytes, not str
	flagPending                    // of a vStr: not yet in Result.Strings
	flagIndirect                   // reached through getattr, __dict__, __import__ …
	flagChr                        // of a vStr: put together from chr() or numbers
	flagDecoded                    // of a vStr: a decoder's constant result
	flagMaybe                      // one of several possible values
	flagPartial                    // of a vDotted: functools.partial of it
	flagCallsite                   // of a vMethod or vDotted: receiver is an instance
	flagLate                       // of a vDotted: a builtin that a later definition may shadow
	flagFile                       // of a vDotted or vInst: see files in flow.go
)

// taint says where a value came from.
type taint uint8

const (
	taintDecode taint = 1 << iota
	taintDecompress
	taintDownload
	taintFile // a file that holds something downloaded
)

// constant is a folded string: where its expression began, and its text, which
// lies in the source or in Scanner.arena and is never written to again.
type constant struct {
	b       []byte
	line    uint32
	kept    bool // it is in Result.Strings
	literal bool // it is as the source has it, so that it costs what it is long
}

// span is a part of Scanner.elems.
type span struct{ start, end uint32 }

const (
	maxUnion    = 4
	maxConsts   = 1 << 18 // of one source text
	maxElems    = 4096    // of a list or dict that is kept
	maxConstant = 1 << 20 // bytes of one folded string
)

type union struct {
	n   int
	val [maxUnion]value
}

func (v value) name() Name { return Name(v.id) }

func (v value) int() int64 { return int64(int32(v.id)) }

func dotted(n Name) value { return value{kind: vDotted, id: uint32(n)} }

func instance(n Name) value { return value{kind: vInst, id: uint32(n)} }

// constOf makes a constant of b, which must not change any more.
func (s *Scanner) constOf(b []byte, line uint32, flags vflag) value {
	if len(s.consts) >= maxConsts {
		s.cut("fold")
		return value{}
	}
	c := push(&s.consts)
	c.b, c.line, c.kept, c.literal = b, line, false, false
	return value{kind: vStr, flags: flags, id: uint32(len(s.consts) - 1)}
}

// text returns the bytes of a vStr.
func (s *Scanner) text(v value) []byte { return s.consts[v.id].b }

// spend takes n from the budget of folding; it fails when that is used up.
func (s *Scanner) spend(n int) bool {
	if s.foldSteps += n + 1; s.foldSteps <= maxFoldSteps {
		return true
	}
	s.cut("fold")
	return false
}

// list makes a list of vals, which it copies.
func (s *Scanner) list(k vkind, vals []value) value {
	if len(vals) > maxElems || len(s.elems)+len(vals) > 1<<18 {
		return value{kind: vPlain}
	}
	start := len(s.elems)
	s.elems = append(s.elems, vals...)
	s.lists = append(s.lists, span{uint32(start), uint32(len(s.elems))})
	v := value{kind: k, id: uint32(len(s.lists) - 1)}
	for _, e := range vals {
		v.taint |= e.taint
	}
	return v
}

// items returns the elements of a vList or vDict.
func (s *Scanner) items(v value) []value {
	sp := s.lists[v.id]
	return s.elems[sp.start:sp.end]
}

// join is the value of a name that holds a on one way and b on another. What
// is not known gives way to what is: "try: import json / except ImportError:
// json = None" leaves json the module.
func (s *Scanner) join(a, b value) value {
	t := a.taint | b.taint
	switch {
	case a.kind == b.kind && a.id == b.id:
		a.flags &= b.flags
	case dim(b.kind):
	case dim(a.kind):
		a = b
	default:
		var u union
		u.add(s, a)
		u.add(s, b)
		if u.n == 1 {
			a = u.val[0]
			break
		}
		if len(s.unions) >= 1<<16 {
			break
		}
		s.unions = append(s.unions, u)
		a = value{kind: vUnion, id: uint32(len(s.unions) - 1)}
	}
	a.taint |= t
	return a
}

// dim tells the kinds that say too little to be kept beside another.
func dim(k vkind) bool {
	return k == vUnknown || k == vNone || k == vTrue || k == vFalse || k == vMethod || k == vNameOfModule || k == vFunc || k == vLate || k == vPlain
}

func (u *union) add(s *Scanner, v value) {
	if v.kind == vUnion {
		for _, w := range s.alternatives(v) {
			u.add(s, w)
		}
		return
	}
	for _, w := range u.val[:u.n] {
		if w.kind == v.kind && w.id == v.id {
			return
		}
	}
	if u.n < maxUnion {
		u.val[u.n] = v
		u.n++
	}
}

// alternatives returns the members of a vUnion.
func (s *Scanner) alternatives(v value) []value {
	u := &s.unions[v.id]
	return u.val[:u.n]
}

// mapUnion applies f to every member of a union, or to v itself.
func (s *Scanner) mapUnion(v value, f func(value) value) value {
	if v.kind != vUnion {
		return f(v)
	}
	u := s.unions[v.id]
	r := f(u.val[0])
	for _, w := range u.val[1:u.n] {
		r = s.join(r, f(w))
	}
	r.taint |= v.taint
	return r
}
