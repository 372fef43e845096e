package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// annotatedLog is what is read of an annotated SARIF file.
type annotatedLog struct {
	Runs []struct {
		Results []struct {
			Properties map[string]any `json:"properties"`
		} `json:"results"`
		Properties struct {
			Prevalence struct {
				Snapshot string `json:"snapshot"`
				Hidden   int    `json:"hidden"`
			} `json:"prevalence"`
		} `json:"properties"`
	} `json:"runs"`
}

// sarif checks annotated files against the schema and against the file that
// they were made from: every finding is there with its note, or was counted as
// hidden.
func sarif(out io.Writer, schema, before string, after []string) error {
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	s, err := c.Compile(schema)
	if err != nil {
		return err
	}
	was, err := readLog(before)
	if err != nil {
		return err
	}
	for _, name := range after {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		v, err := jsonschema.UnmarshalJSON(f)
		f.Close()
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := s.Validate(v); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		is, err := readLog(name)
		if err != nil {
			return err
		}
		found, hidden := 0, 0
		for i, run := range is.Runs {
			found, hidden = found+len(run.Results), hidden+run.Properties.Prevalence.Hidden
			if len(run.Results)+run.Properties.Prevalence.Hidden != len(was.Runs[i].Results) || run.Properties.Prevalence.Snapshot == "" {
				return fmt.Errorf("%s: run %d has %d results and %d hidden, of %d", name, i, len(run.Results), run.Properties.Prevalence.Hidden, len(was.Runs[i].Results))
			}
			for j, r := range run.Results {
				if r.Properties["prevalence"] == nil {
					return fmt.Errorf("%s: result %d of run %d has no note", name, j, i)
				}
			}
		}
		fmt.Fprintf(out, "%s is valid SARIF 2.1.0: %d findings, each with a note, %d hidden\n", name, found, hidden)
	}
	return nil
}

func readLog(name string) (*annotatedLog, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	l := new(annotatedLog)
	if err := json.Unmarshal(data, l); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return l, nil
}
