package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"prevalence/internal/engine"
	"prevalence/internal/pypi"
	"prevalence/internal/store"
)

func (a *app) doctorCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check what a run needs, and say how to mend what is missing",
		Long: `Checks the settings in force one by one, and says of what is wrong what to do:

  engine    is there a ClickHouse engine, or is a server named?
  data      can the data folder be used; does a run hold it?
  disk      is there room for it?
  broker    does it answer, and take the login?
  database  does it answer, take the login, and agree with our clock?
  index     does it answer? Asked for only with --ask PROJECT: one page, politely

Broker and database are started for the check if they are the embedded ones and there
is a dataset already. Nothing is changed. The exit code is 1 if anything is wrong.`,
		Example: `  prevalence doctor
  prevalence doctor --data ./data
  prevalence doctor --index https://mirror.example/simple/ --ask requests`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := loadConfig(cmd)
			if err != nil {
				return err
			}
			project, err := cmd.Flags().GetString("ask")
			if err != nil {
				return err
			}
			return a.doctor(cmd.Context(), c, project)
		},
	}
	addFlags(cmd.Flags(), "data", "engine", "nats", "nats-user", "nats-creds", "clickhouse", "clickhouse-user", "clickhouse-tls", "index", "contact", "timeout", "format")
	cmd.Flags().String("ask", "", "`project` whose page the index is asked for")
	return cmd
}

// finding is what a check came to.
type finding struct {
	Check string `json:"check"`
	OK    bool   `json:"ok"`
	Found string `json:"found"`
	Fix   string `json:"fix,omitempty"` // what to do; empty when all is well
}

// Limits of what is well.
const (
	leastFreeBytes = 5 << 30          // the dataset of a whole index has a few GiB, and merges need room
	mostClockSkew  = 10 * time.Second // leases and snapshots are named by time
	doctorTimeout  = 30 * time.Second // for each check
)

func (a *app) doctor(ctx context.Context, c *config, project string) error {
	checks := []func(context.Context, *config) finding{checkEngine, checkData, checkDisk, checkBroker, checkDatabase}
	if project != "" {
		checks = append(checks, func(ctx context.Context, c *config) finding { return checkIndex(ctx, c, project) })
	}
	s := sheet{columns: []column{{title: "Check", key: "check"}, {title: "", key: "ok"}, {title: "Found", key: "found"}, {title: "What to do", key: "fix"}}}
	var all []finding
	wrong := 0
	for _, check := range checks {
		bounded, cancel := context.WithTimeout(ctx, doctorTimeout)
		f := check(bounded, c)
		cancel()
		if err := ctx.Err(); err != nil {
			return err
		}
		all = append(all, f)
		mark := "ok"
		if !f.OK {
			mark = "wrong"
			wrong++
		}
		s.rows = append(s.rows, []string{f.Check, mark, f.Found, f.Fix})
	}
	s.value = all
	if err := s.print(a.out, c.Format); err != nil {
		return err
	}
	if wrong > 0 {
		return fmt.Errorf("%d of %d checks found something wrong", wrong, len(all))
	}
	return nil
}

func checkEngine(_ context.Context, c *config) finding {
	if c.ClickHouse != "" {
		return finding{Check: "engine", OK: true, Found: "not needed: the database is " + c.ClickHouse}
	}
	location, err := c.engineLocation()
	if err != nil {
		return finding{"engine", false, errorLine(err), "run 'prevalence engine fetch', or name one by --engine or a server by --clickhouse"}
	}
	return finding{Check: "engine", OK: true, Found: location.Path}
}

func checkData(_ context.Context, c *config) finding {
	dir, err := lookInDataDir(c.Data)
	var none errNoData
	switch {
	case errors.As(err, &none):
		return finding{Check: "data", OK: true, Found: "no dataset in " + c.Data + " yet; 'prevalence up' makes one"}
	case errors.Is(err, errDataInUse):
		return finding{Check: "data", OK: true, Found: c.Data + " is held by a run"}
	case err != nil:
		return finding{"data", false, errorLine(err), "name another folder by --data"}
	}
	if err := dir.close(); err != nil {
		return finding{"data", false, errorLine(err), "see who owns the folder"}
	}
	return finding{Check: "data", OK: true, Found: c.Data}
}

// checkDisk looks at the nearest folder above the data that exists.
func checkDisk(_ context.Context, c *config) finding {
	at, err := filepath.Abs(c.Data)
	if err != nil {
		return finding{"disk", false, errorLine(err), "name another folder by --data"}
	}
	for {
		if _, err := os.Stat(at); err == nil || at == filepath.Dir(at) {
			break
		}
		at = filepath.Dir(at)
	}
	free, err := freeBytes(at)
	if err != nil {
		return finding{"disk", false, errorLine(err), "see whether the file system answers"}
	}
	f := finding{Check: "disk", OK: free >= leastFreeBytes, Found: humanize.IBytes(free) + " free"}
	if !f.OK {
		f.Fix = fmt.Sprintf("make room, %s at least, or name another folder by --data; 'prevalence gc' removes old releases", humanize.IBytes(leastFreeBytes))
	}
	return f
}

func checkBroker(ctx context.Context, c *config) finding {
	at, stop, err := reachBroker(ctx, c)
	var none errNoData
	if errors.As(err, &none) {
		return finding{Check: "broker", OK: true, Found: "embedded, nothing to start yet"}
	}
	const fix = "see whether it runs, and whether nats, nats-user and PREVALENCE_NATS_PASSWORD are right"
	if err != nil {
		return finding{"broker", false, errorLine(err), fix}
	}
	defer stop()
	conn, err := connectBroker(ctx, c, at, slog.New(slog.DiscardHandler))
	if err != nil {
		return finding{"broker", false, errorLine(err), fix}
	}
	conn.Close()
	return finding{Check: "broker", OK: true, Found: "answers"}
}

// checkDatabase logs in, and compares clocks while it is there.
func checkDatabase(ctx context.Context, c *config) finding {
	at, stop, err := reachReader(ctx, c)
	var none errNoData
	if errors.As(err, &none) {
		return finding{Check: "database", OK: true, Found: "embedded, nothing to start yet"}
	}
	const fix = "see whether it runs, and whether clickhouse, clickhouse-user and PREVALENCE_CLICKHOUSE_PASSWORD are right; then 'prevalence migrate'"
	if err != nil {
		return finding{"database", false, errorLine(err), fix}
	}
	defer stop()
	db, err := openDatabase(ctx, c, at, engine.ViewsDatabase)
	if err != nil {
		return finding{"database", false, errorLine(err), fix}
	}
	defer db.Close()
	type clock struct {
		Now time.Time `ch:"now"`
	}
	rows, err := store.Select[clock](ctx, db, "SELECT now64(3) AS now", nil)
	if err != nil || len(rows) != 1 {
		return finding{"database", false, fmt.Sprint("it answers nonsense: ", err), fix}
	}
	if skew := time.Since(rows[0].Now).Abs(); skew > mostClockSkew {
		return finding{"database", false, fmt.Sprintf("answers, but its clock is %s away from ours", skew.Round(time.Second)), "let both machines follow a time server"}
	}
	return finding{Check: "database", OK: true, Found: "answers, and its clock agrees"}
}

func checkIndex(ctx context.Context, c *config, project string) finding {
	const fix = "check --index: the URL of a Simple API ends in /simple/ as a rule; --contact lets its operators reach you"
	index, err := openIndex(c, nil, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		return finding{"index", false, errorLine(err), fix}
	}
	page, err := index.Project(ctx, pypi.Normalize(project))
	if err != nil {
		return finding{"index", false, errorLine(err), fix}
	}
	return finding{Check: "index", OK: true, Found: fmt.Sprintf("answers; %s has %d files", project, len(page.Files))}
}
