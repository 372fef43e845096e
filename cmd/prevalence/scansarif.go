package main

import (
	"cmp"
	"io"
	"net/url"
	"slices"

	"prevalence/schemas/catalog"
	"prevalence/schemas/message"
)

// SARIF 2.1.0, as much of it as code hosts read:
// https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool struct {
			Driver sarifDriver `json:"driver"`
		} `json:"tool"`
		Results    []sarifResult  `json:"results"`
		Properties map[string]any `json:"properties,omitempty"`
	}
	sarifDriver struct {
		Name            string      `json:"name"`
		SemanticVersion string      `json:"semanticVersion,omitempty"`
		Rules           []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID               string    `json:"id"`
		ShortDescription sarifText `json:"shortDescription"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifResult struct {
		RuleID              string            `json:"ruleId"`
		RuleIndex           int               `json:"ruleIndex"`
		Level               string            `json:"level"`
		Rank                *float64          `json:"rank,omitempty"`
		Message             sarifText         `json:"message"`
		Locations           []sarifLocation   `json:"locations,omitempty"`
		PartialFingerprints map[string]string `json:"partialFingerprints,omitempty"`
		BaselineState       string            `json:"baselineState,omitempty"`
		Properties          map[string]any    `json:"properties"`
	}
	sarifLocation struct {
		PhysicalLocation struct {
			ArtifactLocation struct {
				URI string `json:"uri"`
			} `json:"artifactLocation"`
			Region *sarifRegion `json:"region,omitempty"`
		} `json:"physicalLocation"`
	}
	sarifRegion struct {
		StartLine int `json:"startLine"`
		EndLine   int `json:"endLine,omitempty"`
	}
)

// scanSARIF gathers the scans of one command into one SARIF run: a result for
// each hit. The level is error for what breaks the policy, else note: what a
// package does is no fault.
type scanSARIF struct {
	rules *catalog.Catalog
	check *scanCheck
	run   sarifRun
	index map[string]int
}

func newScanSARIF(rules *catalog.Catalog, check *scanCheck) *scanSARIF {
	s := &scanSARIF{rules: rules, check: check, index: make(map[string]int)}
	s.run.Tool.Driver = sarifDriver{Name: "prevalence", Rules: []sarifRule{}}
	s.run.Results = []sarifResult{}
	if check.ref != nil {
		s.run.Properties = map[string]any{"snapshot": check.ref.Snapshot}
	}
	return s
}

func (s *scanSARIF) add(x *scanned) {
	for i := range x.Observations {
		o := &x.Observations[i]
		for j := range o.Evidence {
			s.run.Results = append(s.run.Results, s.result(x.Path, o, &o.Evidence[j]))
		}
	}
}

func (s *scanSARIF) result(path string, o *observed, e *evidenced) sarifResult {
	at, ok := s.index[o.Behavior]
	if !ok {
		at = len(s.run.Tool.Driver.Rules)
		s.index[o.Behavior] = at
		s.run.Tool.Driver.Rules = append(s.run.Tool.Driver.Rules, sarifRule{o.Behavior, sarifText{s.sentence(o.Behavior)}})
	}
	r := sarifResult{RuleID: o.Behavior, RuleIndex: at, Level: "note", Message: sarifText{s.sentence(o.Behavior)},
		Properties: map[string]any{"context": o.Context, "certainty": o.Certainty, "path": path}}
	if e.Symbol != "" {
		r.Message.Text += " (" + e.Symbol + ")"
		r.Properties["symbol"] = e.Symbol
	}
	if e.Fingerprint != "" {
		r.PartialFingerprints = map[string]string{sarifFingerprint: e.Fingerprint}
	}
	if e.New != nil {
		r.BaselineState = "unchanged"
		if *e.New {
			r.BaselineState = "new"
		}
	}
	if n := o.Prevalence; n != nil {
		r.Rank, r.Properties["prevalence"] = n.Rarity, n
	}
	if o.Context != message.ContextSupport && (e.New == nil || *e.New) && s.check.forbids(o) {
		r.Level = "error"
	}
	var l sarifLocation
	l.PhysicalLocation.ArtifactLocation.URI = (&url.URL{Path: cmp.Or(e.Path, path)}).String()
	if e.Line > 0 {
		l.PhysicalLocation.Region = &sarifRegion{e.Line, max(e.Line, e.EndLine)}
	}
	r.Locations = []sarifLocation{l}
	return r
}

func (s *scanSARIF) sentence(id string) string {
	if r := s.rules.Rule(id); r != nil {
		return r.Sentence
	}
	return id
}

// print writes the whole, the rarest first.
func (s *scanSARIF) print(w io.Writer) error {
	slices.SortStableFunc(s.run.Results, func(a, b sarifResult) int {
		return cmp.Compare(rankOf(b), rankOf(a))
	})
	return printJSON(w, sarifLog{"https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json", "2.1.0", []sarifRun{s.run}})
}

// rankOf is the rank of a result, -1 without one, as SARIF has it (§3.27.25).
func rankOf(r sarifResult) float64 {
	if r.Rank == nil {
		return -1
	}
	return *r.Rank
}
