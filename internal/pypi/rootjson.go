package pypi

import (
	"errors"
	"io"

	"github.com/go-faster/jx"
)

// rootBuffer is how much of a root is read at a time.
const rootBuffer = 64 << 10

// parseRootJSON reads a root entry by entry, so that an index of a million
// names takes no more memory than its names. Source: PEP 691.
func parseRootJSON(r io.Reader) (*Root, error) {
	root := new(Root)
	listed := false
	d := jx.Decode(r, rootBuffer)
	err := d.ObjBytes(func(d *jx.Decoder, key []byte) error {
		switch string(key) {
		case "meta":
			return parseRootMeta(d, root)
		case "projects":
			listed = true
			return d.Arr(func(d *jx.Decoder) error { return parseRootEntry(d, root) })
		}
		return d.Skip()
	})
	if err == nil && !listed {
		err = errors.New("no projects are listed")
	}
	if err != nil {
		return nil, err
	}
	return root, nil
}

func parseRootMeta(d *jx.Decoder, root *Root) error {
	return d.ObjBytes(func(d *jx.Decoder, key []byte) error {
		switch {
		case d.Next() == jx.Null:
			return d.Null()
		case string(key) == "_last-serial":
			n, err := d.UInt64()
			root.Serial = serialOf(n)
			return err
		case string(key) == "api-version":
			v, err := d.Str()
			if err != nil {
				return err
			}
			return checkAPIVersion(v)
		}
		return d.Skip()
	})
}

func parseRootEntry(d *jx.Decoder, root *Root) error {
	var name string
	var serial uint64
	err := d.ObjBytes(func(d *jx.Decoder, key []byte) (err error) {
		null := d.Next() == jx.Null
		switch {
		case string(key) == "name" && !null:
			name, err = d.Str()
		case string(key) == "_last-serial" && !null:
			serial, err = d.UInt64()
		default:
			err = d.Skip()
		}
		return err
	})
	if err == nil {
		root.add(name, serialOf(serial))
	}
	return err
}
