package annotate

// Note is what the reference says of one behaviour that was seen in code of
// one's own.
func (r *Reference) Note(id string) *Note {
	p := r.prevalent(id)
	return &Note{Snapshot: r.Snapshot, Label: p.Label, Rarity: rarity(p.community()), Behaviors: []Prevalent{p}}
}

// Important says whether malicious code shows one of the behaviours far more
// often than the community does.
func (n *Note) Important() bool {
	for _, b := range n.Behaviors {
		if b.Lift != nil && b.Lift.Important {
			return true
		}
	}
	return false
}

// Compare orders notes: the rarest first, what is not known last.
func (n *Note) Compare(m *Note) int { return byRarity(n, m) }
