package query

import (
	"context"
	"fmt"
	"net/netip"
	"net/url"
	"strings"

	"prevalence/internal/store"
)

// Indicators says who has a value: an address, a domain, a webhook, a wallet.
type Indicators struct {
	Snapshot *Snapshot `json:"snapshot"`
	Pattern  string    `json:"pattern"` // the value as it is stored
	Numbers            // projects that have it
	// SupportOnly counts projects that have it in tests, docs and examples alone.
	SupportOnly int              `json:"support_only"`
	Contexts    []ContextNumbers `json:"contexts"`
	Values      []Indicator      `json:"values"` // that a pattern stands for, the most frequent first
	More        bool             `json:"more"`   // there are others
	Projects    []Holder         `json:"projects"`
}

// Indicator is a value with the number of projects that have it anywhere,
// support included.
type Indicator struct {
	Value    string `json:"value"`
	Kind     string `json:"kind"` // ipv4, ipv6, url, domain, email-domain, wallet, webhook, token
	Projects int    `json:"projects"`
}

// Indicator says who has a value in the newest snapshot, with at most limit of
// them. "*" in the pattern stands for any text. A value that nobody has is an
// answer as well.
func (r *Reader) Indicator(ctx context.Context, pattern string, limit int) (*Indicators, error) {
	pattern = stored(pattern)
	text, err := like(pattern)
	if err != nil {
		return nil, err
	}
	s, err := r.Snapshot(ctx, "")
	if err != nil {
		return nil, err
	}
	a := &Indicators{Snapshot: s, Pattern: pattern, Values: []Indicator{}, Projects: []Holder{}}
	p := store.Params{"like": text, "limit": symbolRows + 1}
	type row struct {
		Value    string `ch:"value"`
		Kind     string `ch:"kind"`
		Projects uint64 `ch:"projects"`
	}
	rows, err := store.Select[row](ctx, r.db, indicatorsSQL, p)
	if err != nil {
		return nil, fmt.Errorf("query: indicator %s: %w", pattern, err)
	}
	if a.More = len(rows) > symbolRows; a.More {
		rows = rows[:symbolRows]
	}
	for _, x := range rows {
		a.Values = append(a.Values, Indicator{Value: x.Value, Kind: x.Kind, Projects: int(x.Projects)})
	}
	cells, err := store.Select[cell](ctx, r.db, indicatorCellsSQL, p)
	if err != nil {
		return nil, fmt.Errorf("query: projects with %s: %w", pattern, err)
	}
	a.Numbers, a.Contexts, a.SupportOnly = s.measure(total(cells, headline)), s.byContext(cells), supportOnly(cells)
	if limit > 0 {
		p["limit"] = limit
		if a.Projects, err = r.holders(ctx, s, indicatorHoldersSQL, p); err != nil {
			return nil, fmt.Errorf("query: examples of %s: %w", pattern, err)
		}
	}
	return a, nil
}

// stored is a value as scans have it: addresses in their short form, domains in
// lower case, URLs without userinfo, query and fragment.
func stored(value string) string {
	value = strings.TrimSpace(value)
	if ip, err := netip.ParseAddr(value); err == nil {
		return ip.String()
	}
	if u, err := url.Parse(value); err == nil && u.Scheme != "" && u.Host != "" {
		u.User, u.RawQuery, u.Fragment, u.ForceQuery = nil, "", "", false
		u.Host = strings.ToLower(u.Host)
		return u.String()
	}
	if strings.Contains(value, ".") && !strings.ContainsAny(value, ":/") {
		return strings.ToLower(value)
	}
	return value
}
