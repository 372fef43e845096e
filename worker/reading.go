package worker

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"hash/maphash"
	"io"
	"log/slog"
	"os"
	"path"
	"slices"
	"strings"

	"prevalence/internal/pypi"
	"prevalence/schemas/message"
	"prevalence/worker/archive"
	"prevalence/worker/behavior"
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

// heldMember is code of an sdist that waits in bench.held for its context.
type heldMember struct {
	name       string // empty when it was scanned
	start, end int
	text       behavior.TextKind // 0 for Python
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

// packed is an opened distribution file: a stream, or a local file.
type packed struct {
	stream io.ReadCloser
	local  *os.File // for zips: read in place; nil for a stream
}

// begin readies the reading for the next file.
func (r *reading) begin(name string, kind pypi.Kind) {
	r.file, r.member, r.kind = name, "", kind
	r.layout = newLayout(kind)
	r.pythonBytes, r.held, r.suspects = 0, r.held[:0], r.suspects[:0]
	r.holding = kind == pypi.KindSdist
	r.b.held = r.b.held[:0]
	if r.known != nil && kind == pypi.KindSdist {
		r.layout.installed, r.layout.scripts = r.known.installed, r.known.scripts
	}
}

// read reads one distribution file. It returns a *fileError when the file
// cannot be had as promised, and other errors when the index or the network
// failed; a malformed file is noted in the scan.
func (r *reading) read(ctx context.Context, f pypi.File, open opener) error {
	r.begin(f.Name, f.Kind)
	format, _ := archive.FormatOf(f.Name)
	weight := int64(r.a.o.HeldBytes)
	if format == archive.FormatZip {
		if weight = f.Size; f.Size <= 0 {
			weight = r.a.o.ZipBytes
		}
	} else if f.Size > 0 {
		weight = min(weight, 8*f.Size) // source packs about four to one
	}
	free, err := r.a.budget.take(ctx, weight)
	if err != nil {
		return err
	}
	defer free()

	in, err := open(ctx, f)
	if err != nil {
		return classify(f.Name, err)
	}
	defer in.stream.Close()
	sum := &hashing{r: in.stream, h: newHash()}
	var stats archive.Stats
	var walkErr error
	switch {
	case format == archive.FormatTar:
		stats, walkErr = r.b.walker.Tar(ctx, sum, f.Name, r.visitor())
	case in.local != nil:
		stats, walkErr = r.zipInPlace(ctx, in.local)
	case f.Size > r.a.o.ZipBytes:
		r.leaveOut(f, WhyNeedsRanges)
		return nil
	default:
		var over bool
		if over, err = r.b.fill(sum, f.Size, r.a.o.ZipBytes); err != nil {
			return classify(f.Name, err)
		}
		if over {
			r.leaveOut(f, WhyNeedsRanges)
			return nil
		}
		if bad := verify(f, sum); bad != nil {
			return bad
		}
		stats, walkErr = r.b.walker.Zip(ctx, bytes.NewReader(r.b.zip), int64(len(r.b.zip)), r.visitor())
	}
	why, known := archive.Why(walkErr)
	if walkErr != nil && !known {
		return classify(f.Name, walkErr)
	}
	verified := false
	if !errors.Is(walkErr, archive.ErrLimit) {
		// What trails the archive belongs to the file's hash. A bomb is left alone.
		if _, err := io.Copy(io.Discard, sum); err != nil {
			return classify(f.Name, err)
		}
		if bad := verify(f, sum); bad != nil {
			return bad
		}
		verified = f.SHA256 != ""
	}
	r.end(f, stats, sum, verified, why)
	return nil
}

// zipInPlace reads a local zip without holding it in memory.
func (r *reading) zipInPlace(ctx context.Context, f *os.File) (archive.Stats, error) {
	info, err := f.Stat()
	if err != nil {
		return archive.Stats{}, fmt.Errorf("worker: %w", err)
	}
	return r.b.walker.Zip(ctx, f, info.Size(), r.visitor())
}

// fill reads a zip into memory; over is true when it is larger than limit.
func (b *bench) fill(r io.Reader, size, limit int64) (over bool, err error) {
	b.zip = slices.Grow(b.zip[:0], int(min(max(size, 64<<10), limit))+1)
	for {
		if len(b.zip) == cap(b.zip) {
			b.zip = slices.Grow(b.zip, len(b.zip))
		}
		n, err := r.Read(b.zip[len(b.zip):cap(b.zip)])
		b.zip = b.zip[:len(b.zip)+n]
		if int64(len(b.zip)) > limit {
			return true, nil
		}
		if err == io.EOF {
			return false, nil
		}
		if err != nil {
			return false, err
		}
	}
}

// classify tells files that cannot be had from faults that may pass.
func classify(file string, err error) error {
	for _, c := range []struct {
		is  error
		why string
	}{{pypi.ErrNotFound, WhyFileGone}, {pypi.ErrRefused, WhyFileRefused}, {pypi.ErrSize, WhyWrongSize}} {
		if errors.Is(err, c.is) {
			return &fileError{file: file, why: c.why, err: err}
		}
	}
	return fmt.Errorf("worker: file %s: %w", file, err)
}

// hashing sums what is read through it.
type hashing struct {
	r io.Reader
	h hash.Hash
	n int64
}

func newHash() hash.Hash { return sha256.New() }

func (h *hashing) Read(p []byte) (int, error) {
	n, err := h.r.Read(p)
	h.h.Write(p[:n])
	h.n += int64(n)
	return n, err
}

func (h *hashing) hex() string { return hex.EncodeToString(h.h.Sum(nil)) }

// verify compares what was read with what the index says of it.
func verify(f pypi.File, got *hashing) error {
	if f.Size > 0 && got.n != f.Size {
		return &fileError{file: f.Name, why: WhyWrongSize, err: fmt.Errorf("%d bytes instead of %d", got.n, f.Size)}
	}
	if f.SHA256 != "" && !strings.EqualFold(f.SHA256, got.hex()) {
		return &fileError{file: f.Name, why: WhyWrongHash, err: errors.New("sha256 differs")}
	}
	return nil
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
	if isMetadata(m.Name) && m.Whole {
		r.said.metadata(r.kind, m.Name, m.Data, r.layout, r.scan.Project)
	}
	python := isPython(base) || isStartup(base) || !strings.Contains(base, ".") && runsPython(m.Data)
	text := behavior.TextKind(0)
	if !python {
		text = behavior.KindOf(m.Name, m.Data)
	}
	switch {
	case python && !m.Whole, text != 0 && !m.Whole:
		// Cut already, or too large to be written by hand.
	case python:
		r.pythonBytes += int64(len(m.Data))
		r.code(m, 0)
	case text != 0:
		r.code(m, text)
	case isBytecode(base):
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
func (r *reading) code(m archive.Member, text behavior.TextKind) {
	if !r.holding {
		r.match(m.Name, m.Data, text)
		return
	}
	if len(r.b.held)+len(m.Data) > r.a.o.HeldBytes {
		r.release()
	}
	start := len(r.b.held)
	r.b.held = append(r.b.held, m.Data...)
	r.held = append(r.held, heldMember{m.Name, start, len(r.b.held), text})
}

// release scans what was held: first what runs on installation, which names
// the modules that it needs, then the rest.
func (r *reading) release() {
	l := r.layout
	l.guessTops(cmp.Or(r.scan.Project, r.said.project(), r.folder))
	take := func(h *heldMember) {
		r.match(h.name, r.b.held[h.start:h.end], h.text)
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
	r.held, r.b.held = r.held[:0], r.b.held[:0]
}

// match scans code and hands its facts to the rules.
func (r *reading) match(name string, data []byte, text behavior.TextKind) {
	r.member = name
	compiled := isBytecode(path.Base(name))
	p := r.layout.place(name)
	if compiled {
		p = r.layout.place(sourceOf(name))
	}
	if !r.first(data, p.role) {
		return
	}
	if text != 0 {
		r.rel.Text(name, text, data, r.textContext(name, p.role))
		return
	}
	res := r.b.scanner.Scan(data, pysource.File{Module: p.module, Role: p.role})
	if compiled {
		res = ofBytecode(res, r.b.names)
	}
	r.rel.Source(name, r.b.names, res)
	if res.Cut != "" {
		r.cut(message.Cut{File: r.file, Member: name, Why: "source-" + res.Cut})
	}
	if p.role == pysource.RoleInstall {
		r.helpers(res)
	}
	if r.b.names.Len() > resetNames {
		r.rel.Settle()
		r.b.names.Reset()
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

// first reports whether these bytes did not play this role in another file of
// the release.
func (r *reading) first(data []byte, role pysource.Role) bool {
	var h maphash.Hash
	h.SetSeed(r.b.seed)
	h.Write(data)
	h.WriteByte(byte(role))
	sum := h.Sum64()
	if _, ok := r.earlier[sum]; ok {
		return false
	}
	r.now[sum] = struct{}{}
	return true
}

func (r *reading) cut(c message.Cut) {
	if len(r.scan.Cuts) >= maxCuts {
		r.cutsLeftOut++
		return
	}
	r.scan.Cuts = append(r.scan.Cuts, c)
}

// end sums up a file after its last member.
func (r *reading) end(f pypi.File, stats archive.Stats, sum *hashing, verified bool, why string) {
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
	r.scan.Files = append(r.scan.Files, message.File{
		Name: f.Name, Kind: string(f.Kind), Bytes: sum.n, SHA256: sum.hex(), Verified: verified,
		Members: stats.Members, MemberBytes: stats.MemberBytes, PythonBytes: r.pythonBytes,
	})
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
