// Package dataset writes a snapshot as files that other programs read: tables
// as Parquet, CSV and JSON Lines, a small reference.json to embed in scanners,
// common hosts and addresses as MISP warning lists, and datapackage.json, which
// says what everything is.
//
//	dir, err := dataset.Export(ctx, reader, dataset.Options{Out: "datasets"})
//
// Nothing personal leaves: no e-mail address, no hash of one, no domain of one,
// no token and no wallet, and no text of evidence.
package dataset
