package catalog

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Limits of what a folder of rules may hold; far above any real one.
const (
	maxFileBytes = 4 << 20
	maxFiles     = 1000
)

// Load reads every rules file (*.yaml at the root and under rules/) and, where
// there is one, issues.yaml. Each rules file holds one category and is named
// for it. Load refuses unknown and repeated fields, ids that are malformed or
// stand twice, rules without two positive and two negative examples, patterns
// that do not compile; its error is a Fault for each of them.
func Load(fsys fs.FS) (*Catalog, error) { return new(Catalog).Extend(fsys, "") }

// Extend returns a catalogue of c's rules and issues and of those that Load
// would read from fsys; with names, of those files of fsys alone. Folder stands
// before the names of files, in faults and in Rule.File. What stands in c
// already is refused.
func (c *Catalog) Extend(fsys fs.FS, folder string, names ...string) (*Catalog, error) {
	if len(names) == 0 {
		for _, pattern := range []string{"*.yaml", "rules/*.yaml"} {
			found, err := fs.Glob(fsys, pattern)
			if err != nil {
				return nil, fmt.Errorf("catalog: list rules: %w", err)
			}
			names = append(names, found...)
		}
	}
	switch {
	case len(names) == 0:
		return nil, fmt.Errorf("catalog: no file of rules (NAME.yaml) in %s", cmp.Or(folder, "the folder"))
	case len(names) > maxFiles:
		return nil, fmt.Errorf("catalog: %d files, more than %d", len(names), maxFiles)
	}
	sum := &Catalog{Rules: slices.Clone(c.Rules), Issues: slices.Clone(c.Issues)}
	var errs []error
	for _, name := range names {
		data, err := readFile(fsys, name)
		if err != nil {
			return nil, fmt.Errorf("catalog: %w", err)
		}
		shown := path.Join(folder, name)
		if name == "issues.yaml" {
			issues, err := parseIssues(shown, data)
			errs = append(errs, err)
			sum.Issues = append(sum.Issues, issues...)
			continue
		}
		rules, err := ParseRules(shown, data)
		errs = append(errs, err)
		sum.Rules = append(sum.Rules, rules...)
	}
	errs = append(errs, sum.finish())
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return sum, nil
}

// With returns a catalogue of the rules and issues of both; ids that stand in
// both are refused.
func (c *Catalog) With(other *Catalog) (*Catalog, error) {
	sum := &Catalog{
		Rules:  slices.Concat(c.Rules, other.Rules),
		Issues: slices.Concat(c.Issues, other.Issues),
	}
	if err := sum.finish(); err != nil {
		return nil, err
	}
	return sum, nil
}

// finish sorts the rules and checks what only the whole can show.
func (c *Catalog) finish() error {
	slices.SortStableFunc(c.Rules, func(a, b Rule) int { return strings.Compare(a.ID, b.ID) })
	var errs []error
	for i := 1; i < len(c.Rules); i++ {
		if a, b := &c.Rules[i-1], &c.Rules[i]; a.ID == b.ID && a.ID != "" {
			errs = append(errs, faultf(b.File, b.Line, "rule %s is already at %s:%d", b.ID, a.File, a.Line))
		}
	}
	seen := make(map[string]Issue)
	for _, issue := range c.Issues {
		if first, ok := seen[issue.ID]; ok {
			errs = append(errs, faultf(issue.File, issue.Line, "issue %s is already at %s:%d", issue.ID, first.File, first.Line))
		}
		seen[issue.ID] = issue
		for _, id := range issue.Behaviors {
			if c.Rule(id) == nil {
				errs = append(errs, faultf(issue.File, issue.Line, "issue %s names behaviour %s, which no rule makes", issue.ID, id))
			}
		}
	}
	return errors.Join(errs...)
}

func readFile(fsys fs.FS, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // nothing was written
	data, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if len(data) > maxFileBytes {
		return nil, fmt.Errorf("read %s: larger than %d bytes", name, maxFileBytes)
	}
	return data, nil
}

// document parses the single YAML document of a file. It returns nil after it
// noted what is wrong.
func (r *reader) document(data []byte) *yaml.Node {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc, more yaml.Node
	switch err := dec.Decode(&doc); {
	case errors.Is(err, io.EOF):
		r.lineErrorf(1, "the file is empty")
		return nil
	case err != nil:
		r.yamlError(err)
		return nil
	}
	if err := dec.Decode(&more); !errors.Is(err, io.EOF) {
		r.lineErrorf(more.Line, "one document a file, please")
		return nil
	}
	if len(doc.Content) != 1 {
		r.lineErrorf(1, "the file is empty")
		return nil
	}
	if r.hasAlias(&doc) {
		return nil
	}
	return doc.Content[0]
}

// yamlError notes what the YAML parser says, at the line that it names.
func (r *reader) yamlError(err error) {
	what, line := strings.TrimPrefix(err.Error(), "yaml: "), 1
	if number, rest, ok := strings.Cut(strings.TrimPrefix(what, "line "), ": "); ok {
		if n, err := strconv.Atoi(number); err == nil {
			what, line = rest, n
		}
	}
	r.lineErrorf(line, "no YAML: %s", what)
}

// hasAlias refuses anchors and aliases: they make small files large.
func (r *reader) hasAlias(n *yaml.Node) bool {
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		r.errorf(n, "anchors and aliases are not allowed")
		return true
	}
	return slices.ContainsFunc(n.Content, r.hasAlias)
}

// ParseRules reads one file of rules; name stands in its faults.
func ParseRules(name string, data []byte) ([]Rule, error) {
	r := &reader{file: name}
	root := r.document(data)
	if root == nil {
		return nil, r.err()
	}
	category := ""
	var list *yaml.Node
	r.mapping(root, "a rules file", fields{
		"category": func(n *yaml.Node) { category = r.text(n, "category") },
		"about":    func(n *yaml.Node) { r.text(n, "about") },
		"rules":    func(n *yaml.Node) { list = n },
	})
	if want := strings.TrimSuffix(path.Base(name), ".yaml"); category != want {
		r.lineErrorf(root.Line, "category is %q, but the file is named for %q", category, want)
	}
	if list == nil {
		r.lineErrorf(root.Line, "rules are missing")
		return nil, r.err()
	}
	var rules []Rule
	r.each(list, "rules", func(n *yaml.Node) { rules = append(rules, r.rule(n, category)) })
	lines := strings.Split(string(data), "\n")
	for i := range rules {
		end := len(lines)
		if i+1 < len(rules) {
			end = rules[i+1].Line - 1
		}
		rules[i].YAML = asWritten(lines[min(rules[i].Line-1, end):end])
	}
	return rules, r.err()
}

// asWritten is the text of a rule without the indentation of its list, and
// without the blank lines and comments before the next rule.
func asWritten(lines []string) string {
	for n := len(lines); n > 0; n = len(lines) {
		if last := strings.TrimSpace(lines[n-1]); last != "" && last[0] != '#' {
			break
		}
		lines = lines[:n-1]
	}
	if len(lines) == 0 {
		return ""
	}
	indent := len(lines[0]) - len(strings.TrimLeft(lines[0], " "))
	var b strings.Builder
	for _, line := range lines {
		b.WriteString(strings.TrimRight(line[min(indent, len(line)-len(strings.TrimLeft(line, " "))):], "\r "))
		b.WriteByte('\n')
	}
	return b.String()
}
