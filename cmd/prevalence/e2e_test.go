//go:build e2e

package main

import (
	"archive/tar"
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"flag"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"prevalence/internal/pypi/pypitest"
)

// The pages in a real Chromium, over an index that is crawled in between:
// "make e2e".
var (
	shotsDir    = flag.String("shots", "", "keep a picture of each page in this folder")
	picturesDir = flag.String("pictures", "", "write the pictures of README into this folder")
)

// axe-core finds what keeps people from reading a page. The package is fetched
// by npm, and only this very one is taken.
const (
	axePackage = "axe-core@4.14.1"
	axeSHA512  = "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
)

// axe returns the script of axe-core, from the cache folder or by npm.
func axe(t *testing.T) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	cache = filepath.Join(cache, "prevalence")
	file := filepath.Join(cache, "axe-core-4.14.1.tgz")
	if _, err := os.Stat(file); err != nil {
		if err := os.MkdirAll(cache, 0o755); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), "npm", "pack", "--silent", "--pack-destination", cache, axePackage)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("npm pack %s: %v\n%s", axePackage, err, out)
		}
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if sum := sha512.Sum512(b); base64.StdEncoding.EncodeToString(sum[:]) != axeSHA512 {
		t.Fatalf("%s is not %s: delete it and try again", file, axePackage)
	}
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err != nil {
			t.Fatalf("no axe.min.js in %s: %v", file, err)
		}
		if h.Name == "package/axe.min.js" {
			script, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			return string(script)
		}
	}
}

// hostileText is what a package would write to be more than text.
const hostileText = `<img src=x onerror=alert(1)><script>alert(2)</script>`

// hostileProject has it wherever a package has room for words.
const hostileProject = "hostile-words"

// hostileSdist is an sdist of that project: the text stands in a path that is
// evidence, in metadata, and in a URL.
func hostileSdist(t *testing.T) pypitest.File {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	root := "hostile_words-1.0/"
	for name, content := range map[string]string{
		root + "PKG-INFO": "Metadata-Version: 2.1\nName: hostile-words\nVersion: 1.0\nLicense: " + hostileText + "\nRequires-Python: >=3\"><b>\n",
		root + "setup.py": "from setuptools import setup\nsetup(name='hostile-words')\n",
		root + "hostile_words/<img src=x onerror=alert(3)>.py": "import os\nos.remove('a')\nURL = 'https://hostile.example/\"><svg onload=alert(4)>'\n",
	} {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(content)), Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, content); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []io.Closer{w, z} {
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return pypitest.File{Name: "hostile_words-1.0.tar.gz", Version: "1.0", Data: b.Bytes()}
}

// crawledIndex crawls a generated index four times, with changes in between, and
// returns the folder of the data and the universe.
func crawledIndex(t *testing.T) (data string, u *pypitest.Universe) {
	t.Helper()
	u, err := pypitest.New(pypitest.Config{})
	if err != nil {
		t.Fatal(err)
	}
	server := pypitest.NewServer(u, pypitest.LikePyPI)
	url, stop, err := server.Start(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	dir := t.TempDir()
	ranking := filepath.Join(dir, "ranking.json")
	if err := os.WriteFile(ranking, u.RankingJSON(), 0o600); err != nil {
		t.Fatal(err)
	}
	data = filepath.Join(dir, "data")
	crawl := func() {
		output(t, prevalenceCommand(t, "up", "--data", data, "--index", url, "--ranking", ranking, "--until-idle", "--log-level", "error"))
	}
	release := func(version string, projects []string, code string) {
		for _, name := range projects {
			if _, err := server.AddRelease(name, version, code); err != nil {
				t.Fatal(err)
			}
		}
	}
	server.Add(hostileProject, hostileSdist(t))
	crawl()
	names := slices.DeleteFunc(slices.Clone(u.Ranked), func(n string) bool { return u.Project(n) == nil || u.Project(n).Latest == "" })
	release("90.0", names[30:55], "import shutil, urllib.request\nshutil.rmtree('x')\nurllib.request.urlopen('https://a.example/')\n")
	crawl()
	release("91.0", names[60:75], "import base64\nexec(base64.b64decode(b'MQ=='))\n")
	for _, name := range names[100:105] {
		server.Remove(name)
	}
	crawl()
	server.Resurrect(names[101])
	release("92.0", names[120:150], "import os, subprocess\nsubprocess.run('ls', shell=True)\nos.environ.copy()\n")
	crawl()
	return data, u
}

// browser is a Chromium with what it complained of.
type browser struct {
	t          *testing.T
	ctx        context.Context
	address    string
	axe        string
	complaints *complaints
}

// complaints are what a browser has to say of the pages that it loads.
type complaints struct {
	mu   sync.Mutex
	list []string
}

func (c *complaints) add(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = append(c.list, text)
}

// take returns the complaints since the last time.
func (c *complaints) take() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	list := c.list
	c.list = nil
	return list
}

func startBrowser(t *testing.T, address string) *browser {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatalf("the pages are tested in Chromium (Debian: apt-get install chromium): %v", err)
	}
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.Flag("disable-dev-shm-usage", true), chromedp.Flag("hide-scrollbars", true), chromedp.UserDataDir(t.TempDir()))
	allocator, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	ctx, closeTab := chromedp.NewContext(allocator)
	t.Cleanup(closeTab)
	b := &browser{t: t, ctx: ctx, address: address, axe: axe(t), complaints: new(complaints)}
	err = chromedp.Listen(ctx, func(event any) { // starts it
		switch e := event.(type) {
		case *runtime.EventExceptionThrown:
			b.complaints.add(e.ExceptionDetails.Text)
		case *runtime.EventConsoleAPICalled:
			b.complaints.add("console." + string(e.Type))
		case *log.EventEntryAdded:
			b.complaints.add(e.Entry.Text + " " + e.Entry.URL)
		case *page.EventJavascriptDialogOpening:
			b.complaints.add("dialog: " + e.Message)
			go func() {
				_, _ = chromedp.Call(ctx, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: true})
			}()
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	call(b, log.Enable, cdp.Empty{})
	call(b, network.Enable, network.EnableParams{})
	return b
}

// call sends a command of the protocol.
func call[P, R any](b *browser, command cdp.Command[P, R], params P) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if _, err := chromedp.Call(ctx, command, params); err != nil {
		b.t.Fatal(err)
	}
}

// patience is for one act.
const patience = 30 * time.Second

// run does something in the browser.
func (b *browser) run(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

// screen sets size and scheme.
func (b *browser) screen(width, height int64, dark bool) {
	b.t.Helper()
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	call(b, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: height, DeviceScaleFactor: 1, Mobile: width < 600})
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
}

// open loads a page. The browser must have nothing to complain of but that a
// page which says so is not there.
func (b *browser) open(path string) {
	b.t.Helper()
	b.run(chromedp.Navigate(b.address+path), chromedp.WaitReady(chromedp.CSS("main")))
	for _, c := range b.complaints.take() {
		if !strings.Contains(path, "unknown") || !strings.HasPrefix(c, "Failed to load resource: the server responded with a status of 404") {
			b.t.Errorf("%s: the browser says: %s", path, c)
		}
	}
}

// eval evaluates an expression, and waits for it where it is a promise.
func eval[T any](b *browser, expression string) T {
	b.t.Helper()
	return act(b, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// act does something that has a result.
func act[T any](b *browser, action chromedp.Action[T]) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, action)
	if err != nil {
		b.t.Fatal(err)
	}
	return v
}

// accessible runs axe-core over the page.
func (b *browser) accessible(where string) {
	b.t.Helper()
	eval[chromedp.Void](b, b.axe)
	found := eval[[]string](b, `axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]})
		.then(r => r.violations.map(v => v.id + ": " + v.help + " " + v.nodes.slice(0, 3).map(n => n.html + " " + n.any.map(a => a.message).join(" ")).join(" | ")))`)
	for _, f := range found {
		b.t.Errorf("%s: axe-core: %s", where, f)
	}
}

// shoot keeps a picture of the whole page.
func (b *browser) shoot(name string) {
	b.t.Helper()
	if *shotsDir == "" {
		return
	}
	b.keep(*shotsDir, name, act(b, chromedp.FullScreenshot(100)))
}

// picture keeps what is on the screen, for README.
func (b *browser) picture(name string) {
	b.t.Helper()
	if *picturesDir == "" {
		return
	}
	b.keep(*picturesDir, name, fewColours(b.t, act(b, chromedp.CaptureScreenshot())))
}

// fewColours is a picture with its 256 most frequent colours, a third of the size.
func fewColours(t *testing.T, picture []byte) []byte {
	t.Helper()
	from, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		t.Fatal(err)
	}
	area, count := from.Bounds(), make(map[color.Color]int)
	for y := area.Min.Y; y < area.Max.Y; y++ {
		for x := area.Min.X; x < area.Max.X; x++ {
			count[from.At(x, y)]++
		}
	}
	palette := color.Palette(slices.SortedFunc(maps.Keys(count), func(a, b color.Color) int {
		ar, ag, ab, _ := a.RGBA()
		br, bg, bb, _ := b.RGBA()
		return cmp.Or(count[b]-count[a], cmp.Compare(ar<<16|ag, br<<16|bg), cmp.Compare(ab, bb))
	}))
	to := image.NewPaletted(area, palette[:min(256, len(palette))])
	draw.Draw(to, area, from, area.Min, draw.Src)
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, to); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func (b *browser) keep(dir, name string, png []byte) {
	b.t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644); err != nil {
		b.t.Fatal(err)
	}
}

// texts are the texts of what a selector finds.
func (b *browser) texts(selector string) []string {
	b.t.Helper()
	quoted, _ := json.Marshal(selector)
	return eval[[]string](b, `[...document.querySelectorAll(`+string(quoted)+`)].map(e => e.textContent.trim().replace(/\s+/g, " "))`)
}

// fits demands that a page is not wider than the screen.
func (b *browser) fits(where string) {
	b.t.Helper()
	if over := eval[int](b, `document.documentElement.scrollWidth - document.documentElement.clientWidth`); over > 0 {
		b.t.Errorf("%s: %d pixels wider than the screen: %v", where, over, eval[[]string](b,
			`[...document.querySelectorAll("main *")].filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest(".wide")).slice(0, 5).map(e => e.outerHTML.slice(0, 120))`))
	}
}

// TestPages: what a person does on the pages works in a real browser.
func TestPages(t *testing.T) {
	data, u := crawledIndex(t)
	address, _ := served(t, "--data", data, "--client-rate", "0")
	b := startBrowser(t, address)
	project := exampleProject(u, u.Truth())
	every := []struct{ name, path string }{
		{"table", "/"}, {"table-by-category", "/?sort=category&band=top1k"}, {"table-all", "/?all=1"}, {"table-nothing", "/?q=nothing-has-this"},
		{"behaviour", "/behaviors/file/delete-tree"}, {"behaviour-unseen", "/behaviors/monitor/keyboard"},
		{"project", "/projects/" + project}, {"project-hostile", "/projects/" + hostileProject}, {"project-unknown", "/projects/unknown-to-all"},
		{"projects", "/projects"}, {"projects-unanalysed", "/projects?outcome=unanalysed"}, {"search", "/search?q=http"},
		{"symbols", "/symbols"}, {"symbol", "/symbols?q=subprocess.run*"}, {"indicators", "/indicators"}, {"indicator", "/indicators?q=*.example"},
		{"changes", "/changes"}, {"changes-resurrected", "/changes?state=resurrected"}, {"authors", "/authors"}, {"authors-class", "/authors?class=privacy"},
		{"packaging", "/packaging"}, {"words", "/words"}, {"sql", "/sql"}, {"sql-answer", "/sql?statement=SELECT+snapshot,+projects+FROM+snapshots"}, {"crawl", "/status"},
	}
	for _, scheme := range []struct {
		name          string
		width, height int64
		dark          bool
	}{{"light", 1280, 800, false}, {"dark", 1280, 800, true}, {"phone", 390, 844, false}} {
		t.Run(scheme.name, func(t *testing.T) {
			b := b.of(t)
			b.screen(scheme.width, scheme.height, scheme.dark)
			for _, p := range every {
				b.open(p.path)
				b.fits(p.path)
				b.accessible(p.path)
				b.shoot(scheme.name + "-" + p.name)
			}
		})
	}
	b.screen(1280, 800, false)
	t.Run("search and filter", func(t *testing.T) { b.of(t).searches() })
	t.Run("paging", func(t *testing.T) { b.of(t).turnsPages() })
	t.Run("project", func(t *testing.T) { b.of(t).showsProject(project) })
	t.Run("hostile", func(t *testing.T) { b.of(t).showsText() })
	t.Run("sql", func(t *testing.T) { b.of(t).asksSQL() })
	t.Run("keyboard", func(t *testing.T) { b.of(t).byKeyboard() })
	t.Run("live", func(t *testing.T) { b.of(t).live() })
	t.Run("without JavaScript", func(t *testing.T) { b.of(t).withoutScript() })
	t.Run("weight and paint", func(t *testing.T) {
		b := b.of(t)
		for _, p := range every {
			b.weighs(p.path)
		}
		for _, path := range []string{"/healthz", "/", "/behaviors/file/delete-tree", "/projects/" + project} {
			b.paints(path)
		}
	})
	if *picturesDir != "" {
		b.pictures(project)
	}
}

// of is the browser for a part of the test.
func (b *browser) of(t *testing.T) *browser {
	of := *b
	of.t = t
	return &of
}
