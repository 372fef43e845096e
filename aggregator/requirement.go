package aggregator

import (
	"regexp"
	"slices"
	"strings"
)

// requirement is one declared dependency (Requires-Dist, PEP 508), read
// tolerantly: what nobody can install is still a name that somebody could take.
type requirement struct {
	name      string   // normalised by PEP 503
	extras    []string // asked of the dependency, normalised and sorted
	specifier string   // version specifiers without blanks, or "@ " and an address
	marker    string   // with single blanks
	// extra lists the extras of the release that need it, sorted; empty means that
	// it is needed always.
	extra []string
}

var (
	// requirementName is PEP 508's identifier; legacy metadata use the same.
	requirementName = regexp.MustCompile(`^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?`)
	nameSeparators  = regexp.MustCompile(`[-_.]+`)
	// markerExtra finds the comparisons with an extra, either way round.
	markerExtra = regexp.MustCompile(`\bextra\s*(?:===?|in)\s*["']([^"']+)["']|["']([^"']+)["']\s*(?:===?|in)\s*extra\b`)
)

// normalize is PEP 503's normalisation of a name.
func normalize(name string) string {
	return strings.ToLower(nameSeparators.ReplaceAllString(name, "-"))
}

// parseRequirement reads one value of Requires-Dist. It reports false where no
// name begins it.
func parseRequirement(s string) (requirement, bool) {
	s = strings.TrimSpace(s)
	name := requirementName.FindString(s)
	if name == "" {
		return requirement{}, false
	}
	r := requirement{name: normalize(name)}
	rest := strings.TrimSpace(s[len(name):])
	if list, ok := strings.CutPrefix(rest, "["); ok {
		inner, after, closed := strings.Cut(list, "]")
		if !closed {
			inner, after = list, ""
		}
		for extra := range strings.SplitSeq(inner, ",") {
			if extra = normalize(strings.TrimSpace(extra)); extra != "" {
				r.extras = append(r.extras, extra)
			}
		}
		rest = strings.TrimSpace(after)
	}
	if address, ok := strings.CutPrefix(rest, "@"); ok {
		// An address may hold a semicolon; a marker after one stands behind a blank.
		address, r.marker, _ = strings.Cut(address, " ;")
		r.specifier = "@ " + withoutUser(strings.TrimSpace(address))
	} else {
		rest, r.marker, _ = strings.Cut(rest, ";")
		r.specifier = strings.Join(strings.Fields(strings.Trim(strings.TrimSpace(rest), "()")), "")
	}
	r.marker = strings.Join(strings.Fields(r.marker), " ")
	for _, m := range markerExtra.FindAllStringSubmatch(r.marker, -1) {
		r.extra = append(r.extra, normalize(m[1]+m[2]))
	}
	r.extras, r.extra = sortedSet(r.extras), sortedSet(r.extra)
	return r, true
}

// withoutUser drops user information from an address.
func withoutUser(address string) string {
	scheme, rest, ok := strings.Cut(address, "://")
	if !ok {
		return address
	}
	authority, path := rest, ""
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		authority, path = rest[:i], rest[i:]
	}
	return scheme + "://" + authority[strings.LastIndexByte(authority, '@')+1:] + path
}

func sortedSet(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}

// dependencyRows are rows of table dependencies, by column.
type dependencyRows struct {
	Dependency []string   `ch:"dependency"`
	ProjectID  []uint32   `ch:"project_id"`
	Seq        []uint64   `ch:"scan_seq"`
	Extra      []string   `ch:"extra"`
	Marker     []string   `ch:"marker"`
	Specifier  []string   `ch:"specifier"`
	Extras     [][]string `ch:"extras"`
}

// add adds a row for each requirement and each extra that needs it.
func (r *dependencyRows) add(id uint32, seq uint64, requires []string) {
	for _, text := range requires {
		q, ok := parseRequirement(text)
		if !ok {
			continue
		}
		if len(q.extra) == 0 {
			q.extra = []string{""}
		}
		for _, extra := range q.extra {
			r.Dependency = append(r.Dependency, q.name)
			r.ProjectID = append(r.ProjectID, id)
			r.Seq = append(r.Seq, seq)
			r.Extra = append(r.Extra, extra)
			r.Marker = append(r.Marker, q.marker)
			r.Specifier = append(r.Specifier, q.specifier)
			r.Extras = append(r.Extras, q.extras)
		}
	}
}
