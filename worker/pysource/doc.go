// Package pysource turns Python source text into facts: imports, resolved
// calls, argument atoms, flows, strings of a kind, traits of the text. It
// works on tokens, in one pass, without a syntax tree, and knows no rules.
//
// # How facts are spelled
//
// Rules rely on the spellings of this section; they change only together with
// the scanner version.
//
// A canonical dotted name is the module's full name, then the attributes:
// "os.remove", "urllib.request.urlopen". Aliases, from-imports and local
// rebindings are undone ("import os as o; r = o.remove; r(x)" is a Call of
// "os.remove"). A builtin that nothing shadows is rooted in "builtins":
// "builtins.eval", "builtins.open", "builtins.execfile" (Python 2's builtins
// belong). Several names of one object have one spelling, which Canonical
// returns: posixpath and ntpath are "os.path"; posix and nt are "os"; io.open
// is "builtins.open"; __builtin__ and __builtins__ are "builtins"; cPickle and
// _pickle are "pickle"; six.moves.X and future.moves.X are the Python 3 module;
// requests.api.get is "requests.get"; pathlib's PosixPath, WindowsPath and
// pathlib2.Path are "pathlib.Path". Different functions keep their names:
// Python 2's "urllib2.urlopen", "urllib.urlopen" and Python 3's
// "urllib.request.urlopen" are three.
//
// An instance spells its methods after its class, wherever the class stands
// for certain: "pathlib.Path.unlink" for "p = Path(x); p.unlink()",
// "socket.socket.connect", "requests.Session.get", "zipfile.ZipFile.extractall".
// A call of an imported name that begins with a capital makes an instance of
// it. What builtins.open, os.fdopen, codecs.open and Path.open return is an
// "io.IOBase": "io.IOBase.write". Responses of requests are
// "requests.Response", of urlopen "http.client.HTTPResponse". Methods of a
// string are "builtins.str.join"; those of lists, dicts, sets are no fact.
//
// The kinds:
//   - Import: the module's name and each parent of it, and for a from-import the
//     name itself: "from os.path import join" gives "os", "os.path" and
//     "os.path.join"; a star import gives "os.*" beside "os". A name that is
//     reached by __import__ or importlib.import_module with a constant is an
//     import too. Relative imports are spelled in full when File.Module is known
//     and give nothing otherwise.
//   - Call: the whole dotted callee, "os.environ.get", never a prefix of it. A
//     constructor is a call of the class. Storing or deleting an item is a call
//     too: "os.environ.__setitem__", "os.environ.__delitem__", and so is storing an
//     attribute of a module or class: "sys.stdout.__set__".
//   - Ref: the longest dotted name that is used without being called:
//     "os.environ" for os.environ["HOME"], "os.system" for target=os.system, a
//     base class, a decorator that is not a call. Annotations give none. Of
//     builtins only functions give a Ref, not types or exceptions.
//   - Arg: "callee#name=value", name being the parameter's name also when it was
//     given by position: "subprocess.run#shell=True", "requests.get#verify=False".
//     Values are of a closed list per callee (see args.go); one that does not
//     fold to a member of it is "?". File modes are the letter and a plus:
//     "builtins.open#mode=w", "#mode=r+" (no b, t, U; "r" also when left out).
//     "#program=curl" is the program, of a closed list, that a process call
//     starts. Attributes of instances count: "requests.Session#verify=False".
//     A permission is octal, without a prefix: "os.chmod#mode=777".
//   - Method: a dot and the name, ".unlink", when the receiver is unknown; always
//     Likely. Its atoms are spelled ".decode#encoding=hex". Other facts are
//     Resolved, but for two: a method that a class of the file inherits from a
//     class elsewhere ("threading.Thread.start" for self.start()), and what a
//     parameter holds by default ("def f(remove=os.remove)").
//   - Flow: "source>sink"; sources are decode, decompress, download; sinks exec,
//     process, file, deserialize; "download>file>process" is a file that was
//     downloaded and then run.
//   - String: Name is the kind, Value the string, at most MaxValueBytes: ipv4,
//     ipv6, url (without userinfo, query, fragment), domain, email (the domain
//     alone), path (the user's name in a home folder is "*"), base64, hex, wallet
//     ("bitcoin:…"), token ("github:…": a secret, to be hashed before it is
//     stored), webhook (a URL with its secret; the url beside it has none).
//     Docstrings and comments give none.
//   - Trait: bidi-control, homoglyph-identifier, hidden-by-spacing, minified,
//     chr-built-string, indirect-call (a callee that was reached through getattr,
//     __dict__, globals, __import__ and kin; Value is the callee), nested-code (a
//     constant that is run as source; its facts are there as well).
//
// Names that are rooted in the package's own modules are emitted under their
// own dotted name, "pkg.sub.func"; who wants them dropped drops them.
package pysource
