package main

import (
	"context"
	"errors"
	"log/slog"

	"github.com/spf13/cobra"

	"prevalence/internal/engine"
	"prevalence/internal/queue"
)

// brokerKeys are the settings of commands that ask the broker.
var brokerKeys = append([]string{"data", "format"}, brokerLogin...)

// askBroker connects to the broker as its owner, brings its streams up to date,
// asks, and disconnects.
func (a *app) askBroker(cmd *cobra.Command, question func(context.Context, *config, *queue.Conn) error) error {
	c, err := loadConfig(cmd)
	if err != nil {
		return err
	}
	ctx := cmd.Context()
	at, stop, err := reachBroker(ctx, c)
	if err != nil {
		return err
	}
	defer stop()
	conn, err := connectBroker(ctx, c, at, c.logger(a.errs))
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.Ensure(ctx); err != nil {
		return err
	}
	return question(ctx, c, conn)
}

// reachBroker finds the broker to ask: an external one, that of the process
// which holds the data folder, or one that is started for the occasion.
func reachBroker(ctx context.Context, c *config) (at account, stop func(), err error) {
	if c.NATS != "" {
		return account{c.NATS, c.NATSUser, c.NATSPassword}, func() {}, nil
	}
	dir, err := lookInDataDir(c.Data)
	if errors.Is(err, errDataInUse) {
		found, err := reachServices(c)
		return found.Broker, func() {}, err
	}
	if err != nil {
		return account{}, nil, err
	}
	broker, err := engine.StartBroker(ctx, engine.BrokerOptions{Dir: dir.broker(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return account{}, nil, errors.Join(err, dir.close())
	}
	at = account{broker.URL(), broker.Owner().User, broker.Owner().Password}
	return at, func() { broker.Close(); _ = dir.close() }, nil
}
