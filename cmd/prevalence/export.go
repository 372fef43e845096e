package main

import (
	"errors"

	"github.com/spf13/cobra"

	"prevalence/query"
	"prevalence/query/dataset"
)

func (a *app) exportCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write a snapshot as files: Parquet, CSV, JSON Lines, reference.json",
		Long: `Writes a snapshot as a dataset into a new folder, named for the time at which it was
taken, which appears when it is whole:

  prevalence.*      every number, by band and context, with estimates
  projects.*        the release that speaks for each project, and its outcome
  behaviors.*       what each project shows
  population.*      the files that were read, with their SHA-256
  symbols.*         symbols that at least 5 projects hold
  reference.json    counts, label and lift of each behaviour, to be embedded in scanners,
                    with its JSON Schema
  misp/             hosts and addresses that many projects hold, as MISP warning lists
                    (of the newest snapshot)
  facts.jsonl.zst   symbols of a sample of some 2,000 projects, for "rules try --facts"
                    (of the newest snapshot)
  datapackage.json  what everything is: columns, units, licence, snapshot, hashes

Each table stands there as .parquet, .csv and .jsonl, all three from one reading. No
e-mail address leaves, no hash or domain of one, and no evidence.`,
		Example: `  prevalence export --out datasets
  prevalence export --out datasets --snapshot NAME`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := loadConfig(cmd)
			if err != nil {
				return err
			}
			o := dataset.Options{Version: buildVersion()}
			if o.Out, err = cmd.Flags().GetString("out"); err != nil {
				return err
			}
			if o.Snapshot, err = cmd.Flags().GetString("snapshot"); err != nil {
				return err
			}
			if o.Out == "" {
				return usage(errors.New("export needs --out, the folder in which the dataset's folder is made"))
			}
			return a.ask(cmd.Context(), c, func(r *query.Reader) error {
				dir, err := dataset.Export(cmd.Context(), r, o)
				if errors.Is(err, dataset.ErrExists) {
					return usage(err)
				}
				if err != nil {
					return err
				}
				value := struct {
					Folder string `json:"folder"`
				}{dir}
				return sheet{value: value, columns: []column{{title: "Dataset", key: "folder"}}, rows: [][]string{{dir}}}.print(a.out, c.Format)
			})
		},
	}
	addFlags(cmd.Flags(), readerKeys...)
	cmd.Flags().String("out", "", "`folder` in which the dataset's own folder is made")
	cmd.Flags().String("snapshot", "", "`name` of an older snapshot")
	return cmd
}
