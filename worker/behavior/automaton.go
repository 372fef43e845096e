package behavior

import "fmt"

// automaton finds many strings in one pass, ASCII case ignored. It is the
// deterministic form of Aho and Corasick's machine (CACM 18(6), 1975) over
// classes of bytes: one table look-up a byte, whatever the number of strings.
type automaton struct {
	class [256]uint8
	width uint32
	next  []uint32 // by state + class; a state is its number times width, and hotBit where something ends
	out   []int32  // by state number: index of the first pattern that ends there, or -1
	link  []int32  // by pattern: the next pattern that ends where it does, or -1
	fail  []uint32 // by state number: only while building
	after []uint32 // by state number: the longest suffix state where something ends
}

const (
	hotBit = 1 << 31
	// maxEntries bounds the table; a catalogue needs about a hundredth.
	maxEntries = 1 << 26
)

func newAutomaton(patterns []string) (*automaton, error) {
	a := new(automaton)
	for _, p := range patterns {
		if p == "" {
			return nil, fmt.Errorf("an empty string")
		}
		for i := range len(p) {
			if c := lower(p[i]); a.class[c] == 0 {
				a.width++
				if a.width > 255 {
					return nil, fmt.Errorf("strings of too many different bytes")
				}
				a.class[c] = uint8(a.width)
			}
		}
	}
	for c := 'A'; c <= 'Z'; c++ {
		a.class[c] = a.class[c|0x20]
	}
	a.width++ // class 0: bytes that stand in no pattern
	a.link = make([]int32, len(patterns))
	a.add()
	for id, p := range patterns {
		state := uint32(0)
		for i := range len(p) {
			c := uint32(a.class[p[i]])
			if a.next[state+c] == 0 {
				if len(a.next) >= maxEntries {
					return nil, fmt.Errorf("the strings are too long together")
				}
				to := a.add()
				a.next[state+c] = to
			}
			state = a.next[state+c]
		}
		n := state / a.width
		a.link[id] = a.out[n]
		a.out[n] = int32(id)
	}
	a.connect()
	return a, nil
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c | 0x20
	}
	return c
}

func (a *automaton) add() uint32 {
	state := uint32(len(a.next))
	a.next = append(a.next, make([]uint32, a.width)...)
	a.out = append(a.out, -1)
	return state
}

// connect fills in what a state does with a byte that leads nowhere.
func (a *automaton) connect() {
	n := len(a.out)
	a.fail = make([]uint32, n)
	hot := make([]bool, n)
	a.after = make([]uint32, n)
	queue := make([]uint32, 0, n)
	for c := range a.width {
		if to := a.next[c]; to != 0 {
			queue = append(queue, to)
		}
	}
	for len(queue) > 0 {
		state := queue[0]
		queue = queue[1:]
		i := state / a.width
		fail := a.fail[i]
		f := fail / a.width
		if a.out[f] >= 0 {
			a.after[i] = fail
		} else {
			a.after[i] = a.after[f]
		}
		hot[i] = a.out[i] >= 0 || a.after[i] != 0
		for c := range a.width {
			to := a.next[state+c]
			if to != 0 {
				a.fail[to/a.width] = a.next[fail+c]
				queue = append(queue, to)
			} else {
				a.next[state+c] = a.next[fail+c]
			}
		}
	}
	a.fail = nil
	for i, state := range a.next {
		if hot[state/a.width] {
			a.next[i] |= hotBit
		}
	}
}

// find calls fn for every occurrence: the pattern's index and where it ends.
func (a *automaton) find(s []byte, fn func(pattern, end int)) {
	state := uint32(0)
	for i, c := range s {
		state = a.next[state+uint32(a.class[c])]
		if state&hotBit != 0 {
			state &^= hotBit
			a.report(state/a.width, i+1, fn)
		}
	}
}

func (a *automaton) report(n uint32, end int, fn func(pattern, end int)) {
	for {
		for id := a.out[n]; id >= 0; id = a.link[id] {
			fn(int(id), end)
		}
		if a.after[n] == 0 {
			return
		}
		n = a.after[n] / a.width
	}
}
