package worker

import (
	"hash/maphash"
	"io"
	"slices"

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
	held    stash  // code of an sdist, until its names are known
	file    []byte // a member of a tree
	seed    maphash.Seed
	results results
}

// Buffers above these sizes are not kept.
const (
	keepZipBytes  = 4 << 20
	keepHeldBytes = 4 << 20
	resetNames    = 1 << 16 // names in the table that make it be emptied between members
)

func newBench(o Options) *bench {
	names := pysource.NewNames(o.Matcher.Seeds()...)
	return &bench{
		walker: archive.Walker{Limits: o.Limits}, names: names, scanner: pysource.NewScanner(names), seed: maphash.MakeSeed(),
	}
}

// readFile reads at most n bytes of a file that is probably of this size. What
// it returns is good until the next call.
func (b *bench) readFile(f io.Reader, n, size int64) ([]byte, error) {
	data := slices.Grow(b.file[:0], int(min(n, size))+1)
	for int64(len(data)) < n {
		if len(data) == cap(data) {
			data = slices.Grow(data, len(data))
		}
		m, err := f.Read(data[len(data):min(int64(cap(data)), n)])
		data = data[:len(data)+m]
		if err == io.EOF || err == nil && (m == 0 || int64(len(data)) == size && len(data) < cap(data)) {
			break // a file that is as long as promised is not asked again for its end
		}
		if err != nil {
			return nil, err
		}
	}
	b.file = data
	return data, nil
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
	if cap(b.file) > keepHeldBytes {
		b.file = nil
	}
	b.zip = b.zip[:0]
	b.held.clear(keepHeldBytes)
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
