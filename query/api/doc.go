// Package api answers questions over HTTP: everything that the query room can
// tell, as JSON under /api/v1, described by an OpenAPI 3.1 document that is made
// from the Go types.
//
//	front, err := api.New(api.Options{Pool: pool, Catalog: rules})
//	front.Register(mux) // /api/v1/…, /docs, /healthz, /readyz, /metrics
//	http.Server{Handler: front.Guard(mux)}
//
// It holds no SQL: a question is put to a query.Pool, which bounds how many are
// asked at a time and how long each may take.
package api
