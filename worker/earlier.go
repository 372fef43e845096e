package worker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"

	"prevalence/internal/pypi"
	"prevalence/internal/queue"
	"prevalence/schemas/message"
	"prevalence/worker/email"
)

// Earlier knows the scans that were published before: *queue.Conn. LastScan
// returns queue.ErrNotFound for a release without one.
type Earlier interface {
	LastScan(ctx context.Context, project, version string) (*message.Scan, error)
}

// maxMetadataBytes bounds what is fetched of core metadata alone.
const maxMetadataBytes = 8 << 20

// reasonAsked reports whether a job wants its release to be read again,
// whatever is known.
func reasonAsked(r message.Reason) bool { return r == message.ReasonNew || r == message.ReasonRescan }

// reuse returns the scan of a release whose files are those of an earlier scan,
// or nil when it has to be read. A page changes more often than files do: a
// state, a yank, a file of another release. Where the index promises other core
// metadata than the wheel had, these alone are fetched.
func (a *Analyzer) reuse(ctx context.Context, page *pypi.Page, version string) (*message.Scan, error) {
	if a.o.Earlier == nil || version == "" || page.State == message.StateQuarantined {
		return nil, nil //nolint:nilnil // there is none, which is no error
	}
	chosen := choose(page.Release(version), a.o.Files)
	if len(chosen) == 0 {
		return nil, nil //nolint:nilnil // as above
	}
	s, err := a.o.Earlier.LastScan(ctx, page.Name, version)
	if err != nil || !a.same(s, chosen) {
		if err != nil && !errors.Is(err, queue.ErrNotFound) {
			a.o.Log.DebugContext(ctx, "earlier scan unknown", slog.String("project", page.Name), slog.Any("error", err))
		}
		return nil, ctx.Err()
	}
	fromPage(s, page)
	s.At = a.now().UTC()
	for i, f := range chosen {
		if known := s.Files[i].Metadata; known == "" || f.CoreMetadataSHA256 == "" || known == f.CoreMetadataSHA256 {
			continue
		}
		if err := a.renew(ctx, s, i, f); err != nil {
			if errors.Is(err, pypi.ErrUnavailable) || ctx.Err() != nil {
				return nil, err
			}
			return nil, nil //nolint:nilnil // it is not as promised: read the file
		}
	}
	return s, nil
}

// same reports whether an earlier scan is what reading these files again would
// give: this build's, complete as far as that is the files' doing, of the same bytes by
// the index's word.
func (a *Analyzer) same(s *message.Scan, chosen []pypi.File) bool {
	if s.Scanner != ScannerVersion || s.Catalogue != a.o.Matcher.Hash() || len(s.Files) != len(chosen) {
		return false
	}
	if s.Outcome != message.OutcomeOK && s.Outcome != message.OutcomePartial {
		return false
	}
	if slices.ContainsFunc(s.Cuts, func(c message.Cut) bool { return c.Why == WhyTimeout }) {
		return false
	}
	if slices.ContainsFunc(s.Emails, func(e message.Email) bool {
		return e.Domain != "" && (e.Key != "") != (len(a.o.Key) > 0) || e.Key != "" && e.KeyID != a.o.KeyID
	}) {
		return false
	}
	for i, f := range chosen {
		if old := s.Files[i]; f.SHA256 == "" || old.Name != f.Name || !strings.EqualFold(old.SHA256, f.SHA256) {
			return false
		}
	}
	return true
}

// renew replaces what a scan says of its wheel's metadata by those that the
// index offers now.
func (a *Analyzer) renew(ctx context.Context, s *message.Scan, i int, wheel pypi.File) error {
	f, _ := wheel.Metadata()
	r, err := a.o.Index.Fetch(ctx, f)
	if err != nil {
		return err
	}
	sum := &hashing{r: io.LimitReader(r, maxMetadataBytes), h: newHash()}
	var data bytes.Buffer
	_, err = data.ReadFrom(sum)
	_ = r.Close()
	if err != nil {
		return err
	}
	if err := verify(f, sum); err != nil {
		return err
	}
	d := a.sitDown(false)
	defer d.leave()
	only := *s
	only.Metadata, only.Emails, only.EmailClass, only.Cuts = message.Metadata{}, nil, "", nil
	reading := newReading(a, d.bench, &only)
	reading.begin(wheel.Name, wheel.Kind)
	name, _, _ := strings.Cut(wheel.Name, "-")
	reading.said.metadata(wheel.Kind, fmt.Sprintf("%s-%s.dist-info/METADATA", name, s.Version), data.Bytes(), reading.layout, s.Project)
	if reading.said.rank == 0 {
		return &fileError{file: f.Name, why: WhyWrongHash, err: errors.New("no metadata of this project")}
	}
	reading.said.builder, reading.said.typed = s.Metadata.BuildBackend, s.Metadata.Typed
	for _, m := range s.Metadata.Modules {
		reading.said.module(m)
	}
	reading.finish()

	s.Metadata, s.Emails, s.EmailClass = only.Metadata, only.Emails, only.EmailClass
	s.Files[i].Metadata = f.SHA256
	said := a.saidBehaviors()
	isSaid := func(x message.Symbol) bool {
		return x.Kind == message.SymbolTrait && x.Context == message.ContextPackage && slices.Contains(saidTraits, x.Name)
	}
	at := max(0, slices.IndexFunc(s.Symbols, isSaid)) // they are sorted by kind
	s.Symbols = slices.Insert(slices.DeleteFunc(s.Symbols, isSaid), at, only.Symbols...)
	s.Observations = append(slices.DeleteFunc(s.Observations, func(o message.Observation) bool {
		return o.Context == message.ContextPackage && said[o.Behavior]
	}), only.Observations...)
	slices.SortStableFunc(s.Observations, func(a, b message.Observation) int { return strings.Compare(a.Behavior, b.Behavior) })
	a.o.Log.DebugContext(ctx, "metadata alone changed", slog.String("file", f.Name))
	return nil
}

// saidTraits are the traits that metadata alone make.
var saidTraits = []string{
	"no-metadata", "no-description", "no-source-repository", "metadata-mismatch",
	email.Trait(email.Disposable), email.Trait(email.Privacy), email.Trait(email.Placeholder), email.Trait(email.None),
}

// saidBehaviors are the behaviours that these traits show.
func (a *Analyzer) saidBehaviors() map[string]bool {
	rel := a.o.Matcher.Release()
	for _, t := range saidTraits {
		rel.Package(t, "", 1)
	}
	observations, _, _ := rel.Result()
	ids := make(map[string]bool, len(observations))
	for _, o := range observations {
		ids[o.Behavior] = true
	}
	return ids
}
