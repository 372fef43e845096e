package dataset

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"prevalence/internal/prevalence"
	"prevalence/internal/store"
	"prevalence/query"
	schema "prevalence/schemas/dataset"
)

// Reference is reference.json: small enough to be embedded in a scanner.
// schemas/dataset has its JSON Schema.
type Reference struct {
	Schema    int        `json:"schema"` // 1
	Snapshot  string     `json:"snapshot"`
	Taken     time.Time  `json:"taken"`
	Scanner   string     `json:"scanner"`   // scanner version
	Catalogue string     `json:"catalogue"` // hash of the rules
	License   string     `json:"license"`
	Behaviors []Behavior `json:"behaviors"`
}

// Behavior is what the reference says of one behaviour and its rule.
type Behavior struct {
	ID       string                  `json:"id"`
	Sentence string                  `json:"sentence,omitempty"`
	Label    prevalence.Label        `json:"label"`
	Bands    map[string]query.Number `json:"bands"`
	Lift     *Lift                   `json:"lift"` // nil: not enough data
}

// Lift is how much more malicious code shows a behaviour than the community.
type Lift struct {
	Ratio     float64 `json:"ratio"`
	Low       float64 `json:"low"` // 95 % interval
	High      float64 `json:"high"`
	Clusters  int     `json:"clusters"` // of malicious releases: equal code counts once
	Shown     int     `json:"shown"`    // of them show it
	Important bool    `json:"important"`
}

func (f *folder) writeReference(ctx context.Context, r *query.Reader, s *query.Snapshot) error {
	lifts, err := liftsOf(ctx, r.DB(), s.Name)
	if err != nil {
		return err
	}
	table, err := r.Top(ctx, query.TopOptions{Snapshot: s.Name, Sort: query.ByID})
	if err != nil {
		return err
	}
	ref := Reference{Schema: 1, Snapshot: s.Name, Taken: s.Taken.UTC(), Scanner: s.Scanner, Catalogue: s.Catalogue,
		License: licenses()[0].Name, Behaviors: []Behavior{}}
	for _, row := range table.Rows {
		b := Behavior{ID: row.Behavior, Sentence: row.Sentence, Label: row.Label, Bands: make(map[string]query.Number), Lift: lifts[row.Behavior]}
		for _, band := range prevalence.Bands() {
			b.Bands[band.String()] = *row.Band(band)
		}
		ref.Behaviors = append(ref.Behaviors, b)
	}
	const path = "reference.schema.json"
	if err := os.WriteFile(filepath.Join(f.dir, path), schema.ReferenceSchema, 0o644); err != nil { //nolint:gosec // to be read by all
		return err
	}
	return f.writeJSON("reference", "reference.json", "Counts, label and lift of each behaviour, to be embedded in scanners.", path, ref)
}

// liftsOf reads the lifts of a snapshot by behaviour; where there is not enough
// data there is none.
func liftsOf(ctx context.Context, db *store.DB, snapshot string) (map[string]*Lift, error) {
	type row struct {
		Behavior  string   `ch:"behavior"`
		Clusters  uint32   `ch:"clusters"`
		Shown     uint32   `ch:"shown"`
		Ratio     *float64 `ch:"ratio"`
		Low       *float64 `ch:"low"`
		High      *float64 `ch:"high"`
		Important *bool    `ch:"important"`
	}
	rows, err := store.Select[row](ctx, db, liftsSQL, store.Params{"snapshot": snapshot})
	if err != nil {
		return nil, err
	}
	lifts := make(map[string]*Lift)
	for _, x := range rows {
		if x.Ratio != nil && x.Low != nil && x.High != nil && x.Important != nil {
			lifts[x.Behavior] = &Lift{*x.Ratio, *x.Low, *x.High, int(x.Clusters), int(x.Shown), *x.Important}
		}
	}
	return lifts, nil
}

// warningList is a MISP warning list: values that are no sign of anything,
// because many have them.
type warningList struct {
	Name               string   `json:"name"`
	Version            int      `json:"version"` // date of the snapshot, YYYYMMDD
	Description        string   `json:"description"`
	Type               string   `json:"type"`
	MatchingAttributes []string `json:"matching_attributes"`
	List               []string `json:"list"`
}

// A value is common when at least this share of the scanned projects, and at
// least this many, hold it outside support code.
const (
	commonShare    = 0.001
	commonProjects = 5
)

// writeWarningLists writes common hosts and addresses. The database tells them
// of the newest snapshot alone: an older one has no such lists.
func (f *folder) writeWarningLists(ctx context.Context, r *query.Reader, s *query.Snapshot) error {
	newest, err := r.Snapshot(ctx, "")
	if err != nil || newest.Name != s.Name {
		return err
	}
	type row struct {
		Kind     string `ch:"kind"`
		Value    string `ch:"value"`
		Projects uint64 `ch:"projects"`
	}
	least := commonProjects
	for _, b := range s.Bands {
		least = max(least, int(commonShare*float64(b.Scanned)+0.5))
	}
	rows, err := store.Select[row](ctx, r.DB(), commonSQL, store.Params{"snapshot": s.Name, "least": least})
	if err != nil {
		return err
	}
	version := s.Taken.UTC().Year()*10_000 + int(s.Taken.UTC().Month())*100 + s.Taken.UTC().Day()
	about := fmt.Sprintf("held by the latest releases of at least %d projects of %s, outside tests and documentation (snapshot %s)", least, s.Index.URL, s.Name)
	hosts := warningList{"Hosts in many Python packages", version, "Host names " + about + ".", "hostname", []string{"hostname", "domain", "url", "domain|ip"}, []string{}}
	addresses := warningList{"IP addresses in many Python packages", version, "IP addresses " + about + ".", "cidr", []string{"ip-src", "ip-dst", "domain|ip"}, []string{}}
	for _, x := range rows {
		switch x.Kind {
		case "ipv4":
			addresses.List = append(addresses.List, x.Value+"/32")
		case "ipv6":
			addresses.List = append(addresses.List, x.Value+"/128")
		default:
			hosts.List = append(hosts.List, x.Value)
		}
	}
	if err := f.writeJSON("misp-hosts", "misp/hosts/list.json", "MISP warning list: "+hosts.Name+".", nil, hosts); err != nil {
		return err
	}
	return f.writeJSON("misp-addresses", "misp/addresses/list.json", "MISP warning list: "+addresses.Name+".", nil, addresses)
}
