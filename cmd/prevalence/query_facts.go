package main

import (
	"context"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"prevalence/query"
)

func (a *app) querySymbolCommand() *cobra.Command {
	return a.asking(&cobra.Command{
		Use:   "symbol NAME",
		Short: "Who uses a function, a class, a module, an argument or a native symbol",
		Long: `Says how many projects of each band use a symbol in their latest release, in
which contexts, and where. No rule is needed: every symbol that a scan found
can be asked for.

  requests.get                   a function, by the module that has it
  subprocess.run#shell=True      a call with that argument
  c:ptrace                       a symbol that a native library imports
  os.exec*, *.extractall         "*" stands for any text

The first line counts each project once, whatever it does with the symbol. Then
come the symbols that a pattern stands for, by kind of use: import, call, ref
(used without a call), arg, flow, method (on a receiver that is not known),
string, trait, native.`,
		Example: `  prevalence query symbol requests.get
  prevalence query symbol subprocess.run#shell=True --show 5
  prevalence query symbol 'os.exec*' --format csv`,
		Args: cobra.ExactArgs(1),
	}, true, func(ctx context.Context, r *query.Reader, args []string, show int) (answer, error) {
		x, err := r.Symbol(ctx, args[0], show)
		if err != nil {
			return answer{}, mayUsage(err)
		}
		what := "Symbol"
		if x.One() {
			what = ""
		}
		notes := supportNote(x.SupportOnly)
		if x.More {
			notes = append(notes, "There are more such symbols; only the most used are listed.")
		}
		return answer{value: x, head: x.Pattern, notes: notes, snapshot: x.Snapshot,
			sheets: []sheet{symbolSheet(x), contextSheet(x.Snapshot, &x.Numbers, x.Contexts), holderSheet(x.Projects, what)}}, nil
	})
}

// symbolSheet has all symbols together, then each of them.
func symbolSheet(x *query.Symbols) sheet {
	s := sheet{columns: append([]column{{title: "Symbol", key: "symbol", width: sentenceWidth}, {title: "Kind", key: "kind"}}, numberColumns(x.Snapshot)...)}
	s.columns = append(s.columns, column{key: "support_only", csvOnly: true})
	s.rows = append(s.rows, append(append([]string{x.Pattern, "any"}, numberCells(&x.Numbers)...), strconv.Itoa(x.SupportOnly)))
	for i := range x.Symbols {
		row := &x.Symbols[i]
		s.rows = append(s.rows, append(append([]string{row.Name, row.Kind}, numberCells(&row.Numbers)...), strconv.Itoa(row.SupportOnly)))
	}
	return s
}

func (a *app) queryIndicatorCommand() *cobra.Command {
	return a.asking(&cobra.Command{
		Use:   "indicator VALUE",
		Short: "Who else has an address, a domain, a URL, a webhook or a wallet",
		Long: `Says how many projects of each band have a value in their latest release, in
which contexts, and where: IP addresses, domains, URLs, wallets, the domains of
e-mail addresses, webhooks and tokens.

URLs are stored without user, query and fragment. A webhook or a token is a
secret: it stands as its service and a keyed hash, so ask for 'discord*'.
A domain of addresses that fewer than 5 projects have reads "other".
"*" stands for any text.`,
		Example: `  prevalence query indicator 1.2.3.4
  prevalence query indicator '*.workers.dev' --show 50
  prevalence query indicator https://example.org/install.sh --format json`,
		Args: cobra.ExactArgs(1),
	}, true, func(ctx context.Context, r *query.Reader, args []string, show int) (answer, error) {
		x, err := r.Indicator(ctx, args[0], show)
		if err != nil {
			return answer{}, mayUsage(err)
		}
		what := ""
		if strings.Contains(x.Pattern, "*") {
			what = "Value"
		}
		values := sheet{columns: []column{{title: "Value", key: "value"}, {title: "Kind", key: "kind"}, {title: "Projects, support included", key: "projects", number: true}}}
		for _, v := range x.Values {
			values.rows = append(values.rows, []string{v.Value, v.Kind, strconv.Itoa(v.Projects)})
		}
		notes := supportNote(x.SupportOnly)
		if x.More {
			notes = append(notes, "There are more such values; only the most frequent are listed.")
		}
		return answer{value: x, head: x.Pattern, notes: notes, snapshot: x.Snapshot,
			sheets: []sheet{contextSheet(x.Snapshot, &x.Numbers, x.Contexts), values, holderSheet(x.Projects, what)}}, nil
	})
}
