package aggregator

import (
	"context"
	"strings"

	"prevalence/internal/store"
)

// countSymbols writes in how many members of a snapshot each symbol stands.
//
// Its query counts rows, which is right when no row stands twice. That is so
// when the table has as many rows as the scans say they brought; else
// deliveries repeated some which no merge has put together yet, and the
// query reads with FINAL, which takes half as long again.
func (a *Aggregator) countSymbols(ctx context.Context, snapshot string) error {
	rows, err := number(ctx, a.db, "SELECT count() AS n FROM symbols")
	if err != nil {
		return err
	}
	brought, err := number(ctx, a.db, "SELECT sum(symbol_rows) AS n FROM (SELECT DISTINCT scan_seq, symbol_rows FROM scans)")
	if err != nil {
		return err
	}
	a.o.Log.Debug("counting symbols", "rows", rows, "brought", brought)
	query := symbolCountsSQL
	if rows != brought {
		query = strings.Replace(query, "FROM symbols", "FROM symbols FINAL", 1)
	}
	return a.db.Exec(ctx, query, store.Params{"snapshot": snapshot})
}
