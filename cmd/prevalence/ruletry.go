package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/klauspost/compress/zstd"
	"github.com/spf13/cobra"

	"prevalence/internal/prevalence"
	"prevalence/query"
	"prevalence/schemas/catalog"
	"prevalence/worker/behavior"
)

func (a *app) rulesTryCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "try PATH…",
		Short: "How common a rule is that nobody has counted yet, from stored facts",
		Long: `Counts how many projects of each band would show a rule of yours, in the newest
snapshot, and lists the most used ones with the place. PATH is a file of rules or a
folder of them. Nothing is fetched and nothing is written: rules are matched with the
facts that scans keep.

Scans do not keep everything. A rule that asks for lines of other files than Python, the
text of strings beyond host or address, a literal that no rule of the catalogue looks
for, or things within one function or one file, gets no number; the reason is named.
Each part of a rule is counted by itself as well (its reach), as far as facts go.

--facts FILE counts in the sample of facts of an exported dataset instead, without any
database: estimates from some 2,000 projects, with their intervals. The sample holds
no hosts and addresses.

--fail-over BAND>SHARE% makes it a check: exit code 5 when more of the band than that
shows any of the rules, 4 when that cannot be told (a part needs a rescan, or not enough
is scanned). BAND is top100, top1k, top10k or community.`,
		Example: `  prevalence rules try my-rules/mine.yaml
  prevalence rules try my-rules --show 20 --format json
  prevalence rules try my-rules --fail-over top1k>0.5%
  prevalence rules try my-rules --facts prevalence-20261124T060000Z/facts.jsonl.zst`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := loadConfig(cmd)
			if err != nil {
				return err
			}
			show, err := cmd.Flags().GetInt("show")
			if err != nil {
				return err
			}
			if show < 0 {
				return usage(fmt.Errorf("--show %d is negative", show))
			}
			text, err := cmd.Flags().GetString("fail-over")
			if err != nil {
				return err
			}
			most, err := parseAllowance(text)
			if err != nil {
				return usage(err)
			}
			set, err := loadRules(c, args)
			if err != nil {
				return usage(firstFault(err, args...))
			}
			if len(set.about) == 0 {
				return usage(fmt.Errorf("no rule in %s", join(args)))
			}
			facts, err := cmd.Flags().GetString("facts")
			if err != nil {
				return err
			}
			if facts != "" {
				t, err := tryFacts(facts, set.about, show)
				if err != nil {
					return err
				}
				return a.showTrial(c, t, most)
			}
			return a.ask(cmd.Context(), c, func(r *query.Reader) error {
				t, err := r.Try(cmd.Context(), set.about, show, trialPlan)
				if err != nil {
					return err
				}
				return a.showTrial(c, t, most)
			})
		},
	}
	addFlags(cmd.Flags(), readerKeys...)
	cmd.Flags().String("facts", "", "sample of facts: the `file` facts.jsonl.zst of a dataset")
	cmd.Flags().Int("show", 5, "list at most `n` projects for each rule")
	cmd.Flags().String("fail-over", "", "`BAND>SHARE%`: exit 5 when more of the band shows a rule, as in 'top1k>0.5%'")
	return cmd
}

// tryFacts tries rules on the sample of facts in a file.
func tryFacts(name string, rules []*catalog.Rule, show int) (*query.Trial, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, usage(fmt.Errorf("facts %s cannot be read: %w", name, causeOf(err)))
	}
	defer file.Close() //nolint:errcheck // nothing was written
	z, err := zstd.NewReader(file)
	if err != nil {
		return nil, usage(fmt.Errorf("facts %s: %w", name, err))
	}
	defer z.Close()
	t, err := query.TryFacts(z, rules, show, trialPlan)
	if err != nil {
		return nil, usage(fmt.Errorf("facts %s: %w; 'prevalence export' writes facts.jsonl.zst", name, err))
	}
	return t, nil
}

func (a *app) showTrial(c *config, t *query.Trial, most *allowance) error {
	var err error
	switch c.Format {
	case "json":
		err = printJSON(a.out, t)
	case "csv":
		err = trialSheet(t).print(a.out, c.Format)
	default:
		err = printTrial(a.out, t)
	}
	if err != nil {
		return err
	}
	return most.check(t)
}

// trialPlan hands the reader the matcher, which it does not know.
func trialPlan(old, rules *catalog.Catalog) (*query.Trying, error) {
	r, err := behavior.NewTrial(old, rules)
	if err != nil {
		return nil, err
	}
	return &query.Trying{Matcher: r, Wants: r.Wants(), Values: r.WantsValues(), Rescan: r.Rescan(), Roots: r.Roots()}, nil
}

// allowance is how much of a band may show a rule.
type allowance struct {
	band    prevalence.Band
	percent float64
	text    string
}

// parseAllowance reads BAND>SHARE%; nil for "".
func parseAllowance(text string) (*allowance, error) {
	if text == "" {
		return nil, nil //nolint:nilnil // everything is allowed
	}
	band, share, found := strings.Cut(text, ">")
	digits, hasSign := strings.CutSuffix(strings.TrimSpace(share), "%")
	percent, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
	b, bandErr := prevalence.ParseBand(strings.TrimSpace(band))
	if !found || !hasSign || err != nil || bandErr != nil || !(percent >= 0 && percent <= 100) {
		return nil, fmt.Errorf("--fail-over %q: want BAND>SHARE%%, such as top1k>0.5%%, with top100, top1k, top10k or community", text)
	}
	return &allowance{b, percent, text}, nil
}

// check fails when a rule is more common than allowed, or nobody can tell.
func (l *allowance) check(t *query.Trial) error {
	if l == nil {
		return nil
	}
	var over, unknown []string
	for i := range t.Rules {
		rule := &t.Rules[i]
		switch n := rule.Band(l.band); {
		case n.Share == nil:
			unknown = append(unknown, rule.Behavior)
		case *n.Share*100 > l.percent:
			over = append(over, fmt.Sprintf("%s (%s)", rule.Behavior, percent(n.Share)))
		}
	}
	switch {
	case len(over) > 0:
		return errOver{fmt.Sprintf("over %s: %s", l.text, join(over))}
	case len(unknown) > 0:
		return errNoData{fmt.Sprintf("whether %s is passed cannot be told of %s", l.text, join(unknown))}
	}
	return nil
}

// trialSheet has a row a rule and a row a part of one.
func trialSheet(t *query.Trial) sheet {
	s := sheet{value: t, columns: []column{{key: "rule"}, {key: "part"}, {key: "role"}}}
	for _, b := range prevalence.Bands() {
		s.columns = append(s.columns, column{key: b.String()}, column{key: b.String() + "_scanned"}, column{key: b.String() + "_size"})
	}
	s.columns = append(s.columns, column{key: "share"}, column{key: "low"}, column{key: "high"}, column{key: "label"}, column{key: "rescan"})
	add := func(n query.Numbers, rescan string, cells ...string) {
		for _, b := range prevalence.Bands() {
			x := n.Band(b)
			if rescan != "" {
				cells = append(cells, "", "", "")
				continue
			}
			cells = append(cells, strconv.Itoa(x.Count), strconv.Itoa(x.Scanned), strconv.Itoa(x.Size))
		}
		x := n.Community
		s.rows = append(s.rows, append(cells, fraction(x.Share), fraction(x.Low), fraction(x.High), string(n.Label), rescan))
	}
	for i := range t.Rules {
		rule := &t.Rules[i]
		add(rule.Numbers, rule.Rescan, rule.Behavior, "", "")
		for _, p := range rule.Parts {
			add(p.Numbers, p.Rescan, rule.Behavior, p.Words, p.Role)
		}
	}
	return s
}

// printTrial prints for each rule its numbers, examples and reach.
func printTrial(w io.Writer, t *query.Trial) error {
	var err error
	write := func(format string, args ...any) {
		if err == nil {
			_, err = fmt.Fprintf(w, format, args...)
		}
	}
	for i := range t.Rules {
		rule := &t.Rules[i]
		write("%s\n%s\n\n", rule.Behavior, rule.Sentence)
		if rule.Rescan != "" {
			write("No number without a rescan: scans do not keep %s.\n\n", rule.Rescan)
		} else {
			rows := append([]query.TopRow{rule.TopRow}, rule.Contexts...)
			numbers := topSheet(&query.Table{Snapshot: t.Snapshot, Rows: rows}, topView{contexts: true})
			numbers.notes = nil
			err = errors.Join(err, numbers.print(w, "table"))
			if rule.Undecided > 0 {
				write("Of %d %s the stored facts cannot tell.\n", rule.Undecided, plural(rule.Undecided, "project", "projects"))
			}
			write("\n")
		}
		if len(rule.Examples) > 0 {
			err = errors.Join(err, exampleSheet(rule.Examples).print(w, "table"))
			write("\n")
		}
		err = errors.Join(err, reachSheet(rule.Parts).print(w, "table"))
		write("\n")
	}
	for _, note := range snapshotNotes(t.Snapshot) {
		write("%s\n", note)
	}
	return err
}

// exampleSheet lists projects that show a rule, with the place.
func exampleSheet(examples []query.Example) sheet {
	s := sheet{columns: []column{{title: "Rank", number: true}, {title: "Project"}, {title: "Version"}, {title: "Where"}, {title: "Context"}, {title: "Certainty"}}}
	for _, e := range examples {
		s.rows = append(s.rows, []string{rankText(e.Rank), e.Project, e.Version, e.Evidence.String(), e.Context, e.Certainty})
	}
	return s
}

// reachSheet lists the parts of a rule with the projects that hold each.
func reachSheet(parts []query.Reach) sheet {
	s := sheet{columns: []column{{title: "Part", width: 60}, {title: "Role"}}}
	for _, b := range prevalence.Bands() {
		s.columns = append(s.columns, column{title: b.Title(), number: true})
	}
	s.columns = append(s.columns, column{title: "Needs a rescan for"})
	for _, p := range parts {
		cells := []string{p.Words, p.Role}
		for _, b := range prevalence.Bands() {
			if p.Rescan != "" {
				cells = append(cells, "?")
				continue
			}
			cells = append(cells, strconv.Itoa(p.Band(b).Count))
		}
		s.rows = append(s.rows, append(cells, p.Rescan))
	}
	return s
}
