package query

import "prevalence/schemas/catalog"

// Rule is what counts as a hit of a behaviour.
type Rule struct {
	ID         string        `json:"id"`
	Category   string        `json:"category"`
	Sentence   string        `json:"sentence"`
	Confidence string        `json:"confidence"`           // how rarely it is wrong: high, medium, low
	Attack     string        `json:"attack,omitempty"`     // ATT&CK technique
	AttackURL  string        `json:"attack_url,omitempty"` // its page
	Contexts   []string      `json:"contexts"`             // in which a hit counts; empty: all
	Hits       []string      `json:"hits"`                 // what counts as a hit, in words
	Positive   []RuleExample `json:"positive"`             // examples that show it
	Negative   []RuleExample `json:"negative"`             // examples that do not although they look like it
	YAML       string        `json:"yaml"`                 // the rule as it is written
}

// RuleExample is a piece of code that a rule is tested with.
type RuleExample struct {
	Path    string   `json:"path"`
	Source  string   `json:"source,omitempty"`
	Package []string `json:"package,omitempty"` // properties of a release
	Native  []string `json:"native,omitempty"`  // symbols that a binary imports
	Line    int      `json:"line"`              // of the rule's file
}

// DescribeRule says what a rule is.
func DescribeRule(r *catalog.Rule) Rule {
	examples := func(list []catalog.Example) []RuleExample {
		out := make([]RuleExample, len(list))
		for i, e := range list {
			out[i] = RuleExample(e)
		}
		return out
	}
	return Rule{
		ID: r.ID, Category: r.Category(), Sentence: r.Sentence, Confidence: string(r.Confidence), Attack: r.Attack,
		AttackURL: catalog.AttackURL(r.Attack), Contexts: append([]string{}, r.Contexts...), Hits: append([]string{}, r.Words()...),
		Positive: examples(r.Positive), Negative: examples(r.Negative), YAML: r.YAML,
	}
}
