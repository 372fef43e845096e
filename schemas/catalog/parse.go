package catalog

import (
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

var (
	idPattern     = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*/[a-z0-9]+(-[a-z0-9]+)*$`)
	slugPattern   = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	attackPattern = regexp.MustCompile(`^T1[0-9]{3}(\.[0-9]{3})?$`)
	namePattern   = regexp.MustCompile(`^[\pL_][\pL\pN_]*(\.[\pL_][\pL\pN_]*)*(\.\*)?$|^\*$`)
	argPattern    = regexp.MustCompile(`^(\.[\pL_][\pL\pN_]*|[\pL_][\pL\pN_]*(\.[\pL_][\pL\pN_]*)*(\.\*)?)#[^\s]+$`)
	methodPattern = regexp.MustCompile(`^\.[\pL_][\pL\pN_]*$`)
	flowPattern   = regexp.MustCompile(`^[a-z-]+(>[a-z-]+)+$`)
	nativePattern = regexp.MustCompile(`^[\pL_?@$.][\pL\pN_?@$.]*$`)
)

var (
	contexts    = []string{"install", "startup", "import", "call", "package", "support"}
	stringKinds = []string{"ipv4", "ipv6", "url", "domain", "email", "path", "base64", "hex", "wallet", "token", "webhook"}
	textKinds   = []string{"setup-cfg", "pyproject", "shell", "powershell", "batch", "javascript"}

	// packageTraits are the properties that a worker tells of a release.
	packageTraits = []string{
		"anonymous-email", "disposable-email", "placeholder-email", "no-author-email", "no-description", "no-source-repository",
		"no-metadata", "metadata-mismatch", "archive-anomaly", "bytecode-without-source", "executable-member", "native-extension",
		"nested-archive",
		"archive-anomaly:absolute-name", "archive-anomaly:parent-traversal", "archive-anomaly:drive-letter",
		"archive-anomaly:backslash-name", "archive-anomaly:control-name", "archive-anomaly:name-encoding", "archive-anomaly:empty-name",
		"archive-anomaly:duplicate-name", "archive-anomaly:case-collision", "archive-anomaly:device", "archive-anomaly:escaping-link",
		"archive-anomaly:trailing-bytes", "archive-anomaly:prefix-bytes", "archive-anomaly:hidden-member",
		"archive-anomaly:directory-mismatch", "archive-anomaly:directory-count", "archive-anomaly:overlapping-member",
		"archive-anomaly:checksum-mismatch", "archive-anomaly:size-mismatch", "archive-anomaly:encrypted-member",
		"archive-anomaly:unknown-method", "archive-anomaly:format-mismatch", "archive-anomaly:invisible-name",
		"archive-anomaly:confusable-name", "archive-anomaly:linked-code", "archive-anomaly:unknown-type",
	}
)

// PackageTraits are the properties of a release that rules may name: what a
// worker gives behavior's Release.Package, and no more.
func PackageTraits() []string { return slices.Clone(packageTraits) }

func (r *reader) rule(n *yaml.Node, category string) Rule {
	rule := Rule{File: r.file, Line: n.Line, Confidence: High}
	var matched, tested bool
	r.mapping(n, "a rule", fields{
		"id": func(n *yaml.Node) {
			rule.ID = r.text(n, "id")
			if !idPattern.MatchString(rule.ID) {
				r.errorf(n, "id %q is not of the form category/slug, lower case with hyphens", rule.ID)
			} else if rule.Category() != category {
				r.errorf(n, "id %q is not of the category %q of its file", rule.ID, category)
			}
		},
		"sentence": func(n *yaml.Node) {
			rule.Sentence = r.text(n, "sentence")
			if !strings.HasSuffix(rule.Sentence, ".") || strings.Contains(rule.Sentence, "\n") {
				r.errorf(n, "sentence must be one line and end with a full stop")
			}
		},
		"attack": func(n *yaml.Node) {
			rule.Attack = r.text(n, "attack")
			if !attackPattern.MatchString(rule.Attack) {
				r.errorf(n, "attack %q is not an ATT&CK technique like T1059.006", rule.Attack)
			}
		},
		"confidence": func(n *yaml.Node) {
			rule.Confidence = Confidence(r.text(n, "confidence"))
			if !slices.Contains([]Confidence{High, Medium, Low}, rule.Confidence) {
				r.errorf(n, "confidence is high, medium or low, not %q", rule.Confidence)
			}
		},
		"contexts": func(n *yaml.Node) {
			rule.Contexts = r.texts(n, "contexts")
			r.oneOf(n, rule.Contexts, contexts, "context")
		},
		"match": func(n *yaml.Node) { matched = true; rule.Match = r.match(n) },
		"combinations": func(n *yaml.Node) {
			matched = true
			r.each(n, "combinations", func(n *yaml.Node) { rule.Combinations = append(rule.Combinations, r.combination(n)) })
		},
		"examples": func(n *yaml.Node) { tested = true; r.examples(n, &rule) },
	})
	for _, missing := range []struct {
		is   bool
		what string
	}{{rule.ID == "", "id"}, {rule.Sentence == "", "sentence"}, {!matched, "match or combinations"}, {!tested, "examples"}} {
		if missing.is {
			r.errorf(n, "rule %s has no %s", rule.ID, missing.what)
		}
	}
	return rule
}

func (r *reader) oneOf(n *yaml.Node, got, known []string, what string) {
	for _, s := range got {
		if !slices.Contains(known, s) {
			r.errorf(n, "unknown %s %q; known are %s", what, s, strings.Join(known, ", "))
		}
	}
}

func (r *reader) match(n *yaml.Node) Match {
	var m Match
	names := func(to *[]string, what string, pattern *regexp.Regexp) func(*yaml.Node) {
		return func(n *yaml.Node) {
			seen := make(map[string]bool)
			r.each(n, what, func(e *yaml.Node) {
				for _, s := range expand(r.text(e, "an element of "+what)) {
					switch {
					case seen[s]:
						r.errorf(e, "%q stands twice in %s", s, what)
					case !pattern.MatchString(s):
						r.errorf(e, "%q is not a name as %s want it", s, what)
					}
					seen[s] = true
					*to = append(*to, s)
				}
			})
		}
	}
	r.mapping(n, "a match", fields{
		"uses":    names(&m.Uses, "uses", namePattern),
		"calls":   names(&m.Calls, "calls", namePattern),
		"refs":    names(&m.Refs, "refs", namePattern),
		"imports": names(&m.Imports, "imports", namePattern),
		"args":    names(&m.Args, "args", argPattern),
		"flows":   names(&m.Flows, "flows", flowPattern),
		"methods": names(&m.Methods, "methods", methodPattern),
		"traits":  names(&m.Traits, "traits", slugPattern),
		"native":  names(&m.Native, "native", nativePattern),
		"package": func(n *yaml.Node) {
			m.Package = r.texts(n, "package")
			r.oneOf(n, m.Package, packageTraits, "property of a release")
		},
		"strings": func(n *yaml.Node) {
			r.each(n, "strings", func(n *yaml.Node) { m.Strings = append(m.Strings, r.stringMatch(n)) })
		},
		"literals": func(n *yaml.Node) {
			r.each(n, "literals", func(n *yaml.Node) { m.Literals = append(m.Literals, r.literalMatch(n)) })
		},
		"text": func(n *yaml.Node) {
			r.each(n, "text", func(n *yaml.Node) { m.Text = append(m.Text, r.textMatch(n)) })
		},
	})
	if n.Kind == yaml.MappingNode && len(n.Content) == 0 {
		r.errorf(n, "a match without matchers")
	}
	return m
}

// Limits of a name with braces, and of how many names it stands for.
const (
	maxNameBytes = 2 << 10
	maxExpanded  = 1 << 10
)

// expand undoes braces: "os.{remove,unlink}" stands for two names.
func expand(s string) []string {
	out := []string{s}
	if len(s) > maxNameBytes {
		return out
	}
	for i := 0; i < len(out) && len(out) < maxExpanded; {
		before, rest, ok := strings.Cut(out[i], "{")
		inner, after, closed := strings.Cut(rest, "}")
		if !ok || !closed {
			i++
			continue
		}
		var alternatives []string
		for alternative := range strings.SplitSeq(inner, ",") {
			alternatives = append(alternatives, before+alternative+after)
		}
		out = slices.Replace(out, i, i+1, alternatives...)
	}
	return out
}

func (r *reader) stringMatch(n *yaml.Node) StringMatch {
	var m StringMatch
	r.mapping(n, "a string matcher", fields{
		"kind": func(n *yaml.Node) {
			m.Kind = r.text(n, "kind")
			r.oneOf(n, []string{m.Kind}, stringKinds, "kind of string")
		},
		"hosts":    func(n *yaml.Node) { m.Hosts = r.texts(n, "hosts") },
		"contains": func(n *yaml.Node) { m.Contains = r.texts(n, "contains") },
		"except":   func(n *yaml.Node) { m.Except = r.texts(n, "except") },
		"public":   func(n *yaml.Node) { m.Public = r.truth(n, "public") },
		"regex":    func(n *yaml.Node) { m.Regex = r.regex(n) },
	})
	if m.Kind == "" {
		r.errorf(n, "a string matcher needs a kind")
	}
	return m
}

func (r *reader) literalMatch(n *yaml.Node) LiteralMatch {
	var m LiteralMatch
	if n.Kind == yaml.ScalarNode {
		m.Text = r.text(n, "a literal")
	} else {
		r.mapping(n, "a literal", fields{
			"text":  func(n *yaml.Node) { m.Text = r.text(n, "text") },
			"fold":  func(n *yaml.Node) { m.Fold = r.truth(n, "fold") },
			"whole": func(n *yaml.Node) { m.Whole = r.truth(n, "whole") },
			"word":  func(n *yaml.Node) { m.Word = r.truth(n, "word") },
			"regex": func(n *yaml.Node) { m.Regex = r.regex(n) },
		})
	}
	if len(m.Text) < 4 {
		r.errorf(n, "literal %q is shorter than 4 bytes", m.Text)
	}
	return m
}

func (r *reader) textMatch(n *yaml.Node) TextMatch {
	var m TextMatch
	r.mapping(n, "a text matcher", fields{
		"kinds": func(n *yaml.Node) {
			m.Kinds = r.texts(n, "kinds")
			r.oneOf(n, m.Kinds, textKinds, "kind of text")
		},
		"regex":    func(n *yaml.Node) { m.Regex = r.regex(n) },
		"literals": func(n *yaml.Node) { m.Literals = r.texts(n, "literals") },
	})
	if len(m.Kinds) == 0 || m.Regex == "" || len(m.Literals) == 0 {
		r.errorf(n, "a text matcher needs kinds, regex and literals")
	}
	return m
}

func (r *reader) regex(n *yaml.Node) string {
	s := r.text(n, "regex")
	if _, err := regexp.Compile(s); err != nil {
		r.errorf(n, "%v", err)
	}
	return s
}

func (r *reader) combination(n *yaml.Node) Combination {
	var c Combination
	sets := func(to *[]Match, what string) func(*yaml.Node) {
		return func(n *yaml.Node) {
			r.each(n, what, func(n *yaml.Node) { *to = append(*to, r.match(n)) })
		}
	}
	r.mapping(n, "a combination", fields{
		"scope": func(n *yaml.Node) {
			c.Scope = Scope(r.text(n, "scope"))
			r.oneOf(n, []string{string(c.Scope)}, []string{string(ScopeFunction), string(ScopeMember), string(ScopeRelease)}, "scope")
		},
		"all":    sets(&c.All, "all"),
		"any":    sets(&c.Any, "any"),
		"unless": sets(&c.Unless, "unless"),
	})
	if c.Scope == "" {
		r.errorf(n, "a combination needs a scope")
	}
	if len(c.All)+len(c.Any) == 0 {
		r.errorf(n, "a combination needs all or any")
	}
	return c
}

func (r *reader) examples(n *yaml.Node, rule *Rule) {
	list := func(to *[]Example, what string) func(*yaml.Node) {
		return func(n *yaml.Node) {
			r.each(n, what, func(n *yaml.Node) { *to = append(*to, r.example(n)) })
		}
	}
	r.mapping(n, "examples", fields{
		"positive": list(&rule.Positive, "positive"),
		"negative": list(&rule.Negative, "negative"),
	})
	if len(rule.Positive) < 2 || len(rule.Negative) < 2 {
		r.errorf(n, "rule %s has %d positive and %d negative examples; at least 2 of each are needed", rule.ID, len(rule.Positive), len(rule.Negative))
	}
}

func (r *reader) example(n *yaml.Node) Example {
	e := Example{Path: "module.py", Line: n.Line}
	if n.Kind == yaml.ScalarNode {
		e.Source = r.text(n, "an example")
		return e
	}
	r.mapping(n, "an example", fields{
		"path":   func(n *yaml.Node) { e.Path = r.text(n, "path") },
		"source": func(n *yaml.Node) { e.Source = r.text(n, "source") },
		"package": func(n *yaml.Node) {
			e.Package = r.texts(n, "package")
			r.oneOf(n, e.Package, packageTraits, "property of a release")
		},
		"native": func(n *yaml.Node) { e.Native = r.texts(n, "native") },
	})
	if e.Source == "" && len(e.Package) == 0 && len(e.Native) == 0 {
		r.errorf(n, "an example needs source, package or native")
	}
	return e
}

func parseIssues(name string, data []byte) ([]Issue, error) {
	r := &reader{file: name}
	root := r.document(data)
	if root == nil {
		return nil, r.err()
	}
	var issues []Issue
	r.mapping(root, "an issues file", fields{
		"issues": func(n *yaml.Node) {
			r.each(n, "issues", func(n *yaml.Node) { issues = append(issues, r.issue(n)) })
		},
	})
	return issues, r.err()
}

func (r *reader) issue(n *yaml.Node) Issue {
	issue := Issue{File: r.file, Line: n.Line}
	r.mapping(n, "an issue", fields{
		"id": func(n *yaml.Node) {
			issue.ID = r.text(n, "id")
			if !slugPattern.MatchString(issue.ID) {
				r.errorf(n, "id %q is not lower case with hyphens", issue.ID)
			}
		},
		"title":   func(n *yaml.Node) { issue.Title = r.text(n, "title") },
		"problem": func(n *yaml.Node) { issue.Problem = r.text(n, "problem") },
		"prevalence": func(n *yaml.Node) {
			issue.Prevalence = r.text(n, "prevalence")
			for _, p := range placeholderPattern.FindAllStringSubmatch(issue.Prevalence, -1) {
				r.oneOf(n, p[1:], IssuePlaceholders(), "placeholder")
			}
		},
		"next_steps": func(n *yaml.Node) { issue.NextSteps = r.texts(n, "next_steps") },
		"behaviors":  func(n *yaml.Node) { issue.Behaviors = r.texts(n, "behaviors") },
	})
	if issue.ID == "" || issue.Title == "" || issue.Problem == "" || issue.Prevalence == "" || len(issue.NextSteps) == 0 {
		r.errorf(n, "an issue needs id, title, problem, prevalence and next_steps")
	}
	return issue
}

var placeholderPattern = regexp.MustCompile(`\{([^}]*)\}`)
