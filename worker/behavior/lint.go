package behavior

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"prevalence/schemas/catalog"
	"prevalence/worker/native"
	"prevalence/worker/pysource"
)

// Lint returns what is wrong with a rule that loads: matchers that no fact can
// meet, methods that mean many things, names that stand twice, and what is left
// of the template of "prevalence rules new". Each error is a *catalog.Fault.
func Lint(rule *catalog.Rule) []error {
	l := linter{rule: rule}
	l.set(&rule.Match)
	l.generic(&rule.Match)
	for i := range rule.Combinations {
		l.combination(&rule.Combinations[i])
	}
	l.contexts()
	l.examples()
	for i, line := range strings.Split(rule.YAML, "\n") {
		if strings.Contains(line, Placeholder) {
			l.errs = append(l.errs, &catalog.Fault{File: rule.File, Line: rule.Line + i, What: Placeholder + " is to be replaced"})
		}
	}
	return l.errs
}

// Placeholder marks in a rule's template what is to be replaced.
const Placeholder = "EDIT_ME"

type linter struct {
	rule *catalog.Rule
	errs []error
}

func (l *linter) add(at, format string, args ...any) {
	l.errs = append(l.errs, l.rule.Faultf(at, format, args...))
}

// set checks that each matcher can be met.
func (l *linter) set(m *catalog.Match) {
	for _, name := range slices.Concat(m.Uses, m.Calls, m.Refs) {
		l.canonical(name, name)
	}
	for _, atom := range m.Args {
		callee, _, _ := strings.Cut(atom, "#")
		if l.canonical(callee, atom) {
			if err := pysource.CheckArg(atom); err != nil {
				l.add(atom, "%v", err)
			}
		}
	}
	l.known("flow", m.Flows, pysource.Flows())
	l.known("trait", m.Traits, pysource.Traits())
	for _, name := range m.Native {
		if plain := native.Plain(name); plain != name {
			l.add(name, "symbol %s is read as %s", name, plain)
		} else if !native.Telling(name) {
			l.add(name, "symbol %s is not kept: it stands in every binary, or is Python's own", name)
		}
	}
	for _, s := range m.Strings {
		l.stringMatch(&s)
	}
	l.twice(m)
}

// canonical reports whether facts spell a name so.
func (l *linter) canonical(name, at string) bool {
	callee := strings.TrimSuffix(name, ".*")
	want := pysource.Canonical(callee)
	if want != callee {
		l.add(at, "%s is spelled %s by the scanner", callee, want)
	}
	return want == callee
}

func (l *linter) known(what string, got, known []string) {
	for _, name := range got {
		if !slices.Contains(known, name) {
			l.add(name, "unknown %s %q; known are %s", what, name, strings.Join(known, ", "))
		}
	}
}

func (l *linter) stringMatch(m *catalog.StringMatch) {
	hosted := []string{"url", "domain", "webhook", "email"}
	if len(m.Hosts) > 0 && !slices.Contains(hosted, m.Kind) {
		l.add(m.Hosts[0], "a string of kind %s has no host", m.Kind)
	}
	if m.Public && !slices.Contains([]string{"ipv4", "ipv6", "url"}, m.Kind) {
		l.add("public", "a string of kind %s is no address that could be public", m.Kind)
	}
	for _, h := range m.Hosts {
		if strings.ContainsAny(h, "/@*") || strings.Contains(h, ":") && h[0] != '[' {
			l.add(h, "%q is no host; a host stands for those below it too", h)
		}
	}
}

// twice finds names that another matcher of the set covers.
func (l *linter) twice(m *catalog.Match) {
	for _, name := range slices.Concat(m.Calls, m.Refs) {
		if slices.Contains(m.Uses, name) {
			l.add(name, "%s stands in uses already", name)
		}
	}
	for _, list := range [][]string{m.Uses, m.Calls, m.Refs, m.Imports} {
		for _, name := range list {
			for _, wide := range list {
				if below, ok := strings.CutSuffix(wide, "*"); ok && name != wide && strings.HasPrefix(name, below) {
					l.add(name, "%s is covered by %s", name, wide)
				}
			}
		}
	}
}

// genericMethods mean different things on different receivers.
var genericMethods = strings.Fields(`.add .append .call .clear .close .connect .copy .count .create .decode .delete .dump .dumps .encode
	.execute .exists .extend .find .flush .format .get .index .insert .items .join .keys .kill .load .loads .match .move .open .pop
	.post .put .read .readline .recv .remove .rename .replace .request .run .save .search .seek .send .set .setdefault .sort .split
	.start .stop .strip .sub .terminate .update .values .wait .write`)

func (l *linter) generic(m *catalog.Match) {
	for _, name := range m.Methods {
		if slices.Contains(genericMethods, name) {
			l.add(name, "%s() means many things; on an unknown receiver it says nothing", name)
		}
	}
}

func (l *linter) combination(c *catalog.Combination) {
	sets := slices.Concat(c.All, c.Any, c.Unless)
	for i := range sets {
		l.set(&sets[i])
	}
	if c.Scope == catalog.ScopeRelease {
		return
	}
	for i := range sets {
		if onlyPackage(&sets[i]) {
			at := cmp.Or(first(sets[i].Package), first(sets[i].Native))
			l.add(at, "what is true of the release, or of a binary, is in no %s: use scope: release", c.Scope)
		}
	}
}

// onlyPackage says whether a set is met by facts of the package context alone.
func onlyPackage(m *catalog.Match) bool {
	return len(m.Package)+len(m.Native) > 0 && !hasSource(m)
}

// hasSource says whether a set can be met by text.
func hasSource(m *catalog.Match) bool {
	return len(m.Uses)+len(m.Calls)+len(m.Refs)+len(m.Imports)+len(m.Args)+len(m.Flows)+len(m.Methods)+len(m.Strings)+
		len(m.Literals)+len(m.Traits)+len(m.Text) > 0
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

// contexts finds matchers that cannot hit in any context that counts.
func (l *linter) contexts() {
	r := l.rule
	if len(r.Contexts) == 0 {
		return
	}
	if inPackage := slices.Contains(r.Contexts, "package"); !inPackage {
		if at := cmp.Or(first(r.Match.Package), first(r.Match.Native)); at != "" {
			l.add(at, "%s is seen in the context package, which does not count for the rule", at)
		}
	} else if len(r.Contexts) == 1 && hasSource(&r.Match) {
		l.add("contexts", "text is never seen in the context package, the only one that counts for the rule")
	}
}

func (l *linter) examples() {
	seen := make(map[string]int)
	for _, e := range slices.Concat(l.rule.Positive, l.rule.Negative) {
		key := strings.Join(slices.Concat([]string{e.Path, e.Source}, e.Package, e.Native), "\x00")
		if line, ok := seen[key]; ok {
			l.errs = append(l.errs, &catalog.Fault{File: l.rule.File, Line: e.Line, What: fmt.Sprintf("the example stands at line %d already", line)})
		}
		seen[key] = e.Line
	}
}
