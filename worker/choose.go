package worker

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"prevalence/internal/pypi"
	"prevalence/worker/archive"
)

// Files says which files of a release are read.
type Files string

// The choices. FilesBoth is the default; an egg is read only when a release
// has neither sdist nor wheel, and with FilesAll.
const (
	FilesBoth  Files = "both"  // the sdist and one wheel
	FilesSdist Files = "sdist" // the sdist alone
	FilesWheel Files = "wheel" // one wheel alone
	FilesAll   Files = "all"   // every sdist, wheel and egg
)

// ParseFiles reads a choice; the empty string is FilesBoth.
func ParseFiles(s string) (Files, error) {
	switch f := Files(s); f {
	case "":
		return FilesBoth, nil
	case FilesBoth, FilesSdist, FilesWheel, FilesAll:
		return f, nil
	}
	return "", fmt.Errorf("worker: files %q: want sdist, wheel, both or all", s)
}

// choose picks the files of one release that are read, from their names alone,
// wheels before sdists: what a wheel installs tells what the sdist's members
// are. The order of files does not matter.
func choose(files []pypi.File, which Files) []pypi.File {
	var sdists, wheels, eggs []pypi.File
	for _, f := range files {
		if _, ok := archive.FormatOf(f.Name); !ok {
			continue
		}
		switch f.Kind {
		case pypi.KindSdist:
			sdists = append(sdists, f)
		case pypi.KindWheel:
			wheels = append(wheels, f)
		case pypi.KindEgg:
			eggs = append(eggs, f)
		}
	}
	byName := func(a, b pypi.File) int { return cmp.Compare(a.Name, b.Name) }
	slices.SortFunc(sdists, func(a, b pypi.File) int {
		return cmp.Or(cmp.Compare(sdistRank(a.Name), sdistRank(b.Name)), byName(a, b))
	})
	ranks := make(map[string]wheelRank, len(wheels))
	for _, w := range wheels {
		ranks[w.Name] = rankWheel(w.Name)
	}
	slices.SortFunc(wheels, func(a, b pypi.File) int {
		return cmp.Or(ranks[b.Name].compare(ranks[a.Name]), byName(a, b))
	})
	slices.SortFunc(eggs, func(a, b pypi.File) int {
		return cmp.Or(compareEggs(b.Name, a.Name), byName(a, b))
	})
	switch which {
	case FilesAll:
		return slices.Concat(wheels, sdists, eggs)
	case FilesSdist:
		return first(sdists)
	case FilesWheel:
		return first(wheels)
	}
	if len(sdists) == 0 && len(wheels) == 0 {
		return first(eggs)
	}
	return append(first(wheels), first(sdists)...)
}

func first(files []pypi.File) []pypi.File { return slices.Clone(files[:min(1, len(files))]) }

// sdistRank orders an sdist's formats, the usual one first.
func sdistRank(name string) int {
	name = strings.ToLower(name)
	for i, suffix := range []string{".tar.gz", ".tgz", ".zip", ".tar.bz2", ".tar.xz"} {
		if strings.HasSuffix(name, suffix) {
			return i
		}
	}
	return 9
}

// wheelRank says how much a wheel is preferred; more is better.
type wheelRank struct {
	platform int // pure, manylinux x86-64, other Linux x86-64 …
	python   int // newest Python, 3.12 as 3012
	cpython  int // CPython before other implementations
	build    int
}

func (r wheelRank) compare(s wheelRank) int {
	return cmp.Or(cmp.Compare(r.platform, s.platform), cmp.Compare(r.cpython, s.cpython),
		cmp.Compare(r.python, s.python), cmp.Compare(r.build, s.build))
}

// rankWheel reads a wheel's tags: a pure wheel first, else manylinux x86-64,
// then other Linux, other platforms; of those the newest CPython.
//
// Names: PEP 427, PEP 425, PEP 600, PEP 656.
func rankWheel(name string) wheelRank {
	parts := strings.Split(strings.TrimSuffix(strings.ToLower(name), ".whl"), "-")
	var r wheelRank
	if len(parts) < 5 {
		return r
	}
	if len(parts) > 5 {
		digits := strings.IndexFunc(parts[2], func(c rune) bool { return c < '0' || c > '9' })
		if digits < 0 {
			digits = len(parts[2])
		}
		r.build, _ = strconv.Atoi(parts[2][:min(digits, 9)])
	}
	python, platform := parts[len(parts)-3], parts[len(parts)-1]
	for p := range strings.SplitSeq(platform, ".") {
		r.platform = max(r.platform, platformRank(p))
	}
	for p := range strings.SplitSeq(python, ".") {
		kind, version := p[:min(2, len(p))], p[min(2, len(p)):]
		if kind == "cp" || kind == "py" {
			r.cpython = 1
		}
		r.python = max(r.python, pythonVersion(version))
	}
	return r
}

func platformRank(p string) int {
	switch {
	case p == "any":
		return 9
	case strings.HasPrefix(p, "manylinux") && strings.HasSuffix(p, "x86_64"):
		return 8
	case strings.HasPrefix(p, "linux") && strings.HasSuffix(p, "x86_64"):
		return 7
	case strings.HasPrefix(p, "musllinux") && strings.HasSuffix(p, "x86_64"):
		return 6
	case strings.Contains(p, "linux"):
		return 5
	case strings.HasPrefix(p, "win_amd64"):
		return 4
	case strings.HasPrefix(p, "macosx"):
		return 3
	case strings.HasPrefix(p, "win"):
		return 2
	}
	return 1
}

// pythonVersion turns "3" into 3000, "27" into 2007, "312" into 3012.
func pythonVersion(s string) int {
	if s == "" || s[0] < '0' || s[0] > '9' {
		return 0
	}
	minor, _ := strconv.Atoi(s[1:min(len(s), 4)])
	return int(s[0]-'0')*1000 + minor
}

// compareEggs orders eggs: pure before built, then the newest Python.
func compareEggs(a, b string) int {
	return cmp.Or(cmp.Compare(eggRank(a), eggRank(b)))
}

func eggRank(name string) int {
	stem := strings.TrimSuffix(strings.ToLower(name), ".egg")
	i := strings.LastIndex(stem, "-py")
	if i < 0 {
		return 100_000
	}
	version, platform, built := strings.Cut(stem[i+3:], "-")
	rank := pythonVersion(strings.ReplaceAll(version, ".", ""))
	switch {
	case !built:
		rank += 100_000
	case strings.HasPrefix(platform, "linux"):
		rank += 50_000
	}
	return rank
}
