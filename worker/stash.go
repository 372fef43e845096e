package worker

// stash holds copies of members until they are scanned. It grows by blocks, so
// nothing in it is copied again. The zero value is empty.
type stash struct {
	blocks [][]byte // in use up to the last one, whose length says how far
	spare  [][]byte
	bytes  int // of all that is in it
}

const stashBlock = 1 << 20 // bytes; what is larger has a block of its own

// put returns a copy of data, which is good until the stash is cleared.
func (s *stash) put(data []byte) []byte {
	s.bytes += len(data)
	last := len(s.blocks) - 1
	if last < 0 || cap(s.blocks[last])-len(s.blocks[last]) < len(data) {
		var block []byte
		if n := len(s.spare); n > 0 && len(data) <= stashBlock {
			block, s.spare = s.spare[n-1], s.spare[:n-1]
		} else {
			block = make([]byte, 0, max(stashBlock, len(data)))
		}
		s.blocks = append(s.blocks, block)
		last++
	}
	b := s.blocks[last]
	start := len(b)
	b = append(b, data...)
	s.blocks[last] = b
	return b[start:len(b):len(b)]
}

// clear empties the stash and keeps blocks of at most this many bytes in all.
func (s *stash) clear(keepBytes int) {
	for _, b := range s.blocks {
		if cap(b) == stashBlock {
			s.spare = append(s.spare, b[:0])
		}
	}
	keep := min(len(s.spare), keepBytes/stashBlock)
	clear(s.spare[keep:])
	s.spare = s.spare[:keep]
	clear(s.blocks)
	s.blocks, s.bytes = s.blocks[:0], 0
}
