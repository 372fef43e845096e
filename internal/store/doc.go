// Package store talks to ClickHouse: it opens a connection with errors that say
// what to do, brings the tables up to date, inserts columns in one batch and
// reads rows into structs. It is the only importer of clickhouse-go and goose,
// and knows nothing of what the tables mean.
//
//	db, err := store.Open(ctx, store.Options{Addr: "127.0.0.1:9000", Database: "prevalence", User: "owner", Password: "…"})
//	defer db.Close()
//	err = db.Migrate(ctx)
//	err = db.Insert(ctx, "projects", store.Column{Name: "project", Values: names}, store.Column{Name: "project_id", Values: ids})
//	rows, err := store.Select[project](ctx, db, "SELECT project, project_id FROM projects", nil)
package store
