package behavior

import (
	"maps"
	"slices"
	"strings"

	"prevalence/schemas/catalog"
)

// NewTrial prepares rules to be matched with stored scans beside what those
// show already: every rule is matched anew, a rule of the old catalogue as
// well. old is what the scans were matched with, nil when nobody knows it.
func NewTrial(old, rules *catalog.Catalog) (*Rematch, error) {
	return newRematch(old, rules, func(*catalog.Rule) bool { return false })
}

// Roots lists module roots whose own symbols the old catalogue did not keep:
// for a release that provides one, a rule may be undecided.
func (r *Rematch) Roots() []string {
	all := make(map[string]bool)
	for _, roots := range r.unheard {
		maps.Copy(all, roots)
	}
	return slices.Sorted(maps.Keys(all))
}

// WantsValues lists what the changed rules ask of indicators, by kind: hosts one
// of which stands in the value. No host: the rules ask for every value.
func (r *Rematch) WantsValues() map[string][]string {
	values := make(map[string][]string)
	for kind := range r.anew.value {
		all, hosts := false, []string{}
		for i := range r.anew.value[kind].list {
			rule := &r.anew.value[kind].list[i]
			switch {
			case rule.plain():
				continue // found by the symbol
			case len(rule.hosts) == 0:
				all = true
			}
			for _, host := range rule.hosts {
				hosts = append(hosts, strings.TrimPrefix(host, "."))
			}
		}
		if all {
			values[stringKinds[kind-1]] = nil
		} else if len(hosts) > 0 {
			slices.Sort(hosts)
			values[stringKinds[kind-1]] = slices.Compact(hosts)
		}
	}
	return values
}
