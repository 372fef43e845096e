package crawler

import (
	"context"
	"errors"
	"maps"
	"slices"

	"prevalence/internal/pypi"
	"prevalence/schemas/message"
)

// conditional is an index that can say that its root is still the one of a
// validator, by pypi.ErrNotModified.
type conditional interface {
	RootSince(ctx context.Context, validator string) (*pypi.Root, error)
}

// readRoot reads the root, unless it is known to be the last one: then it stays
// nil until it is needed (see idle).
func (s *sweep) readRoot(ctx context.Context) (err error) {
	if index, ok := s.Index.(conditional); ok && s.index.Validator != "" && s.index.URL == s.Index.URL() {
		s.root, err = index.RootSince(ctx, s.index.Validator)
		if errors.Is(err, pypi.ErrNotModified) {
			s.root, s.report.NotModified = nil, true
			return nil
		}
		return err
	}
	s.root, err = s.Index.Root(ctx)
	return err
}

// names is how many the root has.
func (s *sweep) names() int {
	if s.root == nil {
		return len(s.index.Projects)
	}
	return len(s.root.Projects)
}

// idle reports whether there is nothing to do: the root is the last one, and
// nothing else is asked for. Otherwise it provides the root.
func (s *sweep) idle() bool {
	if s.root != nil {
		return false
	}
	x := s.index
	sameRanking := s.Ranking == nil || s.Ranking.Name == x.Ranking
	if x.Complete && sameRanking && headerOf(x) == s.was && len(s.stale) == 0 && !s.handPicked() && !s.Rescan {
		n := len(x.Projects)
		s.report.Picked, s.report.Checked, s.report.Unchanged = n, n, n
		s.report.Complete, s.report.Ranking = true, x.Ranking
		s.progress()
		return true
	}
	s.root = rootOf(x)
	return false
}

// rootOf is the root that a list with a validator agrees with.
func rootOf(x *message.Index) *pypi.Root {
	root := &pypi.Root{Serial: x.Serial, Validator: x.Validator, Projects: make([]pypi.RootProject, 0, len(x.Projects))}
	for _, name := range slices.Sorted(maps.Keys(x.Projects)) {
		root.Projects = append(root.Projects, pypi.RootProject{Name: name, Serial: x.Projects[name]})
	}
	return root
}
