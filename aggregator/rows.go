package aggregator

import (
	"cmp"
	"math"
	"slices"
	"time"

	"prevalence/schemas/message"
)

// contextBits are the bits of scans.contexts and scans.resolved.
var contextBits = [...]struct {
	context message.Context
	bit     uint8
}{
	{message.ContextInstall, 1},
	{message.ContextStartup, 2},
	{message.ContextImport, 4},
	{message.ContextCall, 8},
	{message.ContextPackage, 16},
	{message.ContextSupport, 32},
}

// headlineBits are the contexts that the headline count is about: all but support.
const headlineBits = 1 | 2 | 4 | 8 | 16

func contextBit(c message.Context) uint8 {
	for _, x := range contextBits {
		if x.context == c {
			return x.bit
		}
	}
	return 0
}

// scanRows are rows of table scans, by column.
type scanRows struct {
	ProjectID  []uint32    `ch:"project_id"`
	Project    []string    `ch:"project"`
	Version    []string    `ch:"version"`
	Seq        []uint64    `ch:"scan_seq"`
	Order      []uint64    `ch:"scan_order"`
	Catalogue  []string    `ch:"catalogue"`
	Scanner    []string    `ch:"scanner"`
	PageLatest []bool      `ch:"page_latest"`
	Drawn      []bool      `ch:"drawn"`
	Reason     []string    `ch:"reason"`
	Serial     []string    `ch:"serial"`
	At         []time.Time `ch:"at"`

	Outcome   []string            `ch:"outcome"`
	Why       []string            `ch:"why"`
	Detail    []string            `ch:"detail"`
	CutFile   [][]string          `ch:"cut.file"`
	CutMember [][]string          `ch:"cut.member"`
	CutWhy    [][]string          `ch:"cut.why"`
	CutBytes  [][]int64           `ch:"cut.bytes"`
	Dropped   []map[string]uint32 `ch:"dropped"`

	State           []string   `ch:"state"`
	Yanked          []bool     `ch:"yanked"`
	FileName        [][]string `ch:"file.name"`
	FileKind        [][]string `ch:"file.kind"`
	FileBytes       [][]int64  `ch:"file.bytes"`
	FileSHA256      [][]string `ch:"file.sha256"`
	FileVerified    [][]bool   `ch:"file.verified"`
	FileMembers     [][]uint32 `ch:"file.members"`
	FileMemberBytes [][]int64  `ch:"file.member_bytes"`
	FilePythonBytes [][]int64  `ch:"file.python_bytes"`

	MetaName         []string   `ch:"meta_name"`
	MetaVersion      []string   `ch:"meta_version"`
	Summary          []bool     `ch:"summary"`
	Description      []bool     `ch:"description"`
	License          []string   `ch:"license"`
	RequiresPython   []string   `ch:"requires_python"`
	RequiresDist     [][]string `ch:"requires_dist"`
	SourceRepository []bool     `ch:"source_repository"`
	BuildBackend     []string   `ch:"build_backend"`
	Modules          [][]string `ch:"modules"`
	EmailClass       []string   `ch:"email_class"`

	Behavior [][]string `ch:"behavior"`
	Contexts [][]uint8  `ch:"contexts"`
	Resolved [][]uint8  `ch:"resolved"`

	ObservationBehavior  [][]string `ch:"observation.behavior"`
	ObservationContext   [][]string `ch:"observation.context"`
	ObservationCertainty [][]string `ch:"observation.certainty"`
	ObservationHits      [][]uint32 `ch:"observation.hits"`
	EvidenceObservation  [][]uint16 `ch:"evidence.observation"`
	EvidencePath         [][]string `ch:"evidence.path"`
	EvidenceLine         [][]uint32 `ch:"evidence.line"`
	EvidenceEndLine      [][]uint32 `ch:"evidence.end_line"`
	EvidenceSymbol       [][]string `ch:"evidence.symbol"`
	EvidenceFingerprint  [][]string `ch:"evidence.fingerprint"`
}

func (r *scanRows) add(id uint32, seq uint64, s *message.Scan) {
	r.ProjectID = append(r.ProjectID, id)
	r.Project = append(r.Project, s.Project)
	r.Version = append(r.Version, s.Version)
	r.Seq = append(r.Seq, seq)
	r.Order = append(r.Order, s.JobSeq)
	r.Catalogue = append(r.Catalogue, s.Catalogue)
	r.Scanner = append(r.Scanner, s.Scanner)
	r.PageLatest = append(r.PageLatest, s.PageLatest)
	r.Drawn = append(r.Drawn, s.Drawn)
	r.Reason = append(r.Reason, string(s.Reason))
	r.Serial = append(r.Serial, string(s.Serial))
	r.At = append(r.At, second(s.At))

	r.Outcome = append(r.Outcome, string(s.Outcome))
	r.Why = append(r.Why, s.Why)
	r.Detail = append(r.Detail, s.Detail)
	r.CutFile = append(r.CutFile, each(s.Cuts, func(c message.Cut) string { return c.File }))
	r.CutMember = append(r.CutMember, each(s.Cuts, func(c message.Cut) string { return c.Member }))
	r.CutWhy = append(r.CutWhy, each(s.Cuts, func(c message.Cut) string { return c.Why }))
	r.CutBytes = append(r.CutBytes, each(s.Cuts, func(c message.Cut) int64 { return c.Bytes }))
	dropped := make(map[string]uint32, len(s.Dropped))
	for kind, n := range s.Dropped {
		dropped[kind] = count32(n)
	}
	r.Dropped = append(r.Dropped, dropped)

	r.State = append(r.State, string(s.State))
	r.Yanked = append(r.Yanked, s.Yanked)
	r.FileName = append(r.FileName, each(s.Files, func(f message.File) string { return f.Name }))
	r.FileKind = append(r.FileKind, each(s.Files, func(f message.File) string { return f.Kind }))
	r.FileBytes = append(r.FileBytes, each(s.Files, func(f message.File) int64 { return f.Bytes }))
	r.FileSHA256 = append(r.FileSHA256, each(s.Files, func(f message.File) string { return f.SHA256 }))
	r.FileVerified = append(r.FileVerified, each(s.Files, func(f message.File) bool { return f.Verified }))
	r.FileMembers = append(r.FileMembers, each(s.Files, func(f message.File) uint32 { return count32(f.Members) }))
	r.FileMemberBytes = append(r.FileMemberBytes, each(s.Files, func(f message.File) int64 { return f.MemberBytes }))
	r.FilePythonBytes = append(r.FilePythonBytes, each(s.Files, func(f message.File) int64 { return f.PythonBytes }))

	m := &s.Metadata
	r.MetaName = append(r.MetaName, m.Name)
	r.MetaVersion = append(r.MetaVersion, m.Version)
	r.Summary = append(r.Summary, m.Summary)
	r.Description = append(r.Description, m.Description)
	r.License = append(r.License, m.License)
	r.RequiresPython = append(r.RequiresPython, m.RequiresPython)
	r.RequiresDist = append(r.RequiresDist, m.RequiresDist)
	r.SourceRepository = append(r.SourceRepository, m.SourceRepository)
	r.BuildBackend = append(r.BuildBackend, m.BuildBackend)
	r.Modules = append(r.Modules, m.Modules)
	r.EmailClass = append(r.EmailClass, s.EmailClass)

	r.addObservations(s.Observations)
}

func (r *scanRows) addObservations(observations []message.Observation) {
	obs := slices.Clone(observations)
	slices.SortStableFunc(obs, func(a, b message.Observation) int { return cmp.Compare(a.Behavior, b.Behavior) })
	var behavior []string
	var contexts, resolved []uint8
	var evObs []uint16
	var evPath, evSymbol, evPrint []string
	var evLine, evEnd []uint32
	for i, o := range obs {
		if i == 0 || behavior[len(behavior)-1] != o.Behavior {
			behavior = append(behavior, o.Behavior)
			contexts = append(contexts, 0)
			resolved = append(resolved, 0)
		}
		last, bit := len(behavior)-1, contextBit(o.Context)
		contexts[last] |= bit
		if o.Certainty == message.Resolved {
			resolved[last] |= bit
		}
		for _, e := range o.Evidence {
			evObs = append(evObs, uint16(min(i+1, math.MaxUint16)))
			evPath = append(evPath, e.Path)
			evLine = append(evLine, count32(e.Line))
			evEnd = append(evEnd, count32(e.EndLine))
			evSymbol = append(evSymbol, e.Symbol)
			evPrint = append(evPrint, e.Fingerprint)
		}
	}
	r.Behavior = append(r.Behavior, behavior)
	r.Contexts = append(r.Contexts, contexts)
	r.Resolved = append(r.Resolved, resolved)
	r.ObservationBehavior = append(r.ObservationBehavior, each(obs, func(o message.Observation) string { return o.Behavior }))
	r.ObservationContext = append(r.ObservationContext, each(obs, func(o message.Observation) string { return string(o.Context) }))
	r.ObservationCertainty = append(r.ObservationCertainty, each(obs, func(o message.Observation) string { return string(o.Certainty) }))
	r.ObservationHits = append(r.ObservationHits, each(obs, func(o message.Observation) uint32 { return count32(o.Hits) }))
	r.EvidenceObservation = append(r.EvidenceObservation, evObs)
	r.EvidencePath = append(r.EvidencePath, evPath)
	r.EvidenceLine = append(r.EvidenceLine, evLine)
	r.EvidenceEndLine = append(r.EvidenceEndLine, evEnd)
	r.EvidenceSymbol = append(r.EvidenceSymbol, evSymbol)
	r.EvidenceFingerprint = append(r.EvidenceFingerprint, evPrint)
}

// symbolRows are rows of table symbols, by column.
type symbolRows struct {
	Name      []string `ch:"name"`
	Kind      []string `ch:"kind"`
	ProjectID []uint32 `ch:"project_id"`
	Seq       []uint64 `ch:"scan_seq"`
	Context   []string `ch:"context"`
	Certainty []string `ch:"certainty"`
	Hits      []uint32 `ch:"hits"`
	Path      []string `ch:"path"`
	Line      []uint32 `ch:"line"`
}

func (r *symbolRows) add(id uint32, seq uint64, symbols []message.Symbol) {
	for i := range symbols {
		s := &symbols[i]
		r.Name = append(r.Name, s.Name)
		r.Kind = append(r.Kind, string(s.Kind))
		r.ProjectID = append(r.ProjectID, id)
		r.Seq = append(r.Seq, seq)
		r.Context = append(r.Context, string(s.Context))
		r.Certainty = append(r.Certainty, string(s.Certainty))
		r.Hits = append(r.Hits, count32(s.Hits))
		r.Path = append(r.Path, s.Path)
		r.Line = append(r.Line, count32(s.Line))
	}
}

// indicatorRows are rows of table indicators, by column.
type indicatorRows struct {
	Value     []string `ch:"value"`
	Kind      []string `ch:"kind"`
	ProjectID []uint32 `ch:"project_id"`
	Seq       []uint64 `ch:"scan_seq"`
	Context   []string `ch:"context"`
	Hits      []uint32 `ch:"hits"`
	Path      []string `ch:"path"`
	Line      []uint32 `ch:"line"`
}

func (r *indicatorRows) add(id uint32, seq uint64, indicators []message.Indicator) {
	for i := range indicators {
		x := &indicators[i]
		r.Value = append(r.Value, x.Value)
		r.Kind = append(r.Kind, x.Kind)
		r.ProjectID = append(r.ProjectID, id)
		r.Seq = append(r.Seq, seq)
		r.Context = append(r.Context, string(x.Context))
		r.Hits = append(r.Hits, count32(x.Hits))
		r.Path = append(r.Path, x.Path)
		r.Line = append(r.Line, count32(x.Line))
	}
}

// emailRows are rows of table emails, by column.
type emailRows struct {
	Domain    []string `ch:"domain"`
	Class     []string `ch:"class"`
	ProjectID []uint32 `ch:"project_id"`
	Seq       []uint64 `ch:"scan_seq"`
	Key       []string `ch:"key"`
	KeyID     []string `ch:"key_id"`
}

func (r *emailRows) add(id uint32, seq uint64, emails []message.Email) {
	for _, e := range emails {
		r.Domain = append(r.Domain, e.Domain)
		r.Class = append(r.Class, e.Class)
		r.ProjectID = append(r.ProjectID, id)
		r.Seq = append(r.Seq, seq)
		r.Key = append(r.Key, e.Key)
		r.KeyID = append(r.KeyID, e.KeyID)
	}
}

// each returns f of every element, never nil.
func each[T, U any](in []T, f func(T) U) []U {
	out := make([]U, len(in))
	for i, v := range in {
		out[i] = f(v)
	}
	return out
}

// count32 puts a count into a column of 32 bits; what no package has is cut off.
func count32(n int) uint32 { return uint32(min(max(n, 0), math.MaxUint32)) }

// second cuts t to what a DateTime column holds: whole seconds from 1970 to 2106.
func second(t time.Time) time.Time {
	return time.Unix(min(max(t.Unix(), 0), math.MaxUint32), 0).UTC()
}
