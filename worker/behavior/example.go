package behavior

import (
	"fmt"
	"path"
	"strings"

	"prevalence/schemas/catalog"
	"prevalence/schemas/message"
	"prevalence/worker/pysource"
)

// Example returns the observations that an example of a rule gives under the
// whole catalogue, as if it were the only member of a release.
func (m *Matcher) Example(e catalog.Example) []message.Observation {
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
	obs, _, _ := r.Result()
	return obs
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

// Check runs the examples of a rule and returns an error for each that does
// not show what it should: "file:line: what".
func (m *Matcher) Check(rule *catalog.Rule) []error {
	var errs []error
	for _, part := range []struct {
		examples []catalog.Example
		want     bool
	}{{rule.Positive, true}, {rule.Negative, false}} {
		for _, e := range part.examples {
			shown := false
			for _, o := range m.Example(e) {
				shown = shown || o.Behavior == rule.ID
			}
			switch {
			case part.want && !shown:
				errs = append(errs, fmt.Errorf("%s:%d: the example does not show %s", rule.File, e.Line, rule.ID))
			case !part.want && shown:
				errs = append(errs, fmt.Errorf("%s:%d: the negative example shows %s", rule.File, e.Line, rule.ID))
			}
		}
	}
	return errs
}
