package main

import "testing"

// TestSoakResults has growth found where it is, and none where there is none.
func TestSoakResults(t *testing.T) {
	for _, c := range []struct {
		name string
		grow func(i int, s *soakSample)
		met  bool
	}{
		{"flat", func(i int, s *soakSample) { s.worker += int64(i%7) << 20 }, true},
		{"warming up", func(i int, s *soakSample) { s.worker -= max(0, 100-int64(i)) << 20 }, true},
		{"leaks memory", func(i int, s *soakSample) { s.worker += int64(i) << 16 }, false},
		{"leaks goroutines", func(i int, s *soakSample) { s.goroutines += i / 100 }, false},
	} {
		samples := make([]soakSample, 600)
		for i := range samples {
			samples[i] = soakSample{worker: 150 << 20, live: 40 << 20, goroutines: 30, aggregate: 80 << 20}
			c.grow(i, &samples[i])
		}
		met := true
		for _, f := range soakResults(samples, 100, 600e9).Figures {
			met = met && (f.Met == nil || *f.Met)
		}
		if met != c.met {
			t.Errorf("%s: goals met %v, want %v", c.name, met, c.met)
		}
	}
}
