package pypi

import (
	"errors"
	"testing"
	"time"

	"prevalence/schemas/message"
)

func TestPageHash(t *testing.T) {
	base := func() *Page {
		return &Page{Name: "foo", State: message.StateActive, Files: []File{
			{Name: "foo-1.0.tar.gz", SHA256: "aa", Size: 1, URL: "https://a/x"},
			{Name: "foo-1.1.tar.gz", Size: 7},
		}}
	}
	want := PageHash(base())
	same := map[string]func(*Page){
		"order":        func(p *Page) { p.Files[0], p.Files[1] = p.Files[1], p.Files[0] },
		"url":          func(p *Page) { p.Files[0].URL = "https://b/y" },
		"upload time":  func(p *Page) { p.Files[0].UploadTime = time.Now() },
		"size by hash": func(p *Page) { p.Files[0].Size = 0 },
	}
	for name, change := range same {
		p := base()
		change(p)
		if got := PageHash(p); got != want {
			t.Errorf("%s changes the hash: %s, want %s", name, got, want)
		}
	}
	other := map[string]func(*Page){
		"state":   func(p *Page) { p.State = message.StateArchived },
		"hash":    func(p *Page) { p.Files[0].SHA256 = "bb" },
		"size":    func(p *Page) { p.Files[1].Size = 8 },
		"yanked":  func(p *Page) { p.Files[0].Yanked = true },
		"name":    func(p *Page) { p.Files[0].Name = "foo-1.0.zip" },
		"removal": func(p *Page) { p.Files = p.Files[:1] },
	}
	for name, change := range other {
		p := base()
		change(p)
		if PageHash(p) == want {
			t.Errorf("%s does not change the hash", name)
		}
	}
}

func TestAwait(t *testing.T) {
	for _, c := range []struct {
		have, awaited message.Serial
		stale         bool
	}{
		{"10", "9", false}, {"10", "10", false}, {"9", "10", true}, {"99", "100", true},
		{"page:00", "10", false}, {"9", "page:00", false}, {"", "10", false}, {"9", "", false},
	} {
		err := (&Page{Name: "foo", Serial: c.have}).Await(c.awaited)
		var stale *StaleError
		if errors.As(err, &stale) != c.stale || (err == nil) == c.stale {
			t.Errorf("page of serial %q where %q is awaited: %v", c.have, c.awaited, err)
		}
	}
}
