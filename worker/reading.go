package worker

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"hash/maphash"
	"log/slog"
	"path"
	"strings"

	"prevalence/internal/pypi"
	"prevalence/schemas/message"
	"prevalence/worker/archive"
	"prevalence/worker/behavior"
	"prevalence/worker/pyc"
	"prevalence/worker/pysource"
)

// maxCuts bounds Scan.Cuts.
const maxCuts = 100

// reading is one release while it is read.
type reading struct {
	a    *Analyzer
	b    *bench
	scan *message.Scan
	rel  *behavior.Release
	said said // what the release says of itself

	// The bytes and role of code that earlier files of the release had, and that
	// this one has: what stands in the sdist and in the wheel counts once.
	earlier, now map[uint64]struct{}

	file, member string // being read, for the log
	kind         pypi.Kind
	core         string // SHA-256 of a wheel's METADATA
	layout       *layout
	pythonBytes  int64
	holding      bool
	held         []heldMember
	suspects     []suspect
	known        *wheelLayout // of the wheel that was read
	folder       string       // the name of a local tree, which is often its project's

	failed      []string // why files could not be read
	cutsLeftOut int
}

// heldMember is code of an sdist that waits for its context.
type heldMember struct {
	name string // empty when it was scanned
	data []byte // in bench.held
	source
}

// source says what kind of code a member is; the zero value is Python.
type source struct {
	text     behavior.TextKind // 0 for Python
	compiled bool              // it is the text that stands for bytecode
}

// suspect is a member that is worth a package-level fact if it is part of what
// is installed.
type suspect struct{ trait, name string }

// wheelLayout is what a wheel installs, by path below site-packages.
type wheelLayout struct {
	installed map[string]place
	scripts   map[string]bool
}

func newReading(a *Analyzer, b *bench, s *message.Scan) *reading {
	rel := a.o.Matcher.Release()
	rel.AllEvidence, rel.Key = a.o.AllEvidence, a.o.Key
	return &reading{a: a, b: b, scan: s, rel: rel, earlier: make(map[uint64]struct{}), now: make(map[uint64]struct{})}
}

// begin readies the reading for the next file.
func (r *reading) begin(name string, kind pypi.Kind) {
	r.file, r.member, r.kind, r.core = name, "", kind, ""
	r.layout = newLayout(kind)
	r.pythonBytes, r.held, r.suspects = 0, r.held[:0], r.suspects[:0]
	r.holding = kind == pypi.KindSdist
	r.b.held.clear(keepHeldBytes)
	if r.known != nil && kind == pypi.KindSdist {
		r.layout.installed, r.layout.scripts = r.known.installed, r.known.scripts
	}
}

// visitor takes the members of the current file.
func (r *reading) visitor() archive.Visitor {
	return archive.Visitor{
		Names: func(names []string) {
			for _, n := range names {
				r.layout.add(n)
			}
			if r.kind != pypi.KindSdist {
				r.layout.setTops(topsOf(names))
			}
		},
		Want: wanted,
		More: wantedAfter,
		Member: func(m archive.Member) error {
			r.take(m)
			return nil
		},
	}
}

// take looks at one member.
func (r *reading) take(m archive.Member) {
	r.member = m.Name
	if r.holding {
		r.layout.add(m.Name)
	}
	base := path.Base(m.Name)
	if r.kind == pypi.KindWheel && base == "METADATA" && isMetadata(m.Name) && m.Whole && strings.Count(m.Name, "/") == 1 {
		r.core = fmt.Sprintf("%x", sha256.Sum256(m.Data))
	}
	if isMetadata(m.Name) && m.Whole {
		r.said.metadata(r.kind, m.Name, m.Data, r.layout, r.scan.Project)
	}
	python := isPython(base) || isStartup(base) || runsPython(m.Data)
	text := behavior.TextKind(0)
	if !python {
		text = behavior.KindOf(m.Name, m.Data)
	}
	switch {
	case python && !m.Whole, text != 0 && !m.Whole:
		// Cut already, or too large to be written by hand.
	case python:
		r.pythonBytes += int64(len(m.Data))
		r.code(m, source{})
	case text != 0:
		r.code(m, source{text: text})
	case isBytecode(base), pyc.Sniff(m.Data):
		r.suspects = append(r.suspects, suspect{"bytecode-without-source", m.Name})
		if m.Whole {
			r.bytecode(m)
		}
	case isExecutable(base, m.Data):
		r.suspects = append(r.suspects, suspect{"executable-member", m.Name})
		r.native(m)
	case isNative(m.Data):
		r.suspects = append(r.suspects, suspect{"native-extension", m.Name})
		r.native(m)
	case isNestedArchive(base, m.Data):
		r.suspects = append(r.suspects, suspect{"nested-archive", m.Name})
	}
}

// code scans a member, or holds it until its context is certain.
func (r *reading) code(m archive.Member, src source) {
	if !r.holding {
		r.match(m.Name, m.Data, src)
		return
	}
	if r.b.held.bytes+len(m.Data) > r.a.o.HeldBytes {
		r.release()
	}
	r.held = append(r.held, heldMember{m.Name, r.b.held.put(m.Data), src})
}

// release scans what was held: first what runs on installation, which names
// the modules that it needs, then the rest.
func (r *reading) release() {
	l := r.layout
	l.guessTops(cmp.Or(r.scan.Project, r.said.project(), r.folder))
	take := func(h *heldMember) {
		r.match(h.name, h.data, h.source)
		h.name = ""
	}
	for more := true; more; { // each may name further ones
		more = false
		for i := range r.held {
			if h := &r.held[i]; h.name != "" && l.place(h.name).role == pysource.RoleInstall {
				take(h)
				more = true
			}
		}
	}
	for i := range r.held {
		if h := &r.held[i]; h.name != "" {
			take(h)
		}
	}
	clear(r.held)
	r.held = r.held[:0]
	r.b.held.clear(keepHeldBytes)
}

// match scans code and hands its facts to the rules.
func (r *reading) match(name string, data []byte, src source) {
	r.member = name
	p := r.layout.place(name)
	if src.compiled {
		p = r.layout.place(sourceOf(name))
	}
	sum := r.sum(data, p.role, "")
	if _, ok := r.earlier[sum]; ok {
		return
	}
	r.now[sum] = struct{}{}
	if src.text != 0 {
		r.rel.Text(name, src.text, data, r.textContext(name, p.role))
		return
	}
	res := r.python(data, pysource.File{Module: p.module, Role: p.role}, src.compiled)
	r.rel.Source(name, r.b.names, res)
	if res.Cut != "" {
		r.cut(message.Cut{File: r.file, Member: name, Why: "source-" + res.Cut})
	}
	if p.role == pysource.RoleInstall {
		r.helpers(res)
	}
	if r.b.names.Len() > resetNames {
		r.rel.Settle()
		r.b.forget()
	}
}

// textContext says when what is no Python runs: what a build reads when it is
// installed, a script of a package when it is called.
func (r *reading) textContext(name string, role pysource.Role) message.Context {
	if inner := r.layout.inner(name); r.kind == pypi.KindSdist && (inner == "setup.cfg" || inner == "pyproject.toml") {
		return message.ContextInstall
	}
	if role == pysource.RoleSupport {
		return message.ContextSupport
	}
	return message.ContextCall
}

// helpers notes the root modules that a build script imports: they run when
// it does.
func (r *reading) helpers(res pysource.Result) {
	for _, f := range res.Facts {
		if f.Kind != pysource.Import {
			continue
		}
		top, _, _ := strings.Cut(r.b.names.String(f.Name), ".")
		if r.layout.tops[top] || top == "" {
			continue
		}
		if _, ok := r.layout.names[top+".py"]; ok {
			r.layout.helpers[top] = true
		} else if _, ok := r.layout.names[top+"/__init__.py"]; ok {
			r.layout.helpers[top] = true
		}
	}
}

// python scans Python, unless another release of the job held it as well.
func (r *reading) python(data []byte, f pysource.File, compiled bool) pysource.Result {
	var sum uint64
	if r.b.results.on {
		sum = r.sum(data, f.Role, f.Module)
		if compiled {
			sum = ^sum
		}
		if res, ok := r.b.results.get(sum); ok {
			return res
		}
	}
	r.b.results.scans++
	res := r.b.scanner.Scan(data, f)
	if compiled {
		res = ofBytecode(res, r.b.names)
	}
	r.b.results.put(sum, res)
	return res
}

// sum tells code apart: the same bytes in another role are another thing.
func (r *reading) sum(data []byte, role pysource.Role, module string) uint64 {
	var h maphash.Hash
	h.SetSeed(r.b.seed)
	h.Write(data)
	h.WriteByte(byte(role))
	h.WriteString(module)
	return h.Sum64()
}

func (r *reading) cut(c message.Cut) {
	if len(r.scan.Cuts) >= maxCuts {
		r.cutsLeftOut++
		return
	}
	r.scan.Cuts = append(r.scan.Cuts, c)
}

// end sums up a file after its last member; got is what is known of the file
// as a whole.
func (r *reading) end(f pypi.File, stats archive.Stats, got message.File, why string) {
	if r.holding {
		r.release()
	}
	r.member = ""
	for _, s := range r.suspects {
		r.judge(s)
	}
	for _, c := range stats.Cuts {
		r.cut(message.Cut{File: f.Name, Member: c.Member, Why: c.Why, Bytes: c.Bytes})
	}
	r.cutsLeftOut += stats.CutsLeftOut
	for _, x := range stats.Anomalies {
		r.rel.Package("archive-anomaly:"+x.Kind, cmp.Or(x.Member, f.Name), x.Count)
		if !harmless[x.Kind] {
			r.rel.Package("archive-anomaly", cmp.Or(x.Member, f.Name), x.Count)
		}
	}
	if why == "" && stats.Members == 0 {
		why = WhyNoMembers
	}
	if why != "" {
		if stats.Members == 0 {
			r.leaveOut(f, why)
			return
		}
		r.fail(f.Name, why)
	}
	if r.kind == pypi.KindWheel && r.known == nil {
		r.known = r.wheelLayout()
	}
	if r.kind != pypi.KindSdist || len(r.said.modules) == 0 {
		for top := range r.layout.tops {
			r.said.module(top)
		}
	}
	r.said.typed = r.said.typed || r.layout.typed
	for sum := range r.now {
		r.earlier[sum] = struct{}{}
	}
	clear(r.now)
	got.Name, got.Kind, got.Metadata = f.Name, string(f.Kind), r.core
	got.Members, got.MemberBytes, got.PythonBytes = stats.Members, stats.MemberBytes, r.pythonBytes
	r.scan.Files = append(r.scan.Files, got)
	r.a.o.Log.Debug("file read", slog.String("file", f.Name), slog.Int("members", stats.Members))
}

// harmless are oddities of archives that say how they were made, not that
// their entries contradict each other or leave their folder.
var harmless = map[string]bool{
	archive.AnomalyNameEncoding: true, archive.AnomalyFormat: true, archive.AnomalyEmptyName: true, archive.AnomalyPrefixBytes: true,
	archive.AnomalyBackslash: true,
}

// judge makes a suspect a fact, if it is part of what is installed.
func (r *reading) judge(s suspect) {
	inner := r.layout.inner(s.name)
	if s.trait == "bytecode-without-source" {
		if _, ok := r.layout.names[sourceOf(inner)]; ok {
			return
		}
	}
	for dir := path.Dir(inner); dir != "."; dir = path.Dir(dir) {
		switch base := path.Base(dir); base {
		case "bin", "scripts", "tools", "vendor", "external", "third_party", "contrib", "utils":
		default:
			if supportFolder(base) && !r.layout.tops[base] {
				return
			}
		}
	}
	r.rel.Package(s.trait, s.name, 1)
}

// wheelLayout remembers what the wheel that was read installs.
func (r *reading) wheelLayout() *wheelLayout {
	w := &wheelLayout{installed: make(map[string]place, len(r.layout.names)), scripts: make(map[string]bool)}
	for name := range r.layout.names {
		p := r.layout.place(name)
		if top, rest, ok := strings.Cut(name, "/"); ok && strings.HasSuffix(top, ".data") {
			scheme, inner, _ := strings.Cut(rest, "/")
			switch scheme {
			case "purelib", "platlib":
				name = inner
			case "scripts":
				w.scripts[inner] = true
				continue
			}
		}
		w.installed[name] = p
	}
	return w
}

// topsOf returns the top-level modules among installed names.
func topsOf(names []string) []string {
	seen := make(map[string]bool)
	var tops []string
	for _, n := range names {
		top, rest, folder := strings.Cut(n, "/")
		if folder && strings.HasSuffix(top, ".data") {
			scheme, inner, _ := strings.Cut(rest, "/")
			if scheme != "purelib" && scheme != "platlib" {
				continue
			}
			top, rest, folder = strings.Cut(inner, "/")
		}
		if strings.HasSuffix(top, ".dist-info") || strings.HasSuffix(top, ".egg-info") || top == "EGG-INFO" {
			continue
		}
		if !folder {
			stem, ext, _ := strings.Cut(top, ".")
			if ext != "py" && !strings.HasSuffix(ext, "so") && !strings.HasSuffix(ext, "pyd") && ext != "pyc" {
				continue
			}
			top = stem
		} else if !strings.HasSuffix(rest, ".py") && !strings.HasSuffix(rest, ".so") && !strings.HasSuffix(rest, ".pyd") && !strings.HasSuffix(rest, ".pyi") && !strings.HasSuffix(rest, ".pyc") {
			continue
		}
		if !seen[top] && top != "" {
			seen[top] = true
			tops = append(tops, top)
		}
	}
	return tops
}

// finish fills in what the release as a whole says and shows.
func (r *reading) finish() {
	r.said.finish(r)
	r.rel.Own = r.scan.Metadata.Modules
	r.scan.Observations, r.scan.Symbols, r.scan.Indicators = r.rel.Result()
	r.outcome()
}
