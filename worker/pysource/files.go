package pysource

// filemark remembers a file that something downloaded was written to: by the
// name that holds its path, or by the path itself.
type filemark struct {
	key   uint64
	scope int // how many scopes were open
}

const maxFilemarks = 32

func argAt(args []argument, i int) (argument, bool) {
	for _, a := range args {
		if a.keyword != 0 || a.stars != 0 {
			continue
		}
		if i == 0 {
			return a, true
		}
		i--
	}
	return argument{}, false
}

// fileKey returns what an argument that is a path is known by; zero for what
// is neither a name nor a constant.
func (s *Scanner) fileKey(a argument) uint64 {
	if a.val.kind == vStr {
		return s.pathKey(s.text(a.val))
	}
	for i := int(a.first); i < int(a.end) && i < len(s.toks); i++ {
		if s.toks[i].kind == tName && (i == int(a.first) || s.toks[i-1].kind != tDot) {
			if k := i + 1; k < int(a.end) && s.toks[k].kind == tLParen {
				continue
			}
			return uint64(s.toks[i].name)
		}
	}
	return 0
}

// openFile remembers the path that was opened last.
func (s *Scanner) openFile(args []argument) {
	if a, ok := argAt(args, 0); ok {
		s.opened = s.fileKey(a)
	}
}

// writeFile marks the opened file when what is written was downloaded.
func (s *Scanner) writeFile(callee value, args []argument) {
	for _, a := range args {
		if a.val.taint&taintDownload != 0 {
			key := s.opened
			if t := s.toks[s.callStart]; t.kind == tName && s.names.under(callee.name(), s.names.vocab.id.path) {
				key = uint64(t.name) // path.write_bytes(…)
			}
			s.markFile(key)
			return
		}
	}
}

func (s *Scanner) markFile(key uint64) {
	for len(s.filemarks) > 0 && s.filemarks[len(s.filemarks)-1].scope > len(s.scopes) {
		s.filemarks = s.filemarks[:len(s.filemarks)-1]
	}
	if key != 0 && len(s.filemarks) < maxFilemarks {
		s.filemarks = append(s.filemarks, filemark{key, len(s.scopes)})
	}
}

// spawnFile notes a flow when a process is started whose arguments name a file
// that holds something downloaded.
func (s *Scanner) spawnFile(args []argument, first, end uint32) {
	if len(s.filemarks) == 0 || s.mute > 0 {
		return
	}
	for _, a := range args {
		if s.namesMarked(int(a.first), int(a.end)) || a.val.kind == vStr && s.marked(s.fileKey(a)) {
			s.emitName(Flow, s.names.vocab.flows[3][1], 0, Resolved, first, end)
			return
		}
	}
}

// namesMarked looks for marked names and constants among tokens.
func (s *Scanner) namesMarked(start, end int) bool {
	for i := start; i < end && i < len(s.toks) && i < start+64; i++ {
		t := &s.toks[i]
		switch t.kind {
		case tName:
			if s.marked(uint64(t.name)) && (i == 0 || s.toks[i-1].kind != tDot) {
				return true
			}
		case tString:
			b := s.src[t.pos:t.name]
			if s.marked(s.pathKey(b)) {
				return true
			}
		}
	}
	return false
}

func (s *Scanner) marked(key uint64) bool {
	for _, m := range s.filemarks {
		if m.key == key && m.scope <= len(s.scopes) {
			return true
		}
	}
	return false
}

// pathKey is the key of a constant path.
func (s *Scanner) pathKey(b []byte) uint64 {
	b = b[:min(256, len(b))]
	word, tail := s.names.nameWords(b)
	return 1<<63 | (s.names.hash(word, tail, len(b))^tail)>>1
}
