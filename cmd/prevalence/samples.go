package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"prevalence/aggregator"
	"prevalence/schemas/catalog"
	"prevalence/schemas/message"
)

// samples are what "scan --label" says of its paths.
type samples struct{ source string }

// labelMalicious is the one label that samples may have.
const labelMalicious = "malicious"

func addSampleFlags(cmd *cobra.Command) {
	cmd.Flags().String("label", "", "`malicious`: count what these samples show, and store the counts in the dataset")
	cmd.Flags().String("source", "", "`name` of the samples in the dataset; default the name of their folder")
	addFlags(cmd.Flags(), "data", "engine", "clickhouse", "clickhouse-user", "clickhouse-tls")
}

// sampleFlags reads the flags; nil when nothing is labelled.
func sampleFlags(cmd *cobra.Command) (*samples, error) {
	label, err := cmd.Flags().GetString("label")
	if err != nil {
		return nil, err
	}
	source, err := cmd.Flags().GetString("source")
	switch {
	case err != nil:
		return nil, err
	case label == "" && source != "":
		return nil, errors.New("--source names the samples of --label malicious, which is missing")
	case label == "":
		return nil, nil //nolint:nilnil // an ordinary scan
	case label != labelMalicious:
		return nil, fmt.Errorf("label %q: malicious is the only one", label)
	}
	return &samples{source: source}, nil
}

// profiled is what a profile prints as JSON.
type profiled struct {
	Source   string `json:"source"`
	Samples  int    `json:"samples"`
	Skipped  int    `json:"skipped"` // could not be looked into
	Clusters int    `json:"clusters"`
}

// profile counts what samples show and stores the counts.
func (a *app) profile(ctx context.Context, c *config, of *samples, args []string) error {
	paths, err := expandPaths(args)
	if err != nil {
		return err
	}
	p := aggregator.Profile{Source: orName(of.source, filepath.Base(filepath.Clean(args[0])))}
	return a.keep(ctx, c, func(u *aggregator.Upkeep, rules *catalog.Catalog) error {
		err := a.scanEach(ctx, c, paths, func(_ string, s *message.Scan) error { return p.Add(s) })
		if err != nil {
			return err
		}
		done := profiled{Source: p.Source, Samples: len(paths), Skipped: p.Skipped, Clusters: p.Clusters()}
		if done.Clusters == 0 {
			return usage(fmt.Errorf("none of the %d samples could be looked into", len(paths)))
		}
		if err := u.ImportProfile(ctx, &p, rules); err != nil {
			return err
		}
		s := sheet{value: done, columns: []column{
			{title: "Source", key: "source"}, {title: "Samples", key: "samples", number: true},
			{title: "Skipped", key: "skipped", number: true}, {title: "Clusters", key: "clusters", number: true},
		}, rows: [][]string{{done.Source, fmt.Sprint(done.Samples), fmt.Sprint(done.Skipped), fmt.Sprint(done.Clusters)}}}
		s.notes = []string{"The next snapshot compares the community with these counts, too."}
		return s.print(a.out, c.Format)
	})
}
