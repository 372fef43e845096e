// Package web shows what the query room can tell as pages, for people: the
// prevalence table, a behaviour, a project, symbols and indicators, what
// changed, and how far the crawl is.
//
//	site, err := web.New(web.Options{Pool: pool, Catalog: rules})
//	site.Register(mux) // everything but what another room has taken
//
// Pages are templates that the server fills, with charts drawn as SVG by the
// server: they read and work without a script. The only script keeps the page
// of the crawl current, by server-sent events. Whatever a package contains is
// text: html/template escapes it, and no page has a script or a style of its
// own, so that the policy of the server (script-src 'self') holds.
package web
