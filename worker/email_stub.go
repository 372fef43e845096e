package worker

import "strings"

func addressesIn(fields ...string) []string {
	var out []string
	for _, f := range fields {
		if strings.Contains(f, "@") {
			out = append(out, f)
		}
	}
	return out
}

func classifyAddress(a string) (string, string) { return "", "invalid" }

func classOf(classes []string) string {
	if len(classes) == 0 {
		return "none"
	}
	return classes[0]
}
