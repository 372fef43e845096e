package pypi_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"prevalence/internal/pypi"
	"prevalence/internal/pypi/pypitest"
	"prevalence/schemas/message"
)

// fast makes a client give up within a test's patience.
var fast = pypi.Options{
	Version: "1.2", Contact: "https://operator.example.org/", Tries: 3,
	Backoff: time.Millisecond, MaxWait: 1500 * time.Millisecond, Timeout: 300 * time.Millisecond, Stall: 300 * time.Millisecond,
}

func universe(t *testing.T) *pypitest.Universe {
	t.Helper()
	u, err := pypitest.New(pypitest.Config{Seed: 3, Projects: 100})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func serve(t *testing.T, s *pypitest.Server) pypi.Index {
	t.Helper()
	h := httptest.NewServer(s)
	t.Cleanup(h.Close)
	x, err := pypi.Open(h.URL+"/simple", fast)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// readAll fetches a file whole.
func readAll(ctx context.Context, x pypi.Index, f pypi.File) ([]byte, error) {
	r, err := x.Fetch(ctx, f)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

func TestStyles(t *testing.T) {
	u := universe(t)
	for name, style := range map[string]pypitest.Style{
		"public": pypitest.LikePyPI, "html": pypitest.LikeHTMLServer, "json": pypitest.LikeJSONServer, "poorest": {},
		"html with serials": {Serials: true, Relative: true},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			s := pypitest.NewServer(u, style)
			x := serve(t, s)
			root, err := x.Root(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if len(root.Projects) != len(u.Projects) || root.HasSerials() != (style.Serials && style.JSON) || (root.Serial != "") != style.Serials {
				t.Fatalf("root has %d names, serials %t, serial %q", len(root.Projects), root.HasSerials(), root.Serial)
			}
			for i, p := range u.Projects {
				if root.Projects[i].Name != p.Name {
					t.Fatalf("name %d is %s, want %s", i, root.Projects[i].Name, p.Name)
				}
				page, err := x.Project(ctx, p.Display)
				if err != nil {
					t.Fatal(err)
				}
				if latest, _ := page.Latest(); latest != p.Latest {
					t.Errorf("%s: latest %q, want %q", p.Name, latest, p.Latest)
				}
				if page.State != p.State || strings.HasPrefix(string(page.Serial), "page:") == style.Serials {
					t.Errorf("%s: state %s, serial %s", p.Name, page.State, page.Serial)
				}
				for j, f := range page.Files {
					want := p.Files[j]
					if f.Name != want.Name || f.Version != want.Version || f.Yanked != want.Yanked || f.YankedReason != want.Reason || f.RequiresPython != ">=3.8" {
						t.Fatalf("%s: file %+v", p.Name, f)
					}
					if (f.SHA256 == want.SHA256) != style.Hashes || (f.Size == int64(len(want.Data))) != (style.JSON && style.Sizes) {
						t.Fatalf("%s: hash %q, size %d", f.Name, f.SHA256, f.Size)
					}
				}
				if len(page.Files) == 0 {
					continue
				}
				f := page.Files[0]
				if b, err := readAll(ctx, x, f); err != nil || !bytes.Equal(b, p.Files[0].Data) {
					t.Errorf("%s: %d bytes, %v", f.Name, len(b), err)
				}
				if m, ok := f.Metadata(); ok {
					b, err := readAll(ctx, x, m)
					if h := sha256.Sum256(b); err != nil || hex.EncodeToString(h[:]) != m.SHA256 || !bytes.HasPrefix(b, []byte("Metadata-Version")) {
						t.Errorf("%s: %q, %v", m.Name, b, err)
					}
				}
			}
			for _, r := range s.Requests() {
				if r.UserAgent != "prevalence/1.2 (+https://operator.example.org/)" || r.Status != http.StatusOK && r.Status != 0 {
					t.Fatalf("request %+v", r)
				}
			}
		})
	}
}

// TestFaults asks for a root, a page and a file under each fault.
func TestFaults(t *testing.T) {
	u := universe(t)
	var name string
	for _, p := range u.Projects {
		if p.Truth.Outcome == message.OutcomeOK && strings.HasSuffix(p.Files[0].Name, ".whl") {
			name = p.Name
		}
	}
	for _, c := range []struct {
		name  string
		fault pypitest.Fault
		err   error // nil: it is coped with
		line  string
	}{
		{"404", pypitest.Fault{Code: 404}, pypi.ErrNotFound, "not on the index: status 404"},
		{"410", pypitest.Fault{Code: 410}, pypi.ErrNotFound, "not on the index: status 410"},
		{"403", pypitest.Fault{Code: 403}, pypi.ErrRefused, "refused by the index: status 403"},
		{"500 once", pypitest.Fault{Code: 500, Times: 1}, nil, ""},
		{"502 for ever", pypitest.Fault{Code: 502}, pypi.ErrUnavailable, "index unavailable: status 502 (3 tries)"},
		{"503 once", pypitest.Fault{Code: 503, Times: 1}, nil, ""},
		{"429 with a short pause", pypitest.Fault{Code: 429, RetryAfter: time.Second, Times: 1}, nil, ""},
		{"429 with a long pause", pypitest.Fault{Code: 429, RetryAfter: time.Hour}, pypi.ErrUnavailable, "answered 429 and asks for a pause of 1h0m0s"},
		{"503 for ever", pypitest.Fault{Code: 503}, pypi.ErrUnavailable, "answered 503 and asks for a pause of 1s (3 tries)"},
		{"reset once", pypitest.Fault{Kind: pypitest.Reset, Times: 1}, nil, ""},
		{"reset for ever", pypitest.Fault{Kind: pypitest.Reset}, pypi.ErrUnavailable, "(3 tries)"},
		{"half a body once", pypitest.Fault{Kind: pypitest.HalfBody, Times: 1}, nil, ""},
		{"half a body for ever", pypitest.Fault{Kind: pypitest.HalfBody}, pypi.ErrUnavailable, "broke off"},
		{"no answer once", pypitest.Fault{Kind: pypitest.Hang, Times: 1}, nil, ""},
		{"no answer for ever", pypitest.Fault{Kind: pypitest.Hang}, pypi.ErrUnavailable, "no answer in time (3 tries)"},
		{"stall once", pypitest.Fault{Kind: pypitest.Stall, Times: 1}, nil, ""},
		{"stall for ever", pypitest.Fault{Kind: pypitest.Stall}, pypi.ErrUnavailable, "no answer in time"},
		{"slow", pypitest.Fault{Kind: pypitest.Latency, Delay: 20 * time.Millisecond}, nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			s := pypitest.NewServer(u, pypitest.LikePyPI)
			x := serve(t, s)
			page, err := x.Project(ctx, name)
			if err != nil {
				t.Fatal(err)
			}
			file := page.Files[0]
			asks := map[string]struct {
				path string
				ask  func() error
			}{
				"root": {"/simple/", func() error { _, err := x.Root(ctx); return err }},
				"page": {"/simple/*/", func() error { _, err := x.Project(ctx, name); return err }},
				"file": {"/files/*/*", func() error {
					b, err := readAll(ctx, x, file)
					if err == nil && !bytes.Equal(b, u.Project(name).Files[0].Data) {
						return errors.New("other bytes")
					}
					return err
				}},
			}
			for what, a := range asks {
				c.fault.Path = a.path
				s.Plan(c.fault)
				err := a.ask()
				if !errors.Is(err, c.err) || (err == nil) != (c.err == nil) {
					t.Fatalf("%s: %v, want %v", what, err, c.err)
				}
				if err != nil && (!strings.Contains(err.Error(), c.line) || strings.Contains(err.Error(), "\n")) {
					t.Errorf("%s: the line is %q, want %q in it", what, err, c.line)
				}
				var pause *pypi.PauseError
				if want := c.err != nil && (c.fault.Code == 429 || c.fault.Code == 503); errors.As(err, &pause) != want {
					t.Errorf("%s: a pause of the index: %v, want %t", what, err, want)
				}
			}
		})
	}
}

// TestResume breaks a file off in the middle: with ranges the rest is asked
// for, without them it is read from the start again.
func TestResume(t *testing.T) {
	data := bytes.Repeat([]byte("0123456789abcdef"), 8192)
	for name, style := range map[string]pypitest.Style{"ranges": pypitest.LikePyPI, "no ranges": pypitest.LikeJSONServer, "nothing known": {}} {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			s := pypitest.NewServer(universe(t), style)
			s.Add("large", pypitest.File{Name: "large-1.0.tar.gz", Version: "1.0", Data: data})
			x := serve(t, s)
			page, err := x.Project(ctx, "large")
			if err != nil {
				t.Fatal(err)
			}
			s.Plan(pypitest.Fault{Path: "/files/*/*", Kind: pypitest.HalfBody, Times: 2})
			s.Requests()
			b, err := readAll(ctx, x, page.Files[0])
			if err != nil || !bytes.Equal(b, data) {
				t.Fatalf("%d bytes, %v", len(b), err)
			}
			var ranges []string
			for _, r := range s.Requests() {
				ranges = append(ranges, r.Range)
			}
			if len(ranges) != 3 || ranges[0] != "" || ranges[1] != "bytes=65536-" {
				t.Errorf("ranges %q", ranges)
			}
		})
	}
}

func TestWrongSize(t *testing.T) {
	ctx := t.Context()
	body := []byte("0123456789")
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "chunked") {
			if r.Header.Get("Range") != "" {
				w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
				return
			}
			_ = http.NewResponseController(w).Flush()
		}
		_, _ = w.Write(body)
	}))
	t.Cleanup(h.Close)
	x, err := pypi.Open(h.URL, fast)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/declared", "/chunked"} {
		for size, want := range map[int64]error{9: pypi.ErrSize, 11: pypi.ErrSize, 10: nil, 0: nil} {
			b, err := readAll(ctx, x, pypi.File{Name: "f", URL: h.URL + path, Size: size})
			if !errors.Is(err, want) || (err == nil) != (want == nil) {
				t.Errorf("%s: 10 bytes where the index says %d: %v, want %v", path, size, err, want)
			}
			if want == nil && !bytes.Equal(b, body) {
				t.Errorf("%s: %q", path, b)
			}
		}
	}
}

func TestLimits(t *testing.T) {
	ctx := t.Context()
	var requests atomic.Int32
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		switch r.URL.Path {
		case "/text/":
			_, _ = io.WriteString(w, "Welcome")
		default:
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, "<html>"+strings.Repeat("<a href='a-1.0.zip'>a</a>", 1000))
		}
	}))
	t.Cleanup(h.Close)
	o := fast
	o.PageBytes, o.RootBytes = 1000, 1000
	x, err := pypi.Open(h.URL, o)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"foo": "larger than 1000 bytes", "text": "neither JSON nor HTML"} {
		_, err = x.Project(ctx, name)
		if !errors.Is(err, pypi.ErrPage) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
	if _, err = x.Root(ctx); !errors.Is(err, pypi.ErrPage) {
		t.Errorf("root: %v", err)
	}
	if n := requests.Load(); n != 3 {
		t.Errorf("%d requests: nonsense was asked for again", n)
	}
	if _, err = x.Project(ctx, "../secret"); !errors.Is(err, pypi.ErrNotFound) || requests.Load() != 3 {
		t.Errorf("a name that is none: %v", err)
	}
}

func TestCredentials(t *testing.T) {
	ctx := t.Context()
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			t.Error("the other host got credentials")
		}
		_, _ = io.WriteString(w, "data")
	}))
	t.Cleanup(other.Close)
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "me" || password != "s3cret" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = io.WriteString(w, `{"name": "foo", "files": [{"filename": "foo-1.0.zip", "url": "`+other.URL+`/foo-1.0.zip"}]}`)
	}))
	t.Cleanup(h.Close)
	x, err := pypi.Open(strings.Replace(h.URL, "http://", "http://me:s3cret@", 1), fast)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(x.URL(), "s3cret") || strings.Contains(x.URL(), "me@") {
		t.Errorf("the URL shows credentials: %s", x.URL())
	}
	page, err := x.Project(ctx, "foo")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := readAll(ctx, x, page.Files[0]); err != nil {
		t.Error(err)
	}
	x, err = pypi.Open(h.URL, fast)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := x.Root(ctx); !errors.Is(err, pypi.ErrRefused) {
		t.Errorf("without credentials: %v", err)
	}
}

func TestConnectionsAndCancel(t *testing.T) {
	var now, most atomic.Int32
	release := make(chan struct{})
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		most.Store(max(most.Load(), now.Add(1)))
		defer now.Add(-1)
		select {
		case <-release:
		case <-r.Context().Done():
		}
		_, _ = io.WriteString(w, "<a href='x'>x</a>")
	}))
	t.Cleanup(h.Close)
	o := fast
	o.Connections, o.Timeout = 2, time.Minute
	x, err := pypi.Open(h.URL, o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	errs := make(chan error, 6)
	for range 6 {
		go func() {
			_, err := x.Root(ctx)
			errs <- err
		}()
	}
	for now.Load() < 2 {
		time.Sleep(time.Millisecond)
	}
	cancel()
	for range 6 {
		if err := <-errs; !errors.Is(err, context.Canceled) {
			t.Errorf("after cancelling: %v", err)
		}
	}
	close(release)
	if most.Load() > 2 {
		t.Errorf("%d requests at once", most.Load())
	}
}

// TestOneByOne has a server of HTTP/1.0, which is asked by many at once and
// then one request at a time.
func TestOneByOne(t *testing.T) {
	var now, most, asked atomic.Int32
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		n := now.Add(1)
		if asked.Add(1) > 4 {
			most.Store(max(most.Load(), n))
		}
		time.Sleep(5 * time.Millisecond)
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		now.Add(-1) // before the client can know
		_, _ = io.WriteString(c, "HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n<a href='x'>x</a>")
		c.Close()
	}))
	t.Cleanup(h.Close)
	o := fast
	o.Connections, o.Timeout = 4, time.Minute
	x, err := pypi.Open(h.URL, o)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if _, err := x.Root(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if asked.Load() != 20 || most.Load() != 1 {
		t.Errorf("%d requests, the later ones %d at once", asked.Load(), most.Load())
	}
}

func TestStale(t *testing.T) {
	ctx := t.Context()
	s := pypitest.NewServer(universe(t), pypitest.LikePyPI)
	x := serve(t, s)
	name := s.Names()[5]
	s.Freeze(name)
	s.Touch(name)
	root, err := x.Root(ctx)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(root.Projects, func(p pypi.RootProject) bool { return p.Name == name })
	awaited := root.Projects[i].Serial
	page, err := x.Project(ctx, name)
	if err != nil {
		t.Fatal(err)
	}
	var stale *pypi.StaleError
	if err := page.Await(awaited); !errors.As(err, &stale) || stale.Awaited != awaited {
		t.Errorf("a frozen page of serial %s, where %s is awaited: %v", page.Serial, awaited, err)
	}
	s.Thaw(name)
	if page, err = x.Project(ctx, name); err != nil || page.Await(awaited) != nil {
		t.Errorf("a thawed page: %v, %v", err, page.Await(awaited))
	}
}

func TestOpen(t *testing.T) {
	file := t.TempDir() + "/f"
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]string{
		"ftp://x/":             "scheme ftp is not supported",
		"https://":             "no URL of a Simple API root",
		"https://h/simple/?a":  "no URL of a Simple API root",
		"http://u:p@ss@[::1":   "no URL",
		"/does/not/exist":      "neither an http(s) URL nor a folder",
		file:                   "neither an http(s) URL nor a folder",
		"file:///does/not/ex":  "no folder",
		"pypi.example.org/pkg": "neither",
	} {
		_, err := pypi.Open(address, pypi.Options{})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "u:p") {
			t.Errorf("Open(%q): %v, want %q", address, err, want)
		}
	}
	if _, err := pypi.Open("", pypi.Options{Contact: "a\r\nHost: x"}); err == nil {
		t.Error("a contact with a line break is accepted")
	}
	x, err := pypi.Open("", pypi.Options{})
	if err != nil || x.URL() != pypi.DefaultIndex {
		t.Errorf("default index: %v, %v", x, err)
	}
}
