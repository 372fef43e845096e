//go:build e2e

package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// click follows a link or presses a button, and waits for the next page.
func (b *browser) click(selector string) {
	b.t.Helper()
	b.run(chromedp.Evaluate[chromedp.Void](`document.documentElement.dataset.old = "1"`), chromedp.Click(chromedp.CSS(selector)),
		chromedp.WaitReady(chromedp.CSS("html:not([data-old]) footer")))
}

// ids are the behaviours in the table.
func (b *browser) ids() []string {
	b.t.Helper()
	return b.texts("table.prevalence tbody th[scope=row] > small")
}

func (b *browser) searches() {
	t := b.t
	b.open("/")
	all := b.ids()
	b.run(chromedp.SendKeys(chromedp.CSS(".filters [name=q]"), "delete"))
	b.click(".filters button")
	found := b.ids()
	if len(found) == 0 || len(found) >= len(all) || !slices.Contains(found, "file/delete") {
		t.Errorf("a search for delete finds %v", found)
	}
	b.click(".found .chip")
	if got := b.ids(); !slices.Equal(got, all) {
		t.Errorf("without the search there are %d rows instead of %d", len(got), len(all))
	}
	b.run(chromedp.SetValue(chromedp.CSS(".filters [name=category]"), "network"), chromedp.SetValue(chromedp.CSS(".filters [name=label]"), "Common"))
	b.click(".filters button")
	for _, id := range b.ids() {
		if !strings.HasPrefix(id, "network/") {
			t.Errorf("%s among the behaviours of the network", id)
		}
	}
	for _, l := range b.texts("table.prevalence tbody .label") {
		if l != "Common" {
			t.Errorf("a label %q among those that are Common", l)
		}
	}
	b.run(chromedp.SetValue(chromedp.CSS(".filters [name=context]"), "install"))
	b.click(".filters button")
	if got := eval[string](b, "location.search"); !strings.Contains(got, "context=install") || !strings.Contains(got, "category=network") {
		t.Errorf("the address does not hold the choice: %s", got)
	}
	b.open("/")
	b.click(`thead a[href*="band=top100"]`)
	var counts []int
	for _, text := range b.texts(`td[data-band="Top 100"] b`) {
		var n int
		if _, err := fmt.Sscanf(strings.ReplaceAll(text, ",", ""), "%d", &n); err != nil {
			t.Fatalf("%q is no count", text)
		}
		counts = append(counts, n)
	}
	if len(counts) < 10 || !slices.IsSortedFunc(counts, func(a, b int) int { return b - a }) {
		t.Errorf("not sorted by Top 100: %v", counts)
	}
	b.run(chromedp.SendKeys(chromedp.CSS(".find input"), "remo"+kb.Enter), chromedp.WaitReady(chromedp.CSS(`.find input[value="remo"]`)))
	if got := b.texts("h2"); !slices.Equal(got, []string{"Behaviours", "Projects"}) {
		t.Errorf("the search has %v", got)
	}
}

func (b *browser) turnsPages() {
	t := b.t
	b.open("/?all=1")
	first := b.ids()
	b.click(".pages a[rel=next]")
	second := b.ids()
	if len(first) == 0 || len(second) == 0 || slices.ContainsFunc(second, func(id string) bool { return slices.Contains(first, id) }) {
		t.Errorf("pages overlap: %v, %v", first, second)
	}
	b.click(".pages a[rel=prev]")
	if got := b.ids(); !slices.Equal(got, first) {
		t.Errorf("back on the first page there are %v", got)
	}
	seen := make(map[string]bool)
	b.open("/projects")
	for {
		for _, name := range b.texts("main tbody th a") {
			if seen[name] {
				t.Fatalf("%s is listed twice", name)
			}
			seen[name] = true
		}
		if len(b.texts(".pages a[rel=next]")) == 0 {
			break
		}
		b.click(".pages a[rel=next]")
	}
	if len(seen) < 290 {
		t.Errorf("all pages list %d projects", len(seen))
	}
	b.open("/behaviors/network/http-client")
	b.click("#projects .pages a[rel=next]")
	if got := b.texts("#projects tbody th a"); len(got) == 0 {
		t.Error("the second page of projects is empty")
	}
}

func (b *browser) showsProject(project string) {
	t := b.t
	b.open("/search?q=" + project)
	b.click(`main a[href="/projects/` + project + `"]`)
	for _, want := range []string{"Problem", "Prevalence", "Next steps"} {
		if !slices.Contains(b.texts(".issue h4"), want) {
			t.Errorf("the issue has no %s", want)
		}
	}
	text := strings.Join(b.texts("main"), " ")
	for _, want := range []string{"This index gives no vulnerability information.", "Top issues", "Top behaviours", "Depends on", "Who depends on it", "State on the index"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if got := b.texts(".evidence .place"); len(got) == 0 || !strings.Contains(got[0], "/") {
		t.Errorf("evidence %v", got)
	}
	b.open("/changes")
	if got := b.texts("section tbody th"); len(got) != 4 {
		t.Errorf("removed are %v", got)
	}
}

// showsText: what a package wrote is text. A dialog or a refused script would
// have been a complaint.
func (b *browser) showsText() {
	t := b.t
	b.open("/projects/" + hostileProject)
	text := strings.Join(b.texts("main"), " ")
	for _, want := range []string{"<img src=x onerror=alert(3)>.py", hostileText} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not show %q: %s", want, text)
		}
	}
	for _, path := range []string{"/projects/" + hostileProject, "/symbols?q=os.remove", "/indicators?q=*hostile*", "/behaviors/file/delete", "/search?q=" + "%3Cscript%3Ealert(5)%3C/script%3E",
		"/symbols?q=%22%3E%3Csvg%20onload=alert(6)%3E", "/?q=%22%3E%3Cscript%3Ealert(7)%3C/script%3E", "/sql?statement=SELECT+%27%3Cscript%3Ealert(8)%3C/script%3E%27"} {
		b.open(path)
		if n := eval[int](b, `document.querySelectorAll("main script, main img, main [onload], main [onerror], main svg[onload]").length`); n != 0 {
			t.Errorf("%s: %d elements that no template has", path, n)
		}
	}
}

func (b *browser) asksSQL() {
	t := b.t
	b.open("/sql")
	for i := range b.texts("#examples ~ ul a, .links a") {
		b.open("/sql")
		b.click(fmt.Sprintf(".links li:nth-child(%d) a", i+1))
		if got := b.texts("#rows"); len(got) != 1 || strings.HasPrefix(got[0], "0 ") && i != 5 {
			t.Errorf("example %d: %v %v", i+1, got, b.texts(".refused"))
		}
	}
	b.open("/sql")
	b.run(chromedp.SetValue(chromedp.CSS("#statement"), "DROP TABLE snapshots"))
	b.click("form.sql button")
	if got := b.texts(".refused"); len(got) != 1 || !strings.Contains(got[0], "refused") {
		t.Errorf("a DROP is answered by %v", got)
	}
	b.complaints.take() // that the answer was 400
}

func (b *browser) byKeyboard() {
	t := b.t
	b.open("/")
	b.run(chromedp.KeyEvent(kb.Tab))
	if got := eval[string](b, "document.activeElement.className"); got != "skip" {
		t.Errorf("the first stop is %q", got)
	}
	b.run(chromedp.KeyEvent(kb.Enter))
	if got := eval[string](b, "document.activeElement.id"); got != "main" {
		t.Errorf("the link for skipping leads to %q", got)
	}
	seen := make(map[string]bool)
	for range 30 {
		b.run(chromedp.KeyEvent(kb.Tab))
		stop := eval[struct{ What, Outline string }](b, `(e => ({What: e.outerHTML.slice(0, 100), Outline: getComputedStyle(e).outlineStyle}))(document.activeElement)`)
		if stop.Outline == "none" {
			t.Errorf("one does not see that this has the focus: %s", stop.What)
		}
		seen[stop.What] = true
	}
	if len(seen) < 20 {
		t.Errorf("30 stops lead to %d places", len(seen))
	}
}

// live: the page of the crawl hears from the server without being loaded again.
func (b *browser) live() {
	t := b.t
	b.open("/status")
	b.run(chromedp.Poll[chromedp.Void](`Number(document.documentElement.dataset.reports) >= 2`, chromedp.WithPollingTimeout(15*time.Second)))
	if got := b.texts("#live"); len(got) != 1 || !strings.HasPrefix(got[0], "Live") {
		t.Errorf("the page says %v", got)
	}
	if got := b.texts(".tile p"); !slices.Equal(got[:3], []string{"0", "0", "0"}) {
		t.Errorf("what waits: %v", got)
	}
}

func (b *browser) withoutScript() {
	t := b.t
	call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	b.run(chromedp.Navigate(b.address+"/"), chromedp.WaitReady(chromedp.CSS("main")))
	b.run(chromedp.Click(chromedp.CSS(`thead a[href*="band=top100"]`)), chromedp.WaitReady(chromedp.CSS(`th[aria-sort]`)))
	b.run(chromedp.Navigate(b.address+"/status"), chromedp.WaitReady(chromedp.CSS("main")))
	call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{})
	if got := b.texts("#live"); len(got) != 1 || !strings.HasPrefix(got[0], "As of") {
		t.Errorf("without JavaScript the crawl reads %v", got)
	}
	b.complaints.take()
}

// weighs: a page and all that it loads are under 150 kB, uncompressed.
func (b *browser) weighs(path string) {
	const sum = `[...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")].reduce((n, e) => n + e.%s, 0)`
	call(b, network.ClearBrowserCache, cdp.Empty{})
	b.open(path)
	bytes, wire := eval[int](b, fmt.Sprintf(sum, "decodedBodySize")), eval[int](b, fmt.Sprintf(sum, "encodedBodySize"))
	b.t.Logf("%-55s %4d kB, %3d kB compressed", path, bytes/1000, wire/1000)
	if bytes > 150_000 {
		b.t.Errorf("%s weighs %d bytes with all that it loads", path, bytes)
	}
}

// paints tells when a page is first painted, at best and in the middle of nine
// loads, and when its answer had come; /healthz is a word without any markup, the
// least that this browser needs here. It is told and not tested: a time is a
// matter of the machine.
func (b *browser) paints(path string) {
	var paints, answers []float64
	for range 9 {
		b.run(chromedp.Navigate(b.address + path))
		b.run(chromedp.Poll[chromedp.Void](`performance.getEntriesByName("first-contentful-paint").length > 0`, chromedp.WithPollingTimeout(10*time.Second)))
		paints = append(paints, eval[float64](b, `performance.getEntriesByName("first-contentful-paint")[0].startTime`))
		answers = append(answers, eval[float64](b, `performance.getEntriesByType("navigation")[0].responseEnd`))
	}
	slices.Sort(paints)
	slices.Sort(answers)
	b.t.Logf("%-32s first contentful paint after %3.0f ms, at best %3.0f ms; the answer had come after %3.0f ms, at best %3.0f ms", path, paints[4], paints[0], answers[4], answers[0])
}

// pictures are those of README.
func (b *browser) pictures(project string) {
	b.screen(1280, 860, false)
	b.open("/?band=top1k")
	b.picture("table")
	b.screen(1280, 860, true)
	b.open("/behaviors/file/delete-tree")
	b.picture("behaviour-dark")
	b.screen(1280, 860, false)
	b.open("/projects/" + project)
	b.picture("project")
	b.screen(390, 780, false)
	b.open("/behaviors/file/delete-tree")
	b.picture("phone")
}
