package crawler

import (
	"prevalence/internal/pypi"
	"prevalence/schemas/message"
)

// Draw is the order in which a first crawl with a seed visits the names of a
// root, as indexes into root.Projects. A ranking gives the strata; nil puts all
// names into one. The root's names are sorted, as those of a pypi.Index are.
func Draw(root *pypi.Root, ranking *message.Ranking, seed uint64) []int32 {
	return draw(root, ranking, seed, func(pypi.RootProject) bool { return true })
}
