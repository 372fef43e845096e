package message

import "time"

// ScanSchema is the version of Scan that this build writes.
const ScanSchema = 1

// Outcome says how the scan of a release ended. A bad package is an outcome,
// never an error.
type Outcome string

// The outcomes of a scan.
const (
	OutcomeOK         Outcome = "ok"
	OutcomePartial    Outcome = "partial"    // scanned, but something was cut: see Cuts
	OutcomeEmpty      Outcome = "empty"      // the release, or the project, has no files
	OutcomeUnanalysed Outcome = "unanalysed" // see Why; never counted as "does not show it"
)

// Context says when the code of a fact or an observation runs.
type Context string

// The contexts, in the order in which a reader should worry.
const (
	ContextInstall Context = "install" // setup.py, an in-tree build backend
	ContextStartup Context = "startup" // .pth import lines, .start files: at every start of the interpreter
	ContextImport  Context = "import"  // module level of a package
	ContextCall    Context = "call"    // inside a function
	ContextPackage Context = "package" // no code: metadata, archive structure, data members, native symbols
	ContextSupport Context = "support" // tests, docs, examples: code that is not installed
)

// Certainty says how an observation is known.
type Certainty string

// The certainties.
const (
	Resolved Certainty = "resolved" // the callee is proven through imports or values
	Likely   Certainty = "likely"   // a telling method name on a receiver that could not be resolved
)

// Scan is everything that was seen in one release.
type Scan struct {
	Schema  int    `json:"schema"`
	Project string `json:"project"` // normalised by PEP 503
	Version string `json:"version"` // as the index spells it; empty when the project has no release
	Serial  Serial `json:"serial,omitempty"`
	// PageLatest is true when the page that the release was read from named it
	// the latest (see internal/pypi).
	PageLatest bool `json:"page_latest"`
	// Scanner is the scanner version: which facts are extracted.
	Scanner string `json:"scanner"`
	// Catalogue is the hash of the rules that matched.
	Catalogue string `json:"catalogue"`
	// JobSeq is the job's sequence in the broker: the scan's order.
	JobSeq uint64    `json:"job_seq"`
	At     time.Time `json:"at"`    // when the scan ended, UTC
	Drawn  bool      `json:"drawn"` // copied from the job
	Reason Reason    `json:"reason"`

	Outcome Outcome `json:"outcome"`
	// Why is the reason of an outcome other than ok: a slug of a closed list
	// (see worker.Why…), and Detail one line for a person.
	Why    string `json:"why,omitempty"`
	Detail string `json:"detail,omitempty"`
	// Cuts lists what was left unread, at most 100 entries.
	Cuts []Cut `json:"cuts,omitempty"`

	// State is the project's state as its page gives it (PEP 792), "active" without one.
	State  ProjectState `json:"state,omitempty"`
	Yanked bool         `json:"yanked,omitempty"` // the scanned release is yanked
	// Kinds are the kinds of files that the page offers of the release, sorted:
	// see the constants Kind….
	Kinds []string `json:"kinds,omitempty"`
	// Attested is true when the page gives a provenance of one of these files (PEP 740).
	Attested bool `json:"attested,omitempty"`
	// Releases is how many releases the page offers, First the upload time of its
	// oldest file and Uploaded that of the release's; zero where the index has none.
	Releases int       `json:"releases,omitempty"`
	First    time.Time `json:"first,omitempty,omitzero"`
	Uploaded time.Time `json:"uploaded,omitempty,omitzero"`
	Files    []File    `json:"files,omitempty"`
	// Vulnerabilities is nil when the index was not asked for them or does not tell.
	Vulnerabilities *Vulnerabilities `json:"vulnerabilities,omitempty"`

	Metadata Metadata `json:"metadata"`
	Emails   []Email  `json:"emails,omitempty"`
	// EmailClass is the class of the release as a whole: the most telling class
	// of its addresses, "none" without any.
	EmailClass string `json:"email_class,omitempty"`

	Observations []Observation `json:"observations,omitempty"`
	Symbols      []Symbol      `json:"symbols,omitempty"`
	Indicators   []Indicator   `json:"indicators,omitempty"`
	// Dropped counts the entries that were cut to keep the message under its
	// size limit, by kind ("symbols", "indicators", "evidence").
	Dropped map[string]int `json:"dropped,omitempty"`
}

// The kinds of files that a release may offer: Scan.Kinds.
const (
	KindSdist       = "sdist"
	KindEgg         = "egg"
	KindWheelPure   = "wheel-pure"   // runs on any platform
	KindWheelABI3   = "wheel-abi3"   // compiled, for every later version of Python (PEP 384)
	KindWheelNative = "wheel-native" // compiled, for one version of Python, or for one platform
)

// Vulnerabilities are the known vulnerabilities of a release; none without an id.
type Vulnerabilities struct {
	IDs []string `json:"ids,omitempty"` // as the index names them, for example "PYSEC-2026-1"
}

// Cut is one thing that a scan left unread.
type Cut struct {
	File   string `json:"file"`             // distribution file
	Member string `json:"member,omitempty"` // empty when the whole file is meant
	Why    string `json:"why"`              // slug of a closed list
	Bytes  int64  `json:"bytes,omitempty"`  // uncompressed bytes left unread, 0 when unknown
}

// File is one distribution file that was read.
type File struct {
	Name  string `json:"name"`
	Kind  string `json:"kind"`  // sdist, wheel or egg
	Bytes int64  `json:"bytes"` // packed
	// SHA256 is of what was read, and Verified says that the index gives the same.
	// Of a file that was read by ranges it is the index's own claim, unverified.
	SHA256   string `json:"sha256"`
	Verified bool   `json:"verified"`
	// Metadata is the SHA-256 of a wheel's core metadata, as they stand in it;
	// empty of other files. It is compared with what PEP 658 promises.
	Metadata string `json:"metadata,omitempty"`
	// Members and MemberBytes count regular members and their uncompressed size,
	// PythonBytes the part of it that was Python source.
	Members     int   `json:"members"`
	MemberBytes int64 `json:"member_bytes"`
	PythonBytes int64 `json:"python_bytes"`
}

// Metadata are the core metadata fields that are kept. They hold no address.
type Metadata struct {
	Name           string   `json:"name,omitempty"`
	Version        string   `json:"version,omitempty"`
	Summary        bool     `json:"summary,omitempty"`     // a summary that is not blank or "UNKNOWN" was given
	Description    bool     `json:"description,omitempty"` // the same of the long description
	License        string   `json:"license,omitempty"`     // License-Expression, or one line of License
	RequiresPython string   `json:"requires_python,omitempty"`
	RequiresDist   []string `json:"requires_dist,omitempty"`
	// SourceRepository is true when a URL of the metadata points to a place where
	// source is kept (a forge, or a label that says so).
	SourceRepository bool   `json:"source_repository,omitempty"`
	BuildBackend     string `json:"build_backend,omitempty"`
	// Typed is true when the release has a py.typed member (PEP 561).
	Typed bool `json:"typed,omitempty"`
	// Modules are the top-level modules that the release provides.
	Modules []string `json:"modules,omitempty"`
}

// Email is one author address, reduced to what may be kept: the address
// itself never leaves the worker.
type Email struct {
	Domain string `json:"domain,omitempty"` // lower case, A-labels
	Class  string `json:"class"`            // see worker/email
	// Key is a keyed hash (HMAC-SHA-256, hexadecimal) of the address, for
	// grouping within one KeyID; empty when the worker has no key.
	Key   string `json:"key,omitempty"`
	KeyID string `json:"key_id,omitempty"`
}

// Observation is one behaviour seen in one context.
type Observation struct {
	Behavior  string    `json:"behavior"` // category/slug
	Context   Context   `json:"context"`
	Certainty Certainty `json:"certainty"` // the strongest among the hits
	Hits      int       `json:"hits"`
	// Evidence holds the first hits (at most 3 in a message), the strongest first.
	Evidence []Evidence `json:"evidence,omitempty"`
}

// Evidence says where a hit stands. It never holds source text.
type Evidence struct {
	// Path is the member's path inside the distribution, cleaned and
	// slash-separated.
	Path    string `json:"path"`
	Line    int    `json:"line,omitempty"` // 1-based; 0 where lines mean nothing
	EndLine int    `json:"end_line,omitempty"`
	// Symbol is the fact that made the hit, for example "os.remove".
	Symbol string `json:"symbol,omitempty"`
	// Fingerprint stays the same when lines move or locals are renamed.
	Fingerprint string `json:"fingerprint,omitempty"`
}

// SymbolKind says how a symbol was used.
type SymbolKind string

// The kinds of symbols. Together with the name they are what a rule matches.
const (
	SymbolImport SymbolKind = "import" // os.path
	SymbolCall   SymbolKind = "call"   // shutil.move
	SymbolRef    SymbolKind = "ref"    // os.environ, a callback, a base class, a decorator
	SymbolArg    SymbolKind = "arg"    // subprocess.run#shell=True
	SymbolFlow   SymbolKind = "flow"   // decode>exec
	SymbolMethod SymbolKind = "method" // .unlink, called on a receiver that could not be resolved
	SymbolString SymbolKind = "string" // a kind of string: ipv4, url, base64, path …, or a literal of a closed list
	SymbolTrait  SymbolKind = "trait"  // a property of the text: bidi-control, hidden-by-spacing …
	SymbolNative SymbolKind = "native" // c:ptrace, an imported symbol of a binary
)

// Symbol is a fact summed over a release: one row per name, kind, context and
// certainty. Symbols rooted in the package's own modules are not kept.
type Symbol struct {
	Name      string     `json:"name"`
	Kind      SymbolKind `json:"kind"`
	Context   Context    `json:"context"`
	Certainty Certainty  `json:"certainty"`
	Hits      int        `json:"hits"`
	Path      string     `json:"path,omitempty"` // of the first hit
	Line      int        `json:"line,omitempty"`
}

// Indicator is a value worth pivoting on.
type Indicator struct {
	Kind    string  `json:"kind"` // ipv4, ipv6, url, domain, email-domain, wallet, webhook …
	Value   string  `json:"value"`
	Context Context `json:"context"`
	Hits    int     `json:"hits"`
	Path    string  `json:"path,omitempty"`
	Line    int     `json:"line,omitempty"`
}
