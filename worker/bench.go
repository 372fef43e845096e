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
}

// Buffers above these sizes are not kept.
const (
	keepZipBytes  = 16 << 20
	keepHeldBytes = 16 << 20
	resetNames    = 1 << 18 // names in the table that make it be emptied between members
)

func newBench(o Options) *bench {
	names := pysource.NewNames(o.Matcher.Seeds()...)
	return &bench{
		walker: archive.Walker{Limits: o.Limits}, names: names, scanner: pysource.NewScanner(names), seed: maphash.MakeSeed(),
	}
}

// rest readies the bench for the next release.
func (b *bench) rest() {
	b.names.Reset()
	if cap(b.zip) > keepZipBytes {
		b.zip = nil
	}
	if cap(b.held) > keepHeldBytes {
		b.held = nil
	}
	b.zip, b.held = b.zip[:0], b.held[:0]
}
