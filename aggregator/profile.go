package aggregator

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"prevalence/internal/store"
	"prevalence/schemas/catalog"
	"prevalence/schemas/message"
)

// Profile counts what malicious samples show, which need not be on any index:
// a source of what is Important beside the labels. It keeps counts and hashes of
// code while it is made, and counts alone are stored. The zero value is empty.
// It is not safe for concurrent use.
type Profile struct {
	Source  string // how the samples are called
	Skipped int    // samples that could not be looked into

	scanner, catalogue string
	scans              []maliciousScan
}

// ErrMixed is returned for samples that were not all looked at by the same
// scanner and rules.
var ErrMixed = errors.New("aggregator: samples of several scanners or catalogues")

// Add adds a sample.
func (p *Profile) Add(s *message.Scan) error {
	if s.Outcome != message.OutcomeOK && s.Outcome != message.OutcomePartial {
		p.Skipped++
		return nil
	}
	if len(p.scans) == 0 {
		p.scanner, p.catalogue = s.Scanner, s.Catalogue
	}
	if p.scanner != s.Scanner || p.catalogue != s.Catalogue {
		return ErrMixed
	}
	x := maliciousScan{Seq: uint64(len(p.scans)), Code: new(symbolRows).add(0, 0, s.Symbols), Sources: []string{p.Source}}
	for _, o := range s.Observations {
		if contextBit(o.Context)&headlineBits != 0 {
			x.Shown = append(x.Shown, o.Behavior)
		}
	}
	p.scans = append(p.scans, x)
	return nil
}

// Clusters is the number of samples that differ in their code.
func (p *Profile) Clusters() int { return len(clusters(p.scans)) }

// profileRows are rows of table malware_profiles, by column.
type profileRows struct {
	Source    []string    `ch:"source"`
	Scanner   []string    `ch:"scanner"`
	Catalogue []string    `ch:"catalogue"`
	Behavior  []string    `ch:"behavior"`
	Clusters  []uint32    `ch:"clusters"`
	Imported  []time.Time `ch:"imported"`
}

// ImportProfile stores the counts of a profile, for every behaviour of the
// catalogue, in place of an earlier one of the same source.
func (u *Upkeep) ImportProfile(ctx context.Context, p *Profile, rules *catalog.Catalog) error {
	var rows profileRows
	now := time.Now().UTC()
	add := func(behavior string, n int) {
		rows.Source = append(rows.Source, p.Source)
		rows.Scanner = append(rows.Scanner, p.scanner)
		rows.Catalogue = append(rows.Catalogue, p.catalogue)
		rows.Behavior = append(rows.Behavior, behavior)
		rows.Clusters = append(rows.Clusters, count32(n))
		rows.Imported = append(rows.Imported, now)
	}
	of := clusters(p.scans)
	add("", len(of))
	for _, rule := range rules.Rules {
		n := 0
		for _, x := range of {
			if x.shown[rule.ID] {
				n++
			}
		}
		add(rule.ID, n)
	}
	if err := u.db.Insert(ctx, "malware_profiles", store.Columns(&rows)...); err != nil {
		return fmt.Errorf("aggregator: malware profile: %w", err)
	}
	return nil
}

// profiles are the stored profiles that a snapshot may be compared with: counts
// of clusters by source and behaviour.
type profiles map[string]map[string]int

func (a *Aggregator) profilesOf(ctx context.Context, s *snapshotRow) (profiles, error) {
	type row struct {
		Source   string `ch:"source"`
		Behavior string `ch:"behavior"`
		Clusters uint32 `ch:"clusters"`
	}
	rows, err := store.Select[row](ctx, a.db, `SELECT source, behavior, clusters FROM malware_profiles FINAL
		WHERE scanner = {scanner:String} AND catalogue = {catalogue:String}`, store.Params{"scanner": s.Scanner, "catalogue": s.Catalogue})
	if err != nil {
		return nil, err
	}
	all := make(profiles)
	for _, r := range rows {
		if all[r.Source] == nil {
			all[r.Source] = make(map[string]int)
		}
		all[r.Source][r.Behavior] = int(r.Clusters)
	}
	return all, nil
}

// count sums up the clusters of all sources but one.
func (p profiles) count(behavior, leftOut string) (total, shown int) {
	for source, clusters := range p {
		if source != leftOut {
			total += clusters[""]
			shown += clusters[behavior]
		}
	}
	return total, shown
}

// sources lists what the profiles are called.
func (p profiles) sources() []string {
	var names []string
	for name := range p {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
