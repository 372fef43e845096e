package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"prevalence/schemas/message"
	"prevalence/worker"
)

func (a *app) scanCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "scan PATH…",
		Short: "Look at files of your own, without any server",
		Long: `Scans sdists, wheels, eggs, Python files and source trees, and prints what they
do and where. Nothing is executed. A folder that holds distributions stands for
them; any other folder is a source tree.

With --format json every path is one object on a line of its own: path,
outcome, observations with evidence, symbols, indicators. Evidence is the first
three hits; --evidence all lists every one.

Author addresses never leave the scan: only their domains and classes do.`,
		Example: `  prevalence scan dist/
  prevalence scan example_project-1.2.0-py3-none-any.whl
  prevalence scan --format json --evidence all src/ | jq .observations`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := loadConfig(cmd)
			if err != nil {
				return err
			}
			return a.scan(cmd.Context(), c, args)
		},
	}
	addFlags(cmd.Flags(), "format", "evidence", "threads")
	return cmd
}

// scanned is one path and what was seen in it, in the form of --format json.
type scanned struct {
	Path string `json:"path"`
	*message.Scan
}

// scan looks at every path and prints the results in the order of the paths.
func (a *app) scan(ctx context.Context, c *config, args []string) error {
	paths, err := expandPaths(args)
	if err != nil {
		return err
	}
	matcher, err := loadMatcher()
	if err != nil {
		return err
	}
	options := c.workerOptions(matcher)
	options.Log = c.logger(a.errs)
	options.AllEvidence = c.Evidence == "all"
	analyzer, err := worker.NewAnalyzer(options)
	if err != nil {
		return usage(err)
	}
	threads := c.Threads
	if threads == 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	print := scanPrinter(a.out, c.Format)
	results := make([]chan *message.Scan, len(paths))
	for i := range results {
		results[i] = make(chan *message.Scan, 1)
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(threads + 1) // and the printer
	g.Go(func() error {
		for i, result := range results {
			select {
			case s := <-result:
				if err := print(scanned{paths[i], s}); err != nil {
					return err
				}
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	for i, path := range paths {
		g.Go(func() error {
			s, err := analyzer.Path(ctx, path)
			if errors.Is(err, worker.ErrNothing) {
				return usage(err)
			}
			if err != nil {
				return err
			}
			results[i] <- s
			return nil
		})
	}
	return g.Wait()
}

// expandPaths replaces folders of distributions by what they hold.
func expandPaths(args []string) ([]string, error) {
	var paths []string
	for _, arg := range args {
		expanded, err := worker.Expand(arg)
		if err != nil {
			return nil, usage(fmt.Errorf("%s cannot be read: %w", arg, err))
		}
		paths = append(paths, expanded...)
	}
	return paths, nil
}

// scanPrinter returns what prints one result.
func scanPrinter(w io.Writer, format string) func(scanned) error {
	switch format {
	case "json":
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		return func(s scanned) error { return e.Encode(s) }
	case "csv":
		first := true
		return func(s scanned) error {
			table := observationSheet(s)
			if !first {
				table.headless = true
			}
			first = false
			return table.print(w, format)
		}
	}
	return func(s scanned) error { return printScan(w, s) }
}

// observationSheet lists a scan's observations with their first evidence.
func observationSheet(s scanned) sheet {
	out := sheet{value: s, columns: []column{
		{title: "Path", key: "path"}, {title: "Behaviour", key: "behavior"}, {title: "Context", key: "context"},
		{title: "Certainty", key: "certainty"}, {title: "Hits", key: "hits", number: true}, {title: "First seen", key: "evidence"},
	}}
	for _, o := range s.Observations {
		out.rows = append(out.rows, []string{s.Path, o.Behavior, string(o.Context), string(o.Certainty),
			fmt.Sprint(o.Hits), place(o.Evidence)})
	}
	return out
}

// place is the first piece of evidence as path:line.
func place(evidence []message.Evidence) string {
	if len(evidence) == 0 {
		return ""
	}
	e := evidence[0]
	at := e.Path
	if e.Line > 0 {
		at = fmt.Sprintf("%s:%d", e.Path, e.Line)
	}
	if e.Symbol != "" {
		at += " (" + e.Symbol + ")"
	}
	return at
}

// printScan prints one result for a person.
func printScan(w io.Writer, s scanned) error {
	title := s.Path
	if s.Project != "" {
		title += fmt.Sprintf("  (%s %s)", s.Project, s.Version)
	}
	if _, err := fmt.Fprintf(w, "%s\n%s\n", title, outcomeLine(s.Scan)); err != nil {
		return err
	}
	table := observationSheet(s)
	table.columns = table.columns[1:]
	for i, row := range table.rows {
		table.rows[i] = row[1:]
	}
	if len(table.rows) == 0 {
		_, err := fmt.Fprintln(w, "  no behaviour of the catalogue was seen")
		return err
	}
	if err := table.print(w, "table"); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w)
	return err
}

// outcomeLine says how a scan ended and what was read.
func outcomeLine(s *message.Scan) string {
	var members int
	var python int64
	for _, f := range s.Files {
		members += f.Members
		python += f.PythonBytes
	}
	parts := []string{string(s.Outcome)}
	if s.Why != "" {
		parts = append(parts, s.Why)
	}
	if s.Detail != "" {
		parts = append(parts, s.Detail)
	}
	parts = append(parts, fmt.Sprintf("%d members, %d kB of Python", members, (python+500)/1000))
	return strings.Join(parts, " · ")
}
