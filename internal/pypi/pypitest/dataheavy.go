package pypitest

import (
	"archive/zip"
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"

	"prevalence/schemas/message"
)

// NewDataHeavy makes a universe of wheels that are mostly data, as those of
// models and tables are: a few modules beside a file that does not compress or
// a table that does. The same seed gives the same bytes.
func NewDataHeavy(seed uint64) (*Universe, error) {
	r := rand.New(rand.NewPCG(seed, seed))
	noise := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		return b
	}
	table := func(n int) []byte {
		var b bytes.Buffer
		for b.Len() < n {
			fmt.Fprintf(&b, "%d,%d,some words of data\n", r.Uint32(), r.Uint32N(9))
		}
		return b.Bytes()
	}
	u := new(Universe)
	for i, kind := range []struct {
		name    string
		modules int
		data    [][]byte
	}{
		{"big-model", 40, [][]byte{noise(6 << 20)}},
		{"big-table", 40, [][]byte{table(12 << 20)}},
		{"many-pictures", 60, [][]byte{noise(400 << 10), noise(300 << 10), noise(500 << 10), noise(200 << 10)}},
	} {
		data, err := dataWheel(kind.name, kind.modules, kind.data)
		if err != nil {
			return nil, fmt.Errorf("pypitest: %s: %w", kind.name, err)
		}
		u.Projects = append(u.Projects, &Project{
			Name: kind.name, Display: kind.name, Serial: uint64(i + 1), State: message.StateActive, Latest: "1",
			Files: []File{{Name: wheelName(kind.name, "1"), Version: "1", Data: data, SHA256: hash(data), Uploaded: epoch}},
		})
	}
	return u, nil
}

// dataWheel is a wheel of so many modules with data between them.
func dataWheel(project string, modules int, data [][]byte) ([]byte, error) {
	top := strings.ReplaceAll(project, "-", "_")
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	add := func(name string, content []byte) error {
		m, err := w.Create(name)
		if err == nil {
			_, err = m.Write(content)
		}
		return err
	}
	for i := range modules {
		if err := add(fmt.Sprintf("%s/m%d.py", top, i), fmt.Appendf(nil, "import os\n\n\ndef f%d(x):\n    return os.listdir(x)\n", i)); err != nil {
			return nil, err
		}
		if i*len(data)/modules != (i+1)*len(data)/modules {
			n := i * len(data) / modules
			if err := add(fmt.Sprintf("%s/data/%d.dat", top, n), data[n]); err != nil {
				return nil, err
			}
		}
	}
	metadata := fmt.Sprintf("Metadata-Version: 2.1\nName: %s\nVersion: 1\n", project)
	if err := add(top+"-1.dist-info/METADATA", []byte(metadata)); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}
