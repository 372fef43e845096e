package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"prevalence/internal/queue"
	"prevalence/query"
)

func (a *app) statusCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "status",
		Short: "How far the crawl is, how scans ended, what waits where",
		Long: `Prints the newest snapshot with how much of each band it covers, how the scans
ended, which reasons there were, and, where a broker can be reached, how many
jobs and scans wait.`,
		Example: `  prevalence status
  prevalence status --storage
  prevalence status --format json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := loadConfig(cmd)
			if err != nil {
				return err
			}
			storage, err := cmd.Flags().GetBool("storage")
			if err != nil {
				return err
			}
			return a.status(cmd.Context(), c, storage)
		},
	}
	addFlags(cmd.Flags(), readerKeys...)
	addFlags(cmd.Flags(), brokerLogin...)
	cmd.Flags().Bool("storage", false, "print what each table takes on disk")
	return cmd
}

// statusView is what "prevalence status" prints as JSON.
type statusView struct {
	*query.Status
	Backlog *queue.Backlog `json:"backlog"` // nil where no broker runs
	// Covered is true when the newest snapshot stands for every job.
	Current bool `json:"current"`
}

func (a *app) status(ctx context.Context, c *config, storage bool) error {
	return a.ask(ctx, c, func(r *query.Reader) error {
		status, err := r.Status(ctx)
		if err != nil {
			return err
		}
		view := statusView{Status: status, Backlog: backlogOf(ctx, c)}
		if b := view.Backlog; b != nil {
			view.Current = b.Idle() && status.Covered.ScansThrough >= b.LastScan
		}
		return statusSheet(view, storage).print(a.out, c.Format)
	})
}

// backlogOf asks the broker, where one runs; it is no error when none does.
func backlogOf(ctx context.Context, c *config) *queue.Backlog {
	at, err := reachServices(c)
	if err != nil || at.Broker.Address == "" {
		return nil
	}
	conn, err := connectBroker(ctx, c, at.Broker, nil)
	if err != nil {
		return nil
	}
	defer conn.Close()
	b, err := conn.Backlog(ctx)
	if err != nil {
		return nil
	}
	return &b
}

func statusSheet(v statusView, storage bool) sheet {
	s := sheet{value: v, columns: []column{{title: "What", key: "what"}, {title: "Number", key: "number"}}}
	add := func(what string, number any) { s.rows = append(s.rows, []string{what, fmt.Sprint(number)}) }
	for _, group := range []struct {
		title  string
		counts []query.Counted
	}{{"outcome ", v.Outcomes}, {"reason ", v.Reasons}, {"author e-mail ", v.EmailClasses}, {"issue ", v.Issues}} {
		for _, x := range group.counts {
			add(group.title+strings.TrimSuffix(x.ID, "/"), x.Community.Count)
		}
	}
	if b := v.Backlog; b != nil {
		add("jobs waiting", b.Jobs)
		add("jobs with a worker", b.JobsOut)
		add("scans waiting", b.Scans)
		add("dead letters", b.Dead)
	}
	if storage {
		for _, t := range v.Storage {
			add("table "+t.Table, fmt.Sprintf("%s in %d rows", humanize.IBytes(t.Bytes), t.Rows))
		}
	}
	s.notes = snapshotNotes(v.Snapshot)
	if v.Snapshot == nil {
		s.notes = []string{"", "No snapshot has been published yet."}
	}
	return s
}
