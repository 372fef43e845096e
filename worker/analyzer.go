package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"prevalence/internal/pypi"
	"prevalence/schemas/message"
)

// Analyzer scans releases and local paths. It is safe for concurrent use; each
// scan under way has its own buffers, and all share Options.InFlightBytes.
type Analyzer struct {
	o       Options
	budget  *budget
	benches sync.Pool
	now     func() time.Time
}

// NewAnalyzer returns an Analyzer with these options.
func NewAnalyzer(o Options) (*Analyzer, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	a := &Analyzer{o: o.withDefaults(), now: time.Now}
	a.budget = newBudget(a.o.InFlightBytes)
	a.benches.New = func() any { return newBench(a.o) }
	return a, nil
}

// Release scans one release of a page. Whatever is wrong with the package is
// the scan's outcome; an error is the index's, the network's or ctx's, and then
// there is no scan. What only the job knows (JobSeq, Drawn, Reason) is left
// empty.
func (a *Analyzer) Release(ctx context.Context, page *pypi.Page, version string) (*message.Scan, error) {
	scans, err := a.Releases(ctx, page, []string{version})
	if err != nil {
		return nil, err
	}
	return scans[0], nil
}

// Releases scans several releases of a page, one scan each, in this order.
// Source that several of them hold is analysed once.
func (a *Analyzer) Releases(ctx context.Context, page *pypi.Page, versions []string) ([]*message.Scan, error) {
	d := a.sitDown(len(versions) > 1)
	defer d.leave()
	scans := make([]*message.Scan, 0, len(versions))
	for _, v := range versions {
		s, err := a.release(ctx, d, page, v)
		if err != nil {
			return nil, err
		}
		scans = append(scans, s)
	}
	return scans, nil
}

func (a *Analyzer) release(ctx context.Context, d *desk, page *pypi.Page, version string) (*message.Scan, error) {
	s := a.newScan(page.Name, version)
	files := page.Release(version)
	fromPage(s, page)
	switch {
	case page.State == message.StateQuarantined:
		return a.end(s, message.OutcomeEmpty, WhyQuarantined), nil
	case len(files) == 0 && version == "":
		return a.end(s, message.OutcomeEmpty, WhyNoRelease), nil
	case len(files) == 0:
		return a.end(s, message.OutcomeEmpty, WhyNoFiles), nil
	}
	chosen := choose(files, a.o.Files)
	if len(chosen) == 0 {
		why := WhyNoDistFiles
		if len(choose(files, FilesAll)) > 0 {
			why = WhyNotSelected
		}
		return a.end(s, message.OutcomeUnanalysed, why), nil
	}
	return a.files(ctx, d, s, chosen, a.open)
}

// newScan begins a scan.
func (a *Analyzer) newScan(project, version string) *message.Scan {
	return &message.Scan{
		Schema: message.ScanSchema, Project: project, Version: version, Scanner: ScannerVersion,
		Catalogue: a.o.Matcher.Hash(), State: message.StateActive,
	}
}

// fromPage fills in what a scan says of its release and project off their page.
func fromPage(s *message.Scan, page *pypi.Page) {
	latest, _ := page.Latest()
	files := page.Release(s.Version)
	s.Serial, s.State, s.PageLatest, s.Yanked = page.Serial, page.State, s.Version == latest, page.Yanked(s.Version)
	s.Kinds, s.Attested = offered(files)
	s.Releases, s.First, s.Uploaded = len(page.Versions), oldest(page.Files), oldest(files)
}

// oldest is when the first of the files was uploaded; zero where the index does
// not say of any.
func oldest(files []pypi.File) time.Time {
	var first time.Time
	for _, f := range files {
		if t := f.UploadTime; !t.IsZero() && (first.IsZero() || t.Before(first)) {
			first = t.UTC()
		}
	}
	return first
}

// end stamps a scan that saw nothing.
func (a *Analyzer) end(s *message.Scan, outcome message.Outcome, why string) *message.Scan {
	s.Outcome, s.Why, s.At = outcome, why, a.now().UTC()
	return s
}

// opener opens a distribution file, to be read as a stream if whole is true.
type opener func(ctx context.Context, f pypi.File, whole bool) (*packed, error)

// files scans the chosen files of one release. A file that turns out to be
// another than the index promised taints what was read of it, so the release is
// read again: once in the hope of a better download, then without the file.
func (a *Analyzer) files(ctx context.Context, d *desk, base *message.Scan, chosen []pypi.File, open opener) (*message.Scan, error) {
	h := history{excluded: make(map[string]*fileError), whole: make(map[string]bool)}
	tries := make(map[string]int)
	for {
		s := *base
		err := a.once(ctx, d, &s, chosen, h, open)
		var bad *fileError
		switch {
		case err == nil:
			s.At = a.now().UTC()
			return &s, nil
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case errors.As(err, &bad) && bad.why == whyScattered:
			h.whole[bad.file] = true
		case errors.As(err, &bad):
			tries[bad.file]++
			if (bad.why == WhyWrongHash || bad.why == WhyWrongSize || bad.why == WhyFileChanged) && tries[bad.file] < 2 {
				a.o.Log.WarnContext(ctx, "not the file that the index promised, fetching again", slog.String("project", s.Project), slog.String("file", bad.file))
				continue
			}
			h.excluded[bad.file] = bad
		default:
			return nil, err
		}
	}
}

// history is what earlier readings of a release taught, by file name.
type history struct {
	excluded map[string]*fileError // that cannot be had
	whole    map[string]bool       // that are not worth ranges
}

// fileError says that a file cannot be had as promised.
type fileError struct {
	file, why string
	err       error
}

func (e *fileError) Error() string {
	return fmt.Sprintf("worker: file %s: %s: %v", e.file, e.why, e.err)
}
func (e *fileError) Unwrap() error { return e.err }

// once reads all files that are not excluded and fills in s. A panic in it is a
// defect of ours that one package must not make everybody's.
func (a *Analyzer) once(ctx context.Context, d *desk, s *message.Scan, chosen []pypi.File, h history, open opener) (err error) {
	r := newReading(a, d.bench, s)
	defer func() {
		p := recover()
		if p == nil {
			d.bench.restore(d.several)
			return
		}
		d.bench = newBench(a.o) // who knows what it holds
		a.o.Log.ErrorContext(ctx, "scanner panicked", slog.String("project", s.Project), slog.String("version", s.Version),
			slog.String("file", r.file), slog.String("member", r.member), slog.String("stack", string(debug.Stack())))
		*s = message.Scan{
			Schema: s.Schema, Project: s.Project, Version: s.Version, Serial: s.Serial, PageLatest: s.PageLatest, Scanner: s.Scanner,
			Catalogue: s.Catalogue, State: s.State, Yanked: s.Yanked, Releases: s.Releases, First: s.First, Uploaded: s.Uploaded,
			Outcome: message.OutcomeUnanalysed, Why: WhyScannerPanic,
		}
		err = nil
	}()
	for _, f := range chosen {
		if bad := h.excluded[f.Name]; bad != nil {
			r.leaveOut(f, bad.why)
			continue
		}
		if err := r.read(ctx, f, h.whole[f.Name], open); err != nil {
			return err
		}
	}
	r.finish()
	return nil
}

// leaveOut notes that a file was not read.
func (r *reading) leaveOut(f pypi.File, why string) {
	r.fail(f.Name, why)
}

// fail notes that a file could not be read, or not to its end.
func (r *reading) fail(file, why string) {
	if len(r.failed) == 0 {
		r.scan.Detail = file + ": " + why
	}
	r.failed = append(r.failed, why)
	r.cut(message.Cut{File: file, Why: why})
}

// outcome sums up how the reading went.
func (r *reading) outcome() {
	s := r.scan
	switch {
	case len(s.Files) == 0 && len(r.failed) > 0:
		s.Outcome, s.Why = message.OutcomeUnanalysed, r.failed[0]
	case len(s.Cuts) > 0:
		s.Outcome, s.Why = message.OutcomePartial, s.Cuts[0].Why
		if len(r.failed) > 0 {
			s.Why = r.failed[0]
		}
		if r.cutsLeftOut > 0 && s.Detail == "" {
			s.Detail = fmt.Sprintf("%d further cuts are not listed", r.cutsLeftOut)
		}
	default:
		s.Outcome = message.OutcomeOK
	}
	s.Cuts = slices.Clip(s.Cuts)
}
