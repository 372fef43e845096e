package catalog

import (
	"errors"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// maxErrors bounds how many faults of one file Load reports at once.
const maxErrors = 50

// reader walks the nodes of one YAML file and collects what is wrong with
// them, each with file and line.
type reader struct {
	file string
	errs []error
}

func (r *reader) errorf(n *yaml.Node, format string, args ...any) {
	r.lineErrorf(n.Line, format, args...)
}

func (r *reader) lineErrorf(line int, format string, args ...any) {
	if len(r.errs) == maxErrors {
		r.errs = append(r.errs, faultf(r.file, line, "more follows"))
	}
	if len(r.errs) < maxErrors {
		r.errs = append(r.errs, faultf(r.file, line, format, args...))
	}
}

func (r *reader) err() error { return errors.Join(r.errs...) }

// fields maps the keys of a mapping to what reads their values.
type fields map[string]func(*yaml.Node)

// mapping reads n as a mapping with known keys, each at most once.
func (r *reader) mapping(n *yaml.Node, what string, known fields) {
	if n.Kind != yaml.MappingNode {
		r.errorf(n, "%s must be a mapping", what)
		return
	}
	seen := make(map[string]bool, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		read, ok := known[key.Value]
		switch {
		case key.Kind != yaml.ScalarNode || !ok:
			r.errorf(key, "unknown field %q in %s", key.Value, what)
		case seen[key.Value]:
			r.errorf(key, "field %q stands twice in %s", key.Value, what)
		default:
			seen[key.Value] = true
			read(value)
		}
	}
}

// each calls fn for the elements of a list.
func (r *reader) each(n *yaml.Node, what string, fn func(*yaml.Node)) {
	if n.Kind != yaml.SequenceNode {
		r.errorf(n, "%s must be a list", what)
		return
	}
	if len(n.Content) == 0 {
		r.errorf(n, "%s is empty: leave it out", what)
	}
	for _, e := range n.Content {
		fn(e)
	}
}

// text reads a scalar that is not blank.
func (r *reader) text(n *yaml.Node, what string) string {
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" || n.Value == "" {
		r.errorf(n, "%s must be text", what)
		return ""
	}
	return n.Value
}

// texts reads a list of scalars, none of which stands twice.
func (r *reader) texts(n *yaml.Node, what string) []string {
	var list []string
	seen := make(map[string]bool)
	r.each(n, what, func(e *yaml.Node) {
		s := r.text(e, "an element of "+what)
		if s != "" && seen[s] {
			r.errorf(e, "%q stands twice in %s", s, what)
			return
		}
		seen[s] = true
		list = append(list, s)
	})
	return list
}

// truth reads a boolean.
func (r *reader) truth(n *yaml.Node, what string) bool {
	b, err := strconv.ParseBool(n.Value)
	if n.Kind != yaml.ScalarNode || err != nil {
		r.errorf(n, "%s must be true or false", what)
	}
	return b
}
