package archive

const (
	maxInflation    = 1032     // plain bytes per packed byte that deflate can make
	localExtraSlack = 64       // bytes between two members that belong to the first: extra fields, a data descriptor
	headSlack       = 256      // packed bytes that a head may take beyond its share of a member
	otherHeadBytes  = 64 << 10 // the same of compressions that work in large blocks
	gapProbe        = 24 + 4   // see zipWalk.hidden
)

// plausible is the size that an entry claims, no larger than its packed bytes
// can make: a claim must not keep a member from being read.
func (e *entry) plausible() int64 {
	switch e.method {
	case methodStore:
		return e.packed
	case methodDeflate:
		return min(e.size, addSize(64, e.packed*maxInflation))
	}
	return e.size
}

// share is the part of a member's packed bytes that its first n plain ones are.
func (e *entry) share(n int64) int64 {
	if size := e.plausible(); size > n {
		return int64(float64(e.packed) / float64(size) * float64(n))
	}
	return e.packed
}

// headBytes estimates how many packed bytes the first n plain ones take: their
// share of the member and some more, because a compressor starts badly.
func (e *entry) headBytes(n int64) int64 {
	switch e.method {
	case methodStore:
		return min(e.packed, n+1)
	case methodDeflate:
		share := e.share(n)
		return min(e.packed, share+share/4+headSlack, n+headSlack)
	}
	return min(e.packed, otherHeadBytes)
}

// spans lists what walking the entries, which are sorted by offset, will read.
func (z *zipWalk) spans(entries []entry, v Visitor) []Span {
	spans := make([]Span, 0, len(entries))
	add := func(from, to int64) {
		if to = min(to, z.size); from >= 0 && from < to {
			spans = append(spans, Span{from, to - from})
		}
	}
	for i := range entries {
		e := &entries[i]
		next := z.dirStart
		if i+1 < len(entries) {
			next = entries[i+1].offset
		}
		data := e.offset + localLen + int64(len(e.raw)) + int64(e.extra)
		end := data
		amount := Nothing
		if e.name != "" && e.flags&(flagCrypt|flagStrong|flagMasked) == 0 {
			amount = v.want(e.name, e.plausible())
		}
		switch amount {
		case Whole:
			end = data + e.packed
		case Head:
			end = data + e.headBytes(int64(z.w.limits.HeadBytes))
		}
		packedEnd := data + e.packed
		if gap := next - packedEnd; end == packedEnd && gap > 0 && gap <= localExtraSlack {
			end = next
		}
		add(e.offset, end)
		if next-packedEnd >= localLen && z.dirStart > packedEnd { // what is there is looked at
			add(packedEnd, packedEnd+gapProbe)
		}
	}
	return spans
}
