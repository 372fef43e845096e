package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"
)

// progress shows how far the parts of a long job are: bars on a terminal, a
// plain line now and then elsewhere. Its methods are safe for concurrent use.
type progress struct {
	w     io.Writer
	bars  *mpb.Progress // nil where lines are printed
	every time.Duration // between two lines; 0: never

	stop chan struct{}
	done chan struct{}
	end  sync.Once

	mu     sync.Mutex
	meters []*meter
	last   string
}

// meter is one countable part of a job.
type meter struct {
	name        string
	bar         *mpb.Bar
	done, total int64
}

// linesEvery is how often a plain progress line is printed.
const linesEvery = 5 * time.Second

// newProgress shows progress on f in the given way: auto, bar, lines or none.
func newProgress(w io.Writer, mode string) *progress {
	p := &progress{w: w, stop: make(chan struct{}), done: make(chan struct{})}
	f, isFile := w.(*os.File)
	switch {
	case mode == "bar", mode == "auto" && isFile && term.IsTerminal(int(f.Fd())):
		p.bars = mpb.New(mpb.WithOutput(w), mpb.WithWidth(40), mpb.WithAutoRefresh(), mpb.WithRefreshRate(200*time.Millisecond))
	case mode != "none":
		p.every = linesEvery
	}
	go p.printLines()
	return p
}

// Write prints above the bars, or plainly; log lines go here.
func (p *progress) Write(b []byte) (int, error) {
	if p.bars != nil {
		return p.bars.Write(b)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.w.Write(b)
}

// meter adds a part.
func (p *progress) meter(name string) func(done, total int64) {
	m := &meter{name: name}
	if p.bars != nil {
		m.bar = p.bars.AddBar(0,
			mpb.PrependDecorators(decor.Name(name, decor.WCSyncSpaceR), decor.CountersNoUnit("%d / %d", decor.WCSyncSpace)),
			mpb.AppendDecorators(decor.Percentage(decor.WCSyncSpace)))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.meters = append(p.meters, m)
	return func(done, total int64) {
		p.mu.Lock()
		defer p.mu.Unlock()
		m.done, m.total = done, max(done, total)
		if m.bar != nil {
			m.bar.SetTotal(m.total, false)
			m.bar.SetCurrent(m.done)
		}
	}
}

// printLines prints a line whenever the time has come and something moved.
func (p *progress) printLines() {
	defer close(p.done)
	if p.every == 0 {
		return
	}
	tick := time.NewTicker(p.every)
	defer tick.Stop()
	for {
		select {
		case <-p.stop:
			p.printLine()
			return
		case <-tick.C:
			p.printLine()
		}
	}
}

func (p *progress) printLine() {
	p.mu.Lock()
	defer p.mu.Unlock()
	line := ""
	for _, m := range p.meters {
		if m.total > 0 {
			line += fmt.Sprintf("  %s %d/%d", m.name, m.done, m.total)
		}
	}
	if line != "" && line != p.last {
		p.last = line
		_, _ = fmt.Fprintln(p.w, "progress:"+line)
	}
}

// close draws a last time and gives the terminal back. A second close does
// nothing.
func (p *progress) close() { p.end.Do(p.finish) }

func (p *progress) finish() {
	close(p.stop)
	<-p.done
	if p.bars == nil {
		return
	}
	p.mu.Lock()
	for _, m := range p.meters {
		m.bar.SetTotal(-1, true)
	}
	p.mu.Unlock()
	p.bars.Wait()
}
