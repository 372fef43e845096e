package behavior

import (
	"bytes"
	"strings"

	"prevalence/schemas/message"
	"prevalence/worker/pysource"
)

// TextKind is the kind of a member that is not Python but is matched.
type TextKind uint8

// The kinds of text members.
const (
	SetupCfg TextKind = iota + 1
	Pyproject
	Shell
	PowerShell
	Batch
	JavaScript
	numTextKinds
)

var textKindNames = [numTextKinds]string{"", "setup-cfg", "pyproject", "shell", "powershell", "batch", "javascript"}

func textKindOf(name string) TextKind {
	for i, n := range textKindNames {
		if n == name && i > 0 {
			return TextKind(i)
		}
	}
	return 0
}

// KindOf says what kind of text a member is from its path, and its first
// bytes where the name says nothing; 0 when it is none that rules look at.
func KindOf(path string, head []byte) TextKind {
	base := path[strings.LastIndexByte(path, '/')+1:]
	switch base {
	case "setup.cfg":
		return SetupCfg
	case "pyproject.toml":
		return Pyproject
	}
	switch ext := strings.ToLower(base[strings.LastIndexByte(base, '.')+1:]); ext {
	case "sh", "bash", "zsh", "ksh":
		return Shell
	case "ps1", "psm1":
		return PowerShell
	case "bat", "cmd":
		return Batch
	case "js", "mjs", "cjs":
		return JavaScript
	}
	if bytes.HasPrefix(head, []byte("#!")) {
		line, _, _ := bytes.Cut(head, []byte("\n"))
		fields := bytes.Fields(line[2:])
		if len(fields) > 1 && bytes.HasSuffix(fields[0], []byte("/env")) {
			fields = fields[1:]
		}
		if len(fields) > 0 {
			switch string(fields[0][bytes.LastIndexByte(fields[0], '/')+1:]) {
			case "sh", "bash", "zsh", "ksh", "dash":
				return Shell
			case "pwsh":
				return PowerShell
			case "node":
				return JavaScript
			}
		}
	}
	return 0
}

// comments begin lines that are not looked at.
var comments = [numTextKinds][]string{
	SetupCfg: {"#", ";"}, Pyproject: {"#"}, Shell: {"#"}, PowerShell: {"#"}, Batch: {"rem ", "REM ", "::"}, JavaScript: {"//"},
}

// textHit tells apart what was seen on a line, so that it counts once.
type textHit struct {
	rule, line uint32
}

// literalKey is a catalogue literal that was seen in a context.
type literalKey struct {
	literal uint32
	context context
}

// maxLineBytes bounds what a pattern is shown of a line.
const maxLineBytes = 4 << 10

// Text adds a member that is not Python. ctx is when it runs: "install" for
// what a build reads, otherwise as the worker sees fit. Data is not kept.
func (r *Release) Text(path string, kind TextKind, data []byte, ctx message.Context) {
	c := contextOf(ctx)
	if kind == 0 || kind >= numTextKinds || c == 0 {
		return
	}
	r.member(path)
	if r.lines == nil {
		r.lines = make(map[textHit]struct{})
	}
	clear(r.lines)
	cursor := lineCursor{data: data}
	r.m.textScan.find(data, func(pattern, end int) {
		for _, at := range r.m.textLiterals[pattern] {
			rule := &r.m.texts[at]
			if rule.kinds>>kind&1 == 0 {
				continue
			}
			number, line := cursor.line(end - 1)
			hit := textHit{at, number}
			if _, seen := r.lines[hit]; seen || isComment(line, kind) {
				continue
			}
			if len(line) > maxLineBytes {
				line = line[:maxLineBytes]
			}
			if rule.regex.Match(line) {
				r.lines[hit] = struct{}{}
				r.raise(rule.signal, raise{context: c, certainty: uint8(pysource.Resolved), line: number, endLine: number, text: rule.symbol})
			}
		}
	})
	clear(r.lines)
	cursor = lineCursor{data: data}
	r.m.literalScan.find(data, func(pattern, end int) {
		l := &r.m.literals[pattern]
		number, line := cursor.line(end - 1)
		hit := textHit{uint32(pattern), number}
		if _, seen := r.lines[hit]; seen || l.whole || isComment(line, kind) || !l.matches(data, end) {
			return
		}
		r.lines[hit] = struct{}{}
		r.raiseLiteral(pattern, c, number)
	})
	r.endMember()
}

func isComment(line []byte, kind TextKind) bool {
	line = bytes.TrimLeft(line, " \t")
	for _, c := range comments[kind] {
		if bytes.HasPrefix(line, []byte(c)) {
			return true
		}
	}
	return false
}

// lineCursor finds the line of offsets that do not decrease by much.
type lineCursor struct {
	data       []byte
	start, end int // of the current line
	number     uint32
}

func (c *lineCursor) line(offset int) (number uint32, line []byte) {
	if c.number == 0 || offset < c.start {
		c.start, c.number = 0, 1
		c.end = c.eol(0)
	}
	for offset > c.end {
		c.start = c.end + 1
		c.end = c.eol(c.start)
		c.number++
	}
	return c.number, c.data[c.start:c.end]
}

func (c *lineCursor) eol(from int) int {
	if i := bytes.IndexByte(c.data[from:], '\n'); i >= 0 {
		return from + i
	}
	return len(c.data)
}

// matchLiterals looks for the catalogue's literals in a string constant.
func (r *Release) matchLiterals(s []byte, c context, line uint32) {
	last := -1
	r.m.literalScan.find(s, func(pattern, end int) {
		// A literal counts once a constant; repeats usually follow at once.
		if pattern != last && r.m.literals[pattern].matches(s, end) {
			last = pattern
			r.raiseLiteral(pattern, c, line)
		}
	})
}

func (r *Release) raiseLiteral(pattern int, c context, line uint32) {
	l := &r.m.literals[pattern]
	for _, s := range l.signals {
		r.raise(s, raise{context: c, certainty: uint8(pysource.Resolved), line: line, endLine: line, text: l.text})
	}
	key := literalKey{uint32(pattern), c}
	at, ok := r.literal[key]
	if !ok {
		if r.literal == nil {
			r.literal = make(map[literalKey]int)
		}
		at = len(r.literals)
		r.literal[key] = at
		r.literals = append(r.literals, message.Symbol{
			Name: l.name, Kind: message.SymbolString, Context: contextNames[c], Certainty: message.Resolved,
			Path: r.paths[len(r.paths)-1], Line: int(line),
		})
	}
	r.literals[at].Hits++
}
