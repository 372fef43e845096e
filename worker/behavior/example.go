package behavior

import (
	"path"
	"slices"
	"strings"

	"prevalence/schemas/catalog"
	"prevalence/schemas/message"
	"prevalence/worker/pysource"
)

// Try is what came of one example of a rule.
type Try struct {
	Example  catalog.Example
	Positive bool                  // whether the rule should be shown
	Seen     []message.Observation // by any rule of the catalogue
	Facts    []message.Symbol      // what the rules had to go by
}

// Shows says whether the example shows a behaviour.
func (t *Try) Shows(id string) bool {
	return slices.ContainsFunc(t.Seen, func(o message.Observation) bool { return o.Behavior == id })
}

// Try runs the examples of a rule, the positive ones first.
func (m *Matcher) Try(rule *catalog.Rule) []Try {
	var tries []Try
	for i, e := range slices.Concat(rule.Positive, rule.Negative) {
		t := Try{Example: e, Positive: i < len(rule.Positive)}
		t.Seen, t.Facts, _ = m.example(e).Result()
		tries = append(tries, t)
	}
	return tries
}

// example is a release whose only member is an example.
func (m *Matcher) example(e catalog.Example) *Release {
	r := m.Release()
	if e.Source != "" {
		if kind := KindOf(e.Path, []byte(e.Source)); kind != 0 {
			c := message.ContextCall
			if kind == SetupCfg || kind == Pyproject {
				c = message.ContextInstall
			}
			r.Text(e.Path, kind, []byte(e.Source), c)
		} else {
			names := pysource.NewNames(m.seeds...)
			r.Source(e.Path, names, pysource.NewScanner(names).Scan([]byte(e.Source), exampleFile(e.Path)))
		}
	}
	for _, trait := range e.Package {
		r.Package(trait, "", 1)
	}
	if len(e.Native) > 0 {
		r.Native("module.so", e.Native)
	}
	return r
}

// exampleFile says what Python source at a path of an example is.
func exampleFile(name string) pysource.File {
	switch base := path.Base(name); {
	case strings.HasSuffix(base, ".pth") || strings.HasSuffix(base, ".start"):
		return pysource.File{Role: pysource.RoleStartup}
	case base == "setup.py":
		return pysource.File{Role: pysource.RoleInstall}
	case strings.HasPrefix(name, "tests/") || strings.HasPrefix(name, "docs/") || strings.HasPrefix(name, "examples/"):
		return pysource.File{Role: pysource.RoleSupport}
	case strings.HasPrefix(name, "bin/"):
		return pysource.File{Role: pysource.RoleScript}
	default:
		return pysource.File{Module: "pkg." + strings.ReplaceAll(strings.TrimSuffix(name, ".py"), "/", "."), Role: pysource.RoleModule}
	}
}

// Check runs the examples of a rule and returns a *catalog.Fault for each that
// does not show what it should.
func (m *Matcher) Check(rule *catalog.Rule) []error {
	var errs []error
	for _, t := range m.Try(rule) {
		what := "the example does not show " + rule.ID
		if !t.Positive {
			what = "the negative example shows " + rule.ID
		}
		if t.Shows(rule.ID) != t.Positive {
			errs = append(errs, &catalog.Fault{File: rule.File, Line: t.Example.Line, What: what})
		}
	}
	return errs
}
