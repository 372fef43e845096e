package worker

import (
	"bytes"
	"path"
	"strings"

	"prevalence/worker/archive"
	"prevalence/worker/behavior"
	"prevalence/worker/native"
	"prevalence/worker/pyc"
)

// Sizes of members, uncompressed bytes.
const (
	maxTextBytes   = 1 << 20   // shell scripts and kin; a larger one is generated
	maxNoNameBytes = 256 << 10 // files without an ending, which may be scripts
	maxNativeBytes = 8 << 20   // binaries; of a larger one the head says what it is, and its symbols stay unknown
)

// wanted says how much of a member is read, from its name alone: code,
// metadata, configuration and what is named as a binary whole, of everything
// else the first bytes, which tell binaries and archives under other names.
func wanted(name string, size int64) archive.Amount {
	base := path.Base(name)
	switch {
	case isPython(base), isStartup(base), isMetadata(name):
		return archive.Whole
	case behavior.KindOf(name, nil) != 0 && size <= maxTextBytes:
		return archive.Whole
	case !strings.Contains(base, ".") && size <= maxNoNameBytes:
		return archive.Whole
	case isBytecode(base), isLibrary(base) && size <= maxNativeBytes, isProgram(base) && size <= maxNativeBytes:
		return archive.Whole
	}
	return archive.Head
}

// wantedAfter says whether a member of which only the head was wanted is read
// whole after all, because its first bytes are those of code: a harmless name
// is a package's own claim.
func wantedAfter(name string, size int64, head []byte) bool {
	switch {
	case runsPython(head), pyc.Sniff(head):
		return true
	case behavior.KindOf(name, head) != 0:
		return size <= maxTextBytes
	}
	return isNative(head) && size <= maxNativeBytes
}

// isPython reports whether a file is named as Python source.
func isPython(base string) bool {
	return strings.HasSuffix(base, ".py") || strings.HasSuffix(base, ".pyw")
}

// isBytecode reports whether a file is named as compiled Python.
func isBytecode(base string) bool {
	return strings.HasSuffix(base, ".pyc") || strings.HasSuffix(base, ".pyo")
}

// isMetadata reports whether a member says what its distribution is.
func isMetadata(name string) bool {
	dir, base := path.Split(name)
	dir = strings.TrimSuffix(dir, "/")
	switch base {
	case "METADATA":
		return strings.HasSuffix(dir, ".dist-info")
	case "PKG-INFO", "pyproject.toml", "setup.cfg":
		return strings.Count(name, "/") <= 3
	case "top_level.txt", "requires.txt":
		return strings.HasSuffix(dir, ".egg-info") || strings.HasSuffix(dir, ".dist-info") || dir == "EGG-INFO"
	}
	return false
}

// runsPython reports whether a file's first line says that Python runs it.
func runsPython(head []byte) bool {
	if !bytes.HasPrefix(head, []byte("#!")) {
		return false
	}
	line, _, _ := bytes.Cut(head, []byte("\n"))
	return bytes.Contains(line, []byte("python")) && len(line) < 256
}

// sourceOf returns the name of the source that bytecode was compiled from:
// "pkg/__pycache__/m.cpython-312.pyc" and "pkg/m.pyc" come from "pkg/m.py".
func sourceOf(name string) string {
	dir, base := path.Split(name)
	stem := strings.TrimSuffix(base, path.Ext(base))
	if strings.HasSuffix(dir, "__pycache__/") {
		dir = strings.TrimSuffix(dir, "__pycache__/")
		stem, _, _ = strings.Cut(stem, ".")
	}
	return dir + stem + ".py"
}

// isLibrary reports whether a binary of that name is loaded, not run.
func isLibrary(base string) bool {
	base = strings.ToLower(base)
	switch path.Ext(base) {
	case ".so", ".pyd", ".dll", ".dylib", ".jnilib", ".node", ".o", ".obj", ".a", ".lib", ".ko", ".sys", ".bundle":
		return true
	}
	return strings.Contains(base, ".so.") || strings.HasPrefix(base, "lib") && strings.Contains(base, ".so")
}

// isProgram reports whether a file is named as an executable of Windows.
func isProgram(base string) bool {
	switch strings.ToLower(path.Ext(base)) {
	case ".exe", ".com", ".scr", ".cpl":
		return true
	}
	return false
}

// isExecutable reports whether a member's first bytes are those of an ELF, PE
// or Mach-O executable that is not named like a library.
func isExecutable(base string, head []byte) bool {
	if isLibrary(base) {
		return false
	}
	format, ok := native.Sniff(head)
	if !ok {
		return false
	}
	if format == native.ELF && len(head) > 17 {
		// e_type: 2 is an executable, 3 a position-independent one.
		kind := head[16]
		if head[5] == 2 {
			kind = head[17]
		}
		return kind == 2 || kind == 3
	}
	return true
}

// archiveEndings name files that hold others for being unpacked. Documents and
// data that happen to be zips are none.
var archiveEndings = []string{
	".zip", ".whl", ".egg", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".tar.zst", ".7z", ".rar", ".jar",
	".war", ".apk", ".crx", ".xpi", ".nupkg", ".deb", ".rpm", ".cab", ".pyz",
}

// isNestedArchive reports whether a member is an archive itself, by its name,
// or by its first bytes where the name promises something else that is no zip.
func isNestedArchive(base string, head []byte) bool {
	base = strings.ToLower(base)
	for _, e := range archiveEndings {
		if strings.HasSuffix(base, e) {
			return len(head) > 0
		}
	}
	if !bytes.HasPrefix(head, []byte("PK\x03\x04")) {
		return false
	}
	switch path.Ext(base) {
	case ".py", ".txt", ".md", ".json", ".png", ".jpg", ".jpeg", ".gif", ".ico", ".dat", ".bin", "":
		return true
	}
	return false
}

// isNative reports whether a member's first bytes are those of a binary.
func isNative(head []byte) bool {
	_, ok := native.Sniff(head)
	return ok
}
