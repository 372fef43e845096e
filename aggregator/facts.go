package aggregator

import (
	"github.com/cespare/xxhash/v2"

	"prevalence/schemas/message"
)

// factRows are the rows that a batch of scans adds to the tables of facts.
type factRows struct {
	symbols      symbolRows
	indicators   indicatorRows
	emails       emailRows
	dependencies dependencyRows
	modules      moduleRows
}

// add adds the facts of a scan. It returns the hash of its code and the number
// of its rows in table symbols.
func (r *factRows) add(id uint32, seq uint64, s *message.Scan) (code uint64, rows int) {
	r.indicators.add(id, seq, s.Indicators)
	r.emails.add(id, seq, s.Emails)
	r.dependencies.add(id, seq, s.Metadata.RequiresDist)
	r.modules.add(id, seq, s.Metadata.Modules)
	before := len(r.symbols.Name)
	code = r.symbols.add(id, seq, s.Symbols)
	return code, len(r.symbols.Name) - before
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
	Contexts  []uint8  `ch:"contexts"`
	Resolved  []uint8  `ch:"resolved"`

	known map[symbolName]symbolSeen // of the scan that is added
}

// symbolName is a symbol without its context.
type symbolName struct {
	kind message.SymbolKind
	name string
}

// symbolSeen says where the leading row of a symbol is, and which contexts have
// a row by now: those that are resolved in the upper half.
type symbolSeen struct {
	lead int
	rows uint16
}

// add adds the symbols of a scan. The first row of a name and kind leads: it has
// the contexts of all. Code is a hash of the names that are used outside of
// support code, whatever their order: what stays the same when code is published
// under another name, as symbols of a package's own modules are not stored. It
// is 0 without any.
func (r *symbolRows) add(id uint32, seq uint64, symbols []message.Symbol) (code uint64) {
	if r.known == nil {
		r.known = make(map[symbolName]symbolSeen)
	}
	clear(r.known)
	for i := range symbols {
		s := &symbols[i]
		name, bit := symbolName{s.Kind, s.Name}, contextBit(s.Context)
		seen, ok := r.known[name]
		if !ok {
			seen.lead = len(r.Name)
		}
		row := uint16(bit)
		if s.Certainty == message.Resolved {
			row <<= 8
		}
		if seen.rows&row != 0 {
			continue // the key of the table has one row for both
		}
		seen.rows |= row
		r.known[name] = seen
		r.append(id, seq, s)
		if r.Contexts[seen.lead]&codeBits == 0 && bit&codeBits != 0 {
			code += xxhash.Sum64String(string(s.Kind) + "\x00" + s.Name)
		}
		r.Contexts[seen.lead] |= bit
		r.Resolved[seen.lead] |= uint8(row >> 8)
	}
	return code
}

func (r *symbolRows) append(id uint32, seq uint64, s *message.Symbol) {
	r.Name = append(r.Name, s.Name)
	r.Kind = append(r.Kind, string(s.Kind))
	r.ProjectID = append(r.ProjectID, id)
	r.Seq = append(r.Seq, seq)
	r.Context = append(r.Context, string(s.Context))
	r.Certainty = append(r.Certainty, string(s.Certainty))
	r.Hits = append(r.Hits, count32(s.Hits))
	r.Path = append(r.Path, s.Path)
	r.Line = append(r.Line, count32(s.Line))
	r.Contexts = append(r.Contexts, 0)
	r.Resolved = append(r.Resolved, 0)
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

// moduleRows are rows of table provided_modules, by column.
type moduleRows struct {
	Module    []string `ch:"module"`
	ProjectID []uint32 `ch:"project_id"`
	Seq       []uint64 `ch:"scan_seq"`
}

func (r *moduleRows) add(id uint32, seq uint64, modules []string) {
	for _, m := range modules {
		r.Module = append(r.Module, m)
		r.ProjectID = append(r.ProjectID, id)
		r.Seq = append(r.Seq, seq)
	}
}
