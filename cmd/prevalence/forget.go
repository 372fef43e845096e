package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"prevalence/aggregator"
	"prevalence/internal/engine"
	"prevalence/internal/pypi"
	"prevalence/internal/queue"
	"prevalence/schemas/message"
)

func (a *app) forgetCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "forget PROJECT|@DOMAIN",
		Short: "Delete everything about a project or a domain, for good",
		Long: `Deletes a project, or with an @ a domain, from the broker's streams and from the
tables, and leaves a tombstone: no sweep publishes a job for the project again,
and nothing of it is stored again, also when the tables are rebuilt from the
streams. A tombstone holds a hash, and not the name.

Of a project, all goes: jobs, scans, facts, states, labels, dead letters, its
place in rankings and in the list of names. Of a domain, with its subdomains,
the author addresses and the indicators that name it go; the scans and the
classes of the addresses stay. Numbers that are published already stay as they
are; the next snapshot counts without it.

It may run beside "prevalence up" or the roles. Without a database at hand the
aggregator deletes the rows when it next looks at the streams. Backups and
datasets that were given away are yours to look after.`,
		Example: `  prevalence forget some-project --yes
  prevalence forget @jane-doe.example --yes
  prevalence forget some-project --yes --nats nats://broker:4222 --nats-user operator`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := loadConfig(cmd)
			if err != nil {
				return err
			}
			t, name, err := tombstoneOf(args[0])
			if err != nil {
				return usage(err)
			}
			if yes, err := cmd.Flags().GetBool("yes"); err != nil || !yes {
				return usage(errors.New("what is forgotten cannot be brought back: add --yes"))
			}
			return a.forget(cmd.Context(), c, t, name)
		},
	}
	addFlags(cmd.Flags(), "data", "engine", "format", "rules")
	addFlags(cmd.Flags(), brokerLogin...)
	addFlags(cmd.Flags(), databaseLogin...)
	cmd.Flags().Bool("yes", false, "do it; there is no way back")
	return cmd
}

var domainName = regexp.MustCompile(`^[a-z0-9_-]+(\.[a-z0-9_-]+)+$`)

// tombstoneOf reads the argument of forget.
func tombstoneOf(arg string) (message.Tombstone, string, error) {
	kind, name := message.ForgetProject, pypi.Normalize(arg)
	if domain, ok := strings.CutPrefix(arg, "@"); ok {
		kind, name = message.ForgetDomain, strings.ToLower(strings.TrimSuffix(domain, "."))
		if !domainName.MatchString(name) {
			return message.Tombstone{}, "", fmt.Errorf("%q is not a domain: want @example.org, with an international name as xn--…", arg)
		}
	} else if !pypi.ValidName(name) {
		return message.Tombstone{}, "", fmt.Errorf("%q is not a project's name; a domain is written @example.org", arg)
	}
	return message.NewTombstone(kind, name, time.Now()), name, nil
}

// forget leaves the tombstone first: whatever happens after it, crawler and
// aggregator obey, and the command can be run again.
func (a *app) forget(ctx context.Context, c *config, t message.Tombstone, name string) error {
	at, err := reachServices(c)
	if err != nil {
		r, err := startServices(ctx, c, slog.New(slog.DiscardHandler))
		if err != nil {
			return err
		}
		defer r.close()
		at = r.services
	}
	conn, err := connectBroker(ctx, c, at.Broker, c.logger(a.errs))
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.Ensure(ctx); err != nil {
		return err
	}
	if err := conn.Forget(ctx, t); err != nil {
		return err
	}
	var purged queue.Purged
	if t.Kind == message.ForgetProject {
		purged, err = conn.PurgeProject(ctx, name)
	} else {
		all := new(message.Forgotten)
		all.Add(t)
		purged, err = conn.PurgeDomains(ctx, all)
	}
	if err != nil {
		return err
	}
	done := forgotten{Kind: t.Kind, Messages: purged.Messages, Redacted: purged.Redacted}
	if at.Owner.Address != "" {
		if done.Rows, err = forgetRows(ctx, c, at.Owner, t); err != nil {
			return err
		}
		done.Database = true
	}
	return done.sheet().print(a.out, c.Format)
}

func forgetRows(ctx context.Context, c *config, owner account, t message.Tombstone) (uint64, error) {
	rules, err := c.catalogue()
	if err != nil {
		return 0, err
	}
	db, err := openDatabase(ctx, c, owner, engine.Database)
	if err != nil {
		return 0, err
	}
	defer db.Close()
	u, err := aggregator.NewUpkeep(ctx, db, aggregator.UpkeepOptions{Catalog: rules})
	if err != nil {
		return 0, err
	}
	return u.Forget(ctx, t)
}

// forgotten is what a forget did.
type forgotten struct {
	Kind     message.Forgettable `json:"kind"`
	Messages uint64              `json:"messages"`
	Redacted uint64              `json:"redacted"`
	Rows     uint64              `json:"rows"`
	Database bool                `json:"database"` // false: the rows are the aggregator's to delete
}

func (f forgotten) sheet() sheet {
	s := sheet{value: f, columns: []column{{title: "What", key: "what"}, {title: "Number", key: "number", number: true}}, rows: [][]string{
		{"messages deleted", fmt.Sprint(f.Messages)}, {"messages published again without it", fmt.Sprint(f.Redacted)},
	}}
	if f.Database {
		s.rows = append(s.rows, []string{"rows deleted", fmt.Sprint(f.Rows)})
	} else {
		s.notes = []string{"", "No database was named: the aggregator deletes the rows when it next looks at the streams."}
	}
	return s
}
