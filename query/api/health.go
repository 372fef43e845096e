package api

import (
	"errors"
	"net/http"

	"prevalence/query"
)

// health says that the process answers.
func (a *API) health(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok\n") }

// ready says whether questions can be answered: the database does.
func (a *API) ready(w http.ResponseWriter, r *http.Request) {
	s, err := a.pool.Newest(r.Context())
	switch {
	case errors.Is(err, query.ErrNoSnapshot):
		plain(w, http.StatusOK, "ready, without a snapshot yet\n")
	case err != nil:
		a.log.Warn("not ready", "error", err)
		plain(w, http.StatusServiceUnavailable, "the database does not answer\n")
	default:
		plain(w, http.StatusOK, "ready, snapshot "+s.Name+"\n")
	}
}

// plain writes a line of text.
func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text))
}
