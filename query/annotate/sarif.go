package annotate

// SARIF 2.1.0: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html

// sarif annotates runs in place. A result gains "prevalence" in its property
// bag (§3.8) and, where it is known, its rarity as rank (§3.27.25), which viewers sort by; a rank
// that the tool gave moves into the property bag.
func (w *work) sarif(runs []any) {
	for _, x := range runs {
		run, ok := x.(map[string]any)
		if !ok {
			continue
		}
		driver := object(object(run, "tool"), "driver")
		rules := list(driver, "rules")
		before := w.hidden()
		if results := list(run, "results"); results != nil {
			run["results"] = w.kept(results, func(r map[string]any) (tool, rule string) {
				return text(driver, "name"), ruleOf(r, rules)
			}, markResult)
		}
		about := w.about()
		about["hidden"] = w.hidden() - before
		bag(run)["prevalence"] = about
	}
}

// ruleOf is the id of a result's rule, which stands in one of three places
// (§3.27.5 to §3.27.7).
func ruleOf(result map[string]any, rules []any) string {
	reference := object(result, "rule")
	for _, id := range []string{text(result, "ruleId"), text(reference, "id")} {
		if id != "" {
			return id
		}
	}
	for _, at := range []any{result["ruleIndex"], reference["index"]} {
		if i, ok := index(at); ok && i < len(rules) {
			rule, _ := rules[i].(map[string]any)
			return text(rule, "id")
		}
	}
	return ""
}

func markResult(r map[string]any, n *Note) {
	properties := bag(r)
	properties["prevalence"] = n
	if n.Rarity == nil {
		return
	}
	if rank, ok := r["rank"]; ok {
		properties["rankOfTool"] = rank
	}
	r["rank"] = *n.Rarity
}

// bag is an object's property bag, made if there is none.
func bag(v map[string]any) map[string]any {
	properties := object(v, "properties")
	if properties == nil {
		properties = make(map[string]any)
		v["properties"] = properties
	}
	return properties
}
