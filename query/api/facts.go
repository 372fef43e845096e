package api

import (
	"context"
	"strings"

	"prevalence/query"
)

// symbolInput asks for a symbol.
type symbolInput struct {
	First
	Name string `query:"name" required:"true" minLength:"1" maxLength:"500" example:"subprocess.run#shell=True" doc:"name of a symbol; * stands for any text"`
}

func (in *symbolInput) cost() query.Cost { return patternCost(in.Name) }

// indicatorInput asks for an indicator.
type indicatorInput struct {
	First
	Value string `query:"value" required:"true" minLength:"1" maxLength:"2000" example:"*.workers.dev" doc:"IP address, domain, URL, wallet, webhook; * stands for any text"`
}

func (in *indicatorInput) cost() query.Cost { return patternCost(in.Value) }

// patternCost: a name is found by the key, a pattern is not.
func patternCost(pattern string) query.Cost {
	if strings.Contains(pattern, "*") {
		return query.Slow
	}
	return query.Quick
}

func (a *API) facts() {
	const tag = "symbols and indicators"
	get(a, operation{path: "/symbols", id: "symbol", tag: tag, summary: "Who uses a symbol",
		about: "A function, a class, a module, a call with an argument, a native symbol: requests.get, subprocess.run#shell=True, c:ptrace. " +
			"A symbol that nobody uses is an answer as well."},
		func(ctx context.Context, r *query.Reader, in *symbolInput) (*query.Symbols, error) {
			return r.Symbol(ctx, in.Name, in.Limit)
		})
	get(a, operation{path: "/indicators", id: "indicator", tag: tag, summary: "Who has an address, a domain, a URL, a wallet",
		about: "URLs stand without user, query and fragment; webhooks and tokens as service and keyed hash; a domain of addresses that fewer than 5 projects have reads \"other\"."},
		func(ctx context.Context, r *query.Reader, in *indicatorInput) (*query.Indicators, error) {
			return r.Indicator(ctx, in.Value, in.Limit)
		})
}

func (a *API) emails() {
	const tag = "e-mail"
	get(a, operation{path: "/email", id: "email", tag: tag, summary: "Where authors have their addresses", about: "Projects of each band by class of address. Addresses themselves are not stored."},
		func(ctx context.Context, r *query.Reader, _ *struct{}) (*query.Emails, error) {
			return r.Emails(ctx, "", 0)
		})
	type class struct {
		First
		Class string `path:"class" maxLength:"40" example:"privacy" doc:"class of addresses"`
	}
	get(a, operation{path: "/email/{class}", id: "email-class", tag: tag, cost: query.Slow, summary: "One class of addresses", about: "Its numbers, its domains (of few projects: \"other\") and the most used projects."},
		func(ctx context.Context, r *query.Reader, in *class) (*query.Emails, error) {
			return r.Emails(ctx, in.Class, in.Limit)
		})
	type domain struct {
		First
		Domain string `path:"domain" minLength:"1" maxLength:"255" example:"proton.me" doc:"one domain"`
	}
	get(a, operation{path: "/domains/{domain}", id: "domain", tag: tag, cost: query.Slow, summary: "Who has a domain", about: "In author addresses, and in code: by itself, in a URL, in an address."},
		func(ctx context.Context, r *query.Reader, in *domain) (*query.DomainUse, error) {
			return r.Domain(ctx, in.Domain, in.Limit)
		})
}
