package native

import (
	"bytes"
	"slices"
	"strings"
)

// cName takes glibc's decorations off a C symbol.
func cName(name []byte) []byte {
	if i := bytes.IndexByte(name, '@'); i > 0 { // "memcpy@GLIBC_2.14", in unlinked objects
		name = name[:i]
	}
	if len(name) > 6 && bytes.HasPrefix(name, []byte("__")) {
		inner := name[2:]
		switch {
		case bytes.HasSuffix(inner, []byte("_chk")):
			name = inner[:len(inner)-4]
		case bytes.HasPrefix(inner, []byte("isoc99_")), bytes.HasPrefix(inner, []byte("isoc23_")):
			name = inner[7:]
		case string(inner) == "open_2", string(inner) == "open64_2":
			return []byte("open")
		case string(inner) == "openat_2", string(inner) == "openat64_2":
			return []byte("openat")
		}
	}
	if plain, ok := bytes.CutSuffix(name, []byte("64")); ok && slices.Contains(largeFile, string(plain)) {
		return plain
	}
	return name
}

// Telling leaves out what says nothing about behaviour and stands in every
// binary: mangled names, compiler and runtime support, and Python's own
// functions, but for those that run code.
func Telling(name string) bool {
	for _, prefix := range []string{"_Z", "_R", "?", "__cxa_", "__gxx_", "__gmon_", "_ITM_", "__cxx", "_Unwind_", "__stack_chk_", "swift_", "$s"} {
		if strings.HasPrefix(name, prefix) {
			return false
		}
	}
	if strings.HasPrefix(name, "Py") || strings.HasPrefix(name, "_Py") {
		return strings.HasPrefix(name, "PyRun_") || strings.HasPrefix(name, "PyMarshal_Read")
	}
	return true
}

// Plain takes off a symbol what Read takes off: glibc's decorations and
// Windows' A and W.
func Plain(name string) string { return string(winName("", cName([]byte(name)))) }

// largeFile are the functions that have a variant of 64-bit offsets.
var largeFile = []string{
	"creat", "fgetpos", "fopen", "freopen", "fseeko", "fsetpos", "fstat", "fstatat", "fstatfs", "fstatvfs", "ftello",
	"ftruncate", "ftw", "getrlimit", "glob", "lockf", "lseek", "lstat", "mkostemp", "mkstemp", "mmap", "nftw", "open",
	"openat", "pread", "preadv", "prlimit", "pwrite", "pwritev", "readdir", "readdir_r", "scandir", "sendfile",
	"setrlimit", "stat", "statfs", "statvfs", "tmpfile", "truncate",
}

// machName takes the underscore of C and Darwin's variants off a symbol.
func machName(name []byte) []byte {
	name = bytes.TrimPrefix(name, []byte("_"))
	if i := bytes.IndexByte(name, '$'); i > 0 {
		switch string(name[i:]) {
		case "$INODE64", "$UNIX2003", "$NOCANCEL", "$NOCANCEL$UNIX2003", "$UNIX2003$NOCANCEL", "$DARWIN_EXTSN", "$1050", "$INODE64$UNIX2003":
			name = name[:i]
		}
	}
	return cName(name)
}

// winName takes the A or W ending off a function of Windows. The C runtime's
// functions have no such ending.
func winName(library string, name []byte) []byte {
	n := len(name)
	if n < 4 || strings.HasPrefix(library, "msvc") || strings.HasPrefix(library, "vcruntime") ||
		strings.HasPrefix(library, "ucrt") || strings.HasPrefix(library, "api-ms-win-crt") || strings.HasPrefix(library, "python") {
		return name
	}
	if last := name[n-1]; last != 'A' && last != 'W' {
		return name
	}
	switch before := name[n-2]; {
	case before == '_':
		return name[:n-2] // DnsQuery_A
	case before >= 'a' && before <= 'z', before >= '0' && before <= '9':
		return name[:n-1]
	}
	return name
}

// winOrdinal names a function that is imported by number.
func winOrdinal(library string, number uint64) []byte {
	stem := strings.TrimSuffix(library, ".dll")
	if stem == "ws2_32" || stem == "wsock32" {
		if name, ok := winsock[number]; ok {
			return []byte(name)
		}
	}
	return append([]byte(stem+"#"), decimal(number)...)
}

func decimal(n uint64) []byte {
	if n < 10 {
		return []byte{byte('0' + n)}
	}
	return append(decimal(n/10), byte('0'+n%10))
}

// winsock are the export numbers of ws2_32.dll, which never change.
var winsock = map[uint64]string{
	1: "accept", 2: "bind", 3: "closesocket", 4: "connect", 5: "getpeername", 6: "getsockname", 7: "getsockopt",
	8: "htonl", 9: "htons", 10: "ioctlsocket", 11: "inet_addr", 12: "inet_ntoa", 13: "listen", 14: "ntohl", 15: "ntohs",
	16: "recv", 17: "recvfrom", 18: "select", 19: "send", 20: "sendto", 21: "setsockopt", 22: "shutdown", 23: "socket",
	51: "gethostbyaddr", 52: "gethostbyname", 53: "getprotobyname", 54: "getprotobynumber", 55: "getservbyname",
	56: "getservbyport", 57: "gethostname", 111: "WSAGetLastError", 112: "WSASetLastError", 115: "WSAStartup",
	116: "WSACleanup", 151: "__WSAFDIsSet",
}

// modules returns the names under which Python can import the binary: those of
// its PyInit_NAME (PEP 489), its PyInitU_NAME in punycode as they stand, and
// Python 2's initNAME if it also takes Py_InitModule from outside.
func modules(exports, imports []string) []string {
	python2 := slices.ContainsFunc(imports, func(s string) bool { return strings.HasPrefix(s, "Py_InitModule") })
	var names []string
	for _, e := range exports {
		name, ok := strings.CutPrefix(e, "PyInit_")
		if !ok {
			name, ok = strings.CutPrefix(e, "PyInitU_")
		}
		if !ok && python2 {
			name, ok = strings.CutPrefix(e, "init")
		}
		if ok && name != "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
