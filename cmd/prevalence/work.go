package main

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"prevalence/internal/queue"
	"prevalence/worker"
	"prevalence/worker/behavior"
)

// workKeys are the settings of a worker.
var workKeys = []string{"index", "contact", "rate", "budget", "connections", "timeout", "rules", "files", "slots", "memory", "ack-wait", "email-key-id",
	"memory-limit", "require-sandbox", "no-sandbox", "sandbox-ports"}

func (a *app) workCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "work",
		Short: "Take jobs, look inside the latest release, publish what was seen",
		Long: `Takes jobs from the broker until interrupted. For each it resolves the latest
release, reads the chosen files as a stream (nothing is written to disk or
executed), publishes one scan, waits for the broker to have it, and only then
gives the job back as done. Run as many workers as you like: --rate and
--budget are for all of them together, and a pause that the index asks one of
them for keeps all of them away from it.

A worker reads hostile input. It needs the index and the broker, and no
database. Before it takes a job it gives up for good, as far as the kernel can
hold it to that, what it has no use for: writing or changing files, reading
others than the system's and the index's, starting processes, and connecting
by TCP to other ports than those of the index, its proxy and the broker; see
docs/reliability.md. If the index has its files at another port, name it with
--sandbox-ports. --require-sandbox refuses to work where any of it is missing;
'prevalence doctor' says what this machine can do.`,
		Example: `  prevalence work --nats nats://broker:4222 --slots 4
  prevalence work --data ./data --index ./wheels`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := loadConfig(cmd)
			if err != nil {
				return err
			}
			log := c.logger(a.errs)
			at, err := reachServices(c)
			if err != nil {
				return err
			}
			return a.runWorker(untilParentGone(cmd.Context(), a.in), c, at.Worker, log)
		},
	}
	addFlags(cmd.Flags(), workKeys...)
	addFlags(cmd.Flags(), "email-key-file", "metrics")
	addFlags(cmd.Flags(), brokerLogin...)
	addFlags(cmd.Flags(), "data")
	return cmd
}

// runWorker works until ctx is done.
func (a *app) runWorker(ctx context.Context, c *config, broker account, log *slog.Logger) error {
	if err := limitMemory(c); err != nil {
		return err
	}
	matcher, err := c.matcher()
	if err != nil {
		return err
	}
	if _, err := openIndex(c, nil, nil, log); err != nil { // a wrong one is said before anything is given up
		return err
	}
	metrics, err := newInstruments(ctx, c)
	if err != nil {
		return err
	}
	defer metrics.close()
	if err := enterSandbox(c, broker, log); err != nil {
		return err
	}
	conn, err := connectBrokerFor(ctx, c, broker, metrics.registry, log)
	if err != nil {
		return err
	}
	defer conn.Close()
	limits, err := c.budget()
	if err != nil {
		return usage(err)
	}
	fleet, err := conn.JoinFleet(ctx, queue.FleetOptions{Requests: limits.requests, Bytes: limits.bytes, Log: log})
	if err != nil {
		return err
	}
	index, err := openIndex(c, fleet, metrics.index, log)
	if err != nil {
		return err
	}
	options := c.workerOptions(matcher)
	options.Index, options.Earlier, options.Metrics, options.Log = index, conn, metrics.registry, log
	jobs, err := conn.JobConsumer(ctx, c.AckWait)
	if err != nil {
		return err
	}
	w, err := worker.New(options, jobs, conn, conn)
	if err != nil {
		return usage(err)
	}
	g, inner := errgroup.WithContext(ctx)
	g.Go(func() error { return fleet.Run(inner) })
	g.Go(func() error { return w.Run(inner) })
	g.Go(func() error { return tellPulse(inner, a.out) })
	g.Go(func() error { return metrics.serve(inner) })
	return g.Wait()
}

// workerEnv is how "up" configures its worker processes: by environment, so
// that no argument holds a secret. An empty value takes the default, and hides
// what a worker has no business to know.
func workerEnv(c *config, broker account) []string {
	given := *c
	given.NATS, given.NATSUser, given.NATSPassword = broker.Address, broker.User, broker.Password
	values := settingValues(&given)
	keys := append([]string{"nats", "nats-user", "nats-password", "nats-token", "nats-creds", "ca", "email-key", "log-level", "log-format"}, workKeys...)
	var env []string
	for _, s := range settings() {
		if slices.Contains(keys, s.key) {
			value := fmt.Sprint(values[s.key])
			if list, ok := values[s.key].([]string); ok {
				value = strings.Join(list, ",")
			}
			env = append(env, envName(s.key)+"="+value)
		} else if s.secret || strings.HasSuffix(s.key, fileSuffix) {
			env = append(env, envName(s.key)+"=")
		}
	}
	return env
}

// workerOptions are the options that a worker and a local scan share.
func (c *config) workerOptions(m *behavior.Matcher) worker.Options {
	return worker.Options{
		Matcher: m, Files: worker.Files(c.Files), Slots: c.Slots, AckWait: c.AckWait,
		Key: []byte(c.EmailKey), KeyID: c.EmailKeyID,
	}
}
