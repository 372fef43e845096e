package pysource

// vocabulary is what the scanner knows of Python's names.
type vocabulary struct{}

func (v *vocabulary) load(n *Names) {}

func (v *vocabulary) canonical(id Name) Name { return id }
