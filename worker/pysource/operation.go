package pysource

import (
	"bytes"
	"strconv"
	"strings"
)

// op is what the scanner does about a callee beyond noting its call.
type op uint8

const (
	opNone op = iota
	opGetattr
	opImport
	opGlobals
	opVars
	opPartial
	opRun // source in its argument: exec, eval
	opPass
	opStr
	opChr
	opOrd
	opInt
	opLen
	opHex
	opBytes
	opStrMethod
	opElements // passes on what its argument yields
	opReversed
	opRange
	opMap
	opReduce
	opFilter
	opDecode // base64, hex, zlib … of a constant
	opCodec
	opGetter
	opMethodGetter
	opCallback // calls the function that is its argument
	opResolveName
	opSpawnFile
	opDict
	opModules
	opSetattr
	opItemGetter
	opNext
	opOpen
	opWrite
	opRetrieve
)

var operations = []struct {
	op      op
	callees string
}{
	{opGetattr, "builtins.getattr inspect.getattr_static builtins.object.__getattribute__ builtins.type.__getattribute__"},
	{opImport, "builtins.__import__ importlib.import_module"},
	{opGlobals, "builtins.globals builtins.locals"},
	{opVars, "builtins.vars"},
	{opPartial, "functools.partial functools.partialmethod"},
	{opRun, "builtins.exec builtins.eval"},
	{opPass, "builtins.compile types.FunctionType ast.literal_eval textwrap.dedent builtins.memoryview copy.copy copy.deepcopy builtins.staticmethod builtins.classmethod functools.lru_cache functools.cache"},
	{opStr, "builtins.str builtins.unicode os.fspath builtins.repr"},
	{opChr, "builtins.chr builtins.unichr"},
	{opOrd, "builtins.ord"},
	{opInt, "builtins.int builtins.long"},
	{opLen, "builtins.len"},
	{opHex, "builtins.hex"},
	{opBytes, "builtins.bytes builtins.bytearray"},
	{opStrMethod, `builtins.str.join builtins.str.lower builtins.str.upper builtins.str.swapcase builtins.str.title builtins.str.capitalize
		builtins.str.casefold builtins.str.strip builtins.str.lstrip builtins.str.rstrip builtins.str.replace builtins.str.split
		builtins.str.format builtins.str.encode builtins.str.decode builtins.str.removeprefix builtins.str.removesuffix
		builtins.str.translate builtins.str.hex builtins.str.zfill builtins.str.rsplit builtins.str.splitlines builtins.str.partition`},
	{opElements, "builtins.list builtins.sorted builtins.tuple builtins.iter builtins.set builtins.frozenset"},
	{opReversed, "builtins.reversed"},
	{opRange, "builtins.range builtins.xrange"},
	{opMap, "builtins.map itertools.starmap multiprocessing.Pool.map"},
	{opReduce, "functools.reduce"},
	{opFilter, "builtins.filter itertools.filterfalse"},
	{opDecode, `base64.b64decode base64.b32decode base64.b16decode base64.b85decode base64.a85decode base64.decodebytes base64.decodestring
		base64.standard_b64decode base64.urlsafe_b64decode binascii.unhexlify binascii.a2b_hex binascii.a2b_base64
		builtins.bytes.fromhex builtins.bytearray.fromhex zlib.decompress gzip.decompress bz2.decompress lzma.decompress`},
	{opCodec, "codecs.decode codecs.encode"},
	{opGetter, "operator.attrgetter"},
	{opMethodGetter, "operator.methodcaller"},
	{opCallback, `threading.Thread threading.Timer multiprocessing.Process atexit.register asyncio.to_thread
		concurrent.futures.Executor.submit concurrent.futures.Executor.map _thread.start_new_thread builtins.apply
		multiprocessing.Pool.apply multiprocessing.Pool.apply_async contextvars.Context.run weakref.finalize`},
	{opResolveName, "pkgutil.resolve_name pydoc.locate"},
	{opSpawnFile, processCallees + " " + spawnCallees + " runpy.run_path builtins.execfile importlib.util.spec_from_file_location ctypes.CDLL ctypes.cdll.LoadLibrary ctypes.WinDLL"},
	{opModules, "sys.modules.get sys.modules.pop sys.modules.__getitem__ sys.modules.setdefault"},
	{opDict, "builtins.dict collections.OrderedDict"},
	{opSetattr, "builtins.setattr builtins.object.__setattr__ builtins.type.__setattr__"},
	{opItemGetter, "operator.itemgetter"},
	{opNext, "builtins.next builtins.max builtins.min random.choice"},
	{opOpen, "builtins.open builtins.file codecs.open os.fdopen aiofiles.open"},
	{opWrite, "io.IOBase.write io.IOBase.writelines pathlib.Path.write_bytes pathlib.Path.write_text os.write shutil.copyfileobj"},
	{opRetrieve, "urllib.request.urlretrieve urllib.urlretrieve wget.download"},
}

// operation does what an op asks for, and returns the call's result, which is
// r when nothing better is known.
func (s *Scanner) operation(o op, r, callee, recv value, args []argument, first, end uint32) value {
	arg := func(i int) value {
		v, _ := positional(args, i, 0)
		return v
	}
	switch o {
	case opGetattr:
		if v := s.getattr(arg(0), arg(1)); v.kind != vUnknown {
			return v
		}
		r = value{taint: arg(0).taint}
	case opImport:
		return s.importCall(callee, args, first, end)
	case opGlobals:
		return value{kind: vNamespace}
	case opVars:
		switch v := arg(0); v.kind {
		case vDotted, vInst:
			return value{kind: vNamespace, id: v.id}
		case vUnknown:
			if len(args) == 0 {
				return value{kind: vNamespace}
			}
		}
	case opPartial:
		switch v := arg(0); v.kind {
		case vDotted:
			if in := s.names.vocab.info(v.name()); in != nil && len(in.args) > 0 {
				s.argAtoms(v.name(), in, args[1:], first, end)
			}
			return v
		case vUnion:
			return v
		}
	case opRun:
		if v := arg(0); v.kind == vStr {
			return s.nested(v, first)
		}
	case opPass:
		if v := arg(0); v.kind != vUnknown {
			v.taint |= r.taint
			return v
		}
	case opStr:
		switch v := arg(0); v.kind {
		case vStr:
			v.flags &^= flagBytes
			return v
		case vInt:
			return s.constOf(appendInt(nil, v.int()), first, 0)
		}
	case opChr:
		if v := arg(0); v.kind == vInt && v.int() >= 0 {
			return s.constOf(encodeRune(v.int()), first, flagPending|flagChr)
		}
	case opOrd:
		if v := arg(0); v.kind == vStr && len(s.text(v)) > 0 {
			return integer(int64(firstRune(s.text(v))))
		}
	case opInt:
		return s.intCall(r, arg(0), arg(1))
	case opLen:
		switch v := arg(0); v.kind {
		case vStr:
			return integer(int64(len(s.text(v))))
		case vList:
			return integer(int64(len(s.items(v))))
		}
	case opHex:
		if v := arg(0); v.kind == vInt && v.int() >= 0 {
			return s.constOf(append([]byte("0x"), strconv.FormatInt(v.int(), 16)...), first, 0)
		}
	case opBytes:
		if v, ok := s.bytesCall(arg(0), first); ok {
			v.taint |= r.taint
			return v
		}
	case opStrMethod:
		if recv.kind == vStr {
			return s.strMethod(r, callee, recv, args, first)
		}
	case opElements:
		switch v := arg(0); v.kind {
		case vIter, vList:
			return v
		case vStr:
			return s.characters(v)
		}
	case opReversed:
		switch v := arg(0); v.kind {
		case vStr, vList:
			return s.slice(v, [3]value{2: integer(-1)})
		case vIter:
			return v
		}
	case opRange:
		if s.inComprehension > 0 {
			return s.rangeCall(r, args)
		}
	case opMap:
		return s.mapCall(r, arg(0), arg(1), first, end)
	case opReduce:
		if f := arg(0); f.kind == vDotted && f.name() == s.names.vocab.id.getattr && arg(1).kind == vList {
			v := arg(2)
			for _, n := range s.items(arg(1)) {
				v = s.getattr(v, n)
			}
			return v
		}
		s.callback(arg(0), first, end)
	case opFilter:
		s.callback(arg(0), first, end)
	case opDecode:
		if v := arg(0); v.kind == vStr {
			if d, ok := s.decode(callee.name(), v, first); ok {
				d.taint |= r.taint
				return d
			}
		}
	case opCodec:
		if v, c := arg(0), arg(1); v.kind == vStr && c.kind == vStr {
			if d, ok := s.codec(s.text(c), v, first); ok {
				d.taint |= r.taint
				return d
			}
		}
	case opGetter, opMethodGetter:
		if v := arg(0); v.kind == vStr {
			g := value{kind: vGetter, id: v.id}
			if o == opMethodGetter {
				g.flags = flagCallsite
			}
			return g
		}
	case opCallback:
		for _, a := range args {
			if a.val.kind == vDotted && (a.keyword == 0 || a.keyword == s.names.vocab.id.target || a.keyword == s.names.vocab.id.function) {
				s.callback(a.val, first, end)
			}
		}
	case opResolveName:
		if v := arg(0); v.kind == vStr {
			b := bytes.ReplaceAll(s.text(v), []byte(":"), []byte("."))
			if n := s.dottedName(b); n != 0 {
				d := dotted(n)
				d.flags |= flagIndirect
				return d
			}
		}
	case opSpawnFile:
		s.spawnFile(args, first, end)
		s.pythonCode(arg(0), first)
	case opModules:
		return s.index(value{kind: vModules}, arg(0))
	case opDict:
		return s.dictCall(r, args)
	case opSetattr:
		if n := arg(1); n.kind == vStr && identifierBytes(s.text(n)) {
			s.storeAttribute(arg(0), s.names.Intern(s.text(n)), arg(2), first)
		}
	case opItemGetter:
		if v := arg(0); v.kind == vInt {
			return value{kind: vItemGetter, id: v.id}
		}
	case opNext:
		switch v := arg(0); v.kind {
		case vList:
			if items := s.items(v); len(items) > 0 {
				return items[0]
			}
		case vIter:
			return s.element(v)
		}
	case opOpen:
		s.openFile(args)
	case opWrite:
		s.writeFile(callee, args)
	case opRetrieve:
		if p, ok := argAt(args, 1); ok {
			s.markFile(s.fileKey(p))
		}
	}
	return r
}

// callback notes the call of a function that another one is handed to.
func (s *Scanner) callback(v value, first, end uint32) {
	if v.kind == vDotted {
		s.emit(Call, v, first, end)
	}
}

// intCall folds int("41", 16).
func (s *Scanner) intCall(r, v, base value) value {
	switch v.kind {
	case vInt:
		return v
	case vStr:
		radix := 10
		if base.kind == vInt {
			radix = int(base.int())
		}
		if radix < 0 || radix == 1 || radix > 36 {
			return r
		}
		if n, err := strconv.ParseInt(string(bytes.TrimSpace(s.text(v)[:min(40, len(s.text(v)))])), radix, 64); err == nil {
			return integer(n)
		}
	}
	return r
}

// bytesCall folds bytes([104, 105]) and bytes("text", "utf-8").
func (s *Scanner) bytesCall(v value, first uint32) (value, bool) {
	switch v.kind {
	case vStr:
		v.flags |= flagBytes
		return v, true
	case vList:
		start := len(s.arena)
		if !s.spend(len(s.items(v))) {
			return value{}, false
		}
		for _, e := range s.items(v) {
			if e.kind != vInt || e.int() < 0 || e.int() > 255 || !s.grow([]byte{byte(e.int())}) {
				s.arena = s.arena[:start]
				return value{}, false
			}
		}
		return s.constOf(s.arena[start:len(s.arena):len(s.arena)], first, flagBytes|flagChr|flagPending), true
	}
	return value{}, false
}

// characters returns the list of a constant's characters, or of its bytes.
func (s *Scanner) characters(v value) value {
	b := s.text(v)
	if len(b) > maxElems || !s.spend(len(b)) {
		return value{taint: v.taint}
	}
	base := len(s.vals)
	for i := 0; i < len(b); {
		if v.flags&flagBytes != 0 {
			s.vals = append(s.vals, integer(int64(b[i])))
			i++
			continue
		}
		n := runeLen(b[i:])
		s.vals = append(s.vals, s.constOf(b[i:i+n:i+n], s.consts[v.id].line, v.flags&^flagPending))
		i += n
	}
	r := s.list(vList, s.vals[base:])
	s.vals = s.vals[:base]
	return r
}

// rangeCall folds range(…) of constants.
func (s *Scanner) rangeCall(r value, args []argument) value {
	at := [3]int64{0, 0, 1}
	for i, a := range args {
		if i > 2 || a.val.kind != vInt || a.keyword != 0 {
			return r
		}
		at[i] = a.val.int()
	}
	if len(args) == 1 {
		at[0], at[1] = 0, at[0]
	}
	if at[2] == 0 || len(args) == 0 {
		return r
	}
	if !s.spend(64) {
		return r
	}
	base := len(s.vals)
	for i, n := at[0], 0; (at[2] > 0 && i < at[1] || at[2] < 0 && i > at[1]) && n <= 1024; i, n = i+at[2], n+1 {
		s.vals = append(s.vals, integer(i))
	}
	l := r
	if len(s.vals)-base <= 1024 {
		l = s.list(vList, s.vals[base:])
	}
	s.vals = s.vals[:base]
	return l
}

// mapCall folds map(chr, [104, 105]) and kin; any other function is called.
func (s *Scanner) mapCall(r, f, v value, first, end uint32) value {
	if f.kind != vDotted {
		return r
	}
	id := &s.names.vocab.id
	n := f.name()
	if v.kind == vStr {
		v = s.characters(v)
	}
	if v.kind != vList || n != id.chr && n != id.ord && n != id.str && n != id.int {
		s.callback(f, first, end)
		return r
	}
	if !s.spend(len(s.items(v))) {
		return r
	}
	base := len(s.vals)
	defer func() { s.vals = s.vals[:base] }()
	for _, e := range s.items(v) {
		switch {
		case n == id.chr && e.kind == vInt && e.int() >= 0:
			e = s.constOf(encodeRune(e.int()), first, flagChr)
		case n == id.ord && e.kind == vStr && len(s.text(e)) > 0:
			e = integer(int64(firstRune(s.text(e))))
		case n == id.str && e.kind == vStr || n == id.int && e.kind == vInt:
		case n == id.int && e.kind == vStr:
			if e = s.intCall(value{}, e, value{}); e.kind != vInt {
				return r
			}
		case n == id.str && e.kind == vInt:
			e = s.constOf(appendInt(nil, e.int()), first, 0)
		default:
			return r
		}
		s.vals = append(s.vals, e)
	}
	return s.list(vList, s.vals[base:])
}

// dictCall folds dict(name=value).
func (s *Scanner) dictCall(r value, args []argument) value {
	base := len(s.vals)
	for _, a := range args {
		if a.keyword == 0 {
			s.vals = s.vals[:base]
			if len(args) == 1 && a.val.kind == vDict {
				return a.val
			}
			return r
		}
		s.vals = append(s.vals, s.constOf(s.names.bytes(a.keyword), 0, 0), a.val)
	}
	d := s.list(vDict, s.vals[base:])
	s.vals = s.vals[:base]
	return d
}

// pythonCode reads the source in [python, "-c", source].
func (s *Scanner) pythonCode(v value, first uint32) {
	if v.kind != vList {
		return
	}
	items := s.items(v)
	for i := 1; i+1 < len(items) && i < 8; i++ {
		if items[i].kind == vStr && string(s.text(items[i])) == "-c" && items[i+1].kind == vStr {
			if p := s.programOf(v); len(p) > 0 && strings.HasPrefix(p[0], "python") {
				s.nested(items[i+1], first)
			}
			return
		}
	}
}
