package main

import (
	"context"
	"encoding/json"
	"os"

	"github.com/spf13/cobra"

	"prevalence/internal/engine"
)

// chaosPasswordEnv gives a server of the chaos bench the password of its
// accounts: it is the same after each start, as that of a server which is not
// embedded.
const chaosPasswordEnv = envPrefix + "CHILD_PASSWORD"

// chaosServerCommand is the broker or the database alone, as a process that can
// be killed without the other. It prints where it listens as one line of JSON.
func (a *app) chaosServerCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:       "chaos-server broker|database",
		Hidden:    true,
		Args:      cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs),
		ValidArgs: []string{"broker", "database"},
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := loadConfig(cmd)
			if err != nil {
				return err
			}
			login := engine.Account{Password: os.Getenv(chaosPasswordEnv)}
			if args[0] == "broker" {
				return a.chaosBroker(cmd.Context(), c, login)
			}
			return a.chaosDatabase(cmd.Context(), c, login)
		},
	}
	addFlags(cmd.Flags(), "data", "engine")
	return cmd
}

func (a *app) chaosBroker(ctx context.Context, c *config, login engine.Account) error {
	log := c.logger(a.errs)
	broker, err := engine.StartBroker(ctx, engine.BrokerOptions{Dir: c.Data, Owner: login, Worker: login, Log: log})
	if err != nil {
		return err
	}
	defer broker.Close()
	at := services{Broker: accountAt(broker.URL(), broker.Owner()), Worker: accountAt(broker.URL(), broker.Worker())}
	conn, err := connectBroker(ctx, c, at.Broker, log)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.Ensure(ctx); err != nil {
		return err
	}
	if err := json.NewEncoder(a.out).Encode(at); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

func (a *app) chaosDatabase(ctx context.Context, c *config, login engine.Account) error {
	location, err := c.engineLocation()
	if err != nil {
		return err
	}
	database, err := engine.StartClickHouse(ctx, engine.ClickHouseOptions{Dir: c.Data, Engine: location,
		Owner: login, Reader: login, Log: c.logger(a.errs)})
	if err != nil {
		return err
	}
	defer database.Close()
	at := services{Owner: accountAt(database.Addr(), database.Owner()), Reader: accountAt(database.Addr(), database.Reader())}
	db, err := openDatabase(ctx, c, at.Owner, engine.Database)
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := db.Migrate(ctx); err != nil {
		return err
	}
	if err := json.NewEncoder(a.out).Encode(at); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return nil
	case err := <-database.Wait():
		return err
	}
}

func accountAt(address string, login engine.Account) account {
	return account{address, login.User, login.Password}
}
