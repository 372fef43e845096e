package worker

import (
	"slices"
	"strings"

	"prevalence/internal/pypi"
	"prevalence/schemas/message"
)

// offered says what a page offers of a release: the kinds of its files, from
// their names, and whether one of them has a provenance.
func offered(files []pypi.File) (kinds []string, attested bool) {
	for _, f := range files {
		attested = attested || f.Attested
		switch f.Kind {
		case pypi.KindSdist:
			kinds = append(kinds, message.KindSdist)
		case pypi.KindEgg:
			kinds = append(kinds, message.KindEgg)
		case pypi.KindWheel:
			kinds = append(kinds, wheelKind(f.Name))
		}
	}
	slices.Sort(kinds)
	return slices.Compact(kinds), attested
}

// wheelKind reads the kind of a wheel off its compatibility tags (PEP 425,
// PEP 427).
func wheelKind(name string) string {
	parts := strings.Split(strings.TrimSuffix(strings.ToLower(name), ".whl"), "-")
	abi, platform := parts[max(0, len(parts)-2)], parts[len(parts)-1]
	switch {
	case platform == "any":
		return message.KindWheelPure
	case slices.Contains(strings.Split(abi, "."), "abi3"):
		return message.KindWheelABI3
	}
	return message.KindWheelNative
}
