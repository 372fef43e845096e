package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"prevalence/crawler"
	"prevalence/internal/queue"
	"prevalence/query"
	"prevalence/schemas/message"
	"prevalence/worker"
)

func (a *app) rescanCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rescan",
		Short: "Fetch and scan projects again, though they did not change",
		Long: `Publishes a job for every project that all given conditions hold for, without
asking the index. The conditions are about the newest scan of each project:

  --scanner-version not-current   made by another scanner version than this one
  --outcome unanalysed,partial    ended like that
  --why timeout                   for this reason (as "prevalence status" lists them)
  --projects requests,@FILE       of these projects

A change of rules needs no rescan where the facts are stored; a change of what is
read does. Jobs go out in the order of the crawl's draw, so that a rescan that
is half done is a fair sample. A project whose job is out already is not asked
for twice. Where no "prevalence up" runs, the next one does the jobs.`,
		Example: `  prevalence rescan --scanner-version not-current
  prevalence rescan --outcome unanalysed --why timeout
  prevalence rescan --projects requests,urllib3`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := loadConfig(cmd)
			if err != nil {
				return err
			}
			filter, err := rescanFilter(cmd)
			if err != nil {
				return err
			}
			names, versions, err := projectNames(c.Projects)
			switch {
			case err != nil:
				return usage(err)
			case len(versions) > 0:
				return usage(errors.New("a rescan is of latest releases; 'prevalence crawl --projects NAME==VERSION' scans another"))
			case filter == nil && len(names) == 0:
				return usage(errors.New("say what to scan again: --scanner-version, --outcome, --why or --projects"))
			}
			if filter != nil {
				if names, err = a.scannedLike(cmd.Context(), c, *filter, names); err != nil {
					return err
				}
			}
			return a.askBroker(cmd, func(ctx context.Context, c *config, conn *queue.Conn) error {
				return a.rescan(ctx, c, conn, names)
			})
		},
	}
	addFlags(cmd.Flags(), readerKeys...)
	addFlags(cmd.Flags(), brokerLogin...)
	addFlags(cmd.Flags(), "projects", "releases")
	cmd.Flags().String("scanner-version", "", "`version` that scanned it, or not-current")
	cmd.Flags().StringSlice("outcome", nil, "`outcomes` of the scan: ok, partial, empty, unanalysed")
	cmd.Flags().StringSlice("why", nil, "`reasons` of the outcome")
	return cmd
}

// rescanFilter reads the conditions that the database has to answer; nil
// without any.
func rescanFilter(cmd *cobra.Command) (*query.ScanFilter, error) {
	version, err := cmd.Flags().GetString("scanner-version")
	if err != nil {
		return nil, err
	}
	var f query.ScanFilter
	if f.Outcomes, err = cmd.Flags().GetStringSlice("outcome"); err != nil {
		return nil, err
	}
	if f.Reasons, err = cmd.Flags().GetStringSlice("why"); err != nil {
		return nil, err
	}
	for _, o := range f.Outcomes {
		if err := oneOf("outcome", o, string(message.OutcomeOK), string(message.OutcomePartial), string(message.OutcomeEmpty), string(message.OutcomeUnanalysed)); err != nil {
			return nil, usage(err)
		}
	}
	switch version {
	case "":
		if len(f.Outcomes)+len(f.Reasons) == 0 {
			return nil, nil //nolint:nilnil // nothing to ask the database
		}
	case "not-current":
		f.NotScanner = worker.ScannerVersion
	default:
		f.Scanner = version
	}
	return &f, nil
}

// scannedLike are the projects that f picks, of those named if there are any.
func (a *app) scannedLike(ctx context.Context, c *config, f query.ScanFilter, named []string) ([]string, error) {
	var found []string
	err := a.ask(ctx, c, func(r *query.Reader) (err error) {
		found, err = r.Newest(ctx, f)
		return err
	})
	if err != nil || len(named) == 0 {
		return found, err
	}
	return slices.DeleteFunc(found, func(name string) bool { return !slices.Contains(named, name) }), nil
}

// rescan publishes the jobs and says how many there were.
func (a *app) rescan(ctx context.Context, c *config, conn *queue.Conn, names []string) error {
	r, err := crawler.Rescan(ctx, crawler.Again{Jobs: conn.Jobs(), Store: indexStore{conn}, Projects: names, Releases: c.Releases})
	if errors.Is(err, crawler.ErrNoIndex) {
		return errNoData{errorLine(err)}
	}
	if err != nil {
		return err
	}
	s := sheet{value: r, columns: []column{{title: "Rescan", key: "what"}, {title: "Number", key: "number", number: true}}}
	for _, row := range []struct {
		what string
		n    int
	}{
		{"projects asked for", r.Asked}, {"jobs accepted", r.Accepted}, {"jobs still out", r.Refused}, {"not on the index", len(r.Unlisted)},
	} {
		s.rows = append(s.rows, []string{row.what, fmt.Sprint(row.n)})
	}
	if n := len(r.Unlisted); n > 0 {
		s.notes = []string{"", fmt.Sprintf("Not on the index: %s", join(r.Unlisted[:min(n, 10)]))}
	}
	return s.print(a.out, c.Format)
}
