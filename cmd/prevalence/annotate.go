package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"prevalence/internal/prevalence"
	"prevalence/query/annotate"
	"prevalence/schemas/peers"
)

func (a *app) annotateCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "annotate REPORT",
		Short: "Say of other scanners' findings how common they are",
		Long: `Reads what another scanner printed and adds to each finding how common it is among
Python packages: counts by band, label, lift and the snapshot they come from. REPORT is
a file, or - for the standard input:

  SARIF 2.1.0   of bandit, ruff, semgrep, GuardDog or any other tool; it stays valid,
                with the counts in properties.prevalence and the rarity as rank
  JSON          of bandit, ruff, GuardDog; each finding gains "prevalence"

It works offline from a dataset that "prevalence export" wrote. Which behaviour a rule
stands for is a reviewed mapping of all rules of bandit, of ruff's S and of GuardDog's for
Python; --mapping adds your own tool's. What is mapped to nothing says so.

Every finding stays unless --hide common is given. Then those go that are common for
certain: each behaviour that the rule may stand for is Common, and the rule does not
ask for a mere part of it. --sort rarity puts the rarest first.

--summary prints a line a rule instead. --indicators reads a list of hosts, addresses and
URLs (text, MISP, OSV with iocs) and says which are common; it needs the dataset's folder.`,
		Example: `  bandit -r src -f sarif | prevalence annotate - --reference dataset > annotated.sarif
  prevalence annotate ruff.sarif --reference reference.json --hide common --sort rarity
  prevalence annotate bandit.json --reference dataset --summary
  prevalence annotate iocs.txt --reference dataset --indicators`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := loadConfig(cmd)
			if err != nil {
				return err
			}
			var o annotateOptions
			f := cmd.Flags()
			if o.hide, err = f.GetString("hide"); err != nil {
				return err
			}
			if o.sort, err = f.GetString("sort"); err != nil {
				return err
			}
			if o.mapping, err = f.GetString("mapping"); err != nil {
				return err
			}
			if o.indicators, err = f.GetBool("indicators"); err != nil {
				return err
			}
			return a.annotate(c, args[0], o)
		},
	}
	addFlags(cmd.Flags(), "reference", "summary", "format")
	cmd.Flags().String("hide", "", "`what` to leave out: common")
	cmd.Flags().String("sort", "", "`order` of the findings: rarity; default: the scanner's own")
	cmd.Flags().String("mapping", "", "`file` that maps the rules of a tool of yours, as schemas/peers does")
	cmd.Flags().Bool("indicators", false, "REPORT is a list of indicators")
	return cmd
}

type annotateOptions struct {
	hide, sort, mapping string
	indicators          bool
}

func (a *app) annotate(c *config, name string, o annotateOptions) error {
	if o.hide != "" && o.hide != "common" {
		return usage(fmt.Errorf("hide %q: only common can be hidden", o.hide))
	}
	if o.sort != "" && o.sort != "rarity" {
		return usage(fmt.Errorf("sort %q: findings are sorted by rarity, or not at all", o.sort))
	}
	ref, err := c.reference()
	if err != nil {
		return err
	}
	report, err := a.readReport(name)
	if err != nil {
		return err
	}
	if o.indicators {
		return a.annotateIndicators(c, ref, report)
	}
	var more []*peers.Peer
	if o.mapping != "" {
		data, err := os.ReadFile(o.mapping)
		if err != nil {
			return usage(fmt.Errorf("mapping %s cannot be read: %w", o.mapping, causeOf(err)))
		}
		p, err := peers.Parse(data)
		if err != nil {
			return usage(fmt.Errorf("mapping %s: %w", o.mapping, err))
		}
		more = append(more, p)
	}
	annotator, err := annotate.New(ref, more...)
	if err != nil {
		return err
	}
	r, err := annotator.Annotate(report, annotate.Options{Hide: o.hide != "", Sort: o.sort != ""})
	if err != nil {
		return usage(fmt.Errorf("%s: %w", name, err))
	}
	if c.Summary {
		return annotatedSheet(r).print(a.out, c.Format)
	}
	_, err = a.out.Write(r.Report)
	return err
}

// reference opens what the setting of that name says.
func (c *config) reference() (*annotate.Reference, error) {
	if c.Reference == "" {
		return nil, usage(errors.New("name a dataset by --reference: a reference.json of 'prevalence export', or the folder it is in"))
	}
	ref, err := annotate.Open(c.Reference)
	if err != nil {
		return nil, usage(err)
	}
	return ref, nil
}

// maxReportBytes bounds a report; bandit's of a thousand projects has 60 MB.
const maxReportBytes = 1 << 30

// readReport reads a file, or the standard input for "-".
func (a *app) readReport(name string) ([]byte, error) {
	in := a.in
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, usage(fmt.Errorf("%s cannot be read: %w", name, causeOf(err)))
		}
		defer f.Close()
		in = f
	}
	data, err := io.ReadAll(io.LimitReader(in, maxReportBytes+1))
	if err != nil {
		return nil, usage(fmt.Errorf("%s cannot be read: %w", name, causeOf(err)))
	}
	if len(data) > maxReportBytes {
		return nil, usage(fmt.Errorf("%s is larger than %d MiB", name, maxReportBytes>>20))
	}
	return data, nil
}

// annotatedSheet has a line for each rule that has findings, the rarest first.
func annotatedSheet(r *annotate.Result) sheet {
	s := sheet{value: r, columns: []column{
		{title: "Tool", key: "tool"}, {title: "Rule", key: "rule"}, {title: "Findings", key: "findings", number: true}, {title: "Hidden", key: "hidden", number: true},
		{title: "Label", key: "label"}, {title: "Rarest behaviour", key: "behavior"}, {title: "Fit", key: "fit"},
	}}
	for _, b := range prevalence.Bands() {
		s.columns = append(s.columns, column{title: b.Title(), key: b.String(), number: true})
	}
	s.columns = append(s.columns, column{title: "Lift", key: "lift", number: true})
	total := 0
	for _, x := range r.Rules {
		total += x.Findings
		row := []string{x.Tool, x.Rule, fmt.Sprint(x.Findings), fmt.Sprint(x.Hidden), string(x.Note.Label), "", string(x.Note.Fit)}
		if len(x.Note.Behaviors) == 0 {
			row[4] = "" // there is nothing that a number could be of
			s.rows = append(s.rows, append(row, "", "", "", "", ""))
			continue
		}
		first := x.Note.Behaviors[0]
		row[5] = first.ID
		for _, b := range prevalence.Bands() {
			count := ""
			if n, ok := first.Bands[b.String()]; ok {
				count = fmt.Sprint(n.Count)
			}
			row = append(row, count)
		}
		lift := ""
		if first.Lift != nil {
			lift = fmt.Sprintf("%.1f", first.Lift.Ratio)
		}
		s.rows = append(s.rows, append(row, lift))
	}
	s.notes = []string{"", fmt.Sprintf("%d findings of %d rules, %d hidden", total, len(r.Rules), r.Hidden)}
	if len(r.Rules) > 0 {
		s.notes = append(s.notes, "Snapshot "+r.Rules[0].Note.Snapshot)
	}
	return s
}

func (a *app) annotateIndicators(c *config, ref *annotate.Reference, data []byte) error {
	found, err := ref.Indicators(data)
	if err != nil {
		return usage(err)
	}
	s := sheet{columns: []column{{title: "Indicator", key: "value"}, {title: "Common", key: "common"}}}
	common := 0
	for _, i := range found {
		list := i.Common
		if list == "" {
			list = "no"
		} else {
			common++
		}
		s.rows = append(s.rows, []string{i.Value, list})
	}
	s.value = struct {
		Snapshot   string               `json:"snapshot"`
		Indicators []annotate.Indicator `json:"indicators"`
	}{ref.Snapshot, found}
	s.notes = []string{"", fmt.Sprintf("%d of %d are common; a hit on them means nothing", common, len(found)), "Snapshot " + ref.Snapshot}
	return s.print(a.out, c.Format)
}
