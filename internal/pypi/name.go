package pypi

import (
	"strings"
)

// Normalize returns a project's name as PEP 503 normalises it: lower case,
// runs of "-", "_" and "." as one "-".
func Normalize(name string) string {
	plain := true
	for i := 0; i < len(name); i++ {
		c := name[i]
		if 'A' <= c && c <= 'Z' || c == '_' || c == '.' || c == '-' && i > 0 && name[i-1] == '-' {
			plain = false
			break
		}
	}
	if plain {
		return name
	}
	b := make([]byte, 0, len(name))
	for i := 0; i < len(name); i++ {
		switch c := name[i]; {
		case c == '-' || c == '_' || c == '.':
			if n := len(b); n == 0 || b[n-1] != '-' {
				b = append(b, '-')
			}
		case 'A' <= c && c <= 'Z':
			b = append(b, c+'a'-'A')
		default:
			b = append(b, c)
		}
	}
	return string(b)
}

// ValidName reports whether a normalised name is one that PEP 508 allows:
// ASCII letters, digits and inner hyphens, at most 214 bytes.
func ValidName(name string) bool {
	if name == "" || len(name) > 214 || name[0] == '-' || name[len(name)-1] == '-' {
		return false
	}
	for i := 0; i < len(name); i++ {
		c := name[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// The endings of file names, the longest first.
var sdistEndings = []string{".tar.gz", ".tar.bz2", ".tar.xz", ".tar.lzma", ".tar.z", ".tgz", ".tbz2", ".tbz", ".txz", ".tar", ".zip"}

// ParseFileName reads kind and version off a file's name. Legacy sdists have
// hyphens in their names, so the project's name (normalised) is needed to split
// them. A file that is no distribution, or that names no version, is KindOther.
//
// Sources: PEP 427 (wheels), PEP 625 (sdists), setuptools (eggs).
func ParseFileName(file, project string) (Kind, string) {
	kind, stem := splitEnding(file)
	switch kind {
	case KindWheel:
		_, version, ok := splitWheel(stem)
		if !ok {
			return KindOther, ""
		}
		return kind, version
	case KindEgg:
		_, version, ok := splitEgg(stem, project)
		if !ok {
			return KindOther, ""
		}
		return kind, version
	case KindSdist:
		if version, ok := splitByProject(stem, project); ok {
			return kind, version
		}
		if _, version, ok := splitByVersion(stem); ok {
			return kind, version
		}
	}
	return KindOther, ""
}

// GuessFileName reads project, kind and version off a file's name alone. A
// file that is no distribution is KindOther.
func GuessFileName(file string) (project string, kind Kind, version string) {
	kind, stem := splitEnding(file)
	var name string
	ok := false
	switch kind {
	case KindWheel:
		name, version, ok = splitWheel(stem)
	case KindEgg:
		name, version, ok = splitEgg(stem, "")
	case KindSdist:
		name, version, ok = splitByVersion(stem)
	}
	if name = Normalize(name); !ok || !ValidName(name) {
		return "", KindOther, ""
	}
	return name, kind, version
}

func splitEnding(file string) (Kind, string) {
	if stem, ok := cutEnding(file, ".whl"); ok {
		return KindWheel, stem
	}
	if stem, ok := cutEnding(file, ".egg"); ok {
		return KindEgg, stem
	}
	for _, e := range sdistEndings {
		if stem, ok := cutEnding(file, e); ok {
			return KindSdist, stem
		}
	}
	return KindOther, file
}

// cutEnding cuts an ending of ASCII letters off, in either case. Lowering the
// whole name first would change the length of what is not UTF-8.
func cutEnding(file, ending string) (stem string, ok bool) {
	n := len(file) - len(ending)
	if n < 0 || !strings.EqualFold(file[n:], ending) {
		return file, false
	}
	return file[:n], true
}

// splitWheel splits name-version[-build]-python-abi-platform. Escaped hyphens
// of the version come back as "-", of a local version as ".".
func splitWheel(stem string) (name, version string, ok bool) {
	parts := strings.Split(stem, "-")
	if len(parts) != 5 && len(parts) != 6 || parts[0] == "" || parts[1] == "" {
		return "", "", false
	}
	return parts[0], unescapeVersion(parts[1]), true
}

// splitEgg splits name-version[-pyX.Y[-platform]]; hyphens of both are escaped.
func splitEgg(stem, project string) (name, version string, ok bool) {
	if i := strings.LastIndex(stem, "-py"); i > 0 {
		stem = stem[:i]
	}
	if i := strings.IndexByte(stem, '-'); i > 0 && strings.IndexByte(stem[i+1:], '-') < 0 {
		name, version = stem[:i], unescapeVersion(stem[i+1:])
	} else if v, found := splitByProject(stem, project); found {
		name, version = project, v
	}
	return name, version, version != ""
}

// installerEndings are what indexes offer besides distributions.
var installerEndings = []string{".exe", ".msi", ".rpm", ".deb", ".dmg"}

func isInstaller(file string) bool {
	for _, e := range installerEndings {
		if _, ok := cutEnding(file, e); ok {
			return true
		}
	}
	return false
}

func unescapeVersion(v string) string {
	if public, local, ok := strings.Cut(v, "+"); ok {
		return strings.ReplaceAll(public, "_", "-") + "+" + strings.ReplaceAll(local, "_", ".")
	}
	return strings.ReplaceAll(v, "_", "-")
}

// splitByProject finds the hyphen before which the stem spells the project.
func splitByProject(stem, project string) (version string, ok bool) {
	if project == "" {
		return "", false
	}
	for i := 0; i < len(stem); i++ {
		if stem[i] == '-' && i >= len(project) && Normalize(stem[:i]) == project {
			return stem[i+1:], i+1 < len(stem)
		}
	}
	return "", false
}

// splitByVersion finds the first hyphen behind which a PEP 440 version stands,
// or else the last one before a digit.
func splitByVersion(stem string) (name, version string, ok bool) {
	last := -1
	for i := 1; i < len(stem)-1; i++ {
		if stem[i] != '-' || stem[i+1] < '0' || stem[i+1] > '9' {
			continue
		}
		if parseVersion(stem[i+1:]).valid() {
			return stem[:i], stem[i+1:], true
		}
		last = i
	}
	if last < 0 {
		return "", "", false
	}
	return stem[:last], stem[last+1:], true
}

// withSuffix puts a suffix behind a URL's path, before query and fragment.
func withSuffix(url, suffix string) string {
	if i := strings.IndexAny(url, "?#"); i >= 0 {
		return url[:i] + suffix + url[i:]
	}
	return url + suffix
}
