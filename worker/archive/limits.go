package archive

import (
	"cmp"
	"fmt"
)

// Limits bounds what a Walker reads from one distribution file. A zero field
// takes the default beside it. Sizes are uncompressed bytes.
type Limits struct {
	TotalBytes      int64   // sum over what is unpacked; default 1 GiB
	MemberBytes     int64   // one member that is wanted whole; a larger one is cut; default 8 MiB
	HeadBytes       int     // what Head gives; default 4 KiB
	Members         int     // entries of any type; default 200,000
	Ratio           float64 // unpacked per packed byte, once RatioFloorBytes are unpacked; default 200
	RatioFloorBytes int64   // default 16 MiB
	NameBytes       int     // a member with a longer name is cut; default 1,024
	Depth           int     // path components; a member with more is cut; default 64
	DirectoryBytes  int64   // a zip's central directory; default 32 MiB
	WindowBytes     int64   // dictionary of xz, lzma and zstd streams; default 64 MiB
}

// Validate returns an error that names the first negative field.
func (l Limits) Validate() error {
	for _, f := range []struct {
		name  string
		value float64
	}{
		{"TotalBytes", float64(l.TotalBytes)}, {"MemberBytes", float64(l.MemberBytes)},
		{"HeadBytes", float64(l.HeadBytes)}, {"Members", float64(l.Members)}, {"Ratio", l.Ratio},
		{"RatioFloorBytes", float64(l.RatioFloorBytes)}, {"NameBytes", float64(l.NameBytes)},
		{"Depth", float64(l.Depth)}, {"DirectoryBytes", float64(l.DirectoryBytes)},
		{"WindowBytes", float64(l.WindowBytes)},
	} {
		if f.value < 0 {
			return fmt.Errorf("archive: limit %s is negative", f.name)
		}
	}
	return nil
}

func (l Limits) withDefaults() Limits {
	return Limits{
		TotalBytes:      cmp.Or(l.TotalBytes, 1<<30),
		MemberBytes:     cmp.Or(l.MemberBytes, 8<<20),
		HeadBytes:       cmp.Or(l.HeadBytes, 4<<10),
		Members:         cmp.Or(l.Members, 200_000),
		Ratio:           cmp.Or(l.Ratio, 200),
		RatioFloorBytes: cmp.Or(l.RatioFloorBytes, 16<<20),
		NameBytes:       cmp.Or(l.NameBytes, 1024),
		Depth:           cmp.Or(l.Depth, 64),
		DirectoryBytes:  cmp.Or(l.DirectoryBytes, 32<<20),
		WindowBytes:     cmp.Or(l.WindowBytes, 64<<20),
	}
}
