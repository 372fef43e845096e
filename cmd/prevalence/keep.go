package main

import (
	"context"

	"prevalence/aggregator"
	"prevalence/internal/engine"
	"prevalence/schemas/catalog"
)

// keep opens the dataset to look after it, does so, and closes it again. When
// nothing runs on the data folder, the database is started for the occasion.
func (a *app) keep(ctx context.Context, c *config, work func(*aggregator.Upkeep, *catalog.Catalog) error) error {
	rules, err := c.catalogue()
	if err != nil {
		return err
	}
	at, stop, err := reachDatabase(ctx, c)
	if err != nil {
		return err
	}
	defer stop()
	db, err := openDatabase(ctx, c, at.Owner, engine.Database)
	if err != nil {
		return err
	}
	defer db.Close()
	u, err := aggregator.NewUpkeep(ctx, db, aggregator.UpkeepOptions{Catalog: rules, KeepReleases: c.KeepReleases, Log: c.logger(a.errs)})
	if err != nil {
		return err
	}
	return work(u, rules)
}
