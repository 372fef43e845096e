package pysource

// Kind is the kind of a Fact.
type Kind uint8

// The kinds of facts. What Name holds is said beside each.
const (
	Import Kind = iota + 1 // a module or a name imported from one: "os.path", "shutil.rmtree"
	Call                   // a callee in canonical dotted form: "shutil.move", "pathlib.Path.unlink", "builtins.eval"
	Ref                    // the same name used without being called: "os.environ", a callback, a base class, a decorator
	Arg                    // an argument atom of a resolved call: "subprocess.run#shell=True"
	Flow                   // a value's way: "decode>exec", "download>process"
	Method                 // a method called on a receiver that could not be resolved: ".unlink"
	String                 // a string constant of a kind: Name is the kind ("ipv4", "url", "base64", "path"), Value the string
	Trait                  // a property of the text: "bidi-control", "homoglyph-identifier", "hidden-by-spacing", "minified"
)

// Context says when the code of a fact runs. Order matters to nobody.
type Context uint8

// The contexts that Python source can have.
const (
	ContextImport  Context = iota + 1 // module level
	ContextCall                       // inside a function, or behind a __main__ guard
	ContextInstall                    // anywhere in setup.py or an in-tree build backend
	ContextStartup                    // .pth import lines and .start files
	ContextSupport                    // tests, docs, examples: code that is not installed
)

// Certainty says how a fact is known. The zero value is no certainty.
type Certainty uint8

// The certainties, the weaker first.
const (
	Likely Certainty = iota + 1
	Resolved
)

// Role says what part a source file plays in its distribution; it decides the
// context of the facts in it.
type Role uint8

// The roles of a file.
const (
	RoleModule  Role = iota + 1 // import at module level, call inside functions
	RoleScript                  // run by hand (*.data/scripts, bin/): call
	RoleInstall                 // setup.py and build backends: install
	RoleStartup                 // .pth (only its import lines are code) and .start
	RoleSupport                 // not installed: support
)

// Name is an interned string; see Names. Zero is the empty string.
type Name uint32

// Fact is one thing read off a source file, with no judgement.
type Fact struct {
	Kind      Kind
	Context   Context
	Certainty Certainty
	Name      Name
	Value     Name   // of a String: its value, at most MaxValueBytes long; else zero
	Scope     Name   // qualified name of the enclosing def or class, "Class.method"; zero at module level
	Line      uint32 // 1-based, where the expression begins
	EndLine   uint32 // where it ends
}

// File says what a source text is.
type File struct {
	// Module is the dotted name under which the file is imported, "pkg.sub.mod",
	// with ".__init__" kept for a package's own file, or empty when unknown. It
	// resolves relative imports.
	Module string
	Role   Role
}
