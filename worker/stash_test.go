package worker

import (
	"bytes"
	"testing"
)

func TestStash(t *testing.T) {
	var s stash
	for range 2 {
		var want, got [][]byte
		total := 0
		for i, n := range []int{0, 10, stashBlock - 5, 3 * stashBlock, 1, stashBlock, 700, stashBlock / 2, stashBlock / 2} {
			data := bytes.Repeat([]byte{byte('a' + i)}, n)
			want = append(want, bytes.Clone(data))
			got = append(got, s.put(data))
			clear(data)
			total += n
		}
		for i := range want {
			if !bytes.Equal(got[i], want[i]) {
				t.Errorf("copy %d of %d bytes has changed", i, len(want[i]))
			}
		}
		if s.bytes != total {
			t.Errorf("holds %d bytes, want %d", s.bytes, total)
		}
		s.clear(2 * stashBlock)
		if len(s.spare) != 2 || s.bytes != 0 || len(s.blocks) != 0 {
			t.Errorf("cleared: %d spare blocks, %d bytes, %d blocks", len(s.spare), s.bytes, len(s.blocks))
		}
	}
	s.clear(0)
	if len(s.spare) != 0 {
		t.Errorf("%d blocks kept of none", len(s.spare))
	}
}
