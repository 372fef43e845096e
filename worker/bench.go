package worker

import (
	"hash/maphash"

	"prevalence/worker/archive"
	"prevalence/worker/pysource"
)

// bench is what one scan at a time works with: tables and buffers that are
// kept from one release to the next.
type bench struct {
	walker  archive.Walker
	names   *pysource.Names
	scanner *pysource.Scanner
	zip     []byte // a zip, whole
	held    []byte // Python source of an sdist, until its names are known
	seed    maphash.Seed
	results results
}

// Buffers above these sizes are not kept.
const (
	keepZipBytes  = 4 << 20
	keepHeldBytes = 4 << 20
	resetNames    = 1 << 18 // names in the table that make it be emptied between members
)

func newBench(o Options) *bench {
	names := pysource.NewNames(o.Matcher.Seeds()...)
	return &bench{
		walker: archive.Walker{Limits: o.Limits}, names: names, scanner: pysource.NewScanner(names), seed: maphash.MakeSeed(),
	}
}

// restore readies the bench for the next release. The tables of names and of
// results stay for it if it is one of the same project.
func (b *bench) restore(same bool) {
	if !same || b.names.Len() > resetNames {
		b.forget()
	}
	b.trim()
}

// trim lets go of what a file was held in, before its weight is given back.
func (b *bench) trim() {
	if cap(b.zip) > keepZipBytes {
		b.zip = nil
	}
	if cap(b.held) > keepHeldBytes {
		b.held = nil
	}
	b.zip, b.held = b.zip[:0], b.held[:0]
}

// forget empties the tables of names and of what was said in their terms.
func (b *bench) forget() {
	b.names.Reset()
	b.results.clear()
}

// desk is where the releases of one job are scanned, one after the other.
type desk struct {
	a       *Analyzer
	bench   *bench
	several bool // releases are expected
}

func (a *Analyzer) sitDown(several bool) *desk {
	b := a.benches.Get().(*bench)
	b.results.on = several
	return &desk{a: a, bench: b, several: several}
}

func (d *desk) leave() {
	d.bench.restore(false)
	d.a.benches.Put(d.bench)
}
