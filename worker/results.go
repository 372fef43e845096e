package worker

import (
	"slices"
	"unsafe"

	"prevalence/worker/pysource"
)

// maxResultBytes bounds what is remembered of the sources of one job.
const maxResultBytes = 16 << 20

// results remembers what was seen in sources, in the terms of the bench's
// names, so that what several releases of a job hold is analysed once. It
// remembers nothing unless it is on.
type results struct {
	on    bool
	bytes int
	by    map[uint64]pysource.Result
	scans int // sources that were analysed, for tests
}

func (c *results) clear() {
	clear(c.by)
	c.bytes = 0
}

func (c *results) get(sum uint64) (pysource.Result, bool) {
	res, ok := c.by[sum]
	return res, ok
}

// put keeps a copy of a result, whose slices are the scanner's own.
func (c *results) put(sum uint64, res pysource.Result) {
	if !c.on {
		return
	}
	size := len(res.Facts)*int(unsafe.Sizeof(pysource.Fact{})) + len(res.Strings)*int(unsafe.Sizeof(pysource.Literal{}))
	for _, s := range res.Strings {
		size += len(s.Value)
	}
	if c.bytes+size > maxResultBytes {
		return
	}
	c.bytes += size
	res.Facts, res.Strings = slices.Clone(res.Facts), slices.Clone(res.Strings)
	for i := range res.Strings {
		res.Strings[i].Value = slices.Clone(res.Strings[i].Value)
	}
	if c.by == nil {
		c.by = make(map[uint64]pysource.Result)
	}
	c.by[sum] = res
}
