package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"prevalence/internal/prevalence"
	"prevalence/internal/pypi/pypitest"
	"prevalence/query"
)

// demoFlags are the flags of "demo" that are no settings.
type demoFlags struct {
	write, serve, form, listen string

	faults float64
}

func (a *app) demoCommand() *cobra.Command {
	var f demoFlags
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Crawl a small generated index and check the counts",
		Long: `Serves a generated index of 300 packages on loopback, crawls it into a folder
that is thrown away, prints the table and one report, and compares every count
with what the generator put in. Exits 1 if one differs.

The packages are inert: each file shows one pattern and is never run. With
--write the packages are put into a folder instead, with --serve any folder of
distributions is offered by the stand-in index, or the index server at a URL is
put behind a proxy. With --faults 0.05 one answer in twenty is late, refused, cut
off or spoiled.`,
		Example: `  prevalence demo
  prevalence demo --write ./wheels
  prevalence demo --serve ./wheels --form html --listen 127.0.0.1:8080
  prevalence demo --serve http://127.0.0.1:8080/simple/ --faults 0.05`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := loadConfig(cmd)
			if err != nil {
				return err
			}
			switch {
			case f.write != "":
				return writeDemo(f.write)
			case f.serve != "":
				return a.serveIndex(cmd.Context(), f)
			}
			return a.demo(cmd.Context(), c)
		},
	}
	addFlags(cmd.Flags(), "engine", "workers", "slots", "progress")
	cmd.Flags().StringVar(&f.write, "write", "", "write the packages into this `folder` and stop")
	cmd.Flags().StringVar(&f.serve, "serve", "", "serve this `folder` of distributions, or the index at a URL, until interrupted")
	cmd.Flags().StringVar(&f.form, "form", "json", "`form` of the served index: pypi (JSON with serials and hashes), json (neither) or html")
	cmd.Flags().StringVar(&f.listen, "listen", "127.0.0.1:0", "`address` to serve on")
	cmd.Flags().Float64Var(&f.faults, "faults", 0, "`share` of what is served that is spoiled")
	return cmd
}

func writeDemo(folder string) error {
	u, err := pypitest.New(pypitest.Config{})
	if err != nil {
		return err
	}
	return usage(u.WriteFolder(folder))
}

// serveIndex offers a folder through the stand-in index, or another index
// through a proxy, until ctx is done.
func (a *app) serveIndex(ctx context.Context, f demoFlags) error {
	if f.faults < 0 || f.faults > 1 {
		return usage(fmt.Errorf("faults %g is no share: use 0 to 1", f.faults))
	}
	var front *pypitest.Front
	if at, err := url.Parse(f.serve); err == nil && (at.Scheme == "http" || at.Scheme == "https") {
		front = pypitest.NewProxy(at)
	} else {
		server, err := folderServer(ctx, f)
		if err != nil {
			return usage(err)
		}
		front = &server.Front
	}
	if f.faults > 0 {
		// Wrong bytes are no fault to cope with where an index gives no hashes:
		// pypiserver, whose files are below /packages/, does.
		front.Plan(everyFault(f.faults, map[string][]pypitest.FaultKind{
			"/simple/*/": nil, "/files/*/*": nil, "/resources/*/*": nil, "/packages/*": {pypitest.Corrupt},
		})...)
	}
	address, stop, err := front.Start(ctx, f.listen)
	if err != nil {
		return usage(fmt.Errorf("cannot listen on %s: %w", f.listen, err))
	}
	defer stop()
	_, _ = fmt.Fprintln(a.out, address)
	<-ctx.Done()
	if f.faults > 0 {
		log := front.Requests()
		spoiled := 0
		for _, r := range log {
			if r.Spoiled {
				spoiled++
			}
		}
		_, _ = fmt.Fprintf(a.out, "%d requests, %d of them spoiled\n", len(log), spoiled)
	}
	return nil
}

// folderServer is the stand-in index of a folder.
func folderServer(ctx context.Context, f demoFlags) (*pypitest.Server, error) {
	styles := map[string]pypitest.Style{
		"pypi": pypitest.LikePyPI, "json": pypitest.LikeJSONServer, "html": pypitest.LikeHTMLServer,
	}
	style, known := styles[f.form]
	if !known {
		return nil, fmt.Errorf("form %q is none of pypi, json, html", f.form)
	}
	u, err := pypitest.FromFolder(ctx, f.serve)
	if err != nil {
		return nil, err
	}
	return pypitest.NewServer(u, style), nil
}

// demo crawls the generated index and checks the counts.
func (a *app) demo(ctx context.Context, c *config) error {
	u, err := pypitest.New(pypitest.Config{})
	if err != nil {
		return err
	}
	url, stop, err := pypitest.NewServer(u, pypitest.LikePyPI).Start(ctx, "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer stop()
	dir, err := os.MkdirTemp("", "prevalence-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	ranking := filepath.Join(dir, "ranking.json")
	if err := os.WriteFile(ranking, u.RankingJSON(), 0o600); err != nil {
		return err
	}
	c.Data, c.Index, c.Ranking, c.UntilIdle, c.Format, c.LogLevel = filepath.Join(dir, "data"), url, ranking, true, "table", "error"
	_, _ = fmt.Fprintf(a.errs, "crawling %d generated packages from %s\n", len(u.Projects), url)
	return a.pipeline(ctx, c, func(ctx context.Context, reader account) error {
		return askAt(ctx, c, reader, func(r *query.Reader) error { return a.checkDemo(ctx, c, r, u) })
	})
}

// checkDemo prints what the dataset says and compares it with the truth.
func (a *app) checkDemo(ctx context.Context, c *config, r *query.Reader, u *pypitest.Universe) error {
	table, err := r.Top(ctx, query.TopOptions{Sort: query.ByCategory})
	if err != nil {
		return err
	}
	if err := topSheet(table, topView{groups: true}).print(a.out, c.Format); err != nil {
		return err
	}
	truth := u.Truth()
	_, _ = fmt.Fprintln(a.out)
	if err := a.report(ctx, c, r, exampleProject(u, truth)); err != nil {
		return err
	}
	wrong := compareTruth(table, truth)
	if len(wrong) > 0 {
		return fmt.Errorf("%d counts are not the known ones: %s", len(wrong), strings.Join(wrong, "; "))
	}
	_, err = fmt.Fprintf(a.out, "\nAll counts of %d behaviours in 4 bands are the known ones.\n", len(pypitest.Behaviors()))
	return err
}

// exampleProject is the project whose report the demo shows: the most used one
// with an anonymous author.
func exampleProject(u *pypitest.Universe, truth pypitest.Truth) string {
	for _, name := range u.Ranked {
		if truth.Projects[name].Shows("anomaly/anonymous-email") {
			return name
		}
	}
	return u.Ranked[0]
}

// compareTruth lists the numbers of a table that are not the true ones.
func compareTruth(t *query.Table, truth pypitest.Truth) []string {
	var wrong []string
	differ := func(what string, got, want int) {
		if got != want {
			wrong = append(wrong, fmt.Sprintf("%s is %d instead of %d", what, got, want))
		}
	}
	rows := make(map[string]query.TopRow)
	for _, row := range t.Rows {
		rows[row.Behavior] = row
	}
	for i, b := range truth.Bands {
		covered := t.Snapshot.Bands[i]
		differ(b.Band+" size", covered.Size, b.Size)
		differ(b.Band+" scanned", covered.Scanned, b.Scanned)
		differ(b.Band+" unanalysed", covered.Unanalysed, b.Unanalysed)
		differ(b.Band+" empty", covered.Empty, b.Empty)
		band, err := prevalence.ParseBand(b.Band)
		if err != nil {
			return append(wrong, err.Error())
		}
		for _, id := range truth.Behaviors {
			row, there := rows[id]
			if !there {
				wrong = append(wrong, id+" is missing")
				continue
			}
			differ(b.Band+" "+id, row.Numbers.Band(band).Count, b.Counts[id])
		}
	}
	return wrong
}
