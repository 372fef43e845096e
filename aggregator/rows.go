package aggregator

import (
	"math"
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

// codeBits are the contexts of code that is installed.
const codeBits = 1 | 2 | 4 | 8

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
	Crawled    []string    `ch:"crawled"`
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

	State           []string    `ch:"state"`
	Yanked          []bool      `ch:"yanked"`
	Kinds           [][]string  `ch:"kinds"`
	Attested        []bool      `ch:"attested"`
	Vulnerabilities [][]string  `ch:"vulnerabilities"`
	VulnsKnown      []bool      `ch:"vulnerabilities_known"`
	FirstUpload     []time.Time `ch:"first_upload"`
	FileName        [][]string  `ch:"file.name"`
	FileKind        [][]string  `ch:"file.kind"`
	FileBytes       [][]int64   `ch:"file.bytes"`
	FileSHA256      [][]string  `ch:"file.sha256"`
	FileVerified    [][]bool    `ch:"file.verified"`
	FileMembers     [][]uint32  `ch:"file.members"`
	FileMemberBytes [][]int64   `ch:"file.member_bytes"`
	FilePythonBytes [][]int64   `ch:"file.python_bytes"`

	MetaName         []string   `ch:"meta_name"`
	MetaVersion      []string   `ch:"meta_version"`
	Summary          []bool     `ch:"summary"`
	Description      []bool     `ch:"description"`
	License          []string   `ch:"license"`
	RequiresPython   []string   `ch:"requires_python"`
	RequiresDist     [][]string `ch:"requires_dist"`
	SourceRepository []bool     `ch:"source_repository"`
	BuildBackend     []string   `ch:"build_backend"`
	Typed            []bool     `ch:"typed"`
	Modules          [][]string `ch:"modules"`
	EmailClass       []string   `ch:"email_class"`

	Code       []uint64 `ch:"code"`
	SymbolRows []uint32 `ch:"symbol_rows"`

	observationRows
}

// add adds a scan; code is the hash of its facts, and symbols the
// number of its rows in table symbols.
func (r *scanRows) add(id uint32, seq, code uint64, symbols int, s *message.Scan) {
	r.ProjectID = append(r.ProjectID, id)
	r.Project = append(r.Project, s.Project)
	r.Version = append(r.Version, s.Version)
	r.Seq = append(r.Seq, seq)
	r.Order = append(r.Order, s.JobSeq)
	r.Catalogue = append(r.Catalogue, s.Catalogue)
	r.Crawled = append(r.Crawled, s.Catalogue)
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
	r.Kinds = append(r.Kinds, s.Kinds)
	r.Attested = append(r.Attested, s.Attested)
	var vulnerabilities []string
	if s.Vulnerabilities != nil {
		vulnerabilities = s.Vulnerabilities.IDs
	}
	r.Vulnerabilities = append(r.Vulnerabilities, vulnerabilities)
	r.VulnsKnown = append(r.VulnsKnown, s.Vulnerabilities != nil)
	r.FirstUpload = append(r.FirstUpload, second(s.First))
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
	r.Typed = append(r.Typed, m.Typed)
	r.Modules = append(r.Modules, m.Modules)
	r.EmailClass = append(r.EmailClass, s.EmailClass)

	r.Code = append(r.Code, code)
	r.SymbolRows = append(r.SymbolRows, count32(symbols))
	r.observationRows.add(s.Observations)
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
