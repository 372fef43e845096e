package catalog

import (
	"slices"
	"strings"
)

// Catalog is a set of rules and issues.
type Catalog struct {
	Rules  []Rule  // sorted by ID
	Issues []Issue // in the order of issues.yaml
}

// Rule says which facts make a behaviour. A release shows the behaviour when
// any matcher of Match, or any of Combinations, hits.
type Rule struct {
	ID         string     // "category/slug"; stable once released
	Sentence   string     // what the code does, present tense, no verdict
	Attack     string     // MITRE ATT&CK technique, "T1059" or "T1059.006", or empty
	Confidence Confidence // how rarely the rule is wrong
	// Contexts are the contexts in which a hit counts ("install", "startup",
	// "import", "call", "package", "support"); empty means all of them.
	Contexts     []string
	Match        Match
	Combinations []Combination
	Positive     []Example // sources that show the behaviour, at least 2
	Negative     []Example // sources that do not although they look like it, at least 2
	File         string    // where the rule was read from
	Line         int       // 1-based
	YAML         string    // the rule as it is written, comments included
}

// Category is the part of the ID before the slash.
func (r *Rule) Category() string {
	category, _, _ := strings.Cut(r.ID, "/")
	return category
}

// lineOf is the line of the rule's file on which a name or text of a matcher
// stands, in braces or not; the rule's own line where that cannot be told.
func (r *Rule) lineOf(text string) int {
	if text == "" {
		return r.Line
	}
	near := r.Line
	for i, line := range strings.Split(r.YAML, "\n") {
		for _, word := range strings.FieldsFunc(line, func(c rune) bool { return strings.ContainsRune(" '\"[]", c) }) {
			if slices.Contains(expand(strings.TrimRight(word, ",")), text) {
				return r.Line + i
			}
		}
		if near == r.Line && strings.Contains(line, text) {
			near = r.Line + i
		}
	}
	return near
}

// Confidence says how rarely a rule is wrong.
type Confidence string

// The confidences.
const (
	High   Confidence = "high"   // at least 95 % of its hits are what the sentence says
	Medium Confidence = "medium" // most are
	Low    Confidence = "low"    // a lead, no more
)

// Match lists matchers by the kind of fact that they match. A fact that
// matches any of them is a hit.
//
// Names are spelled as worker/pysource spells them, in canonical dotted form:
// "shutil.move", "pathlib.Path.unlink", "builtins.eval". A name that ends in
// ".*" stands for everything below it, but not for the name itself; "*" alone
// stands for every name. Braces stand for alternatives: "os.{remove,unlink}"
// is loaded as two names.
type Match struct {
	// Uses match a callee that is called or referred to: a call, a callback, a
	// decorator, a base class.
	Uses    []string
	Calls   []string // called only
	Refs    []string // referred to without being called only
	Imports []string // imported; "winreg" also stands for what is imported from it when written "winreg.*"
	// Args match argument atoms: "subprocess.run#shell=True". Before the "#" a
	// name may end in ".*".
	Args    []string
	Flows   []string // ways of a value: "decode>exec"
	Methods []string // ".unlink": called on a receiver that could not be resolved; the hit is likely, not resolved
	Strings []StringMatch
	// Literals match string constants outside docstrings.
	Literals []LiteralMatch
	Traits   []string // properties of a source text: "bidi-control"
	Native   []string // imported symbols of a binary, undecorated: "ptrace", "CreateProcess" (no A or W)
	Package  []string // properties of a release: "no-author-email"
	Text     []TextMatch
}

// StringMatch matches a string constant by the kind that pysource gave it and
// by its value. What is given of the
// other fields must all match; with none of them every value does.
type StringMatch struct {
	Kind string // "ipv4", "ipv6", "url", "domain", "email", "path", "base64", "hex", "wallet", "token", "webhook"
	// Hosts match a URL whose host, or a domain that, is one of these or below
	// one of them. A host that begins with "." only matches below it.
	Hosts    []string
	Contains []string // the value contains any of these, case ignored
	// Except are hosts, as above, that do not match; of an IP address, a path or
	// other text they are how it must not begin.
	Except []string
	// Public matches only an IP address, or a URL whose host is one, that is
	// routed publicly: not private, loopback, documentation and the like.
	Public bool
	Regex  string // RE2 syntax
}

// LiteralMatch matches a string constant that contains Text.
type LiteralMatch struct {
	Text  string
	Fold  bool   // ignore ASCII case
	Whole bool   // the constant is Text, not merely contains it
	Word  bool   // no letter, digit or underscore stands beside Text
	Regex string // the constant must match it too; RE2 syntax
}

// TextMatch matches a member that is not Python.
type TextMatch struct {
	// Kinds are the kinds of members: "setup-cfg", "pyproject", "shell",
	// "powershell", "batch", "javascript".
	Kinds []string
	Regex string // RE2 syntax, matched against each line
	// Literals are strings one of which stands in every line that Regex
	// matches, ASCII case ignored: the fast first look.
	Literals []string
}

// Combination hits when every matcher set of All has a hit, any of Any has one
// (if there are any), and none of Unless has one, all within Scope. Its hits
// are those of the first set of All, or of Any if All is empty. Literals know
// no function: within ScopeFunction they count as module level.
type Combination struct {
	Scope  Scope
	All    []Match
	Any    []Match
	Unless []Match
}

// Scope is what a combination looks at as one.
type Scope string

// The scopes.
const (
	ScopeFunction Scope = "function" // one function or class body, or the module level of one member
	ScopeMember   Scope = "member"   // one file
	ScopeRelease  Scope = "release"  // everything in the release
)

// Example is a source text that a rule is tested with.
type Example struct {
	// Path is the member's path; it decides what the text is: "module.py"
	// (the default, imported as pkg.module), "setup.py", "tests/x.py",
	// "setup.cfg", "pyproject.toml", "x.pth", "x.sh", "x.ps1", "x.bat", "x.js".
	Path    string
	Source  string
	Package []string // properties of the release that are raised beside the source
	Native  []string // symbols of a binary that stands beside the source
	Line    int      // where the example begins in the rule's file
}

// Issue is a judgement that a person acts on.
type Issue struct {
	ID    string // slug; stable once released
	Title string
	// Problem says what is wrong and why it matters.
	Problem string
	// Prevalence is a sentence with the placeholders of IssuePlaceholders.
	Prevalence string
	// NextSteps say what to do, one step each.
	NextSteps []string
	// Behaviors are the behaviours that raise it, possibly none.
	Behaviors []string
	File      string
	Line      int
}

// IssuePlaceholders are the placeholders that Issue.Prevalence may hold, in
// braces: counts of a band and how many of it were scanned.
func IssuePlaceholders() []string {
	return []string{"top100", "top1k", "top10k", "community", "top100_scanned", "top1k_scanned", "top10k_scanned", "community_scanned", "label"}
}

// Rule returns the rule with this id, or nil.
func (c *Catalog) Rule(id string) *Rule {
	for i := range c.Rules {
		if c.Rules[i].ID == id {
			return &c.Rules[i]
		}
	}
	return nil
}

// Issue returns the issue with this id, or nil.
func (c *Catalog) Issue(id string) *Issue {
	for i := range c.Issues {
		if c.Issues[i].ID == id {
			return &c.Issues[i]
		}
	}
	return nil
}
