package dataset

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/klauspost/compress/zstd"

	"prevalence/query"
)

// factsEach is how many projects of each stratum a sample of facts holds: all of
// the Top 100, and of 2,000 in all nearly as many of each other stratum.
const factsEach = 650

// writeFacts writes a sample of the facts of the newest snapshot, if s is that:
// JSON Lines, compressed, the head first.
func (f *folder) writeFacts(ctx context.Context, r *query.Reader, s *query.Snapshot) error {
	newest, err := r.Snapshot(ctx, "")
	if err != nil || newest.Name != s.Name {
		return err
	}
	o, err := f.create("facts.jsonl.zst")
	if err != nil {
		return err
	}
	z, err := zstd.NewWriter(o)
	if err != nil {
		return err
	}
	lines, rows := json.NewEncoder(z), -1
	lines.SetEscapeHTML(false)
	err = r.SampleFacts(ctx, factsEach, func(v any) error {
		if head, ok := v.(query.FactsHead); ok {
			head.Snapshot = s // with the public address of the index
			v = head
		}
		rows++
		return lines.Encode(v)
	})
	err = errors.Join(err, z.Close())
	done, finishErr := o.finish(resource{Name: "facts", Path: "facts.jsonl.zst", Format: "jsonl.zst", MediaType: "application/zstd", Rows: rows,
		Description: "A sample of projects with their symbols, drawn by stratum, with weights: rules try --facts counts with it."})
	f.resources = append(f.resources, done)
	return errors.Join(err, finishErr)
}
