package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"prevalence/aggregator/synthetic"
	"prevalence/schemas/catalog"
)

func (a *app) benchAPICommand() *cobra.Command {
	var f benchFlags
	load := apiLoad{rate: 200, keys: 10_000}
	share := 0.02
	cmd := &cobra.Command{
		Use:   "api",
		Short: "How fast the API answers look-ups, many a second",
		Long: `Loads the synthetic dataset of "bench dataset", serves it, and asks the API for
behaviours, projects and symbols in turn, each project and symbol once, until
--keys different ones were asked for. Requests leave at a fixed rate whether or
not the ones before were answered, and are timed from when they were due. The
server keeps no answers; it, the database and the asking share the machine.

At the end a statement that never ends is put in every place for slow questions,
and the same look-ups are asked again beside it for a fifth of the time.`,
		Example: `  prevalence bench api
  prevalence bench api --share 0.05 --per-second 100 --check`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := loadConfig(cmd)
			if err != nil {
				return err
			}
			if share <= 0 || share > 1 {
				return usage(fmt.Errorf("share %g: want more than 0 and at most 1", share))
			}
			if load.rate <= 0 || load.keys <= 0 {
				return usage(errors.New("per-second and keys must be more than 0"))
			}
			r, err := a.benchAPI(cmd.Context(), c, &f, share, load)
			if err != nil {
				return err
			}
			return a.finishBench(r, c, f.check)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.names, "names", "", "`file` of names, months and ranks; without one they are generated")
	flags.Float64Var(&share, "share", share, "`share` of the whole index, from 0 to 1")
	flags.Float64Var(&load.rate, "per-second", load.rate, "`number` of requests a second")
	flags.IntVar(&load.keys, "keys", load.keys, "`number` of different keys that are asked for")
	flags.Uint64Var(&f.seed, "bench-seed", 1, "`seed` of the scans")
	flags.BoolVar(&f.check, "check", false, "exit 1 where a goal is missed")
	addFlags(flags, "format", "engine", "log-level", "queries", "slow-queries")
	return cmd
}

// apiLoad is how the API is asked.
type apiLoad struct {
	rate float64 // requests a second
	keys int     // different ones
}

func (a *app) benchAPI(ctx context.Context, c *config, f *benchFlags, share float64, load apiLoad) (*results, error) {
	rules, err := catalog.Default()
	if err != nil {
		return nil, err
	}
	names, err := f.namesOf(share)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "prevalence-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	b := newDatasetBench(a, c, f, "api", dir, names, rules, share)
	b.config.ClientRate = 0
	s, err := startServices(ctx, &b.config, b.config.logger(a.errs))
	if err != nil {
		return nil, err
	}
	defer s.close()
	if err := b.load(ctx, s); err != nil {
		return nil, err
	}
	b.results = newResults("api") // those of loading are of bench dataset
	return b.results, b.serveAndAsk(ctx, s, load)
}

// serveAndAsk serves the dataset on loopback and asks it.
func (b *datasetBench) serveAndAsk(ctx context.Context, s *running, load apiLoad) error {
	front, err := newFront(ctx, &b.config, s.services, b.rules, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer front.close()
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	serving, stop := context.WithCancel(ctx)
	g, serving := errgroup.WithContext(serving)
	g.Go(func() error { return serveHTTP(serving, l, front.handler, nil) })
	base := "http://" + l.Addr().String() + "/api/v1"
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 256}, Timeout: 30 * time.Second}
	defer client.CloseIdleConnections()
	paths := b.lookUps(load.keys)
	err = func() error {
		warm := askAll(serving, client, base, paths[:min(300, len(paths))], load.rate/2) // connections, and files that the system has to read
		if err := warm.failed(); err != nil {
			return err
		}
		before, self := useOf(s.database.Pid()), useOf(os.Getpid())
		timed := askAll(serving, client, base, paths, load.rate)
		after, selfAfter := useOf(s.database.Pid()), useOf(os.Getpid())
		timed.report(b.results, "", 50)
		n := float64(len(paths))
		b.results.add("processor time of the database", 1e3*(after.cpuSeconds-before.cpuSeconds)/n, "ms/request")
		b.results.add("processor time of serving and asking", 1e3*(selfAfter.cpuSeconds-self.cpuSeconds)/n, "ms/request")
		if err := timed.failed(); err != nil {
			return err
		}
		return b.askBeside(serving, client, base, paths[:len(paths)/5], load.rate)
	}()
	stop()
	return errors.Join(err, g.Wait())
}

// askBeside asks while every place for slow questions is taken.
func (b *datasetBench) askBeside(ctx context.Context, client *http.Client, base string, paths []string, rate float64) error {
	slow, stop := context.WithCancel(ctx)
	var endless errgroup.Group
	for range b.config.SlowQueries {
		endless.Go(func() error {
			for slow.Err() == nil {
				body := `{"statement": "SELECT sum(cityHash64(a.id, b.id, c.id, d.id)) FROM prevalence AS a, prevalence AS b, prevalence AS c, prevalence AS d"}`
				if _, err := askOnce(slow, client, http.MethodPost, base+"/sql", body); err != nil {
					return nil //nolint:nilerr // it is stopped in the end
				}
			}
			return nil
		})
	}
	timed := askAll(ctx, client, base, paths, rate)
	stop()
	_ = endless.Wait()
	timed.report(b.results, " beside endless statements", 0)
	return timed.failed()
}

// lookUps are paths of behaviours, projects and symbols in turn, with so many
// different keys. Symbols are drawn evenly by their rank, the most frequent ones
// included.
func (b *datasetBench) lookUps(keys int) []string {
	each := (keys - len(b.rules.Rules) + 1) / 2
	distinct := max(1000, int(synthetic.DistinctSymbols*float64(len(b.names))/wholeIndex))
	paths := make([]string, 0, 3*each)
	for i := range each {
		paths = append(paths,
			"/behaviors/"+b.rules.Rules[i%len(b.rules.Rules)].ID,
			"/projects/"+url.PathEscape(b.names[i*len(b.names)/each%len(b.names)].Name),
			"/symbols?name="+url.QueryEscape(synthetic.SymbolName(uint64(i*distinct/each))))
	}
	return paths
}

// timing is what became of many requests.
type timing struct {
	mu       sync.Mutex
	ms       map[string][]float64 // by kind, of those that were answered
	statuses map[int]int
	err      error // the first that was no answer
}

// askAll asks at a fixed rate, and waits for the answers.
func askAll(ctx context.Context, client *http.Client, base string, paths []string, rate float64) *timing {
	t := &timing{ms: map[string][]float64{}, statuses: map[int]int{}}
	var wait sync.WaitGroup
	began := time.Now()
	for i, path := range paths {
		due := began.Add(time.Duration(float64(i) / rate * float64(time.Second)))
		select {
		case <-ctx.Done():
			wait.Wait()
			return t
		case <-time.After(time.Until(due)):
		}
		wait.Go(func() {
			status, err := askOnce(ctx, client, http.MethodGet, base+path, "")
			took := time.Since(due)
			t.mu.Lock()
			defer t.mu.Unlock()
			if err != nil {
				if t.err == nil {
					t.err = err
				}
				return
			}
			t.statuses[status]++
			if status == http.StatusOK || status == http.StatusNotFound { // projects without a scan
				kind := []string{"behaviour", "project", "symbol"}[i%3]
				t.ms[kind] = append(t.ms[kind], took.Seconds()*1e3)
				t.ms[""] = append(t.ms[""], took.Seconds()*1e3)
			}
		})
	}
	wait.Wait()
	return t
}

// askOnce reads one answer to its end.
func askOnce(ctx context.Context, client *http.Client, method, address, body string) (status int, err error) {
	r, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	resp, err := client.Do(r)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, err
}

// failed is why nothing can be said of the times.
func (t *timing) failed() error {
	if t.err != nil {
		return fmt.Errorf("a request: %w", t.err)
	}
	if len(t.ms[""]) == 0 {
		return fmt.Errorf("nothing was answered: %v", t.statuses)
	}
	return nil
}

// report adds the figures; most is the goal for the slowest hundredth in
// milliseconds, 0: none.
func (t *timing) report(r *results, beside string, most float64) {
	for _, kind := range []string{"behaviour", "project", "symbol"} {
		ms := slices.Sorted(slices.Values(t.ms[kind]))
		if len(ms) == 0 {
			continue
		}
		r.add(kind+", median"+beside, ms[len(ms)/2], "ms")
		if p99 := ms[len(ms)*99/100]; most > 0 {
			r.atMost(kind+", 99th percentile"+beside, p99, "ms", most)
		} else {
			r.add(kind+", 99th percentile"+beside, p99, "ms")
		}
	}
	all := 0
	errs := 0
	for status, n := range t.statuses {
		all += n
		if status >= 500 && status != http.StatusServiceUnavailable {
			errs += n
		}
	}
	r.add("answers"+beside, float64(all), "")
	r.atMost("answered 503"+beside, float64(t.statuses[http.StatusServiceUnavailable]), "", 0)
	r.atMost("other errors"+beside, float64(errs), "", 0)
}
