//go:build !noengine

package engine

import (
	"errors"
	"fmt"
	"runtime"
	"unsafe"

	"github.com/ebitengine/purego"
)

// canLoad says whether this build can load libchdb.so.
const canLoad = true

// runLibrary loads libchdb at path and runs its command line, argv[0] being a
// program name. It returns when the last query has ended.
func runLibrary(path string, argv []string) error {
	lib, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return fmt.Errorf("engine: load the library: %w", err)
	}
	var (
		queryCmdline func(argc int32, argv unsafe.Pointer) uintptr
		resultError  func(result uintptr) string
	)
	for name, fn := range map[string]any{"chdb_query_cmdline": &queryCmdline, "chdb_result_error": &resultError} {
		symbol, err := purego.Dlsym(lib, name)
		if err != nil {
			return fmt.Errorf("engine: %s is not a libchdb of version 26: %w", path, err)
		}
		purego.RegisterFunc(fn, symbol)
	}
	// A C argv: NUL-terminated strings and a null pointer at the end, in memory
	// that does not move.
	var pin runtime.Pinner
	defer pin.Unpin()
	vector := make([]*byte, len(argv)+1)
	for i, arg := range argv {
		b := append([]byte(arg), 0)
		pin.Pin(&b[0])
		vector[i] = &b[0]
	}
	pin.Pin(&vector[0])
	result := queryCmdline(int32(len(argv)), unsafe.Pointer(&vector[0]))
	if result == 0 {
		return nil
	}
	if text := resultError(result); text != "" {
		return errors.New("engine: " + text)
	}
	return nil
}
