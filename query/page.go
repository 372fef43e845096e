package query

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"prevalence/internal/store"
)

// Page asks for a part of a list of projects that is ordered by rank, those
// without one last, by name.
type Page struct {
	Limit int    // projects at most; 0: none
	After string // Next of the page before; empty: the first page
}

// ErrCursor is returned for a cursor that no answer has given.
var ErrCursor = errors.New("no such cursor; take it from the answer before, as it is")

// params are the parameters of a query for a page: rows behind after, one more
// than wanted, which tells that there is a next page.
func (p Page) params(s *Snapshot) (store.Params, error) {
	params := store.Params{"snapshot": s.Name, "limit": p.Limit + 1, "after_unranked": false, "after_rank": uint32(0), "after": ""}
	if p.After == "" {
		return params, nil
	}
	rank, project, found := strings.Cut(p.After, ".")
	n, err := strconv.ParseUint(rank, 10, 32)
	if err != nil || !found || project == "" {
		return nil, fmt.Errorf("query: cursor %q: %w", p.After, ErrCursor)
	}
	params["after_unranked"], params["after_rank"], params["after"] = n == 0, uint32(n), project
	return params, nil
}

// cut takes the row that is one too many off a page, and returns the cursor of
// the page behind; empty: there is none.
func cut[T any](p Page, rows []T, place func(*T) (rank int, project string)) (kept []T, next string) {
	if len(rows) <= p.Limit {
		return rows, ""
	}
	rows = rows[:p.Limit]
	if p.Limit == 0 {
		return rows, ""
	}
	rank, project := place(&rows[p.Limit-1])
	return rows, fmt.Sprintf("%d.%s", rank, project)
}
