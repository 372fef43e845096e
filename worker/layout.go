package worker

import (
	"path"
	"slices"
	"strings"

	"prevalence/internal/pypi"
	"prevalence/worker/pysource"
)

// place says what a member is in its distribution.
type place struct {
	role   pysource.Role
	module string // dotted name under which it is imported, empty when unknown
}

var supportPlace = place{role: pysource.RoleSupport}

// layout tells what the members of one distribution are. It knows the names
// that it was told, for a wheel all of them before the first member, for an
// sdist those that came so far.
type layout struct {
	kind pypi.Kind
	// root is the folder that an sdist wraps everything in, with its slash; empty
	// when there is none.
	root      string
	rootKnown bool
	// names are all members that are named like Python, bytecode included,
	// without root.
	names map[string]struct{}
	// testFolders hold files that are named like tests.
	testFolders map[string]bool
	// tops are the top-level modules, as far as they are known.
	tops map[string]bool
	// told is true when the tops are named by the distribution, not guessed.
	told bool
	// installed are the paths, and what they are, that the release's wheel
	// installs; nil when no wheel was read.
	installed map[string]place
	// scripts are base names that the wheel installs as scripts.
	scripts map[string]bool
	// renamed is a folder, with a slash, that is installed as the one top-level
	// module ("src/" as "thrift/"); empty when there is none.
	renamed string
	// typed is true when a member says that the package has types (PEP 561).
	typed bool
	// backend are the folders, without root, with a slash, that an in-tree build
	// backend may lie in, and backendModule its module.
	backend       []string
	backendModule string
	// helpers are root modules that setup.py or the backend import.
	helpers map[string]bool
}

func newLayout(kind pypi.Kind) *layout {
	return &layout{
		kind: kind, names: make(map[string]struct{}), testFolders: make(map[string]bool),
		tops: make(map[string]bool), helpers: make(map[string]bool), rootKnown: kind != pypi.KindSdist,
	}
}

// add tells the layout one member's name.
func (l *layout) add(name string) {
	if !l.rootKnown {
		l.rootKnown = true
		if i := strings.IndexByte(name, '/'); i > 0 {
			l.root = name[:i+1]
		}
	}
	name = l.inner(name)
	if top, _, ok := strings.Cut(name, "/"); ok && path.Base(name) == "py.typed" && !supportFolder(top) {
		l.typed = true
	}
	switch path.Ext(name) {
	case ".py", ".pyc", ".pyo", ".pyw":
	default:
		return
	}
	l.names[name] = struct{}{}
	if isTestFile(name) {
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			if l.testFolders[dir] {
				break
			}
			l.testFolders[dir] = true
		}
	}
}

// inner strips an sdist's root folder.
func (l *layout) inner(name string) string { return strings.TrimPrefix(name, l.root) }

// setTops names the top-level modules: those of top_level.txt, or of the
// layout of a wheel.
func (l *layout) setTops(tops []string) {
	l.told = len(tops) > 0
	clear(l.tops)
	for _, t := range tops {
		top, _, _ := strings.Cut(t, ".")
		if top != "" {
			l.tops[top] = true
		}
	}
}

// place says what a member of the distribution is.
func (l *layout) place(name string) place {
	switch l.kind {
	case pypi.KindWheel:
		return l.inWheel(name)
	case pypi.KindEgg:
		if rest, ok := strings.CutPrefix(name, "EGG-INFO/"); ok {
			if strings.HasPrefix(rest, "scripts/") {
				return place{role: pysource.RoleScript}
			}
			return supportPlace
		}
		return l.installedAt(name)
	}
	return l.inSdist(l.inner(name))
}

// inWheel follows PEP 427: what lies in NAME.data is spread over schemes.
func (l *layout) inWheel(name string) place {
	top, rest, ok := strings.Cut(name, "/")
	if !ok {
		return l.installedAt(name)
	}
	if strings.HasSuffix(top, ".dist-info") {
		return place{role: pysource.RoleScript}
	}
	if strings.HasSuffix(top, ".data") {
		scheme, inner, _ := strings.Cut(rest, "/")
		if scheme == "purelib" || scheme == "platlib" {
			return l.installedAt(inner)
		}
		return place{role: pysource.RoleScript}
	}
	return l.installedAt(name)
}

// installedAt says what a path below site-packages is.
func (l *layout) installedAt(name string) place {
	if isStartup(name) {
		if strings.Contains(name, "/") {
			return supportPlace // only site-packages itself is looked through at start
		}
		return place{role: pysource.RoleStartup}
	}
	dir, base := path.Split(name)
	parts := strings.Split(strings.TrimSuffix(dir, "/"), "/")
	if dir == "" {
		parts = nil
	}
	sole := len(l.tops) <= 1
	// What lies in a package knows its relatives, whatever it is there for.
	support := supportPlace
	if len(parts) > 0 && l.tops[parts[0]] {
		support.module = moduleName(name)
	}
	for i, p := range parts {
		if i == 0 && sole {
			continue // the package is called that
		}
		switch p {
		case "tests", "testsuite", "examples", "example", "benchmarks":
			return support
		case "test":
			if l.testFolders[strings.Join(parts[:i+1], "/")] {
				return support
			}
		case "docs", "doc", "demo", "demos", "samples":
			if i == 0 {
				return support
			}
		}
	}
	if isTestFile(base) && (len(parts) > 0 || !sole) {
		return support
	}
	switch path.Ext(base) {
	case ".py", ".pyw", ".pyc", ".pyo":
		return place{role: pysource.RoleModule, module: moduleName(name)}
	}
	return place{role: pysource.RoleScript} // nothing imports it
}

// inSdist says what an sdist's member is: what runs when it is installed, what
// is installed, what is a script; all else is support. With a wheel of the same
// release, installed is what the wheel installs; else what the top-level
// modules hold.
func (l *layout) inSdist(name string) place {
	if name == "setup.py" {
		return place{role: pysource.RoleInstall, module: "setup"}
	}
	parts := strings.Split(name, "/")
	p, installed := l.installedFrom(parts)
	if l.inBackend(name, installed) {
		return place{role: pysource.RoleInstall, module: p.module}
	}
	if installed {
		return p
	}
	top := strings.TrimSuffix(parts[0], ".py")
	if l.helpers[top] && !supportFolder(parts[0]) {
		return place{role: pysource.RoleInstall, module: moduleName(name)}
	}
	if len(parts) == 2 && (parts[0] == "bin" || parts[0] == "scripts") {
		if l.installed == nil || l.scripts[parts[1]] {
			return place{role: pysource.RoleScript}
		}
	}
	return supportPlace
}

// inBackend reports whether a source path is the in-tree build backend: what
// lies in its folders and is not installed; of what is installed too, as with
// build tools that build themselves, only the module that is called.
func (l *layout) inBackend(name string, installed bool) bool {
	for _, dir := range l.backend {
		rest, ok := strings.CutPrefix(name, dir)
		if !ok {
			continue
		}
		module := strings.TrimSuffix(moduleName(rest), ".__init__")
		called := module == l.backendModule
		if called || !installed && (dir != "" || strings.HasPrefix(l.backendModule, module+".") || strings.HasPrefix(module, l.backendModule+".")) {
			return true
		}
	}
	return false
}

// installedFrom looks for the installed path that a source path becomes: the
// path itself, or what is left of it behind up to three folders ("src/").
func (l *layout) installedFrom(parts []string) (place, bool) {
	if l.renamed != "" && parts[0]+"/" == l.renamed {
		for top := range l.tops {
			return l.installedAt(top + "/" + strings.Join(parts[1:], "/")), true
		}
	}
	for i := 0; i < len(parts) && i <= 3; i++ {
		if i > 0 && supportFolder(parts[i-1]) {
			return place{}, false
		}
		rest := strings.Join(parts[i:], "/")
		if isStartup(rest) && i == len(parts)-1 {
			return place{role: pysource.RoleStartup}, true
		}
		if l.installed != nil {
			if p, ok := l.installed[rest]; ok && (i > 0 || rest != "setup.py") {
				return p, true
			}
			continue
		}
		top := parts[i]
		if i == len(parts)-1 {
			top = strings.TrimSuffix(top, path.Ext(top))
		}
		if l.tops[top] {
			return l.installedAt(rest), true
		}
	}
	return place{}, false
}

// guessTops finds the top-level modules of an sdist that does not name them:
// packages and modules under src; else folders with an __init__.py at the root,
// and folders and modules called like the project; else packages further down;
// when there are none, the modules at the root that are not known to be tools.
func (l *layout) guessTops(project string) {
	if l.installed != nil {
		return
	}
	if l.told {
		l.findRenamed()
		return
	}
	clear(l.tops)
	for _, under := range []string{"src/", "lib/", "python/", ""} {
		if l.guessUnder(under, project); len(l.tops) > 0 {
			return
		}
	}
	if l.guessDeeper(); len(l.tops) > 0 {
		return
	}
	for name := range l.names {
		stem, ok := strings.CutSuffix(name, ".py")
		if ok && !strings.Contains(stem, "/") && !toolModules[stem] && !isTestFile(name) {
			l.tops[stem] = true
		}
	}
}

func (l *layout) guessUnder(under, project string) {
	called := strings.ReplaceAll(project, "-", "_")
	first, _, _ := strings.Cut(called, "_")
	for name := range l.names {
		rest, ok := strings.CutPrefix(name, under)
		if !ok || !strings.HasSuffix(name, ".py") {
			continue
		}
		parts := strings.Split(rest, "/")
		top := strings.TrimSuffix(parts[0], ".py")
		switch {
		case supportFolder(parts[0]) && !strings.EqualFold(top, called):
		case len(parts) == 1 && (strings.EqualFold(top, called) || under == "src/" && top != "__init__" && top != "setup"),
			len(parts) == 2 && parts[1] == "__init__.py",
			len(parts) > 1 && (strings.EqualFold(top, called) || strings.EqualFold(top, first)): // a namespace package
			l.tops[top] = true
		}
	}
}

// findRenamed looks for a folder that is installed under the name of the one
// top-level module, when nothing in the sdist has that name.
func (l *layout) findRenamed() {
	l.renamed = ""
	if len(l.tops) != 1 {
		return
	}
	for name := range l.names {
		if _, ok := l.installedFrom(strings.Split(name, "/")); ok {
			return
		}
	}
	for _, dir := range []string{"src/", "lib/", "python/"} {
		if _, ok := l.names[dir+"__init__.py"]; ok {
			l.renamed = dir
			return
		}
	}
}

// guessDeeper finds packages one or two folders further down, such as
// "python3/NAME/__init__.py", at the smallest depth where there are any.
func (l *layout) guessDeeper() {
	for depth := 3; depth <= 4 && len(l.tops) == 0; depth++ {
		for name := range l.names {
			parts := strings.Split(name, "/")
			if len(parts) == depth && parts[depth-1] == "__init__.py" && !slices.ContainsFunc(parts[:depth-1], supportFolder) {
				l.tops[parts[depth-2]] = true
			}
		}
	}
}

// toolModules stand at a source tree's root and are not installed.
var toolModules = map[string]bool{
	"setup": true, "conftest": true, "noxfile": true, "tasks": true, "fabfile": true, "versioneer": true, "ez_setup": true,
	"distribute_setup": true, "runtests": true, "run_tests": true, "bootstrap": true, "conf": true, "make": true, "build": true,
	"dodo": true, "manage": true, "pavement": true, "release": true, "SConstruct": true, "wscript": true, "hatch_build": true,
}

// supportFolder reports whether a source tree's folder of that name holds what
// is not installed.
func supportFolder(name string) bool {
	switch strings.ToLower(name) {
	case "tests", "test", "testing", "docs", "doc", "examples", "example", "samples", "sample", "demo", "demos", "benchmarks",
		"benchmark", "tutorial", "tutorials", "notebooks", "tools", "ci", "scripts", "script", "bin", "contrib", "extras", "misc",
		"build", "dist", "site", "fuzz", "fuzzing", "perf", "utils_dev", "third_party", "thirdparty", "vendor", "external":
		return true
	}
	return strings.HasPrefix(name, ".")
}

// isTestFile reports whether a Python file is named like a test.
func isTestFile(name string) bool {
	stem, ok := strings.CutSuffix(path.Base(name), ".py")
	return ok && (strings.HasPrefix(stem, "test_") || strings.HasSuffix(stem, "_test") || stem == "conftest")
}

// isStartup reports whether the interpreter's start reads files named so.
// Source: the site module; PEP 829.
func isStartup(name string) bool {
	return strings.HasSuffix(name, ".pth") || strings.HasSuffix(name, ".start")
}

// moduleName turns a path into a dotted name, "__init__" kept.
func moduleName(name string) string {
	name = strings.TrimSuffix(name, path.Ext(name))
	return strings.ReplaceAll(name, "/", ".")
}
