package pysource

import (
	"fmt"
	"slices"
	"strings"
)

// Flows returns the flows that facts may have.
func Flows() []string {
	var list []string
	for _, source := range sourceNames {
		for _, sink := range sinkNames {
			list = append(list, source+">"+sink)
		}
	}
	return list
}

// Traits returns the traits that facts may have.
func Traits() []string { return slices.Clone(traitNames[:]) }

// CheckArg says why no fact can be an argument atom, "callee#name=value" with a
// callee that may end in ".*"; nil when one can.
func CheckArg(atom string) error {
	callee, argument, _ := strings.Cut(atom, "#")
	param, value, ok := strings.Cut(argument, "=")
	if !ok {
		return fmt.Errorf("%s is not of the form callee#name=value", atom)
	}
	below, wild := strings.CutSuffix(callee, "*")
	named := func(name string) bool { return name == callee || wild && strings.HasPrefix(name, below) }
	var params, values []string
	try := func(p, hint string, possible bool) bool {
		if p == param {
			values = append(values, hint)
			return possible
		}
		params = append(params, p)
		return false
	}
	for i := range argRules {
		r := &argRules[i]
		if slices.ContainsFunc(strings.Fields(r.callees), named) && try(r.param, r.form.hint(r.values), r.spells(value)) {
			return nil
		}
	}
	for name, form := range attributeRules {
		at := strings.LastIndexByte(name, '.')
		r := argRule{form: form, values: attributeValues}
		if named(name[:at]) && try(name[at+1:], form.hint(attributeValues), r.spells(value)) {
			return nil
		}
	}
	slices.Sort(params)
	switch {
	case len(values) > 0:
		return fmt.Errorf("%s is never %q; it is %s, or ? for anything else", callee+"#"+param, value, strings.Join(slices.Compact(values), ", "))
	case len(params) > 0:
		return fmt.Errorf("argument %q of %s is no fact; those of it that are: %s", param, callee, strings.Join(slices.Compact(params), ", "))
	}
	return fmt.Errorf("no argument of %s is a fact", callee)
}

// spells says whether argValue can spell an argument so.
func (r *argRule) spells(value string) bool {
	if value == r.deflt && value != "" {
		return true
	}
	switch r.form {
	case formProgram:
		return slices.Contains(strings.Fields(programs), value)
	case formMode:
		mode := strings.TrimSuffix(value, "+")
		if slices.Contains([]string{"r", "w", "a", "x"}, mode) {
			return true
		}
	case formOctal:
		if value != "" && len(value) <= 4 && strings.Trim(value, "01234567") == "" {
			return true
		}
	case formWords:
		if slices.Contains(strings.Fields(r.values), value) {
			return true
		}
	}
	return slices.Contains([]string{"True", "False", "None", "?"}, value)
}

// hint names the values of a form.
func (f argForm) hint(words string) string {
	switch f {
	case formProgram:
		return "one of the programs of worker/pysource/args.go"
	case formMode:
		return "one of r, w, a, x and a plus"
	case formOctal:
		return "octal digits"
	case formWords:
		return strings.Join(strings.Fields(words), ", ")
	}
	return "True, False or None"
}
