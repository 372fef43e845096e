package catalog

import (
	"fmt"
	"slices"
	"strings"
)

// AttackURL is the page of an ATT&CK technique, "" for none.
func AttackURL(technique string) string {
	if technique == "" {
		return ""
	}
	return "https://attack.mitre.org/techniques/" + strings.ReplaceAll(technique, ".", "/") + "/"
}

// Words say what counts as a hit of the rule: a sentence for each matcher and
// each combination, any of which is enough.
func (r *Rule) Words() []string {
	words := r.Match.words()
	for i, w := range words {
		words[i] = upper(w) + "."
	}
	for i := range r.Combinations {
		words = append(words, r.Combinations[i].words())
	}
	return words
}

// Words say how often a rule of this confidence is wrong.
func (c Confidence) Words() string {
	switch c {
	case Medium:
		return "most hits are what the sentence says"
	case Low:
		return "a lead, no more"
	}
	return "at least 95 of 100 hits are what the sentence says"
}

// words are clauses without capital and full stop, one a matcher.
func (m *Match) words() []string {
	var w []string
	list := func(names []string, format string) {
		if len(names) > 0 {
			w = append(w, fmt.Sprintf(format, either(names)))
		}
	}
	list(below(m.Uses), "code calls %s, or hands it on")
	list(below(m.Calls), "code calls %s")
	list(below(m.Refs), "code refers to %s without calling it")
	list(below(m.Imports), "code imports %s")
	w = append(w, argWords(m.Args)...)
	for _, f := range m.Flows {
		w = append(w, flowWords(f))
	}
	methods := make([]string, len(m.Methods))
	for i, name := range m.Methods {
		methods[i] = name + "()"
	}
	list(methods, "code calls %s on something that is not known (likely, not resolved)")
	for i := range m.Strings {
		w = append(w, m.Strings[i].words())
	}
	list(literalWords(m.Literals), "a text in the code, or a line of another file, has %s")
	list(m.Traits, "the source text has the trait %s")
	list(m.Native, "a binary imports %s")
	list(m.Package, "the release as a whole has the property %s")
	for i := range m.Text {
		w = append(w, m.Text[i].words())
	}
	return w
}

// below spells wildcards.
func below(names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = n
		if prefix, wild := strings.CutSuffix(n, ".*"); wild {
			out[i] = "anything of " + prefix
		} else if n == "*" {
			out[i] = "anything"
		}
	}
	return out
}

// argWords puts the callees of an argument together.
func argWords(atoms []string) []string {
	var arguments []string
	callees := make(map[string][]string)
	for _, a := range atoms {
		callee, argument, _ := strings.Cut(a, "#")
		if callees[argument] == nil {
			arguments = append(arguments, argument)
		}
		callees[argument] = append(callees[argument], callee)
	}
	var w []string
	for _, argument := range arguments {
		name, value, _ := strings.Cut(argument, "=")
		shown := argument
		if value == "?" {
			shown = name + " (any value that is not spelled out)"
		}
		w = append(w, fmt.Sprintf("code gives %s to %s", shown, either(below(callees[argument]))))
	}
	return w
}

var (
	sourceWords = map[string]string{"decode": "decoded", "decompress": "decompressed", "download": "downloaded"}
	sinkWords   = map[string]string{
		"exec": "is run as code", "process": "is given to a process", "file": "is written to a file", "deserialize": "is deserialised",
	}
)

func flowWords(flow string) string {
	way := strings.Split(flow, ">")
	source := sourceWords[way[0]]
	if source == "" {
		source = way[0]
	}
	var rest []string
	for _, step := range way[1:] {
		if s := sinkWords[step]; s != "" {
			step = s
		}
		rest = append(rest, step)
	}
	return fmt.Sprintf("what was %s %s", source, strings.Join(rest, " and then "))
}

var kindWords = map[string]string{
	"ipv4": "an IPv4 address", "ipv6": "an IPv6 address", "url": "a URL", "domain": "a domain", "email": "an e-mail address", "path": "a path",
	"base64": "base64", "hex": "hexadecimal digits", "wallet": "a wallet address", "token": "an access token", "webhook": "a webhook's address",
}

func (m *StringMatch) words() string {
	kind := kindWords[m.Kind]
	var of []string
	if m.Public {
		of = append(of, "routed publicly")
	}
	if len(m.Hosts) > 0 {
		of = append(of, "at "+either(m.Hosts))
	}
	if len(m.Contains) > 0 {
		of = append(of, "with "+either(quoted(m.Contains))+" in it")
	}
	if m.Regex != "" {
		of = append(of, "that matches /"+m.Regex+"/")
	}
	if len(m.Except) > 0 {
		of = append(of, "but not "+either(m.Except))
	}
	text := "a text in the code is " + kind
	if len(of) > 0 {
		text += " " + strings.Join(of, ", ")
	}
	return text
}

func quoted(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = fmt.Sprintf("%q", s)
	}
	return out
}

func literalWords(list []LiteralMatch) []string {
	var out []string
	for _, l := range list {
		text := fmt.Sprintf("%q", l.Text)
		if l.Word {
			text += " as a word"
		}
		if l.Whole {
			text += " and nothing else"
		}
		if l.Fold {
			text += ", in capitals or not"
		}
		if l.Regex != "" {
			text += ", where it matches /" + l.Regex + "/"
		}
		out = append(out, text)
	}
	return out
}

var textKindWords = map[string]string{
	"setup-cfg": "setup.cfg", "pyproject": "pyproject.toml", "shell": "a shell script", "powershell": "a PowerShell script",
	"batch": "a batch file", "javascript": "a JavaScript file",
}

func (m *TextMatch) words() string {
	kinds := make([]string, len(m.Kinds))
	for i, k := range m.Kinds {
		kinds[i] = textKindWords[k]
	}
	return fmt.Sprintf("a line of %s has %s and matches /%s/", either(kinds), either(quoted(m.Literals)), m.Regex)
}

func (c *Combination) words() string {
	where := map[Scope]string{
		ScopeFunction: "In one function, or at the top level of one file",
		ScopeMember:   "In one file", ScopeRelease: "Anywhere in the release",
	}[c.Scope]
	sets := func(list []Match) []string {
		out := make([]string, len(list))
		for i := range list {
			out[i] = strings.Join(list[i].words(), ", or ")
			if len(list) > 1 {
				out[i] = "(" + out[i] + ")"
			}
		}
		return out
	}
	var parts []string
	if len(c.All) > 0 {
		parts = append(parts, strings.Join(sets(c.All), " and "))
	}
	if len(c.Any) > 0 {
		some := strings.Join(sets(c.Any), " or ")
		if len(c.All) > 0 {
			some = "one of: " + some
		}
		parts = append(parts, some)
	}
	if len(c.Unless) > 0 {
		parts = append(parts, "unless "+strings.Join(sets(c.Unless), " or "))
	}
	return where + ": " + strings.Join(parts, "; ") + "."
}

// maxWords bounds how many names a sentence lists.
const maxWords = 12

// either joins a list by commas and "or", and leaves the end of a long one out.
func either(list []string) string {
	list = slices.Clone(list)
	if n := len(list) - maxWords; n > 1 {
		list = append(list[:maxWords], fmt.Sprintf("%d others", n))
	}
	if len(list) < 2 {
		return strings.Join(list, "")
	}
	return strings.Join(list[:len(list)-1], ", ") + " or " + list[len(list)-1]
}

func upper(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
