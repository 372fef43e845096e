package pysource

import (
	"bytes"
	"strings"
)

// vocabulary is what the scanner knows of Python's names. Its tables are
// indexed by Name and end with the names that survive Reset.
type vocabulary struct {
	builtin []Name   // of a builtin's identifier: its dotted name
	canon   []Name   // of a name with another spelling: the canonical one
	noRef   []bool   // builtin types: naming one is no fact
	known   []uint16 // of a dotted name: index in infos; 0: nothing known
	infos   []info
	id      identifiers
	flows   [maxSources][maxSinks]Name
	host    []bool // of a standard module that others may be reached through
	guest   []bool // of a module that is reached so
	kinds   [stringKinds]Name
	trait   [traitKinds]Name
}

// info is what is known of a callee or attribute, by its canonical name.
type info struct {
	op      op    // folds it, or does something else special
	result  vkind // what calling it gives, of class
	attr    vkind // what reading it as an attribute gives, of class
	plain   bool  // a type whose instances' methods are no fact
	through bool  // its result comes from its arguments: taint goes through
	source  taint // its result is tainted
	sink    sink  // its arguments go there
	class   Name
	args    []argRule
}

// identifiers are names that the scanner asks for by name.
type identifiers struct {
	await, async, exec, print, match, caseWord, dunderName, staticmethod Name
	dict, star, setattr, setitem, delitem, getitem, get, pop, setdefault Name
	target, function, fromlist, nameWord, encoding, call                 Name

	builtins, str, bytes, list, set, getattr, chr, ord, int Name // builtins.…
	dunderImport, builtinExec                               Name
	typing, typingExtensions, optional, typingUnion, final  Name
	annotatedType, classVar, typingList, typingSet          Name
	iterable, iterator, sequence                            Name
	temporaryDirectory, openFile, path, sysModules          Name
}

func (v *vocabulary) load(n *Names) {
	for i, k := range keywords {
		n.slot([]byte(k)).kind = kFalse + kind(i)
	}
	v.id = identifiers{
		await: n.add("await"), async: n.add("async"), exec: n.add("exec"), print: n.add("print"),
		match: n.add("match"), caseWord: n.add("case"), dunderName: n.add("__name__"),
		staticmethod: n.add("staticmethod"), dict: n.add("__dict__"), star: n.add("*"),
		setattr: n.add("__set__"), setitem: n.add("__setitem__"), delitem: n.add("__delitem__"), builtins: n.add("builtins"),
		str: n.add("builtins.str"), bytes: n.add("builtins.bytes"), list: n.add("builtins.list"),
		set: n.add("builtins.set"), typing: n.add("typing"), typingExtensions: n.add("typing_extensions"),
		optional: n.add("typing.Optional"), typingUnion: n.add("typing.Union"),
		annotatedType: n.add("typing.Annotated"), final: n.add("typing.Final"), classVar: n.add("typing.ClassVar"),
		typingList: n.add("typing.List"), typingSet: n.add("typing.Set"), iterable: n.add("typing.Iterable"),
		iterator: n.add("typing.Iterator"), sequence: n.add("typing.Sequence"),
		temporaryDirectory: n.add("tempfile.TemporaryDirectory"), openFile: n.add("io.IOBase"),
		encoding: n.add("encoding"), path: n.add("pathlib.Path"), nameWord: n.add("name"),
		dunderImport: n.add("builtins.__import__"), sysModules: n.add("sys.modules"),
		builtinExec: n.add("builtins.exec"), getattr: n.add("builtins.getattr"), chr: n.add("builtins.chr"),
		ord: n.add("builtins.ord"), int: n.add("builtins.int"), target: n.add("target"), function: n.add("function"),
		fromlist: n.add("fromlist"), call: n.add("__call__"), get: n.add("get"), pop: n.add("pop"), getitem: n.add("__getitem__"),
		setdefault: n.add("setdefault"),
	}
	for a := range attributeRules {
		n.add(a)
	}
	for i, k := range stringKindNames {
		v.kinds[i] = n.add(k)
	}
	for i, k := range traitNames {
		v.trait[i] = n.add(k)
	}
	for i, src := range sourceNames {
		for j, snk := range sinkNames {
			v.flows[i][j] = n.add(src + ">" + snk)
		}
	}
	functions, types := strings.Fields(builtinFunctions), strings.Fields(builtinTypes)
	var words []Name
	for _, w := range append(functions, types...) {
		words = append(words, n.add(w), n.add("builtins."+w))
	}
	var canon []Name
	for _, c := range canonicalNames {
		to := n.add(c.name)
		for _, from := range strings.Fields(c.aliases) {
			canon = append(canon, n.add(from), to)
		}
	}
	var hosts, guests []Name
	for _, m := range strings.Fields(hostModules) {
		hosts = append(hosts, n.add(m))
	}
	for _, m := range strings.Fields(guestModules) {
		guests = append(guests, n.add(m))
	}
	// Everything above and the seeds have their names; infos may add more.
	v.infos = make([]info, 1, 1024)
	index := map[Name]uint16{}
	at := func(name string) *info {
		id := n.add(name)
		if index[id] == 0 {
			v.infos = append(v.infos, info{})
			index[id] = uint16(len(v.infos) - 1)
		}
		return &v.infos[index[id]]
	}
	v.loadInfos(n, at)
	size := len(n.ents)
	v.builtin, v.canon = make([]Name, size), make([]Name, size)
	v.noRef, v.known = make([]bool, size), make([]uint16, size)
	v.host, v.guest = make([]bool, size), make([]bool, size)
	for _, m := range hosts {
		v.host[m] = true
	}
	for _, m := range guests {
		v.guest[m] = true
	}
	for i := 0; i < len(words); i += 2 {
		v.builtin[words[i]] = words[i+1]
		v.noRef[words[i+1]] = i/2 >= len(functions)
	}
	v.builtin[n.add("__builtins__")] = v.id.builtins
	for i := 0; i < len(canon); i += 2 {
		v.canon[canon[i]] = canon[i+1]
	}
	for id, i := range index {
		v.known[id] = i
	}
}

// through reports whether child is a module of its own that parent, another
// module, has imported: shutil.os is os.
func (v *vocabulary) through(parent, child Name) bool {
	return parent != child && int(child) < len(v.guest) && v.guest[child] && int(parent) < len(v.host) && v.host[parent]
}

// canonical returns the spelling of a dotted name that facts use.
func (v *vocabulary) canonical(id Name) Name {
	if int(id) < len(v.canon) && v.canon[id] != 0 {
		return v.canon[id]
	}
	return id
}

// info returns what is known of a dotted name; nil when nothing is.
func (v *vocabulary) info(id Name) *info {
	if int(id) < len(v.known) && v.known[id] != 0 {
		return &v.infos[v.known[id]]
	}
	return nil
}

// builtinIdent returns the identifier of a builtin's dotted name, or zero.
func (v *vocabulary) builtinIdent(dotted Name) Name {
	for id, d := range v.builtin {
		if d == dotted {
			return Name(id)
		}
	}
	return 0
}

// under reports whether a dotted name is a child of parent.
func (n *Names) under(id, parent Name) bool {
	b, p := n.bytes(id), n.bytes(parent)
	return len(b) > len(p) && b[len(p)] == '.' && bytes.HasPrefix(b, p)
}

// capital reports whether the last part of a dotted name begins with a capital
// and is not all capitals and underscores: the name of a class.
func (n *Names) capital(id Name) bool {
	b := n.bytes(id)
	b = b[bytes.LastIndexByte(b, '.')+1:]
	for len(b) > 0 && b[0] == '_' {
		b = b[1:]
	}
	return len(b) > 0 && b[0] >= 'A' && b[0] <= 'Z'
}

// Canonical returns the one spelling that facts use for a dotted name:
// "os.path.join" for "posixpath.join", "builtins.open" for "io.open".
func Canonical(dotted string) string {
	for end := len(dotted); end > 0; end = strings.LastIndexByte(dotted[:end], '.') {
		for _, c := range canonicalNames {
			for _, a := range strings.Fields(c.aliases) {
				if a == dotted[:end] {
					return Canonical(c.name + dotted[end:])
				}
			}
		}
	}
	return dotted
}

// hostModules are modules of the standard library that import guestModules; the
// guests are no submodules of theirs.
const (
	hostModules = `argparse ast base64 bdb bz2 calendar cgi cgitb cmd code codecs codeop collections compileall configparser contextlib
		copy csv ctypes dataclasses difflib dis doctest email enum filecmp fileinput fnmatch fractions ftplib functools getopt getpass
		gettext glob gzip hashlib heapq hmac html imaplib imghdr imp inspect io json keyword linecache locale logging lzma
		mailbox mimetypes modulefinder multiprocessing netrc nntplib numbers optparse os pathlib pdb pickle pickletools pkgutil platform plistlib
		poplib posixpath pprint profile pstats pty py_compile pyclbr pydoc queue quopri random re reprlib rlcompleter runpy
		sched secrets selectors shelve shlex shutil signal site smtplib socket socketserver sqlite3 ssl stat statistics string
		subprocess sysconfig tarfile telnetlib tempfile textwrap threading timeit token tokenize trace traceback tracemalloc tty
		turtle types typing unittest urllib uu uuid warnings wave weakref webbrowser zipapp zipfile zipimport zlib os.path
		importlib.util importlib.abc urllib.request logging.handlers http.server http.client asyncio.base_events
		requests.utils requests.sessions requests.compat numpy pip setuptools pkg_resources six distutils.util`
	guestModules = "os sys subprocess socket builtins shutil ctypes pickle marshal importlib base64 tempfile threading posix nt io types"
)

const (
	builtinFunctions = `eval exec compile open __import__ getattr setattr delattr hasattr globals locals vars dir
		input breakpoint memoryview callable id hash print repr ascii format len abs all any aiter anext bin chr ord
		divmod filter map zip hex oct iter next isinstance issubclass max min pow round sorted sum reversed
		enumerate range help exit quit copyright credits license execfile reload raw_input unichr apply
		buffer cmp coerce intern reduce __build_class__ __builtins__`
	builtinTypes = `str bytes bytearray int float bool complex list dict set frozenset tuple object type property
		classmethod staticmethod super slice unicode basestring long xrange file`
)
