package pypi

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"slices"
	"strconv"
	"strings"

	"prevalence/schemas/message"
)

// PageHash is the serial of a project on an index that does not count its
// changes: "page:" and 16 hexadecimal digits over the page's state and, sorted
// by name, each file's name, hash (or else size) and yanked mark. Upload times,
// URLs, spelling and order of the page do not matter. Two servers that differ
// in whether they give hashes differ in it.
func PageHash(p *Page) message.Serial {
	lines := make([]string, 0, len(p.Files))
	for _, f := range p.Files {
		id := f.SHA256
		if id == "" {
			id = strconv.FormatInt(f.Size, 10)
		}
		lines = append(lines, fmt.Sprintf("%q %s %t\n", f.Name, id, f.Yanked))
	}
	slices.Sort(lines)
	h := sha256.New()
	writeString(h, string(p.State)+"\n")
	for _, l := range lines {
		writeString(h, l)
	}
	return message.Serial("page:" + hex.EncodeToString(h.Sum(nil)[:8]))
}

// writeString writes s to a hash, which never fails.
func writeString(h hash.Hash, s string) { _, _ = io.WriteString(h, s) }

// Await returns a *StaleError when the page is older than the awaited serial.
// Serials that are no numbers have no order and are never stale.
func (p *Page) Await(awaited message.Serial) error {
	have, ok1 := number(p.Serial)
	want, ok2 := number(awaited)
	if ok1 && ok2 && have < want {
		return &StaleError{Project: p.Name, Have: p.Serial, Awaited: awaited}
	}
	return nil
}

func number(s message.Serial) (uint64, bool) {
	if s == "" || strings.HasPrefix(string(s), "page:") {
		return 0, false
	}
	n, err := strconv.ParseUint(string(s), 10, 64)
	return n, err == nil
}
