package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"prevalence/internal/pypi"
	"prevalence/internal/pypi/pypitest"
	"prevalence/worker"
)

// rangesFlags are the flags of "bench ranges" that are no settings.
type rangesFlags struct {
	folder string
	check  bool
}

func (a *app) benchRangesCommand() *cobra.Command {
	var f rangesFlags
	cmd := &cobra.Command{
		Use:   "ranges",
		Short: "Bytes fetched of large wheels, against those needed",
		Long: `Reads every wheel above 1 MiB of a folder by HTTP ranges from a server on
loopback, and says how much was fetched of what a scan needs (the members that
are read whole, the head of every other one, all compressed) and the central
directory, and which share of the whole file that is. Generated wheels that
are mostly data follow, to show the saving.`,
		Example: `  prevalence bench ranges --check
  prevalence bench ranges --folder ~/wheelhouse`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := loadConfig(cmd)
			if err != nil {
				return err
			}
			r, err := benchRanges(cmd.Context(), f.folder)
			if err != nil {
				return err
			}
			return a.finishBench(r, c, f.check)
		},
	}
	cmd.Flags().StringVar(&f.folder, "folder", "", "`folder` of wheels of your own; without one only generated ones are read")
	cmd.Flags().BoolVar(&f.check, "check", false, "exit 1 where a goal is missed")
	addFlags(cmd.Flags(), "format")
	return cmd
}

// Of "bench ranges": which wheels are read, and the goal.
const (
	rangesAbove    = 1 << 20
	goalFetched    = 1.05
	rangesHeavySet = 5 // seed of the generated wheels
)

func benchRanges(ctx context.Context, folder string) (*results, error) {
	r := newResults("ranges")
	if folder != "" {
		u, err := pypitest.FromFolder(ctx, folder)
		if err != nil {
			return nil, usage(err)
		}
		if err := r.ranges(ctx, u, "wheels of the folder", r.fetched); err != nil {
			return nil, err
		}
	}
	heavy, err := pypitest.NewDataHeavy(rangesHeavySet)
	if err != nil {
		return nil, err
	}
	return r, r.ranges(ctx, heavy, "generated wheels", r.add)
}

// fetched adds a ratio of fetched to needed bytes with its goal, which is one
// of real wheels: where next to nothing is needed, the directory's own request
// weighs more than all the code.
func (r *results) fetched(what string, value float64, unit string) {
	r.atMost(what, value, unit, goalFetched)
}

// ranges reads the large wheels of a universe and adds two figures for each,
// the ratio by add, and the sums.
func (r *results) ranges(ctx context.Context, u *pypitest.Universe, what string, add func(what string, value float64, unit string)) error {
	url, stop, err := pypitest.NewServer(u, pypitest.LikePyPI).Start(ctx, "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer stop()
	index, err := pypi.Open(url, pypi.Options{})
	if err != nil {
		return err
	}
	var sum worker.Ranges
	wheels := 0
	for _, p := range u.Projects {
		page, err := index.Project(ctx, p.Name)
		if err != nil {
			return err
		}
		for _, file := range page.Files {
			if file.Kind != pypi.KindWheel || file.Size <= rangesAbove {
				continue
			}
			m, err := worker.MeasureRanges(ctx, index, file)
			if err != nil {
				return fmt.Errorf("%s: %w", file.Name, err)
			}
			add(file.Name+": fetched of what is needed", float64(m.Fetched)/float64(m.Needed+m.Directory), "")
			r.add(file.Name+": share of the file", 100*float64(m.Fetched)/float64(m.Whole), "%")
			sum.Whole += m.Whole
			sum.Needed += m.Needed + m.Directory
			sum.Fetched += m.Fetched
			sum.Requests += m.Requests
			wheels++
		}
	}
	if wheels == 0 {
		return nil
	}
	r.add(what+": number", float64(wheels), "")
	add(what+": fetched of what is needed", float64(sum.Fetched)/float64(sum.Needed), "")
	r.add(what+": share of the files", 100*float64(sum.Fetched)/float64(sum.Whole), "%")
	r.add(what+": requests a wheel", float64(sum.Requests)/float64(wheels), "")
	return nil
}
