// Package query is the read side: the prevalence table, a behaviour, a
// project's report, the state of the dataset, and questions about any symbol,
// indicator, combination, dependency or update, as plain structs. It reads
// views alone, as a user who may do nothing else, and everything that it
// returns names the snapshot that it comes from.
//
//	r := query.New(db, catalog) // db is open as the reader, on the database of the views
//	table, err := r.Top(ctx, query.TopOptions{Sort: query.ByCategory})
//	report, err := r.Project(ctx, "requests")
//	symbol, err := r.Symbol(ctx, "subprocess.run#shell=True", 20)
//
// Where no snapshot has been published every method returns ErrNoSnapshot.
package query
