package worker

import (
	"bytes"
	"context"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"prevalence/internal/pypi"
	"prevalence/internal/pypi/pypitest"
	"prevalence/internal/queue"
	"prevalence/schemas/message"
)

// sweeps makes every job one of another sweep.
var sweeps atomic.Int64

// republish publishes a job of a reason and returns what a worker makes of it.
func republish(t *testing.T, owner, account *queue.Conn, o Options, reason message.Reason) *message.Scan {
	t.Helper()
	j := message.Job{Schema: message.JobSchema, Project: "dist", Reason: reason, Sweep: time.Now().Add(time.Duration(sweeps.Add(1)) * time.Hour).UTC()}
	if err := owner.Jobs().Publish(t.Context(), j, func(accepted bool, err error) {
		if !accepted || err != nil {
			t.Errorf("accepted %v, %v", accepted, err)
		}
	}); err != nil {
		t.Fatal(err)
	}
	if err := owner.Jobs().Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	stop := running(t, o, account, account)
	idle(t, owner)
	stop()
	_, scans := scansOf(t, owner, 1)
	if len(scans) != 1 {
		t.Fatalf("%d scans", len(scans))
	}
	return scans[0]
}

// fileRequests counts the requests for files, and those for metadata alone.
func fileRequests(s *pypitest.Server) (files, metadata int) {
	for _, r := range s.Requests() {
		switch {
		case strings.HasSuffix(r.Path, ".metadata"):
			metadata++
		case strings.HasPrefix(r.Path, "/files/"):
			files++
		}
	}
	return files, metadata
}

// TestUnchangedFilesAreNotFetched: a job because of a changed page reads a file
// again only when it is another one, or when it is asked to.
func TestUnchangedFilesAreNotFetched(t *testing.T) {
	owner, account := broker(t)
	const metadata = "Metadata-Version: 2.1\nName: dist\nVersion: 1\nSummary: s\nAuthor-email: a@example.org\n\nA description.\n"
	wheel := packZip(t, []packedFile{{"dist/__init__.py", "import os\nos.remove('x')\n"}, {"dist-1.dist-info/METADATA", metadata}})
	server, x := stock(t, pypitest.LikePyPI, map[string][]byte{"dist-1-py3-none-any.whl": wheel})
	o := Options{Index: x, Earlier: account, Key: []byte("k"), KeyID: "1"}

	first := republish(t, owner, account, o, message.ReasonNew)
	if files, _ := fileRequests(server); files != 1 {
		t.Fatalf("%d requests for the file", files)
	}
	server.Yank("dist", "1", "broken")
	server.SetState("dist", message.StateArchived)
	second := republish(t, owner, account, o, message.ReasonChanged)
	if files, meta := fileRequests(server); files+meta != 0 {
		t.Errorf("%d requests for the file and %d for its metadata, though neither changed", files, meta)
	}
	if !second.Yanked || second.State != message.StateArchived || second.JobSeq <= first.JobSeq || second.Reason != message.ReasonChanged || second.Serial == first.Serial {
		t.Errorf("the scan is not of the page as it is now: %+v", second)
	}
	first.Yanked, first.State, first.JobSeq, first.Reason, first.Serial, first.At = second.Yanked, second.State, second.JobSeq, second.Reason, second.Serial, second.At
	if d := gocmp.Diff(first, second); d != "" {
		t.Errorf("what was seen differs:\n%s", d)
	}
	republish(t, owner, account, o, message.ReasonRescan)
	if files, _ := fileRequests(server); files != 1 {
		t.Errorf("a rescan made %d requests for the file", files)
	}
	o.KeyID = "2"
	republish(t, owner, account, o, message.ReasonChanged)
	if files, _ := fileRequests(server); files != 1 {
		t.Errorf("after a change of the key there were %d requests for the file", files)
	}
	server.Add("dist", pypitest.File{Name: "dist-1.zip", Version: "1", Data: wheel})
	if s := republish(t, owner, account, o, message.ReasonChanged); len(s.Files) != 2 {
		t.Errorf("%d files after another came", len(s.Files))
	}
}

// changedMetadata offers other core metadata than the wheel has.
type changedMetadata struct {
	pypi.Index
	text string
}

func (x changedMetadata) Project(ctx context.Context, name string) (*pypi.Page, error) {
	p, err := x.Index.Project(ctx, name)
	if err == nil {
		sum := &hashing{r: strings.NewReader(x.text), h: newHash()}
		if _, err := io.Copy(io.Discard, sum); err != nil {
			return nil, err
		}
		p.Files[0].CoreMetadataSHA256 = sum.hex()
	}
	return p, err
}

func (x changedMetadata) Fetch(ctx context.Context, f pypi.File) (io.ReadCloser, error) {
	if strings.HasSuffix(f.Name, ".metadata") {
		return io.NopCloser(bytes.NewReader([]byte(x.text))), nil
	}
	return x.Index.Fetch(ctx, f)
}

// TestMetadataAlone: where the wheel is the same and its metadata are others,
// these are fetched, and the scan is what a wheel with them would have given.
func TestMetadataAlone(t *testing.T) {
	const before = "Metadata-Version: 2.1\nName: dist\nVersion: 1\nSummary: s\nAuthor-email: a@example.org\nProject-URL: Source, https://github.com/a/b\n\nA description.\n"
	const after = "Metadata-Version: 2.1\nName: dist\nVersion: 1\nRequires-Dist: requests\n"
	wheel := func(m string) []byte {
		return packZip(t, []packedFile{{"dist/__init__.py", "import os\nos.remove('x')\n"}, {"dist-1.dist-info/METADATA", m}})
	}
	owner, account := broker(t)
	server, x := stock(t, pypitest.LikePyPI, map[string][]byte{"dist-1-py3-none-any.whl": wheel(before)})
	_, y := stock(t, pypitest.LikePyPI, map[string][]byte{"dist-1-py3-none-any.whl": wheel(after)})
	o := Options{Index: x, Earlier: account}
	republish(t, owner, account, o, message.ReasonNew)
	server.Touch("dist")
	server.Requests()
	o.Index = changedMetadata{x, after}
	got := republish(t, owner, account, o, message.ReasonChanged)
	if files, _ := fileRequests(server); files != 0 {
		t.Errorf("%d requests for the wheel", files)
	}
	want := scanFile(t, y, Options{}, "dist-1-py3-none-any.whl")
	if want.EmailClass != "none" || want.Metadata.Description {
		t.Fatal("the metadata are no others")
	}
	for _, s := range []*message.Scan{got, want} {
		s.At, s.JobSeq, s.Serial, s.Reason, s.Files = time.Time{}, 0, "", "", nil
	}
	if d := gocmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
