package annotate

import (
	"encoding/json"
	"slices"
	"strconv"
)

// findings annotates a list of findings that name their rule in a field:
// bandit's JSON and ruff's.
func (w *work) findings(tool, field string, all []any) []any {
	return w.kept(all, func(f map[string]any) (string, string) { return tool, text(f, field) },
		func(f map[string]any, n *Note) { f["prevalence"] = n })
}

// dependencies are the results of GuardDog's "verify": one a dependency.
func dependencies(v []any) (results []map[string]any, ok bool) {
	for _, x := range v {
		dependency, _ := x.(map[string]any)
		result := object(dependency, "result")
		if object(result, "results") == nil {
			return nil, false
		}
		results = append(results, result)
	}
	return results, len(results) > 0
}

// guarddog annotates one result of GuardDog in place: under "results", a rule
// has null, a text, or a list of places. What is said of a rule stands beside
// them, under "prevalence", the order included, as an object has none.
func (w *work) guarddog(v map[string]any) {
	results := object(v, "results")
	var rules []string
	for rule, found := range results {
		if places(found) > 0 {
			rules = append(rules, rule)
		}
	}
	slices.Sort(rules)
	notes := make(map[string]*Note)
	order, hidden := []string{}, map[string]int{}
	for _, rule := range rules {
		n := places(results[rule])
		s := w.note("guarddog", rule)
		s.Findings += n
		notes[rule] = s.Note
		if w.Hide && s.Note.Hidable() {
			s.Hidden += n
			hidden[rule] = n
			results[rule] = nil
			if issues, ok := index(v["issues"]); ok {
				v["issues"] = max(0, issues-n)
			}
			continue
		}
		order = append(order, rule)
	}
	slices.SortStableFunc(order, func(a, b string) int { return byRarity(notes[a], notes[b]) })
	about := w.about()
	about["rules"], about["rarest_first"], about["hidden"] = notes, order, hidden
	v["prevalence"] = about
}

// places is how many findings a rule of GuardDog has.
func places(found any) int {
	switch found := found.(type) {
	case string:
		return min(1, len(found))
	case []any:
		return len(found)
	case map[string]any:
		return len(found) // older releases: place → code
	}
	return 0
}

// index is a whole number that is not negative.
func index(v any) (int, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	i, err := strconv.Atoi(n.String())
	return i, err == nil && i >= 0
}
