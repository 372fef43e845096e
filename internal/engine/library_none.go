//go:build noengine

package engine

import "errors"

// canLoad says whether this build can load libchdb.so.
const canLoad = false

func runLibrary(string, []string) error {
	return errors.New("engine: this binary was built without the library loader (tag noengine)")
}
