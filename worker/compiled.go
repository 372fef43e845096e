package worker

import (
	"prevalence/schemas/message"
	"prevalence/worker/archive"
	"prevalence/worker/native"
	"prevalence/worker/pyc"
	"prevalence/worker/pysource"
)

// bytecode scans a compiled Python file as the text that uses the same things.
// It is scanned beside its source too: nothing makes the interpreter prefer the
// source, and a package's claim that both are the same is only a claim.
func (r *reading) bytecode(m archive.Member) {
	module, err := pyc.Read(m.Data, pyc.Limits{})
	if err != nil {
		if !pyc.Sniff(m.Data) {
			return // something else by that name
		}
		r.cut(message.Cut{File: r.file, Member: m.Name, Why: WhyBytecode, Bytes: m.Size})
		return
	}
	text := module.Source()
	if module.Cut != "" {
		r.cut(message.Cut{File: r.file, Member: m.Name, Why: "bytecode-" + module.Cut})
	}
	r.code(archive.Member{Name: m.Name, Size: int64(len(text)), Data: text, Whole: true}, source{compiled: true})
}

// ofBytecode takes out of a result what is true of the text that stands for
// bytecode, but not of the bytecode: lines, and how the text is set.
func ofBytecode(res pysource.Result, names *pysource.Names) pysource.Result {
	kept := res.Facts[:0]
	for _, f := range res.Facts {
		if f.Kind == pysource.Trait {
			switch names.String(f.Name) {
			case "minified", "hidden-by-spacing":
				continue
			}
		}
		f.Line, f.EndLine = 0, 0
		kept = append(kept, f)
	}
	res.Facts = kept
	for i := range res.Strings {
		res.Strings[i].Line = 0
	}
	return res
}

// native notes what a binary imports.
func (r *reading) native(m archive.Member) {
	if !m.Whole {
		return
	}
	b, err := native.Read(m.Data, native.Limits{})
	if err != nil {
		return // what looks like a binary and is none is no anomaly: data may begin with anything
	}
	if b.Cut == "symbols" {
		r.cut(message.Cut{File: r.file, Member: m.Name, Why: WhyNative})
	}
	symbols := b.Imports[:0]
	for _, s := range b.Imports {
		if native.Telling(s) {
			symbols = append(symbols, s)
		}
	}
	r.rel.Native(m.Name, symbols)
}
