package worker

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"prevalence/internal/pypi"
	"prevalence/internal/pypi/pypitest"
	"prevalence/schemas/message"
)

// singleThreaded answers in HTTP/1.0, one request after the other, as Python's
// wsgiref does: who does not read his answer keeps all others waiting.
type singleThreaded struct {
	http.Handler
	mu sync.Mutex
}

func (s *singleThreaded) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rec := httptest.NewRecorder()
	s.Handler.ServeHTTP(rec, r)
	s.mu.Lock()
	defer s.mu.Unlock()
	c, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	defer c.Close()
	answer := rec.Result()
	answer.ProtoMajor, answer.ProtoMinor = 1, 0
	answer.Header.Set("Connection", "close")
	_ = answer.Write(c) // a client that went away is no matter
}

// TestOneByOne scans wheels of unknown size, more than one at a time, over a
// server that has one thread: a worker that held one answer while it asked for
// the next would wait for itself.
func TestOneByOne(t *testing.T) {
	files := wheels(t)
	for _, style := range []pypitest.Style{pypitest.LikeHTMLServer, {Hashes: true}} {
		index := pypitest.NewServer(new(pypitest.Universe), style)
		var jobs []message.Job
		for name, data := range files {
			project, _, version := pypi.GuessFileName(name)
			for i := range 4 {
				own := fmt.Sprintf("%s%d", project, i)
				index.Add(own, pypitest.File{Name: own + name[len(project):], Version: version, Data: data})
				jobs = append(jobs, message.Job{Project: own})
			}
		}
		h := httptest.NewServer(&singleThreaded{Handler: index})
		t.Cleanup(h.Close)
		x, err := pypi.Open(h.URL+"/simple/", pypi.Options{})
		if err != nil {
			t.Fatal(err)
		}
		owner, worker := broker(t)
		publishJobs(t, owner, jobs...)
		stop := running(t, Options{Index: x, Slots: 3}, worker, worker)
		idle(t, owner)
		stop()
		_, all := scansOf(t, owner, len(jobs))
		for _, s := range all {
			if s.Outcome != message.OutcomeOK {
				t.Errorf("%s: %s %v", s.Project, s.Outcome, s.Why)
			}
		}
	}
}
